package dev.srganedge.demo

import android.graphics.SurfaceTexture
import dev.srganedge.engine.Plane

/** A camera's frame in YUV_420_888; its planes are valid until the receiver returns. */
class Frame(val width: Int, val height: Int, val y: Plane, val u: Plane, val v: Plane)

/** Why there is no picture. */
enum class CameraProblem(val message: Int) {
    NONE(R.string.no_camera),
    BUSY(R.string.camera_busy),
    DISABLED(R.string.camera_disabled),
    FAILED(R.string.camera_failed),
}

/** A camera's frames: [width] x [height]; [orientation] as `SENSOR_ORIENTATION`, mirrored in the preview if it [facesUser]. */
class CameraFacts(val width: Int, val height: Int, val orientation: Int, val facesUser: Boolean, val longestZoom: Float, val hasTorch: Boolean)

/** A camera that shows a preview and gives frames; no call waits for it. */
interface FrameSource {
    /** Told on any thread. */
    interface Events {
        fun started(facts: CameraFacts)

        fun frame(frame: Frame)

        fun failed(problem: CameraProblem)

        /** After a failure: it may be worth another try. */
        fun available()
    }

    /** Start; the permission must have been given. */
    fun start(preview: SurfaceTexture, events: Events)

    /** Stop; no event follows. [done] is called when the preview is drawn into no longer. */
    fun stop(done: () -> Unit = {})

    /** Enlarge by the sensor's own pixels, 1 to the longest zoom. */
    fun zoom(factor: Float)

    /** Focus on a point, in parts of the frame's width and height. */
    fun focus(x: Float, y: Float)

    fun torch(on: Boolean)
}
