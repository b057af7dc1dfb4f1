package dev.srganedge.demo

import android.graphics.Bitmap
import android.widget.ImageView
import dev.srganedge.engine.Picture

/** An image view that shows frames: filled on any thread while another bitmap is on the screen, then swapped. */
class Pane(private val view: ImageView) {
    private var shown: Bitmap? = null
    private var filled: Bitmap? = null

    /** On the thread that made [picture]; not again before [swap]. */
    fun fill(picture: Picture) {
        val bitmap = filled?.takeIf { it.width == picture.width && it.height == picture.height }
            ?: Bitmap.createBitmap(picture.width, picture.height, Bitmap.Config.ARGB_8888).also { filled = it }
        bitmap.setPixels(picture.argb, 0, picture.width, 0, 0, picture.width, picture.height)
    }

    /** On the main thread. */
    fun swap() {
        val next = filled ?: return
        filled = shown
        shown = next
        view.setImageBitmap(next)
    }

    /** As the preview of a camera that faces the user. */
    fun mirror(on: Boolean) {
        view.scaleX = if (on) -1f else 1f
    }
}
