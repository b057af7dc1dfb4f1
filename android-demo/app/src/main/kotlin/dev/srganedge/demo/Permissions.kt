package dev.srganedge.demo

import android.Manifest.permission
import android.app.Activity
import android.content.pm.PackageManager
import android.os.Build

/** Whether the user has given a permission. */
fun Activity.has(name: String): Boolean = checkSelfPermission(name) == PackageManager.PERMISSION_GRANTED

/** Whether pictures may be saved; if not, the user is asked, and [request] is the answer's code. */
fun Activity.maySave(request: Int): Boolean {
    // From Android 10 on an app may add pictures to the gallery without asking.
    val may = Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q || has(permission.WRITE_EXTERNAL_STORAGE)
    if (!may) requestPermissions(arrayOf(permission.WRITE_EXTERNAL_STORAGE), request)
    return may
}

/** Ask once whether progress may be shown as a notification, and tell whether that was now; the work is done in either case. */
fun Activity.askToNotify(request: Int): Boolean {
    if (Build.VERSION.SDK_INT < Build.VERSION_CODES.TIRAMISU || has(permission.POST_NOTIFICATIONS)) return false
    val kept = getSharedPreferences("asked", Activity.MODE_PRIVATE)
    if (kept.getBoolean("notify", false)) return false
    kept.edit().putBoolean("notify", true).apply()
    requestPermissions(arrayOf(permission.POST_NOTIFICATIONS), request)
    return true
}
