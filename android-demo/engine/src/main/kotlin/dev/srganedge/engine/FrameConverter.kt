package dev.srganedge.engine

import java.nio.ByteBuffer

/** A plane of YUV_420_888: the strides are the camera's choice. */
public class Plane(public val bytes: ByteBuffer, public val rowStride: Int, public val pixelStride: Int)

/**
 * Camera frames, YUV_420_888, as RGB: BT.601 with full range (JFIF, section 7) in integers of 1/65536, which every
 * machine computes alike.
 */
public object FrameConverter {
    /**
     * The [part] of a frame, turned clockwise by [rotation] degrees; into [reused] if it has the size.
     */
    @JvmStatic
    @JvmOverloads
    public fun convert(y: Plane, u: Plane, v: Plane, part: Region, rotation: Int, reused: Picture? = null): Picture {
        require(rotation % 90 == 0) { "a rotation of $rotation degrees" }
        val (left, top, width, height) = part
        val turns = Math.floorMod(rotation / 90, 4)
        val (resultWidth, resultHeight) = if (turns % 2 == 0) width to height else height to width
        val result = reused?.ofSize(resultWidth, resultHeight) ?: Picture(resultWidth, resultHeight)
        for (row in 0 until height) {
            val sourceRow = top + row
            val yStart = sourceRow * y.rowStride
            val uStart = sourceRow / 2 * u.rowStride
            val vStart = sourceRow / 2 * v.rowStride
            for (column in 0 until width) {
                val sourceColumn = left + column
                val luma = y.bytes.get(yStart + sourceColumn * y.pixelStride).toInt() and 0xFF
                val cb = (u.bytes.get(uStart + sourceColumn / 2 * u.pixelStride).toInt() and 0xFF) - 128
                val cr = (v.bytes.get(vStart + sourceColumn / 2 * v.pixelStride).toInt() and 0xFF) - 128
                val target = when (turns) {
                    0 -> row * width + column
                    1 -> column * height + (height - 1 - row)
                    2 -> (height - 1 - row) * width + (width - 1 - column)
                    else -> (width - 1 - column) * height + row
                }
                result.argb[target] = rgb(luma, cb, cr)
            }
        }
        return result
    }

    private fun rgb(luma: Int, cb: Int, cr: Int): Int {
        val y = (luma shl 16) + HALF
        val red = y + RED_CR * cr shr 16
        val green = y - GREEN_CB * cb - GREEN_CR * cr shr 16
        val blue = y + BLUE_CB * cb shr 16
        return (0xFF shl 24) or (clamp(red) shl 16) or (clamp(green) shl 8) or clamp(blue)
    }

    private fun clamp(value: Int) = if (value < 0) 0 else if (value > 255) 255 else value

    private const val HALF = 1 shl 15
    private const val RED_CR = 91881 // 1.402 * 65536
    private const val GREEN_CB = 22554 // 0.344136 * 65536
    private const val GREEN_CR = 46802 // 0.714136 * 65536
    private const val BLUE_CB = 116130 // 1.772 * 65536
}
