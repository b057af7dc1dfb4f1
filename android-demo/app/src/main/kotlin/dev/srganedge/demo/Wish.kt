package dev.srganedge.demo

import android.content.Context
import dev.srganedge.engine.Backend
import dev.srganedge.engine.Model

/** What the user chose: [exact] has the GPU compute in 32 bits, [strength], of texture, is in percent, results are JPEG or PNG. */
data class Wish(val model: String, val backend: Backend, val exact: Boolean, val strength: Int = 100, val png: Boolean = false) {
    /** Whether the same open model serves both. */
    fun opensLike(other: Wish) = copy(png = other.png) == other
}

/** The choice as it is kept from start to start. */
class WishStore(context: Context, private val shelf: ModelShelf) {
    private val kept = context.getSharedPreferences("wish", Context.MODE_PRIVATE)

    var wish: Wish
        get() = Wish(
            (shelf.find(kept.getString("model", null)) ?: default()).name,
            Backend.entries.find { it.name == kept.getString("backend", null) } ?: Backend.GPU,
            kept.getBoolean("exact", false),
            kept.getInt("strength", 100).coerceIn(0, 100),
            kept.getBoolean("png", false),
        )
        set(value) = kept.edit()
            .putString("model", value.model)
            .putString("backend", value.backend.name)
            .putBoolean("exact", value.exact)
            .putInt("strength", value.strength)
            .putBoolean("png", value.png)
            .apply()

    /** The toolkit's own default, or what is there. */
    private fun default(): Model = shelf.find("edge-l-real-x4") ?: shelf.models.first()
}
