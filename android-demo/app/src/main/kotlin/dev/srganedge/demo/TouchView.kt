package dev.srganedge.demo

import android.content.Context
import android.os.Bundle
import android.util.AttributeSet
import android.view.GestureDetector
import android.view.KeyEvent
import android.view.MotionEvent
import android.view.ScaleGestureDetector
import android.view.View
import android.view.accessibility.AccessibilityNodeInfo
import android.view.accessibility.AccessibilityNodeInfo.AccessibilityAction

/** A view that fingers work on; [actions], ids of [LABELS], are what keys and screen readers can do in their place. */
abstract class TouchView(context: Context, attributes: AttributeSet?, private val actions: List<Int>) : View(context, attributes) {
    private val pinching = ScaleGestureDetector(context, object : ScaleGestureDetector.SimpleOnScaleGestureListener() {
        override fun onScale(detector: ScaleGestureDetector): Boolean {
            pinch(detector.scaleFactor, detector.focusX, detector.focusY)
            return true
        }
    })
    private val gestures = GestureDetector(context, object : GestureDetector.SimpleOnGestureListener() {
        override fun onDown(event: MotionEvent) = true

        override fun onScroll(first: MotionEvent?, event: MotionEvent, x: Float, y: Float): Boolean {
            drag(event, x, y)
            return true
        }

        override fun onSingleTapUp(event: MotionEvent): Boolean {
            tap(event)
            performClick()
            return true
        }

        override fun onDoubleTap(event: MotionEvent): Boolean {
            tapTwice(event)
            return true
        }
    })

    init {
        isFocusable = true
    }

    /** Do one of the actions; false if it cannot be done now. */
    protected abstract fun act(action: Int): Boolean

    /** Fingers around ([x], [y]) spread by a factor. */
    protected abstract fun pinch(factor: Float, x: Float, y: Float)

    /** Fingers moved by ([x], [y]), against what lies under them. */
    protected abstract fun drag(event: MotionEvent, x: Float, y: Float)

    protected open fun tap(event: MotionEvent) = Unit

    protected open fun tapTwice(event: MotionEvent) = Unit

    override fun onTouchEvent(event: MotionEvent): Boolean {
        pinching.onTouchEvent(event)
        gestures.onTouchEvent(event)
        return true
    }

    override fun performClick(): Boolean {
        super.performClick()
        return true
    }

    override fun onKeyDown(keyCode: Int, event: KeyEvent): Boolean = perform(KEYS[keyCode]) || super.onKeyDown(keyCode, event)

    override fun onInitializeAccessibilityNodeInfo(info: AccessibilityNodeInfo) {
        super.onInitializeAccessibilityNodeInfo(info)
        for (action in actions) info.addAction(AccessibilityAction(action, context.getString(LABELS.getValue(action))))
    }

    override fun performAccessibilityAction(action: Int, arguments: Bundle?): Boolean =
        perform(action) || super.performAccessibilityAction(action, arguments)

    private fun perform(action: Int?) = action != null && action in actions && act(action)

    private companion object {
        val LABELS = mapOf(
            R.id.move_left to R.string.move_left,
            R.id.move_right to R.string.move_right,
            R.id.move_up to R.string.move_up,
            R.id.move_down to R.string.move_down,
            R.id.zoom_in to R.string.zoom_in,
            R.id.zoom_out to R.string.zoom_out,
            R.id.divider_left to R.string.divider_left,
            R.id.divider_right to R.string.divider_right,
        )
        val KEYS = mapOf(
            KeyEvent.KEYCODE_DPAD_LEFT to R.id.move_left,
            KeyEvent.KEYCODE_DPAD_RIGHT to R.id.move_right,
            KeyEvent.KEYCODE_DPAD_UP to R.id.move_up,
            KeyEvent.KEYCODE_DPAD_DOWN to R.id.move_down,
            KeyEvent.KEYCODE_PLUS to R.id.zoom_in,
            KeyEvent.KEYCODE_EQUALS to R.id.zoom_in,
            KeyEvent.KEYCODE_MINUS to R.id.zoom_out,
            KeyEvent.KEYCODE_LEFT_BRACKET to R.id.divider_left,
            KeyEvent.KEYCODE_RIGHT_BRACKET to R.id.divider_right,
        )
    }
}
