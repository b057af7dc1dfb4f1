package dev.srganedge.demo

import android.Manifest.permission
import android.content.Intent
import android.graphics.Color
import android.graphics.drawable.BitmapDrawable
import android.os.Looper
import android.widget.ImageButton
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** The newest result on the camera's screen. */
@RunWith(AppRunner::class)
@Config(application = FakeApplication::class, qualifiers = "w400dp-h800dp-port-mdpi")
class LastSavedTest : PhotoTest() {
    private fun camera() = Robolectric.buildActivity(CameraActivity::class.java).also { shadowOf(fake).grantPermissions(permission.CAMERA) }.setup()

    private fun CameraActivity.button() = view<ImageButton>(R.id.last_saved)

    private fun save() = fake.jobs.add(photo(60, 30)).also { job -> until("the saved photo") { job.saved != null } }

    @Test
    fun `as long as nothing is saved it says so`() {
        val button = camera().get().button()
        assertFalse(button.isEnabled)
        assertEquals("No photo saved yet", button.contentDescription)
        assertNull((button.drawable as? BitmapDrawable)?.bitmap)
    }

    @Test
    fun `what is saved is seen, also by the next start, and opened by a touch`() {
        val first = camera().get()
        val job = save()
        until("the small picture") { first.button().isEnabled }
        for (activity in listOf(first, camera().get())) {
            until("the small picture") { activity.button().isEnabled }
            assertEquals("Last saved photo", activity.button().contentDescription)
            val small = (activity.button().drawable as BitmapDrawable).bitmap
            assertEquals(240 to 120, small.width to small.height)
            assertTrue(Color.red(small.getPixel(120, 60)) > 200)
            activity.button().performClick()
            val opened = shadowOf(activity).nextStartedActivity
            assertEquals(listOf(Intent.ACTION_VIEW, job.saved, "image/*"), listOf(opened.action, opened.data, opened.type))
            assertTrue(opened.flags and Intent.FLAG_GRANT_READ_URI_PERMISSION != 0)
        }
    }

    @Test
    fun `one that was deleted leaves its empty place`() {
        val controller = camera()
        save()
        until("the small picture") { controller.get().button().isEnabled }
        controller.pause().stop()
        store.entries.clear()
        controller.start().resume()
        until("the empty place") { !controller.get().button().isEnabled }
        assertEquals("No photo saved yet", controller.get().button().contentDescription)
        fake.jobs.clear()
        shadowOf(Looper.getMainLooper()).idle()
        assertFalse(controller.get().button().isEnabled)
    }
}
