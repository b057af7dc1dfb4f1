package dev.srganedge.engine

import java.nio.ByteBuffer
import java.nio.FloatBuffer
import java.util.concurrent.CancellationException

/** Receives finished rows from top to bottom: [count] rows of [width] pixels in [argb]; the array is used again. */
fun interface RowSink {
    fun rows(argb: IntArray, width: Int, count: Int)
}

/** Nanoseconds that the last image took: reading and packing its pixels, in the model, unpacking the result's. */
class StageTimes(var pre: Long = 0, var infer: Long = 0, var post: Long = 0)

/**
 * Enlarges images of any size by a [TileModel], tile by tile and without seams; memory is one strip of the result.
 * Not for two threads at once.
 */
class Upscaler(private val model: TileModel) {
    private val floats = if (model.type == PixelType.FLOAT32) floats(model.input) to floats(model.output) else null
    private var strip = IntArray(0)
    private val pixels = IntArray(model.tile * model.tile)

    /** Of the last image, also of one that was cancelled. */
    val times = StageTimes()

    /** The factor of the model. */
    val scale: Int get() = model.scale

    /** Side of a square that is enlarged in one run of the model. */
    val inner: Int get() = model.tile - 2 * model.overlap

    /** Enlarge [source]; [sink] gets the rows, [progress] the tiles done and their number. */
    fun upscale(
        source: PixelSource,
        sink: RowSink,
        progress: (Int, Int) -> Unit = { _, _ -> },
        cancelled: () -> Boolean = { false },
    ) {
        val scale = model.scale
        val plan = Plan(source.height, source.width, model.tile, model.overlap)
        val width = source.width * scale
        var done = 0
        times.pre = 0
        times.infer = 0
        times.post = 0
        for (y in plan.rows) {
            val height = minOf(plan.inner, source.height - y) * scale
            if (strip.size < width * height) strip = IntArray(width * height)
            for (x in plan.columns) {
                if (cancelled()) throw CancellationException("cancelled after $done of ${plan.tiles} tiles")
                val started = System.nanoTime()
                cut(source, y - plan.overlap, x - plan.overlap)
                val packed = System.nanoTime()
                model.run()
                val ran = System.nanoTime()
                stitch(plan, x * scale, width, height)
                times.pre += packed - started
                times.infer += ran - packed
                times.post += System.nanoTime() - ran
                progress(++done, plan.tiles)
            }
            sink.rows(strip, width, height)
        }
    }

    /** Enlarge [source] at once. */
    fun upscale(source: PixelSource): Picture {
        val result = Picture(source.width * model.scale, source.height * model.scale)
        var row = 0
        upscale(source, { argb, width, count ->
            argb.copyInto(result.argb, row * width, 0, width * count)
            row += count
        })
        return result
    }

    private fun cut(source: PixelSource, top: Int, left: Int) {
        val rows = IntArray(model.tile) { reflected(top + it, source.height) }
        val columns = IntArray(model.tile) { reflected(left + it, source.width) }
        val (firstRow, firstColumn) = rows.min() to columns.min()
        val width = columns.max() - firstColumn + 1
        source.read(firstColumn, firstRow, width, rows.max() - firstRow + 1, pixels)
        model.input.clear()
        floats?.first?.clear()
        for (row in rows) {
            val start = (row - firstRow) * width - firstColumn
            for (column in columns) {
                val pixel = pixels[start + column]
                put(pixel ushr 16 and 0xFF)
                put(pixel ushr 8 and 0xFF)
                put(pixel and 0xFF)
            }
        }
    }

    private fun put(value: Int) {
        if (floats != null) floats.first.put(value.toFloat()) else model.input.put(value.toByte())
    }

    private fun stitch(plan: Plan, left: Int, width: Int, height: Int) {
        val side = model.tile * model.scale
        val margin = plan.overlap * model.scale
        val columns = minOf(plan.inner * model.scale, width - left)
        for (row in 0 until height) {
            var from = ((row + margin) * side + margin) * 3
            val to = row * width + left
            for (column in 0 until columns) {
                strip[to + column] = OPAQUE or (value(from) shl 16) or (value(from + 1) shl 8) or value(from + 2)
                from += 3
            }
        }
    }

    private fun value(index: Int): Int =
        if (floats != null) Math.rint(floats.second.get(index).toDouble()).coerceIn(0.0, 255.0).toInt()
        else model.output.get(index).toInt() and 0xFF

    private companion object {
        /** All of a buffer, wherever its position is. */
        fun floats(buffer: ByteBuffer): FloatBuffer {
            buffer.clear()
            return buffer.asFloatBuffer()
        }

        const val OPAQUE = 0xFF shl 24
    }
}
