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

/** A camera that shows a preview and gives frames. */
interface FrameSource {
    /** Told on any thread. */
    interface Events {
        /** Frames will be [width] x [height]; [orientation] as `SENSOR_ORIENTATION`, mirrored if it [facesUser]. */
        fun started(width: Int, height: Int, orientation: Int, facesUser: Boolean)

        fun frame(frame: Frame)

        fun failed(problem: CameraProblem)
    }

    /** Start; the permission must have been given. */
    fun start(preview: SurfaceTexture, events: Events)

    /** Stop; no event follows. May be called at any time. */
    fun stop()
}
