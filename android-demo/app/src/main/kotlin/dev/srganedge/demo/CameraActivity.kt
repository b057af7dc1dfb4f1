package dev.srganedge.demo

import android.Manifest.permission
import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.graphics.SurfaceTexture
import android.hardware.display.DisplayManager
import android.net.Uri
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import android.provider.Settings
import android.view.TextureView
import android.view.View
import android.widget.Button
import android.widget.TextView
import android.widget.Toast
import dev.srganedge.engine.Region
import java.io.File
import java.io.IOException
import java.util.concurrent.atomic.AtomicBoolean

/** The camera with a magnifier, whose content is shown enlarged by the model beside the same pixels as they are. */
class CameraActivity : Activity(), TextureView.SurfaceTextureListener, FrameSource.Events, DisplayManager.DisplayListener {
    private val app get() = application as DemoApplication
    private val main = Handler(Looper.getMainLooper())
    private val camera by lazy { app.camera() }
    private lateinit var preview: TextureView
    private lateinit var magnifier: MagnifierView
    private lateinit var live: LiveView
    private lateinit var lastSaved: LastSaved
    private lateinit var overlay: TextView
    private lateinit var panel: View
    private lateinit var message: TextView
    private lateinit var action: Button
    private lateinit var shutterButton: View
    private lateinit var torchButton: View
    private lateinit var zoomLabel: TextView

    /** From the touch until the frame is kept, or the screen is left. */
    private val shutter = AtomicBoolean()
    private var asked = false

    /** The system's question is on the screen. */
    private var asking = false
    private var resumed = false
    private var facts: CameraFacts? = null
    private var problem: CameraProblem? = null
    private var zoom = 1f
    private var torch = false
    private val again = Runnable { if (problem == CameraProblem.BUSY) start() }

    @Volatile
    private var geometry: PreviewGeometry? = null

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.camera)
        view<View>(R.id.root).insetForBars()
        preview = view(R.id.preview)
        magnifier = view(R.id.magnifier)
        live = LiveView(this) {
            shutterButton.isEnabled = resumed && problem == null && !shutter.get()
            magnifier.side = live.side * (geometry?.scale ?: 0f)
        }
        lastSaved = LastSaved(this, view(R.id.last_saved))
        overlay = view(R.id.overlay)
        panel = view(R.id.panel)
        message = view(R.id.message)
        action = view(R.id.action)
        torchButton = view(R.id.torch)
        zoomLabel = view(R.id.zoom)
        preview.surfaceTextureListener = this
        shutterButton = view(R.id.shutter)
        shutterButton.isEnabled = false
        shutterButton.setOnClickListener {
            shutterButton.isEnabled = false
            shutter.set(true)
        }
        torchButton.setOnClickListener {
            torch = !torch
            torchButton.isActivated = torch
            torchButton.contentDescription = getString(if (torch) R.string.torch_on else R.string.torch_off)
            camera.torch(torch)
        }
        zoomLabel.setOnClickListener { zoomTo(if (zoom > 1f) 1f else 2f) }
        magnifier.pinched = { zoomTo(zoom * it) }
        magnifier.tapped = { x, y -> geometry?.inFrame(x, y)?.let { (across, down) -> camera.focus(across, down) } }
        view<View>(R.id.gallery).setOnClickListener { tryToStart(pickPhotos(), PICK) }
        view<View>(R.id.queue).setOnClickListener { startActivity(Intent(this, QueueActivity::class.java)) }
        view<View>(R.id.settings).setOnClickListener { startActivity(Intent(this, SettingsActivity::class.java)) }
        if (state != null) {
            magnifier.centre(state.getFloat("x"), state.getFloat("y"))
            asked = state.getBoolean("asked")
            asking = state.getBoolean("asking")
            zoom = state.getFloat("zoom")
        }
        service<DisplayManager>().registerDisplayListener(this, null)
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putFloat("x", magnifier.centreX)
        state.putFloat("y", magnifier.centreY)
        state.putFloat("zoom", zoom)
        state.putBoolean("asked", asked)
        state.putBoolean("asking", asking)
    }

    override fun onResume() {
        super.onResume()
        resumed = true
        live.follow(app.wishes.wish)
        start()
    }

    override fun onStart() {
        super.onStart()
        lastSaved.listen()
    }

    override fun onStop() {
        lastSaved.forget()
        super.onStop()
    }

    override fun onPause() {
        resumed = false
        shutter.set(false)
        main.removeCallbacks(again)
        camera.stop()
        super.onPause()
    }

    /** With several apps side by side the camera is the one's that was touched last. */
    override fun onTopResumedActivityChanged(top: Boolean) {
        if (top && problem == CameraProblem.BUSY) start()
    }

    override fun onDestroy() {
        service<DisplayManager>().unregisterDisplayListener(this)
        super.onDestroy()
    }

    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        if (request != PICK || result != RESULT_OK || data == null) return
        val clip = data.clipData
        val photos = if (clip == null) listOfNotNull(data.data) else List(clip.itemCount) { clip.getItemAt(it).uri }
        if (photos.isEmpty()) return
        val show = Intent(this, PhotoActivity::class.java).addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        startActivity(if (photos.size == 1) show.setData(photos.single()) else show.apply { clipData = clip })
    }

    override fun onRequestPermissionsResult(request: Int, names: Array<out String>, results: IntArray) {
        asking = false
        if (results.firstOrNull() == PackageManager.PERMISSION_GRANTED) start() else refused()
    }

    /** Start the camera if it may and can run now, or say why not. */
    private fun start() {
        if (!resumed) return
        if (!has(permission.CAMERA)) return refused()
        problem = null
        say(null)
        preview.surfaceTexture?.takeIf { preview.isAvailable }?.let { camera.start(it, this) }
    }

    private fun refused() {
        if (asking) return
        if (!asked) return ask()
        if (shouldShowRequestPermissionRationale(permission.CAMERA)) {
            say(R.string.camera_refused, R.string.allow, ::ask)
        } else {
            say(R.string.camera_refused, R.string.open_settings) {
                tryToStart(Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, Uri.fromParts("package", packageName, null)))
            }
        }
    }

    private fun ask() {
        asked = true
        asking = true
        requestPermissions(arrayOf(permission.CAMERA), CAMERA)
    }

    /** Show a message over the preview, and what can be done about it; null hides it. */
    private fun say(text: Int?, label: Int = R.string.retry, act: () -> Unit = {}) {
        panel.visibility = if (text == null) View.GONE else View.VISIBLE
        // Screen readers would find what lies behind it.
        for (covered in listOf(overlay, magnifier)) covered.visibility = if (text == null) View.VISIBLE else View.INVISIBLE
        view<View>(R.id.panes).visibility = if (text == null) View.VISIBLE else View.GONE
        if (text == null) return
        zoomLabel.visibility = View.GONE
        torchButton.visibility = View.GONE
        shutterButton.isEnabled = false
        message.setText(text)
        action.setText(label)
        action.setOnClickListener { act() }
    }

    override fun started(facts: CameraFacts) = runOnUiThread {
        this.facts = facts
        torchButton.visibility = if (facts.hasTorch) View.VISIBLE else View.GONE
        zoomLabel.visibility = if (facts.longestZoom > 1) View.VISIBLE else View.GONE
        live.mirror(facts.facesUser)
        arrange()
        zoomTo(zoom)
        if (torch) camera.torch(true)
    }

    override fun failed(problem: CameraProblem) = runOnUiThread {
        this.problem = problem
        if (resumed) say(problem.message) { start() }
    }

    override fun available() = runOnUiThread {
        main.removeCallbacks(again)
        main.postDelayed(again, RETRY) // it is told of cameras that are free all along, too
    }

    private fun zoomTo(factor: Float) {
        zoom = factor.coerceIn(1f, facts?.longestZoom ?: 1f)
        zoomLabel.text = getString(R.string.zoom_factor, zoom)
        camera.zoom(zoom)
    }

    /** On the camera's thread. */
    override fun frame(frame: Frame) {
        val geometry = geometry ?: return
        if (shutter.get()) return take(frame, geometry.rotation)
        val square = geometry.square(magnifier.centreX * preview.width, magnifier.centreY * preview.height, live.side)
        live.frame(frame, Region(square.left, square.top, square.side, square.side), geometry.rotation)
    }

    /** Keep a whole frame, and look at it as at any photo. On the camera's thread. */
    private fun take(frame: Frame, rotation: Int) {
        val file = File(cacheDir, "$TAKEN${System.currentTimeMillis()}.jpg")
        try {
            Snapshot.write(frame, rotation, file)
        } catch (error: IOException) {
            file.delete()
            shutter.set(false)
            return runOnUiThread { Toast.makeText(this, Notice.of(error).say(this), Toast.LENGTH_LONG).show() }
        }
        runOnUiThread {
            if (shutter.getAndSet(false)) startActivity(Intent(this, PhotoActivity::class.java).setData(Uri.fromFile(file))) else file.delete()
        }
    }

    private fun arrange() {
        val facts = facts ?: return
        if (preview.width == 0 || preview.height == 0) return
        val turned = 90 * (preview.display?.rotation ?: return)
        val fits = PreviewGeometry(facts.width, facts.height, facts.orientation, facts.facesUser, turned, preview.width, preview.height)
        preview.setTransform(fits.matrix())
        geometry = fits
        magnifier.side = live.side * fits.scale
    }

    override fun onSurfaceTextureAvailable(surface: SurfaceTexture, width: Int, height: Int) = start()

    override fun onSurfaceTextureSizeChanged(surface: SurfaceTexture, width: Int, height: Int) = arrange()

    /** It is freed when the camera has let go of it. */
    override fun onSurfaceTextureDestroyed(surface: SurfaceTexture): Boolean {
        camera.stop { surface.release() }
        return false
    }

    override fun onSurfaceTextureUpdated(surface: SurfaceTexture) = Unit

    /** Half a turn changes no configuration. */
    override fun onDisplayChanged(id: Int) = arrange()

    override fun onDisplayAdded(id: Int) = Unit

    override fun onDisplayRemoved(id: Int) = Unit

    companion object {
        const val CAMERA = 1
        const val PICK = 3

        /** What the names of photos that were taken begin with. */
        const val TAKEN = "camera-"
        private const val RETRY = 1000L // milliseconds
    }
}
