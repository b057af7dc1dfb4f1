package dev.srganedge.demo

import android.Manifest.permission
import android.graphics.BitmapFactory
import android.os.Build
import android.os.Environment
import android.provider.MediaStore
import java.io.File
import java.io.IOException
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** The gallery by files, by MediaStore as it began, and as it is. */
@RunWith(AppRunner::class)
@Config(sdk = [26, 29, 35, 36], application = FakeApplication::class)
class GalleryTest {
    private lateinit var store: FakeMediaStore
    private val byFiles = Build.VERSION.SDK_INT < 29

    @Suppress("DEPRECATION")
    private val folder get() = File(Environment.getExternalStoragePublicDirectory(Environment.DIRECTORY_PICTURES), "srgan-edge")

    @Before
    fun provider() {
        store = FakeMediaStore.install()
        folder.deleteRecursively()
    }

    private fun save(name: String, grey: Int) = Gallery(fake).save(name, true, 5, 3, null, null) {
        it.rows(IntArray(15) { (0xFF shl 24) or (grey * 0x10101) }, 5, 3)
    }

    @Test
    fun `two of one name are two pictures`() {
        val addresses = listOf(save("photo", 10), save("photo", 200))
        assertEquals(2, addresses.distinct().size)
        assertEquals(2, store.published.size)
        val greys = store.published.map { BitmapFactory.decodeFile(it.file.path).getPixel(2, 1) and 0xFF }
        assertEquals(listOf(10, 200), greys)
        if (byFiles) {
            assertEquals(setOf("photo.png", "photo (1).png"), folder.list()?.toSet())
            @Suppress("DEPRECATION")
            assertEquals(File(folder, "photo (1).png").path, store.published[1].values.getAsString(MediaStore.MediaColumns.DATA))
        } else {
            assertEquals("Pictures/srgan-edge", store.published[0].values.getAsString(MediaStore.MediaColumns.RELATIVE_PATH))
        }
    }

    @Test
    fun `before Android 10 a picture is saved also where its row is refused, and has no address then`() {
        if (!byFiles) return
        store.refusesRows = true
        assertEquals(null, save("photo", 10))
        assertEquals(listOf("photo.png"), folder.list()?.toList())
    }

    @Test
    fun `what fails half-way leaves nothing`() {
        val error = assertThrows(IOException::class.java) {
            Gallery(fake).save("photo", false, 5, 16, null, null) {
                it.rows(IntArray(40), 5, 8)
                throw IOException("no space left")
            }
        }
        assertEquals("no space left", error.message)
        assertTrue(store.entries.isEmpty())
        assertEquals(emptyList<String>(), folder.list().orEmpty().toList())
    }

    @Test
    fun `a gallery that cannot be written to keeps no row`() {
        if (byFiles) return
        store.refuses = true
        assertThrows(IOException::class.java) { save("photo", 1) }
        assertTrue(store.entries.isEmpty())
    }

    @Test
    fun `permission is asked for where it is needed`() {
        val activity = Robolectric.buildActivity(QueueActivity::class.java).setup().get()
        assertEquals(!byFiles, activity.maySave(7))
        if (!byFiles) return
        assertEquals(listOf(permission.WRITE_EXTERNAL_STORAGE), shadowOf(activity).lastRequestedPermission.requestedPermissions.toList())
        shadowOf(fake).grantPermissions(permission.WRITE_EXTERNAL_STORAGE)
        assertTrue(activity.maySave(7))
        assertFalse(shadowOf(activity).lastRequestedPermission == null)
    }
}
