package dev.srganedge.demo

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.ImageFormat
import android.graphics.Rect
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.hardware.camera2.params.MeteringRectangle
import android.media.Image
import android.media.ImageReader
import android.os.Build
import android.os.Handler
import android.os.HandlerThread
import android.view.Surface
import dev.srganedge.engine.Plane

/** The phone's camera by Camera2. All of it is on one thread, which all share: opening a camera takes up to a second. */
class DeviceCamera(context: Context) : FrameSource {
    private val manager = context.service<CameraManager>()

    // Of the thread alone.
    private var running: Running? = null
    private var watching: CameraManager.AvailabilityCallback? = null

    override fun start(preview: SurfaceTexture, events: FrameSource.Events) = post {
        stopHere()
        running = Running(preview, events).also { it.open() }
    }

    override fun stop(done: () -> Unit) = post {
        stopHere()
        done()
    }

    override fun zoom(factor: Float) = post { running?.zoom(factor) }

    override fun focus(x: Float, y: Float) = post { running?.focus(x, y) }

    override fun torch(on: Boolean) = post { running?.torch(on) }

    private fun post(work: () -> Unit) {
        handler.post(work)
    }

    private fun stopHere() {
        running?.close()
        running = null
        watching?.let(manager::unregisterAvailabilityCallback)
        watching = null
    }

    /** After a failure: tell when a camera becomes free. */
    private fun watch(events: FrameSource.Events) {
        val callback = object : CameraManager.AvailabilityCallback() {
            /** It is told of those that are free already, too: whoever is told tries again once. */
            override fun onCameraAvailable(id: String) = events.available()

            override fun onCameraAccessPrioritiesChanged() = events.available()
        }
        watching = callback
        manager.registerAvailabilityCallback(callback, handler)
    }

    /** One use of a camera, from opening to closing. */
    private inner class Running(private val preview: SurfaceTexture, private val events: FrameSource.Events) :
        CameraDevice.StateCallback() {
        private var choice: CameraChoice? = null
        private var device: CameraDevice? = null
        private var session: CameraCaptureSession? = null
        private var request: CaptureRequest.Builder? = null
        private var reader: ImageReader? = null
        private var surface: Surface? = null
        private var closed = false
        private var factor = 1f
        private var lit = false

        @SuppressLint("MissingPermission") // the activity asks before it starts a camera
        fun open() = careful {
            val choice = CameraChoice.of(manager) ?: return fail(CameraProblem.NONE)
            this.choice = choice
            val size = choice.frames ?: return fail(CameraProblem.FAILED)
            events.started(CameraFacts(size.width, size.height, choice.orientation, choice.facesUser, choice.longestZoom, choice.hasTorch))
            manager.openCamera(choice.id, this, handler)
        }

        override fun onOpened(camera: CameraDevice) {
            if (closed) return camera.close()
            device = camera
            careful {
                val (frames, shown) = requireNotNull(choice).run { requireNotNull(frames) to requireNotNull(preview) }
                preview.setDefaultBufferSize(shown.width, shown.height)
                val screen = Surface(preview).also { surface = it }
                val reader = ImageReader.newInstance(frames.width, frames.height, ImageFormat.YUV_420_888, 2)
                this.reader = reader
                reader.setOnImageAvailableListener({ it.acquireLatestImage()?.use(::give) }, handler)
                @Suppress("DEPRECATION") // what replaces it came with API 28
                camera.createCaptureSession(listOf(screen, reader.surface), Session(camera, listOf(screen, reader.surface)), handler)
            }
        }

        override fun onDisconnected(camera: CameraDevice) {
            device = camera
            fail(CameraProblem.BUSY)
        }

        override fun onError(camera: CameraDevice, error: Int) {
            device = camera
            fail(
                when (error) {
                    ERROR_CAMERA_IN_USE, ERROR_MAX_CAMERAS_IN_USE -> CameraProblem.BUSY
                    ERROR_CAMERA_DISABLED -> CameraProblem.DISABLED
                    else -> CameraProblem.FAILED
                },
            )
        }

        fun close() {
            closed = true
            device?.close()
            reader?.close()
            surface?.release()
        }

        fun zoom(factor: Float) {
            this.factor = factor.coerceIn(1f, choice?.longestZoom ?: 1f)
            change(::setZoom)
        }

        fun torch(on: Boolean) {
            lit = on
            change(::setTorch)
        }

        private fun setZoom(builder: CaptureRequest.Builder) {
            if (choice?.zoomsByRatio == true && Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
                builder.set(CaptureRequest.CONTROL_ZOOM_RATIO, factor)
            } else {
                seen()?.let { builder.set(CaptureRequest.SCALER_CROP_REGION, it) }
            }
        }

        private fun setTorch(builder: CaptureRequest.Builder) =
            builder.set(CaptureRequest.FLASH_MODE, if (lit) CaptureRequest.FLASH_MODE_TORCH else CaptureRequest.FLASH_MODE_OFF)

        fun focus(x: Float, y: Float) {
            val choice = choice ?: return
            if (choice.focusAreas == 0 || !choice.focuses(CaptureRequest.CONTROL_AF_MODE_AUTO)) return
            change {
                val area = area(x, y) ?: return@change
                it.set(CaptureRequest.CONTROL_AF_MODE, CaptureRequest.CONTROL_AF_MODE_AUTO)
                it.set(CaptureRequest.CONTROL_AF_REGIONS, arrayOf(area))
                it.set(CaptureRequest.CONTROL_AE_REGIONS, arrayOf(area))
                it.set(CaptureRequest.CONTROL_AF_TRIGGER, CaptureRequest.CONTROL_AF_TRIGGER_START)
                session?.capture(it.build(), null, handler)
                it.set(CaptureRequest.CONTROL_AF_TRIGGER, CaptureRequest.CONTROL_AF_TRIGGER_IDLE)
            }
        }

        /** What of the sensor is seen: from Android 11 on all of it, as coordinates follow the zoom. */
        private fun seen(): Rect? = choice?.sensor?.let { sensor ->
            val by = if (choice?.zoomsByRatio == true) 1f else factor
            val (width, height) = (sensor.width() / by).toInt() to (sensor.height() / by).toInt()
            Rect((sensor.width() - width) / 2, (sensor.height() - height) / 2, (sensor.width() + width) / 2, (sensor.height() + height) / 2)
        }

        /** A tenth of what is seen around a point of the frame, which is cut from its middle by the frame's shape. */
        private fun area(x: Float, y: Float): MeteringRectangle? {
            val seen = seen() ?: return null
            val frames = choice?.frames ?: return null
            val by = minOf(seen.width().toFloat() / frames.width, seen.height().toFloat() / frames.height)
            val side = (frames.height * by / 10).toInt()
            val left = (seen.exactCenterX() + (x - 0.5f) * frames.width * by - side / 2).toInt().coerceIn(seen.left, seen.right - side)
            val top = (seen.exactCenterY() + (y - 0.5f) * frames.height * by - side / 2).toInt().coerceIn(seen.top, seen.bottom - side)
            return MeteringRectangle(left, top, side, side, MeteringRectangle.METERING_WEIGHT_MAX)
        }

        private fun change(how: (CaptureRequest.Builder) -> Unit) {
            val (session, request) = (session ?: return) to (request ?: return)
            careful {
                how(request)
                session.setRepeatingRequest(request.build(), null, handler)
            }
        }

        /** Whatever a camera throws is a failure to be shown: services die, other apps come first, drivers err. */
        private inline fun careful(work: () -> Unit) {
            if (closed) return
            try {
                work()
            } catch (error: CameraAccessException) {
                fail(problem(error))
            } catch (_: SecurityException) {
                fail(CameraProblem.DISABLED) // the permission was taken back meanwhile
            } catch (_: RuntimeException) {
                fail(CameraProblem.FAILED) // the surface is gone, the camera is closing or was unplugged
            }
        }

        private fun fail(problem: CameraProblem) {
            if (closed) {
                device?.close()
                return
            }
            close()
            events.failed(problem)
            if (problem != CameraProblem.NONE) watch(events)
        }

        private fun give(image: Image) {
            if (closed) return
            val (y, u, v) = image.planes.map { Plane(it.buffer, it.rowStride, it.pixelStride) }
            events.frame(Frame(image.width, image.height, y, u, v))
        }

        private inner class Session(private val camera: CameraDevice, private val targets: List<Surface>) :
            CameraCaptureSession.StateCallback() {
            override fun onConfigured(configured: CameraCaptureSession) = careful {
                val builder = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
                targets.forEach(builder::addTarget)
                if (choice?.focuses(CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_PICTURE) == true) {
                    builder.set(CaptureRequest.CONTROL_AF_MODE, CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_PICTURE)
                }
                // What was asked for while the camera opened.
                if (factor != 1f) setZoom(builder)
                if (lit) setTorch(builder)
                session = configured
                request = builder
                configured.setRepeatingRequest(builder.build(), null, handler)
            }

            override fun onConfigureFailed(session: CameraCaptureSession) = fail(CameraProblem.FAILED)
        }
    }

    private fun problem(error: CameraAccessException) = when (error.reason) {
        CameraAccessException.CAMERA_IN_USE, CameraAccessException.MAX_CAMERAS_IN_USE -> CameraProblem.BUSY
        CameraAccessException.CAMERA_DISABLED -> CameraProblem.DISABLED
        else -> CameraProblem.FAILED
    }

    private companion object {
        /** The process's, as the activity and its camera are made anew whenever the phone is turned. */
        val handler by lazy { Handler(HandlerThread("camera").apply { start() }.looper) }
    }
}
