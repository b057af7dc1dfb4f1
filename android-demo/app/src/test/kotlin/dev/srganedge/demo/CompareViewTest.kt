package dev.srganedge.demo

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.os.SystemClock
import android.view.KeyEvent
import android.view.MotionEvent
import android.view.View
import dev.srganedge.engine.Region
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.annotation.Config

@RunWith(AppRunner::class)
@Config(application = FakeApplication::class, qualifiers = "mdpi")
class CompareViewTest {
    private lateinit var view: CompareView
    private val settled = mutableListOf<Region?>()

    @Before
    fun shown() {
        view = CompareView(fake, null)
        view.settled = { settled += it }
        view.measure(View.MeasureSpec.makeMeasureSpec(400, View.MeasureSpec.EXACTLY), View.MeasureSpec.makeMeasureSpec(600, View.MeasureSpec.EXACTLY))
        view.layout(0, 0, 400, 600)
        view.show(4000, 3000, plain(800, 600, Color.GRAY))
    }

    private fun plain(width: Int, height: Int, colour: Int) = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888).apply { eraseColor(colour) }

    private val seen get() = requireNotNull(settled.last())

    private fun drag(fromX: Float, fromY: Float, toX: Float, toY: Float, end: Int = MotionEvent.ACTION_UP) {
        val now = SystemClock.uptimeMillis()
        fun send(action: Int, x: Float, y: Float, after: Int) = view.onTouchEvent(MotionEvent.obtain(now, now + after, action, x, y, 0))
        send(MotionEvent.ACTION_DOWN, fromX, fromY, 0)
        for (step in 1..10) send(MotionEvent.ACTION_MOVE, fromX + (toX - fromX) * step / 10, fromY + (toY - fromY) * step / 10, step * 20)
        send(end, toX, toY, 500)
    }

    private fun detail() {
        view.detail = Detail(seen, plain(40, 60, Color.BLUE), plain(160, 240, Color.RED))
    }

    @Test
    fun `a finger drags the photo along with it`() {
        val (x, y) = view.centreX to view.centreY
        drag(300f, 300f, 200f, 350f)
        // What was under the finger comes along: to the left means seeing what is on the right.
        assertTrue("${view.centreX - x}", view.centreX - x in 60f / view.zoom..101f / view.zoom)
        assertTrue("${view.centreY - y}", view.centreY - y in -51f / view.zoom..-25f / view.zoom)
        assertEquals("a gesture that is taken away counts", settled.size.also { drag(200f, 200f, 150f, 200f, MotionEvent.ACTION_CANCEL) } + 1, settled.size)
    }

    @Test
    fun `the divider is dragged in the picture, and clips`() {
        detail()
        drag(205f, 100f, 100f, 100f)
        assertEquals(0.25f, view.divider, 0.01f)
        assertEquals("the photo did not move", 2000f, view.centreX, 0f)
        val drawn = plain(400, 600, Color.BLACK)
        view.draw(Canvas(drawn))
        assertEquals(listOf(Color.BLUE, Color.RED, Color.RED), listOf(50, 150, 350).map { drawn.getPixel(it, 100) })
        assertTrue("a line between", Color.luminance(drawn.getPixel(100, 100)) > 0.9f)
    }

    @Test
    fun `both halves are drawn with the same smoothing`() {
        fun stripes(width: Int, height: Int, each: Int) = Bitmap.createBitmap(IntArray(width * height) { if (it % width / each % 2 == 0) Color.BLACK else Color.WHITE }, width, height, Bitmap.Config.ARGB_8888)
        view.detail = Detail(seen, stripes(40, 60, 1), stripes(40, 60, 1))
        val drawn = plain(400, 600, Color.RED)
        view.divider = 0f
        view.draw(Canvas(drawn))
        val after = IntArray(300).also { drawn.getPixels(it, 0, 300, 60, 100, 300, 1) }
        view.divider = 1f
        view.draw(Canvas(drawn))
        val before = IntArray(300).also { drawn.getPixels(it, 0, 300, 60, 100, 300, 1) }
        assertEquals(before.toList(), after.toList())
        assertTrue("smooth", before.distinct().size > 4)
    }

    @Test
    fun `the whole is seen and back by a double tap, and not enlarged`() {
        assertNotNull(settled.last())
        val close = view.zoom
        doubleTap()
        assertEquals(0.1f, view.zoom, 1e-4f)
        assertNull("too much to enlarge", settled.last())
        doubleTap()
        assertEquals(close, view.zoom, close * 0.02f)
        assertNotNull(settled.last())
    }

    private fun doubleTap() {
        val now = SystemClock.uptimeMillis()
        for ((action, after) in listOf(MotionEvent.ACTION_DOWN to 0, MotionEvent.ACTION_UP to 30, MotionEvent.ACTION_DOWN to 100, MotionEvent.ACTION_UP to 130)) {
            view.onTouchEvent(MotionEvent.obtain(now + if (after >= 100) 100 else 0, now + after, action, 300f, 200f, 0))
        }
    }

    @Test
    fun `zooming keeps the place under the fingers and ends at the edges`() {
        repeat(20) { assertTrue(view.onKeyDown(KeyEvent.KEYCODE_PLUS, KeyEvent(KeyEvent.ACTION_DOWN, KeyEvent.KEYCODE_PLUS))) }
        assertEquals(16f, view.zoom, 0f)
        assertEquals(2000f to 1500f, view.centreX to view.centreY)
        assertTrue(seen.width <= 27)
        repeat(400) { assertTrue(view.performAccessibilityAction(R.id.move_left, null)) }
        assertEquals(0, seen.left)
        assertEquals(12.5f, view.centreX, 0f)
        repeat(40) { view.performAccessibilityAction(R.id.zoom_out, null) }
        assertEquals(0.1f, view.zoom, 1e-4f)
    }

    @Test
    fun `two fingers zoom about the place between them, and leave the divider`() {
        detail()
        val zoom = view.zoom
        fun under(x: Float) = view.centreX + (x - 200) / view.zoom
        val place = under(300f)
        view.pinch(300f, 300f, 200f, 600f) // the first finger begins on the divider
        assertEquals(3f, view.zoom / zoom, 0.5f)
        assertEquals(place, under(300f), 20 / view.zoom)
        assertEquals(0.5f, view.divider, 0f)
    }

    @Test
    fun `arrow keys and brackets`() {
        val x = view.centreX
        fun press(key: Int) = assertTrue(view.onKeyDown(key, KeyEvent(KeyEvent.ACTION_DOWN, key)))
        press(KeyEvent.KEYCODE_DPAD_RIGHT)
        assertTrue(view.centreX > x)
        press(KeyEvent.KEYCODE_RIGHT_BRACKET)
        assertEquals(0.6f, view.divider, 1e-4f)
        repeat(20) { press(KeyEvent.KEYCODE_LEFT_BRACKET) }
        assertEquals(0f, view.divider, 0f)
    }
}
