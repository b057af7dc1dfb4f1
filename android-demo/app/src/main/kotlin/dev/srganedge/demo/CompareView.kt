package dev.srganedge.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.Rect
import android.graphics.RectF
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.View
import kotlin.math.ceil

/** A part of a photo, left of a divider enlarged bilinearly, right of it by the model; dragging moves the part. */
class CompareView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    /** The photo. */
    var photo: Bitmap? = null
        set(value) {
            if (field === value) return
            field = value
            partOf = null
            centreX = (value?.width ?: 0) / 2f
            centreY = (value?.height ?: 0) / 2f
            settle()
        }

    /** What the model made of a part of it. */
    var detail: Detail? = null
        set(value) {
            field = value
            invalidate()
        }

    /** Where the divider is, 0 to 1. */
    var divider = 0.5f
        set(value) {
            field = value
            invalidate()
        }

    /** Told which part is seen, in the photo's pixels, when it has come to rest. */
    var settled: (Rect) -> Unit = {}

    /** The middle of what is seen, in the photo's pixels. */
    var centreX = 0f
        private set
    var centreY = 0f
        private set

    /** The part of the photo that is seen, by itself: whole photos are too large for the screen's memory. */
    private var part: Bitmap? = null
    private var partOf: Rect? = null
    private var lastX = 0f
    private var lastY = 0f
    private val smooth = Paint(Paint.FILTER_BITMAP_FLAG)
    private val line = Paint().apply {
        color = context.getColor(R.color.accent)
        strokeWidth = 2 * resources.displayMetrics.density
    }

    /** Screen pixels to one of the photo: those of the result are to be seen with the naked eye. */
    private val zoom get() = (detail?.scale ?: 4) * Math.round(resources.displayMetrics.density / 1.5f).coerceAtLeast(1)

    /** Look at another place. */
    fun centre(x: Float, y: Float) {
        centreX = x
        centreY = y
        settle()
    }

    override fun onSizeChanged(width: Int, height: Int, oldWidth: Int, oldHeight: Int) = settle()

    override fun onDraw(canvas: Canvas) {
        val photo = photo ?: return
        val seen = seen() ?: return
        canvas.drawBitmap(cut(photo, seen), null, onScreen(seen), smooth)
        val x = divider * width
        detail?.let {
            canvas.save()
            canvas.clipRect(x, 0f, width.toFloat(), height.toFloat())
            canvas.drawBitmap(it.bitmap, null, onScreen(it.region), null)
            canvas.restore()
        }
        canvas.drawLine(x, 0f, x, height.toFloat(), line)
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        when (event.actionMasked) {
            MotionEvent.ACTION_MOVE -> {
                centreX -= (event.x - lastX) / zoom
                centreY -= (event.y - lastY) / zoom
                keepInside()
                invalidate()
            }
            MotionEvent.ACTION_UP -> performClick()
        }
        lastX = event.x
        lastY = event.y
        return true
    }

    override fun performClick(): Boolean {
        super.performClick()
        settle()
        return true
    }

    private fun cut(photo: Bitmap, seen: Rect): Bitmap {
        part?.takeIf { partOf == seen }?.let { return it }
        partOf = seen
        return Bitmap.createBitmap(photo, seen.left, seen.top, seen.width(), seen.height()).also { part = it }
    }

    private fun settle() {
        keepInside()
        invalidate()
        seen()?.let(settled)
    }

    private fun keepInside() {
        val photo = photo ?: return
        centreX = inside(centreX, width / zoom / 2f, photo.width.toFloat())
        centreY = inside(centreY, height / zoom / 2f, photo.height.toFloat())
    }

    private fun inside(centre: Float, half: Float, length: Float) =
        if (2 * half >= length) length / 2 else centre.coerceIn(half, length - half)

    /** The part of the photo that is on the screen. */
    private fun seen(): Rect? {
        val photo = photo ?: return null
        val halfWidth = width / zoom / 2f
        val halfHeight = height / zoom / 2f
        val part = Rect(
            (centreX - halfWidth).toInt(),
            (centreY - halfHeight).toInt(),
            ceil(centreX + halfWidth).toInt(),
            ceil(centreY + halfHeight).toInt(),
        )
        return if (width > 0 && part.intersect(0, 0, photo.width, photo.height)) part else null
    }

    private fun onScreen(part: Rect) = RectF(
        (part.left - centreX) * zoom + width / 2f,
        (part.top - centreY) * zoom + height / 2f,
        (part.right - centreX) * zoom + width / 2f,
        (part.bottom - centreY) * zoom + height / 2f,
    )
}
