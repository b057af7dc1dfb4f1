package dev.srganedge.demo

import android.content.Context
import dev.srganedge.engine.Backend
import dev.srganedge.engine.InvalidModelException
import dev.srganedge.engine.NotEnoughMemoryException
import dev.srganedge.engine.Refusal
import dev.srganedge.engine.RunFailedException
import dev.srganedge.engine.SuperResolver
import dev.srganedge.engine.UnreadablePictureException
import java.util.concurrent.CancellationException

/** A sentence for the user, in whatever language the screen then has. */
class Notice(private val text: Int, private vararg val arguments: Any) {
    fun say(context: Context): String = context.getString(text, *arguments)

    companion object {
        /** What went wrong. */
        fun of(error: Throwable): Notice = when (error) {
            is OutOfMemoryError, is NotEnoughMemoryException -> Notice(R.string.low_memory)
            is CancellationException -> Notice(R.string.cancelled)
            is UnreadablePictureException -> Notice(R.string.unreadable, sentence(error))
            is InvalidModelException -> Notice(R.string.invalid_model, sentence(error))
            is RunFailedException -> Notice(R.string.run_failed, sentence(error.cause ?: error))
            else -> Notice(R.string.failed, sentence(error))
        }

        private fun sentence(error: Throwable) = error.message?.lineSequence()?.first() ?: error.javaClass.simpleName
    }
}

/** A backend's name on the screen. */
fun Context.label(backend: Backend): String = getString(
    when (backend) {
        Backend.GPU -> R.string.gpu
        Backend.NPU -> R.string.npu
        Backend.CPU -> R.string.cpu
    },
)

/** What runs, and how much of it is taken. */
fun Context.name(resolver: SuperResolver): String =
    if (resolver.strength == 1f) resolver.model.name else getString(R.string.at_strength, resolver.model.name, Math.round(100 * resolver.strength))

/** What runs: the model, its format, on what. */
fun Context.runs(resolver: SuperResolver): String =
    listOfNotNull(name(resolver), resolver.file.quantization.uppercase().ifEmpty { null }, getString(R.string.on, label(resolver.backend))).joinToString(", ")

/** Why a backend was refused. */
fun Context.why(refusal: Refusal): String = when (refusal.kind) {
    Refusal.Kind.CRASHED -> getString(R.string.refused_crashed)
    Refusal.Kind.DIFFERS -> getString(R.string.refused_differs)
    Refusal.Kind.FAILED -> refusal.reason // the driver's own words
}

/** What runs, and why not on what was wished for. */
fun Context.describe(resolver: SuperResolver): String =
    (listOf(runs(resolver)) + resolver.refusals.map { getString(R.string.refused, label(it.backend), why(it)) }).joinToString("\n")
