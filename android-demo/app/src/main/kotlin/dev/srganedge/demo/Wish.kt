package dev.srganedge.demo

import android.content.Context
import dev.srganedge.engine.Backend

/** What the user chose to run: [exact] has the GPU compute in 32 bits. */
data class Wish(val model: String, val backend: Backend, val exact: Boolean)

/** The choice as it is kept from start to start. */
class WishStore(context: Context, private val catalog: ModelCatalog) {
    private val kept = context.getSharedPreferences("wish", Context.MODE_PRIVATE)

    var wish: Wish
        get() = Wish(
            listOf(kept.getString("model", null), DEFAULT).firstOrNull { it in catalog.models } ?: catalog.models.first(),
            Backend.entries.find { it.name == kept.getString("backend", null) } ?: Backend.GPU,
            kept.getBoolean("exact", false),
        )
        set(value) = kept.edit()
            .putString("model", value.model)
            .putString("backend", value.backend.name)
            .putBoolean("exact", value.exact)
            .apply()

    private companion object {
        /** The toolkit's own default. */
        const val DEFAULT = "edge-m-x4"
    }
}
