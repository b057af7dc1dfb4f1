package dev.srganedge.demo

import dev.srganedge.engine.FrameConverter
import dev.srganedge.engine.Plane
import dev.srganedge.engine.Region
import java.nio.ByteBuffer
import kotlin.math.abs
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith

@RunWith(AppRunner::class)
class PreviewGeometryTest {
    private val turns = listOf(0, 90, 180, 270)

    /** A point of the view is the same thing in the stretched and turned preview as in the square that is enlarged. */
    @Test
    fun `the magnifier shows what the preview has under it`() {
        for (orientation in turns) for (display in turns) for ((width, height) in listOf(320 to 240, 240 to 320)) {
            val geometry = PreviewGeometry(320, 240, orientation, false, display, width, height)
            val square = geometry.square(width * 0.4f, height * 0.55f, 20)
            assertTrue(square.left in 0..300 && square.top in 0..220)
            val centre = floatArrayOf(square.left + 10f, square.top + 10f)
            // The TextureView turns the buffer by the sensor's orientation and stretches it over itself.
            val natural = when (orientation) {
                0 -> floatArrayOf(centre[0] / 320, centre[1] / 240)
                90 -> floatArrayOf(1 - centre[1] / 240, centre[0] / 320)
                180 -> floatArrayOf(1 - centre[0] / 320, 1 - centre[1] / 240)
                else -> floatArrayOf(centre[1] / 240, 1 - centre[0] / 320)
            }
            val seen = floatArrayOf(natural[0] * width, natural[1] * height)
            geometry.matrix().mapPoints(seen)
            val what = "orientation $orientation, display $display, view ${width}x$height: ${seen.toList()}"
            assertTrue(what, abs(seen[0] - width * 0.4f) < 1 && abs(seen[1] - height * 0.55f) < 1)
        }
    }

    @Test
    fun `frames fill the view, and are cut at two sides`() {
        // Upright they are 240 x 320 for the first two, 320 x 240 for the others.
        val scales = listOf(90, 270, 0, 180).map { PreviewGeometry(320, 240, it, false, 0, 480, 960).scale }
        assertEquals(listOf(3f, 3f, 4f, 4f), scales)
    }

    @Test
    fun `a square at an edge stays in the frame`() {
        for (orientation in turns) {
            val geometry = PreviewGeometry(320, 240, orientation, false, 0, 500, 900)
            for ((x, y) in listOf(0f to 0f, 500f to 0f, 0f to 900f, 500f to 900f)) {
                val square = geometry.square(x, y, 100)
                assertTrue(square.left in 0..220 && square.top in 0..140 && square.side == 100)
            }
            assertEquals(240, geometry.square(0f, 0f, 1000).side)
        }
    }

    @Test
    fun `a camera that faces the user is a mirror`() {
        // As in most phones. Turned by 270 degrees the buffer's (x, y) is upright at (y, 319 - x), and a mirror shows it at (239 - y, 319 - x).
        val geometry = PreviewGeometry(320, 240, 270, true, 0, 240, 320)
        assertEquals(270, geometry.rotation)
        assertEquals(Square(230, 170, 20), geometry.square(60f, 80f, 20))
        // On its side the sensor lies as the display does, or upside down.
        assertEquals(listOf(0, 180), listOf(90, 270).map { PreviewGeometry(320, 240, 270, true, it, 320, 240).rotation })
        assertEquals(Square(210, 70, 20), PreviewGeometry(320, 240, 270, true, 90, 320, 240).square(100f, 80f, 20))
    }

    @Test
    fun `a point to focus on, in parts of the frame`() {
        val geometry = PreviewGeometry(320, 240, 90, false, 0, 240, 320)
        val (x, y) = geometry.inFrame(60f, 80f) // upright at (60, 80): the buffer's (80, 239 - 60)
        assertEquals(80f / 320, x, 0.01f)
        assertEquals(180f / 240, y, 0.01f)
    }

    @Test
    fun `what is cut out is upright`() {
        val luma = ByteBuffer.wrap(ByteArray(320 * 240) { (it % 320 / 2).toByte() })
        val grey = Plane(ByteBuffer.wrap(ByteArray(160 * 120) { -128 }), 160, 1)
        val geometry = PreviewGeometry(320, 240, 90, false, 0, 240, 320)
        val square = geometry.square(120f, 160f, 40)
        val picture = FrameConverter.convert(Plane(luma, 320, 1), grey, grey, Region(square.left, square.top, 40, 40), geometry.rotation)
        // The sensor's columns are the upright rows: dark at the top, the same along a row.
        val rows = List(40) { picture.argb[it * 40] and 0xFF }
        assertEquals(rows.sorted(), rows)
        assertArrayEquals(IntArray(40) { picture.argb[0] }, picture.argb.copyOf(40))
    }
}
