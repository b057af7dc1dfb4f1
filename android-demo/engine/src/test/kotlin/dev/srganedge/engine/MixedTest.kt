package dev.srganedge.engine

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class MixedTest {
    /** Gives [levels] in turn, whatever it is given, and has the chooser's buffers where TensorFlow Lite leaves them. */
    private class Giving(private vararg val levels: Int, private val model: BlurAndDouble) : TileModel by model {
        override fun run() {
            model.run()
            for (index in 0 until output.capacity() / type.bytes) {
                val level = levels[index % levels.size]
                when (type) {
                    PixelType.FLOAT32 -> output.putFloat(index * 4, level + 0.4f)
                    PixelType.UINT8 -> output.put(index, level.toByte())
                    PixelType.INT8 -> output.put(index, (level - 128).toByte())
                }
            }
        }
    }

    @Test
    fun `results are mixed as bytes, halves to even, and the model's file owns both`() {
        for (type in PixelType.entries) {
            val (plain, sharp) = List(2) { BlurAndDouble(16, if (it == 0) 3 else 2, type) }
            val mixed = Mixed(Giving(0, 10, 255, 200, 100, model = plain), Giving(255, 13, 0, 201, 100, model = sharp), 0.5f)
            assertEquals(3, mixed.overlap)
            DelegateChooser.fill(mixed)
            mixed.output.position(5)
            mixed.run()
            assertEquals(listOf(0, 0), listOf(mixed.input.position(), mixed.output.position()))
            val values = List(32 * 32 * 3) { DelegateChooser.pixel(mixed.output, type, it) }
            // 127.5, 11.5, 127.5, 200.5, 100
            assertEquals("$type", List(values.size) { listOf(128, 12, 128, 200, 100)[it % 5] }, values)
            assertEquals("both see the tile", List(16 * 16 * 3) { DelegateChooser.pixel(sharp.input, type, it) }, List(16 * 16 * 3) { DelegateChooser.pixel(plain.input, type, it) })
            mixed.close()
            assertTrue(plain.closed && sharp.closed)
        }
    }

    @Test
    fun `each has its share`() {
        val mixed = Mixed(Giving(100, model = BlurAndDouble(16, 2, PixelType.UINT8)), Giving(200, model = BlurAndDouble(16, 2, PixelType.UINT8)), 0.25f)
        mixed.run()
        assertEquals(125, DelegateChooser.pixel(mixed.output, PixelType.UINT8, 0))
    }

    @Test
    fun `networks that do not fit are refused and freed`() {
        for (other in listOf(BlurAndDouble(24, 2, PixelType.UINT8), BlurAndDouble(16, 2, PixelType.INT8))) {
            val looks = BlurAndDouble(16, 2, PixelType.UINT8)
            val error = assertThrows(InvalidModelException::class.java) { Mixed(other, looks, 0.5f) }
            assertEquals("the network for looks and its faithful one differ in tile, scale or type of pixels", error.message)
            assertTrue(other.closed && looks.closed)
        }
    }

    @Test
    fun `where the faithful network cannot be opened the other is freed`() {
        val looks = BlurAndDouble(16, 2, PixelType.UINT8)
        val file = ModelFile("x", "int8", 2, "", null) { error("not opened") }
        val model = Model("x-gan", 2, Purpose.LOOKS, 1, listOf(file), Model("x", 2, Purpose.CLEAN, 1, listOf(file)))
        var opened = 0
        val runtime = object : TileRuntime {
            override val backends = setOf(Backend.CPU)

            override fun open(file: ModelFile, backend: Backend, options: Options) = if (opened++ == 0) looks else error("no memory")
        }
        val error = assertThrows(IllegalStateException::class.java) { Networks(model, Options(strength = 0.5f, runtime = runtime)).open(Backend.CPU) }
        assertEquals("no memory", error.message)
        assertTrue(looks.closed)
    }
}
