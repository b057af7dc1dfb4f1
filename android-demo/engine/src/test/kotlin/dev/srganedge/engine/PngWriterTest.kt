package dev.srganedge.engine

import java.io.ByteArrayOutputStream
import java.util.zip.InflaterInputStream
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Test

class PngWriterTest {
    /** The chunks of a PNG, by its specification: javax.imageio is not in Android's tests. */
    private fun chunks(file: ByteArray): List<Pair<String, ByteArray>> {
        val bytes = java.nio.ByteBuffer.wrap(file)
        assertEquals(0x89504E470D0A1A0AUL.toLong(), bytes.getLong())
        return generateSequence {
            if (!bytes.hasRemaining()) return@generateSequence null
            val data = ByteArray(bytes.getInt() + 4).also(bytes::get)
            val sum = java.util.zip.CRC32().apply { update(data) }.value
            assertEquals(sum.toInt(), bytes.getInt())
            data.copyOf(4).decodeToString() to data.copyOfRange(4, data.size)
        }.toList()
    }

    @Test
    fun `what is written row by row is what was given`() {
        val case = Vectors.tiled.last()
        val result = picture(case.width, case.height, case.image)
        val file = ByteArrayOutputStream()
        PngWriter(file, case.width, case.height, byteArrayOf(1, 2, 3)).use { writer ->
            for (row in 0 until case.height) {
                writer.rows(result.argb.copyOfRange(row * case.width, (row + 1) * case.width), case.width, 1)
            }
            writer.finish()
        }
        val chunks = chunks(file.toByteArray())
        assertEquals(listOf("IHDR", "eXIf", "IDAT", "IEND"), chunks.map { it.first }.distinct())
        assertArrayEquals(byteArrayOf(1, 2, 3), chunks[1].second)
        val size = java.nio.ByteBuffer.wrap(chunks[0].second)
        assertEquals(listOf(case.width, case.height), listOf(size.getInt(), size.getInt()))
        val packed = chunks.filter { it.first == "IDAT" }.map { it.second }.reduce(ByteArray::plus)
        val lines = InflaterInputStream(packed.inputStream()).readBytes()
        val row = ByteArray(case.width * 3)
        val read = ByteArray(case.image.size)
        for (y in 0 until case.height) {
            assertEquals(2, lines[y * (row.size + 1)].toInt()) // the difference to the row above
            for (x in row.indices) row[x] = (row[x] + lines[y * (row.size + 1) + 1 + x]).toByte()
            row.copyInto(read, y * row.size)
        }
        assertArrayEquals(case.image, read)
    }
}
