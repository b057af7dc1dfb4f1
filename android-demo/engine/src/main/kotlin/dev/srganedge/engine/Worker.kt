package dev.srganedge.engine

import java.util.concurrent.CancellationException
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Executor
import java.util.concurrent.Executors
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.atomic.AtomicBoolean

/** The one thread on which a model is opened, run and closed. */
internal class Worker {
    private val thread = Executors.newSingleThreadExecutor { Thread(it, "super-resolver") }
    private val urgent = ConcurrentLinkedQueue<Runnable>()

    /** Do [work] in its turn, or between the tiles of other work if it is [urgent]; tell [listener] on [executor]. */
    fun <T> submit(urgent: Boolean, executor: Executor, listener: Listener<T>, work: (cancelled: () -> Boolean) -> T): Task {
        val cancelled = AtomicBoolean()
        val all = Runnable {
            val ended = try {
                if (cancelled.get()) throw CancellationException("cancelled before it began")
                val result = work(cancelled::get)
                Runnable { listener.done(result) }
            } catch (error: OutOfMemoryError) {
                Runnable { listener.failed(NotEnoughMemoryException(error)) }
            } catch (error: Throwable) {
                Runnable { listener.failed(error) }
            }
            executor.execute(ended)
        }
        try {
            if (urgent) this.urgent += all
            thread.execute(if (urgent) Runnable(::runUrgent) else all)
        } catch (_: RejectedExecutionException) {
            this.urgent -= all
            executor.execute { listener.failed(ClosedException()) }
        }
        return Task { cancelled.set(true) }
    }

    /** On the thread: do the urgent work that waits. */
    fun runUrgent() {
        while (true) (urgent.poll() ?: return).run()
    }

    /** Finish what was submitted, do [last] and end. */
    fun close(last: () -> Unit) {
        try {
            thread.execute {
                runUrgent()
                last()
            }
            thread.shutdown()
        } catch (_: RejectedExecutionException) {
            // closed before
        }
    }
}
