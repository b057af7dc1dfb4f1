package dev.srganedge.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.Rect
import android.graphics.RectF
import android.util.AttributeSet
import android.view.MotionEvent
import dev.srganedge.engine.Region
import kotlin.math.abs
import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.sqrt

/**
 * A photo: left of a divider as it is, right of it enlarged by the model, both drawn with the same smoothing. Fingers
 * pan, pinch and drag the divider; arrow keys, plus, minus and brackets do, and a screen reader's actions.
 */
class CompareView(context: Context, attributes: AttributeSet?) : TouchView(context, attributes, ACTIONS) {
    private val density = resources.displayMetrics.density

    /** The photo's size in pixels, and the whole of it made small. */
    private var photoWidth = 0
    private var photoHeight = 0
    private var overview: Bitmap? = null

    /** What the model made of a part of it. */
    var detail: Detail? = null
        set(value) {
            field = value
            invalidate()
        }

    /** Where the divider is, 0 to 1 from left to right. */
    var divider = 0.5f
        set(value) {
            field = value.coerceIn(0f, 1f)
            invalidate()
        }

    /** Told which part is seen when the view has come to rest; null where so much is seen that it is not enlarged. */
    var settled: (Region?) -> Unit = {}

    /** The middle of what is seen, in the photo's pixels; NaN until there is a photo or a place to restore. */
    var centreX = Float.NaN
        private set
    var centreY = Float.NaN
        private set

    /** Screen pixels to one of the photo; 0 until it is known. */
    var zoom = 0f
        private set

    private val smooth = Paint(Paint.FILTER_BITMAP_FLAG)
    private val line = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = context.getColor(R.color.divider)
        strokeWidth = 2 * density
    }
    private val edge = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = context.getColor(R.color.divider_edge)
        strokeWidth = 4 * density
    }
    private val place = RectF()
    private val source = Rect()
    private var draggingDivider = false

    /** Show a photo of that size. */
    fun show(width: Int, height: Int, small: Bitmap) {
        if (overview === small) return
        photoWidth = width
        photoHeight = height
        overview = small
        if (centreX.isNaN()) {
            centreX = width / 2f
            centreY = height / 2f
        }
        settle()
    }

    /** Look at another place, if given so near. */
    fun restore(x: Float, y: Float, zoom: Float = this.zoom) {
        centreX = x
        centreY = y
        this.zoom = zoom
        settle()
    }

    override fun onSizeChanged(width: Int, height: Int, oldWidth: Int, oldHeight: Int) = settle()

    override fun onDraw(canvas: Canvas) {
        val small = overview ?: return
        onScreen(0f, 0f, photoWidth.toFloat(), photoHeight.toFloat())
        canvas.drawBitmap(small, null, place, smooth)
        val detail = detail ?: return
        val x = divider * width
        draw(canvas, detail.plain, detail.region)
        canvas.save()
        canvas.clipRect(x, 0f, width.toFloat(), height.toFloat())
        draw(canvas, detail.enlarged, detail.region)
        canvas.restore()
        canvas.drawLine(x, 0f, x, height.toFloat(), edge)
        canvas.drawLine(x, 0f, x, height.toFloat(), line)
        canvas.drawCircle(x, height / 2f, HANDLE * density, edge)
        canvas.drawCircle(x, height / 2f, (HANDLE - 2) * density, line)
    }

    private fun draw(canvas: Canvas, bitmap: Bitmap, region: Region) {
        source.set(0, 0, bitmap.width, bitmap.height)
        onScreen(region.left.toFloat(), region.top.toFloat(), (region.left + region.width).toFloat(), (region.top + region.height).toFloat())
        canvas.drawBitmap(bitmap, source, place, smooth)
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        if (overview == null) return false
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> {
                draggingDivider = detail != null && abs(event.x - divider * width) < TOUCH * density
                parent?.requestDisallowInterceptTouchEvent(true)
            }
            MotionEvent.ACTION_POINTER_DOWN -> draggingDivider = false
            MotionEvent.ACTION_MOVE -> if (draggingDivider) divider = event.x / width
        }
        super.onTouchEvent(event)
        if (event.actionMasked == MotionEvent.ACTION_UP || event.actionMasked == MotionEvent.ACTION_CANCEL) {
            draggingDivider = false
            settle()
        }
        return true
    }

    override fun pinch(factor: Float, x: Float, y: Float) = zoomBy(factor, x, y)

    override fun drag(event: MotionEvent, x: Float, y: Float) {
        if (!draggingDivider) pan(x / zoom, y / zoom)
    }

    /** The whole, and back to where the result's own pixels are seen. */
    override fun tapTwice(event: MotionEvent) {
        if (zoom > whole() * 1.01f) zoomTo(whole(), event.x, event.y) else zoomTo(maxOf(closest(), whole()), event.x, event.y)
        settle()
    }

    override fun act(action: Int): Boolean {
        if (overview == null) return false
        val (x, y) = width / zoom / 4 to height / zoom / 4
        when (action) {
            R.id.move_left -> pan(-x, 0f)
            R.id.move_right -> pan(x, 0f)
            R.id.move_up -> pan(0f, -y)
            R.id.move_down -> pan(0f, y)
            R.id.zoom_in -> zoomBy(1.5f, width / 2f, height / 2f)
            R.id.zoom_out -> zoomBy(1 / 1.5f, width / 2f, height / 2f)
            R.id.divider_left -> divider -= 0.1f
            R.id.divider_right -> divider += 0.1f
            else -> return false
        }
        settle()
        return true
    }

    private fun pan(x: Float, y: Float) {
        centreX += x
        centreY += y
        keepInside()
        invalidate()
    }

    /** Enlarge what is seen so that the photo's point under ([x], [y]) stays. */
    private fun zoomBy(factor: Float, x: Float, y: Float) = zoomTo(zoom * factor, x, y)

    private fun zoomTo(wanted: Float, x: Float, y: Float) {
        val bounded = wanted.coerceIn(whole(), maxOf(whole(), 16 * density))
        centreX += (x - width / 2f) * (1 / zoom - 1 / bounded)
        centreY += (y - height / 2f) * (1 / zoom - 1 / bounded)
        zoom = bounded
        keepInside()
        invalidate()
    }

    /** The zoom at which the whole photo is seen. */
    private fun whole() = minOf(width / photoWidth.toFloat(), height / photoHeight.toFloat())

    /** The zoom at which as much is seen as is enlarged at once. */
    private fun closest() = sqrt(width.toFloat() * height / LARGEST) * 1.01f

    private fun settle() {
        if (overview == null || width == 0 || height == 0) return
        if (zoom == 0f) zoom = maxOf(whole(), closest())
        zoom = zoom.coerceAtLeast(whole())
        keepInside()
        invalidate()
        val seen = seen()
        settled(seen.takeIf { it.width * it.height <= LARGEST })
    }

    private fun keepInside() {
        centreX = inside(centreX, width / zoom / 2, photoWidth.toFloat())
        centreY = inside(centreY, height / zoom / 2, photoHeight.toFloat())
    }

    private fun inside(centre: Float, half: Float, length: Float) =
        if (2 * half >= length) length / 2 else centre.coerceIn(half, length - half)

    /** The part of the photo that is on the screen. */
    private fun seen(): Region {
        val left = floor(centreX - width / zoom / 2).toInt().coerceAtLeast(0)
        val top = floor(centreY - height / zoom / 2).toInt().coerceAtLeast(0)
        val right = ceil(centreX + width / zoom / 2).toInt().coerceAtMost(photoWidth)
        val bottom = ceil(centreY + height / zoom / 2).toInt().coerceAtMost(photoHeight)
        return Region(left, top, right - left, bottom - top)
    }

    private fun onScreen(left: Float, top: Float, right: Float, bottom: Float) = place.set(
        (left - centreX) * zoom + width / 2f,
        (top - centreY) * zoom + height / 2f,
        (right - centreX) * zoom + width / 2f,
        (bottom - centreY) * zoom + height / 2f,
    )

    private companion object {
        /** Pixels of the photo that are enlarged at once: a second or two of a phone's time. */
        const val LARGEST = 250_000

        /** Of the divider, in dp: its handle's radius, and how near a finger must be. */
        const val HANDLE = 12f
        const val TOUCH = 28f
        val ACTIONS = listOf(
            R.id.move_left, R.id.move_right, R.id.move_up, R.id.move_down,
            R.id.zoom_in, R.id.zoom_out, R.id.divider_left, R.id.divider_right,
        )
    }
}
