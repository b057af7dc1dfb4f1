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
    fun `a picture without colours stays grey`() {
        // A model that tints: its red is one more, its blue two less.
        val doubling = BlurAndDouble(16, 2, PixelType.UINT8)
        val model = object : TileModel by doubling {
            override fun run() {
                doubling.run()
                for (index in 0 until output.capacity() step 3) {
                    output.put(index, (output.get(index) + 1).toByte()).put(index + 2, (output.get(index + 2) - 2).toByte())
                }
            }
        }
        val grey = Picture(50, 40, IntArray(2000) { 0xFF000000.toInt() or (60 + it % 97) * 0x010101 })
        val plain = Upscaler(doubling).upscale(grey)
        // 0.299 more and 2 * 0.114 less are rounded away.
        assertArrayEquals(plain.argb, Upscaler(model).upscale(grey).argb)
        grey.argb[1999] = grey.argb[1999] xor 1
        val coloured = Upscaler(model).upscale(grey)
        assertEquals(false, grey.colourless)
        assertEquals(plain.argb[0] + 0x010000 - 2, coloured.argb[0])
    }

    @Test
    fun `a region is as grey as the whole`() {
        val picture = Picture(3, 2, intArrayOf(0x808080, 0x101010, 0, 0xFFFFFF, 0x010101, 0x010102))
        assertEquals(false, picture.colourless)
        assertEquals(true, picture.crop(Region(0, 0, 3, 1)).colourless)
        assertEquals(255, Upscaler.luma(255, 255, 255))
        assertEquals(listOf(76, 150, 29), listOf(Upscaler.luma(255, 0, 0), Upscaler.luma(0, 255, 0), Upscaler.luma(0, 0, 255)))
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
