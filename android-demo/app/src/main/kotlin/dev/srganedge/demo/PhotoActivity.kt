package dev.srganedge.demo

import android.app.Activity
import android.content.ClipData
import android.content.ContentResolver
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.os.Bundle
import android.view.View
import android.widget.Button
import android.widget.ProgressBar
import android.widget.TextView
import android.widget.Toast

/** A photo of the gallery or of another app: looked at before and after, saved enlarged, opened and shared. */
class PhotoActivity : Activity() {
    private val app get() = application as DemoApplication
    private var several = false
    private lateinit var session: PhotoSession
    private lateinit var compare: CompareView
    private lateinit var labels: View
    private lateinit var status: TextView
    private lateinit var bar: ProgressBar
    private lateinit var save: Button
    private lateinit var open: Button
    private lateinit var share: Button
    private val listener = ::show

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        val addresses = given()
        if (addresses.isEmpty()) return finish()
        several = addresses.size > 1
        if (several) return saveAll()
        setContentView(R.layout.photo)
        view<View>(R.id.root).insetForBars()
        compare = view(R.id.compare)
        labels = view(R.id.labels)
        status = view(R.id.status)
        bar = view(R.id.progress)
        save = view(R.id.save)
        open = view(R.id.open)
        share = view(R.id.share)
        session = lastNonConfigurationInstance as? PhotoSession ?: PhotoSession(app, addresses.single())
        save.setOnClickListener {
            val job = job()
            when {
                job != null && !job.ended -> app.jobs.cancel(job)
                maySave(SAVE) -> save()
            }
        }
        open.setOnClickListener { job()?.saved?.let { tryToStart(viewing(it)) } }
        share.setOnClickListener { job()?.saved?.let { startActivity(Intent.createChooser(sending(it), null)) } }
        session.changed = listener
        compare.settled = { region -> if (region != null) session.look(region) }
        if (state != null) compare.restore(state.getFloat("x"), state.getFloat("y"), state.getFloat("zoom"))
        if (state != null) compare.divider = state.getFloat("divider")
    }

    override fun onStart() {
        super.onStart()
        if (!::session.isInitialized) return
        app.jobs.listen(listener)
        show()
    }

    override fun onStop() {
        app.jobs.forget(listener)
        super.onStop()
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        if (!::compare.isInitialized) return
        state.putFloat("x", compare.centreX)
        state.putFloat("y", compare.centreY)
        state.putFloat("zoom", compare.zoom)
        state.putFloat("divider", compare.divider)
    }

    @Deprecated("Named so by the framework's documentation, which offers nothing else without AndroidX")
    override fun onRetainNonConfigurationInstance(): Any? = if (::session.isInitialized) session else null

    override fun onDestroy() {
        if (::session.isInitialized) {
            session.changed = {}
            if (!isChangingConfigurations) session.close()
        }
        super.onDestroy()
    }

    override fun onRequestPermissionsResult(request: Int, names: Array<out String>, results: IntArray) {
        if (results.isEmpty()) return // asked again while the question was on the screen
        if (several) {
            if (request == NOTIFY || results.first() == PackageManager.PERMISSION_GRANTED) return saveAll()
            Toast.makeText(this, R.string.save_refused, Toast.LENGTH_LONG).show()
            return finish()
        }
        if (request == NOTIFY) return
        if (results.firstOrNull() == PackageManager.PERMISSION_GRANTED) save() else status.setText(R.string.save_refused)
    }

    /** Save what another app shares, once what has to be asked is answered. */
    private fun saveAll() {
        if (!maySave(SAVE) || askToNotify(NOTIFY)) return
        // Files are this app's own, which no other app is to name unseen.
        given().filter { it.scheme == ContentResolver.SCHEME_CONTENT }.forEach(app.jobs::add)
        startActivity(Intent(this, QueueActivity::class.java))
        finish()
    }

    /** The photos that the intent names: one that is to be seen, or those that another app shares. */
    private fun given(): List<Uri> {
        @Suppress("DEPRECATION") // what replaces it came with API 33
        fun shared() = when (intent.action) {
            Intent.ACTION_SEND -> listOfNotNull(intent.getParcelableExtra<Uri>(Intent.EXTRA_STREAM))
            Intent.ACTION_SEND_MULTIPLE -> intent.getParcelableArrayListExtra<Uri>(Intent.EXTRA_STREAM).orEmpty()
            else -> emptyList()
        }
        val clip = intent.clipData
        return listOfNotNull(intent.data).ifEmpty { shared() }
            .ifEmpty { if (clip == null) emptyList() else List(clip.itemCount) { clip.getItemAt(it).uri }.filterNotNull() }
    }

    private fun job() = app.jobs.of(session.address)

    private fun save() {
        askToNotify(NOTIFY)
        app.jobs.add(session.address)
    }

    private fun sending(picture: Uri): Intent = Intent(Intent.ACTION_SEND).setType("image/*").putExtra(Intent.EXTRA_STREAM, picture).apply {
        clipData = ClipData.newRawUri(null, picture) // to which the right to read it belongs
        addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
    }

    private fun show() {
        val photo = session.photo
        val job = job()
        val running = job != null && !job.ended
        session.overview?.let { if (photo != null) compare.show(photo.width, photo.height, it) }
        compare.detail = session.detail
        labels.visibility = if (session.detail == null) View.INVISIBLE else View.VISIBLE
        val progress = job?.progress.takeIf { running }
        val waiting = (photo == null && session.problem == null) || session.wanted != null
        bar.visibility = if (running || waiting) View.VISIBLE else View.INVISIBLE
        bar.isIndeterminate = progress == null
        progress?.let { (done, tiles) ->
            bar.max = tiles
            bar.progress = done
        }
        val scale = session.resolver?.scale ?: app.models.find(app.wishes.wish.model)?.scale ?: 0
        save.isEnabled = photo != null
        save.text = if (running) getString(R.string.cancel) else getString(R.string.save, if (scale == 0) "" else " × $scale").trim()
        val saved = job?.saved != null
        open.visibility = if (saved) View.VISIBLE else View.GONE
        share.visibility = open.visibility
        status.text = listOfNotNull(
            photo?.let { getString(R.string.size, it.width, it.height, it.width * scale, it.height * scale) }.takeIf { scale > 0 },
            when {
                progress != null -> getString(R.string.progress, progress.first, progress.second)
                running -> getString(R.string.waiting)
                else -> job?.notice?.say(this)
            },
            session.problem?.say(this),
            session.resolver?.let(::runs) ?: getString(R.string.preparing).takeIf { session.wanted != null },
        ).joinToString("\n").ifEmpty { getString(R.string.opening) }
    }

    companion object {
        const val SAVE = 1
        const val NOTIFY = 2
    }
}
