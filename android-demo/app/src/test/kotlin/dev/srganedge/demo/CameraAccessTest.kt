package dev.srganedge.demo

import android.Manifest.permission
import android.content.pm.PackageManager
import android.os.Looper
import android.view.View
import android.widget.TextView
import java.time.Duration
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** The camera as far as it is the app's to use: permission, other apps, the background. */
@RunWith(AppRunner::class)
@Config(application = FakeApplication::class, qualifiers = "w400dp-h800dp-port-mdpi")
class CameraAccessTest : CameraTest() {
    @Test
    fun `permission is asked for once and its refusal explained`() {
        val controller = launch(allowed = false)
        val activity = controller.get()
        assertFalse("nothing behind the system's question", activity.isShown(R.id.panel))
        val request = shadowOf(activity).lastRequestedPermission
        assertEquals(listOf(permission.CAMERA), request.requestedPermissions.toList())
        activity.onRequestPermissionsResult(
            request.requestCode, arrayOf(permission.CAMERA), intArrayOf(PackageManager.PERMISSION_DENIED),
        )
        assertTrue(activity.isShown(R.id.panel))
        assertEquals(0, fake.fakeCamera.starts)
        activity.view<View>(R.id.action).performClick() // the system would not ask a second time
        assertEquals("android.settings.APPLICATION_DETAILS_SETTINGS", shadowOf(activity).nextStartedActivity.action)
        // Given in the settings, from which the user comes back.
        controller.pause()
        shadowOf(fake).grantPermissions(permission.CAMERA)
        controller.resume()
        assertFalse(activity.isShown(R.id.panel))
        assertEquals(1, fake.fakeCamera.starts)
    }

    @Test
    fun `permission given at once`() {
        val activity = launch(allowed = false).get()
        shadowOf(fake).grantPermissions(permission.CAMERA)
        activity.onRequestPermissionsResult(
            CameraActivity.CAMERA, arrayOf(permission.CAMERA), intArrayOf(PackageManager.PERMISSION_GRANTED),
        )
        assertFalse(activity.isShown(R.id.panel))
        assertEquals(1, fake.fakeCamera.starts)
    }

    @Test
    fun `a busy camera can be tried again`() {
        for ((problem, text) in mapOf(
            CameraProblem.BUSY to "Another app is using the camera.",
            CameraProblem.NONE to "This device has no camera. Photos of the gallery can be enlarged all the same.",
        )) {
            fake.fakeCamera.problem = problem
            val activity = launch().get()
            shadowOf(Looper.getMainLooper()).idle()
            assertEquals(text, activity.view<TextView>(R.id.message).text)
            assertFalse(activity.view<View>(R.id.shutter).isEnabled)
            fake.fakeCamera.problem = null
            activity.view<View>(R.id.action).performClick()
            shadowOf(Looper.getMainLooper()).idle()
            assertFalse(activity.isShown(R.id.panel))
            assertNotNull(fake.fakeCamera.events)
        }
    }

    @Test
    fun `a camera that becomes free is tried again by itself`() {
        fake.fakeCamera.problem = CameraProblem.BUSY
        val activity = launch().get()
        shadowOf(Looper.getMainLooper()).idle()
        val starts = fake.fakeCamera.starts
        fake.fakeCamera.problem = null
        activity.available()
        shadowOf(Looper.getMainLooper()).idle()
        assertEquals("not at once, as a camera that was never taken is told of, too", starts, fake.fakeCamera.starts)
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(2))
        assertEquals(starts + 1, fake.fakeCamera.starts)
        assertFalse(activity.isShown(R.id.panel))
        activity.onTopResumedActivityChanged(true)
        assertEquals("it runs already", starts + 1, fake.fakeCamera.starts)
    }

    @Test
    fun `in the background the camera is given back`() {
        val controller = launch()
        controller.pause()
        assertNull(fake.fakeCamera.events)
        controller.resume()
        assertNotNull(fake.fakeCamera.events)
    }
}
