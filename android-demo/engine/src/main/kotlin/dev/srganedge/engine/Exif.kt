package dev.srganedge.engine

import java.io.DataInputStream
import java.io.EOFException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** A photo's EXIF as one block, a TIFF structure: date, place, camera and the maker's own notes. */
public object Exif {
    /** The block of a JPEG, or null; reads no further than the pixels. */
    @JvmStatic
    public fun ofJpeg(jpeg: InputStream): ByteArray? = try {
        val file = DataInputStream(jpeg)
        if (file.readUnsignedShort() == 0xFFD8) search(file) else null
    } catch (_: EOFException) {
        null
    }

    /**
     * [block] for an upright picture of other size: turned by nothing, [width] x [height] pixels, without a thumbnail.
     * All else keeps its place, so that offsets in makers' notes stay true. Null if it is no TIFF structure.
     */
    @JvmStatic
    public fun of(block: ByteArray, width: Int, height: Int): ByteArray? = try {
        Tiff(block.copyOf()).run {
            upright(width, height)
            bytes.array()
        }
    } catch (_: IllegalArgumentException) {
        null
    } catch (_: IndexOutOfBoundsException) {
        null
    }

    private fun search(file: DataInputStream): ByteArray? {
        while (true) {
            val marker = file.readUnsignedShort()
            if (marker == 0xFFDA || marker == 0xFFD9 || marker < 0xFF00) return null
            val data = ByteArray((file.readUnsignedShort() - 2).coerceAtLeast(0)).also(file::readFully)
            if (marker == 0xFFE1 && data.size > 6 && data.copyOf(6).decodeToString() == "Exif\u0000\u0000") return data.copyOfRange(6, data.size)
        }
    }

    /** TIFF 6.0, section 2; tags by EXIF 2.32. */
    private class Tiff(content: ByteArray) {
        val bytes: ByteBuffer = ByteBuffer.wrap(content)

        fun upright(width: Int, height: Int) {
            bytes.order(
                when (bytes.getShort(0).toInt()) {
                    0x4949 -> ByteOrder.LITTLE_ENDIAN
                    0x4D4D -> ByteOrder.BIG_ENDIAN
                    else -> throw IllegalArgumentException("no byte order")
                },
            )
            require(bytes.getShort(2).toInt() == 42)
            val first = bytes.getInt(4)
            val end = entries(first) { tag, place ->
                when (tag) {
                    IMAGE_WIDTH -> set(place, width)
                    IMAGE_HEIGHT -> set(place, height)
                    ORIENTATION -> turned(place)
                    EXIF -> entries(bytes.getInt(place + 8)) { inner, at ->
                        if (inner == PIXELS_ACROSS) set(at, width) else if (inner == PIXELS_DOWN) set(at, height)
                    }
                }
            }
            bytes.putInt(end, 0) // what follows is the thumbnail
        }

        /** Visit a directory's entries; where the next one's address is. */
        private fun entries(start: Int, visit: (Int, Int) -> Unit): Int {
            val count = bytes.getShort(start).toInt() and 0xFFFF
            for (index in 0 until count) (start + 2 + 12 * index).let { visit(bytes.getShort(it).toInt() and 0xFFFF, it) }
            return start + 2 + 12 * count
        }

        /** Not at all: a SHORT, as readers expect it. */
        private fun turned(entry: Int) {
            bytes.putShort(entry + 2, 3)
            bytes.putInt(entry + 4, 1)
            bytes.putInt(entry + 8, 0)
            bytes.putShort(entry + 8, 1)
        }

        /** As a LONG, which any number may be. */
        private fun set(entry: Int, value: Int) {
            bytes.putShort(entry + 2, 4)
            bytes.putInt(entry + 4, 1)
            bytes.putInt(entry + 8, value)
        }
    }

    private const val IMAGE_WIDTH = 0x100
    private const val IMAGE_HEIGHT = 0x101
    private const val ORIENTATION = 0x112
    private const val EXIF = 0x8769
    private const val PIXELS_ACROSS = 0xA002
    private const val PIXELS_DOWN = 0xA003
}
