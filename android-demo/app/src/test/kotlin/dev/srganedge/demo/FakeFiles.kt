package dev.srganedge.demo

import android.content.ContentProvider
import android.content.ContentUris
import android.content.ContentValues
import android.content.res.AssetFileDescriptor
import android.database.Cursor
import android.database.MatrixCursor
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.BitmapRegionDecoder
import android.graphics.Rect
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.MediaStore
import android.provider.OpenableColumns
import dev.srganedge.engine.Options
import java.io.File
import java.io.FileDescriptor
import java.io.FileInputStream
import org.robolectric.Robolectric
import org.robolectric.annotation.Implementation
import org.robolectric.annotation.Implements
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowContentResolver

/** Robolectric's decoder of parts gives blank ones: this one decodes the whole and cuts. */
@Implements(BitmapRegionDecoder::class)
class WorkingRegionDecoder {
    private lateinit var whole: Bitmap

    @Implementation
    fun getWidth(): Int = whole.width

    @Implementation
    fun getHeight(): Int = whole.height

    @Implementation
    fun recycle() {
        recycled++
    }

    @Implementation
    fun decodeRegion(place: Rect, options: BitmapFactory.Options): Bitmap =
        Bitmap.createBitmap(whole, place.left, place.top, place.width(), place.height()).copy(Bitmap.Config.ARGB_8888, true)

    companion object {
        /** How many were freed. */
        @Volatile
        var recycled = 0

        @JvmStatic
        @Implementation
        fun newInstance(file: FileDescriptor, shareable: Boolean): BitmapRegionDecoder {
            val bytes = FileInputStream(file).readBytes()
            val whole = BitmapFactory.decodeByteArray(bytes, 0, bytes.size) ?: throw java.io.IOException("Image format not supported")
            val decoder = Shadow.newInstanceOf(BitmapRegionDecoder::class.java)
            Shadow.extract<WorkingRegionDecoder>(decoder).whole = whole
            return decoder
        }
    }
}

/** Another app's photos: content addresses, names that are not in them, no files. */
class PhotosOfAnotherApp : ContentProvider() {
    val photos = mutableMapOf<String, Pair<String, File>>()

    override fun onCreate() = true

    private fun of(uri: Uri) = photos.getValue(requireNotNull(uri.lastPathSegment))

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor =
        ParcelFileDescriptor.open(of(uri).second, ParcelFileDescriptor.MODE_READ_ONLY)

    override fun openAssetFile(uri: Uri, mode: String): AssetFileDescriptor =
        AssetFileDescriptor(openFile(uri, mode), 0, AssetFileDescriptor.UNKNOWN_LENGTH)

    override fun query(uri: Uri, columns: Array<String>?, c: String?, d: Array<String>?, e: String?): Cursor =
        MatrixCursor(arrayOf(OpenableColumns.DISPLAY_NAME)).apply { addRow(arrayOf(of(uri).first)) }

    override fun insert(uri: Uri, values: ContentValues?): Uri? = null

    override fun update(uri: Uri, values: ContentValues?, selection: String?, arguments: Array<String>?) = 0

    override fun delete(uri: Uri, selection: String?, arguments: Array<String>?) = 0

    override fun getType(uri: Uri) = "image/*"

    /** An address of [file], which is shown as [name]. */
    fun add(name: String, file: File): Uri {
        val id = "image:${photos.size + 1000}"
        photos[id] = name to file
        return Uri.Builder().scheme("content").authority(AUTHORITY).appendPath(id).build()
    }

    companion object {
        private const val AUTHORITY = "another.app.photos"

        fun install(): PhotosOfAnotherApp = Robolectric.setupContentProvider(PhotosOfAnotherApp::class.java, AUTHORITY)
            .also { ShadowContentResolver.registerProviderInternal(AUTHORITY, it) }
    }
}

/** MediaStore's images, as files. */
class FakeMediaStore : ContentProvider() {
    class Entry(val file: File, val values: ContentValues)

    val entries = mutableMapOf<Long, Entry>()

    /** It is full. */
    var refuses = false
    var refusesRows = false

    /** Pictures that others may see. */
    val published get() = entries.values.filter { (it.values.getAsInteger(MediaStore.MediaColumns.IS_PENDING) ?: 0) == 0 }

    override fun onCreate() = true

    override fun insert(uri: Uri, values: ContentValues?): Uri? {
        if (refusesRows) return null
        val id = entries.size + 1L
        @Suppress("DEPRECATION")
        val path = values?.getAsString(MediaStore.MediaColumns.DATA)
        entries[id] = Entry(path?.let(::File) ?: File.createTempFile("media", ".image"), ContentValues(values))
        return ContentUris.withAppendedId(uri, id)
    }

    override fun update(uri: Uri, values: ContentValues?, selection: String?, arguments: Array<String>?): Int {
        entries.getValue(ContentUris.parseId(uri)).values.putAll(values)
        return 1
    }

    override fun delete(uri: Uri, selection: String?, arguments: Array<String>?): Int {
        entries.remove(ContentUris.parseId(uri))?.file?.delete()
        return 1
    }

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        if (refuses) throw java.io.FileNotFoundException("no space left")
        return ParcelFileDescriptor.open(entries.getValue(ContentUris.parseId(uri)).file, ParcelFileDescriptor.parseMode(mode))
    }

    override fun query(a: Uri, b: Array<String>?, c: String?, d: Array<String>?, e: String?): Cursor? = null

    override fun getType(uri: Uri): String? = null

    companion object {
        fun install(): FakeMediaStore =
            Robolectric.setupContentProvider(FakeMediaStore::class.java, MediaStore.AUTHORITY)
                .also { ShadowContentResolver.registerProviderInternal(MediaStore.AUTHORITY, it) }
    }
}
