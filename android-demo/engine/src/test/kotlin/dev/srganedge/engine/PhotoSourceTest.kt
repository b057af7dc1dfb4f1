package dev.srganedge.engine

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class PhotoSourceTest {
    /** A file of 5 x 3 pixels, each a number of its own; counts what is decoded. */
    private class Numbered(override val width: Int, override val height: Int) : Regions {
        var decoded = 0
        var closed = false

        override fun read(region: Region, into: IntArray) {
            decoded++
            require(region.left >= 0 && region.top >= 0 && region.left + region.width <= width && region.top + region.height <= height) { "$region" }
            for (y in 0 until region.height) for (x in 0 until region.width) {
                into[y * region.width + x] = (region.top + y) * width + region.left + x
            }
        }

        override fun close() {
            closed = true
        }
    }

    /** The upright pictures, by the figures of EXIF 2.32, of the file 0 1 2 / 3 4 5. */
    private val upright = mapOf(
        1 to listOf(listOf(0, 1, 2), listOf(3, 4, 5)),
        2 to listOf(listOf(2, 1, 0), listOf(5, 4, 3)),
        3 to listOf(listOf(5, 4, 3), listOf(2, 1, 0)),
        4 to listOf(listOf(3, 4, 5), listOf(0, 1, 2)),
        5 to listOf(listOf(0, 3), listOf(1, 4), listOf(2, 5)),
        6 to listOf(listOf(3, 0), listOf(4, 1), listOf(5, 2)),
        7 to listOf(listOf(5, 2), listOf(4, 1), listOf(3, 0)),
        8 to listOf(listOf(2, 5), listOf(1, 4), listOf(0, 3)),
    )

    @Test
    fun `every orientation is turned upright`() {
        for ((orientation, rows) in upright) {
            val photo = PhotoSource(Numbered(3, 2), Orientation(orientation, 3, 2))
            assertEquals("$orientation", listOf(rows[0].size, rows.size), listOf(photo.width, photo.height))
            val whole = photo.crop(Region(0, 0, photo.width, photo.height))
            assertArrayEquals("$orientation", rows.flatten().toIntArray(), whole.argb)
            // By parts, as tiles read it.
            val part = IntArray(1)
            for (y in rows.indices) for (x in rows[y].indices) {
                photo.read(x, y, 1, 1, part)
                assertEquals("$orientation at $x, $y", rows[y][x], part[0])
            }
        }
    }

    @Test
    fun `tiles from top to bottom decode each strip once`() {
        for (orientation in listOf(1, 6)) {
            val file = Numbered(3000, 4000)
            val photo = PhotoSource(file, Orientation(orientation, 3000, 4000))
            val part = IntArray(100 * 100)
            for (y in 0..photo.height - 100 step 100) for (x in 0..photo.width - 100 step 500) photo.read(x, y, 100, 100, part)
            assertTrue("${file.decoded} times", file.decoded in 2..4)
        }
    }

    @Test
    fun `closing frees the decoder`() {
        val file = Numbered(2, 2)
        PhotoSource(file, Orientation(1, 2, 2)).close()
        assertTrue(file.closed)
    }
}
