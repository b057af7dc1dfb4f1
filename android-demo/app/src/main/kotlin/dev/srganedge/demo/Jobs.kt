package dev.srganedge.demo

import android.content.Context
import android.content.Intent
import android.net.Uri
import android.os.Handler
import android.os.Looper
import dev.srganedge.engine.PhotoSource
import dev.srganedge.engine.Task
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.ExecutionException
import java.util.concurrent.Executors

/** A photo that is, is to be or was enlarged into the gallery; its fields belong to the main thread. */
class Job(val id: Int, val address: Uri, val wish: Wish) {
    /** As its owner shows it; until that is known, what its address ends in. */
    var name: String = address.lastPathSegment.orEmpty().substringAfterLast('/')

    /** Tiles done and their number, while it runs. */
    var progress: Pair<Int, Int>? = null

    /** Where the result is, if the gallery tells. */
    var saved: Uri? = null

    /** How it ended. */
    var notice: Notice? = null
    val ended get() = notice != null

    @Volatile
    var cancelled = false

    @Volatile
    var task: Task? = null
}

/** The photos to be saved, one after the other. They outlive the screens: a foreground service keeps the app alive. */
class Jobs(private val app: DemoApplication) {
    private val main = Handler(Looper.getMainLooper())
    private val thread = Executors.newSingleThreadExecutor { Thread(it, "save") }
    private val names = Executors.newSingleThreadExecutor { Thread(it, "names") } // another app's provider takes its time
    private val listeners = mutableListOf<() -> Unit>()
    private var next = 1

    /** The newest last. */
    var all: List<Job> = emptyList()
        private set
    val running get() = all.filter { !it.ended }

    /** Be told of every change, on the main thread. */
    fun listen(listener: () -> Unit) {
        listeners += listener
    }

    fun forget(listener: () -> Unit) {
        listeners -= listener
    }

    fun of(address: Uri): Job? = all.lastOrNull { it.address == address }

    /** Enlarge a photo into the gallery. */
    fun add(address: Uri): Job {
        running.find { it.address == address }?.let { return it }
        val job = Job(next++, address, app.wishes.wish)
        all = all + job
        try {
            // With the photo, so that the right to read it is the service's too.
            app.startForegroundService(Intent(app, SaveService::class.java).setData(address).addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION))
            names.execute { titleOf(address).let { name -> main.post { job.name = name; changed() } } }
            thread.execute { run(job) }
        } catch (error: SecurityException) {
            job.notice = Notice.of(error) // whoever named the photo may not read it
        }
        changed()
        return job
    }

    /** Stop it; nothing is left behind. */
    fun cancel(job: Job) {
        job.cancelled = true
        job.task?.cancel()
    }

    /** Those that have ended are listed no longer. */
    fun clear() {
        all = running
        changed()
    }

    private fun run(job: Job) {
        val ended = try {
            val address = save(job)
            Runnable {
                job.saved = address
                if (address != null) app.lastSaved.address = address
                job.notice = Notice(R.string.saved)
            }
        } catch (error: Throwable) {
            val cause = if (error is ExecutionException || error is CompletionException) error.cause ?: error else error
            Runnable { job.notice = Notice.of(cause) }
        }
        main.post {
            ended.run()
            if (running.isEmpty()) app.resolvers.letGo()
            changed()
        }
    }

    private fun titleOf(address: Uri) = nameOf(app, address).substringBeforeLast('.').ifEmpty { "photo" }

    private fun save(job: Job): Uri? {
        if (job.cancelled) throw CancellationException()
        val resolver = app.resolvers.hold(job.wish).get()
        return PhotoSource.open(app.contentResolver, job.address).use { photo ->
            val (width, height) = photo.width * resolver.scale to photo.height * resolver.scale
            val exif = PhotoFacts.exif(app, job.address)
            Gallery(app).save("${titleOf(job.address)}-x${resolver.scale}", job.wish.png, width, height, exif, PhotoFacts.taken(app, job.address)) { sink ->
                val done = CompletableFuture<Unit>()
                job.task = resolver.stream(photo, sink, { tile, tiles -> advance(job, tile, tiles) }, DIRECT, done.listener())
                if (job.cancelled) job.task?.cancel()
                done.get()
                if (job.cancelled) throw CancellationException() // in its last tile
            }
        }
    }

    private fun advance(job: Job, done: Int, tiles: Int) = main.post {
        if (job.ended) return@post
        job.progress = done to tiles
        changed()
    }

    private fun changed() = listeners.toList().forEach { it() }
}
