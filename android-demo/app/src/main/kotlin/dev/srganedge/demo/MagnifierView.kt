package dev.srganedge.demo

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.util.AttributeSet
import android.view.MotionEvent

/** The frame over the preview that says what is enlarged: dragged by touch, moved by arrow keys and screen readers. */
class MagnifierView(context: Context, attributes: AttributeSet?) : TouchView(context, attributes, STEPS.keys.toList()) {
    /** Its middle, as parts of the view's width and height. */
    var centreX = 0.5f
        private set
    var centreY = 0.5f
        private set

    /** Its side in pixels of the view; all of it stays within. */
    var side = 0f
        set(value) {
            if (field == value) return
            field = value
            centre(centreX, centreY)
        }

    /** Told of a tap, in pixels of the view, and by how much fingers spread. */
    var tapped: (Float, Float) -> Unit = { _, _ -> }
    var pinched: (Float) -> Unit = {}

    /** Dark around the bright line: it is seen on any picture. */
    private val edge = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        style = Paint.Style.STROKE
        strokeWidth = 6 * resources.displayMetrics.density
        color = context.getColor(R.color.divider_edge)
    }
    private val border = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        style = Paint.Style.STROKE
        strokeWidth = 3 * resources.displayMetrics.density
        color = context.getColor(R.color.on_video)
    }

    /** Put its middle there. */
    fun centre(x: Float, y: Float) {
        centreX = within(x, width)
        centreY = within(y, height)
        invalidate()
    }

    private fun within(centre: Float, length: Int): Float {
        val half = if (length > 0) (side / 2 / length).coerceAtMost(0.5f) else 0f
        return centre.coerceIn(half, 1 - half)
    }

    override fun onSizeChanged(width: Int, height: Int, oldWidth: Int, oldHeight: Int) = centre(centreX, centreY)

    override fun onDraw(canvas: Canvas) {
        val x = centreX * width
        val y = centreY * height
        if (side <= 0) return
        canvas.drawRect(x - side / 2, y - side / 2, x + side / 2, y + side / 2, edge)
        canvas.drawRect(x - side / 2, y - side / 2, x + side / 2, y + side / 2, border)
    }

    override fun pinch(factor: Float, x: Float, y: Float) = pinched(factor)

    override fun drag(event: MotionEvent, x: Float, y: Float) {
        if (event.pointerCount == 1) move(event)
    }

    override fun tap(event: MotionEvent) {
        move(event)
        tapped(event.x, event.y)
    }

    private fun move(event: MotionEvent) = centre(event.x / width, event.y / height)

    override fun act(action: Int): Boolean {
        val (x, y) = STEPS.getValue(action)
        centre(centreX + x, centreY + y)
        return true
    }

    private companion object {
        /** In parts of the view. */
        val STEPS = mapOf(
            R.id.move_left to (-0.05f to 0f),
            R.id.move_right to (0.05f to 0f),
            R.id.move_up to (0f to -0.05f),
            R.id.move_down to (0f to 0.05f),
        )
    }
}
