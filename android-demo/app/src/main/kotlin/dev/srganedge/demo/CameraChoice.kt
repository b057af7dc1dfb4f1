package dev.srganedge.demo

import android.graphics.ImageFormat
import android.graphics.Rect
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraManager
import android.os.Build
import android.util.Size
import kotlin.math.abs

/** Which camera is used, in which sizes, and what it can do. */
class CameraChoice private constructor(val id: String, private val facts: CameraCharacteristics) {
    private val map = facts.get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP)

    /** Of the frames that are enlarged: of the sensor's own pixels where its streams are sure to take as much. */
    val frames: Size? = map?.getOutputSizes(ImageFormat.YUV_420_888)?.toList().orEmpty().let { sizes ->
        sizes.filter { it.width.toLong() * it.height <= most() }.maxByOrNull { it.width * it.height } ?: sizes.minByOrNull { it.width * it.height }
    }

    /** Of the preview: of the frames' shape, so that both show the same, and light enough for every camera. */
    val preview: Size? = frames?.let { frames ->
        val sizes = map?.getOutputSizes(SurfaceTexture::class.java)?.toList().orEmpty()
        val same = sizes.filter { abs(it.width.toFloat() / it.height - frames.width.toFloat() / frames.height) < 0.02f }
        (same.filter { it.width * it.height <= PREVIEW }.maxByOrNull { it.width * it.height } ?: same.minByOrNull { it.width * it.height }) ?: frames
    }
    val facesUser get() = facts.get(CameraCharacteristics.LENS_FACING) == CameraCharacteristics.LENS_FACING_FRONT
    val orientation get() = facts.get(CameraCharacteristics.SENSOR_ORIENTATION) ?: 0
    val hasTorch get() = facts.get(CameraCharacteristics.FLASH_INFO_AVAILABLE) == true
    val sensor: Rect? get() = facts.get(CameraCharacteristics.SENSOR_INFO_ACTIVE_ARRAY_SIZE)
    val focusAreas get() = facts.get(CameraCharacteristics.CONTROL_MAX_REGIONS_AF) ?: 0

    /** From Android 11 on a camera zooms by a ratio and its coordinates follow. */
    val zoomsByRatio get() = Build.VERSION.SDK_INT >= Build.VERSION_CODES.R && facts.get(CameraCharacteristics.CONTROL_ZOOM_RATIO_RANGE) != null
    val longestZoom: Float
        get() = (if (zoomsByRatio) facts.get(CameraCharacteristics.CONTROL_ZOOM_RATIO_RANGE)?.upper else null)
            ?: facts.get(CameraCharacteristics.SCALER_AVAILABLE_MAX_DIGITAL_ZOOM) ?: 1f

    fun focuses(mode: Int) = facts.get(CameraCharacteristics.CONTROL_AF_AVAILABLE_MODES)?.contains(mode) == true

    /** Frame pixels that the streams are guaranteed for beside a preview (Camera2, "Regular capture"). */
    private fun most(): Long = when (facts.get(CameraCharacteristics.INFO_SUPPORTED_HARDWARE_LEVEL)) {
        CameraCharacteristics.INFO_SUPPORTED_HARDWARE_LEVEL_FULL, CameraCharacteristics.INFO_SUPPORTED_HARDWARE_LEVEL_3 -> FULL
        else -> LIMITED
    }

    companion object {
        private const val FULL = 16_000_000L
        private const val LIMITED = 1920L * 1080
        private const val PREVIEW = 1440 * 1080

        /** The camera that looks away from the user, if there is one; null without any. */
        fun of(manager: CameraManager): CameraChoice? {
            val all = manager.cameraIdList.map { CameraChoice(it, manager.getCameraCharacteristics(it)) }
            return all.firstOrNull { it.facts.get(CameraCharacteristics.LENS_FACING) == CameraCharacteristics.LENS_FACING_BACK } ?: all.firstOrNull()
        }
    }
}
