package dev.srganedge.engine

import java.io.File
import java.util.UUID

/**
 * Remembers a backend whose trial ended the process: a crash in a driver cannot be caught, and would come back at each
 * start. While a backend is tried a file in [folder] says so; one that another process left there means a crash.
 */
internal class CrashGuard(private val folder: File) {
    /** Whether the trial of [key] ended a process before. */
    fun crashed(key: String): Boolean = synchronized(LOCK) { mark(key).let { it.exists() && it.readText() != PROCESS } }

    /** Forget it. */
    fun forgive(key: String) {
        synchronized(LOCK) { mark(key).delete() }
    }

    /** Do [work], which may end the process. */
    fun <T> trying(key: String, work: () -> T): T = synchronized(LOCK) {
        folder.mkdirs()
        val mark = mark(key)
        mark.outputStream().use {
            it.write(PROCESS.toByteArray())
            it.fd.sync() // a crash may be the phone's
        }
        try {
            work()
        } finally {
            mark.delete()
        }
    }

    private fun mark(key: String) = File(folder, "trying-$key")

    private companion object {
        val LOCK = Any()
        val PROCESS = UUID.randomUUID().toString()
    }
}
