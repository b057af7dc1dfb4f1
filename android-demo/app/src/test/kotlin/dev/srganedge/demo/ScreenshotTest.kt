package dev.srganedge.demo

import android.Manifest.permission
import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Rect
import android.net.Uri
import android.os.Looper
import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.TextView
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.ParameterizedRobolectricTestRunner
import org.robolectric.ParameterizedRobolectricTestRunner.Parameters
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Every screen in two languages, themes and orientations: measured, and drawn for the README. */
@RunWith(ParameterizedRobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], application = FakeApplication::class)
class ScreenshotTest(private val language: String, private val theme: String, private val orientation: String) {
    @get:Rule
    val folder = TemporaryFolder()

    private fun <T : Activity> launch(screen: Class<T>, intent: Intent? = null): T {
        val size = if (orientation == "port") "w360dp-h720dp" else "w720dp-h360dp"
        RuntimeEnvironment.setQualifiers("$language-$size-$orientation-$theme-xhdpi")
        return Robolectric.buildActivity(screen, intent).setup().get()
    }

    @Test
    fun camera() {
        shadowOf(fake).grantPermissions(permission.CAMERA)
        val activity = launch(CameraActivity::class.java)
        activity.surfaceArrives()
        fake.fakeCamera.frame()
        until("an enlarged frame") { "ms" in activity.view<TextView>(R.id.overlay).text }
        fake.fakeCamera.frame() // now of the size that the model takes
        until("a frame of the model's size") { activity.view<ImageView>(R.id.plain).drawable.intrinsicWidth == 50 }
        check(activity, "camera")
    }

    @Test
    fun refused() = check(launch(CameraActivity::class.java), "refused")

    @Test
    fun photo() {
        val bitmap = Bitmap.createBitmap(400, 400, Bitmap.Config.ARGB_8888)
        for (y in 0 until 400) for (x in 0 until 400) {
            val bright = 128 + (100 * Math.sin(Math.hypot(x - 200.0, y - 200.0) / 3)).toInt()
            bitmap.setPixel(x, y, Color.rgb(bright, bright * y / 400, 255 - bright))
        }
        val file = folder.newFile("rings.png")
        file.outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
        val activity = launch(PhotoActivity::class.java, Intent(fake, PhotoActivity::class.java).setData(Uri.fromFile(file)))
        until("the detail") { activity.view<CompareView>(R.id.compare).detail != null }
        check(activity, "photo")
    }

    @Test
    fun settings() {
        val activity = launch(SettingsActivity::class.java)
        until("what runs") { "edge-m" in activity.view<TextView>(R.id.status).text }
        check(activity, "settings")
    }

    private fun check(activity: Activity, name: String) {
        shadowOf(Looper.getMainLooper()).idle()
        val root = activity.view<View>(android.R.id.content)
        val bitmap = Bitmap.createBitmap(root.width, root.height, Bitmap.Config.ARGB_8888)
        root.draw(Canvas(bitmap))
        System.getProperty("screenshots")?.let { shots ->
            File(shots, "$name-$language-$theme-$orientation.png").outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
        }
        walk(root, name)
    }

    private fun walk(view: View, name: String) {
        if (view.visibility != View.VISIBLE) return
        if (view is TextView && view.text.isNotEmpty()) {
            val what = "$name: '${view.text}'"
            val shown = requireNotNull(view.layout) { what }
            for (line in 0 until shown.lineCount) {
                assertEquals("$what is cut off", 0, shown.getEllipsisCount(line))
                val end = shown.getLineEnd(line)
                assertTrue("$what breaks within a word", end == view.text.length || view.text[end - 1].isWhitespace() || view.text[end - 1] == '-')
            }
            assertTrue("$what is too high", shown.height + view.totalPaddingTop + view.totalPaddingBottom <= view.height)
            // The settings scroll.
            assertTrue("$what is not seen", name == "settings" || view.getGlobalVisibleRect(Rect()))
            if (view is Button) assertTrue("$what is hard to hit", view.height >= 48 * view.resources.displayMetrics.density)
        }
        if (view is ViewGroup) {
            val children = (0 until view.childCount).map(view::getChildAt).filter { it.visibility == View.VISIBLE }
            if (view is LinearLayout) {
                for (one in children) for (other in children) if (one !== other) {
                    val overlap = Rect(one.left, one.top, one.right, one.bottom).intersect(other.left, other.top, other.right, other.bottom)
                    assertTrue("$name: $one and $other overlap", !overlap)
                }
            }
            children.forEach { walk(it, name) }
        }
    }

    companion object {
        @JvmStatic
        @Parameters(name = "{0} {1} {2}")
        fun variants() = listOf("en", "de").flatMap { language ->
            listOf("notnight", "night").flatMap { theme -> listOf("port", "land").map { arrayOf(language, theme, it) } }
        }
    }
}
