package dev.srganedge.demo

import android.Manifest.permission
import android.graphics.drawable.BitmapDrawable
import android.view.View
import android.widget.ImageView
import android.widget.TextView
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController

/** What tests of the camera's screen share. */
abstract class CameraTest {
    protected fun launch(allowed: Boolean = true): ActivityController<CameraActivity> {
        if (allowed) shadowOf(fake).grantPermissions(permission.CAMERA)
        return Robolectric.buildActivity(CameraActivity::class.java).setup().also { it.get().surfaceArrives() }
    }

    protected fun CameraActivity.overlay() = view<TextView>(R.id.overlay).text.toString()

    protected fun CameraActivity.firstFrame() {
        fake.fakeCamera.frame()
        until("an enlarged frame", { overlay() }) { "ms" in overlay() }
    }

    protected fun CameraActivity.isShown(id: Int) = view<View>(id).visibility == View.VISIBLE

    protected fun CameraActivity.pane(id: Int) = (view<ImageView>(id).drawable as BitmapDrawable).bitmap
}
