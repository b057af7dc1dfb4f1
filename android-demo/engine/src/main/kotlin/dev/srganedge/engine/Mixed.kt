package dev.srganedge.engine

import java.nio.ByteBuffer
import java.nio.FloatBuffer

/**
 * A network for looks and the faithful one of its size, run one after the other: of the first's result [strength] is
 * taken, the rest of the second's, as the Python runtime's `strength.py` mixes them: bytes, rounded. It owns both.
 *
 * @throws InvalidModelException they do not fit each other.
 */
internal class Mixed(private val faithful: TileModel, private val looks: TileModel, private val strength: Float) : TileModel by looks {
    override val overlap = maxOf(faithful.overlap, looks.overlap)
    private val side = tile * scale
    private val values = side * 3
    private val inFloats = type == PixelType.FLOAT32
    private val bytes = List(2) { ByteArray(if (inFloats) 0 else values) }
    private val floats = List(2) { FloatArray(if (inFloats) values else 0) }
    private val views: List<FloatBuffer>

    init {
        if (listOf(faithful.tile, faithful.scale, faithful.type) != listOf(tile, scale, type)) {
            close()
            throw InvalidModelException("the network for looks and its faithful one differ in tile, scale or type of pixels")
        }
        val made = listOf(faithful.output, output).onEach { it.rewind() } // where a float's view begins
        views = if (inFloats) made.map { it.asFloatBuffer() } else emptyList()
    }

    override fun run() {
        looks.run()
        for (buffer in listOf(faithful.input, input)) buffer.rewind()
        faithful.input.put(input)
        faithful.run()
        for (row in 0 until side) if (inFloats) mixFloats(row) else mixBytes(row)
        for (buffer in listOf(faithful.output, output, input)) buffer.rewind()
    }

    private fun mixBytes(row: Int) {
        val (plain, sharp) = bytes
        faithful.output.at(row).get(plain)
        output.at(row).get(sharp)
        val sign = if (type == PixelType.INT8) 0x80 else 0
        for (index in 0 until values) {
            val mixed = mix((plain[index].toInt() and 0xFF xor sign).toFloat(), (sharp[index].toInt() and 0xFF xor sign).toFloat())
            sharp[index] = (mixed xor sign).toByte()
        }
        output.at(row).put(sharp)
    }

    private fun mixFloats(row: Int) {
        val (plain, sharp) = floats
        for ((view, line) in views.zip(floats)) view.position(row * values).get(line)
        for (index in 0 until values) {
            sharp[index] = mix(Upscaler.rounded(plain[index]).toFloat(), Upscaler.rounded(sharp[index]).toFloat()).toFloat()
        }
        views[1].position(row * values).put(sharp)
    }

    private fun mix(plain: Float, sharp: Float) = Upscaler.rounded(plain + strength * (sharp - plain))

    private fun ByteBuffer.at(row: Int): ByteBuffer = apply { position(row * values) }

    override fun close() {
        looks.close()
        faithful.close()
    }
}

/** Opens what [Options.strength] asks for of a model: itself, its faithful network, or both mixed. */
internal class Networks(private val model: Model, private val options: Options) {
    private val faithful: Model? = model.faithful ?: if (options.strength == 1f) null else throw InvalidModelException(
        "$model has no faithful network to mix its results with: its strength is 1, not ${options.strength}",
    )

    /** The one that runs; of two that for looks. */
    val leading: Model = if (options.strength == 0f) checkNotNull(faithful) else model

    /** Its file for a backend. */
    fun file(backend: Backend): ModelFile = options.runtime.file(leading, backend)

    /** Open the files for one backend [on] another. */
    fun open(backend: Backend, on: Backend = backend): TileModel {
        fun opened(model: Model) = options.runtime.open(options.runtime.file(model, backend), on, options)
        val first = opened(leading)
        if (options.strength == 0f || options.strength == 1f) return first
        val second = try {
            opened(checkNotNull(faithful))
        } catch (error: Throwable) {
            first.close()
            throw error
        }
        return Mixed(second, first, options.strength)
    }
}
