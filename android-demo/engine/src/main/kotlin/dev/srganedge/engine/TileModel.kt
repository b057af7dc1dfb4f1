package dev.srganedge.engine

import java.io.Closeable
import java.nio.ByteBuffer

/** A super-resolution network that takes one tile: create, run and close it on one thread. */
public interface TileModel : Closeable {
    /** Side of the input. */
    public val tile: Int

    /** The factor it enlarges by. */
    public val scale: Int

    /** Input pixels around a position that its output depends on. */
    public val overlap: Int

    /** What it wants and gives; other types are refused when it is loaded. */
    public val type: PixelType

    /**
     * Direct buffers in native order, of `tile² * 3` and `(scale * tile)² * 3` values; both are used again. Read and
     * write them by absolute index, or rewind first: nobody else's position is to be relied on.
     */
    public val input: ByteBuffer
    public val output: ByteBuffer

    /** Compute [output] from [input], all of both, wherever their positions are; afterwards both are rewound. */
    public fun run()
}

/** A tensor's pixels: bytes, bytes from -128 (the pixel minus 128), or 0..255 in floating point. */
public enum class PixelType(public val bytes: Int) { UINT8(1), INT8(1), FLOAT32(4) }
