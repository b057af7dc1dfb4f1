package dev.srganedge.engine

import java.io.ByteArrayOutputStream
import java.nio.ByteOrder
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test

class ExifTest {
    @Test
    fun `all is kept but what is no longer true`() {
        for (order in listOf(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
            val block = TestExif.block(6, "2026:01:02 03:04:05", order)
            val before = block.copyOf()
            val made = requireNotNull(Exif.of(block, 4000, 3000))
            assertArrayEquals("the given block", before, block)
            assertEquals(1, TestExif.orientation(made))
            assertEquals(4000 to 3000, TestExif.size(made))
            assertEquals("the thumbnail of the old picture", 0, TestExif.thumbnail(made))
            assertEquals("2026:01:02 03:04:05", TestExif.date(made))
            val changed = made.indices.filter { made[it] != block[it] }
            assertEquals("nothing else is touched: $changed", emptyList<Int>(), changed.filter { it !in 12..21 && it !in 46..49 && it !in 62..85 })
        }
    }

    @Test
    fun `a JPEG's block is found behind other segments, and none where there is none`() {
        val exif = TestExif.block(3, "2026:01:02 03:04:05")
        val file = ByteArrayOutputStream()
        JpegWriter(file, 8, 8, exif = exif).run {
            rows(IntArray(64), 8, 8)
            finish()
        }
        val jpeg = file.toByteArray()
        assertArrayEquals(exif, Exif.ofJpeg(jpeg.inputStream()))
        val comment = byteArrayOf(-1, 0xFE.toByte(), 0, 4, 1, 2)
        assertArrayEquals(exif, Exif.ofJpeg((jpeg.copyOf(2) + comment + jpeg.copyOfRange(2, jpeg.size)).inputStream()))
        assertNull(Exif.ofJpeg(ByteArray(0).inputStream()))
        assertNull(Exif.ofJpeg("not a picture".byteInputStream()))
        assertNull("cut short", Exif.ofJpeg(jpeg.copyOf(30).inputStream()))
        val plain = ByteArrayOutputStream()
        JpegWriter(plain, 8, 8).run {
            rows(IntArray(64), 8, 8)
            finish()
        }
        assertNull(Exif.ofJpeg(plain.toByteArray().inputStream()))
    }

    @Test
    fun `what is no TIFF structure is left out`() {
        assertNull(Exif.of(ByteArray(0), 1, 1))
        assertNull(Exif.of("this is no TIFF structure".toByteArray(), 1, 1))
        assertNull("offsets beyond the end", Exif.of(TestExif.block(1, "2026:01:02 03:04:05").copyOf(12), 1, 1))
    }
}
