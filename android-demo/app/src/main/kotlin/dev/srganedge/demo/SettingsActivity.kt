package dev.srganedge.demo

import android.app.Activity
import android.content.Intent
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import android.view.View
import android.widget.Button
import android.widget.CheckBox
import android.widget.RadioButton
import android.widget.RadioGroup
import android.widget.SeekBar
import android.widget.TextView
import dev.srganedge.engine.Backend
import dev.srganedge.engine.Model
import dev.srganedge.engine.Purpose
import kotlin.concurrent.thread

/** The model, what it shall run on and how results are kept; says what it really runs on, and why. */
class SettingsActivity : Activity(), SeekBar.OnSeekBarChangeListener {
    private val app get() = application as DemoApplication
    private val main = Handler(Looper.getMainLooper())
    private lateinit var models: RadioGroup
    private lateinit var backends: RadioGroup
    private lateinit var exact: CheckBox
    private lateinit var png: CheckBox
    private lateinit var strength: SeekBar
    private lateinit var strengthLabel: TextView
    private lateinit var strengthSays: TextView
    private lateinit var status: TextView
    private lateinit var remove: Button
    private var listed = emptyList<Model>()
    private val opening = Runnable { open(false) }

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.settings)
        view<View>(R.id.root).insetForBars()
        models = view(R.id.models)
        backends = view(R.id.backends)
        exact = view(R.id.exact)
        png = view(R.id.png)
        strength = view(R.id.strength)
        strengthLabel = view(R.id.strength_label)
        strengthSays = view(R.id.strength_says)
        status = view(R.id.status)
        remove = view(R.id.remove)
        for (backend in app.runtime.backends) backends.addView(button(BUTTONS.getValue(backend), label(backend)))
        val wish = app.wishes.wish
        list(wish.model)
        backends.check(BUTTONS.getValue(wish.backend.takeIf { it in app.runtime.backends } ?: Backend.CPU))
        exact.isChecked = wish.exact
        png.isChecked = wish.png
        strength.progress = wish.strength
        backends.setOnCheckedChangeListener { _, _ -> changed() }
        exact.setOnCheckedChangeListener { _, _ -> changed() }
        png.setOnCheckedChangeListener { _, _ -> changed() }
        strength.setOnSeekBarChangeListener(this)
        view<View>(R.id.import_model).setOnClickListener {
            tryToStart(Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("*/*"), IMPORT)
        }
        remove.setOnClickListener {
            app.models.remove(listed[models.checkedRadioButtonId - 1])
            list(app.wishes.wish.model)
            changed()
        }
        view<View>(R.id.again).setOnClickListener { open(true) }
        view<View>(R.id.benchmark).setOnClickListener { startActivity(Intent(this, BenchmarkActivity::class.java)) }
        changed()
    }

    override fun onDestroy() {
        main.removeCallbacks(opening)
        super.onDestroy()
    }

    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        val file = data?.data ?: return
        thread(name = "import") {
            try {
                val model = app.models.import(file)
                main.post {
                    list(model.name)
                    changed()
                }
            } catch (error: Exception) { // a provider of another app throws what it likes
                main.post { status.text = Notice.of(error).say(this) }
            }
        }
    }

    private fun button(id: Int, label: CharSequence) = RadioButton(this).apply {
        this.id = id
        text = label
        minHeight = Math.round(48 * resources.displayMetrics.density)
        setTextAppearance(R.style.Body)
    }

    private fun list(checked: String) {
        models.setOnCheckedChangeListener(null)
        models.removeAllViews()
        listed = app.models.models
        listed.forEachIndexed { index, model ->
            if (index == 0 || heading(listed[index - 1]) != heading(model)) {
                models.addView(TextView(this, null, 0, R.style.Subheading).apply { text = heading(model) })
            }
            models.addView(button(index + 1, nameOf(model)))
        }
        models.check(listed.indexOfFirst { it.name == checked } + 1)
        models.setOnCheckedChangeListener { _, _ -> changed() }
    }

    /** What a model is for, and by how much it enlarges. */
    private fun heading(model: Model): String = when {
        app.models.isImported(model) -> getString(R.string.imported)
        else -> getString(
            when (model.purpose) {
                Purpose.CLEAN -> R.string.purpose_clean
                Purpose.REAL -> R.string.purpose_real
                Purpose.LOOKS -> R.string.purpose_looks
            },
            model.scale,
        )
    }

    /** How it compares with others of its kind, and its name. */
    private fun nameOf(model: Model): String {
        val kind = listed.filter { heading(it) == heading(model) && it.cost > 0 }
        val rank = kind.indexOf(model)
        val speed = when {
            kind.size < 2 || rank < 0 -> null
            rank == 0 -> R.string.fast
            rank == kind.size - 1 -> R.string.sharpest
            else -> R.string.balanced
        }
        return if (speed == null) model.name else getString(R.string.model_name, getString(speed), model.name)
    }

    private fun wish(): Wish {
        val backend = BUTTONS.entries.first { it.value == backends.checkedRadioButtonId }.key
        return Wish(listed[models.checkedRadioButtonId - 1].name, backend, exact.isChecked, strength.progress, png.isChecked)
    }

    private fun changed() {
        val wish = wish()
        exact.visibility = if (wish.backend == Backend.GPU) View.VISIBLE else View.GONE
        remove.visibility = if (app.models.isImported(listed[models.checkedRadioButtonId - 1])) View.VISIBLE else View.GONE
        showStrength(wish)
        app.wishes.wish = wish
        status.setText(R.string.preparing)
        // A GPU takes seconds to compile a model: only what the finger rests on is opened.
        main.removeCallbacks(opening)
        main.postDelayed(opening, REST)
    }

    /** It is to be chosen where there is a faithful network to mix with; elsewhere is said which models have one. */
    private fun showStrength(wish: Wish) {
        val faithful = listed[models.checkedRadioButtonId - 1].faithful
        for (part in listOf(strengthLabel, strength)) part.visibility = if (faithful == null) View.GONE else View.VISIBLE
        strengthLabel.text = getString(R.string.strength, wish.strength)
        val mixed = listed.filter { it.faithful != null }.joinToString { it.name }
        strengthSays.visibility = if (mixed.isEmpty()) View.GONE else View.VISIBLE
        strengthSays.text = if (faithful == null) getString(R.string.strength_whole, mixed) else getString(R.string.strength_mixes, faithful.name)
    }

    private fun open(tryAgain: Boolean) {
        val wish = app.wishes.wish
        status.setText(R.string.preparing)
        app.resolvers.open(wish, tryAgain).whenComplete { resolver, error ->
            main.post {
                if (app.wishes.wish != wish) return@post
                status.text = if (error == null) describe(resolver) else Notice.of(error.cause ?: error).say(this)
                view<View>(R.id.again).visibility = if (error == null && resolver.refusals.isEmpty()) View.GONE else View.VISIBLE
            }
        }
    }

    override fun onProgressChanged(bar: SeekBar, value: Int, byUser: Boolean) = changed()

    override fun onStartTrackingTouch(bar: SeekBar) = Unit

    override fun onStopTrackingTouch(bar: SeekBar) = Unit

    private companion object {
        const val IMPORT = 1
        const val REST = 400L // milliseconds
        val BUTTONS = mapOf(Backend.GPU to R.id.gpu, Backend.NPU to R.id.npu, Backend.CPU to R.id.cpu)
    }
}
