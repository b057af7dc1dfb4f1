package dev.srganedge.demo

import android.content.ContentValues
import android.content.Context
import android.media.MediaScannerConnection
import android.net.Uri
import android.os.Build
import android.os.Environment
import android.provider.MediaStore
import dev.srganedge.engine.PngWriter
import dev.srganedge.engine.RowSink
import java.io.File
import java.io.IOException
import java.io.OutputStream

/** A picture on its way into the gallery, seen by nobody before [publish]. */
private interface PendingPicture {
    val out: OutputStream

    /** Make it visible. */
    fun publish()

    /** Remove it. */
    fun discard()
}

/** Pictures/srgan-edge, by MediaStore; before Android 10 a folder, for which storage permission is needed. */
class Gallery(private val context: Context) {
    /**
     * Write a PNG by the rows that [write] gives; if it throws, nothing is left behind.
     *
     * @throws IOException there is no place for it.
     */
    fun save(name: String, width: Int, height: Int, write: (RowSink) -> Unit) {
        val pending = begin(name)
        try {
            PngWriter(pending.out, width, height).use(write)
            pending.publish()
        } catch (error: Throwable) {
            pending.discard()
            throw error
        }
    }

    private fun begin(name: String): PendingPicture =
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) Entry(name) else PublicFile(name)

    private inner class Entry(name: String) : PendingPicture {
        private val resolver = context.contentResolver
        private val address: Uri = resolver.insert(
            MediaStore.Images.Media.getContentUri(MediaStore.VOLUME_EXTERNAL_PRIMARY),
            ContentValues().apply {
                put(MediaStore.MediaColumns.DISPLAY_NAME, "$name.png")
                put(MediaStore.MediaColumns.MIME_TYPE, "image/png")
                put(MediaStore.MediaColumns.RELATIVE_PATH, "${Environment.DIRECTORY_PICTURES}/$FOLDER")
                put(MediaStore.MediaColumns.IS_PENDING, 1)
            },
        ) ?: throw IOException("the gallery takes no pictures")
        override val out: OutputStream =
            resolver.openOutputStream(address) ?: throw IOException("the gallery cannot be written to")

        override fun publish() {
            out.close()
            resolver.update(address, ContentValues().apply { put(MediaStore.MediaColumns.IS_PENDING, 0) }, null, null)
        }

        override fun discard() {
            out.close()
            resolver.delete(address, null, null)
        }
    }

    private inner class PublicFile(name: String) : PendingPicture {
        @Suppress("DEPRECATION") // only there before Android 10
        private val folder =
            File(Environment.getExternalStoragePublicDirectory(Environment.DIRECTORY_PICTURES), FOLDER).apply { mkdirs() }
        private val target = File(folder, "$name.png")
        private val hidden = File(folder, ".$name.png")
        override val out: OutputStream = hidden.outputStream()

        override fun publish() {
            out.close()
            if (!hidden.renameTo(target)) throw IOException("$target cannot be written")
            MediaScannerConnection.scanFile(context, arrayOf(target.path), arrayOf("image/png"), null)
        }

        override fun discard() {
            out.close()
            hidden.delete()
        }
    }

    private companion object {
        const val FOLDER = "srgan-edge"
    }
}
