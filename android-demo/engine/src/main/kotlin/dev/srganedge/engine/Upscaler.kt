package dev.srganedge.engine

import java.nio.FloatBuffer
import java.util.concurrent.CancellationException

/** Nanoseconds that a picture took: reading and packing its pixels, in the model, unpacking the result's. */
public class StageTimes(public val pre: Long, public val infer: Long, public val post: Long)

/**
 * Enlarges images of any size by a [TileModel], tile by tile and without seams; memory is one strip of the result.
 * Not for two threads at once; several may share a model if one's tiles come between another's.
 */
internal class Upscaler(private val model: TileModel) {
    private val tile = model.tile
    private val side = tile * model.scale
    private val pixels = IntArray(tile * tile)

    /** The tile's RGB values as they are, and as the model wants them. */
    private val given = ByteArray(tile * tile * 3)
    private val floats: FloatBuffer?
    private val results: FloatBuffer?
    private val floatsIn: FloatArray
    private val floatsOut: FloatArray
    private val bytesOut = ByteArray(side * 3)
    private val rows = IntArray(tile)
    private val columns = IntArray(tile)
    private var strip = IntArray(0)
    private var pre = 0L
    private var infer = 0L
    private var post = 0L

    init {
        val inFloats = model.type == PixelType.FLOAT32
        // A float's view begins where its buffer's position is.
        model.input.rewind()
        model.output.rewind()
        floats = if (inFloats) model.input.asFloatBuffer() else null
        results = if (inFloats) model.output.asFloatBuffer() else null
        floatsIn = FloatArray(if (inFloats) given.size else 0)
        floatsOut = FloatArray(if (inFloats) side * 3 else 0)
    }

    /** Of the last image, also of one that was cancelled. */
    val times get() = StageTimes(pre, infer, post)

    /** Side of a square that is enlarged in one run of the model. */
    val inner: Int get() = tile - 2 * model.overlap

    /**
     * Enlarge [source]; [sink] gets the rows, [progress] the tiles done and their number; [cancelled] is asked before
     * each tile. If it is [grey] the result is its luma: networks tint greys.
     */
    fun upscale(
        source: PixelSource,
        sink: RowSink,
        progress: (Int, Int) -> Unit = { _, _ -> },
        grey: Boolean = source.colourless,
        cancelled: () -> Boolean = { false },
    ) {
        val scale = model.scale
        val plan = Plan(source.height, source.width, tile, model.overlap)
        val width = source.width * scale
        val tiles = plan.tiles
        var done = 0
        pre = 0
        infer = 0
        post = 0
        for (y in plan.rows) {
            val height = minOf(plan.inner, source.height - y) * scale
            if (strip.size < width * height) strip = IntArray(width * height)
            for (x in plan.columns) {
                if (cancelled()) throw CancellationException("cancelled after $done of $tiles tiles")
                val started = System.nanoTime()
                cut(source, y - plan.overlap, x - plan.overlap)
                pack()
                val packed = System.nanoTime()
                try {
                    model.run()
                } catch (error: RuntimeException) {
                    throw RunFailedException("the model stopped: ${error.sentence}", error)
                }
                val ran = System.nanoTime()
                stitch(plan, x * scale, width, height, grey)
                pre += packed - started
                infer += ran - packed
                post += System.nanoTime() - ran
                progress(++done, tiles)
            }
            sink.rows(strip, width, height)
        }
    }

    /** Enlarge [source] at once, into [reused] if it has the size. */
    fun upscale(
        source: PixelSource,
        reused: Picture? = null,
        progress: (Int, Int) -> Unit = { _, _ -> },
        grey: Boolean = source.colourless,
        cancelled: () -> Boolean = { false },
    ): Picture {
        val (width, height) = source.width * model.scale to source.height * model.scale
        val result = reused?.ofSize(width, height) ?: Picture(width, height)
        var row = 0
        upscale(source, { argb, _, count ->
            argb.copyInto(result.argb, row * width, 0, width * count)
            row += count
        }, progress, grey, cancelled)
        return result
    }

    private fun cut(source: PixelSource, top: Int, left: Int) {
        for (index in 0 until tile) {
            rows[index] = reflected(top + index, source.height)
            columns[index] = reflected(left + index, source.width)
        }
        val (firstRow, firstColumn) = rows.min() to columns.min()
        val width = columns.max() - firstColumn + 1
        source.read(firstColumn, firstRow, width, rows.max() - firstRow + 1, pixels)
        var place = 0
        for (row in rows) {
            val start = (row - firstRow) * width - firstColumn
            for (column in columns) {
                val pixel = pixels[start + column]
                given[place] = (pixel ushr 16).toByte()
                given[place + 1] = (pixel ushr 8).toByte()
                given[place + 2] = pixel.toByte()
                place += 3
            }
        }
    }

    private fun pack() {
        if (floats != null) {
            for (index in given.indices) floatsIn[index] = (given[index].toInt() and 0xFF).toFloat()
            floats.rewind()
            floats.put(floatsIn)
            return
        }
        model.input.rewind()
        if (model.type == PixelType.UINT8) model.input.put(given)
        else for (value in given) model.input.put((value.toInt() xor 0x80).toByte())
    }

    private fun stitch(plan: Plan, left: Int, width: Int, height: Int, grey: Boolean) {
        val margin = plan.overlap * model.scale
        val columns = minOf(plan.inner * model.scale, width - left)
        for (row in 0 until height) {
            unpack(((row + margin) * side + margin) * 3, columns * 3)
            val to = row * width + left
            var from = 0
            for (column in 0 until columns) {
                val red = bytesOut[from].toInt() and 0xFF
                val green = bytesOut[from + 1].toInt() and 0xFF
                val blue = bytesOut[from + 2].toInt() and 0xFF
                strip[to + column] = OPAQUE or if (grey) luma(red, green, blue) * GREY else (red shl 16) or (green shl 8) or blue
                from += 3
            }
        }
    }

    /** [count] values of the result from [start] on, as bytes. */
    private fun unpack(start: Int, count: Int) {
        if (results != null) {
            results.position(start)
            results.get(floatsOut, 0, count)
            for (index in 0 until count) bytesOut[index] = rounded(floatsOut[index]).toByte()
            return
        }
        model.output.position(start)
        model.output.get(bytesOut, 0, count)
        if (model.type == PixelType.INT8) for (index in 0 until count) bytesOut[index] = (bytesOut[index].toInt() xor 0x80).toByte()
    }

    internal companion object {
        /** BT.601, as Pillow rounds it. */
        fun luma(red: Int, green: Int, blue: Int): Int = red * 19595 + green * 38470 + blue * 7471 + 0x8000 shr 16

        private const val OPAQUE = 0xFF shl 24

        /** Added to a small number, it leaves no bits for a fraction: rounded to the nearest, halves to even. */
        private const val NO_FRACTION = 12582912f // 1.5 * 2^23

        /** To 0..255; NaN, which broken drivers give, is 0. */
        fun rounded(value: Float): Int = when {
            !(value > 0) -> 0
            value >= 255 -> 255
            else -> (value + NO_FRACTION).toRawBits() - NO_FRACTION.toRawBits()
        }
    }
}
