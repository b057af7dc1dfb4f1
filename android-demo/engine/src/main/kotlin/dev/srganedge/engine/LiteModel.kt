package dev.srganedge.engine

import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Delegate
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.Tensor

/**
 * A .tflite file run by TensorFlow Lite, on the CPU or through [delegate], which it owns.
 *
 * @throws IllegalArgumentException the file is not a super-resolution model of a fixed, square tile.
 */
class LiteModel(file: ByteBuffer, override val overlap: Int, threads: Int, private val delegate: Delegate?) : TileModel {
    private val interpreter: Interpreter
    override val tile: Int
    override val scale: Int
    override val type: PixelType
    override val input: ByteBuffer
    override val output: ByteBuffer

    init {
        val options = Interpreter.Options().setNumThreads(threads)
        if (delegate != null) options.addDelegate(delegate)
        interpreter = try {
            Interpreter(file, options)
        } catch (error: Throwable) {
            delegate?.close()
            throw error
        }
        try {
            val given = interpreter.getInputTensor(0)
            val made = interpreter.getOutputTensor(0)
            tile = side(given, "input")
            val side = side(made, "output")
            require(side % tile == 0) { "a tile of $tile pixels becomes one of $side: no whole factor" }
            require(given.dataType() == made.dataType()) { "input is ${given.dataType()}, output ${made.dataType()}" }
            scale = side / tile
            type = when (given.dataType()) {
                DataType.UINT8 -> PixelType.UINT8
                DataType.FLOAT32 -> PixelType.FLOAT32
                else -> throw IllegalArgumentException("pixels of type ${given.dataType()}; UINT8 and FLOAT32 are taken")
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

    private fun side(tensor: Tensor, name: String): Int {
        val shape = tensor.shape()
        require(shape.size == 4 && shape[0] == 1 && shape[1] == shape[2] && shape[3] == 3) {
            "the $name has shape ${shape.contentToString()}, not that of a square tile, [1, n, n, 3]"
        }
        return shape[1]
    }
}
