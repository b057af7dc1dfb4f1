package dev.srganedge.engine

import java.io.ByteArrayOutputStream
import java.io.Closeable
import java.io.DataOutputStream
import java.io.OutputStream
import java.util.zip.CRC32
import java.util.zip.Deflater
import java.util.zip.DeflaterOutputStream

/**
 * A PNG written row by row, so that a result larger than the phone's memory can be saved. [exif] is a TIFF structure as
 * [Exif] gives it. [finish] completes the file, [close] frees memory in any case; [out] stays open.
 */
public class PngWriter(private val out: OutputStream, private val width: Int, height: Int, exif: ByteArray? = null) : RowSink, Closeable {
    private val packed = ByteArrayOutputStream()
    private val compressor = Deflater(4)
    private val deflater = DeflaterOutputStream(packed, compressor, 1 shl 16)
    private val above = ByteArray(width * 3)
    private val line = ByteArray(1 + width * 3)

    init {
        out.write(byteArrayOf(-119, 'P'.code.toByte(), 'N'.code.toByte(), 'G'.code.toByte(), 13, 10, 26, 10))
        val header = ByteArrayOutputStream()
        DataOutputStream(header).run {
            writeInt(width)
            writeInt(height)
            write(byteArrayOf(8, 2, 0, 0, 0)) // 8 bits, RGB
        }
        chunk("IHDR", header.toByteArray())
        if (exif != null) chunk("eXIf", exif)
    }

    override fun rows(argb: IntArray, width: Int, count: Int) {
        require(width == this.width) { "a row of $width pixels in a picture of ${this.width}" }
        for (row in 0 until count) {
            line[0] = UP
            for (column in 0 until width) {
                val pixel = argb[row * width + column]
                for (channel in 0..2) {
                    val place = column * 3 + channel
                    val value = (pixel ushr 16 - 8 * channel).toByte()
                    line[1 + place] = (value - above[place]).toByte()
                    above[place] = value
                }
            }
            deflater.write(line)
            if (packed.size() >= CHUNK) flush()
        }
    }

    /** Write the end. */
    public fun finish() {
        deflater.finish()
        flush()
        chunk("IEND", ByteArray(0))
        out.flush()
    }

    override fun close(): Unit = compressor.end()

    private fun flush() {
        if (packed.size() > 0) chunk("IDAT", packed.toByteArray())
        packed.reset()
    }

    private fun chunk(kind: String, data: ByteArray) {
        val name = kind.toByteArray(Charsets.US_ASCII)
        val sum = CRC32().apply {
            update(name)
            update(data)
        }
        DataOutputStream(out).run {
            writeInt(data.size)
            write(name)
            write(data)
            writeInt(sum.value.toInt())
        }
    }

    private companion object {
        const val UP: Byte = 2
        const val CHUNK = 1 shl 16
    }
}
