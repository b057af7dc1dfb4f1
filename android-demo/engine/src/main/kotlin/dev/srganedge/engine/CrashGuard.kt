package dev.srganedge.engine

import android.app.ActivityManager
import android.app.ApplicationExitInfo
import android.content.Context
import android.os.Build
import android.os.Process
import java.io.File
import java.util.UUID

/**
 * Remembers a backend whose trial ended the process: a crash in a driver cannot be caught, and would come back at each
 * start. While a backend is tried a file in [folder] says so; one that another process left there means that it ended
 * meanwhile: by a crash or, as a trial takes seconds, by the user, an update or want of memory. [crashed] tells which, by
 * the process's [id]; where it does not know, the second time counts as a crash.
 */
internal class CrashGuard(private val folder: File, private val id: Int = 0, private val crashed: (Int) -> Boolean? = { null }) {
    private class Mark(val process: String, val id: Int, val ends: Int)

    /** Whether the trial of [key] ended a process before. */
    fun crashed(key: String): Boolean = synchronized(LOCK) {
        val left = read(key)?.takeIf { it.process != PROCESS } ?: return false
        crashed(left.id) ?: (left.ends >= UNEXPLAINED)
    }

    /** Forget it. */
    fun forgive(key: String) {
        synchronized(LOCK) { file(key).delete() }
    }

    /** Do [work], which may end the process. */
    fun <T> trying(key: String, work: () -> T): T = synchronized(LOCK) {
        folder.mkdirs()
        val ends = 1 + (read(key)?.takeIf { it.process != PROCESS && crashed(it.id) == null }?.ends ?: 0)
        file(key).outputStream().use {
            it.write("$PROCESS $id $ends".toByteArray())
            it.fd.sync() // a crash may be the phone's
        }
        try {
            work()
        } finally {
            file(key).delete()
        }
    }

    private fun file(key: String) = File(folder, "trying-$key")

    private fun read(key: String): Mark? {
        val words = file(key).takeIf { it.exists() }?.readText()?.split(' ') ?: return null
        return Mark(words[0], words.getOrNull(1)?.toIntOrNull() ?: 0, words.getOrNull(2)?.toIntOrNull() ?: 1)
    }

    companion object {
        private val LOCK = Any()
        private val PROCESS = UUID.randomUUID().toString()
        private const val UNEXPLAINED = 2

        /** Whether a process of this app ended by a crash or because it hung; null if the system does not tell. */
        fun crashed(context: Context, process: Int): Boolean? {
            if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) return null
            val ends = context.getSystemService(ActivityManager::class.java)?.getHistoricalProcessExitReasons(context.packageName, process, 1)
            val end = ends?.firstOrNull() ?: return null
            return when (end.reason) {
                ApplicationExitInfo.REASON_CRASH_NATIVE, ApplicationExitInfo.REASON_ANR -> true
                ApplicationExitInfo.REASON_SIGNALED -> end.status != Process.SIGNAL_KILL
                else -> false
            }
        }
    }
}
