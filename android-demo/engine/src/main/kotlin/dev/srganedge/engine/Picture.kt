package dev.srganedge.engine

/** Pixels that an [Upscaler] reads a tile at a time, 0xAARRGGBB. */
interface PixelSource {
    val width: Int
    val height: Int

    /** Copy a rectangle that lies within the image to the start of [into], row by row. */
    fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray)
}

/** An image as Android's bitmaps give and take it: one 0xAARRGGBB a pixel, row by row. */
class Picture(
    override val width: Int,
    override val height: Int,
    val argb: IntArray = IntArray(width * height),
) : PixelSource {
    init {
        require(argb.size == width * height) { "${argb.size} pixels are not ${width}x$height" }
    }

    override fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray) {
        for (row in 0 until height) {
            val start = (top + row) * this.width + left
            argb.copyInto(into, row * width, start, start + width)
        }
    }
}
