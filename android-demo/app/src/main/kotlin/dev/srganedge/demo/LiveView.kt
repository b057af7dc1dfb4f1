package dev.srganedge.demo

import android.app.Activity
import android.os.SystemClock
import android.widget.TextView
import dev.srganedge.engine.ClosedException
import dev.srganedge.engine.Enlarged
import dev.srganedge.engine.FrameConverter
import dev.srganedge.engine.Listener
import dev.srganedge.engine.Picture
import dev.srganedge.engine.Region
import dev.srganedge.engine.SuperResolver
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger

/** Parts of a camera's frames, enlarged one after the other and shown beside the same pixels as they are; [shown] is told. */
class LiveView(private val activity: Activity, private val shown: () -> Unit) {
    private val app = activity.application as DemoApplication
    private val plain = Pane(activity.view(R.id.plain))
    private val enlarged = Pane(activity.view(R.id.enlarged))
    private val overlay: TextView = activity.view(R.id.overlay)
    private val pre = Timings()
    private val infer = Timings()
    private val post = Timings()
    private val dropped = AtomicInteger()

    /** A frame is being enlarged: those that come meanwhile are dropped. */
    private val busy = AtomicBoolean()
    private var detailed = false
    private var told = 0L

    // Used again from frame to frame; of whoever has set `busy`.
    private var small: Picture? = null
    private var large: Picture? = null

    @Volatile
    private var wish: Wish? = null

    /** Of the square that is enlarged, in pixels of a frame. */
    @Volatile
    var side = 64
        private set

    init {
        overlay.setOnClickListener { detailed = !detailed }
    }

    /** Enlarge as [wish] says from now on. */
    fun follow(wish: Wish) {
        this.wish = wish
        overlay.setText(R.string.preparing)
    }

    /** As the preview of a camera that faces the user. */
    fun mirror(on: Boolean) = listOf(plain, enlarged).forEach { it.mirror(on) }

    /** On the camera's thread. */
    fun frame(frame: Frame, region: Region, rotation: Int) {
        val wish = wish ?: return
        if (!busy.compareAndSet(false, true)) {
            dropped.incrementAndGet()
            return
        }
        val started = System.nanoTime()
        val given = FrameConverter.convert(frame.y, frame.u, frame.v, region, rotation, small).also { small = it }
        val converted = System.nanoTime() - started
        app.resolvers.open(wish).whenComplete { resolver, error ->
            if (error != null) failed(error.cause ?: error) else enlarge(resolver, given, converted)
        }
    }

    private fun enlarge(resolver: SuperResolver, given: Picture, converted: Long) {
        resolver.enlarge(given, null, large, null, DIRECT, object : Listener<Enlarged> {
            override fun done(result: Enlarged) {
                large = result.picture
                plain.fill(given)
                enlarged.fill(result.picture)
                side = resolver.square
                activity.runOnUiThread {
                    pre.add(converted + result.times.pre)
                    infer.add(result.times.infer)
                    post.add(result.times.post)
                    show(resolver)
                    busy.set(false)
                }
            }

            override fun failed(error: Throwable) = this@LiveView.failed(error)
        })
    }

    private fun failed(error: Throwable) = activity.runOnUiThread {
        busy.set(false)
        if (error is ClosedException) return@runOnUiThread // another model was chosen meanwhile
        wish = null // until the user has chosen again
        overlay.text = Notice.of(error).say(activity)
    }

    private fun show(resolver: SuperResolver) {
        plain.swap()
        enlarged.swap()
        shown()
        val now = SystemClock.elapsedRealtime()
        if (told != 0L && now - told < BETWEEN) return // text that changes lays the screen out anew
        told = now
        val milliseconds = pre.median + infer.median + post.median
        overlay.text = if (!detailed) activity.getString(R.string.runs, activity.name(resolver), activity.label(resolver.backend), milliseconds) else listOf(
            activity.describe(resolver),
            activity.getString(R.string.stages, pre.median, pre.p90, infer.median, infer.p90, post.median, post.p90),
            activity.getString(R.string.dropped, dropped.get()),
        ).joinToString("\n")
    }

    private companion object {
        const val BETWEEN = 500L // milliseconds
    }
}
