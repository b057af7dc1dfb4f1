package dev.srganedge.demo

import android.graphics.SurfaceTexture
import dev.srganedge.engine.Plane
import java.nio.ByteBuffer

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
