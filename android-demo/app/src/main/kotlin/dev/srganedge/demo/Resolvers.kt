package dev.srganedge.demo

import dev.srganedge.engine.InvalidModelException
import dev.srganedge.engine.Listener
import dev.srganedge.engine.Options
import dev.srganedge.engine.SuperResolver
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor

/** Runs at once what it is given, on the thread that gives it. */
val DIRECT = Executor { it.run() }

/** Keeps the model of the newest wish open. */
class Resolvers(private val app: DemoApplication) {
    private class Opening(val wish: Wish, val resolver: CompletableFuture<SuperResolver>)

    private var newest: Opening? = null

    /** The model of [wish], open or failed in the end; [tryAgain] also what ended the app before. */
    @Synchronized
    fun open(wish: Wish, tryAgain: Boolean = false): CompletableFuture<SuperResolver> {
        newest?.takeIf { it.wish.opensLike(wish) && !it.resolver.isCompletedExceptionally && !tryAgain }?.let { return it.resolver }
        release()
        val opened = CompletableFuture<SuperResolver>()
        newest = Opening(wish, opened)
        val model = app.models.find(wish.model)
        if (model == null) {
            opened.completeExceptionally(InvalidModelException("there is no model ${wish.model} any more"))
            return opened
        }
        val strength = if (model.faithful == null) 1f else wish.strength / 100f // another model's, which is kept for it
        val options = Options(wish.backend, wish.exact, strength = strength, tryAgain = tryAgain, runtime = app.runtime)
        SuperResolver.create(app, model, options, DIRECT, opened.listener())
        return opened
    }

    /** Close the model when what it was given is done; the next use opens it again. */
    @Synchronized
    fun release() {
        newest?.resolver?.thenAccept { it.close() }
        newest = null
    }
}

/** A listener that completes a future. */
fun <T> CompletableFuture<T>.listener(): Listener<T> = object : Listener<T> {
    override fun done(result: T) {
        complete(result)
    }

    override fun failed(error: Throwable) {
        completeExceptionally(error)
    }
}
