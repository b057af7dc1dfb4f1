package dev.srganedge.demo

import android.app.Activity
import android.content.pm.PackageManager
import android.os.Bundle
import android.view.View
import android.widget.Button
import android.widget.ProgressBar
import android.widget.SeekBar
import android.widget.TextView

/** A photo of the gallery: looked at before and after, and saved enlarged. */
class PhotoActivity : Activity(), SeekBar.OnSeekBarChangeListener {
    private lateinit var session: PhotoSession
    private lateinit var compare: CompareView
    private lateinit var divider: SeekBar
    private lateinit var status: TextView
    private lateinit var bar: ProgressBar
    private lateinit var save: Button

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        val address = intent.data ?: return finish()
        setContentView(R.layout.photo)
        compare = view(R.id.compare)
        divider = view(R.id.divider)
        status = view(R.id.status)
        bar = view(R.id.progress)
        save = view(R.id.save)
        session = lastNonConfigurationInstance as? PhotoSession ?: PhotoSession(application as DemoApplication, address)
        divider.setOnSeekBarChangeListener(this)
        save.setOnClickListener {
            when {
                session.progress != null -> session.cancel()
                maySave(SAVE) -> session.save()
            }
        }
        session.changed = ::show
        compare.settled = session::look
        show()
        if (state != null) compare.centre(state.getFloat("x"), state.getFloat("y"))
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putFloat("x", compare.centreX)
        state.putFloat("y", compare.centreY)
    }

    @Deprecated("Named so by the framework's documentation, which offers nothing else without AndroidX")
    override fun onRetainNonConfigurationInstance(): Any = session

    override fun onDestroy() {
        if (::session.isInitialized) {
            session.changed = {}
            if (!isChangingConfigurations) session.cancel()
        }
        super.onDestroy()
    }

    override fun onRequestPermissionsResult(request: Int, names: Array<out String>, results: IntArray) {
        if (results.firstOrNull() == PackageManager.PERMISSION_GRANTED) session.save()
        else status.setText(R.string.save_refused)
    }

    private fun show() {
        compare.photo = session.photo
        compare.detail = session.detail
        val progress = session.progress
        bar.visibility = if (progress == null) View.INVISIBLE else View.VISIBLE
        progress?.let { (done, tiles) ->
            bar.max = tiles
            bar.progress = done
        }
        compare.keepScreenOn = progress != null
        save.isEnabled = session.photo != null
        save.setText(if (progress == null) R.string.save else R.string.cancel)
        status.text = listOfNotNull(
            session.photo?.let { getString(R.string.size, it.width, it.height) },
            progress?.let { (done, tiles) -> getString(R.string.progress, done, tiles) } ?: session.notice?.say(this),
            session.ready?.let(::describe),
        ).joinToString("\n").ifEmpty { getString(R.string.opening) }
    }

    override fun onProgressChanged(bar: SeekBar, value: Int, byUser: Boolean) {
        compare.divider = value / bar.max.toFloat()
    }

    override fun onStartTrackingTouch(bar: SeekBar) = Unit

    override fun onStopTrackingTouch(bar: SeekBar) = Unit

    companion object {
        const val SAVE = 1
    }
}
