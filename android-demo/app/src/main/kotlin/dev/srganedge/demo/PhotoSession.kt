package dev.srganedge.demo

import android.graphics.Bitmap
import android.net.Uri
import android.os.Handler
import android.os.Looper
import dev.srganedge.engine.ClosedException
import dev.srganedge.engine.Enlarged
import dev.srganedge.engine.Listener
import dev.srganedge.engine.Picture
import dev.srganedge.engine.PhotoSource
import dev.srganedge.engine.Region
import dev.srganedge.engine.SuperResolver
import dev.srganedge.engine.Task
import java.util.concurrent.CancellationException
import java.util.concurrent.Executors

/** A part of a photo as it is and enlarged. */
class Detail(val region: Region, val plain: Bitmap, val enlarged: Bitmap)

/** One photo that is looked at; it outlives the screens that show it. Its fields belong to the main thread. */
class PhotoSession(private val app: DemoApplication, val address: Uri) {
    private val main = Handler(Looper.getMainLooper())
    private val thread = Executors.newSingleThreadExecutor { Thread(it, "photo") }

    /** Told of every change. */
    var changed: () -> Unit = {}

    /** The photo's pixels and the whole of it made small; null until it is decoded. */
    var photo: PhotoSource? = null
        private set
    var overview: Bitmap? = null
        private set

    /** The part that was asked for last and is ready. */
    var detail: Detail? = null
        private set

    /** What runs, once it does, and what went wrong. */
    var resolver: SuperResolver? = null
        private set
    var problem: Notice? = null
        private set

    /** The part that is asked for, if it is not there yet. */
    var wanted: Region? = null
        private set
    private var wantedWith: Wish? = null
    private var task: Task? = null
    private var closed = false

    init {
        thread.execute {
            try {
                val opened = PhotoSource.open(app.contentResolver, address)
                val small = PhotoSource.overview(app.contentResolver, address, OVERVIEW)
                update {
                    photo = opened
                    overview = small
                }
            } catch (error: Throwable) {
                update { problem = Notice.of(error) }
            }
        }
    }

    /** Enlarge a part; what was asked for before and is not ready is forgotten. */
    fun look(region: Region) {
        val photo = photo ?: return
        val wish = app.wishes.wish
        if (wish == wantedWith && (region == wanted || (wanted == null && region == detail?.region))) return
        task?.cancel()
        wanted = region
        wantedWith = wish
        problem = null
        app.resolvers.open(wish).whenComplete { opened, error ->
            if (error != null) return@whenComplete update { if (region == wanted) fail(error.cause ?: error) }
            main.post { if (region == wanted && wish == wantedWith) enlarge(photo, region, opened) }
        }
        changed()
    }

    /** The photo is looked at no longer. */
    fun close() {
        closed = true
        task?.cancel()
        thread.execute { photo?.close() }
        thread.shutdown()
    }

    private fun enlarge(photo: PhotoSource, region: Region, opened: SuperResolver) {
        task = opened.enlarge(photo, region, null, null, DIRECT, object : Listener<Enlarged> {
            override fun done(result: Enlarged) {
                // On the resolver's thread: bitmaps of a screen take their time.
                val made = try {
                    Detail(region, photo.crop(region).toBitmap(), result.picture.toBitmap())
                } catch (error: Throwable) {
                    return failed(error) // too little memory, or the photo was taken away
                }
                update {
                    if (region != wanted) return@update
                    wanted = null
                    detail = made
                    resolver = opened
                }
            }

            override fun failed(error: Throwable) = update {
                if (region != wanted || error is CancellationException) return@update
                if (error !is ClosedException) return@update fail(error)
                wantedWith = null // another model was chosen meanwhile
                look(region)
            }
        })
    }

    private fun fail(error: Throwable) {
        wanted = null
        wantedWith = null // the same may be asked for again
        problem = Notice.of(error)
    }

    private fun update(change: () -> Unit) {
        main.post {
            if (closed) return@post
            change()
            changed()
        }
    }

    private companion object {
        /** Pixels of the small picture's longer side: more than screens show of a whole photo. */
        const val OVERVIEW = 2048
    }
}

fun Picture.toBitmap(): Bitmap = Bitmap.createBitmap(argb, width, height, Bitmap.Config.ARGB_8888)
