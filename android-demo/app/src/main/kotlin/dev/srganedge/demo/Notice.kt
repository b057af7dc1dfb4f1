package dev.srganedge.demo

import android.content.Context
import dev.srganedge.engine.Backend
import java.util.concurrent.CancellationException

/** A sentence for the user, in whatever language the screen then has. */
class Notice(private val text: Int, private vararg val arguments: Any) {
    fun say(context: Context): String = context.getString(text, *arguments)

    companion object {
        /** What went wrong. */
        fun of(error: Throwable): Notice = when (error) {
            is OutOfMemoryError -> Notice(R.string.low_memory)
            is CancellationException -> Notice(R.string.cancelled)
            else -> Notice(R.string.failed, error.message?.lineSequence()?.first() ?: error.javaClass.simpleName)
        }
    }
}

/** A backend's name on the screen. */
fun Context.label(backend: Backend): String = getString(
    when (backend) {
        Backend.GPU -> R.string.gpu
        Backend.NNAPI -> R.string.nnapi
        Backend.CPU -> R.string.cpu
    },
)

/** What runs, and why not on what was wished for. */
fun Context.describe(ready: Ready): String {
    val runs = getString(R.string.runs, ready.file.model, ready.file.quantization.uppercase(), label(ready.choice.backend))
    return (listOf(runs) + ready.choice.refused.map { getString(R.string.refused, label(it.backend), it.reason) })
        .joinToString("\n")
}
