package dev.srganedge.engine

import java.util.concurrent.CancellationException
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class UpscalerTest {
    @Test
    fun `tiles give the bytes of the Python runtime`() {
        assertTrue(Vectors.tiled.size >= 20)
        for (case in Vectors.tiled) for (type in PixelType.entries) {
            val model = BlurAndDouble(case.tile, case.overlap, type)
            val result = Upscaler(model).upscale(picture(case.width, case.height, case.image))
            assertEquals(case.tiles, model.runs)
            assertArrayEquals("${case.width}x${case.height} $type", case.result, rgb(result))
        }
    }

    @Test
    fun `too little overlap shows`() {
        val case = Vectors.tiled.first { it.tiles > 1 && it.overlap == 2 }
        val model = BlurAndDouble(case.tile, 1, PixelType.UINT8)
        val result = Upscaler(model).upscale(picture(case.width, case.height, case.image))
        assertTrue(!case.result.contentEquals(rgb(result)))
    }

    @Test
    fun `cancelling stops before the next tile`() {
        val model = BlurAndDouble(16, 2, PixelType.UINT8)
        val error = assertThrows(CancellationException::class.java) {
            Upscaler(model).upscale(Picture(50, 50), { _, _, _ -> }, cancelled = { model.runs == 3 })
        }
        assertEquals("cancelled after 3 of 25 tiles", error.message)
    }

    @Test
    fun `an upscaler is used again for a smaller picture`() {
        val upscaler = Upscaler(BlurAndDouble(16, 2, PixelType.UINT8))
        val (large, small) = Vectors.tiled.last { it.tile == 16 } to Vectors.tiled.first { it.tile == 16 }
        for (case in listOf(large, small)) {
            assertArrayEquals(case.result, rgb(upscaler.upscale(picture(case.width, case.height, case.image))))
        }
    }

    @Test
    fun `progress counts every tile`() {
        val told = mutableListOf<Pair<Int, Int>>()
        Upscaler(BlurAndDouble(16, 2, PixelType.UINT8)).upscale(Picture(30, 13), { _, _, _ -> }, progress = { done, all -> told += done to all })
        assertEquals(List(6) { it + 1 to 6 }, told)
    }

    @Test
    fun `times are one picture's`() {
        val upscaler = Upscaler(BlurAndDouble(16, 2, PixelType.UINT8))
        fun times(picture: Picture) = upscaler.upscale(picture, { _, _, _ -> }).let { upscaler.times.run { listOf(pre, infer, post) } }
        val large = times(Picture(300, 300))
        val small = times(Picture(5, 5))
        assertTrue("$large, then $small", large.zip(small).all { (before, after) -> after < before })
    }

    @Test
    fun `a model that stops is said`() {
        val model = object : TileModel by BlurAndDouble(16, 2, PixelType.UINT8) {
            override fun run(): Unit = throw IllegalStateException("Internal error: failed to run\nat line 1")
        }
        val error = assertThrows(RunFailedException::class.java) { Upscaler(model).upscale(Picture(5, 5)) }
        assertEquals("the model stopped: Internal error: failed to run", error.message)
    }

    @Test
    fun `values are rounded as NumPy does, halves to even, and end at 0 and 255`() {
        val values = mapOf(-1e30f to 0, -0.2f to 0, 0.5f to 0, 1.5f to 2, 2.5f to 2, 2.51f to 3, 254.5f to 254, 254.51f to 255, 255f to 255, 1e30f to 255, Float.NaN to 0)
        for ((value, byte) in values) assertEquals("$value", byte, Upscaler.rounded(value))
    }

    @Test
    fun `a picture of the right size is used again`() {
        val upscaler = Upscaler(BlurAndDouble(16, 2, PixelType.FLOAT32))
        val case = Vectors.tiled.last { it.tile == 16 }
        val image = picture(case.width, case.height, case.image)
        val first = upscaler.upscale(image)
        assertTrue(upscaler.upscale(image, first) === first)
        assertArrayEquals(case.result, rgb(first))
        assertTrue(upscaler.upscale(Picture(3, 3), first) !== first)
    }
}
