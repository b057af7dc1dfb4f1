package dev.srganedge.demo

import android.Manifest.permission
import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.graphics.Bitmap
import android.graphics.SurfaceTexture
import android.hardware.display.DisplayManager
import android.net.Uri
import android.os.Bundle
import android.provider.Settings
import android.view.Display
import android.view.TextureView
import android.view.View
import android.widget.Button
import android.widget.ImageView
import android.widget.TextView
import android.widget.Toast
import dev.srganedge.engine.FrameConverter
import dev.srganedge.engine.Picture
import java.io.IOException
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger

/** The camera with a magnifier, whose content is shown enlarged by the model beside plain bilinear enlargement. */
class CameraActivity : Activity(), TextureView.SurfaceTextureListener, FrameSource.Events, DisplayManager.DisplayListener {
    private val app get() = application as DemoApplication
    private val camera by lazy { app.camera() }
    private lateinit var preview: TextureView
    private lateinit var magnifier: MagnifierView
    private lateinit var plainPane: ImageView
    private lateinit var modelPane: ImageView
    private lateinit var overlay: TextView
    private lateinit var panel: View
    private lateinit var message: TextView
    private lateinit var action: Button
    private lateinit var shutterButton: View

    private val pre = Timings()
    private val infer = Timings()
    private val post = Timings()
    private val dropped = AtomicInteger()

    /** A frame is being enlarged: those that come meanwhile are dropped. */
    private val busy = AtomicBoolean()
    private val shutter = AtomicBoolean()
    private var asked = false
    private var resumed = false
    private var sensor: Sensor? = null

    @Volatile
    private var geometry: PreviewGeometry? = null

    @Volatile
    private var wish: Wish? = null

    @Volatile
    private var side = 64

    private class Sensor(val width: Int, val height: Int, val orientation: Int, val facesUser: Boolean)

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.camera)
        preview = view(R.id.preview)
        magnifier = view(R.id.magnifier)
        plainPane = view(R.id.plain)
        modelPane = view(R.id.enlarged)
        overlay = view(R.id.overlay)
        panel = view(R.id.panel)
        message = view(R.id.message)
        action = view(R.id.action)
        preview.surfaceTextureListener = this
        shutterButton = view(R.id.shutter)
        shutterButton.isEnabled = false
        shutterButton.setOnClickListener { if (maySave(SAVE)) shutter.set(true) }
        view<View>(R.id.gallery).setOnClickListener {
            val pick = Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("image/*")
            startActivityForResult(pick, PICK)
        }
        view<View>(R.id.settings).setOnClickListener { startActivity(Intent(this, SettingsActivity::class.java)) }
        if (state != null) {
            magnifier.centre(state.getFloat("x"), state.getFloat("y"))
            asked = state.getBoolean("asked")
        }
        service<DisplayManager>().registerDisplayListener(this, null)
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putFloat("x", magnifier.centreX)
        state.putFloat("y", magnifier.centreY)
        state.putBoolean("asked", asked)
    }

    override fun onResume() {
        super.onResume()
        resumed = true
        wish = app.wishes.wish
        start()
    }

    override fun onPause() {
        resumed = false
        camera.stop()
        super.onPause()
    }

    override fun onDestroy() {
        service<DisplayManager>().unregisterDisplayListener(this)
        super.onDestroy()
    }

    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        val photo = data?.data
        if (request == PICK && result == RESULT_OK && photo != null) {
            val show = Intent(this, PhotoActivity::class.java).setData(photo)
            startActivity(show.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION))
        }
    }

    override fun onRequestPermissionsResult(request: Int, names: Array<out String>, results: IntArray) {
        val given = results.firstOrNull() == PackageManager.PERMISSION_GRANTED
        when {
            request == SAVE && given -> shutter.set(true)
            request == SAVE -> toast(getString(R.string.save_refused))
            else -> start()
        }
    }

    /** Start the camera if it may and can run now, or say why not. */
    private fun start() {
        if (!resumed) return
        if (!has(permission.CAMERA)) return refused()
        say(null)
        preview.surfaceTexture?.takeIf { preview.isAvailable }?.let { camera.start(it, this) }
    }

    private fun refused() {
        if (!asked) {
            asked = true
            requestPermissions(arrayOf(permission.CAMERA), CAMERA)
        }
        if (shouldShowRequestPermissionRationale(permission.CAMERA)) {
            say(R.string.camera_refused, R.string.allow) { requestPermissions(arrayOf(permission.CAMERA), CAMERA) }
        } else {
            say(R.string.camera_refused, R.string.open_settings) {
                startActivity(Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, Uri.fromParts("package", packageName, null)))
            }
        }
    }

    /** Show a message over the preview, and what can be done about it; null hides it. */
    private fun say(text: Int?, label: Int = R.string.retry, act: () -> Unit = {}) {
        panel.visibility = if (text == null) View.GONE else View.VISIBLE
        if (text == null) return
        shutterButton.isEnabled = false
        message.setText(text)
        action.setText(label)
        action.setOnClickListener { act() }
    }

    override fun started(width: Int, height: Int, orientation: Int, facesUser: Boolean) = runOnUiThread {
        sensor = Sensor(width, height, orientation, facesUser)
        arrange()
    }

    override fun failed(problem: CameraProblem) = runOnUiThread {
        if (resumed) say(problem.message) { start() }
    }

    /** On the camera's thread. */
    override fun frame(frame: Frame) {
        val geometry = geometry ?: return
        val wish = wish ?: return
        if (!busy.compareAndSet(false, true)) {
            dropped.incrementAndGet()
            return
        }
        val started = System.nanoTime()
        val square = geometry.square(magnifier.centreX * preview.width, magnifier.centreY * preview.height, side)
        val small = FrameConverter.convert(
            frame.y, frame.u, frame.v, square.left, square.top, square.side, square.side, geometry.rotation,
        )
        val converted = System.nanoTime() - started
        app.engine.run(wish, ::enlargingFailed) { ready ->
            val large = ready.upscaler.upscale(small)
            if (shutter.compareAndSet(true, false)) save(large)
            val times = ready.upscaler.times
            val (before, inside, after) = listOf(converted + times.pre, times.infer, times.post)
            side = ready.upscaler.inner
            runOnUiThread {
                pre.add(before)
                infer.add(inside)
                post.add(after)
                show(small, large, ready)
                busy.set(false)
            }
        }
    }

    private fun enlargingFailed(error: Throwable) = runOnUiThread {
        wish = null // until the user has chosen again
        busy.set(false)
        overlay.text = Notice.of(error).say(this)
    }

    /** On the engine's thread. */
    private fun save(picture: Picture) {
        try {
            Gallery(this).save("camera-${System.currentTimeMillis()}", picture.width, picture.height) {
                it.rows(picture.argb, picture.width, picture.height)
            }
        } catch (error: IOException) {
            return toast(Notice.of(error).say(this))
        }
        toast(getString(R.string.saved))
    }

    private fun toast(text: String) = runOnUiThread { Toast.makeText(this, text, Toast.LENGTH_SHORT).show() }

    private fun show(small: Picture, large: Picture, ready: Ready) {
        shutterButton.isEnabled = resumed
        put(plainPane, small)
        put(modelPane, large)
        magnifier.side = side * (geometry?.scale ?: 0f)
        overlay.text = listOf(
            describe(ready),
            getString(R.string.stages, pre.median, pre.p90, infer.median, infer.p90, post.median, post.p90),
            getString(R.string.dropped, dropped.get()),
        ).joinToString("\n")
    }

    /** The pane's bitmap is used again as long as the size stays. */
    private fun put(pane: ImageView, picture: Picture) {
        val (width, height) = picture.width to picture.height
        val bitmap = (pane.tag as? Bitmap)?.takeIf { it.width == width && it.height == height }
            ?: Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888).also {
                pane.tag = it
                pane.setImageBitmap(it)
            }
        bitmap.setPixels(picture.argb, 0, width, 0, 0, width, height)
        pane.invalidate()
    }

    private fun arrange() {
        val sensor = sensor ?: return
        if (preview.width == 0 || preview.height == 0) return
        val display = service<DisplayManager>().getDisplay(Display.DEFAULT_DISPLAY)
        val fits = PreviewGeometry(
            sensor.width, sensor.height, sensor.orientation, sensor.facesUser, 90 * display.rotation, preview.width, preview.height,
        )
        preview.setTransform(fits.matrix())
        geometry = fits
        magnifier.side = side * fits.scale
    }

    override fun onSurfaceTextureAvailable(surface: SurfaceTexture, width: Int, height: Int) = start()

    override fun onSurfaceTextureSizeChanged(surface: SurfaceTexture, width: Int, height: Int) = arrange()

    override fun onSurfaceTextureDestroyed(surface: SurfaceTexture): Boolean {
        camera.stop()
        return true
    }

    override fun onSurfaceTextureUpdated(surface: SurfaceTexture) = Unit

    /** Half a turn changes no configuration. */
    override fun onDisplayChanged(id: Int) = arrange()

    override fun onDisplayAdded(id: Int) = Unit

    override fun onDisplayRemoved(id: Int) = Unit

    companion object {
        const val CAMERA = 1
        const val SAVE = 2
        const val PICK = 3
    }
}
