package dev.srganedge.demo

import android.graphics.ImageFormat
import android.graphics.Rect
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CameraMetadata
import android.hardware.camera2.CaptureRequest
import android.hardware.camera2.params.MeteringRectangle
import android.util.Range
import android.util.Size
import android.view.Surface
import java.util.concurrent.CopyOnWriteArrayList
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowCameraCharacteristics
import org.robolectric.shadows.ShadowCameraManager
import org.robolectric.shadows.StreamConfigurationMapBuilder
import org.robolectric.util.ReflectionHelpers

@RunWith(AppRunner::class)
@Config(shadows = [WatchedSession::class, WatchedBuilder::class, WatchedReader::class])
class DeviceCameraTest {
    private val context = RuntimeEnvironment.getApplication()
    private val manager = shadowOf(context.service<CameraManager>())
    private val said = CopyOnWriteArrayList<String>()
    private val frames = CopyOnWriteArrayList<Frame>()
    private val camera = DeviceCamera(context)
    private var atStart = {}
    private val events = object : FrameSource.Events {
        override fun started(facts: CameraFacts) {
            atStart()
            said += "${facts.width}x${facts.height} at ${facts.orientation}" + if (facts.facesUser) ", facing the user" else ""
        }

        override fun frame(frame: Frame) {
            assertTrue("while it is told", !WatchedReader.images.last().closed)
            frames += frame
        }

        override fun failed(problem: CameraProblem) {
            said += problem.name
        }

        override fun available() {
            said += "available"
        }
    }

    @Before
    fun forget() {
        WatchedSession.repeated.clear()
        WatchedSession.once.clear()
        WatchedBuilder.values.clear()
        WatchedReader.readers.clear()
        WatchedReader.images.clear()
        WatchedReader.refusal = null
    }

    private fun isClosed(device: Any) = ReflectionHelpers.getField<Boolean>(Shadow.extract<Any>(device), "closed")

    @After
    fun stop() = camera.stop()

    private fun add(id: String, facing: Int, frames: List<Size>, level: Int = CameraMetadata.INFO_SUPPORTED_HARDWARE_LEVEL_LIMITED, more: (ShadowCameraCharacteristics) -> Unit = {}) {
        val map = StreamConfigurationMapBuilder.newBuilder().apply {
            frames.forEach { addOutputSize(ImageFormat.YUV_420_888, it) }
            for (size in listOf(Size(4000, 3000), Size(1920, 1080), Size(1440, 1080), Size(1280, 720), Size(640, 480))) addOutputSize(ImageFormat.PRIVATE, size)
        }.build()
        val facts = ShadowCameraCharacteristics.newCameraCharacteristics()
        shadowOf(facts).set(CameraCharacteristics.LENS_FACING, facing)
        shadowOf(facts).set(CameraCharacteristics.SENSOR_ORIENTATION, 90)
        shadowOf(facts).set(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP, map)
        shadowOf(facts).set(CameraCharacteristics.INFO_SUPPORTED_HARDWARE_LEVEL, level)
        shadowOf(facts).set(CameraCharacteristics.SENSOR_INFO_ACTIVE_ARRAY_SIZE, Rect(0, 0, 4000, 3000))
        more(shadowOf(facts))
        manager.addCamera(id, facts)
    }

    private val sizes = listOf(Size(4000, 3000), Size(1920, 1080), Size(640, 480))

    private fun running(more: (ShadowCameraCharacteristics) -> Unit = {}) {
        add("0", CameraCharacteristics.LENS_FACING_BACK, sizes, CameraMetadata.INFO_SUPPORTED_HARDWARE_LEVEL_FULL, more)
        camera.start(SurfaceTexture(0), events)
        until("a request", { said.toString() }) { WatchedSession.repeated.isNotEmpty() }
    }

    private fun last(done: (Asked) -> Boolean): Asked {
        until("the request") { done(WatchedSession.repeated.last()) }
        return WatchedSession.repeated.last()
    }

    @Test
    fun `a device without a camera`() {
        camera.start(SurfaceTexture(0), events)
        until("the problem") { said.toList() == listOf("NONE") }
    }

    @Test
    fun `the camera that looks away, by all of its pixels where it is sure to stream them`() {
        add("0", CameraCharacteristics.LENS_FACING_FRONT, listOf(Size(640, 480)))
        add("1", CameraCharacteristics.LENS_FACING_BACK, sizes, CameraMetadata.INFO_SUPPORTED_HARDWARE_LEVEL_3)
        camera.start(SurfaceTexture(0), events)
        until("the start") { said.toList() == listOf("4000x3000 at 90") }
    }

    @Test
    fun `less of those that are limited`() {
        add("1", CameraCharacteristics.LENS_FACING_BACK, sizes)
        camera.start(SurfaceTexture(0), events)
        until("the start") { said.toList() == listOf("1920x1080 at 90") }
    }

    @Test
    fun `preview and frames are asked for, and given until it is stopped`() {
        running()
        val request = WatchedSession.repeated.single()
        val targets = ReflectionHelpers.callInstanceMethod<Collection<Surface>>(request.request, "getTargets")
        val reader = WatchedReader.readers.single()
        assertEquals(2, targets.size)
        assertTrue(reader.surface in targets)
        Shadow.extract<WatchedReader>(reader).arrive(reader)
        until("a frame") { frames.size == 1 && WatchedReader.images.single().closed }
        assertEquals(listOf(4000, 3000, 4000, 2), frames.single().run { listOf(width, height, y.rowStride, u.pixelStride) })
        val device = ReflectionHelpers.getStaticField<Any>(ShadowCameraManager::class.java, "lastDevice")
        var ended = false
        camera.stop { ended = true }
        until("the end") { ended }
        assertTrue("the camera is another app's now", isClosed(device))
        assertTrue(Shadow.extract<WatchedReader>(reader).closed)
        Shadow.extract<WatchedReader>(reader).arrive(reader)
        camera.stop { ended = false }
        until("twice is well, too") { !ended }
        assertEquals("no event follows", 1, frames.size)
        assertEquals(listOf("4000x3000 at 90"), said.toList())
    }

    @Test
    fun `zoom, light and focus`() {
        running {
            it.set(CameraCharacteristics.CONTROL_ZOOM_RATIO_RANGE, Range(0.5f, 10f))
            it.set(CameraCharacteristics.FLASH_INFO_AVAILABLE, true)
            it.set(CameraCharacteristics.CONTROL_MAX_REGIONS_AF, 1)
            it.set(CameraCharacteristics.CONTROL_AF_AVAILABLE_MODES, intArrayOf(CaptureRequest.CONTROL_AF_MODE_AUTO, CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_PICTURE))
        }
        assertEquals(CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_PICTURE, WatchedSession.repeated.last().get(CaptureRequest.CONTROL_AF_MODE))
        camera.zoom(100f)
        last { it.get(CaptureRequest.CONTROL_ZOOM_RATIO) == 10f }
        camera.torch(true)
        last { it.get(CaptureRequest.FLASH_MODE) == CaptureRequest.FLASH_MODE_TORCH }
        camera.focus(0.25f, 0.75f)
        until("the focus") { WatchedSession.once.isNotEmpty() }
        val area = (WatchedSession.once.single().get(CaptureRequest.CONTROL_AF_REGIONS) as Array<*>).single() as MeteringRectangle
        assertEquals(CaptureRequest.CONTROL_AF_TRIGGER_START, WatchedSession.once.single().get(CaptureRequest.CONTROL_AF_TRIGGER))
        assertEquals(Rect(850, 2100, 1150, 2400), area.rect)
        val after = last { it.get(CaptureRequest.CONTROL_AF_MODE) == CaptureRequest.CONTROL_AF_MODE_AUTO }
        assertEquals("once", CaptureRequest.CONTROL_AF_TRIGGER_IDLE, after.get(CaptureRequest.CONTROL_AF_TRIGGER))
        assertEquals("the zoom stays", 10f, after.get(CaptureRequest.CONTROL_ZOOM_RATIO))
    }

    @Test
    fun `what is asked for while the camera opens is kept until it is open`() {
        atStart = {
            camera.zoom(2f)
            camera.torch(true)
        }
        running {
            it.set(CameraCharacteristics.CONTROL_ZOOM_RATIO_RANGE, Range(0.5f, 10f))
            it.set(CameraCharacteristics.FLASH_INFO_AVAILABLE, true)
        }
        last { it.get(CaptureRequest.CONTROL_ZOOM_RATIO) == 2f && it.get(CaptureRequest.FLASH_MODE) == CaptureRequest.FLASH_MODE_TORCH }
    }

    @Test
    fun `one thread serves all`() {
        running()
        val before = Thread.getAllStackTraces().keys.count { it.name == "camera" }
        repeat(3) { DeviceCamera(context).stop() }
        assertEquals(before, Thread.getAllStackTraces().keys.count { it.name == "camera" })
    }

    @Test
    fun `without a ratio, as before Android 11, a part of the sensor is what zooms, and a lens that cannot focus is let be`() {
        running { it.set(CameraCharacteristics.SCALER_AVAILABLE_MAX_DIGITAL_ZOOM, 8f) }
        assertEquals(null, WatchedSession.repeated.last().get(CaptureRequest.CONTROL_AF_MODE))
        camera.zoom(4f)
        assertEquals(Rect(1500, 1125, 2500, 1875), last { it.get(CaptureRequest.SCALER_CROP_REGION) != null }.get(CaptureRequest.SCALER_CROP_REGION))
        camera.focus(0.5f, 0.5f)
        camera.torch(false)
        last { it.get(CaptureRequest.FLASH_MODE) == CaptureRequest.FLASH_MODE_OFF }
        assertTrue(WatchedSession.once.isEmpty())
    }

    @Test
    fun `a camera that another app takes away, and gives back`() {
        running()
        manager.triggerDisconnect()
        until("the loss", { said.toString() }) { said.toList().take(2) == listOf("4000x3000 at 90", "BUSY") }
        assertTrue("its reader is freed", Shadow.extract<WatchedReader>(WatchedReader.readers.single()).closed)
        Thread.sleep(100) // its thread begins to watch
        if ("available" !in said) add("2", CameraCharacteristics.LENS_FACING_BACK, sizes)
        until("that it is watched", { said.toString() }) { "available" in said }
    }

    @Test
    fun `what a driver throws is a failure to be shown`() {
        WatchedReader.refusal = IllegalArgumentException("no such size")
        add("0", CameraCharacteristics.LENS_FACING_BACK, sizes)
        camera.start(SurfaceTexture(0), events)
        until("the failure", { said.toString() }) { "FAILED" in said }
    }

    @Test
    fun `errors are told by what can be done about them`() {
        val errors = mapOf(
            CameraDevice.StateCallback.ERROR_CAMERA_IN_USE to "BUSY", CameraDevice.StateCallback.ERROR_MAX_CAMERAS_IN_USE to "BUSY",
            CameraDevice.StateCallback.ERROR_CAMERA_DISABLED to "DISABLED", CameraDevice.StateCallback.ERROR_CAMERA_DEVICE to "FAILED",
        )
        running()
        for ((error, name) in errors) {
            said.clear()
            val requests = WatchedSession.repeated.size
            camera.start(SurfaceTexture(0), events)
            until("the start") { WatchedSession.repeated.size > requests }
            val device = ReflectionHelpers.getStaticField<CameraDevice>(ShadowCameraManager::class.java, "lastDevice")
            ReflectionHelpers.getStaticField<CameraDevice.StateCallback>(ShadowCameraManager::class.java, "lastCallback").onError(device, error)
            until(name, { said.toString() }) { name in said }
        }
    }

    @Test
    fun `the preview has the shape of the frames`() {
        add("0", CameraCharacteristics.LENS_FACING_BACK, sizes) // the largest that is light enough has another
        val choice = requireNotNull(CameraChoice.of(context.service<CameraManager>()))
        assertEquals(listOf(Size(1920, 1080), Size(1280, 720)), listOf(choice.frames, choice.preview))
    }

    @Test
    fun `a camera without frames`() {
        add("0", CameraCharacteristics.LENS_FACING_BACK, listOf())
        camera.start(SurfaceTexture(0), events)
        until("the failure") { "FAILED" in said }
    }
}
