package dev.srganedge.demo

import android.app.Activity
import android.content.ClipData
import android.content.Intent
import android.graphics.BitmapFactory
import android.graphics.Matrix
import android.graphics.SurfaceTexture
import android.net.Uri
import android.os.Looper
import android.os.SystemClock
import android.provider.MediaStore
import android.view.KeyEvent
import android.view.MotionEvent
import android.view.Surface
import android.view.TextureView
import android.view.View
import android.widget.TextView
import dev.srganedge.engine.Backend
import java.io.File
import java.util.concurrent.CountDownLatch
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowDisplayManager

@RunWith(AppRunner::class)
@Config(application = FakeApplication::class, qualifiers = "w400dp-h800dp-port-mdpi")
class CameraActivityTest : CameraTest() {
    @Test
    fun `a frame is enlarged and shown beside the plain one`() {
        val activity = launch().get()
        assertFalse(activity.isShown(R.id.panel))
        activity.firstFrame()
        fake.fakeCamera.frame() // now the side is the model's
        until("a frame of the model's size") { activity.pane(R.id.plain).width == 100 }
        val (plain, enlarged) = listOf(R.id.plain, R.id.enlarged).map { activity.pane(it) }
        assertEquals(listOf(100, 100, 400, 400), listOf(plain.width, plain.height, enlarged.width, enlarged.height))
        for ((x, y) in listOf(0 to 0, 99 to 0, 0 to 99, 99 to 99)) {
            assertEquals(plain.getPixel(x, y), enlarged.getPixel(4 * x + 2, 4 * y + 2))
        }
        // The sensor's left is the upright picture's top, and the fake camera's left is dark.
        assertTrue((plain.getPixel(50, 0) and 0xFF) + 80 < (plain.getPixel(50, 99) and 0xFF))
        assertTrue(activity.overlay(), activity.overlay().startsWith("edge-l-real-x4 · GPU · "))
        assertEquals(listOf("edge-l-real-x4-fp16 on GPU", "edge-l-real-x4-fp16 on CPU"), fake.fakeRuntime.opened.toList())
    }

    @Test
    fun `what is told in detail is told after a tap`() {
        val activity = launch().get()
        activity.firstFrame()
        activity.view<View>(R.id.overlay).performClick()
        SystemClock.setCurrentTimeMillis(SystemClock.uptimeMillis() + 1000)
        fake.fakeCamera.frame()
        until("the details", { activity.overlay() }) { activity.overlay().startsWith("edge-l-real-x4, FP16, on the GPU\nmedian/p90 in ms: before ") }
    }

    @Test
    fun `bitmaps on the screen are not written to, and none are made anew`() {
        val activity = launch().get()
        activity.firstFrame()
        val seen = mutableListOf<android.graphics.Bitmap>()
        repeat(6) {
            val before = activity.pane(R.id.enlarged)
            fake.fakeCamera.frame()
            until("the next frame") { activity.pane(R.id.enlarged) !== before }
            seen += activity.pane(R.id.enlarged)
        }
        assertTrue("${seen.distinct().size} bitmaps", seen.takeLast(4).distinct().size == 2)
    }

    @Test
    fun `fingers zoom, focus and light`() {
        val controller = launch()
        val activity = controller.get()
        activity.firstFrame()
        val magnifier = activity.view<MagnifierView>(R.id.magnifier)
        val centre = magnifier.centreX to magnifier.centreY
        magnifier.pinch(200f, 200f, 200f, 600f, leftRests = true)
        assertEquals(3f, fake.fakeCamera.zoom, 0.6f)
        assertEquals("two fingers do not drag", centre, magnifier.centreX to magnifier.centreY)
        assertEquals("%.1f ×".format(fake.fakeCamera.zoom), activity.view<TextView>(R.id.zoom).text)
        magnifier.pinched(100f)
        assertEquals("no further than the camera can", 8f, fake.fakeCamera.zoom, 0f)
        activity.view<View>(R.id.zoom).performClick()
        assertEquals(1f, fake.fakeCamera.zoom, 0f)
        activity.view<View>(R.id.torch).performClick()
        assertTrue(fake.fakeCamera.torch && activity.view<View>(R.id.torch).isActivated)
        assertEquals("Light, on", activity.view<View>(R.id.torch).contentDescription)
        // A camera that starts anew has forgotten both.
        activity.view<View>(R.id.zoom).performClick()
        controller.pause().resume()
        assertTrue(fake.fakeCamera.torch)
        assertEquals(2f, fake.fakeCamera.zoom, 0f)
        // A tap at the upright picture's bottom is at the right of the sensor's.
        touch(magnifier, magnifier.width * 0.5f, magnifier.height * 0.9f)
        until("the focus") { fake.fakeCamera.focus != null }
        val (x, y) = requireNotNull(fake.fakeCamera.focus)
        assertTrue("$x, $y", x > 0.75f && y in 0.4f..0.6f)
        assertTrue("the magnifier is there, too", magnifier.centreY > 0.7f)
    }

    private fun touch(view: View, x: Float, y: Float) {
        val now = SystemClock.uptimeMillis()
        view.onTouchEvent(MotionEvent.obtain(now, now, MotionEvent.ACTION_DOWN, x, y, 0))
        view.onTouchEvent(MotionEvent.obtain(now, now + 20, MotionEvent.ACTION_UP, x, y, 0))
    }

    @Test
    fun `a finger drags the magnifier, all of which stays within`() {
        val activity = launch().get()
        activity.firstFrame()
        fake.fakeCamera.frame()
        until("the model's side") { activity.pane(R.id.plain).width == 100 }
        val view = activity.view<MagnifierView>(R.id.magnifier)
        val now = SystemClock.uptimeMillis()
        view.onTouchEvent(MotionEvent.obtain(now, now, MotionEvent.ACTION_DOWN, 200f, 200f, 0))
        for (step in 1..10) view.onTouchEvent(MotionEvent.obtain(now, now + 10 * step, MotionEvent.ACTION_MOVE, 200f - 20 * step, 200f - 20 * step, 0))
        assertEquals("its left edge is the view's", view.side / 2, view.centreX * view.width, 1f)
        assertEquals(view.side / 2, view.centreY * view.height, 1f)
    }

    @Test
    fun `a camera that faces the user is shown as a mirror in both panes`() {
        fake.fakeCamera.facts = CameraFacts(FakeCamera.WIDTH, FakeCamera.HEIGHT, 270, true, 1f, false)
        val activity = launch().get()
        activity.firstFrame()
        assertEquals(listOf(-1f, -1f), listOf(R.id.plain, R.id.enlarged).map { activity.view<View>(it).scaleX })
        assertFalse(activity.isShown(R.id.torch) || activity.isShown(R.id.zoom))
    }

    @Test
    fun `the preview is arranged anew when the display turns by half`() {
        val activity = launch().get()
        val preview = activity.view<TextureView>(R.id.preview)
        val before = Matrix().also(preview::getTransform)
        assertFalse("a camera's frame does not fit by itself", before.isIdentity)
        preview.setTransform(Matrix())
        shadowOf(requireNotNull(preview.display)).setRotation(Surface.ROTATION_180)
        activity.onDisplayChanged(0)
        val after = Matrix().also(preview::getTransform)
        assertFalse(after.isIdentity || after == before)
    }

    @Test
    fun `a display that changes is told to the screen`() {
        val activity = launch().get()
        val preview = activity.view<TextureView>(R.id.preview)
        preview.setTransform(Matrix())
        ShadowDisplayManager.changeDisplay(requireNotNull(preview.display).displayId, "w400dp-h800dp-port-night-mdpi")
        shadowOf(Looper.getMainLooper()).idle()
        assertFalse(Matrix().also(preview::getTransform).isIdentity)
    }

    @Test
    fun `a preview that goes stops the camera, and is freed after it`() {
        val activity = launch().get()
        val surface = SurfaceTexture(0)
        assertFalse("the camera may still draw", activity.onSurfaceTextureDestroyed(surface))
        assertNull(fake.fakeCamera.events)
    }

    @Test
    fun `a GPU that cannot be created leaves the CPU`() {
        fake.fakeRuntime.atCreation[Backend.GPU] = UnsatisfiedLinkError("libOpenCL.so not found\nat line 1")
        val activity = launch().get()
        activity.firstFrame()
        assertTrue(activity.overlay(), activity.overlay().startsWith("edge-l-real-x4 · CPU · "))
        assertEquals("libOpenCL.so not found", fake.resolvers.open(fake.wishes.wish).get().refusals.single().reason)
    }

    @Test
    fun `a GPU that fails at its first run leaves the CPU`() {
        fake.fakeRuntime.atRun[Backend.GPU] = { throw IllegalStateException("clEnqueueNDRangeKernel: out of resources") }
        val activity = launch().get()
        activity.firstFrame()
        assertTrue(activity.overlay(), activity.overlay().startsWith("edge-l-real-x4 · CPU · "))
        assertEquals("clEnqueueNDRangeKernel: out of resources", fake.resolvers.open(fake.wishes.wish).get().refusals.single().reason)
    }

    @Test
    fun `what not even the CPU runs is said and not tried again`() {
        fake.fakeRuntime.atCreation += Backend.entries.associateWith { IllegalArgumentException("not a model") }
        val activity = launch().get()
        fake.fakeCamera.frame()
        until("the error") { activity.overlay() == "That failed: not a model" }
        fake.fakeCamera.frame()
        Thread.sleep(300) // it would be opened on a thread of its own
        shadowOf(Looper.getMainLooper()).idle()
        assertEquals(2, fake.fakeRuntime.opened.size)
    }

    @Test
    fun `strength is taken`() {
        fake.wishes.wish = fake.wishes.wish.copy(model = "edge-m-real-gan-x4", strength = 25)
        fake.fakeRuntime.black += "edge-m-real-gan-x4-fp16"
        val activity = launch().get()
        activity.firstFrame()
        assertTrue(activity.overlay(), activity.overlay().startsWith("edge-m-real-gan-x4 at 25 % · GPU"))
        fun middle(pane: Int) = activity.pane(pane).run { getPixel(width / 2, height / 2) and 0xFF }
        // The faithful network repeats pixels, the one for looks makes all black.
        assertEquals(0.75f * middle(R.id.plain), middle(R.id.enlarged).toFloat(), 1f)
    }

    @Test
    fun `a model that was closed meanwhile is no failure`() {
        val activity = launch().get()
        activity.firstFrame()
        fake.resolvers.open(fake.wishes.wish).get().close()
        fake.fakeCamera.frame()
        shadowOf(Looper.getMainLooper()).idle()
        assertFalse(activity.overlay(), "closed" in activity.overlay())
        fake.resolvers.release()
        val before = activity.pane(R.id.enlarged)
        fake.fakeCamera.frame()
        until("the next frame") { activity.pane(R.id.enlarged) !== before }
    }

    @Test
    fun `frames that come too soon are dropped and counted`() {
        val go = CountDownLatch(1)
        val activity = launch().get()
        activity.view<View>(R.id.overlay).performClick()
        fake.fakeRuntime.atRun[Backend.GPU] = { go.await() }
        repeat(5) { fake.fakeCamera.frame() }
        go.countDown()
        until("an enlarged frame", { activity.overlay() }) { "Frames dropped: 4" in activity.overlay() }
    }

    @Test
    fun `little memory closes the model and the next frame opens it again`() {
        val activity = launch().get()
        activity.firstFrame()
        fake.onTrimMemory(80)
        until("the model to be closed") { "edge-l-real-x4-fp16 on GPU" in fake.fakeRuntime.closed }
        val before = fake.fakeRuntime.opened.size
        fake.fakeCamera.frame()
        until("the model to be opened again") { fake.fakeRuntime.opened.size > before }
    }

    @Test
    fun `turning the phone keeps the magnifier's place`() {
        val controller = launch()
        val magnifier = controller.get().view<MagnifierView>(R.id.magnifier)
        controller.get().view<View>(R.id.zoom).performClick()
        magnifier.centre(0.25f, 0.75f)
        assertTrue(magnifier.onKeyDown(KeyEvent.KEYCODE_DPAD_RIGHT, KeyEvent(KeyEvent.ACTION_DOWN, KeyEvent.KEYCODE_DPAD_RIGHT)))
        assertTrue(magnifier.performAccessibilityAction(R.id.move_up, null))
        RuntimeEnvironment.setQualifiers("+land")
        controller.configurationChange()
        val turned = controller.get().view<MagnifierView>(R.id.magnifier)
        assertTrue(turned !== magnifier)
        assertEquals(0.3f, turned.centreX, 0.02f)
        assertEquals(0.7f, turned.centreY, 0.02f)
        controller.get().surfaceArrives()
        assertNotNull(fake.fakeCamera.events)
        assertEquals("the zoom, too", 2f, fake.fakeCamera.zoom, 0f)
    }

    @Test
    fun `the shutter keeps a whole frame, upright, and shows it`() {
        val activity = launch().get()
        activity.firstFrame()
        activity.view<View>(R.id.shutter).performClick()
        fake.fakeCamera.frame()
        var shown: Intent? = null
        until("the photo's screen") { shadowOf(activity).nextStartedActivity?.also { shown = it } != null }
        assertEquals(PhotoActivity::class.java.name, shown?.component?.className)
        val taken = BitmapFactory.decodeFile(requireNotNull(shown?.data?.path))
        assertEquals(FakeCamera.HEIGHT to FakeCamera.WIDTH, taken.width to taken.height)
        fake.fakeCamera.frame()
        until("the next frame") { activity.view<View>(R.id.shutter).isEnabled }
        assertNull("one touch, one photo", shadowOf(activity).nextStartedActivity)
        for (y in listOf(20, 63, 64, 65, 150, 230)) assertEquals("$y", y.coerceIn(16, 235).toFloat(), (taken.getPixel(100, y) and 0xFF).toFloat(), 2f)
    }

    @Test
    fun `a touch that the screen was left after takes no photo`() {
        val controller = launch()
        controller.get().firstFrame()
        controller.get().view<View>(R.id.shutter).performClick()
        assertFalse("until it has", controller.get().view<View>(R.id.shutter).isEnabled)
        controller.pause().resume()
        controller.get().surfaceArrives()
        fake.fakeCamera.frame()
        until("a frame") { controller.get().view<View>(R.id.shutter).isEnabled }
        assertNull(shadowOf(controller.get()).nextStartedActivity)
    }

    @Test
    fun `photos that were taken long ago are removed from the cache at the start`() {
        val (old, young) = listOf("old", "young").map { File(fake.cacheDir, "${CameraActivity.TAKEN}$it.jpg").apply { writeText("a photo") } }
        old.setLastModified(System.currentTimeMillis() - 90_000_000)
        fake.onCreate()
        until("the removal") { !old.exists() }
        assertTrue(young.exists())
    }

    @Test
    fun `without an app that shows photos that is said`() {
        val activity = launch().get()
        shadowOf(fake).checkActivities(true)
        activity.view<View>(R.id.gallery).performClick()
        assertEquals("No app on this device does that.", org.robolectric.shadows.ShadowToast.getTextOfLatestToast())
    }

    @Test
    fun `a picked photo is opened, several are saved`() {
        val activity = launch().get()
        activity.view<View>(R.id.gallery).performClick()
        val pick = shadowOf(activity).nextStartedActivityForResult
        assertEquals(MediaStore.ACTION_PICK_IMAGES, pick.intent.action)
        assertTrue("more than one", pick.intent.getIntExtra(MediaStore.EXTRA_PICK_IMAGES_MAX, 1) > 1)
        val photo = Uri.parse("content://photos/1")
        shadowOf(activity).receiveResult(pick.intent, Activity.RESULT_OK, Intent().setData(photo))
        val shown = shadowOf(activity).nextStartedActivity
        assertEquals(PhotoActivity::class.java.name, shown.component?.className)
        assertEquals(photo, shown.data)
        assertTrue(shown.flags and Intent.FLAG_GRANT_READ_URI_PERMISSION != 0)
        activity.view<View>(R.id.gallery).performClick()
        val several = ClipData.newRawUri(null, photo).apply { addItem(ClipData.Item(Uri.parse("content://photos/2"))) }
        shadowOf(activity).receiveResult(shadowOf(activity).nextStartedActivityForResult.intent, Activity.RESULT_OK, Intent().apply { clipData = several })
        assertEquals(2, shadowOf(activity).nextStartedActivity.clipData?.itemCount)
    }
}
