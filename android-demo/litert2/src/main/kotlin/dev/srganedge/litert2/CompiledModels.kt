package dev.srganedge.litert2

import android.content.Context
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.TensorBuffer
import dev.srganedge.engine.Backend
import dev.srganedge.engine.InvalidModelException
import dev.srganedge.engine.Model
import dev.srganedge.engine.ModelFile
import dev.srganedge.engine.Options
import dev.srganedge.engine.PixelType
import dev.srganedge.engine.TileModel
import dev.srganedge.engine.TileRuntime
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import kotlin.math.roundToInt
import kotlin.math.sqrt

/** LiteRT 2: compiled models on the GPU, the NPU and the CPU. Its Kotlin buffers know no bytes without a sign: FP16 files. */
public class CompiledModels(context: Context) : TileRuntime {
    private val folder = File(context.codeCacheDir, "litert2")
    override val backends: Set<Backend> = setOf(Backend.GPU, Backend.NPU, Backend.CPU)

    override fun file(model: Model, backend: Backend): ModelFile = model.file(Backend.GPU)

    override fun open(file: ModelFile, backend: Backend, options: Options): TileModel {
        val accelerator = when (backend) {
            Backend.GPU -> Accelerator.GPU
            Backend.NPU -> Accelerator.NPU
            Backend.CPU -> Accelerator.CPU
        }
        val how = CompiledModel.Options(accelerator).apply {
            if (backend == Backend.CPU) cpuOptions = CompiledModel.CpuOptions(numThreads = options.threads)
            if (backend == Backend.GPU) gpuOptions = onGpu(file, options.exact)
        }
        return CompiledTile(CompiledModel.create(onDisk(file).path, how), file.overlap)
    }

    /** Compiled programs are kept by model and precision, so that only the first start waits for the compiler. */
    private fun onGpu(file: ModelFile, exact: Boolean): CompiledModel.GpuOptions {
        val precision = if (exact) CompiledModel.GpuOptions.Precision.FP32 else CompiledModel.GpuOptions.Precision.FP16_WITH_FP32_ACCUM
        return CompiledModel.GpuOptions(
            precision = precision,
            serializationDir = folder.apply { mkdirs() }.path,
            modelCacheKey = "${file.sha256}-${precision.name}",
            serializeProgramCache = true,
        )
    }

    /** It is opened by its path: assets have none. */
    private fun onDisk(file: ModelFile): File {
        val target = File(folder, "${file.sha256}.tflite")
        if (target.exists()) return target
        folder.mkdirs()
        val partial = File.createTempFile(file.name, ".partial", folder)
        partial.outputStream().channel.use { out ->
            val bytes = file.map()
            while (bytes.hasRemaining()) out.write(bytes)
        }
        check(partial.renameTo(target)) { "$target cannot be written" }
        return target
    }
}

/** @throws InvalidModelException the model does not take and give one square picture in floating point. */
private class CompiledTile(private val model: CompiledModel, override val overlap: Int) : TileModel {
    private val given: List<TensorBuffer>
    private val made: List<TensorBuffer>
    private val values: FloatArray
    private val floatsIn: FloatBuffer
    private val floatsOut: FloatBuffer
    override val tile: Int
    override val scale: Int
    override val type = PixelType.FLOAT32
    override val input: ByteBuffer
    override val output: ByteBuffer

    init {
        try {
            given = model.createInputBuffers()
            made = model.createOutputBuffers()
            if (given.size != 1 || made.size != 1) throw InvalidModelException("it takes ${given.size} tensors and gives ${made.size}, not one each")
            tile = side(given[0])
            val side = side(made[0])
            if (side % tile != 0) throw InvalidModelException("a tile of $tile pixels becomes one of $side: no whole factor")
            scale = side / tile
            values = FloatArray(tile * tile * 3)
            input = direct(tile)
            output = direct(side)
            floatsIn = input.asFloatBuffer()
            floatsOut = output.asFloatBuffer()
        } catch (error: Throwable) {
            model.close()
            throw error
        }
    }

    override fun run() {
        floatsIn.rewind()
        floatsIn.get(values)
        given[0].writeFloat(values)
        model.run(given, made)
        floatsOut.rewind()
        floatsOut.put(made[0].readFloat())
        input.rewind()
        output.rewind()
    }

    override fun close() {
        (given + made).forEach { it.close() }
        model.close()
    }

    private fun side(buffer: TensorBuffer): Int {
        val pixels = buffer.readFloat().size / 3
        val side = sqrt(pixels.toDouble()).roundToInt()
        if (side * side != pixels) throw InvalidModelException("$pixels pixels are no square tile")
        return side
    }

    private fun direct(side: Int) = ByteBuffer.allocateDirect(side * side * 3 * type.bytes).order(ByteOrder.nativeOrder())
}
