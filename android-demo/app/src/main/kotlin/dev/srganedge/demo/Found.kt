package dev.srganedge.demo

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Context
import android.content.Intent
import android.os.Build
import android.provider.MediaStore
import android.view.View
import android.view.WindowInsets
import android.widget.Toast

/** A view of the layout that must be there: the framework's classes disagree on whether it may be null. */
fun <T : View> Activity.view(id: Int): T = requireNotNull(findViewById(id))

/** The same within another view. */
fun <T : View> View.part(id: Int): T = requireNotNull(findViewById(id))

/** A system service that every phone has. */
inline fun <reified T : Any> Context.service(): T = requireNotNull(getSystemService(T::class.java))

/** Keep what is within clear of the system's bars and of cutouts, behind which the app draws from Android 15 on. */
fun View.insetForBars() {
    val (left, top, right, bottom) = listOf(paddingLeft, paddingTop, paddingRight, paddingBottom)
    setOnApplyWindowInsetsListener { view, insets ->
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            val bars = insets.getInsets(WindowInsets.Type.systemBars() or WindowInsets.Type.displayCutout())
            view.setPadding(left + bars.left, top + bars.top, right + bars.right, bottom + bars.bottom)
        } else {
            @Suppress("DEPRECATION") // what replaces it came with API 30
            view.setPadding(
                left + insets.systemWindowInsetLeft, top + insets.systemWindowInsetTop,
                right + insets.systemWindowInsetRight, bottom + insets.systemWindowInsetBottom,
            )
        }
        insets
    }
}

/** Start another app's activity, or say that there is none; with [request] for its result. */
fun Activity.tryToStart(intent: Intent, request: Int? = null) = try {
    if (request == null) startActivity(intent) else startActivityForResult(intent, request)
} catch (_: ActivityNotFoundException) {
    Toast.makeText(this, R.string.no_app, Toast.LENGTH_LONG).show()
}

/** The system's photo picker where there is one, else its documents. */
fun pickPhotos(): Intent =
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
        Intent(MediaStore.ACTION_PICK_IMAGES).setType("image/*").putExtra(MediaStore.EXTRA_PICK_IMAGES_MAX, MOST_PHOTOS)
    } else {
        Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("image/*").putExtra(Intent.EXTRA_ALLOW_MULTIPLE, true)
    }

/** More than anybody waits for, less than any device refuses. */
private const val MOST_PHOTOS = 50
