package dev.srganedge.engine

import java.awt.Rectangle
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import javax.imageio.ImageIO
import javax.imageio.ImageReader
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

/** A photo of 64 megapixels in a heap of 256 MB, as the build gives this test: a whole one would not fit. */
class LargePhotoTest {
    @get:Rule
    val folder = TemporaryFolder()

    /** The JDK's decoder of a file's parts stands in for Android's. */
    private class JdkRegions(file: File) : Regions {
        private val stream = ImageIO.createImageInputStream(file)
        private val reader: ImageReader = ImageIO.getImageReaders(stream).next().also { it.input = stream }
        override val width = reader.getWidth(0)
        override val height = reader.getHeight(0)

        override fun read(region: Region, into: IntArray) {
            val part = reader.defaultReadParam.apply { sourceRegion = Rectangle(region.left, region.top, region.width, region.height) }
            reader.read(0, part).getRGB(0, 0, region.width, region.height, into, 0, region.width)
        }

        override fun close() = reader.dispose()
    }

    /** A network that enlarges by one. */
    private class Same : TileModel {
        override val tile = 512
        override val scale = 1
        override val overlap = 7
        override val type = PixelType.UINT8
        override val input: ByteBuffer = ByteBuffer.allocateDirect(tile * tile * 3).order(ByteOrder.nativeOrder())
        override val output: ByteBuffer = ByteBuffer.allocateDirect(tile * tile * 3).order(ByteOrder.nativeOrder())

        override fun run() {
            input.rewind()
            output.rewind()
            output.put(input)
            output.rewind()
            input.rewind()
        }

        override fun close() = Unit
    }

    /** Grey that says where in the file it is, smooth enough for a JPEG to keep. */
    private fun grey(x: Int, y: Int, width: Int, height: Int) = 40 + 100 * x / width + 70 * y / height

    @Test
    fun `64 megapixels on their side`() {
        val megabytes = Runtime.getRuntime().maxMemory() shr 20
        assertTrue("$megabytes MB of heap prove nothing", megabytes <= 256)
        val (width, height) = 9248 to 6936
        val exif = TestExif.block(orientation = 6, date = "2026:11:26 08:00:00")
        val photo = folder.newFile("large.jpg")
        photo.outputStream().buffered().use { out ->
            val writer = JpegWriter(out, width, height, 90, exif)
            val row = IntArray(width)
            for (y in 0 until height) {
                for (x in 0 until width) row[x] = (0xFF shl 24) or (grey(x, y, width, height) * 0x10101)
                writer.rows(row, width, 1)
            }
            writer.finish()
        }
        val kept = requireNotNull(photo.inputStream().buffered().use(Exif::ofJpeg))
        assertArrayEquals(exif, kept)
        val result = folder.newFile("result.jpg")
        PhotoSource(JdkRegions(photo), Orientation(6, width, height)).use { source ->
            assertEquals(listOf(height, width), listOf(source.width, source.height))
            result.outputStream().buffered().use { out ->
                val writer = JpegWriter(out, source.width, source.height, 90, Exif.of(kept, source.width, source.height))
                Upscaler(Same()).upscale(source, writer)
                writer.finish()
            }
        }
        JdkRegions(result).use { made ->
            assertEquals(listOf(height, width), listOf(made.width, made.height))
            val row = IntArray(height)
            for (y in listOf(0, 3000, 4623, width - 1)) {
                made.read(Region(0, y, height, 1), row)
                for (x in listOf(0, 1, 511, 512, 3500, height - 1)) {
                    // Turned a quarter clockwise: the file's columns are rows, from the bottom up its rows are columns.
                    val expected = grey(y, height - 1 - x, width, height)
                    assertEquals("$x, $y", expected.toFloat(), (row[x] and 0xFF).toFloat(), 3f)
                }
            }
        }
        assertEquals("2026:11:26 08:00:00", TestExif.date(requireNotNull(result.inputStream().use(Exif::ofJpeg))))
        assertEquals(1, TestExif.orientation(requireNotNull(result.inputStream().use(Exif::ofJpeg))))
    }
}
