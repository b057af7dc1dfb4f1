package dev.srganedge.engine

import java.nio.ByteBuffer
import kotlin.math.abs

/** A model that runs, on what, and why not on what was tried before. */
internal class Choice(val model: TileModel, val backend: Backend, val refused: List<Refusal>)

/**
 * Opens a model on the first backend that creates it, runs a tile and agrees with the CPU.
 *
 * All of it, and all use of the model, is to be on one thread. A phone's list of compatible GPUs is only a hint, so
 * whatever is thrown at creation or at the first run goes down to the next backend, and so does one that ended the
 * process when it was tried before.
 */
internal class DelegateChooser(
    /** What a backend is compared with, if not the CPU's own model: its file, on the CPU. */
    private val reference: ((Backend) -> TileModel)? = null,
    private val guard: CrashGuard? = null,
    /** What a crash is remembered by. */
    private val key: (Backend) -> String = { it.name },
    private val open: (Backend) -> TileModel,
) {
    /** Try [wanted] in order; the CPU comes last whether it is named or not. */
    fun choose(wanted: List<Backend>): Choice {
        val refused = mutableListOf<Refusal>()
        for (backend in wanted.filter { it != Backend.CPU }) {
            if (guard?.crashed(key(backend)) == true) {
                refused += Refusal(backend, Refusal.Kind.CRASHED, "ended the app when it was tried before")
                continue
            }
            var model: TileModel? = null
            try {
                val opened = trying(backend) { open(backend).also { model = it }.also(::warmUp) }
                val worst = (reference ?: { open(Backend.CPU) })(backend).use { difference(opened, it) }
                if (worst <= TOLERANCE) return Choice(opened, backend, refused)
                refused += Refusal(backend, Refusal.Kind.DIFFERS, "differs from the CPU by $worst of 255 levels")
            } catch (error: Throwable) {
                refused += Refusal(backend, Refusal.Kind.FAILED, error.sentence)
            }
            model?.close()
        }
        val model = open(Backend.CPU)
        try {
            warmUp(model)
        } catch (error: Throwable) {
            model.close()
            throw error
        }
        return Choice(model, Backend.CPU, refused)
    }

    private fun <T> trying(backend: Backend, work: () -> T): T = guard?.trying(key(backend), work) ?: work()

    private fun warmUp(model: TileModel) {
        fill(model)
        model.run()
    }

    private fun difference(model: TileModel, cpu: TileModel): Int {
        warmUp(cpu)
        val values = (model.tile * model.scale).let { it * it * 3 }
        return (0 until values).maxOf { abs(pixel(model.output, model.type, it) - pixel(cpu.output, cpu.type, it)) }
    }

    companion object {
        /** GPUs compute in 16-bit floating point: 1.4 levels off is usual, a broken driver is off by tens. */
        private const val TOLERANCE = 8

        /** A ramp with edges in it, the same for every backend. */
        fun fill(model: TileModel) {
            val input = model.input
            for (row in 0 until model.tile) for (column in 0 until model.tile) for (channel in 0..2) {
                val index = (row * model.tile + column) * 3 + channel
                val value = (column * 2 + row * (channel + 1)) and 0xFF
                when (model.type) {
                    PixelType.FLOAT32 -> input.putFloat(index * 4, value.toFloat())
                    PixelType.UINT8 -> input.put(index, value.toByte())
                    PixelType.INT8 -> input.put(index, (value xor 0x80).toByte())
                }
            }
        }

        fun pixel(buffer: ByteBuffer, type: PixelType, index: Int): Int = when (type) {
            PixelType.FLOAT32 -> Upscaler.rounded(buffer.getFloat(index * 4))
            PixelType.UINT8 -> buffer.get(index).toInt() and 0xFF
            PixelType.INT8 -> (buffer.get(index).toInt() xor 0x80) and 0xFF
        }
    }
}

/** Levels that a model's result, shrunk again by averaging, is off from what it was given, on the average. */
internal fun meanDifference(model: TileModel): Int {
    DelegateChooser.fill(model)
    model.run()
    val (tile, scale) = model.tile to model.scale
    var sum = 0L
    val margin = model.overlap
    for (row in margin until tile - margin) for (column in margin until tile - margin) for (channel in 0..2) {
        var block = 0
        for (y in 0 until scale) for (x in 0 until scale) {
            block += DelegateChooser.pixel(model.output, model.type, ((row * scale + y) * tile * scale + column * scale + x) * 3 + channel)
        }
        sum += abs(block / (scale * scale) - DelegateChooser.pixel(model.input, model.type, (row * tile + column) * 3 + channel))
    }
    val inner = tile - 2 * margin
    return (sum / (inner.toLong() * inner * 3)).toInt()
}
