package dev.srganedge.demo

import android.graphics.Bitmap
import android.graphics.Rect
import android.net.Uri
import android.os.Handler
import android.os.Looper
import kotlin.concurrent.thread

/** A part of a photo, enlarged: [region] in the photo's pixels. */
class Detail(val region: Rect, val scale: Int, val bitmap: Bitmap)

/** One photo, looked at and enlarged; it outlives the screens that show it. Its fields belong to the main thread. */
class PhotoSession(private val app: DemoApplication, private val address: Uri) {
    private val main = Handler(Looper.getMainLooper())

    /** Told of every change. */
    var changed: () -> Unit = {}

    /** Null until it is decoded. */
    var photo: Bitmap? = null
        private set

    /** The part asked for last. */
    var detail: Detail? = null
        private set

    /** Tiles done and their number, while the whole photo is enlarged. */
    var progress: Pair<Int, Int>? = null
        private set

    /** What runs, once it does, and what happened last. */
    var ready: Ready? = null
        private set
    var notice: Notice? = null
        private set

    private var asked: Rect? = null

    @Volatile
    private var cancelled = false

    init {
        thread(name = "decode") {
            try {
                val decoded = PhotoReader.read(app.contentResolver, address)
                update { photo = decoded }
            } catch (error: Throwable) {
                update { notice = Notice.of(error) }
            }
        }
    }

    /** Enlarge a part, unless a newer one is asked for meanwhile. */
    fun look(region: Rect) {
        val photo = photo ?: return
        if (region.isEmpty || progress != null || region == detail?.region) return
        asked = region
        app.engine.run(app.wishes.wish, ::fail) { ready ->
            if (asked != region) return@run
            val made = enlarge(photo, region, ready)
            update {
                this.ready = ready
                detail = made
            }
        }
    }

    /** Enlarge the whole photo into the gallery. */
    fun save() {
        val photo = photo ?: return
        cancelled = false
        progress = 0 to 0
        notice = null
        changed()
        app.engine.run(app.wishes.wish, ::fail) { ready ->
            val scale = ready.upscaler.scale
            Gallery(app).save("${name()}-x$scale", photo.width * scale, photo.height * scale) {
                ready.upscaler.upscale(BitmapSource(photo), it, ::advance, ::cancelled)
            }
            update {
                this.ready = ready
                progress = null
                notice = Notice(R.string.saved)
            }
        }
    }

    /** Stop enlarging; nothing is left behind. */
    fun cancel() {
        cancelled = true
    }

    private fun advance(done: Int, tiles: Int) = update { if (progress != null) progress = done to tiles }

    private fun fail(error: Throwable) = update {
        progress = null
        notice = Notice.of(error)
    }

    private fun update(change: () -> Unit) {
        main.post {
            change()
            changed()
        }
    }

    private fun name() = address.lastPathSegment?.substringAfterLast('/')?.substringBeforeLast('.')
        ?.filter { it.isLetterOrDigit() || it in "-_" }.orEmpty().ifEmpty { "photo" }

    companion object {
        /** Enlarge [region] with as much around it as its pixels depend on, so that they are those of the whole photo. */
        fun enlarge(photo: Bitmap, region: Rect, ready: Ready): Detail {
            val around = ready.file.overlap
            val taken = Rect(region).apply { inset(-around, -around) }
            if (!taken.intersect(0, 0, photo.width, photo.height)) throw IllegalArgumentException("$region is outside")
            val scale = ready.upscaler.scale
            val large = ready.upscaler.upscale(BitmapSource(photo, taken))
            val start = ((region.top - taken.top) * large.width + region.left - taken.left) * scale
            val bitmap = Bitmap.createBitmap(
                large.argb, start, large.width, region.width() * scale, region.height() * scale, Bitmap.Config.ARGB_8888,
            )
            return Detail(region, scale, bitmap)
        }
    }
}
