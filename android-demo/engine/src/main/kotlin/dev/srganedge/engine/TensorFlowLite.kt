package dev.srganedge.engine

import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Delegate
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.Tensor
import org.tensorflow.lite.gpu.GpuDelegate
import org.tensorflow.lite.gpu.GpuDelegateFactory

/** TensorFlow Lite 2.16 and LiteRT 1.x: the Interpreter and its delegates. */
public object TensorFlowLite : TileRuntime {
    /** NNAPI is not among them: it is deprecated since Android 15. */
    override val backends: Set<Backend> = setOf(Backend.GPU, Backend.CPU)

    override fun open(file: ModelFile, backend: Backend, options: Options): TileModel =
        InterpreterModel(file.map(), file.overlap, options.threads, delegate(file, backend, options))

    private fun delegate(file: ModelFile, backend: Backend, options: Options): Delegate? = when (backend) {
        Backend.CPU -> null
        Backend.NPU -> throw UnsupportedOperationException("TensorFlow Lite reaches no NPU")
        Backend.GPU -> GpuDelegate(gpuOptions(file, options))
    }

    internal fun gpuOptions(file: ModelFile, options: Options): GpuDelegateFactory.Options = GpuDelegateFactory.Options()
        .setPrecisionLossAllowed(!options.exact)
        .setInferencePreference(GpuDelegateFactory.Options.INFERENCE_PREFERENCE_SUSTAINED_SPEED)
        // Compiled shaders are kept, so that only the first start waits for the compiler.
        .apply { file.cache?.let { setSerializationParams(it.path, shaderKey(file, options)) } }

    /** Shaders belong to a model and a precision. */
    internal fun shaderKey(file: ModelFile, options: Options): String = "${file.sha256}-${if (options.exact) 32 else 16}"
}

/**
 * A .tflite file run by an Interpreter, on the CPU or through [delegate], which it owns.
 *
 * @throws InvalidModelException the file is not a super-resolution model that takes a square tile.
 */
internal class InterpreterModel(file: ByteBuffer, override val overlap: Int, threads: Int, private val delegate: Delegate?) : TileModel {
    private val interpreter: Interpreter
    override val tile: Int
    override val scale: Int
    override val type: PixelType
    override val input: ByteBuffer
    override val output: ByteBuffer

    init {
        interpreter = try {
            Interpreter(file, options(threads, delegate))
        } catch (error: Throwable) {
            delegate?.close()
            throw if (error is IllegalArgumentException) InvalidModelException("not a TensorFlow Lite model: ${error.sentence}", error) else error
        }
        try {
            if (takesAnySize(interpreter.getInputTensor(0))) {
                interpreter.resizeInput(0, intArrayOf(1, TILE_OF_ANY_SIZE, TILE_OF_ANY_SIZE, 3))
                interpreter.allocateTensors()
            }
            val given = interpreter.getInputTensor(0)
            val made = interpreter.getOutputTensor(0)
            tile = side(given, "input")
            val side = side(made, "output")
            demand(side % tile == 0) { "a tile of $tile pixels becomes one of $side: no whole factor" }
            demand(given.dataType() == made.dataType()) { "input is ${given.dataType()}, output ${made.dataType()}" }
            demand(tile > 2 * overlap) { "a tile of $tile pixels has nothing left inside an overlap of $overlap on each side" }
            scale = side / tile
            type = when (given.dataType()) {
                DataType.UINT8 -> PixelType.UINT8
                DataType.INT8 -> PixelType.INT8
                DataType.FLOAT32 -> PixelType.FLOAT32
                else -> throw InvalidModelException("pixels of type ${given.dataType()}; UINT8, INT8 and FLOAT32 are taken")
            }
            input = direct(tile)
            output = direct(side)
        } catch (error: Throwable) {
            close()
            throw error
        }
    }

    override fun run() {
        input.rewind()
        output.rewind()
        interpreter.run(input, output)
        output.rewind() // into which the result was put, from its position on
        input.rewind()
    }

    override fun close() {
        interpreter.close()
        delegate?.close()
    }

    private fun direct(side: Int) = ByteBuffer.allocateDirect(side * side * 3 * type.bytes).order(ByteOrder.nativeOrder())

    private fun takesAnySize(tensor: Tensor) = tensor.shapeSignature().let { it.size == 4 && it[1] == -1 && it[2] == -1 }

    private fun side(tensor: Tensor, name: String): Int {
        val shape = tensor.shape()
        demand(shape.size == 4 && shape[0] == 1 && shape[1] == shape[2] && shape[3] == 3) {
            "the $name has shape ${shape.contentToString()}, not that of a square tile, [1, n, n, 3]"
        }
        return shape[1]
    }

    private fun demand(condition: Boolean, message: () -> String) {
        if (!condition) throw InvalidModelException(message())
    }

    internal companion object {
        /** Of models that take any size. */
        private const val TILE_OF_ANY_SIZE = 128

        fun options(threads: Int, delegate: Delegate?): Interpreter.Options =
            Interpreter.Options().setNumThreads(threads).apply { if (delegate != null) addDelegate(delegate) }
    }
}
