package dev.srganedge.engine

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
                Backend.NNAPI -> object : TileModel by model() {
                    override fun run(): Unit = throw IllegalStateException("NN API returned error\nat line 1")
                }
                Backend.CPU -> model()
            }
        }.choose(listOf(Backend.GPU, Backend.NNAPI))
        assertEquals(Backend.CPU, choice.backend)
        assertEquals(
            listOf(Backend.GPU to "GpuDelegateFactory", Backend.NNAPI to "NN API returned error"),
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
    fun `a model that not even the CPU runs is an error`() {
        val error = assertThrows(IllegalArgumentException::class.java) {
            DelegateChooser { throw IllegalArgumentException("not a model") }.choose(listOf(Backend.GPU))
        }
        assertEquals("not a model", error.message)
    }
}
