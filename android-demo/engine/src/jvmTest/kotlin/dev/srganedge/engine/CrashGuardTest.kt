package dev.srganedge.engine

import android.app.ActivityManager
import android.app.ApplicationExitInfo
import android.os.Build
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [29, 35])
class CrashGuardTest {
    private val context = RuntimeEnvironment.getApplication()

    @Test
    fun `how a process ended is asked of the system, from Android 11 on`() {
        if (Build.VERSION.SDK_INT < 30) return assertNull(CrashGuard.crashed(context, 100))
        val ends = listOf(
            Triple(ApplicationExitInfo.REASON_CRASH_NATIVE, 11, true),
            Triple(ApplicationExitInfo.REASON_ANR, 0, true),
            Triple(ApplicationExitInfo.REASON_SIGNALED, 7, true),
            Triple(ApplicationExitInfo.REASON_SIGNALED, 9, false), // by the system, or whoever closes apps
            Triple(ApplicationExitInfo.REASON_LOW_MEMORY, 0, false),
            Triple(ApplicationExitInfo.REASON_USER_REQUESTED, 0, false),
        )
        val manager = shadowOf(requireNotNull(context.getSystemService(ActivityManager::class.java)))
        @Suppress("DEPRECATION") // what replaces it takes ten lines
        ends.forEachIndexed { index, (reason, status, _) -> manager.addApplicationExitInfo(context.packageName, 100 + index, reason, status) }
        assertEquals(ends.map { it.third }, ends.indices.map { CrashGuard.crashed(context, 100 + it) })
        assertNull("it is not known", CrashGuard.crashed(context, 99))
    }
}
