package dev.srganedge.engine

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** The "model" of vectors.py: sums 5x5 pixels, zero past the tile's edge, divides by 25 and doubles. */
internal class BlurAndDouble(override val tile: Int, override val overlap: Int, override val type: PixelType) : TileModel {
    override val scale = 2
    override val input: ByteBuffer = buffer(tile)
    override val output: ByteBuffer = buffer(2 * tile)
    var runs = 0
    var closed = false

    override fun run() {
        runs++
        output.rewind()
        val side = 2 * tile
        for (row in 0 until side) for (column in 0 until side) for (channel in 0..2) {
            var sum = 0
            for (y in row / 2 - 2..row / 2 + 2) for (x in column / 2 - 2..column / 2 + 2) {
                if (y in 0 until tile && x in 0 until tile) sum += get((y * tile + x) * 3 + channel)
            }
            put(sum / 25)
        }
        output.rewind()
        input.rewind()
    }

    override fun close() {
        closed = true
    }

    private fun get(index: Int) = DelegateChooser.pixel(input, type, index)

    /** One after the other, as TensorFlow Lite puts them: that moves the buffer's position. */
    private fun put(value: Int) {
        when (type) {
            // Off by less than half a level: rounding is the engine's.
            PixelType.FLOAT32 -> output.putFloat(value + 0.3f)
            PixelType.UINT8 -> output.put(value.toByte())
            PixelType.INT8 -> output.put((value - 128).toByte())
        }
    }

    private fun buffer(side: Int) = ByteBuffer.allocateDirect(side * side * 3 * type.bytes).order(ByteOrder.nativeOrder())
}
