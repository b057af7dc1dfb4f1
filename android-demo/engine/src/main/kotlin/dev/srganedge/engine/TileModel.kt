package dev.srganedge.engine

import java.io.Closeable
import java.nio.ByteBuffer

/** A super-resolution network that takes one tile: create, run and close it on one thread. */
interface TileModel : Closeable {
    /** Side of the input. */
    val tile: Int

    /** The factor it enlarges by. */
    val scale: Int

    /** Input pixels around a position that its output depends on. */
    val overlap: Int

    /** What it wants and gives; other types are refused when it is loaded. */
    val type: PixelType

    /**
     * Direct buffers in native order, of `tile² * 3` and `(scale * tile)² * 3` values; both are used again. Read and
     * write them by absolute index, or rewind first: nobody else's position is to be relied on.
     */
    val input: ByteBuffer
    val output: ByteBuffer

    /** Compute [output] from [input], all of both, wherever their positions are; afterwards both are rewound. */
    fun run()
}

/** A tensor's pixels: bytes, or 0..255 in floating point. */
enum class PixelType(val bytes: Int) { UINT8(1), FLOAT32(4) }
