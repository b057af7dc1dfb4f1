package dev.srganedge.demo

import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Color
import android.media.ExifInterface
import android.net.Uri
import android.widget.TextView
import android.view.View
import java.io.File
import org.junit.Before
import org.junit.Rule
import org.junit.rules.TemporaryFolder
import org.robolectric.Robolectric
import org.robolectric.android.controller.ActivityController

/** What tests of photos share: another app's photos, a gallery, the photo's screen. */
abstract class PhotoTest {
    @get:Rule
    val folder = TemporaryFolder()
    protected lateinit var store: FakeMediaStore
    protected lateinit var others: PhotosOfAnotherApp

    @Before
    fun providers() {
        store = FakeMediaStore.install()
        others = PhotosOfAnotherApp.install()
    }

    /** A JPEG, red where [red] says so and else blue, whose EXIF says [orientation], a date and a place. */
    protected fun photo(width: Int, height: Int, orientation: Int = 1, name: String = "holiday.jpg", red: (Int, Int) -> Boolean = { _, _ -> true }): Uri {
        val bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        val pixels = IntArray(width * height) { if (red(it % width, it / width)) Color.RED else Color.BLUE }
        bitmap.setPixels(pixels, 0, width, 0, 0, width, height)
        val file = folder.newFile()
        file.outputStream().use { bitmap.compress(Bitmap.CompressFormat.JPEG, 95, it) }
        ExifInterface(file.path).apply {
            setAttribute(ExifInterface.TAG_ORIENTATION, orientation.toString())
            setAttribute(ExifInterface.TAG_DATETIME_ORIGINAL, "2026:05:04 03:02:01")
            setAttribute(ExifInterface.TAG_GPS_LATITUDE, "52/1,31/1,12/1")
            setAttribute(ExifInterface.TAG_GPS_LATITUDE_REF, "N")
            setAttribute(ExifInterface.TAG_METERING_MODE, "5")
            saveAttributes()
        }
        return others.add(name, file)
    }

    protected fun launch(address: Uri): ActivityController<PhotoActivity> =
        Robolectric.buildActivity(PhotoActivity::class.java, Intent(fake, PhotoActivity::class.java).setData(address)).setup()

    protected fun PhotoActivity.status() = view<TextView>(R.id.status).text.toString()

    protected fun PhotoActivity.ready() = until("the photo", { status() }) { view<View>(R.id.save).isEnabled }

    protected fun PhotoActivity.looked() = until("the detail", { status() }) { view<CompareView>(R.id.compare).detail != null }

    protected fun PhotoActivity.saved(): FakeMediaStore.Entry {
        until("the saved photo", { status() }) { "Saved" in status() }
        return store.published.single()
    }

    /** The screen of a photo, with what is seen of it enlarged. */
    protected fun launchAndLook(address: Uri = photo(300, 200)): ActivityController<PhotoActivity> = launch(address).also {
        it.get().ready()
        it.get().looked()
    }

    protected fun File.bytesOfType() = inputStream().use { file -> List(4) { file.read() } }
}
