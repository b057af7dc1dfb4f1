package dev.srganedge.demo

import android.content.Intent
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Color
import android.media.ExifInterface
import android.net.Uri
import android.provider.MediaStore
import android.view.View
import android.widget.Button
import android.widget.TextView
import dev.srganedge.engine.Backend
import java.io.File
import java.util.concurrent.CountDownLatch
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], application = FakeApplication::class, qualifiers = "w400dp-h800dp-port-mdpi")
class PhotoActivityTest {
    @get:Rule
    val folder = TemporaryFolder()
    private lateinit var store: FakeMediaStore

    @Before
    fun gallery() {
        store = FakeMediaStore.install()
    }

    /** Red where the upright photo is to have its top left quarter, in a file whose EXIF says [orientation]. */
    private fun photo(width: Int, height: Int, orientation: Int, red: (Int, Int) -> Boolean): File {
        val bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        for (y in 0 until height) for (x in 0 until width) bitmap.setPixel(x, y, if (red(x, y)) Color.RED else Color.BLUE)
        val file = folder.newFile("holiday.jpg")
        file.outputStream().use { bitmap.compress(Bitmap.CompressFormat.JPEG, 95, it) }
        ExifInterface(file.path).apply {
            setAttribute(ExifInterface.TAG_ORIENTATION, orientation.toString())
            saveAttributes()
        }
        return file
    }

    private fun launch(file: File): ActivityController<PhotoActivity> {
        val intent = Intent(fake, PhotoActivity::class.java).setData(Uri.fromFile(file))
        return Robolectric.buildActivity(PhotoActivity::class.java, intent).setup()
    }

    private fun PhotoActivity.status() = view<TextView>(R.id.status).text.toString()

    private fun PhotoActivity.ready() = until("the photo") { view<Button>(R.id.save).isEnabled }

    /** A plain photo of 24 tiles, opened, with what is seen of it enlarged. */
    private fun launchAndLook(): ActivityController<PhotoActivity> = launch(photo(300, 200, 1) { _, _ -> true }).also {
        it.get().ready()
        until("the detail") { it.get().view<CompareView>(R.id.compare).detail != null }
    }

    private fun published() = store.entries.values.filter { it.values.getAsInteger(MediaStore.MediaColumns.IS_PENDING) == 0 }

    @Test
    fun `a turned photo is saved upright`() {
        // Turned a quarter clockwise to be seen, the bottom left of the file is the top left of the photo.
        val activity = launch(photo(120, 80, ExifInterface.ORIENTATION_ROTATE_90) { x, y -> x < 60 && y >= 40 }).get()
        activity.ready()
        assertTrue(activity.status(), activity.status().startsWith("80 × 120 pixels"))
        activity.view<View>(R.id.save).performClick()
        until("the saved photo", { activity.status() }) { "Saved" in activity.status() }
        val entry = published().single()
        assertEquals("holiday-x4.png", entry.values.getAsString(MediaStore.MediaColumns.DISPLAY_NAME))
        val saved = BitmapFactory.decodeFile(entry.file.path)
        assertEquals(320 to 480, saved.width to saved.height)
        for ((x, y) in listOf(20 to 20, 300 to 20, 20 to 460, 300 to 460)) {
            val colour = saved.getPixel(x, y)
            val red = x < 160 && y < 240
            assertTrue("$x, $y: ${Integer.toHexString(colour)}", (Color.red(colour) > 200) == red && (Color.blue(colour) > 200) != red)
        }
    }

    @Test
    fun `what is seen is enlarged, as it will be in the whole photo`() {
        val activity = launch(photo(300, 200, 1) { x, y -> (x / 7 + y / 5) % 2 == 0 }).get()
        activity.ready()
        val compare = activity.view<CompareView>(R.id.compare)
        until("the detail") { compare.detail != null }
        compare.centre(210f, 60f)
        until("the new detail") { compare.detail?.region?.contains(210, 60) == true }
        activity.view<View>(R.id.save).performClick()
        until("the saved photo", { activity.status() }) { "Saved" in activity.status() }
        val saved = BitmapFactory.decodeFile(published().single().file.path)
        val detail = requireNotNull(compare.detail)
        for (y in 0 until detail.bitmap.height step 9) for (x in 0 until detail.bitmap.width step 7) {
            assertEquals(saved.getPixel(4 * detail.region.left + x, 4 * detail.region.top + y), detail.bitmap.getPixel(x, y))
        }
    }

    @Test
    fun `cancelled half-way nothing is left`() {
        val activity = launchAndLook().get()
        val half = CountDownLatch(1)
        val go = CountDownLatch(1)
        var runs = 0
        fake.atRun[Backend.GPU] = {
            if (++runs == 12) {
                half.countDown()
                go.await()
            }
        }
        activity.view<View>(R.id.save).performClick()
        half.await()
        until("progress", { activity.status() }) { "11 of 24 tiles" in activity.status() }
        assertEquals("Cancel", activity.view<Button>(R.id.save).text)
        assertEquals(1, store.entries.size)
        activity.view<View>(R.id.save).performClick()
        go.countDown()
        until("the cancellation", { activity.status() }) { "Cancelled; nothing was saved." in activity.status() }
        assertEquals(0, store.entries.size)
        assertEquals(12, runs)
    }

    @Test
    fun `turning the phone does not disturb the work`() {
        val controller = launchAndLook()
        val go = CountDownLatch(1)
        fake.atRun[Backend.GPU] = { go.await() }
        controller.get().view<View>(R.id.save).performClick()
        RuntimeEnvironment.setQualifiers("+land")
        controller.configurationChange()
        assertEquals("Cancel", controller.get().view<Button>(R.id.save).text)
        go.countDown()
        until("the saved photo", { controller.get().status() }) { "Saved" in controller.get().status() }
        assertEquals(1, published().size)
    }

    @Test
    fun `leaving the screen cancels`() {
        val controller = launchAndLook()
        val go = CountDownLatch(1)
        fake.atRun[Backend.GPU] = { go.await() }
        controller.get().view<View>(R.id.save).performClick()
        until("the file to be begun") { store.entries.size == 1 }
        controller.pause().stop().destroy()
        go.countDown()
        until("its removal") { store.entries.isEmpty() }
    }

    @Test
    fun `too little memory is said`() {
        val activity = launch(photo(100, 100, 1) { _, _ -> true }).get()
        activity.ready()
        fake.engine.release()
        fake.atRun[Backend.GPU] = { throw OutOfMemoryError() }
        fake.atRun[Backend.CPU] = { throw OutOfMemoryError() }
        activity.view<View>(R.id.save).performClick()
        until("the notice", { activity.status() }) { "There is not enough memory for this photo." in activity.status() }
        assertEquals(0, store.entries.size)
    }

    @Test
    fun `what is no photo is said`() {
        val file = folder.newFile("notes.txt").apply { writeText("not a photo") }
        val activity = launch(file).get()
        until("the notice", { activity.status() }) { "That failed: not an image" in activity.status() }
        assertEquals(false, activity.view<Button>(R.id.save).isEnabled)
    }
}
