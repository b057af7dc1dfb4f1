package dev.srganedge.demo

import android.app.Activity
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import android.view.View
import android.widget.Button
import android.widget.TextView
import dev.srganedge.engine.Backend
import dev.srganedge.engine.Enlarged
import dev.srganedge.engine.Picture
import dev.srganedge.engine.SuperResolver
import java.util.concurrent.CompletableFuture
import kotlin.concurrent.thread

/** Times a tile of every model on every backend, and keeps the results of earlier runs. */
class BenchmarkActivity : Activity() {
    private val app get() = application as DemoApplication
    private val main = Handler(Looper.getMainLooper())
    private val resolvers by lazy { Resolvers(app) } // beside those that other screens use meanwhile
    private val kept by lazy { getSharedPreferences("benchmark", MODE_PRIVATE) }
    private lateinit var results: TextView
    private lateinit var start: Button

    @Volatile
    private var gone = false

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.benchmark)
        view<View>(R.id.root).insetForBars()
        results = view(R.id.results)
        start = view(R.id.start)
        start.setOnClickListener { run() }
        results.text = kept.getString(HISTORY, null) ?: getString(R.string.no_benchmark)
    }

    override fun onDestroy() {
        gone = true
        super.onDestroy()
    }

    private fun run() {
        start.isEnabled = false
        val wish = app.wishes.wish
        val lines = mutableListOf(java.text.DateFormat.getDateTimeInstance().format(java.util.Date()))
        thread(name = "benchmark") {
            for (model in app.models.models) for (backend in app.runtime.backends) {
                if (gone) return@thread resolvers.release()
                lines += line(model.name, backend, wish)
                val said = lines.joinToString("\n")
                main.post { results.text = said }
            }
            resolvers.release()
            val history = (lines.joinToString("\n") + "\n\n" + kept.getString(HISTORY, "")).take(LONGEST)
            kept.edit().putString(HISTORY, history).apply()
            main.post {
                results.text = history
                start.isEnabled = true
            }
        }
    }

    private fun line(model: String, backend: Backend, wish: Wish): String = try {
        val resolver = resolvers.open(Wish(model, backend, wish.exact)).get()
        if (resolver.backend != backend) {
            getString(R.string.benchmark_refused, model, label(backend), resolver.refusals.joinToString { why(it) })
        } else {
            val timings = Timings()
            repeat(WARM_UP + RUNS) { run -> time(resolver).let { if (run >= WARM_UP) timings.add(it) } }
            getString(R.string.benchmark_line, model, label(backend), timings.median, timings.p90, resolver.square)
        }
    } catch (error: java.util.concurrent.ExecutionException) {
        "$model, ${label(backend)}: ${Notice.of(error.cause ?: error).say(this)}"
    }

    private fun time(resolver: SuperResolver): Long {
        val done = CompletableFuture<Enlarged>()
        resolver.enlarge(Picture(resolver.square, resolver.square), null, null, null, DIRECT, done.listener())
        return done.get().times.run { pre + infer + post }
    }

    private companion object {
        const val HISTORY = "history"
        const val LONGEST = 20_000
        const val WARM_UP = 3
        const val RUNS = 20
    }
}
