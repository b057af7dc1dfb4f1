package dev.srganedge.demo

import android.app.Activity
import android.content.Context
import android.content.Intent
import android.graphics.Bitmap
import android.net.Uri
import android.widget.ImageButton
import dev.srganedge.engine.PhotoSource
import kotlin.concurrent.thread

/** Where the newest result is, from start to start. */
class LastSavedStore(context: Context) {
    private val kept = context.getSharedPreferences("saved", Context.MODE_PRIVATE)

    var address: Uri?
        get() = kept.getString("address", null)?.let(Uri::parse)
        set(value) = kept.edit().putString("address", value?.toString()).apply()
}

/** The newest result as a small picture, which a touch opens; a frame without one as long as there is none. */
class LastSaved(private val activity: Activity, private val button: ImageButton) {
    private val app = activity.application as DemoApplication
    private var wanted: Uri? = null

    /** What a touch opens. */
    private var shown: Uri? = null
    private val listener = ::update

    init {
        button.clipToOutline = true
        button.setOnClickListener { shown?.let { activity.tryToStart(viewing(it)) } }
        show(null, null)
    }

    /** Follow what is saved. */
    fun listen() {
        app.jobs.listen(listener)
        wanted = null // it may have been deleted meanwhile
        update()
    }

    fun forget() = app.jobs.forget(listener)

    private fun update() {
        val address = app.lastSaved.address
        if (address == wanted) return
        wanted = address
        if (address == null) return show(null, null)
        thread(name = "thumbnail") {
            val small = try {
                PhotoSource.overview(app.contentResolver, address, SIDE)
            } catch (_: Exception) {
                null // the user has deleted it, or another app
            }
            activity.runOnUiThread { if (address == wanted) show(address.takeIf { small != null }, small) }
        }
    }

    private fun show(address: Uri?, small: Bitmap?) {
        shown = address
        button.setImageBitmap(small)
        button.isEnabled = address != null
        button.contentDescription = activity.getString(if (address == null) R.string.no_last_saved else R.string.last_saved)
    }

    private companion object {
        /** Pixels of the small picture's longer side. */
        const val SIDE = 256
    }
}

/** Look at a picture of the gallery in whatever app shows pictures. */
fun viewing(picture: Uri): Intent = Intent(Intent.ACTION_VIEW).setDataAndType(picture, "image/*").addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
