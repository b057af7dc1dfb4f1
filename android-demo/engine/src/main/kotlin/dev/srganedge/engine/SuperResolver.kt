package dev.srganedge.engine

import android.content.Context
import android.graphics.Bitmap
import android.os.Build
import android.os.Handler
import android.os.Looper
import android.os.Process
import java.io.Closeable
import java.io.File
import java.util.concurrent.Executor
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.suspendCancellableCoroutine

/** Told how far the work is, on the resolver's own thread: tiles done and their number. */
public fun interface Progress {
    public fun progress(done: Int, tiles: Int)
}

/** Told of the end of some work, on the executor that was given. */
public interface Listener<in T> {
    public fun done(result: T)

    /** [error] is a [SuperResolverException], a `CancellationException`, or what a source or sink threw. */
    public fun failed(error: Throwable)
}

/** Work that was begun. */
public fun interface Task {
    /** Stop before the next tile; the listener is told. */
    public fun cancel()
}

/** An enlarged picture, and what it took. */
public class Enlarged(public val picture: Picture, public val times: StageTimes)

/**
 * A super-resolution model that is open: pictures in, enlarged pictures out.
 *
 * All of it may be called from any thread; the work is done on a thread of its own, a tile at a time. A single picture
 * ([enlarge]) goes between the tiles of one that is enlarged row by row ([stream]), so that a long one stops nothing.
 */
public class SuperResolver private constructor(
    /** What was asked for. */
    public val model: Model,
    /** Which of its files runs; at strength 0 it is the faithful network's. */
    public val file: ModelFile,
    /** What is taken of its result, 0 to 1; the rest is its faithful network's. */
    public val strength: Float,
    /** What it runs on. */
    public val backend: Backend,
    /** Why not on what was tried before. */
    public val refusals: List<Refusal>,
    private val opened: TileModel,
    private val worker: Worker,
) : Closeable {
    private val whole = Upscaler(opened)
    private val between = Upscaler(opened)

    /** The factor it enlarges by. */
    public val scale: Int get() = opened.scale

    /** Side of a square that one run of the model enlarges: the best size for a camera's crop. */
    public val square: Int get() = whole.inner

    /** Enlarge a picture or a [region] of it, which is as it will be in the whole; into [reused] if it has the size. */
    public suspend fun enlarge(
        source: PixelSource,
        region: Region? = null,
        reused: Picture? = null,
        progress: Progress? = null,
    ): Enlarged = awaiting { enlarge(source, region, reused, progress, DIRECT, it) }

    /** Enlarge a picture or a [region] of it; see the suspending form. */
    @JvmOverloads
    public fun enlarge(
        source: PixelSource,
        region: Region?,
        reused: Picture?,
        progress: Progress?,
        executor: Executor = MAIN,
        listener: Listener<Enlarged>,
    ): Task = worker.submit(urgent = true, executor, listener) { cancelled ->
        if (region == null) {
            val made = between.upscale(source, reused, progress.orNothing(), cancelled = cancelled)
            return@submit Enlarged(made, between.times)
        }
        // With as much around it as its pixels depend on.
        val left = (region.left - opened.overlap).coerceAtLeast(0)
        val top = (region.top - opened.overlap).coerceAtLeast(0)
        val right = (region.left + region.width + opened.overlap).coerceAtMost(source.width)
        val bottom = (region.top + region.height + opened.overlap).coerceAtMost(source.height)
        require(region.left >= 0 && region.top >= 0 && region.left + region.width <= right && region.top + region.height <= bottom) {
            "$region is not within ${source.width}x${source.height}"
        }
        val taken = source.crop(Region(left, top, right - left, bottom - top))
        val large = between.upscale(taken, null, progress.orNothing(), source.colourless, cancelled)
        val wanted = Region((region.left - left) * scale, (region.top - top) * scale, region.width * scale, region.height * scale)
        Enlarged(large.crop(wanted), between.times)
    }

    /** Enlarge a picture of any size; [sink] gets the rows on the resolver's thread, and memory is a strip of them. */
    public suspend fun stream(source: PixelSource, sink: RowSink, progress: Progress? = null): Unit =
        awaiting { stream(source, sink, progress, DIRECT, it) }

    /** Enlarge a picture of any size row by row; see the suspending form. */
    @JvmOverloads
    public fun stream(
        source: PixelSource,
        sink: RowSink,
        progress: Progress?,
        executor: Executor = MAIN,
        listener: Listener<Unit>,
    ): Task = worker.submit(urgent = false, executor, listener) { cancelled ->
        whole.upscale(source, sink, progress.orNothing()) {
            worker.runUrgent()
            cancelled()
        }
    }

    /** Enlarge a bitmap; how opaque it is is left out. */
    public suspend fun upscale(bitmap: Bitmap, progress: Progress? = null): Bitmap {
        val made = enlarge(BitmapSource(bitmap), progress = progress).picture
        return try {
            Bitmap.createBitmap(made.argb, made.width, made.height, Bitmap.Config.ARGB_8888)
        } catch (error: OutOfMemoryError) {
            throw NotEnoughMemoryException(error)
        }
    }

    /** Finish what was begun, then free the model; what is asked for later fails. May be called more than once. */
    override fun close(): Unit = worker.close { opened.close() }

    public companion object {
        private val DIRECT = Executor { it.run() }
        private val MAIN = Executor { Handler(Looper.getMainLooper()).post(it) }

        /**
         * Open [model] on the first backend that runs it and agrees with the CPU.
         *
         * @throws InvalidModelException not even the CPU runs it.
         */
        public suspend fun create(context: Context, model: Model, options: Options = Options()): SuperResolver =
            awaiting { create(context, model, options, DIRECT, it) }

        /** Open [model]; see the suspending form. */
        @JvmStatic
        @JvmOverloads
        public fun create(
            context: Context,
            model: Model,
            options: Options,
            executor: Executor = MAIN,
            listener: Listener<SuperResolver>,
        ): Task {
            val worker = Worker()
            val guard = CrashGuard(File(context.noBackupFilesDir, "srgan-edge"), Process.myPid()) { CrashGuard.crashed(context, it) }
            val ended = object : Listener<SuperResolver> by listener {
                override fun failed(error: Throwable) {
                    worker.close {}
                    listener.failed(error)
                }
            }
            return worker.submit(urgent = true, executor, ended) { open(worker, guard, model, options) }
        }

        private fun open(worker: Worker, guard: CrashGuard, model: Model, options: Options): SuperResolver {
            // An update of the system may bring a driver that works.
            fun key(backend: Backend) = "$backend-${if (options.exact) 32 else 16}-${Build.FINGERPRINT.hashCode()}"
            val networks = Networks(model, options)
            if (options.tryAgain) guard.forgive(key(options.backend))
            val choice = try {
                DelegateChooser(
                    reference = { networks.open(it, on = Backend.CPU) },
                    guard = guard,
                    key = ::key,
                ) { networks.open(it) }.choose(listOf(options.backend))
            } catch (error: OutOfMemoryError) {
                throw NotEnoughMemoryException(error)
            }
            try {
                check(networks.leading, choice.model)
            } catch (error: InvalidModelException) {
                choice.model.close()
                throw error
            }
            return SuperResolver(model, networks.file(choice.backend), options.strength, choice.backend, choice.refused, choice.model, worker)
        }

        /** A stranger may take and give other values than 0 to 255: its result would be wrong and nobody told. */
        private fun check(model: Model, opened: TileModel) {
            if (model.scale != 0 && model.scale != opened.scale) {
                throw InvalidModelException("${model.name} enlarges by ${opened.scale}, its card says ${model.scale}")
            }
            if (model.scale != 0) return
            val off = meanDifference(opened)
            if (off > STRANGE) {
                throw InvalidModelException("${model.name} does not take and give pixels of 0 to 255: its result is off by $off levels")
            }
        }

        private suspend fun <T> awaiting(begin: (Listener<T>) -> Task): T = suspendCancellableCoroutine { waiting ->
            val task = begin(object : Listener<T> {
                override fun done(result: T) {
                    if (result is SuperResolver) waiting.resume(result) { _, opened, _ -> (opened as Closeable).close() }
                    else waiting.resume(result)
                }

                override fun failed(error: Throwable) = waiting.resumeWithException(error)
            })
            waiting.invokeOnCancellation { task.cancel() }
        }

        private fun Progress?.orNothing(): (Int, Int) -> Unit = { done, tiles -> this?.progress(done, tiles) }

        /** Levels that a network's result, shrunk again, is off from what it was given; ours are off by one. */
        private const val STRANGE = 20
    }
}
