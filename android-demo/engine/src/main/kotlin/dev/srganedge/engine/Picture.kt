package dev.srganedge.engine

/** A rectangle of pixels. */
public data class Region(public val left: Int, public val top: Int, public val width: Int, public val height: Int)

/** Pixels that are read a tile at a time from top to bottom, 0xAARRGGBB; how opaque they are is left out of results. */
public interface PixelSource {
    public val width: Int
    public val height: Int

    /** Copy a rectangle that lies within the image to the start of [into], row by row. */
    public fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray)

    /** All pixels are grey: results are, too. The image is read up to the first that is not. */
    public val colourless: Boolean get() = allGrey(this)

    /** A part of the image, by itself. */
    public fun crop(region: Region): Picture =
        Picture(region.width, region.height).also { read(region.left, region.top, region.width, region.height, it.argb) }
}

/** Whether all pixels of [source] are grey, read from top to bottom. */
internal fun allGrey(source: PixelSource): Boolean {
    val rows = (PIXELS / source.width).coerceIn(1, source.height)
    val pixels = IntArray(rows * source.width)
    for (top in 0 until source.height step rows) {
        val count = minOf(rows, source.height - top) * source.width
        source.read(0, top, source.width, count / source.width, pixels)
        for (index in 0 until count) if (pixels[index] and 0xFFFFFF != (pixels[index] and 0xFF) * GREY) return false
    }
    return true
}

/** A grey of 1 in red, green and blue. */
internal const val GREY = 0x010101

/** Read at once to find out whether they are grey. */
private const val PIXELS = 1 shl 18

/** Receives finished rows from top to bottom: [count] rows of [width] pixels in [argb]; the array is used again. */
public fun interface RowSink {
    public fun rows(argb: IntArray, width: Int, count: Int)
}

/** An image as Android's bitmaps give and take it: one 0xAARRGGBB a pixel, row by row. */
public class Picture(
    override val width: Int,
    override val height: Int,
    public val argb: IntArray = IntArray(width * height),
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

    /** This picture if it has that size, else a new one. */
    internal fun ofSize(width: Int, height: Int) = if (this.width == width && this.height == height) this else Picture(width, height)
}
