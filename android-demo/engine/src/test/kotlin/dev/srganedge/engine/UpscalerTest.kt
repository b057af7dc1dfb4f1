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
            Upscaler(model).upscale(Picture(50, 50), { _, _, _ -> }, { _, _ -> }, { model.runs == 3 })
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
        Upscaler(BlurAndDouble(16, 2, PixelType.UINT8)).upscale(Picture(30, 13), { _, _, _ -> }, { done, all -> told += done to all })
        assertEquals(List(6) { it + 1 to 6 }, told)
    }
}
