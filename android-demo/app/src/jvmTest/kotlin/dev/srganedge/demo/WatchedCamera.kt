package dev.srganedge.demo

import android.graphics.ImageFormat
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CaptureRequest
import android.media.Image
import android.media.ImageReader
import android.os.Handler
import android.util.Size
import android.view.Surface
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CopyOnWriteArrayList
import org.junit.Assert.assertEquals
import org.robolectric.annotation.Implementation
import org.robolectric.annotation.Implements
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowCameraCaptureSessionImpl

/** What was asked of the camera: the request, and the values that it had then. */
class Asked(val request: CaptureRequest, private val values: Map<CaptureRequest.Key<*>, Any?>) {
    fun get(key: CaptureRequest.Key<*>) = values[key]
}

/** Robolectric's loses the values when it builds. */
@Implements(CaptureRequest.Builder::class)
class WatchedBuilder {
    @Implementation
    fun <T> set(key: CaptureRequest.Key<T>, value: T) {
        values[key] = value
    }

    companion object {
        val values = ConcurrentHashMap<CaptureRequest.Key<*>, Any?>()
    }
}

/** Keeps what is asked of the camera. */
@Implements(className = "android.hardware.camera2.impl.CameraCaptureSessionImpl")
class WatchedSession : ShadowCameraCaptureSessionImpl() {
    @Implementation
    override fun setRepeatingRequest(request: CaptureRequest, callback: CameraCaptureSession.CaptureCallback?, handler: Handler?): Int {
        repeated += Asked(request, WatchedBuilder.values.toMap())
        return 1
    }

    @Implementation
    override fun capture(request: CaptureRequest, callback: CameraCaptureSession.CaptureCallback?, handler: Handler?): Int {
        once += Asked(request, WatchedBuilder.values.toMap())
        return 1
    }

    companion object {
        val repeated = CopyOnWriteArrayList<Asked>()
        val once = CopyOnWriteArrayList<Asked>()
    }
}

/** A reader that has an image whenever it is told so. */
@Implements(ImageReader::class)
class WatchedReader {
    private var listener: ImageReader.OnImageAvailableListener? = null
    private var handler: Handler? = null
    private var size = Size(0, 0)
    private val own = Surface(SurfaceTexture(0))
    var closed = false

    @Implementation
    fun getSurface(): Surface = own

    @Implementation
    fun setOnImageAvailableListener(listener: ImageReader.OnImageAvailableListener, handler: Handler) {
        this.listener = listener
        this.handler = handler
    }

    @Implementation
    fun acquireLatestImage(): Image = Grey(size.width, size.height).also { images += it }

    @Implementation
    fun close() {
        closed = true
    }

    fun arrive(reader: ImageReader) {
        handler?.post { listener?.onImageAvailable(reader) }
    }

    /** Grey, in planes with strides of their own. */
    class Grey(private val across: Int, private val down: Int) : Image() {
        var closed = false

        private class Bytes(private val row: Int, private val pixel: Int, rows: Int) : Plane() {
            private val bytes = ByteBuffer.allocateDirect(row * rows)

            override fun getRowStride() = row

            override fun getPixelStride() = pixel

            override fun getBuffer(): ByteBuffer = bytes
        }

        override fun getFormat() = ImageFormat.YUV_420_888

        override fun getWidth() = across

        override fun getHeight() = down

        override fun getTimestamp() = 0L

        override fun getTransform() = 0

        override fun getScalingMode() = 0

        override fun getPlanes(): Array<Plane> = arrayOf(Bytes(across, 1, down), Bytes(across, 2, down / 2), Bytes(across, 2, down / 2))

        override fun close() {
            closed = true
        }
    }

    companion object {
        val readers = CopyOnWriteArrayList<ImageReader>()
        val images = CopyOnWriteArrayList<Grey>()

        /** Thrown instead of making one. */
        @Volatile
        var refusal: RuntimeException? = null

        @JvmStatic
        @Implementation
        fun newInstance(width: Int, height: Int, format: Int, most: Int): ImageReader {
            refusal?.let { throw it }
            assertEquals(ImageFormat.YUV_420_888, format)
            return Shadow.newInstanceOf(ImageReader::class.java).also {
                Shadow.extract<WatchedReader>(it).size = Size(width, height)
                readers += it
            }
        }
    }
}
