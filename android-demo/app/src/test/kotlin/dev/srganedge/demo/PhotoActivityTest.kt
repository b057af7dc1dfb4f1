package dev.srganedge.demo

import android.Manifest.permission
import android.content.ClipData
import android.content.Intent
import android.content.pm.PackageManager
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Color
import android.media.ExifInterface
import android.net.Uri
import android.os.Looper
import android.provider.MediaStore
import android.view.View
import android.widget.Button
import dev.srganedge.engine.Backend
import java.time.Duration
import java.io.File
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

@RunWith(AppRunner::class)
@Config(application = FakeApplication::class, qualifiers = "w400dp-h800dp-port-mdpi")
class PhotoActivityTest : PhotoTest() {
    @Test
    fun `a turned photo is saved upright, as a JPEG with its date and place`() {
        // Turned a quarter clockwise to be seen, the bottom left of the file is the top left of the photo.
        val activity = launch(photo(120, 80, ExifInterface.ORIENTATION_ROTATE_90) { x, y -> x < 60 && y >= 40 }).get()
        activity.ready()
        assertTrue(activity.status(), activity.status().startsWith("80\u00A0×\u00A0120 pixels become 320\u00A0×\u00A0480"))
        assertEquals("Save × 4", activity.view<Button>(R.id.save).text)
        activity.view<View>(R.id.save).performClick()
        val entry = activity.saved()
        assertEquals("holiday-x4.jpg", entry.values.getAsString(MediaStore.MediaColumns.DISPLAY_NAME))
        assertEquals("image/jpeg", entry.values.getAsString(MediaStore.MediaColumns.MIME_TYPE))
        assertEquals("Pictures/srgan-edge", entry.values.getAsString(MediaStore.MediaColumns.RELATIVE_PATH))
        assertTrue((entry.values.getAsLong(MediaStore.MediaColumns.DATE_TAKEN) ?: 0) > 1_700_000_000_000)
        val exif = ExifInterface(entry.file.path)
        assertEquals("2026:05:04 03:02:01", exif.getAttribute(ExifInterface.TAG_DATETIME_ORIGINAL))
        assertEquals("52/1,31/1,12/1", exif.getAttribute(ExifInterface.TAG_GPS_LATITUDE))
        assertEquals("all of it, not what is known here alone", "5", exif.getAttribute(ExifInterface.TAG_METERING_MODE))
        assertEquals(ExifInterface.ORIENTATION_NORMAL, exif.getAttributeInt(ExifInterface.TAG_ORIENTATION, 0))
        val saved = BitmapFactory.decodeFile(entry.file.path)
        assertEquals(320 to 480, saved.width to saved.height)
        for ((x, y) in listOf(20 to 20, 300 to 20, 20 to 460, 300 to 460)) {
            val colour = saved.getPixel(x, y)
            val red = x < 160 && y < 240
            assertTrue("$x, $y: ${Integer.toHexString(colour)}", (Color.red(colour) > 200) == red && (Color.blue(colour) > 200) != red)
        }
    }

    @Test
    fun `a PNG for those who want it, whose every pixel is what was seen`() {
        fake.wishes.wish = fake.wishes.wish.copy(png = true)
        val activity = launchAndLook(photo(300, 200) { x, y -> (x / 7 + y / 5) % 2 == 0 }).get()
        val compare = activity.view<CompareView>(R.id.compare)
        compare.restore(210f, 60f, 4f)
        until("the new detail") { compare.detail?.region?.run { left > 100 && width < 150 } == true }
        activity.view<View>(R.id.save).performClick()
        val entry = activity.saved()
        assertEquals("holiday-x4.png", entry.values.getAsString(MediaStore.MediaColumns.DISPLAY_NAME))
        assertEquals(listOf(0x89, 0x50, 0x4E, 0x47), entry.file.bytesOfType())
        val saved = BitmapFactory.decodeFile(entry.file.path)
        val detail = requireNotNull(compare.detail)
        assertEquals(detail.region.width to detail.region.height, detail.plain.width to detail.plain.height)
        for (y in 0 until detail.enlarged.height step 9) for (x in 0 until detail.enlarged.width step 7) {
            assertEquals(saved.getPixel(4 * detail.region.left + x, 4 * detail.region.top + y), detail.enlarged.getPixel(x, y))
        }
    }

    @Test
    fun `what is on the screen is looked at anew while a photo is saved`() {
        val activity = launchAndLook().get()
        val go = CountDownLatch(1)
        var runs = 0
        fake.fakeRuntime.atRun[Backend.GPU] = { if (++runs == 2) go.await() }
        activity.view<View>(R.id.save).performClick()
        until("the saving") { activity.status().contains("1 of 6 tiles") }
        val compare = activity.view<CompareView>(R.id.compare)
        compare.restore(50f, 50f, 8f)
        val region = requireNotNull(compare.detail).region
        go.countDown()
        until("the new detail") { compare.detail?.region != region }
        activity.saved()
    }

    @Test
    fun `the newest place is what is shown, whatever was asked for before`() {
        val activity = launchAndLook().get()
        val (go, end) = CountDownLatch(1) to CountDownLatch(1)
        val runs = AtomicInteger()
        fake.fakeRuntime.atRun[Backend.GPU] = { if (runs.incrementAndGet() == 1) go.await() else end.await() }
        val compare = activity.view<CompareView>(R.id.compare)
        val before = compare.detail
        compare.restore(60f, 60f, 12f)
        until("the first look") { runs.get() == 1 }
        compare.restore(200f, 140f, 12f)
        shadowOf(Looper.getMainLooper()).idle()
        go.countDown()
        until("the second look") { runs.get() == 2 }
        shadowOf(Looper.getMainLooper()).idle()
        assertSame("the first is not wanted any more", before, compare.detail)
        end.countDown()
        until("the detail") { compare.detail?.region?.let { 200 in it.left..it.left + it.width && it.width < 40 } == true }
    }

    @Test
    fun `a look that fails is said, does not end a saving, and may be tried again`() {
        val activity = launchAndLook().get()
        fake.fakeRuntime.atRun[Backend.GPU] = { throw IllegalStateException("clFlush failed") }
        val compare = activity.view<CompareView>(R.id.compare)
        compare.restore(60f, 60f, 8f)
        until("the failure", { activity.status() }) { "The model failed: clFlush failed" in activity.status() }
        fake.fakeRuntime.atRun.clear()
        compare.restore(60f, 60f, 8f)
        until("the detail") { compare.detail?.region?.let { it.left < 60 && it.width < 60 } == true }
        assertFalse("failed" in activity.status())
        // The same place by another wish: what was made before does not stand for it.
        val before = compare.detail
        fake.wishes.wish = fake.wishes.wish.copy(png = true)
        fake.fakeRuntime.atRun[Backend.GPU] = { throw IllegalStateException("clFlush failed") }
        compare.restore(60f, 60f, 8f)
        until("the failure", { activity.status() }) { "The model failed" in activity.status() }
        fake.fakeRuntime.atRun.clear()
        compare.restore(60f, 60f, 8f)
        until("a look by the new wish") { compare.detail !== before }
    }

    @Test
    fun `cancelled half-way nothing is left`() {
        val activity = launchAndLook().get()
        val half = CountDownLatch(1)
        val go = CountDownLatch(1)
        var runs = 0
        fake.fakeRuntime.atRun[Backend.GPU] = {
            if (++runs == 4) {
                half.countDown()
                go.await()
            }
        }
        activity.view<View>(R.id.save).performClick()
        half.await()
        until("progress", { activity.status() }) { "3 of 6 tiles" in activity.status() }
        assertEquals("Cancel", activity.view<Button>(R.id.save).text)
        assertEquals(1, store.entries.size)
        activity.view<View>(R.id.save).performClick()
        go.countDown()
        until("the cancellation", { activity.status() }) { "Cancelled; nothing was saved." in activity.status() }
        assertEquals(0, store.entries.size)
        assertEquals(4, runs)
        assertEquals(View.GONE, activity.view<View>(R.id.share).visibility)
    }

    @Test
    fun `turning the phone keeps the place, the divider and the work`() {
        val controller = launchAndLook()
        val before = controller.get().view<CompareView>(R.id.compare)
        before.restore(80f, 60f, 9f)
        before.divider = 0.25f
        val go = CountDownLatch(1)
        fake.fakeRuntime.atRun[Backend.GPU] = { go.await() }
        controller.get().view<View>(R.id.save).performClick()
        RuntimeEnvironment.setQualifiers("+land")
        controller.configurationChange()
        val after = controller.get().view<CompareView>(R.id.compare)
        assertTrue(after !== before)
        assertEquals("Cancel", controller.get().view<Button>(R.id.save).text)
        assertEquals(listOf(80f, 9f, 0.25f), listOf(after.centreX, after.zoom, after.divider))
        go.countDown()
        controller.get().saved()
        controller.visible()
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(100)) // laid out
        after.restore(220f, 140f, 9f)
        until("a look after the turn") { after.detail?.region?.let { it.left > 100 } == true }
    }

    @Test
    fun `leaving the screen does not end the saving`() {
        val controller = launchAndLook()
        val go = CountDownLatch(1)
        fake.fakeRuntime.atRun[Backend.GPU] = { go.await() }
        controller.get().view<View>(R.id.save).performClick()
        assertEquals(SaveService::class.java.name, shadowOf(fake).nextStartedService.component?.className)
        val recycled = WorkingRegionDecoder.recycled
        controller.pause().stop().destroy()
        until("the photo to be closed") { WorkingRegionDecoder.recycled > recycled }
        go.countDown()
        until("the saved photo") { store.published.size == 1 }
    }

    @Test
    fun `the result is opened and shared`() {
        val activity = launchAndLook().get()
        activity.view<View>(R.id.save).performClick()
        activity.saved()
        until("the buttons") { activity.view<View>(R.id.open).visibility == View.VISIBLE }
        activity.view<View>(R.id.open).performClick()
        val opened = shadowOf(activity).nextStartedActivity
        assertEquals(Intent.ACTION_VIEW to "image/*", opened.action to opened.type)
        assertEquals(MediaStore.AUTHORITY, opened.data?.authority)
        assertTrue(opened.flags and Intent.FLAG_GRANT_READ_URI_PERMISSION != 0)
        activity.view<View>(R.id.share).performClick()
        @Suppress("DEPRECATION")
        val shared = requireNotNull(shadowOf(activity).nextStartedActivity.getParcelableExtra<Intent>(Intent.EXTRA_INTENT))
        @Suppress("DEPRECATION")
        assertEquals(opened.data, shared.getParcelableExtra<Uri>(Intent.EXTRA_STREAM))
    }

    @Test
    fun `too little memory is said`() {
        val activity = launch(photo(100, 100)).get()
        activity.ready()
        fake.resolvers.release()
        for (backend in Backend.entries) fake.fakeRuntime.atRun[backend] = { throw OutOfMemoryError() }
        activity.view<View>(R.id.save).performClick()
        until("the notice", { activity.status() }) { "There is not enough memory for this photo." in activity.status() }
        assertEquals(0, store.entries.size)
    }

    @Test
    fun `what is no photo is said`() {
        val file = folder.newFile("notes.txt").apply { writeText("not a photo") }
        val activity = launch(others.add("notes.txt", file)).get()
        until("the notice", { activity.status() }) { "This photo cannot be read: not an image" in activity.status() }
        assertFalse(activity.view<Button>(R.id.save).isEnabled)
    }

    @Test
    fun `a photo that another app shares, and several of them`() {
        val one = Intent(Intent.ACTION_SEND).setType("image/jpeg").putExtra(Intent.EXTRA_STREAM, photo(60, 40))
        val activity = Robolectric.buildActivity(PhotoActivity::class.java, one).setup().get()
        activity.ready()
        val shared = Intent(Intent.ACTION_SEND_MULTIPLE).setType("image/jpeg")
            .putParcelableArrayListExtra(Intent.EXTRA_STREAM, arrayListOf(photo(30, 20, name = "c.jpg"), photo(20, 30, name = "d.jpg")))
        val two = Robolectric.buildActivity(PhotoActivity::class.java, shared).setup().get()
        assertEquals("what has to be asked comes first", 0, fake.jobs.all.size)
        val asked = shadowOf(two).lastRequestedPermission
        assertEquals(listOf(permission.POST_NOTIFICATIONS), asked.requestedPermissions.toList())
        two.onRequestPermissionsResult(asked.requestCode, asked.requestedPermissions, intArrayOf()) // turned meanwhile
        assertEquals(0, fake.jobs.all.size)
        two.onRequestPermissionsResult(asked.requestCode, asked.requestedPermissions, intArrayOf(PackageManager.PERMISSION_DENIED))
        assertTrue(two.isFinishing)
        until("their names") { fake.jobs.all.map { it.name } == listOf("c", "d") }
        until("what was shared") { store.published.size == 2 }
        val several = ClipData.newRawUri(null, photo(30, 20, name = "a.jpg")).apply { addItem(ClipData.Item(photo(20, 30, name = "b.jpg"))) }
        val many = Robolectric.buildActivity(PhotoActivity::class.java, Intent().apply { clipData = several }).setup().get()
        assertTrue(many.isFinishing)
        assertEquals(QueueActivity::class.java.name, shadowOf(many).nextStartedActivity.component?.className)
        until("both") { store.published.size == 4 && fake.jobs.running.isEmpty() }
        assertEquals(listOf("c-x4.jpg", "d-x4.jpg", "a-x4.jpg", "b-x4.jpg"), store.published.map { it.values.getAsString(MediaStore.MediaColumns.DISPLAY_NAME) })
    }

    @Test
    fun `no other app has the app's own files saved, or ends it by an address`() {
        val own = File(fake.cacheDir, "camera-1.jpg").apply { writeText("a photo") }
        val shared = Intent(Intent.ACTION_SEND_MULTIPLE).setType("image/jpeg")
            .putParcelableArrayListExtra(Intent.EXTRA_STREAM, arrayListOf(Uri.fromFile(own), photo(30, 20)))
        shadowOf(fake).grantPermissions(permission.POST_NOTIFICATIONS)
        assertTrue(Robolectric.buildActivity(PhotoActivity::class.java, shared).setup().get().isFinishing)
        assertEquals(listOf("content"), fake.jobs.all.map { it.address.scheme })
        until("it") { fake.jobs.running.isEmpty() }
    }

    @Test
    fun `a photo is looked at anew when its model was closed meanwhile`() {
        val activity = launchAndLook().get()
        val compare = activity.view<CompareView>(R.id.compare)
        val go = CountDownLatch(1)
        fake.resolvers.release()
        fake.fakeRuntime.atRun[Backend.GPU] = { go.await() }
        compare.restore(60f, 60f, 8f)
        fake.resolvers.release() // it is closed as soon as it is open
        go.countDown()
        until("the detail", { activity.status() }) { compare.detail?.region?.let { it.left < 60 && it.width < 60 } == true }
    }

    @Test
    fun `strength is taken, in the look and in what is saved, and a look is made anew for it`() {
        fake.wishes.wish = fake.wishes.wish.copy(model = "edge-m-real-gan-x4", png = true)
        fake.fakeRuntime.black += "edge-m-real-gan-x4-fp16"
        val activity = launchAndLook(photo(60, 40) { x, _ -> x < 30 }).get()
        val compare = activity.view<CompareView>(R.id.compare)
        fun red(bitmap: Bitmap) = Color.red(bitmap.getPixel(4, 4))
        val before = requireNotNull(compare.detail)
        assertEquals(0, red(before.enlarged))
        fake.wishes.wish = fake.wishes.wish.copy(strength = 50)
        compare.restore(compare.centreX, compare.centreY)
        until("a look with the new strength") { compare.detail !== before }
        val half = red(requireNotNull(compare.detail).run { assertEquals(before.region, region); enlarged })
        assertEquals(red(before.plain) / 2f, half.toFloat(), 1f)
        assertTrue(activity.status(), "edge-m-real-gan-x4 at 50 %, FP16, on the GPU" in activity.status())
        activity.view<View>(R.id.save).performClick()
        assertEquals(half, red(BitmapFactory.decodeFile(activity.saved().file.path)))
    }

    @Test
    fun `a strength that was chosen for another model is kept for that one`() {
        fake.wishes.wish = fake.wishes.wish.copy(strength = 50)
        val activity = launchAndLook().get()
        assertTrue(activity.status(), "edge-l-real-x4, FP16, on the GPU" in activity.status())
        assertEquals(50, WishStore(fake, fake.models).wish.strength)
    }

    @Test
    fun `whether progress may be shown is asked once`() {
        val activity = launchAndLook().get()
        activity.view<View>(R.id.save).performClick()
        val asked = shadowOf(activity).lastRequestedPermission
        assertEquals(listOf(permission.POST_NOTIFICATIONS), asked.requestedPermissions.toList())
        activity.saved()
        activity.view<View>(R.id.save).performClick()
        assertSame(asked, shadowOf(activity).lastRequestedPermission)
        until("the second") { store.published.size == 2 }
    }
}
