package dev.srganedge.engine

import java.io.OutputStream

/** One of the standard's Huffman tables (ITU-T T.81, annex K.3): [lengths] of codes, and the values in their order. */
internal class HuffmanTable(id: Int, private val lengths: IntArray, private val values: IntArray) {
    val codes = IntArray(256)
    val sizes = IntArray(256)

    /** As a file defines it: [id], lengths, values. */
    val definition = byteArrayOf(id.toByte()) + ByteArray(16) { lengths[it].toByte() } + ByteArray(values.size) { values[it].toByte() }

    init {
        var code = 0
        var next = 0
        for (length in 1..16) {
            repeat(lengths[length - 1]) {
                codes[values[next]] = code++
                sizes[values[next++]] = length
            }
            code = code shl 1
        }
    }

    companion object {
        private fun bytes(hex: String) = hex.filter { it != ' ' }.chunked(2).map { it.toInt(16) }.toIntArray()

        /** Of luma's first coefficients, of its others, of chroma's first and others. */
        val ALL = listOf(
            HuffmanTable(0x00, intArrayOf(0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0), IntArray(12) { it }),
            HuffmanTable(
                0x10, intArrayOf(0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d),
                bytes(
                    "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a43" +
                        "4445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aa" +
                        "b2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
                ),
            ),
            HuffmanTable(0x01, intArrayOf(0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0), IntArray(12) { it }),
            HuffmanTable(
                0x11, intArrayOf(0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77),
                bytes(
                    "0001020311040521310612415107617113223281081442 91a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a43" +
                        "4445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9" +
                        "aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
                ),
            ),
        )
    }
}

/** The bits of a JPEG's scan. */
internal class JpegBits {
    private var bytes = ByteArray(1 shl 16)
    private var size = 0
    private var waiting = 0
    private var count = 0

    /** A block's [levels] in zigzag order; the first as its [difference] to the block before. */
    fun level(levels: IntArray, difference: Int, first: HuffmanTable, others: HuffmanTable) {
        if (bytes.size - size < 1 shl 10) bytes = bytes.copyOf(bytes.size * 2)
        value(0, difference, first)
        var zeros = 0
        for (index in 1 until 64) {
            if (levels[index] == 0) {
                zeros++
                continue
            }
            while (zeros > 15) {
                put(others.codes[0xF0], others.sizes[0xF0])
                zeros -= 16
            }
            value(zeros, levels[index], others)
            zeros = 0
        }
        if (zeros > 0) put(others.codes[0], others.sizes[0])
    }

    /** Fill the last byte with ones. */
    fun pad() = put(0x7F, 7)

    fun flushTo(out: OutputStream) {
        out.write(bytes, 0, size)
        size = 0
    }

    /** [zeros] before it, how many bits [value] has, and these (F.1.2). */
    private fun value(zeros: Int, value: Int, table: HuffmanTable) {
        val length = 32 - Integer.numberOfLeadingZeros(Math.abs(value))
        val symbol = zeros * 16 + length
        put(table.codes[symbol], table.sizes[symbol])
        if (length > 0) put((if (value < 0) value - 1 else value) and (1 shl length) - 1, length)
    }

    private fun put(code: Int, length: Int) {
        waiting = (waiting shl length) or code
        count += length
        while (count >= 8) {
            val byte = waiting shr count - 8
            bytes[size++] = byte.toByte()
            if (byte and 0xFF == 0xFF) bytes[size++] = 0 // so that it is no marker
            count -= 8
        }
        waiting = waiting and (1 shl count) - 1
    }
}
