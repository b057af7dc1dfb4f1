package dev.srganedge.demo

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.ImageFormat
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.media.Image
import android.media.ImageReader
import android.os.Handler
import android.os.HandlerThread
import android.util.Size
import android.view.Surface
import dev.srganedge.engine.Plane
import kotlin.math.abs

/** The phone's camera by Camera2: the one that looks away from the user, if there is one. */
class DeviceCamera(context: Context) : FrameSource {
    private val manager = context.service<CameraManager>()
    private val lock = Any()
    private var running: Running? = null

    override fun start(preview: SurfaceTexture, events: FrameSource.Events) = synchronized(lock) {
        stop()
        running = Running(preview, events).also { it.open() }
    }

    override fun stop() = synchronized(lock) {
        running?.close()
        running = null
    }

    /** One use of a camera, from opening to closing. */
    private inner class Running(private val preview: SurfaceTexture, private val events: FrameSource.Events) :
        CameraDevice.StateCallback() {
        private val thread = HandlerThread("camera").apply { start() }
        private val handler = Handler(thread.looper)
        private var device: CameraDevice? = null
        private var reader: ImageReader? = null
        private var surface: Surface? = null
        private var size = Size(0, 0)
        private var closed = false

        @SuppressLint("MissingPermission") // the activity asks before it starts a camera
        fun open() {
            try {
                val ids = manager.cameraIdList
                val id = ids.firstOrNull { facing(it) == CameraCharacteristics.LENS_FACING_BACK } ?: ids.firstOrNull()
                if (id == null) return fail(CameraProblem.NONE)
                val facts = manager.getCameraCharacteristics(id)
                val sizes = facts.get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP)
                    ?.getOutputSizes(ImageFormat.YUV_420_888)
                if (sizes.isNullOrEmpty()) return fail(CameraProblem.FAILED)
                size = sizes.minBy { abs(it.width * it.height - WANTED) }
                val orientation = facts.get(CameraCharacteristics.SENSOR_ORIENTATION) ?: 0
                events.started(size.width, size.height, orientation, facing(id) == CameraCharacteristics.LENS_FACING_FRONT)
                manager.openCamera(id, this, handler)
            } catch (error: CameraAccessException) {
                fail(problem(error))
            } catch (_: SecurityException) {
                fail(CameraProblem.DISABLED) // the permission was taken back meanwhile
            }
        }

        override fun onOpened(camera: CameraDevice) = unlessClosed(camera) {
            device = camera
            preview.setDefaultBufferSize(size.width, size.height)
            val shown = Surface(preview).also { surface = it }
            val reader = ImageReader.newInstance(size.width, size.height, ImageFormat.YUV_420_888, 2)
            this.reader = reader
            reader.setOnImageAvailableListener({ it.acquireLatestImage()?.use(::give) }, handler)
            try {
                @Suppress("DEPRECATION") // what replaces it came with API 28
                camera.createCaptureSession(listOf(shown, reader.surface), Session(camera, shown, reader.surface), handler)
            } catch (error: CameraAccessException) {
                fail(problem(error))
            } catch (_: RuntimeException) {
                fail(CameraProblem.FAILED) // the preview's surface is gone, or the camera is closing
            }
        }

        override fun onDisconnected(camera: CameraDevice) = unlessClosed(camera) { fail(CameraProblem.BUSY) }

        override fun onError(camera: CameraDevice, error: Int) = unlessClosed(camera) {
            device = camera
            fail(
                when (error) {
                    ERROR_CAMERA_IN_USE, ERROR_MAX_CAMERAS_IN_USE -> CameraProblem.BUSY
                    ERROR_CAMERA_DISABLED -> CameraProblem.DISABLED
                    else -> CameraProblem.FAILED
                },
            )
        }

        fun close() = synchronized(lock) {
            closed = true
            device?.close()
            reader?.close()
            surface?.release()
            thread.quitSafely()
        }

        private fun unlessClosed(camera: CameraDevice, act: () -> Unit) = synchronized(lock) {
            if (closed) camera.close() else act()
        }

        private fun fail(problem: CameraProblem) {
            close()
            events.failed(problem)
        }

        /** Under the lock: a frame's memory is gone once its reader is closed. */
        private fun give(image: Image) = synchronized(lock) {
            if (closed) return@synchronized
            val (y, u, v) = image.planes.map { Plane(it.buffer, it.rowStride, it.pixelStride) }
            events.frame(Frame(image.width, image.height, y, u, v))
        }

        private inner class Session(private val camera: CameraDevice, vararg targets: Surface) :
            CameraCaptureSession.StateCallback() {
            private val surfaces = targets

            override fun onConfigured(session: CameraCaptureSession) = unlessClosed(camera) {
                try {
                    val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
                    surfaces.forEach(request::addTarget)
                    request.set(CaptureRequest.CONTROL_AF_MODE, CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_PICTURE)
                    session.setRepeatingRequest(request.build(), null, handler)
                } catch (error: CameraAccessException) {
                    fail(problem(error))
                } catch (_: IllegalStateException) {
                    fail(CameraProblem.BUSY) // another app took the camera in between
                }
            }

            override fun onConfigureFailed(session: CameraCaptureSession) =
                unlessClosed(camera) { fail(CameraProblem.FAILED) }
        }
    }

    private fun facing(id: String): Int? = manager.getCameraCharacteristics(id).get(CameraCharacteristics.LENS_FACING)

    private fun problem(error: CameraAccessException) = when (error.reason) {
        CameraAccessException.CAMERA_IN_USE, CameraAccessException.MAX_CAMERAS_IN_USE -> CameraProblem.BUSY
        CameraAccessException.CAMERA_DISABLED -> CameraProblem.DISABLED
        else -> CameraProblem.FAILED
    }

    private companion object {
        /** Pixels of a frame: sharp enough for a preview, light enough for every camera to stream. */
        const val WANTED = 1280 * 720
    }
}
