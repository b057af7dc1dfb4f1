package dev.srganedge.demo

import android.content.Context
import android.net.Uri
import android.provider.OpenableColumns
import dev.srganedge.engine.InvalidModelException
import dev.srganedge.engine.Model
import java.io.File
import java.io.IOException

/** The models that came with the app, and those that the user has imported from files. */
class ModelShelf(private val context: Context) {
    private val folder = File(context.filesDir, "models")

    @Volatile
    var models: List<Model> = load()
        private set

    fun find(name: String?): Model? = models.find { it.name == name }

    /** Copy a .tflite file into the app; whether it is a super-resolution model shows when it is opened. */
    fun import(address: Uri): Model {
        val name = nameOf(context, address).removeSuffix(".tflite")
        if (models.any { it.name == name && it.scale != 0 }) throw InvalidModelException("a model named $name came with the app")
        folder.mkdirs()
        val target = File(folder, "$name.tflite")
        val partial = File(folder, "$name.partial")
        try {
            val given = context.contentResolver.openInputStream(address) ?: throw IOException("it cannot be opened")
            given.use { from -> partial.outputStream().use { from.copyTo(it) } }
            if (!partial.renameTo(target)) throw IOException("$target cannot be written")
        } finally {
            partial.delete()
        }
        models = load()
        return requireNotNull(find(name))
    }

    /** Remove an imported model. */
    fun remove(model: Model) {
        File(folder, "${model.name}.tflite").delete()
        models = load()
    }

    fun isImported(model: Model): Boolean = File(folder, "${model.name}.tflite").exists()

    private fun load() = Model.bundled(context) +
        folder.listFiles { file -> file.extension == "tflite" }.orEmpty().sorted().map { Model.of(it, cache = context.codeCacheDir) }
}

/** A document's name as it is shown, without what file systems do not take. */
fun nameOf(context: Context, address: Uri): String {
    val shown = try {
        context.contentResolver.query(address, arrayOf(OpenableColumns.DISPLAY_NAME), null, null, null)?.use {
            if (it.moveToFirst()) it.getString(0) else null
        }
    } catch (_: RuntimeException) {
        null // a provider that knows no names
    }
    return (shown ?: address.lastPathSegment.orEmpty()).substringAfterLast('/').filter { it.isLetterOrDigit() || it in "-_. " }.trim('.', ' ')
}
