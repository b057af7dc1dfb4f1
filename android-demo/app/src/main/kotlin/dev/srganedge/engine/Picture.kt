package dev.srganedge.engine

/** An image as Android's bitmaps give and take it: one 0xAARRGGBB a pixel, row by row. */
class Picture(val width: Int, val height: Int, val argb: IntArray = IntArray(width * height)) {
    init {
        require(argb.size == width * height) { "${argb.size} pixels are not ${width}x$height" }
    }
}
