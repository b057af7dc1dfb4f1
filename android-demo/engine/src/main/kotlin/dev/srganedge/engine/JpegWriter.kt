package dev.srganedge.engine

import java.io.ByteArrayOutputStream
import java.io.OutputStream
import kotlin.math.cos
import kotlin.math.sqrt

/**
 * A baseline JPEG (ITU-T T.81) written row by row, as Android's own encoder cannot: colours at full resolution, the
 * standard's tables. [exif] is a TIFF structure as [Exif] gives it. [finish] completes the file; [out] stays open.
 */
public class JpegWriter(
    private val out: OutputStream,
    private val width: Int,
    private val height: Int,
    quality: Int = 92,
    exif: ByteArray? = null,
) : RowSink {
    private val bits = JpegBits()
    private val rows = Array(8) { IntArray(width) }
    private var filled = 0
    private var written = 0
    private val planes = Array(3) { FloatArray(64) }
    private val levels = IntArray(64)
    private val before = IntArray(3)
    private val tables = listOf(LUMA, CHROMA).map { table -> IntArray(64) { scaled(table[it], quality) } }
    private val divisors = tables.map { table -> FloatArray(64) { 1 / (table[it] * SCALES[it / 8] * SCALES[it % 8] * 8) } }

    init {
        require(width in 1..LONGEST && height in 1..LONGEST) { "a JPEG has at most $LONGEST pixels a side, not ${width}x$height" }
        require(quality in 1..100) { "a quality of $quality" }
        val head = ByteArrayOutputStream()
        fun segment(marker: Int, data: ByteArray) {
            head.write(byteArrayOf(-1, marker.toByte(), (data.size + 2 shr 8).toByte(), (data.size + 2).toByte()))
            head.write(data)
        }
        head.write(byteArrayOf(-1, 0xD8.toByte()))
        if (exif != null) segment(0xE1, "Exif".toByteArray() + byteArrayOf(0, 0) + exif)
        else segment(0xE0, "JFIF".toByteArray() + byteArrayOf(0, 1, 1, 0, 0, 1, 0, 1, 0, 0))
        tables.forEachIndexed { index, table -> segment(0xDB, byteArrayOf(index.toByte()) + ByteArray(64) { table[ZIGZAG[it]].toByte() }) }
        val size = byteArrayOf((height shr 8).toByte(), height.toByte(), (width shr 8).toByte(), width.toByte())
        segment(0xC0, byteArrayOf(8) + size + byteArrayOf(3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1))
        HuffmanTable.ALL.forEach { segment(0xC4, it.definition) }
        segment(0xDA, byteArrayOf(3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0))
        out.write(head.toByteArray())
    }

    override fun rows(argb: IntArray, width: Int, count: Int) {
        require(width == this.width) { "a row of $width pixels in a picture of ${this.width}" }
        for (row in 0 until count) {
            argb.copyInto(rows[filled], 0, row * width, (row + 1) * width)
            if (++filled == 8) encode()
        }
    }

    /** Write the end. */
    public fun finish() {
        if (filled > 0) {
            for (row in filled until 8) rows[filled - 1].copyInto(rows[row])
            encode()
        }
        check(written >= height) { "$written rows of $height" }
        bits.pad()
        bits.flushTo(out)
        out.write(byteArrayOf(-1, 0xD9.toByte()))
        out.flush()
    }

    /** The blocks of eight rows. */
    private fun encode() {
        written += filled
        filled = 0
        for (left in 0 until width step 8) {
            for (y in 0 until 8) for (x in 0 until 8) {
                val pixel = rows[y][minOf(left + x, width - 1)]
                val red = pixel shr 16 and 0xFF
                val green = pixel shr 8 and 0xFF
                val blue = pixel and 0xFF
                val place = y * 8 + x
                planes[0][place] = 0.299f * red + 0.587f * green + 0.114f * blue - 128 // JFIF, section 7
                planes[1][place] = -0.168736f * red - 0.331264f * green + 0.5f * blue
                planes[2][place] = 0.5f * red - 0.418688f * green - 0.081312f * blue
            }
            for (component in 0..2) block(component)
        }
        bits.flushTo(out)
    }

    private fun block(component: Int) {
        val block = planes[component]
        for (row in 0 until 8) transform(block, row * 8, 1)
        for (column in 0 until 8) transform(block, column, 8)
        val divisor = divisors[minOf(component, 1)]
        for (index in 0 until 64) {
            val natural = ZIGZAG[index]
            levels[index] = Math.round(block[natural] * divisor[natural])
        }
        val difference = levels[0] - before[component]
        before[component] = levels[0]
        bits.level(levels, difference, HuffmanTable.ALL[minOf(component, 1) * 2], HuffmanTable.ALL[minOf(component, 1) * 2 + 1])
    }

    internal companion object {
        private const val LONGEST = 65535

        /** Table K.1 and K.2, row by row. */
        private val LUMA = intArrayOf(
            16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
            18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
        )
        private val CHROMA = IntArray(64) { if (it % 8 < 4 && it / 8 < 4) CHROMA_CORNER[it / 8 * 4 + it % 8] else 99 }
        private val CHROMA_CORNER get() = intArrayOf(17, 18, 24, 47, 18, 21, 26, 66, 24, 26, 56, 99, 47, 66, 99, 99)

        /** Where in a block the next coefficient is (figure A.6). */
        val ZIGZAG: IntArray = (0 until 64).sortedBy { place ->
            val (row, column) = place / 8 to place % 8
            val diagonal = row + column
            diagonal * 8 + if (diagonal % 2 == 0) column else row
        }.toIntArray()

        /** The factors that Arai, Agui and Nakajima's transform leaves in its results. */
        private val SCALES = FloatArray(8) { if (it == 0) 1f else (cos(it * Math.PI / 16) * sqrt(2.0)).toFloat() }

        /** As libjpeg scales the standard's tables by a quality. */
        private fun scaled(entry: Int, quality: Int): Int {
            val percent = if (quality < 50) 5000 / quality else 200 - 2 * quality
            return ((entry * percent + 50) / 100).coerceIn(1, 255)
        }

        /** The cosine transform of eight values [step] apart (Arai, Agui, Nakajima 1988, as libjpeg's jfdctflt.c). */
        private fun transform(values: FloatArray, start: Int, step: Int) {
            val s0 = values[start] + values[start + 7 * step]
            val d0 = values[start] - values[start + 7 * step]
            val s1 = values[start + step] + values[start + 6 * step]
            val d1 = values[start + step] - values[start + 6 * step]
            val s2 = values[start + 2 * step] + values[start + 5 * step]
            val d2 = values[start + 2 * step] - values[start + 5 * step]
            val s3 = values[start + 3 * step] + values[start + 4 * step]
            val d3 = values[start + 3 * step] - values[start + 4 * step]
            val e0 = s0 - s3
            val z1 = (e0 + s1 - s2) * 0.70710678f
            values[start] = s0 + s3 + s1 + s2
            values[start + 4 * step] = s0 + s3 - s1 - s2
            values[start + 2 * step] = e0 + z1
            values[start + 6 * step] = e0 - z1
            val t0 = d3 + d2
            val t1 = d2 + d1
            val t2 = d1 + d0
            val z5 = (t0 - t2) * 0.38268343f
            val z2 = 0.5411961f * t0 + z5
            val z4 = 1.306563f * t2 + z5
            val z3 = t1 * 0.70710678f
            values[start + 5 * step] = d0 - z3 + z2
            values[start + 3 * step] = d0 - z3 - z2
            values[start + step] = d0 + z3 + z4
            values[start + 7 * step] = d0 + z3 - z4
        }
    }
}
