package dev.srganedge.demo

import android.Manifest.permission
import android.content.Intent
import android.content.pm.PackageManager
import android.content.pm.ServiceInfo
import android.graphics.Bitmap
import android.graphics.Insets
import android.graphics.Rect
import android.os.Build
import android.provider.MediaStore
import android.view.View
import android.view.WindowInsets
import android.widget.TextView
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.util.ReflectionHelpers
import org.robolectric.util.ReflectionHelpers.ClassParameter

/** What differs from Android 8 to 16: the oldest, MediaStore as it began, and the newest two. */
@RunWith(AppRunner::class)
@Config(sdk = [26, 29, 35, 36], application = FakeApplication::class, qualifiers = "w400dp-h800dp-port-mdpi")
class ApiLevelsTest : PhotoTest() {
    @Test
    fun `a photo is saved, once that is allowed`() {
        val file = folder.newFile()
        file.outputStream().use { Bitmap.createBitmap(60, 40, Bitmap.Config.ARGB_8888).compress(Bitmap.CompressFormat.PNG, 100, it) }
        val activity = launchAndLook(others.add("holiday.png", file)).get()
        activity.view<View>(R.id.save).performClick()
        if (Build.VERSION.SDK_INT < 29) {
            val request = shadowOf(activity).lastRequestedPermission
            assertEquals(listOf(permission.WRITE_EXTERNAL_STORAGE), request.requestedPermissions.toList())
            activity.onRequestPermissionsResult(request.requestCode, request.requestedPermissions, intArrayOf(PackageManager.PERMISSION_DENIED))
            assertTrue(activity.status(), "Without permission for the storage nothing can be saved." in activity.status())
            assertEquals(0, fake.jobs.all.size)
            shadowOf(fake).grantPermissions(permission.WRITE_EXTERNAL_STORAGE)
            activity.onRequestPermissionsResult(request.requestCode, request.requestedPermissions, intArrayOf(PackageManager.PERMISSION_GRANTED))
        }
        val entry = activity.saved()
        assertEquals("holiday-x4.jpg", entry.values.getAsString(MediaStore.MediaColumns.DISPLAY_NAME))
        val service = Robolectric.buildService(SaveService::class.java, shadowOf(fake).nextStartedService).create().startCommand(0, 1).get()
        val type = when {
            Build.VERSION.SDK_INT >= 35 -> ServiceInfo.FOREGROUND_SERVICE_TYPE_MEDIA_PROCESSING
            Build.VERSION.SDK_INT >= 29 -> ServiceInfo.FOREGROUND_SERVICE_TYPE_DATA_SYNC
            else -> null
        }
        if (type != null) assertEquals(type, service.foregroundServiceType)
        assertTrue("nothing is left to do", shadowOf(service).isStoppedBySelf)
    }

    @Test
    fun `several photos are saved, once that is allowed`() {
        fun png(name: String) = others.add(name, folder.newFile().apply { outputStream().use { Bitmap.createBitmap(30, 20, Bitmap.Config.ARGB_8888).compress(Bitmap.CompressFormat.PNG, 100, it) } })
        val shared = Intent(Intent.ACTION_SEND_MULTIPLE).setType("image/png").putParcelableArrayListExtra(Intent.EXTRA_STREAM, arrayListOf(png("a.png"), png("b.png")))
        shadowOf(fake).grantPermissions(permission.POST_NOTIFICATIONS)
        fun launch() = Robolectric.buildActivity(PhotoActivity::class.java, shared).setup().get()
        if (Build.VERSION.SDK_INT < 29) {
            val refused = launch()
            val request = shadowOf(refused).lastRequestedPermission
            assertEquals(0, fake.jobs.all.size)
            refused.onRequestPermissionsResult(request.requestCode, request.requestedPermissions, intArrayOf(PackageManager.PERMISSION_DENIED))
            assertTrue(refused.isFinishing && fake.jobs.all.isEmpty())
            shadowOf(fake).grantPermissions(permission.WRITE_EXTERNAL_STORAGE)
        }
        assertTrue(launch().isFinishing)
        until("both") { store.published.size == 2 && fake.jobs.running.isEmpty() }
    }

    @Test
    fun `a frame is enlarged, and photos are picked as the system has it`() {
        shadowOf(fake).grantPermissions(permission.CAMERA)
        val activity = Robolectric.buildActivity(CameraActivity::class.java).setup().get().also { it.surfaceArrives() }
        fake.fakeCamera.frame()
        val overlay = activity.view<TextView>(R.id.overlay)
        until("an enlarged frame", { overlay.text.toString() }) { "ms" in overlay.text }
        activity.view<View>(R.id.gallery).performClick()
        val pick = shadowOf(activity).nextStartedActivityForResult.intent
        if (Build.VERSION.SDK_INT >= 33) {
            assertEquals(MediaStore.ACTION_PICK_IMAGES, pick.action)
        } else {
            assertEquals(Intent.ACTION_OPEN_DOCUMENT, pick.action)
            assertTrue("more than one", pick.getBooleanExtra(Intent.EXTRA_ALLOW_MULTIPLE, false))
        }
    }

    @Test
    fun `what lies behind the system's bars is kept clear`() {
        for (screen in listOf(CameraActivity::class.java, SettingsActivity::class.java, QueueActivity::class.java, BenchmarkActivity::class.java)) {
            val root = Robolectric.buildActivity(screen).setup().get().view<View>(R.id.root)
            val bars = if (Build.VERSION.SDK_INT >= 30) {
                WindowInsets.Builder().setInsets(WindowInsets.Type.systemBars(), Insets.of(0, 60, 0, 80))
                    .setInsets(WindowInsets.Type.displayCutout(), Insets.of(40, 0, 0, 0)).build()
            } else {
                // Only the system itself made them then.
                ReflectionHelpers.callConstructor(WindowInsets::class.java, ClassParameter.from(Rect::class.java, Rect(40, 60, 0, 80)))
            }
            repeat(2) { root.dispatchApplyWindowInsets(bars) } // not added up
            assertEquals("$screen", listOf(40, 60, 0, 80), listOf(root.paddingLeft, root.paddingTop, root.paddingRight, root.paddingBottom))
        }
    }
}
