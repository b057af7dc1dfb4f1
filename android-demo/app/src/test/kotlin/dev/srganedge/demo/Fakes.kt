package dev.srganedge.demo

import android.content.ContentProvider
import android.content.ContentUris
import android.content.ContentValues
import android.content.res.AssetFileDescriptor
import android.database.Cursor
import android.database.MatrixCursor
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.BitmapRegionDecoder
import android.graphics.Rect
import android.graphics.SurfaceTexture
import android.net.Uri
import android.os.Looper
import android.os.ParcelFileDescriptor
import android.os.SystemClock
import android.provider.MediaStore
import android.provider.OpenableColumns
import android.view.MotionEvent
import android.view.TextureView
import android.view.View
import dev.srganedge.engine.Backend
import dev.srganedge.engine.ModelFile
import dev.srganedge.engine.Options
import dev.srganedge.engine.PixelType
import dev.srganedge.engine.Plane
import dev.srganedge.engine.TileModel
import dev.srganedge.engine.TileRuntime
import java.io.File
import java.io.FileDescriptor
import java.io.FileInputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.concurrent.CopyOnWriteArrayList
import org.junit.Assert.fail
import org.junit.runners.model.FrameworkMethod
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Implementation
import org.robolectric.annotation.Implements
import org.robolectric.internal.bytecode.InstrumentationConfiguration
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowContentResolver

/** Android's classes, and TensorFlow Lite's own library, which one class loader alone may have. */
class AppRunner(test: Class<*>) : RobolectricTestRunner(test) {
    override fun createClassLoaderConfig(method: FrameworkMethod): InstrumentationConfiguration =
        InstrumentationConfiguration.Builder(super.createClassLoaderConfig(method)).doNotAcquirePackage("org.tensorflow.lite.").build()
}

/** The app with a camera and networks that tests command; everything else is the real thing. */
open class FakeApplication : DemoApplication() {
    open val fakeCamera = FakeCamera()
    val fakeRuntime = FakeRuntime()

    override fun camera(): FrameSource = fakeCamera

    override val runtime: TileRuntime get() = fakeRuntime
}

/** Opens networks that repeat each pixel; their files are not read. */
class FakeRuntime : TileRuntime {
    /** Thrown when a backend is opened. */
    val atCreation = mutableMapOf<Backend, Throwable>()

    /** Done at each run on a backend. */
    val atRun = mutableMapOf<Backend, () -> Unit>()
    /** Files whose networks make all black. */
    val black = mutableSetOf<String>()
    val opened = CopyOnWriteArrayList<String>()
    val closed = CopyOnWriteArrayList<String>()
    override val backends = setOf(Backend.GPU, Backend.CPU)

    override fun open(file: ModelFile, backend: Backend, options: Options): TileModel {
        val name = "${file.name} on $backend" + if (options.exact) ", exact" else ""
        opened += name
        atCreation[backend]?.let { throw it }
        val scale = Regex("-x(\\d)").find(file.name)?.groupValues?.get(1)?.toInt() ?: 4
        val type = if (file.quantization == "int8") PixelType.UINT8 else PixelType.FLOAT32
        val network = Repeating(file.overlap, scale, type, { atRun[backend]?.invoke() }) { closed += name }
        return if (file.name !in black) network else object : TileModel by network {
            override fun run() = network.run().also { for (index in 0 until output.capacity()) output.put(index, 0) }
        }
    }
}

/** A network that repeats each pixel, of the tile and types of ours, and that puts its result as TensorFlow Lite does. */
class Repeating(
    override val overlap: Int,
    override val scale: Int,
    override val type: PixelType,
    private val atRun: () -> Unit,
    private val atClose: () -> Unit,
) : TileModel {
    override val tile = 128
    override val input: ByteBuffer = buffer(tile)
    override val output: ByteBuffer = buffer(tile * scale)
    private val pixel = 3 * type.bytes

    override fun run() {
        atRun()
        output.clear()
        val given = ByteArray(tile * pixel)
        val made = ByteArray(given.size * scale)
        for (row in 0 until tile) {
            input.position(row * given.size)
            input.get(given)
            for (column in 0 until tile * scale) given.copyInto(made, column * pixel, column / scale * pixel, (column / scale + 1) * pixel)
            repeat(scale) { output.put(made) }
        }
        output.rewind()
        input.rewind()
    }

    override fun close() = atClose()

    private fun buffer(side: Int) = ByteBuffer.allocateDirect(side * side * 3 * type.bytes).order(ByteOrder.nativeOrder())
}

/** A camera of 320 x 240 whose sensor lies as in most phones, and whose picture is dark at the top when upright. */
open class FakeCamera : FrameSource {
    var events: FrameSource.Events? = null
    var problem: CameraProblem? = null
    var starts = 0
    var zoom = 0f
    var focus: Pair<Float, Float>? = null
    var torch = false
    var contrast = 1
    var facts = CameraFacts(WIDTH, HEIGHT, 90, false, 8f, true)

    override fun start(preview: SurfaceTexture, events: FrameSource.Events) {
        starts++
        this.events = events
        problem?.let { return events.failed(it) }
        events.started(facts)
    }

    override fun stop(done: () -> Unit) {
        events = null
        zoom = 1f
        torch = false
        done()
    }

    override fun zoom(factor: Float) {
        zoom = factor
    }

    override fun focus(x: Float, y: Float) {
        focus = x to y
    }

    override fun torch(on: Boolean) {
        torch = on
    }

    open fun frame() {
        val luma = ByteBuffer.allocate(WIDTH * HEIGHT)
        for (index in 0 until WIDTH * HEIGHT) luma.put(index, (160 + (index % WIDTH - 160) * contrast).coerceIn(16, 235).toByte())
        val chroma = ByteArray(WIDTH * HEIGHT / 4) { 128.toByte() }
        val plane = Plane(ByteBuffer.wrap(chroma), WIDTH / 2, 1)
        events?.frame(Frame(WIDTH, HEIGHT, Plane(luma, WIDTH, 1), plane, plane))
    }

    companion object {
        const val WIDTH = 320
        const val HEIGHT = 240
    }
}

/** Robolectric's decoder of parts gives blank ones: this one decodes the whole and cuts. */
@Implements(BitmapRegionDecoder::class)
class WorkingRegionDecoder {
    private lateinit var whole: Bitmap

    @Implementation
    fun getWidth(): Int = whole.width

    @Implementation
    fun getHeight(): Int = whole.height

    @Implementation
    fun recycle() {
        recycled++
    }

    @Implementation
    fun decodeRegion(place: Rect, options: BitmapFactory.Options): Bitmap =
        Bitmap.createBitmap(whole, place.left, place.top, place.width(), place.height()).copy(Bitmap.Config.ARGB_8888, true)

    companion object {
        /** How many were freed. */
        @Volatile
        var recycled = 0

        @JvmStatic
        @Implementation
        fun newInstance(file: FileDescriptor, shareable: Boolean): BitmapRegionDecoder {
            val bytes = FileInputStream(file).readBytes()
            val whole = BitmapFactory.decodeByteArray(bytes, 0, bytes.size) ?: throw java.io.IOException("Image format not supported")
            val decoder = Shadow.newInstanceOf(BitmapRegionDecoder::class.java)
            Shadow.extract<WorkingRegionDecoder>(decoder).whole = whole
            return decoder
        }
    }
}

/** Another app's photos: content addresses, names that are not in them, no files. */
class PhotosOfAnotherApp : ContentProvider() {
    val photos = mutableMapOf<String, Pair<String, File>>()

    override fun onCreate() = true

    private fun of(uri: Uri) = photos.getValue(requireNotNull(uri.lastPathSegment))

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor =
        ParcelFileDescriptor.open(of(uri).second, ParcelFileDescriptor.MODE_READ_ONLY)

    override fun openAssetFile(uri: Uri, mode: String): AssetFileDescriptor =
        AssetFileDescriptor(openFile(uri, mode), 0, AssetFileDescriptor.UNKNOWN_LENGTH)

    override fun query(uri: Uri, columns: Array<String>?, c: String?, d: Array<String>?, e: String?): Cursor =
        MatrixCursor(arrayOf(OpenableColumns.DISPLAY_NAME)).apply { addRow(arrayOf(of(uri).first)) }

    override fun insert(uri: Uri, values: ContentValues?): Uri? = null

    override fun update(uri: Uri, values: ContentValues?, selection: String?, arguments: Array<String>?) = 0

    override fun delete(uri: Uri, selection: String?, arguments: Array<String>?) = 0

    override fun getType(uri: Uri) = "image/*"

    /** An address of [file], which is shown as [name]. */
    fun add(name: String, file: File): Uri {
        val id = "image:${photos.size + 1000}"
        photos[id] = name to file
        return Uri.Builder().scheme("content").authority(AUTHORITY).appendPath(id).build()
    }

    companion object {
        private const val AUTHORITY = "another.app.photos"

        fun install(): PhotosOfAnotherApp = Robolectric.setupContentProvider(PhotosOfAnotherApp::class.java, AUTHORITY)
            .also { ShadowContentResolver.registerProviderInternal(AUTHORITY, it) }
    }
}

/** MediaStore's images, as files. */
class FakeMediaStore : ContentProvider() {
    class Entry(val file: File, val values: ContentValues)

    val entries = mutableMapOf<Long, Entry>()

    /** It is full. */
    var refuses = false

    /** Pictures that others may see. */
    val published get() = entries.values.filter { (it.values.getAsInteger(MediaStore.MediaColumns.IS_PENDING) ?: 0) == 0 }

    override fun onCreate() = true

    override fun insert(uri: Uri, values: ContentValues?): Uri {
        val id = entries.size + 1L
        @Suppress("DEPRECATION")
        val path = values?.getAsString(MediaStore.MediaColumns.DATA)
        entries[id] = Entry(path?.let(::File) ?: File.createTempFile("media", ".image"), ContentValues(values))
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

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        if (refuses) throw java.io.FileNotFoundException("no space left")
        return ParcelFileDescriptor.open(entries.getValue(ContentUris.parseId(uri)).file, ParcelFileDescriptor.parseMode(mode))
    }

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
    val end = System.nanoTime() + 60_000_000_000
    while (!done()) {
        shadowOf(Looper.getMainLooper()).idle()
        if (System.nanoTime() > end) fail("waited a minute for $what: ${said()}")
        Thread.sleep(5)
    }
}

/** Two fingers, left and right of a point, move from one distance to another; or the right one alone. */
fun View.pinch(x: Float, y: Float, from: Float, to: Float, leftRests: Boolean = false) {
    val now = SystemClock.uptimeMillis()
    val fingers = Array(2) { MotionEvent.PointerProperties().apply { id = it; toolType = MotionEvent.TOOL_TYPE_FINGER } }
    fun send(action: Int, count: Int, distance: Float, after: Int) {
        val places = Array(2) {
            MotionEvent.PointerCoords().apply {
                val rests = if (leftRests) from else distance
                this.x = if (it == 0) x - rests / 2 else x - rests / 2 + distance
                this.y = y
                pressure = 1f
                size = 1f
            }
        }
        onTouchEvent(MotionEvent.obtain(now, now + after, action, count, fingers, places, 0, 0, 1f, 1f, 0, 0, 0x1002, 0))
    }
    val second = 1 shl MotionEvent.ACTION_POINTER_INDEX_SHIFT
    send(MotionEvent.ACTION_DOWN, 1, from, 0)
    send(MotionEvent.ACTION_POINTER_DOWN or second, 2, from, 10)
    for (step in 1..20) send(MotionEvent.ACTION_MOVE, 2, from + (to - from) * step / 20, 10 + 20 * step)
    send(MotionEvent.ACTION_POINTER_UP or second, 2, to, 450)
    send(MotionEvent.ACTION_UP, 1, to, 500)
}

/** As if the preview had been laid out and given its surface. */
fun CameraActivity.surfaceArrives() {
    val preview = view<TextureView>(R.id.preview)
    preview.setSurfaceTexture(SurfaceTexture(0))
    onSurfaceTextureAvailable(requireNotNull(preview.surfaceTexture), preview.width, preview.height)
    shadowOf(Looper.getMainLooper()).idle()
}
