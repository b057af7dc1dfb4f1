package dev.srganedge.engine

import android.content.Context
import android.content.res.AssetManager
import java.io.File
import java.io.FileNotFoundException
import java.io.RandomAccessFile
import java.nio.MappedByteBuffer
import java.nio.channels.FileChannel
import java.security.MessageDigest
import org.json.JSONException
import org.json.JSONObject

/** What a model was taught. */
public enum class Purpose {
    /** Photos as they are, which it follows most closely. */
    CLEAN,

    /** Photos with real faults, such as JPEG's and noise, which it removes. */
    REAL,

    /** To look sharp, with details that it makes up. */
    LOOKS,
}

/** One .tflite file. */
public class ModelFile internal constructor(
    /** Without ".tflite". */
    public val name: String,
    /** "int8", "fp16", or whatever its card says. */
    public val quantization: String,
    /** Input pixels around a position that its output depends on. */
    public val overlap: Int,
    /** Of the file. */
    public val sha256: String,
    /** Where compiled code for it may be kept. */
    internal val cache: File?,
    private val open: () -> MappedByteBuffer,
) {
    /** The file, mapped into memory. */
    public fun map(): MappedByteBuffer = open()

    internal val computesInBytes get() = quantization == "int8"
}

/** A network, as one file or as several for different backends. */
public class Model internal constructor(
    /** Without the format: "edge-m-x4". */
    public val name: String,
    /** The factor it enlarges by; 0 where only the file itself says it. */
    public val scale: Int,
    public val purpose: Purpose,
    /** Multiply-accumulates per pixel of the input, 0 if not known: twice as many take about twice as long. */
    public val cost: Long,
    public val files: List<ModelFile>,
    /**
     * Of a network for looks, "edge-m-real-gan-x4", the faithful one of its size, "edge-m-real-x4", which
     * [Options.strength] mixes it with; null where there is none.
     */
    public val faithful: Model? = null,
) {
    /** What a backend computes best: GPUs in floating point, CPUs and NPUs in bytes; if it is not there, any. */
    public fun file(backend: Backend): ModelFile =
        files.firstOrNull { it.computesInBytes != (backend == Backend.GPU) } ?: files.first()

    override fun toString(): String = name

    private fun beside(faithful: Model?) = if (faithful == null || faithful === this) this else Model(name, scale, purpose, cost, files, faithful)

    public companion object {
        /** Of files without a card: more than compact networks see. */
        private const val OVERLAP_WITHOUT_CARD = 16

        /**
         * The models in a folder of the app's assets, each a NAME.tflite that the build leaves uncompressed and its card
         * NAME.json; those for the same purpose and scale by [cost].
         *
         * @throws InvalidModelException a card cannot be read.
         */
        @JvmStatic
        @JvmOverloads
        public fun bundled(context: Context, folder: String = "models"): List<Model> {
            val assets = context.assets
            val cards = assets.list(folder).orEmpty().filter { it.endsWith(".json") }.sorted()
                .map { Card(assets, folder, it.removeSuffix(".json"), context.codeCacheDir) }
            return cards.groupBy { it.model }
                .map { (name, found) -> found.first().run { Model(name, scale, purpose, cost, found.map { it.file }) } }
                .let { all -> all.map { model -> model.beside(all.find { it.name == faithful(model.name) }) } }
                .sortedWith(compareBy({ it.purpose }, { it.scale }, { it.cost }, { it.name }))
        }

        /**
         * A .tflite file without a card. Whether it is a super-resolution model shows when it is opened. A NAME-gan.tflite
         * has NAME.tflite in the same folder as its [faithful] network.
         */
        @JvmStatic
        @JvmOverloads
        public fun of(path: File, name: String = path.nameWithoutExtension, cache: File? = null): Model {
            val digest = path.inputStream().use { file ->
                MessageDigest.getInstance("SHA-256").apply {
                    val block = ByteArray(1 shl 16)
                    generateSequence { file.read(block) }.takeWhile { it >= 0 }.forEach { update(block, 0, it) }
                }.digest().joinToString("") { "%02x".format(it) }
            }
            val file = ModelFile(name, "", OVERLAP_WITHOUT_CARD, digest, cache) {
                RandomAccessFile(path, "r").use { it.channel.map(FileChannel.MapMode.READ_ONLY, 0, it.length()) }
            }
            val twin = path.resolveSibling(faithful(path.name)).takeIf { it != path && it.isFile }?.let { of(it, cache = cache) }
            return Model(name, 0, Purpose.CLEAN, 0, listOf(file), twin)
        }

        /** What the faithful network is called whose twin for looks has a name, as the Python runtime's `strength.py` has it. */
        private fun faithful(name: String) = name.replace("-gan", "")
    }

    /** NAME.json and NAME.tflite in a folder of assets. */
    private class Card(assets: AssetManager, folder: String, name: String, cache: File) {
        private val json = try {
            JSONObject(assets.open("$folder/$name.json").use { it.readBytes().decodeToString() })
        } catch (error: JSONException) {
            throw InvalidModelException("$folder/$name.json is not a model's card: ${error.sentence}", error)
        }
        private val quantization: String = value("quantization") { getString(it) }
        val model: String = value("name") { getString(it) }.removeSuffix("-$quantization")
        val scale: Int = value("scale") { getInt(it) }
        val cost: Long = value("macs_per_pixel") { getLong(it) }
        val purpose: Purpose = json.optString("purpose").uppercase().let { said -> Purpose.entries.find { it.name == said } }
            ?: when { // of cards that say nothing
                "-gan-" in "$model-" || model.startsWith("srgan") -> Purpose.LOOKS
                "-real-" in "$model-" -> Purpose.REAL
                else -> Purpose.CLEAN
            }
        val file = ModelFile(name, quantization, value("overlap") { getInt(it) }, value("sha256") { getString(it) }, cache) {
            try {
                assets.openFd("$folder/$name.tflite").use { file ->
                    file.createInputStream().channel.map(FileChannel.MapMode.READ_ONLY, file.startOffset, file.declaredLength)
                }
            } catch (error: FileNotFoundException) {
                throw InvalidModelException("$folder/$name.tflite is missing, or compressed by the build", error)
            }
        }

        private fun <T> value(key: String, read: JSONObject.(String) -> T): T = try {
            json.read(key)
        } catch (error: JSONException) {
            throw InvalidModelException("a model's card lacks \"$key\"", error)
        }
    }
}
