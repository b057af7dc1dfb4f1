package dev.srganedge.demo

import dev.srganedge.engine.Backend
import dev.srganedge.engine.Choice
import dev.srganedge.engine.DelegateChooser
import dev.srganedge.engine.TileModel
import dev.srganedge.engine.Upscaler
import java.util.concurrent.Executors

/** An open model: what runs, on what, and why not on what was wished for. */
class Ready(val wish: Wish, val file: ModelFile, val choice: Choice) {
    val upscaler = Upscaler(choice.model)
}

/** The one thread on which models are opened, run and closed; a model stays open until another is wished for. */
class Engine(
    private val catalog: ModelCatalog,
    private val open: (ModelFile, Backend, exact: Boolean) -> TileModel,
) {
    private val thread = Executors.newSingleThreadExecutor { Thread(it, "engine") }
    private var ready: Ready? = null // of the thread alone

    /** Run [work] with the model of [wish]; what it or the opening throws goes to [failed]. Both are on the thread. */
    fun run(wish: Wish, failed: (Throwable) -> Unit, work: (Ready) -> Unit) = thread.execute {
        try {
            work(prepare(wish))
        } catch (error: Throwable) {
            failed(error)
        }
    }

    /** Close the model; the next use opens it again. */
    fun release() = thread.execute(::close)

    private fun prepare(wish: Wish): Ready {
        ready?.takeIf { it.wish == wish }?.let { return it }
        close()
        val choice = DelegateChooser(
            open = { open(catalog.file(wish.model, it), it, wish.exact) },
            reference = { open(catalog.file(wish.model, it), Backend.CPU, true) },
        ).choose(listOf(wish.backend))
        return Ready(wish, catalog.file(wish.model, choice.backend), choice).also { ready = it }
    }

    private fun close() {
        ready?.choice?.model?.close()
        ready = null
    }
}
