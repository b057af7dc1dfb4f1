package dev.srganedge.demo

import android.content.ContentProvider
import android.content.ContentUris
import android.content.ContentValues
import android.database.Cursor
import android.graphics.SurfaceTexture
import android.net.Uri
import android.os.Looper
import android.os.ParcelFileDescriptor
import android.provider.MediaStore
import android.view.TextureView
import dev.srganedge.engine.Backend
import dev.srganedge.engine.PixelType
import dev.srganedge.engine.Plane
import dev.srganedge.engine.TileModel
import java.io.File
import java.nio.ByteBuffer
import org.junit.Assert.fail
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowContentResolver

/** The app with a camera and an interpreter that tests command; everything else is the real thing. */
class FakeApplication : DemoApplication() {
    val fakeCamera = FakeCamera()

    /** Thrown when a backend is opened. */
    val atCreation = mutableMapOf<Backend, Throwable>()

    /** Done at each run on a backend. */
    val atRun = mutableMapOf<Backend, () -> Unit>()
    val opened = mutableListOf<String>()

    override fun camera(): FrameSource = fakeCamera

    override fun openModel(file: ModelFile, backend: Backend, exact: Boolean): TileModel {
        opened += "${file.model}-${file.quantization} on $backend"
        atCreation[backend]?.let { throw it }
        return FourTimes(file.overlap) { atRun[backend]?.invoke() }
    }
}

/** An interpreter whose network repeats each pixel 4 x 4 times. */
class FourTimes(override val overlap: Int, private val atRun: () -> Unit) : TileModel {
    override val tile = 64
    override val scale = 4
    override val type = PixelType.UINT8
    override val input: ByteBuffer = ByteBuffer.allocateDirect(tile * tile * 3)
    override val output: ByteBuffer = ByteBuffer.allocateDirect(tile * tile * 48)

    override fun run() {
        atRun()
        val side = tile * scale
        for (row in 0 until side) for (column in 0 until side) for (channel in 0..2) {
            output.put((row * side + column) * 3 + channel, input.get((row / 4 * tile + column / 4) * 3 + channel))
        }
    }

    override fun close() = Unit
}

/** A camera of 320 x 240 whose sensor lies as in most phones, and whose left part is red when the phone is upright. */
class FakeCamera : FrameSource {
    var events: FrameSource.Events? = null
    var problem: CameraProblem? = null
    var starts = 0

    override fun start(preview: SurfaceTexture, events: FrameSource.Events) {
        starts++
        problem?.let { return events.failed(it) }
        this.events = events
        events.started(WIDTH, HEIGHT, 90, false)
    }

    override fun stop() {
        events = null
    }

    fun frame() {
        val luma = ByteBuffer.allocate(WIDTH * HEIGHT)
        for (index in 0 until WIDTH * HEIGHT) luma.put(index, (index % WIDTH).coerceIn(16, 235).toByte())
        val chroma = ByteArray(WIDTH * HEIGHT / 4) { 128.toByte() }
        val plane = Plane(ByteBuffer.wrap(chroma), WIDTH / 2, 1)
        events?.frame(Frame(WIDTH, HEIGHT, Plane(luma, WIDTH, 1), plane, plane))
    }

    companion object {
        const val WIDTH = 320
        const val HEIGHT = 240
    }
}

/** MediaStore's images, as files. */
class FakeMediaStore : ContentProvider() {
    class Entry(val file: File, val values: ContentValues)

    val entries = mutableMapOf<Long, Entry>()

    override fun onCreate() = true

    override fun insert(uri: Uri, values: ContentValues?): Uri {
        val id = entries.size + 1L
        entries[id] = Entry(File.createTempFile("media", ".png"), ContentValues(values))
        return ContentUris.withAppendedId(uri, id)
    }

    override fun update(uri: Uri, values: ContentValues?, selection: String?, arguments: Array<String>?): Int {
        entries.getValue(ContentUris.parseId(uri)).values.putAll(values)
        return 1
    }

    override fun delete(uri: Uri, selection: String?, arguments: Array<String>?): Int {
        entries.remove(ContentUris.parseId(uri))?.file?.delete()
        return 1
    }

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor =
        ParcelFileDescriptor.open(entries.getValue(ContentUris.parseId(uri)).file, ParcelFileDescriptor.parseMode(mode))

    override fun query(a: Uri, b: Array<String>?, c: String?, d: Array<String>?, e: String?): Cursor? = null

    override fun getType(uri: Uri): String? = null

    companion object {
        fun install(): FakeMediaStore =
            Robolectric.setupContentProvider(FakeMediaStore::class.java, MediaStore.AUTHORITY)
                .also { ShadowContentResolver.registerProviderInternal(MediaStore.AUTHORITY, it) }
    }
}

val fake get() = RuntimeEnvironment.getApplication() as FakeApplication

/** Let the threads work and the main thread with them until [done]; [said] is told otherwise. */
fun until(what: String, said: () -> String = { "" }, done: () -> Boolean) {
    val end = System.nanoTime() + 20_000_000_000
    while (!done()) {
        shadowOf(Looper.getMainLooper()).idle()
        if (System.nanoTime() > end) fail("waited 20 s for $what: ${said()}")
        Thread.sleep(5)
    }
}

/** As if the preview had been laid out and given its surface. */
fun CameraActivity.surfaceArrives() {
    val preview = view<TextureView>(R.id.preview)
    preview.setSurfaceTexture(SurfaceTexture(0))
    onSurfaceTextureAvailable(requireNotNull(preview.surfaceTexture), preview.width, preview.height)
    shadowOf(Looper.getMainLooper()).idle()
}
