package dev.srganedge.demo

import android.app.NotificationManager
import android.content.Intent
import android.content.pm.ServiceInfo
import android.os.Build
import android.view.View
import android.widget.Button
import android.widget.LinearLayout
import android.widget.TextView
import dev.srganedge.engine.Backend
import java.util.concurrent.CountDownLatch
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

@RunWith(AppRunner::class)
@Config(application = FakeApplication::class)
class JobsTest : PhotoTest() {
    @Test
    fun `a service in the foreground says how far the saving is, and ends it`() {
        shadowOf(fake).grantPermissions(android.Manifest.permission.WRITE_EXTERNAL_STORAGE)
        val go = CountDownLatch(1)
        fake.fakeRuntime.atRun[Backend.GPU] = { go.await() }
        val job = fake.jobs.add(photo(300, 200))
        until("its name") { job.name == "holiday" }
        val started = shadowOf(fake).nextStartedService
        assertEquals("with the right to read the photo", job.address, started.data)
        assertTrue(started.flags and Intent.FLAG_GRANT_READ_URI_PERMISSION != 0)
        val service = Robolectric.buildService(SaveService::class.java, started).create().startCommand(0, 1).get()
        val shown = shadowOf(service)
        assertNotNull(shown.lastForegroundNotification)
        if (Build.VERSION.SDK_INT >= 35) assertEquals(ServiceInfo.FOREGROUND_SERVICE_TYPE_MEDIA_PROCESSING, service.foregroundServiceType)
        val notification = shadowOf(shown.lastForegroundNotification)
        assertEquals("Enlarging holiday", notification.contentTitle)
        assertEquals(1, shadowOf(fake.service<NotificationManager>()).notificationChannels.size)
        fake.jobs.running.single().progress = 3 to 4
        shadowOf(android.os.Looper.getMainLooper()).idleFor(java.time.Duration.ofSeconds(1)) // the system drops what comes too often
        fake.jobs.clear() // tells of a change
        val said = shadowOf(fake.service<NotificationManager>()).allNotifications.last()
        assertEquals(listOf(3, 4), listOf(android.app.Notification.EXTRA_PROGRESS, android.app.Notification.EXTRA_PROGRESS_MAX).map { said.extras.getInt(it) })
        val cancel = shadowOf(shown.lastForegroundNotification.actions.single().actionIntent).savedIntent
        service.onStartCommand(cancel, 0, 2)
        go.countDown()
        until("the end") { job.ended }
        assertTrue(job.cancelled && store.entries.isEmpty())
        assertTrue("nothing is left to do", shown.isStoppedBySelf && shown.isForegroundStopped)
    }

    @Test
    fun `what waits is cancelled from its row, all of it by one button or by the system`() {
        shadowOf(fake).grantPermissions(android.Manifest.permission.WRITE_EXTERNAL_STORAGE)
        val service = Robolectric.buildService(SaveService::class.java).create().get()
        for (stop in listOf("row", "all", "timeout")) {
            val go = CountDownLatch(1)
            fake.fakeRuntime.atRun[Backend.GPU] = { go.await() }
            val jobs = listOf("one", "two").map { fake.jobs.add(photo(30, 20, name = "$it-$stop.jpg")) }
            val queue = Robolectric.buildActivity(QueueActivity::class.java).setup().get()
            when (stop) {
                "row" -> queue.view<LinearLayout>(R.id.list).getChildAt(0).part<Button>(R.id.action).performClick()
                "all" -> queue.view<View>(R.id.cancel_all).performClick()
                else -> service.onTimeout(1, 0)
            }
            go.countDown()
            until("the end") { jobs.all { it.ended } }
            assertEquals(stop, if (stop == "row") listOf(true, false) else listOf(false, false), jobs.map { it.saved != null })
            assertEquals("nothing is left of it", 1, store.entries.size)
            fake.jobs.clear()
        }
    }

    @Test
    fun `photos are saved with the model that they were added for, whatever the camera and the benchmark open meanwhile`() {
        shadowOf(fake).grantPermissions(android.Manifest.permission.WRITE_EXTERNAL_STORAGE, android.Manifest.permission.CAMERA)
        fake.fakeRuntime.atRun[Backend.GPU] = { Thread.sleep(20) } // to open it takes a while
        val jobs = (1..4).map { fake.jobs.add(photo(300, 200, name = "$it.jpg")) }
        val model = fake.wishes.wish.model
        fake.wishes.wish = fake.wishes.wish.copy(model = "edge-m-x2")
        Robolectric.buildActivity(CameraActivity::class.java).setup().get().surfaceArrives()
        val benchmark = Robolectric.buildActivity(BenchmarkActivity::class.java).setup().get()
        benchmark.view<View>(R.id.start).performClick()
        until("the end") {
            fake.fakeCamera.frame()
            jobs.all { it.ended }
        }
        assertEquals(List(4) { "Saved to Pictures/srgan-edge." }, jobs.map { requireNotNull(it.notice).say(fake) })
        assertEquals(List(4) { 4 * 300 }, store.published.map { android.graphics.BitmapFactory.decodeFile(it.file.path).width })
        until("the benchmark") { benchmark.view<View>(R.id.start).isEnabled }
        assertTrue("closed" !in benchmark.view<TextView>(R.id.results).text)
        val opened = fake.fakeRuntime.opened.count { it == "$model-fp16 on GPU" }
        assertTrue("once for the photos and once for the benchmark, not $opened times", opened <= 2)
        until("what nobody uses is closed") { fake.fakeRuntime.closed.size == fake.fakeRuntime.opened.size - 1 } // but the camera's
    }

    @Test
    fun `a job that ends before the service is in the foreground does not end it there`() {
        shadowOf(fake).grantPermissions(android.Manifest.permission.WRITE_EXTERNAL_STORAGE)
        val job = fake.jobs.add(others.add("broken.jpg", folder.newFile().apply { writeText("no photo") }))
        val service = Robolectric.buildService(SaveService::class.java, shadowOf(fake).nextStartedService).create()
        until("the end") { job.ended }
        assertTrue("the system would end the app", !shadowOf(service.get()).isStoppedBySelf)
        service.startCommand(0, 1)
        assertTrue(shadowOf(service.get()).isForegroundStopped && shadowOf(service.get()).isStoppedBySelf)
    }

    @Test
    @Config(application = Ungranted::class)
    fun `a photo that its sender may not read is refused in its row`() {
        val job = fake.jobs.add(photo(30, 20))
        assertEquals("That failed: UID 1 does not have permission to content://another.app.photos", requireNotNull(job.notice).say(fake))
    }

    @Test
    fun `photos are saved one after the other, and a broken one stops nobody`() {
        shadowOf(fake).grantPermissions(android.Manifest.permission.WRITE_EXTERNAL_STORAGE)
        val broken = others.add("broken.jpg", folder.newFile().apply { writeText("no photo") })
        val jobs = listOf(photo(30, 20, name = "one.jpg"), broken, photo(20, 30, name = "two.jpg")).map(fake.jobs::add)
        assertEquals("no photo twice at once", jobs[2], fake.jobs.add(jobs[2].address))
        val queue = Robolectric.buildActivity(QueueActivity::class.java).setup().get()
        until("all") { jobs.all { it.ended } }
        val rows = queue.view<LinearLayout>(R.id.list)
        val said = List(rows.childCount) { rows.getChildAt(it).part<TextView>(R.id.state).text.toString() }
        assertEquals(listOf("Saved to Pictures/srgan-edge.", "This photo cannot be read: not an image", "Saved to Pictures/srgan-edge."), said)
        until("the names") { jobs.map { it.name } == listOf("one", "broken", "two") }
        assertEquals(listOf("two", "broken", "one"), List(rows.childCount) { rows.getChildAt(it).part<TextView>(R.id.name).text.toString() })
        rows.getChildAt(0).part<Button>(R.id.action).performClick()
        assertEquals(jobs[2].saved, shadowOf(queue).nextStartedActivity.data)
        queue.view<View>(R.id.clear).performClick()
        assertEquals(0, rows.childCount)
        assertEquals(View.VISIBLE, queue.view<View>(R.id.empty).visibility)
    }
}

/** As if whoever named the photo had no right to it. */
class Ungranted : FakeApplication() {
    override fun startForegroundService(service: Intent): android.content.ComponentName =
        throw SecurityException("UID 1 does not have permission to content://another.app.photos")
}
