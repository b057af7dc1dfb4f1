package dev.srganedge.demo

import android.content.res.AssetManager
import dev.srganedge.engine.Backend
import java.nio.MappedByteBuffer
import java.nio.channels.FileChannel
import org.json.JSONObject

/** A bundled .tflite file, as its card describes it. */
class ModelFile(
    /** Without the format: "edge-m-x4". */
    val model: String,
    val quantization: String,
    val overlap: Int,
    val sha256: String,
    private val path: String,
) {
    /** The file, which the build stores uncompressed, mapped into memory. */
    fun map(assets: AssetManager): MappedByteBuffer = assets.openFd(path).use { file ->
        file.createInputStream().channel.map(FileChannel.MapMode.READ_ONLY, file.startOffset, file.declaredLength)
    }
}

/** The models in the app's assets: each a .tflite file and its card. */
class ModelCatalog(assets: AssetManager) {
    private val files: List<ModelFile> = assets.list(FOLDER).orEmpty().filter { it.endsWith(".json") }.map { name ->
        val card = JSONObject(assets.open("$FOLDER/$name").use { it.readBytes().decodeToString() })
        val quantization = card.getString("quantization")
        ModelFile(
            card.getString("name").removeSuffix("-$quantization"),
            quantization,
            card.getInt("overlap"),
            card.getString("sha256"),
            "$FOLDER/${name.removeSuffix(".json")}.tflite",
        )
    }

    /** Their names, each there as INT8 and as FP16. */
    val models: List<String> = files.groupBy { it.model }
        .filterValues { found -> found.map { it.quantization }.containsAll(listOf(INT8, FP16)) }.keys.sorted()

    /** What a backend computes best: GPUs in floating point, CPUs and NPUs in bytes. */
    fun file(model: String, backend: Backend): ModelFile {
        val quantization = if (backend == Backend.GPU) FP16 else INT8
        return files.first { it.model == model && it.quantization == quantization }
    }

    private companion object {
        const val FOLDER = "models"
        const val INT8 = "int8"
        const val FP16 = "fp16"
    }
}
