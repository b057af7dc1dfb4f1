package dev.srganedge.engine

import java.nio.file.Files
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class DelegateChooserTest {
    private val opened = mutableListOf<BlurAndDouble>()

    private fun model(type: PixelType = PixelType.UINT8) = BlurAndDouble(16, 2, type).also { opened += it }

    @Test
    fun `the first that works and agrees with the CPU`() {
        val choice = DelegateChooser { model(if (it == Backend.GPU) PixelType.FLOAT32 else PixelType.UINT8) }
            .choose(listOf(Backend.GPU, Backend.CPU))
        assertEquals(Backend.GPU, choice.backend)
        assertTrue(choice.refused.isEmpty())
        assertEquals(listOf(false, true), opened.map { it.closed }) // the CPU's was for comparison
    }

    @Test
    fun `what throws at creation or at the first run is passed over`() {
        val choice = DelegateChooser {
            when (it) {
                Backend.GPU -> throw NoClassDefFoundError("GpuDelegateFactory")
                Backend.NPU -> object : TileModel by model() {
                    override fun run(): Unit = throw IllegalStateException("NN API returned error\nat line 1")
                }
                Backend.CPU -> model()
            }
        }.choose(listOf(Backend.GPU, Backend.NPU))
        assertEquals(Backend.CPU, choice.backend)
        assertEquals(
            listOf(Backend.GPU to "GpuDelegateFactory", Backend.NPU to "NN API returned error"),
            choice.refused.map { it.backend to it.reason },
        )
        assertEquals(listOf(true, false), opened.map { it.closed })
    }

    @Test
    fun `a GPU that computes something else is refused`() {
        val choice = DelegateChooser {
            if (it == Backend.CPU) model() else object : TileModel by model() {
                override fun run() = Unit // leaves black
            }
        }.choose(listOf(Backend.GPU))
        assertEquals(Backend.CPU, choice.backend)
        assertTrue(choice.refused.single().reason.matches(Regex("differs from the CPU by 1?[0-9][0-9] of 255 levels")))
    }

    @Test
    fun `a GPU that is off by little is taken, one that is off by more is not`() {
        for ((off, backend) in mapOf(8 to Backend.GPU, 9 to Backend.CPU)) {
            val choice = DelegateChooser {
                val exact = model()
                if (it == Backend.CPU) exact else object : TileModel by exact {
                    override fun run() {
                        exact.run()
                        val value = output.get(100).toInt() and 0xFF
                        output.put(100, (if (value > 100) value - off else value + off).toByte())
                    }
                }
            }.choose(listOf(Backend.GPU))
            assertEquals(backend, choice.backend)
        }
    }

    @Test
    fun `a backend that ended the process is not tried again until it is forgiven`() {
        val folder = Files.createTempDirectory("guard").toFile()
        var crashed: Boolean? = true
        val guard = CrashGuard(folder, 7) { id -> crashed.takeIf { id == 8 } }
        fun choose() = DelegateChooser(guard = guard) { model() }.choose(listOf(Backend.GPU))
        assertEquals(Backend.GPU, choose().backend)
        assertEquals("the mark of a trial that ended well", 0, folder.list()?.size)
        // While it is tried the mark is there: what a crash leaves.
        var during: String? = null
        DelegateChooser(guard = guard) { model().also { _ -> if (it == Backend.GPU) during = folder.list()?.single() } }.choose(listOf(Backend.GPU))
        val mark = folder.resolve(requireNotNull(during))
        mark.writeText("another 8 1")
        opened.clear()
        val choice = choose()
        assertEquals(Backend.CPU, choice.backend)
        assertEquals("ended the app when it was tried before", choice.refused.single().reason)
        assertEquals("the GPU was not opened", 1, opened.size)
        crashed = false // the user had ended it
        assertEquals(Backend.GPU, choose().backend)
        assertEquals("all is well", 0, folder.list()?.size)
        // Where the system does not tell the second end counts.
        crashed = null
        mark.writeText("another 8 1")
        var again: String? = null
        DelegateChooser(guard = guard) { model().also { _ -> if (it == Backend.GPU) again = mark.readText() } }.choose(listOf(Backend.GPU))
        assertEquals(listOf("7", "2"), again?.split(' ')?.drop(1))
        mark.writeText("another 8 2")
        assertEquals(Backend.CPU, choose().backend)
        guard.forgive("GPU")
        assertEquals(Backend.GPU, choose().backend)
    }

    @Test
    fun `one that throws is no crash`() {
        val guard = CrashGuard(Files.createTempDirectory("guard").toFile())
        repeat(2) {
            val choice = DelegateChooser(guard = guard) { if (it == Backend.GPU) error("no OpenCL") else model() }.choose(listOf(Backend.GPU))
            assertEquals("no OpenCL", choice.refused.single().reason)
        }
    }

    @Test
    fun `a model that not even the CPU runs is an error`() {
        val error = assertThrows(IllegalArgumentException::class.java) {
            DelegateChooser { throw IllegalArgumentException("not a model") }.choose(listOf(Backend.GPU))
        }
        assertEquals("not a model", error.message)
    }
}
