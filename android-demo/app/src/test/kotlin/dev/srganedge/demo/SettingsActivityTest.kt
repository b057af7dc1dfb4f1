package dev.srganedge.demo

import android.app.Activity
import android.content.Intent
import android.net.Uri
import android.os.Looper
import android.view.View
import android.widget.CheckBox
import android.widget.RadioButton
import android.widget.RadioGroup
import android.widget.SeekBar
import android.widget.TextView
import dev.srganedge.engine.Backend
import java.io.File
import java.security.MessageDigest
import java.time.Duration
import java.util.concurrent.CountDownLatch
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

@RunWith(AppRunner::class)
@Config(application = FakeApplication::class, qualifiers = "w400dp-h800dp-port-mdpi")
class SettingsActivityTest {
    @get:Rule
    val folder = TemporaryFolder()

    private fun launch() = Robolectric.buildActivity(SettingsActivity::class.java).setup().get()

    private fun SettingsActivity.status() = view<TextView>(R.id.status).text.toString()

    private fun SettingsActivity.models() = view<RadioGroup>(R.id.models).let { group -> List(group.childCount) { group.getChildAt(it) as TextView } }

    private fun rest() = shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(1))

    @Test
    fun `every bundled model is listed by purpose and scale, and its file is the one of its card`() {
        val models = launch().models().map { it.text.toString() }
        val headings = models.filter { it.startsWith("×") }
        assertEquals(headings.distinct(), headings)
        assertTrue(models.toString(), headings.isNotEmpty() && models.size - headings.size == fake.models.models.size)
        assertEquals(fake.models.models.map { it.name }.sorted().distinct(), fake.models.models.map { it.name }.sorted())
        for (model in fake.models.models) for (file in model.files) {
            val mapped = file.map()
            val bytes = ByteArray(mapped.remaining()).also(mapped::get)
            assertEquals(file.name, file.sha256, MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) })
        }
        assertEquals("int8", fake.models.models.first().file(Backend.CPU).quantization)
        assertEquals("fp16", fake.models.models.first().file(Backend.GPU).quantization)
    }

    @Test
    fun `what is chosen is kept and opened, when the finger rests`() {
        val settings = launch()
        rest()
        until("what runs", { settings.status() }) { "on the GPU" in settings.status() }
        fake.fakeRuntime.opened.clear()
        val other = settings.models().filterIsInstance<RadioButton>().first { "edge-m-real-gan-x4" in it.text }
        other.performClick()
        fun touch(seconds: Double) = shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis((1000 * seconds).toLong()))
        touch(0.3)
        settings.view<View>(R.id.cpu).performClick()
        touch(0.3)
        settings.view<CheckBox>(R.id.png).performClick()
        touch(0.0)
        settings.view<SeekBar>(R.id.strength).progress = 40
        assertEquals("nothing is opened in passing", 0, fake.fakeRuntime.opened.size)
        rest()
        until("what runs", { settings.status() }) { "edge-m-real-gan-x4 at 40 %, INT8, on the CPU" in settings.status() }
        assertEquals(listOf("edge-m-real-gan-x4-int8 on CPU", "edge-m-real-x4-int8 on CPU"), fake.fakeRuntime.opened.toList())
        val wish = WishStore(fake, fake.models).wish
        assertEquals(listOf(Backend.CPU, 40, true), listOf(wish.backend, wish.strength, wish.png))
        assertTrue(wish.model in other.text)
        assertEquals("Strength of the texture: 40 %", settings.view<TextView>(R.id.strength_label).text)
        val says = settings.view<TextView>(R.id.strength_says)
        assertEquals("The rest comes from edge-m-real-x4. Between 0 and 100\u00A0% both run, which takes twice as long.", says.text)
        settings.models().filterIsInstance<RadioButton>().first().performClick()
        assertEquals(
            "This model always runs at full strength. A part can be taken of " +
                "edge-m-real-gan-x4, edge-l-real-gan-x4, edge-xl-real-gan-x4.",
            says.text,
        )
        assertEquals(listOf(View.GONE, View.GONE), listOf(R.id.strength, R.id.strength_label).map { settings.view<View>(it).visibility })
        assertEquals(View.GONE, settings.view<View>(R.id.exact).visibility)
    }

    @Test
    fun `models are told apart by what they are for, by scale and by speed`() {
        val lines = launch().models().map { it.text.toString() }
        assertEquals(
            listOf(
                "× 2, true to clean photos", "edge-m-x2", "× 4, true to clean photos", "Fast (edge-s-x4)", "Balanced (edge-m-x4)", "Sharpest (edge-l-x4)",
                "× 2, cleans noise and JPEG faults", "edge-m-real-x2",
                "× 4, cleans noise and JPEG faults", "Fast (edge-m-real-x4)", "Balanced (edge-l-real-x4)", "Sharpest (edge-xl-real-x4)",
                "× 4, sharp looks", "Fast (edge-m-real-gan-x4)", "Balanced (edge-l-real-gan-x4)", "Sharpest (edge-xl-real-gan-x4)",
            ),
            lines,
        )
    }

    @Test
    fun `what opens late does not speak for what was chosen after it`() {
        val go = CountDownLatch(1)
        fake.fakeRuntime.atRun[Backend.GPU] = { go.await() }
        val settings = launch()
        rest()
        settings.view<View>(R.id.cpu).performClick()
        rest()
        until("the CPU", { settings.status() }) { "INT8, on the CPU" in settings.status() }
        go.countDown()
        until("the GPU, closed again") { fake.fakeRuntime.closed.any { it.endsWith("on GPU") } }
        shadowOf(Looper.getMainLooper()).idle()
        assertTrue(settings.status(), "INT8, on the CPU" in settings.status())
    }

    @Test
    fun `no model takes the name of one that came with the app`() {
        val settings = launch()
        rest()
        until("what runs", { settings.status() }) { "on the GPU" in settings.status() }
        settings.view<View>(R.id.import_model).performClick()
        val file = File(folder.root, "x.tflite").apply { writeText("a model") }
        val address = PhotosOfAnotherApp.install().add("edge-m-x4.tflite", file)
        shadowOf(settings).receiveResult(shadowOf(settings).nextStartedActivityForResult.intent, Activity.RESULT_OK, Intent().setData(address))
        until("the refusal", { settings.status() }) { "a model named edge-m-x4 came with the app" in settings.status() }
    }

    @Test
    fun `whatever another app throws is said`() {
        val settings = launch()
        settings.view<View>(R.id.import_model).performClick()
        val address = PhotosOfAnotherApp.install().let { Uri.parse("content://another.app.photos/gone") } // NoSuchElementException
        shadowOf(settings).receiveResult(shadowOf(settings).nextStartedActivityForResult.intent, Activity.RESULT_OK, Intent().setData(address))
        until("the failure", { settings.status() }) { "That failed: Key gone is missing in the map." in settings.status() }
    }

    @Test
    fun `a GPU that ended the app is tried again only when that is asked for`() {
        fake.fakeRuntime.atCreation[Backend.GPU] = IllegalStateException("no OpenCL")
        val settings = launch()
        rest()
        until("the refusal", { settings.status() }) { "Not on the GPU: no OpenCL" in settings.status() }
        assertEquals(View.VISIBLE, settings.view<View>(R.id.again).visibility)
        fake.fakeRuntime.atCreation.clear()
        settings.view<View>(R.id.again).performClick()
        until("the GPU", { settings.status() }) { "FP16, on the GPU" in settings.status() }
        assertEquals(View.GONE, settings.view<View>(R.id.again).visibility)
        settings.view<View>(R.id.exact).performClick()
        rest()
        until("32 bits") { fake.fakeRuntime.opened.last().endsWith("GPU, exact") || fake.fakeRuntime.opened.any { "exact" in it } }
    }

    @Test
    fun `a model is added from a file and removed`() {
        val settings = launch()
        settings.view<View>(R.id.import_model).performClick()
        val pick = shadowOf(settings).nextStartedActivityForResult
        val file = File(folder.root, "mine-x4.tflite").apply { writeText("a model") }
        val address = PhotosOfAnotherApp.install().add("mine-x4.tflite", file)
        shadowOf(settings).receiveResult(pick.intent, Activity.RESULT_OK, Intent().setData(address))
        until("the model") { fake.models.find("mine-x4") != null && settings.models().any { it.text == "mine-x4" } }
        assertEquals("mine-x4", fake.wishes.wish.model)
        assertEquals("Added", settings.models().let { all -> all[all.indexOfFirst { it.text == "mine-x4" } - 1].text })
        assertEquals(View.VISIBLE, settings.view<View>(R.id.remove).visibility)
        settings.view<View>(R.id.remove).performClick()
        assertFalse(settings.models().any { it.text == "mine-x4" })
        assertEquals("edge-l-real-x4", fake.wishes.wish.model)
    }

    @Test
    fun `the benchmark times every model on every backend and keeps its results`() {
        fake.fakeRuntime.atCreation[Backend.GPU] = IllegalStateException("no OpenCL")
        // The first runs of each model are slow, as they are on phones: they do not count.
        var (opened, runs) = 0 to 0
        fake.fakeRuntime.atRun[Backend.CPU] = {
            if (opened != fake.fakeRuntime.opened.size) runs = 0
            opened = fake.fakeRuntime.opened.size
            if (++runs <= 4) Thread.sleep(150)
        }
        val screen = Robolectric.buildActivity(BenchmarkActivity::class.java).setup().get()
        assertTrue(screen.view<TextView>(R.id.results).text.startsWith("Times"))
        screen.view<View>(R.id.start).performClick()
        until("the end") { screen.view<View>(R.id.start).isEnabled }
        val lines = screen.view<TextView>(R.id.results).text.lines().filter { it.isNotEmpty() }
        assertEquals(1 + 2 * fake.models.models.size, lines.size)
        assertEquals(fake.models.models.size, lines.count { it.endsWith("not run, no OpenCL") })
        assertEquals(fake.models.models.size, lines.count { Regex(".*-x\\d, CPU: \\d+\\.\\d ms \\(p90 \\d+\\.\\d\\) for \\d+ × \\d+").matches(it) })
        assertTrue(lines.toString(), lines.mapNotNull { Regex("p90 (\\d+\\.\\d)").find(it) }.all { it.groupValues[1].toFloat() < 150 })
        val first = screen.view<TextView>(R.id.results).text.toString()
        screen.view<View>(R.id.start).performClick()
        until("the end") { screen.view<View>(R.id.start).isEnabled }
        assertTrue("the earlier run is below", screen.view<TextView>(R.id.results).text.toString().let { first.trim() in it && it.length > 2 * first.trim().length })
        val later = Robolectric.buildActivity(BenchmarkActivity::class.java).setup().get()
        assertEquals(screen.view<TextView>(R.id.results).text.toString(), later.view<TextView>(R.id.results).text.toString())
    }
}
