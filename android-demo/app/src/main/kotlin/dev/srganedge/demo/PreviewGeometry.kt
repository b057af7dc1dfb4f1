package dev.srganedge.demo

import android.graphics.Matrix
import android.graphics.RectF
import kotlin.math.max

/** A square of a frame, in the pixels of the camera's buffer. */
data class Square(val left: Int, val top: Int, val side: Int)

/**
 * Where a camera's frames, [width] x [height], lie in a view that they fill: turned upright, centred, cut at two sides.
 *
 * [orientation] and [display] are degrees clockwise: of the sensor against the phone, of the phone's picture.
 */
class PreviewGeometry(
    private val width: Int,
    private val height: Int,
    orientation: Int,
    private val facesUser: Boolean,
    private val display: Int,
    private val viewWidth: Int,
    private val viewHeight: Int,
) {
    /** How far a frame is to be turned clockwise to be upright. */
    val rotation = Math.floorMod(if (facesUser) orientation + display else orientation - display, 360)
    private val uprightWidth = if (rotation % 180 == 0) width else height
    private val uprightHeight = if (rotation % 180 == 0) height else width
    private val natural = if (orientation % 180 == 0) width to height else height to width

    /** Pixels of the view to a pixel of a frame. */
    val scale = max(viewWidth.toFloat() / uprightWidth, viewHeight.toFloat() / uprightHeight)

    /** What a TextureView, which has already stretched the frame over itself, needs to show it so. */
    fun matrix(): Matrix {
        val view = RectF(0f, 0f, viewWidth.toFloat(), viewHeight.toFloat())
        val (naturalWidth, naturalHeight) = natural
        val frame = RectF(0f, 0f, naturalWidth.toFloat(), naturalHeight.toFloat())
        frame.offset(view.centerX() - frame.centerX(), view.centerY() - frame.centerY())
        return Matrix().apply {
            setRectToRect(view, frame, Matrix.ScaleToFit.FILL)
            postScale(scale, scale, view.centerX(), view.centerY())
            postRotate(-display.toFloat(), view.centerX(), view.centerY())
        }
    }

    /** The square of [side] frame pixels around a point of the view, moved to lie within the frame. */
    fun square(x: Float, y: Float, side: Int): Square {
        val fits = minOf(side, width, height)
        val shown = if (facesUser) viewWidth - x else x // such a preview is a mirror
        val left = place((shown - viewWidth / 2f) / scale + uprightWidth / 2f, fits, uprightWidth)
        val top = place((y - viewHeight / 2f) / scale + uprightHeight / 2f, fits, uprightHeight)
        return when (rotation) {
            0 -> Square(left, top, fits)
            90 -> Square(top, height - left - fits, fits)
            180 -> Square(width - left - fits, height - top - fits, fits)
            else -> Square(width - top - fits, left, fits)
        }
    }

    /** A point of the view in parts of the frame's width and height. */
    fun inFrame(x: Float, y: Float): Pair<Float, Float> {
        val point = square(x, y, 2)
        return (point.left + 1f) / width to (point.top + 1f) / height
    }

    private fun place(centre: Float, side: Int, length: Int) = Math.round(centre - side / 2f).coerceIn(0, length - side)
}
