package dev.srganedge.engine

import java.io.ByteArrayOutputStream
import javax.imageio.ImageIO
import org.junit.Assert.assertArrayEquals
import org.junit.Test

class PngWriterTest {
    @Test
    fun `what is written row by row is read by another decoder`() {
        val case = Vectors.tiled.last()
        val result = picture(case.width, case.height, case.image)
        val file = ByteArrayOutputStream()
        PngWriter(file, case.width, case.height).use { writer ->
            for (row in 0 until case.height) {
                writer.rows(result.argb.copyOfRange(row * case.width, (row + 1) * case.width), case.width, 1)
            }
        }
        val read = ImageIO.read(file.toByteArray().inputStream())
        assertArrayEquals(result.argb, read.getRGB(0, 0, case.width, case.height, null, 0, case.width))
    }
}
