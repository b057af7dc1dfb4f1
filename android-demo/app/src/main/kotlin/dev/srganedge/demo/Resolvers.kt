package dev.srganedge.demo

import dev.srganedge.engine.InvalidModelException
import dev.srganedge.engine.Listener
import dev.srganedge.engine.Options
import dev.srganedge.engine.SuperResolver
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor

/** Runs at once what it is given, on the thread that gives it. */
val DIRECT = Executor { it.run() }

/** Keeps two models open at most: that of the newest wish, and the one that photos are being saved with. */
class Resolvers(private val app: DemoApplication) {
    private class Opening(val wish: Wish, val resolver: CompletableFuture<SuperResolver>)

    private var newest: Opening? = null
    private var held: Opening? = null

    /** The model of [wish], open or failed in the end; [tryAgain] also what ended the app before. */
    @Synchronized
    fun open(wish: Wish, tryAgain: Boolean = false): CompletableFuture<SuperResolver> {
        if (newest?.serves(wish) == true && !tryAgain) return requireNotNull(newest).resolver
        val before = newest
        newest = held?.takeIf { it.serves(wish) && !tryAgain } ?: begin(wish, tryAgain)
        close(before)
        return requireNotNull(newest).resolver
    }

    /** The model of [wish], which stays open until another is held or it is let go, whatever is opened meanwhile. */
    @Synchronized
    fun hold(wish: Wish): CompletableFuture<SuperResolver> {
        val before = held
        held = listOfNotNull(held, newest).find { it.serves(wish) } ?: begin(wish, false)
        if (newest == null) newest = held
        close(before)
        return requireNotNull(held).resolver
    }

    @Synchronized
    fun letGo() {
        val before = held
        held = null
        close(before)
    }

    /** Close the model when what it was given is done, unless it is held; the next use opens it again. */
    @Synchronized
    fun release() {
        val before = newest
        newest = null
        close(before)
    }

    private fun Opening.serves(other: Wish) = wish.opensLike(other) && !resolver.isCompletedExceptionally

    private fun close(opening: Opening?) {
        if (opening !== newest && opening !== held) opening?.resolver?.thenAccept { it.close() }
    }

    private fun begin(wish: Wish, tryAgain: Boolean): Opening {
        val opened = CompletableFuture<SuperResolver>()
        val model = app.models.find(wish.model)
        if (model == null) {
            opened.completeExceptionally(InvalidModelException("there is no model ${wish.model} any more"))
        } else {
            val strength = if (model.faithful == null) 1f else wish.strength / 100f // another model's, which is kept for it
            val options = Options(wish.backend, wish.exact, strength = strength, tryAgain = tryAgain, runtime = app.runtime)
            SuperResolver.create(app, model, options, DIRECT, opened.listener())
        }
        return Opening(wish, opened)
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
