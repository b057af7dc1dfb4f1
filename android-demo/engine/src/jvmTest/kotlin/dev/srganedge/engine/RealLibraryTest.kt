package dev.srganedge.engine

import java.io.File
import java.io.RandomAccessFile
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import kotlin.math.abs
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.tensorflow.lite.Delegate
import org.tensorflow.lite.gpu.GpuDelegate

/** verify/native/nothing.c: a delegate that takes no operator. */
private object Nothing {
    init {
        System.loadLibrary("nothing")
    }

    @JvmStatic
    external fun handle(): Long
}

/** The bundled models on TensorFlow Lite's own library, as phones have it: the bytes must be the Python runtime's. */
class RealLibraryTest {
    /** As on a phone: a backend is tried, compared with the CPU and used. Its delegate alone is left out. */
    private fun choose(model: References.Bundled, backend: Backend) =
        DelegateChooser { InterpreterModel(model.map(), model.overlap, 2, null) }.choose(listOf(backend))

    private fun check(quantization: String, backend: Backend, tolerance: Int) {
        val models = References.models.filter { it.name.endsWith("-$quantization") }
        assertTrue("no models", models.isNotEmpty())
        for (bundled in models) {
            val choice = choose(bundled, backend)
            assertEquals(backend, choice.backend)
            choice.model.use { model ->
                assertEquals(listOf(bundled.tile, bundled.scale), listOf(model.tile, model.scale))
                assertEquals("after a run", listOf(0, 0), listOf(model.input.position(), model.output.position()))
                val upscaler = Upscaler(model)
                for (made in bundled.pictures) {
                    val result = rgb(upscaler.upscale(picture(made.width, made.height, made.image)))
                    assertEquals(made.result.size, result.size)
                    val worst = result.indices.maxOf { abs((result[it].toInt() and 0xFF) - (made.result[it].toInt() and 0xFF)) }
                    assertTrue("${bundled.name} ${made.width}x${made.height}: off by $worst", worst <= tolerance)
                }
            }
        }
    }

    @Test
    fun `bytes on the CPU`() = check("int8", Backend.CPU, 0)

    @Test
    fun `floating point, by the way that GPUs take`() = check("fp16", Backend.GPU, 1)

    @Test
    fun `a GPU that is not there leaves the CPU, and why`() {
        val model = References.models.first { it.name == "edge-s-x4-fp16" }
        val choice = DelegateChooser { backend ->
            InterpreterModel(model.map(), model.overlap, 2, if (backend == Backend.GPU) GpuDelegate() else null)
        }.choose(listOf(Backend.GPU))
        choice.model.use {
            assertEquals(Backend.CPU, choice.backend)
            assertTrue(choice.refused.single().reason, "Failed to load native GpuDelegate methods" in choice.refused.single().reason)
        }
    }

    @Test
    fun `a stranger that takes other values is told from ours`() {
        for (bundled in References.models) InterpreterModel(bundled.map(), bundled.overlap, 2, null).use { model ->
            assertTrue("${bundled.name}: ${meanDifference(model)}", meanDifference(model) < 6)
            // As if it took and gave 0 to 1: what it is given is all white to it.
            val stranger = object : TileModel by model {
                override fun run() {
                    for (index in 0 until output.capacity() / model.type.bytes) {
                        if (model.type == PixelType.FLOAT32) output.putFloat(index * 4, 1f) else output.put(index, 1)
                    }
                }
            }
            assertTrue(meanDifference(stranger) > 40)
        }
    }

    @Test
    fun `a tile of which the overlap leaves nothing is refused`() {
        val model = References.models.first { it.name == "edge-s-x4-int8" }
        val error = assertThrows(InvalidModelException::class.java) { InterpreterModel(model.map(), model.tile / 2, 1, null) }
        assertEquals("a tile of ${model.tile} pixels has nothing left inside an overlap of ${model.tile / 2} on each side", error.message)
    }

    @Test
    fun `a delegate that cannot be applied is freed`() {
        val model = References.models.first { it.name == "edge-s-x4-fp16" }
        var freed = 0
        val delegate = object : Delegate {
            override fun getNativeHandle() = 0L

            override fun close() {
                freed++
            }
        }
        assertThrows(InvalidModelException::class.java) { InterpreterModel(model.map(), model.overlap, 1, delegate) }
        assertEquals(1, freed)
    }

    @Test
    fun `a delegate is freed with its model, after the interpreter`() {
        val model = References.models.first { it.name == "edge-s-x4-fp16" }
        var freed = 0
        val delegate = object : Delegate {
            override fun getNativeHandle() = Nothing.handle()

            override fun close() {
                freed++
            }
        }
        val opened = InterpreterModel(model.map(), model.overlap, 1, delegate)
        opened.run()
        assertEquals(0, freed)
        opened.close()
        assertEquals(1, freed)
    }

    @Test
    fun `a model of any size is given tiles`() {
        References.models
        val made = References.models.first { it.name == "edge-s-x4-int8" }.pictures.last()
        val file = RandomAccessFile(File(checkNotNull(System.getProperty("references"))).resolveSibling("any-size.tflite"), "r").use {
            it.channel.map(FileChannel.MapMode.READ_ONLY, 0, it.length())
        }
        InterpreterModel(file, 16, 1, null).use { model ->
            assertEquals(listOf(128, 4), listOf(model.tile, model.scale))
            assertArrayEquals(made.result, rgb(Upscaler(model).upscale(picture(made.width, made.height, made.image))))
        }
    }

    @Test
    fun `as many threads are asked for as are wanted`() {
        assertEquals(listOf(1, 5), listOf(1, 5).map { InterpreterModel.options(it, null).numThreads })
    }

    @Test
    fun `what is no model is refused`() {
        References.models
        val bytes = ByteBuffer.allocateDirect(1000)
        assertThrows(InvalidModelException::class.java) { InterpreterModel(bytes, 7, 1, null) }
    }
}
