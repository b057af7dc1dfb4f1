package dev.srganedge.demo

import android.app.Activity
import android.os.Bundle
import android.view.View
import android.widget.CheckBox
import android.widget.RadioButton
import android.widget.RadioGroup
import android.widget.TextView
import dev.srganedge.engine.Backend

/** The model and what it shall run on; says at once what it really runs on, and why. */
class SettingsActivity : Activity() {
    private val app get() = application as DemoApplication
    private lateinit var models: RadioGroup
    private lateinit var backends: RadioGroup
    private lateinit var exact: CheckBox
    private lateinit var status: TextView

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.settings)
        models = view(R.id.models)
        backends = view(R.id.backends)
        exact = view(R.id.exact)
        status = view(R.id.status)
        val wish = app.wishes.wish
        app.catalog.models.forEachIndexed { index, name ->
            models.addView(RadioButton(this).apply {
                id = index + 1
                text = name
                minHeight = Math.round(48 * resources.displayMetrics.density)
            })
        }
        models.check(app.catalog.models.indexOf(wish.model) + 1)
        backends.check(BUTTONS.getValue(wish.backend))
        exact.isChecked = wish.exact
        models.setOnCheckedChangeListener { _, _ -> changed() }
        backends.setOnCheckedChangeListener { _, _ -> changed() }
        exact.setOnCheckedChangeListener { _, _ -> changed() }
        changed()
    }

    private fun changed() {
        val backend = BUTTONS.entries.first { it.value == backends.checkedRadioButtonId }.key
        exact.visibility = if (backend == Backend.GPU) View.VISIBLE else View.GONE
        val wish = Wish(app.catalog.models[models.checkedRadioButtonId - 1], backend, exact.isChecked)
        app.wishes.wish = wish
        status.setText(R.string.opening)
        app.engine.run(wish, { error -> tell(wish, Notice.of(error).say(this)) }) { tell(wish, describe(it)) }
    }

    private fun tell(wish: Wish, text: String) = runOnUiThread { if (app.wishes.wish == wish) status.text = text }

    private companion object {
        val BUTTONS = mapOf(Backend.GPU to R.id.gpu, Backend.NNAPI to R.id.nnapi, Backend.CPU to R.id.cpu)
    }
}
