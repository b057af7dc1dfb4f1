package dev.srganedge.demo

import android.graphics.ImageFormat
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraManager
import android.hardware.camera2.params.StreamConfigurationMap
import android.util.Size
import java.util.concurrent.CopyOnWriteArrayList
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.shadows.ShadowCameraCharacteristics
import org.robolectric.shadows.StreamConfigurationMapBuilder

@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35])
class DeviceCameraTest {
    private val context = RuntimeEnvironment.getApplication()
    private val manager = shadowOf(context.service<CameraManager>())
    private val said = CopyOnWriteArrayList<String>()
    private val events = object : FrameSource.Events {
        override fun started(width: Int, height: Int, orientation: Int, facesUser: Boolean) {
            said += "${width}x$height at $orientation" + if (facesUser) ", facing the user" else ""
        }

        override fun frame(frame: Frame) = Unit

        override fun failed(problem: CameraProblem) {
            said += problem.name
        }
    }

    private fun add(id: String, facing: Int, sizes: List<Size>) {
        val map: StreamConfigurationMap = StreamConfigurationMapBuilder.newBuilder()
            .apply { sizes.forEach { addOutputSize(ImageFormat.YUV_420_888, it) } }.build()
        val facts = ShadowCameraCharacteristics.newCameraCharacteristics()
        shadowOf(facts).set(CameraCharacteristics.LENS_FACING, facing)
        shadowOf(facts).set(CameraCharacteristics.SENSOR_ORIENTATION, 90)
        shadowOf(facts).set(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP, map)
        manager.addCamera(id, facts)
    }

    @Test
    fun `a device without a camera`() {
        DeviceCamera(context).start(SurfaceTexture(0), events)
        assertEquals(listOf("NONE"), said)
    }

    @Test
    fun `the camera that looks away, in the size next to a megapixel`() {
        add("0", CameraCharacteristics.LENS_FACING_FRONT, listOf(Size(640, 480)))
        add("1", CameraCharacteristics.LENS_FACING_BACK, listOf(Size(4000, 3000), Size(1280, 720), Size(640, 480)))
        val camera = DeviceCamera(context)
        camera.start(SurfaceTexture(0), events)
        until("the start") { said.isNotEmpty() }
        assertEquals(listOf("1280x720 at 90"), said)
        camera.stop()
        camera.stop()
    }

    @Test
    fun `a camera that another app takes away`() {
        add("0", CameraCharacteristics.LENS_FACING_BACK, listOf(Size(640, 480)))
        DeviceCamera(context).start(SurfaceTexture(0), events)
        Thread.sleep(200) // Robolectric opens it on the camera's thread
        manager.triggerDisconnect()
        until("the loss", { said.toString() }) { said == listOf("640x480 at 90", "BUSY") }
    }

    @Test
    fun `the only camera, though it faces the user`() {
        add("0", CameraCharacteristics.LENS_FACING_FRONT, listOf(Size(640, 480)))
        val camera = DeviceCamera(context)
        camera.start(SurfaceTexture(0), events)
        assertEquals(listOf("640x480 at 90, facing the user"), said)
        camera.stop()
    }

    @Test
    fun `a camera without frames`() {
        add("0", CameraCharacteristics.LENS_FACING_BACK, listOf())
        DeviceCamera(context).start(SurfaceTexture(0), events)
        assertEquals(listOf("FAILED"), said)
    }
}
