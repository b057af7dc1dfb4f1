package dev.srganedge.demo

import android.Manifest.permission
import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.graphics.BitmapFactory
import android.graphics.drawable.BitmapDrawable
import android.net.Uri
import android.os.Looper
import android.provider.MediaStore
import android.view.KeyEvent
import android.view.View
import android.widget.ImageView
import android.widget.RadioGroup
import android.widget.TextView
import dev.srganedge.engine.Backend
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], application = FakeApplication::class, qualifiers = "w400dp-h800dp-port-mdpi")
class CameraActivityTest {
    private fun launch(allowed: Boolean = true): ActivityController<CameraActivity> {
        if (allowed) shadowOf(fake).grantPermissions(permission.CAMERA)
        return Robolectric.buildActivity(CameraActivity::class.java).setup().also { it.get().surfaceArrives() }
    }

    private fun CameraActivity.overlay() = view<TextView>(R.id.overlay).text.toString()

    private fun CameraActivity.firstFrame() {
        fake.fakeCamera.frame()
        until("an enlarged frame") { "ms" in overlay() }
    }

    private fun CameraActivity.isShown(id: Int) = view<View>(id).visibility == View.VISIBLE

    @Test
    fun `a frame is enlarged and shown beside the plain one`() {
        val activity = launch().get()
        assertFalse(activity.isShown(R.id.panel))
        activity.firstFrame()
        fake.fakeCamera.frame() // now the side is the model's
        until("a frame of the model's size") { activity.pane(R.id.plain).width == 50 }
        val (plain, enlarged) = listOf(R.id.plain, R.id.enlarged).map { activity.pane(it) }
        assertEquals(listOf(50, 50, 200, 200), listOf(plain.width, plain.height, enlarged.width, enlarged.height))
        for ((x, y) in listOf(0 to 0, 49 to 0, 0 to 49, 49 to 49)) {
            assertEquals(plain.getPixel(x, y), enlarged.getPixel(4 * x + 2, 4 * y + 2))
        }
        // The sensor's left is the upright picture's top, and the fake camera's left is dark.
        assertTrue((plain.getPixel(25, 0) and 0xFF) + 40 < (plain.getPixel(25, 49) and 0xFF))
        assertTrue(activity.overlay(), activity.overlay().startsWith("edge-m-x4, FP16, on the GPU\nmedian/p90 in ms: pre "))
        assertEquals(listOf("edge-m-x4-fp16 on GPU", "edge-m-x4-fp16 on CPU"), fake.opened)
    }

    private fun CameraActivity.pane(id: Int) = (view<ImageView>(id).drawable as BitmapDrawable).bitmap

    @Test
    fun `permission is asked for once and its refusal explained`() {
        val controller = launch(allowed = false)
        val activity = controller.get()
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
    fun `a GPU that cannot be created leaves the CPU`() {
        fake.atCreation[Backend.GPU] = UnsatisfiedLinkError("libOpenCL.so not found\nat line 1")
        val activity = launch().get()
        activity.firstFrame()
        val said = activity.overlay()
        assertTrue(said, said.startsWith("edge-m-x4, INT8, on the CPU\nNot on the GPU: libOpenCL.so not found\nmedian"))
    }

    @Test
    fun `a GPU that fails at its first run leaves the CPU`() {
        fake.atRun[Backend.GPU] = { throw IllegalStateException("clEnqueueNDRangeKernel: out of resources") }
        val activity = launch().get()
        activity.firstFrame()
        val said = activity.overlay()
        assertTrue(said, "on the CPU\nNot on the GPU: clEnqueueNDRangeKernel: out of resources\n" in said)
    }

    @Test
    fun `what not even the CPU runs is said and not tried again`() {
        fake.atCreation += Backend.entries.associateWith { IllegalArgumentException("not a model") }
        val activity = launch().get()
        fake.fakeCamera.frame()
        until("the error") { activity.overlay() == "That failed: not a model" }
        fake.fakeCamera.frame()
        shadowOf(Looper.getMainLooper()).idle()
        assertEquals(2, fake.opened.size)
    }

    @Test
    fun `frames that come too soon are dropped and counted`() {
        fake.atRun[Backend.CPU] = { Thread.sleep(100) }
        val activity = launch().get()
        repeat(5) { fake.fakeCamera.frame() }
        until("an enlarged frame") { "Frames dropped: 4" in activity.overlay() }
    }

    @Test
    fun `a busy camera can be tried again`() {
        for ((problem, text) in mapOf(
            CameraProblem.BUSY to "Another app is using the camera.",
            CameraProblem.NONE to "This device has no camera. Photos of the gallery can be enlarged all the same.",
        )) {
            fake.fakeCamera.problem = problem
            val activity = launch().get()
            assertEquals(text, activity.view<TextView>(R.id.message).text)
            fake.fakeCamera.problem = null
            activity.view<View>(R.id.action).performClick()
            assertFalse(activity.isShown(R.id.panel))
            assertNotNull(fake.fakeCamera.events)
        }
    }

    @Test
    fun `in the background the camera is given back`() {
        val controller = launch()
        controller.pause()
        assertNull(fake.fakeCamera.events)
        controller.resume()
        assertNotNull(fake.fakeCamera.events)
    }

    @Test
    fun `little memory closes the model and the next frame opens it again`() {
        val activity = launch().get()
        activity.firstFrame()
        val before = fake.opened.size
        fake.onTrimMemory(80)
        fake.fakeCamera.frame()
        until("the model to be opened again") { fake.opened.size > before }
    }

    @Test
    fun `turning the phone keeps the magnifier's place`() {
        val controller = launch()
        val magnifier = controller.get().view<MagnifierView>(R.id.magnifier)
        magnifier.centre(0.25f, 0.75f)
        assertTrue(magnifier.onKeyDown(KeyEvent.KEYCODE_DPAD_RIGHT, KeyEvent(KeyEvent.ACTION_DOWN, KeyEvent.KEYCODE_DPAD_RIGHT)))
        assertTrue(magnifier.performAccessibilityAction(R.id.move_up, null))
        RuntimeEnvironment.setQualifiers("+land")
        controller.configurationChange()
        val turned = controller.get().view<MagnifierView>(R.id.magnifier)
        assertTrue(turned !== magnifier)
        assertEquals(0.3f, turned.centreX, 1e-6f)
        assertEquals(0.7f, turned.centreY, 1e-6f)
        controller.get().surfaceArrives()
        assertNotNull(fake.fakeCamera.events)
    }

    @Test
    fun `the shutter saves what the model made`() {
        val store = FakeMediaStore.install()
        val activity = launch().get()
        activity.firstFrame()
        activity.view<View>(R.id.shutter).performClick()
        fake.fakeCamera.frame()
        until("a saved picture") { store.entries.values.any { it.values.getAsInteger(MediaStore.MediaColumns.IS_PENDING) == 0 } }
        val entry = store.entries.values.single()
        assertEquals("Pictures/srgan-edge", entry.values.getAsString(MediaStore.MediaColumns.RELATIVE_PATH))
        val saved = BitmapFactory.decodeFile(entry.file.path)
        assertEquals(200 to 200, saved.width to saved.height)
    }

    @Test
    fun `the model that was chosen is run`() {
        val settings = Robolectric.buildActivity(SettingsActivity::class.java).setup().get()
        val models = settings.view<RadioGroup>(R.id.models)
        val names = List(models.childCount) { (models.getChildAt(it) as TextView).text.toString() }
        assertEquals(listOf("edge-l-x4", "edge-m-gan-x4", "edge-m-x4", "edge-s-x4"), names)
        models.check(models.getChildAt(names.indexOf("edge-s-x4")).id)
        settings.view<View>(R.id.cpu).performClick()
        until("what runs") { "edge-s-x4, INT8, on the CPU" in settings.view<TextView>(R.id.status).text }
        val activity = launch().get()
        activity.firstFrame()
        assertTrue(activity.overlay(), activity.overlay().startsWith("edge-s-x4, INT8, on the CPU\n"))
    }

    @Test
    fun `a picked photo is opened`() {
        val activity = launch().get()
        activity.view<View>(R.id.gallery).performClick()
        val pick = shadowOf(activity).nextStartedActivityForResult
        assertEquals(Intent.ACTION_OPEN_DOCUMENT, pick.intent.action)
        val photo = Uri.parse("content://photos/1")
        shadowOf(activity).receiveResult(pick.intent, Activity.RESULT_OK, Intent().setData(photo))
        val shown = shadowOf(activity).nextStartedActivity
        assertEquals(PhotoActivity::class.java.name, shown.component?.className)
        assertEquals(photo, shown.data)
    }
}
