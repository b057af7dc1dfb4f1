package dev.srganedge.demo

import android.content.ContentValues
import android.content.Context
import android.net.Uri
import android.os.Build
import android.os.Environment
import android.provider.MediaStore
import dev.srganedge.engine.Exif
import dev.srganedge.engine.JpegWriter
import dev.srganedge.engine.PngWriter
import dev.srganedge.engine.RowSink
import java.io.File
import java.io.IOException
import java.io.OutputStream

/** A picture on its way into the gallery, seen by nobody before [publish]. */
private interface PendingPicture {
    val out: OutputStream

    /** Make it visible, at the address that is returned, if there is one. */
    fun publish(): Uri?

    /** Remove it. */
    fun discard()
}

/** Pictures/srgan-edge, by MediaStore; before Android 10 a folder, for which storage permission is needed. */
class Gallery(private val context: Context) {
    /**
     * Write a JPEG or [png] by the rows that [write] gives; if it throws, nothing is left behind. [exif] is the
     * original's, [taken] its time in milliseconds.
     *
     * @throws IOException there is no place for it.
     */
    fun save(name: String, png: Boolean, width: Int, height: Int, exif: ByteArray?, taken: Long?, write: (RowSink) -> Unit): Uri? {
        val pending = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) Entry(name, png, taken) else PublicFile(name, png, taken)
        try {
            val kept = exif?.let { Exif.of(it, width, height) }
            val out = pending.out.buffered(1 shl 16)
            if (png) {
                PngWriter(out, width, height, kept).use {
                    write(it)
                    it.finish()
                }
            } else {
                JpegWriter(out, width, height, exif = kept).run {
                    write(this)
                    finish()
                }
            }
            out.flush()
            return pending.publish()
        } catch (error: Throwable) {
            pending.discard()
            throw error
        }
    }

    private fun values(name: String, png: Boolean, taken: Long?) = ContentValues().apply {
        put(MediaStore.MediaColumns.DISPLAY_NAME, "$name.${extension(png)}")
        put(MediaStore.MediaColumns.MIME_TYPE, if (png) "image/png" else "image/jpeg")
        if (taken != null) put(MediaStore.MediaColumns.DATE_TAKEN, taken)
    }

    private fun extension(png: Boolean) = if (png) "png" else "jpg"

    private inner class Entry(name: String, png: Boolean, taken: Long?) : PendingPicture {
        private val resolver = context.contentResolver
        private val address: Uri = resolver.insert(
            MediaStore.Images.Media.getContentUri(MediaStore.VOLUME_EXTERNAL_PRIMARY),
            values(name, png, taken).apply {
                put(MediaStore.MediaColumns.RELATIVE_PATH, "${Environment.DIRECTORY_PICTURES}/$FOLDER")
                put(MediaStore.MediaColumns.IS_PENDING, 1)
            },
        ) ?: throw IOException("the gallery takes no pictures")
        override val out: OutputStream = try {
            resolver.openOutputStream(address) ?: throw IOException("the gallery cannot be written to")
        } catch (error: Throwable) {
            resolver.delete(address, null, null)
            throw error
        }

        override fun publish(): Uri {
            out.close()
            resolver.update(address, ContentValues().apply { put(MediaStore.MediaColumns.IS_PENDING, 0) }, null, null)
            return address
        }

        override fun discard() {
            try {
                out.close()
            } catch (_: IOException) {
                // what could not be written is not wanted either
            }
            resolver.delete(address, null, null)
        }
    }

    private inner class PublicFile(private val name: String, private val png: Boolean, private val taken: Long?) : PendingPicture {
        @Suppress("DEPRECATION") // only there before Android 10
        private val folder =
            File(Environment.getExternalStoragePublicDirectory(Environment.DIRECTORY_PICTURES), FOLDER).apply { mkdirs() }
        private val hidden = File.createTempFile(".saving", null, folder)
        override val out: OutputStream = hidden.outputStream()

        override fun publish(): Uri? {
            out.close()
            // As MediaStore does from Android 10 on: no picture takes another's place.
            val names = sequenceOf(name) + generateSequence(1) { it + 1 }.map { "$name ($it)" }
            val target = names.map { File(folder, "$it.${extension(png)}") }.first { it.createNewFile() }
            if (!hidden.renameTo(target)) {
                target.delete()
                throw IOException("$target cannot be written")
            }
            val row = values(target.nameWithoutExtension, png, taken).apply {
                @Suppress("DEPRECATION") // only there before Android 10
                put(MediaStore.MediaColumns.DATA, target.path)
            }
            return context.contentResolver.insert(MediaStore.Images.Media.EXTERNAL_CONTENT_URI, row) // a path is no address for other apps
        }

        override fun discard() {
            try {
                out.close()
            } catch (_: IOException) {
                // what could not be written is not wanted either
            }
            hidden.delete()
        }
    }

    private companion object {
        const val FOLDER = "srgan-edge"
    }
}
