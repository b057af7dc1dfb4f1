package dev.srganedge.engine

import java.io.ByteArrayOutputStream
import javax.imageio.ImageIO
import kotlin.math.PI
import kotlin.math.cos
import kotlin.math.log10
import kotlin.math.roundToInt
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** Read by the JDK's decoder, which is libjpeg. */
class JpegWriterTest {
    private fun encode(picture: Picture, quality: Int, rowsAtOnce: Int = 3): ByteArray {
        val file = ByteArrayOutputStream()
        JpegWriter(file, picture.width, picture.height, quality).run {
            for (row in 0 until picture.height step rowsAtOnce) {
                val count = minOf(rowsAtOnce, picture.height - row)
                rows(picture.argb.copyOfRange(row * picture.width, (row + count) * picture.width), picture.width, count)
            }
            finish()
        }
        return file.toByteArray()
    }

    private fun psnr(picture: Picture, jpeg: ByteArray): Double {
        val read = ImageIO.read(jpeg.inputStream())
        assertEquals(picture.width to picture.height, read.width to read.height)
        val made = Picture(read.width, read.height, read.getRGB(0, 0, read.width, read.height, null, 0, read.width))
        val (a, b) = rgb(picture) to rgb(made)
        val error = a.indices.sumOf { i -> ((a[i].toInt() and 0xFF) - (b[i].toInt() and 0xFF)).let { (it * it).toDouble() } } / a.size
        return 10 * log10(65025 / maxOf(error, 1e-9))
    }

    private fun smooth(width: Int, height: Int) = Picture(width, height, IntArray(width * height) { i ->
        val (x, y) = i % width to i / width
        val wave = 128 + (90 * Math.sin(x / 9.0 + y / 13.0)).toInt()
        (0xFF shl 24) or (wave shl 16) or ((255 * x / width) shl 8) or (255 * y / height)
    })

    @Test
    fun `pictures of any size are read by another decoder`() {
        for ((width, height) in listOf(1 to 1, 8 to 8, 7 to 9, 16 to 8, 65 to 33, 200 to 131)) {
            val picture = smooth(width, height)
            val worse = psnr(picture, encode(picture, 75))
            val better = psnr(picture, encode(picture, 95))
            assertTrue("${width}x$height: $worse and $better dB", worse > 28 && better > 36)
        }
    }

    @Test
    fun `noise, whose coefficients are as large as they can be, too`() {
        val random = java.util.Random(1)
        val noise = Picture(64, 64, IntArray(64 * 64) { (0xFF shl 24) or (if (random.nextBoolean()) 0xFFFFFF else 0) })
        assertTrue(psnr(noise, encode(noise, 100)) > 45)
        val colours = Picture(64, 64, IntArray(64 * 64) { (0xFF shl 24) or random.nextInt(1 shl 24) })
        assertTrue(psnr(colours, encode(colours, 100)) > 40)
    }

    @Test
    fun `a wave of every frequency, alone in its block`() {
        // 8 x 8 blocks, each with one of the cosine transform's 64: every number of zeros stands before some level.
        fun wave(place: Int, frequency: Int) = cos((2 * place + 1) * frequency * PI / 16)
        val waves = Picture(64, 64, IntArray(64 * 64) { i ->
            val (x, y) = i % 64 to i / 64
            val grey = (128 + 100 * wave(x % 8, x / 8) * wave(y % 8, y / 8)).roundToInt()
            (0xFF shl 24) or (grey * 0x10101)
        })
        assertTrue(psnr(waves, encode(waves, 95)) > 38)
    }

    @Test
    fun `nothing is lost at the end`() {
        for (seed in 1L..40L) {
            val random = java.util.Random(seed)
            val block = Picture(8, 8, IntArray(64) { (0xFF shl 24) or random.nextInt(1 shl 24) })
            val found = psnr(block, encode(block, 100))
            assertTrue("$seed: $found dB", found > 40)
        }
        // What lies below the picture in its last blocks is its last row: other rows would be seen as ripples.
        val picture = smooth(16, 17)
        val filled = Picture(16, 24, IntArray(16 * 24) { picture.argb[minOf(it / 16, 16) * 16 + it % 16] })
        fun scan(jpeg: ByteArray) = jpeg.indices.first { jpeg[it] == 0xFF.toByte() && jpeg[it + 1] == 0xDA.toByte() }.let { jpeg.copyOfRange(it, jpeg.size) }
        assertArrayEquals(scan(encode(filled, 90)), scan(encode(picture, 90)))
    }

    @Test
    fun `quality is libjpeg's`() {
        val jpeg = encode(smooth(16, 16), 50)
        val table = jpeg.indices.first { jpeg[it] == 0xFF.toByte() && jpeg[it + 1] == 0xDB.toByte() } + 5
        assertEquals(listOf<Byte>(16, 11, 12, 14, 12, 10, 16, 14), jpeg.slice(table until table + 8)) // the standard's own
    }

    @Test
    fun `too few rows and too large pictures are refused`() {
        assertThrows(IllegalStateException::class.java) { JpegWriter(ByteArrayOutputStream(), 8, 16).run { rows(IntArray(64), 8, 8); finish() } }
        assertThrows(IllegalArgumentException::class.java) { JpegWriter(ByteArrayOutputStream(), 65536, 8) }
    }
}
