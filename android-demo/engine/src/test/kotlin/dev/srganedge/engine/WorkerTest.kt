package dev.srganedge.engine

import java.util.concurrent.CancellationException
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class WorkerTest {
    private val worker = Worker()
    private val said = CopyOnWriteArrayList<String>()
    private val ends = CountDownLatch(1)
    private val here = Executor { it.run() }

    private fun listener(name: String) = object : Listener<String> {
        override fun done(result: String) {
            said += "$name: $result"
        }

        override fun failed(error: Throwable) {
            said += "$name: ${error.javaClass.simpleName}"
        }
    }

    private fun finish() {
        worker.close { ends.countDown() }
        assertTrue(ends.await(20, TimeUnit.SECONDS))
    }

    @Test
    fun `urgent work goes between the tiles of long work`() {
        val begun = CountDownLatch(1)
        val go = CountDownLatch(1)
        worker.submit(false, here, listener("long")) {
            begun.countDown()
            go.await()
            worker.runUrgent()
            "done"
        }
        begun.await()
        worker.submit(false, here, listener("next")) { "done" }
        worker.submit(true, here, listener("urgent")) { "done" }
        go.countDown()
        finish()
        assertEquals(listOf("urgent: done", "long: done", "next: done"), said.toList())
    }

    @Test
    fun `what is cancelled before it begins is not begun`() {
        val go = CountDownLatch(1)
        worker.submit(false, here, listener("first")) { go.await(); "done" }
        worker.submit(false, here, listener("second")) { "done" }.cancel()
        go.countDown()
        finish()
        assertEquals(listOf("first: done", "second: CancellationException"), said.toList())
    }

    @Test
    fun `what is thrown is told, too little memory by its name`() {
        worker.submit(true, here, listener("a")) { throw OutOfMemoryError() }
        worker.submit(true, here, listener("b")) { throw CancellationException() }
        finish()
        assertEquals(listOf("a: NotEnoughMemoryException", "b: CancellationException"), said.toList())
    }

    @Test
    fun `closing finishes what was begun and takes no more`() {
        worker.submit(false, here, listener("before")) { "done" }
        finish()
        worker.close { said += "closed twice" }
        worker.submit(true, here, listener("after")) { "done" }
        assertEquals(listOf("before: done", "after: ClosedException"), said.toList())
    }
}
