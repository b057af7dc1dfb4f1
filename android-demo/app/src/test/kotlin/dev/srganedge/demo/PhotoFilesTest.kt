package dev.srganedge.demo

import android.graphics.Bitmap
import android.graphics.Color
import android.media.ExifInterface
import android.view.View
import dev.srganedge.engine.PhotoSource
import dev.srganedge.engine.UnreadablePictureException
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.annotation.Config

/** Photos of all kinds of files, as they are read. */
@RunWith(AppRunner::class)
@Config(application = FakeApplication::class, qualifiers = "w400dp-h800dp-port-mdpi")
class PhotoFilesTest : PhotoTest() {
    @Test
    fun `the whole of a turned photo, small`() {
        val small = PhotoSource.overview(fake.contentResolver, photo(120, 80, ExifInterface.ORIENTATION_ROTATE_90) { x, y -> x < 60 && y >= 40 }, 64)
        assertEquals(40 to 60, small.width to small.height)
        assertTrue(Color.red(small.getPixel(5, 5)) > 200 && Color.blue(small.getPixel(35, 55)) > 200)
    }

    @Test
    fun `a PNG's date and place are kept, too`() {
        val file = folder.newFile("scan.png")
        file.outputStream().use { Bitmap.createBitmap(20, 30, Bitmap.Config.ARGB_8888).compress(Bitmap.CompressFormat.PNG, 100, it) }
        ExifInterface(file.path).apply {
            setAttribute(ExifInterface.TAG_DATETIME_ORIGINAL, "2026:05:04 03:02:01")
            setAttribute(ExifInterface.TAG_GPS_LATITUDE, "52/1,31/1,12/1")
            setAttribute(ExifInterface.TAG_GPS_LATITUDE_REF, "N")
            saveAttributes()
        }
        val activity = launch(others.add("scan.png", file)).get()
        activity.ready()
        activity.view<View>(R.id.save).performClick()
        val exif = ExifInterface(activity.saved().file.path)
        assertEquals("2026:05:04 03:02:01", exif.getAttribute(ExifInterface.TAG_DATETIME_ORIGINAL))
        assertEquals("52/1,31/1,12/1", exif.getAttribute(ExifInterface.TAG_GPS_LATITUDE))
    }

    @Test
    fun `what cannot be decoded in parts and is too large is refused`() {
        val header = "GIF89a".toByteArray() + byteArrayOf(0x40, 0x1F, 0x40, 0x1F, 0, 0, 0) // 8000 x 8000
        val frame = byteArrayOf(0x2C, 0, 0, 0, 0, 0x40, 0x1F, 0x40, 0x1F, 0, 2, 2, 0x4C, 1, 0, 0x3B)
        val file = folder.newFile("huge.gif").apply { writeBytes(header + frame) }
        val error = assertThrows(UnreadablePictureException::class.java) { PhotoSource.open(fake.contentResolver, others.add("huge.gif", file)) }
        assertEquals("8000x8000 pixels of image/gif are too many; JPEG, PNG and WebP may have more", error.message)
    }

    @Test
    fun `transparency is shown on white`() {
        val bitmap = Bitmap.createBitmap(40, 40, Bitmap.Config.ARGB_8888).apply { eraseColor(Color.argb(128, 255, 0, 0)) }
        val file = folder.newFile("icon.png")
        file.outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
        val activity = launchAndLook(others.add("icon.png", file)).get()
        val pixel = requireNotNull(activity.view<CompareView>(R.id.compare).detail).plain.getPixel(20, 20)
        assertEquals(listOf(255f, 127f, 127f), listOf(Color.red(pixel), Color.green(pixel), Color.blue(pixel)).map { Math.round(it.toFloat()).toFloat() })
    }
}
