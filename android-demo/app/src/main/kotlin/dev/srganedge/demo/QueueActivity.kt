package dev.srganedge.demo

import android.app.Activity
import android.os.Bundle
import android.view.View
import android.widget.Button
import android.widget.LinearLayout
import android.widget.ProgressBar
import android.widget.TextView

/** The photos that are being saved and were saved. */
class QueueActivity : Activity() {
    private val jobs get() = (application as DemoApplication).jobs
    private lateinit var list: LinearLayout
    private val listener = ::show

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.queue)
        view<View>(R.id.root).insetForBars()
        list = view(R.id.list)
        view<View>(R.id.cancel_all).setOnClickListener { jobs.running.forEach(jobs::cancel) }
        view<View>(R.id.clear).setOnClickListener { jobs.clear() }
    }

    override fun onStart() {
        super.onStart()
        jobs.listen(listener)
        show()
    }

    override fun onStop() {
        jobs.forget(listener)
        super.onStop()
    }

    private fun show() {
        val all = jobs.all.asReversed()
        view<View>(R.id.empty).visibility = if (all.isEmpty()) View.VISIBLE else View.GONE
        for (button in listOf(R.id.cancel_all, R.id.clear)) view<View>(button).visibility = if (all.isEmpty()) View.GONE else View.VISIBLE
        view<View>(R.id.cancel_all).isEnabled = jobs.running.isNotEmpty()
        view<View>(R.id.clear).isEnabled = all.any { it.ended }
        while (list.childCount > all.size) list.removeViewAt(0)
        while (list.childCount < all.size) layoutInflater.inflate(R.layout.queue_row, list)
        all.forEachIndexed { index, job -> fill(list.getChildAt(index), job) }
    }

    private fun fill(row: View, job: Job) {
        row.part<TextView>(R.id.name).text = job.name
        row.part<TextView>(R.id.state).text = job.notice?.say(this)
            ?: job.progress?.let { (done, tiles) -> getString(R.string.progress, done, tiles) } ?: getString(R.string.waiting)
        row.part<ProgressBar>(R.id.progress).run {
            visibility = if (job.ended) View.GONE else View.VISIBLE
            isIndeterminate = job.progress == null
            max = job.progress?.second ?: 1
            progress = job.progress?.first ?: 0
        }
        row.part<Button>(R.id.action).run {
            visibility = if (job.ended && job.saved == null) View.GONE else View.VISIBLE
            setText(if (job.ended) R.string.open else R.string.cancel)
            setOnClickListener {
                val saved = job.saved
                if (!job.ended) jobs.cancel(job)
                else if (saved != null) {
                    tryToStart(viewing(saved))
                }
            }
        }
    }
}
