package dev.srganedge.demo

import android.graphics.SurfaceTexture
import android.os.Looper
import android.os.SystemClock
import android.view.MotionEvent
import android.view.TextureView
import android.view.View
import dev.srganedge.engine.Backend
import dev.srganedge.engine.ModelFile
import dev.srganedge.engine.Options
import dev.srganedge.engine.PixelType
import dev.srganedge.engine.TileModel
import dev.srganedge.engine.TileRuntime
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.concurrent.CopyOnWriteArrayList
import org.junit.Assert.fail
import org.junit.runners.model.FrameworkMethod
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.internal.bytecode.InstrumentationConfiguration

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

/** As if the preview had been laid out and given its surface. */
fun CameraActivity.surfaceArrives() {
    val preview = view<TextureView>(R.id.preview)
    preview.setSurfaceTexture(SurfaceTexture(0))
    onSurfaceTextureAvailable(requireNotNull(preview.surfaceTexture), preview.width, preview.height)
    shadowOf(Looper.getMainLooper()).idle()
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
