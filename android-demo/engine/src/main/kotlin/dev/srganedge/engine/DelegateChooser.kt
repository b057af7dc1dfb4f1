package dev.srganedge.engine

import java.nio.ByteBuffer
import kotlin.math.abs

/** What computes. */
enum class Backend { GPU, NNAPI, CPU }

/** A model that runs, on what, and why not on what was tried before. */
class Choice(val model: TileModel, val backend: Backend, val refused: List<Refusal>)

/** A backend that was tried in vain. */
class Refusal(val backend: Backend, val reason: String)

/**
 * Opens a model on the first backend that creates it, runs a tile and agrees with the CPU.
 *
 * All of it, and all use of the model, is to be on one thread. A phone's list of compatible GPUs is only a hint, so
 * whatever is thrown at creation or at the first run goes down to the next backend.
 */
class DelegateChooser(
    /** What a backend is compared with, if not the CPU's own model: its file, on the CPU. */
    private val reference: ((Backend) -> TileModel)? = null,
    private val open: (Backend) -> TileModel,
) {
    /** Try [wanted] in order; the CPU comes last whether it is named or not. */
    fun choose(wanted: List<Backend>): Choice {
        val refused = mutableListOf<Refusal>()
        for (backend in wanted.filter { it != Backend.CPU }) {
            var model: TileModel? = null
            try {
                model = open(backend)
                fill(model)
                model.run()
                val worst = (reference ?: { open(Backend.CPU) })(backend).use { difference(model, it) }
                if (worst <= TOLERANCE) return Choice(model, backend, refused)
                refused += Refusal(backend, "differs from the CPU by $worst of 255 levels")
            } catch (error: Throwable) {
                refused += Refusal(backend, error.message?.lineSequence()?.first() ?: error.javaClass.simpleName)
            }
            model?.close()
        }
        val model = open(Backend.CPU)
        try {
            fill(model)
            model.run()
        } catch (error: Throwable) {
            model.close()
            throw error
        }
        return Choice(model, Backend.CPU, refused)
    }

    private fun difference(model: TileModel, cpu: TileModel): Int {
        fill(cpu)
        cpu.run()
        var worst = 0
        val values = (model.tile * model.scale).let { it * it * 3 }
        for (index in 0 until values) {
            worst = maxOf(worst, abs(pixel(model.output, model.type, index) - pixel(cpu.output, cpu.type, index)))
        }
        return worst
    }

    /** A ramp with edges in it, the same for every backend. */
    private fun fill(model: TileModel) {
        model.input.clear()
        for (row in 0 until model.tile) {
            for (column in 0 until model.tile) {
                for (channel in 0..2) {
                    val value = (column * 2 + row * (channel + 1)) and 0xFF
                    if (model.type == PixelType.FLOAT32) model.input.putFloat(value.toFloat()) else model.input.put(value.toByte())
                }
            }
        }
    }

    private companion object {
        /** GPUs compute in 16-bit floating point: 1.4 levels off is usual, a broken driver is off by tens. */
        const val TOLERANCE = 8

        fun pixel(buffer: ByteBuffer, type: PixelType, index: Int): Int =
            if (type == PixelType.FLOAT32) Math.rint(buffer.getFloat(index * 4).toDouble()).coerceIn(0.0, 255.0).toInt()
            else buffer.get(index).toInt() and 0xFF
    }
}
