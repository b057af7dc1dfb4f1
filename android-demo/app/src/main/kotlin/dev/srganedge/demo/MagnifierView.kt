package dev.srganedge.demo

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.os.Bundle
import android.util.AttributeSet
import android.view.GestureDetector
import android.view.KeyEvent
import android.view.MotionEvent
import android.view.ScaleGestureDetector
import android.view.View
import android.view.accessibility.AccessibilityNodeInfo
import android.view.accessibility.AccessibilityNodeInfo.AccessibilityAction

/** The frame over the preview that says what is enlarged: dragged by touch, moved by arrow keys and screen readers. */
class MagnifierView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
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
    private val pinching = ScaleGestureDetector(context, object : ScaleGestureDetector.SimpleOnScaleGestureListener() {
        override fun onScale(detector: ScaleGestureDetector): Boolean {
            pinched(detector.scaleFactor)
            return true
        }
    })
    private val gestures = GestureDetector(context, object : GestureDetector.SimpleOnGestureListener() {
        override fun onDown(event: MotionEvent) = true

        override fun onSingleTapUp(event: MotionEvent): Boolean {
            move(event)
            performClick()
            tapped(event.x, event.y)
            return true
        }

        override fun onScroll(first: MotionEvent?, event: MotionEvent, x: Float, y: Float): Boolean {
            if (event.pointerCount == 1) move(event)
            return true
        }
    })

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
    private val steps = mapOf(
        R.id.move_left to (-STEP to 0f),
        R.id.move_right to (STEP to 0f),
        R.id.move_up to (0f to -STEP),
        R.id.move_down to (0f to STEP),
    )
    private val labels = mapOf(
        R.id.move_left to R.string.move_left,
        R.id.move_right to R.string.move_right,
        R.id.move_up to R.string.move_up,
        R.id.move_down to R.string.move_down,
    )

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

    override fun onTouchEvent(event: MotionEvent): Boolean {
        pinching.onTouchEvent(event)
        gestures.onTouchEvent(event)
        return true
    }

    private fun move(event: MotionEvent) = centre(event.x / width, event.y / height)

    override fun performClick(): Boolean {
        super.performClick()
        return true
    }

    override fun onKeyDown(keyCode: Int, event: KeyEvent): Boolean = move(
        when (keyCode) {
            KeyEvent.KEYCODE_DPAD_LEFT -> R.id.move_left
            KeyEvent.KEYCODE_DPAD_RIGHT -> R.id.move_right
            KeyEvent.KEYCODE_DPAD_UP -> R.id.move_up
            KeyEvent.KEYCODE_DPAD_DOWN -> R.id.move_down
            else -> 0
        },
    ) || super.onKeyDown(keyCode, event)

    override fun onInitializeAccessibilityNodeInfo(info: AccessibilityNodeInfo) {
        super.onInitializeAccessibilityNodeInfo(info)
        for ((action, label) in labels) info.addAction(AccessibilityAction(action, context.getString(label)))
    }

    override fun performAccessibilityAction(action: Int, arguments: Bundle?): Boolean =
        move(action) || super.performAccessibilityAction(action, arguments)

    private fun move(action: Int): Boolean {
        val (x, y) = steps[action] ?: return false
        centre(centreX + x, centreY + y)
        return true
    }

    private companion object {
        const val STEP = 0.05f
    }
}
