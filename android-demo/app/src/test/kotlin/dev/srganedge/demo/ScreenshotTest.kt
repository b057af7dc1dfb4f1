package dev.srganedge.demo

import android.Manifest.permission
import android.app.Activity
import android.content.Intent
import android.content.res.Configuration
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Rect
import android.graphics.drawable.BitmapDrawable
import android.net.Uri
import android.os.Looper
import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.ImageButton
import android.widget.ImageView
import android.widget.ScrollView
import android.widget.TextView
import dev.srganedge.engine.Plane
import dev.srganedge.engine.TensorFlowLite
import dev.srganedge.engine.TileRuntime
import java.io.File
import java.nio.ByteBuffer
import java.time.Duration
import kotlin.math.abs
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** A camera in front of which the photo of the tests lies; its sensor lies across, as in most phones. */
class PhotoCamera(private val photo: Bitmap) : FakeCamera() {
    init {
        facts = CameraFacts(photo.height, photo.width, 90, false, 8f, true)
    }

    override fun frame() {
        val (width, height) = photo.height to photo.width
        // A quarter turn clockwise makes it upright. BT.601, full range (JFIF, section 7).
        fun at(x: Int, y: Int) = photo.getPixel(height - 1 - y, x)
        fun bytes(step: Int, value: (Int) -> Double) = ByteBuffer.wrap(
            ByteArray(width / step * (height / step)) { value(at(it % (width / step) * step, it / (width / step) * step)).toInt().coerceIn(0, 255).toByte() },
        )
        val y = bytes(1) { 0.299 * Color.red(it) + 0.587 * Color.green(it) + 0.114 * Color.blue(it) }
        val u = bytes(2) { 128 - 0.168736 * Color.red(it) - 0.331264 * Color.green(it) + 0.5 * Color.blue(it) }
        val v = bytes(2) { 128 + 0.5 * Color.red(it) - 0.418688 * Color.green(it) - 0.081312 * Color.blue(it) }
        events?.frame(Frame(width, height, Plane(y, width, 1), Plane(u, width / 2, 1), Plane(v, width / 2, 1)))
    }
}

/** The app on TensorFlow Lite's own library, its camera before a photo. */
class RealApplication : FakeApplication() {
    val photo: Bitmap by lazy {
        checkNotNull(RealApplication::class.java.getResourceAsStream("/chelsea.jpg")).use { BitmapFactory.decodeStream(it) }.let { Bitmap.createBitmap(it, 0, 0, 450, 300) }
    }
    override val fakeCamera by lazy { PhotoCamera(photo) }
    override val runtime: TileRuntime get() = TensorFlowLite
}

/** Every screen in languages, themes, orientations and sizes of text: measured, and drawn for the README. */
@RunWith(AppRunner::class)
@Config(application = RealApplication::class)
class ScreenshotTest {
    @get:Rule
    val folder = TemporaryFolder()
    private var variant = ""

    private fun <T : Activity> launch(screen: Class<T>, intent: Intent? = null): T {
        val (language, theme, orientation, size) = variant.split(' ')
        val shape = if (orientation == "port") "w360dp-h720dp" else "w720dp-h360dp"
        RuntimeEnvironment.setQualifiers("$language-$shape-$orientation-$theme-xhdpi")
        RuntimeEnvironment.setFontScale(size.toFloat())
        return Robolectric.buildActivity(screen, intent).setup().get()
    }

    private fun inEvery(look: () -> Unit) {
        for (each in VARIANTS) {
            variant = each
            look()
        }
    }

    @Before
    fun `on this machine's library`() = assumeTrue("TensorFlow Lite's library runs in android-demo/verify's build alone", System.getProperty("screenshots") != null)

    private fun chelsea() = folder.newFile().apply {
        outputStream().use { out -> checkNotNull(ScreenshotTest::class.java.getResourceAsStream("/chelsea.jpg")).use { it.copyTo(out) } }
    }

    @Test
    fun camera() = inEvery {
        shadowOf(fake).grantPermissions(permission.CAMERA)
        fake.lastSaved.address = Uri.fromFile(chelsea())
        val activity = launch(CameraActivity::class.java)
        // The phone is held as the screen lies; the photo stays upright.
        val turned = if (activity.resources.configuration.orientation == Configuration.ORIENTATION_LANDSCAPE) 90 else 0
        fake.fakeCamera.facts = fake.fakeCamera.facts.run { CameraFacts(width, height, (90 + turned) % 360, false, longestZoom, hasTorch) }
        activity.surfaceArrives()
        val text = activity.view<TextView>(R.id.overlay)
        activity.view<MagnifierView>(R.id.magnifier).centre(0.7f, 0.5f)
        fake.fakeCamera.frame()
        until("an enlarged frame", { text.text.toString() }) { "ms" in text.text }
        val plain = activity.view<ImageView>(R.id.plain)
        fake.fakeCamera.frame() // now the side is the model's
        until("a frame of the model's size") { (plain.drawable as BitmapDrawable).bitmap.width == 100 }
        val saved = activity.view<ImageButton>(R.id.last_saved)
        until("the newest result") { saved.isEnabled }
        seenUnderTheMagnifier(activity, (plain.drawable as BitmapDrawable).bitmap)
        // A preview is not drawn outside a window: the frame lies under it as the phone would show it.
        val preview = activity.view<View>(R.id.preview)
        val under = ImageView(activity).apply {
            scaleType = ImageView.ScaleType.CENTER_CROP
            setImageBitmap((fake as RealApplication).photo)
        }
        (preview.parent as ViewGroup).addView(under, 0)
        preview.visibility = View.INVISIBLE
        check(activity, "camera")
    }

    /** The photo fills the view, so that its pixels under the magnifier can be told. */
    private fun seenUnderTheMagnifier(activity: Activity, pane: Bitmap) {
        val photo = (fake as RealApplication).photo
        val view = activity.view<View>(R.id.preview)
        val scale = maxOf(view.width / photo.width.toFloat(), view.height / photo.height.toFloat())
        val left = Math.round(0.2f * view.width / scale + photo.width / 2 - 50).coerceIn(0, photo.width - 100)
        val top = photo.height / 2 - 50
        val off = List(100) { abs(Color.green(pane.getPixel(it, 99 - it)) - Color.green(photo.getPixel(left + it, top + 99 - it))) }
        assertTrue("camera $variant: the pane is off by $off", off.average() < 8)
    }

    @Test
    fun refused() = inEvery {
        shadowOf(fake).denyPermissions(permission.CAMERA)
        val activity = launch(CameraActivity::class.java)
        activity.onRequestPermissionsResult(CameraActivity.CAMERA, arrayOf(permission.CAMERA), intArrayOf(-1))
        check(activity, "refused")
    }

    @Test
    fun `no camera`() = inEvery {
        shadowOf(fake).grantPermissions(permission.CAMERA)
        fake.fakeCamera.problem = CameraProblem.BUSY
        val activity = launch(CameraActivity::class.java)
        activity.surfaceArrives()
        check(activity, "camera-busy")
        fake.fakeCamera.problem = null
    }

    @Test
    fun photo() = inEvery {
        val address = PhotosOfAnotherApp.install().add("chelsea.jpg", chelsea())
        val store = FakeMediaStore.install()
        val activity = launch(PhotoActivity::class.java, Intent(fake, PhotoActivity::class.java).setData(address))
        check(activity, "photo-opening")
        val compare = activity.view<CompareView>(R.id.compare)
        until("the detail") { compare.detail != null }
        compare.restore(150f, 110f, 6f)
        until("the detail") { compare.detail?.region?.let { it.width < 200 } == true }
        activity.view<View>(R.id.save).performClick()
        until("the saved photo") { store.published.size == 1 && activity.view<View>(R.id.open).visibility == View.VISIBLE }
        check(activity, "photo")
        fake.jobs.clear()
    }

    @Test
    fun settings() = inEvery {
        val activity = launch(SettingsActivity::class.java)
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(1))
        until("what runs") { "INT8" in activity.view<TextView>(R.id.status).text }
        check(activity, "settings")
    }

    @Test
    fun strength() = inEvery {
        fake.wishes.wish = fake.wishes.wish.copy(model = "edge-m-real-gan-x4", strength = 40)
        val activity = launch(SettingsActivity::class.java)
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(1))
        until("what runs") { "INT8" in activity.view<TextView>(R.id.status).text }
        (activity.view<View>(R.id.root) as ScrollView).run { scrollTo(0, activity.view<View>(R.id.strength).top - height / 2) }
        check(activity, "strength")
    }

    @Test
    fun `no photo`() = inEvery {
        val address = PhotosOfAnotherApp.install().add("notes.jpg", folder.newFile().apply { writeText("no photo") })
        val activity = launch(PhotoActivity::class.java, Intent(fake, PhotoActivity::class.java).setData(address))
        until("the failure") { "not an image" in activity.view<TextView>(R.id.status).text }
        check(activity, "photo-failed")
    }

    @Test
    fun benchmark() = inEvery { check(launch(BenchmarkActivity::class.java), "benchmark") }

    @Test
    fun queue() = inEvery {
        FakeMediaStore.install()
        val others = PhotosOfAnotherApp.install()
        val jobs = listOf("chelsea.jpg" to chelsea(), "a broken photo with a rather long name.jpg" to folder.newFile()).map { (name, file) -> fake.jobs.add(others.add(name, file)) }
        val activity = launch(QueueActivity::class.java)
        until("the end") { jobs.all { it.ended } }
        check(activity, "queue")
        fake.jobs.clear()
        check(activity, "queue-empty")
    }

    private fun check(activity: Activity, name: String) {
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(100)) // what became visible is laid out
        val root = activity.view<View>(android.R.id.content)
        val bitmap = Bitmap.createBitmap(root.width, root.height, Bitmap.Config.ARGB_8888)
        root.draw(Canvas(bitmap))
        System.getProperty("screenshots")?.let { shots ->
            File(shots, "$name-${variant.replace(' ', '-')}.png").outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
        }
        val touched = mutableListOf<Pair<View, Rect>>()
        walk(root, "$name $variant", false, touched)
        legible(root, "$name $variant", bitmap)
        for ((one, place) in touched) for ((other, otherPlace) in touched) {
            if (one === other) continue
            assertTrue("$name $variant: $one and $other overlap", !Rect.intersects(place, otherPlace))
        }
    }

    private fun walk(view: View, where: String, scrolls: Boolean, touched: MutableList<Pair<View, Rect>>) {
        if (view.visibility != View.VISIBLE) return
        val density = view.resources.displayMetrics.density
        if (view is TextView && view.text.isNotEmpty()) {
            val what = "$where: '${view.text}'"
            val shown = requireNotNull(view.layout) { what }
            assertEquals("$what is cut off", view.text.length, shown.getLineEnd(shown.lineCount - 1))
            for (line in 0 until shown.lineCount) {
                assertEquals("$what is cut off", 0, shown.getEllipsisCount(line))
                val end = shown.getLineEnd(line)
                assertTrue("$what breaks within a word", end == view.text.length || view.text[end - 1].isWhitespace() || view.text[end - 1] in "-/")
                assertTrue("$what is too wide", shown.getLineMax(line) <= view.width - view.totalPaddingLeft - view.totalPaddingRight + 1)
            }
            assertTrue("$what is too high", shown.height + view.totalPaddingTop + view.totalPaddingBottom <= view.height)
            val place = Rect()
            assertTrue("$what is not seen", scrolls || (view.getGlobalVisibleRect(place) && place.height() == view.height && place.width() == view.width))
        }
        if (view is Button || view is ImageButton || (view is TextView && view.hasOnClickListeners())) {
            assertTrue("$where: $view is hard to hit", view.height >= 48 * density && view.width >= 48 * density)
            val said = view.contentDescription ?: (view as? TextView)?.text
            assertTrue("$where: $view says nothing to a screen reader", !said.isNullOrEmpty())
            val place = Rect()
            if (view.getGlobalVisibleRect(place) && !scrolls) touched += view to place
        }
        if (view is ViewGroup) (0 until view.childCount).forEach { walk(view.getChildAt(it), where, scrolls || view is ScrollView, touched) }
    }

    /** Texts and icons against what is really drawn around them: WCAG 2.2, 1.4.3 and 1.4.11; what is disabled is exempt. */
    private fun legible(view: View, where: String, drawn: Bitmap) {
        if (view.visibility != View.VISIBLE) return
        val place = Rect()
        val colour = when {
            view is TextView && view.text.isNotEmpty() -> view.currentTextColor
            view is ImageButton -> view.imageTintList?.getColorForState(view.drawableState, 0)
            else -> null
        }
        if (colour != null && view.isEnabled && view.getGlobalVisibleRect(place) && place.intersect(0, 0, drawn.width, drawn.height)) {
            val pixels = IntArray(place.width() * place.height())
            drawn.getPixels(pixels, 0, place.width(), place.left, place.top, place.width(), place.height())
            // Letters and icons cover less than half.
            val ground = pixels.map { Color.luminance(it) }.sorted()[pixels.size / 2]
            val (dark, bright) = listOf(Color.luminance(colour), ground).sorted()
            val what = (view as? TextView)?.text ?: view.contentDescription
            val contrast = (bright + 0.05f) / (dark + 0.05f)
            assertTrue("$where: '$what' has a contrast of $contrast", contrast >= if (view is TextView) 4.5f else 3f)
        }
        if (view is ViewGroup) (0 until view.childCount).forEach { legible(view.getChildAt(it), where, drawn) }
    }

    private companion object {
        /** Arabic has no texts of its own here: it is for the layout from right to left. */
        val VARIANTS = listOf(
            "en notnight port 1.0", "de night port 1.0", "en night land 1.0", "de notnight land 1.0",
            "de notnight port 1.3", "en notnight land 1.3", "ar notnight port 1.0",
        )
    }
}
