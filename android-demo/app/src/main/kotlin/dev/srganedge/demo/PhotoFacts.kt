package dev.srganedge.demo

import android.content.Context
import android.graphics.Bitmap
import android.media.ExifInterface
import android.net.Uri
import dev.srganedge.engine.Exif
import java.io.File
import java.io.IOException
import java.text.ParseException
import java.text.SimpleDateFormat
import java.util.Locale

/** What a photo's file says beside its pixels. */
object PhotoFacts {
    /** Its EXIF as one block: a JPEG's own, of other formats what the framework reads of it. */
    fun exif(context: Context, address: Uri): ByteArray? = try {
        context.contentResolver.openInputStream(address)?.use { Exif.ofJpeg(it.buffered()) } ?: copied(context, address)
    } catch (_: IOException) {
        null // a format without EXIF
    }

    /** When it was taken, in milliseconds. */
    fun taken(context: Context, address: Uri): Long? = try {
        read(context, address)?.getAttribute(ExifInterface.TAG_DATETIME_ORIGINAL)
            ?.let { SimpleDateFormat("yyyy:MM:dd HH:mm:ss", Locale.ROOT).parse(it)?.time }
    } catch (_: IOException) {
        null
    } catch (_: ParseException) {
        null
    }

    private fun read(context: Context, address: Uri) = context.contentResolver.openInputStream(address)?.use { ExifInterface(it) }

    /** HEIC, WebP and PNG keep it elsewhere: date, place and camera, written by the framework into a JPEG of one pixel. */
    private fun copied(context: Context, address: Uri): ByteArray? {
        val given = read(context, address) ?: return null
        val values = TAGS.mapNotNull { tag -> given.getAttribute(tag)?.let { tag to it } }
        if (values.isEmpty()) return null
        val file = File.createTempFile("exif", ".jpg", context.cacheDir)
        try {
            file.outputStream().use { Bitmap.createBitmap(1, 1, Bitmap.Config.ARGB_8888).compress(Bitmap.CompressFormat.JPEG, 90, it) }
            ExifInterface(file.path).apply {
                for ((tag, value) in values) setAttribute(tag, value)
                saveAttributes()
            }
            return file.inputStream().buffered().use(Exif::ofJpeg)
        } finally {
            file.delete()
        }
    }

    private val TAGS = listOf(
        ExifInterface.TAG_DATETIME, ExifInterface.TAG_DATETIME_ORIGINAL, ExifInterface.TAG_DATETIME_DIGITIZED,
        ExifInterface.TAG_GPS_LATITUDE, ExifInterface.TAG_GPS_LATITUDE_REF, ExifInterface.TAG_GPS_LONGITUDE,
        ExifInterface.TAG_GPS_LONGITUDE_REF, ExifInterface.TAG_GPS_ALTITUDE, ExifInterface.TAG_GPS_ALTITUDE_REF,
        ExifInterface.TAG_GPS_TIMESTAMP, ExifInterface.TAG_GPS_DATESTAMP, ExifInterface.TAG_MAKE, ExifInterface.TAG_MODEL,
        ExifInterface.TAG_EXPOSURE_TIME, ExifInterface.TAG_F_NUMBER, ExifInterface.TAG_FOCAL_LENGTH, ExifInterface.TAG_ARTIST,
        ExifInterface.TAG_COPYRIGHT, ExifInterface.TAG_IMAGE_DESCRIPTION,
    )
}
