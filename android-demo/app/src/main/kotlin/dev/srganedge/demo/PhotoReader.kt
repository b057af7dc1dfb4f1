package dev.srganedge.demo

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.ColorSpace
import android.graphics.Matrix
import android.graphics.Rect
import android.media.ExifInterface
import android.net.Uri
import dev.srganedge.engine.PixelSource
import java.io.IOException

/** The pixels of a bitmap, or of a [part] of it; they lie outside the heap of the app. */
class BitmapSource(private val bitmap: Bitmap, private val part: Rect = Rect(0, 0, bitmap.width, bitmap.height)) : PixelSource {
    override val width get() = part.width()
    override val height get() = part.height()

    override fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray) =
        bitmap.getPixels(into, 0, width, part.left + left, part.top + top, width, height)
}

/** Photos as they are meant to be seen. */
object PhotoReader {
    /**
     * Decode a photo in sRGB, turned upright by its EXIF, transparency on white.
     *
     * @throws IOException it cannot be read, or is no image.
     */
    fun read(resolver: ContentResolver, address: Uri): Bitmap {
        val options = BitmapFactory.Options().apply {
            inPreferredConfig = Bitmap.Config.ARGB_8888
            inPreferredColorSpace = ColorSpace.get(ColorSpace.Named.SRGB)
        }
        val decoded = resolver.openInputStream(address)?.use { BitmapFactory.decodeStream(it, null, options) }
            ?: throw IOException("not an image")
        val matrix = upright(orientation(resolver, address))
        val turned = if (matrix.isIdentity) decoded else turn(decoded, matrix)
        return if (turned.hasAlpha()) onWhite(turned) else turned
    }

    private fun orientation(resolver: ContentResolver, address: Uri): Int = try {
        resolver.openInputStream(address)?.use {
            ExifInterface(it).getAttributeInt(ExifInterface.TAG_ORIENTATION, ExifInterface.ORIENTATION_NORMAL)
        } ?: ExifInterface.ORIENTATION_NORMAL
    } catch (_: IOException) {
        ExifInterface.ORIENTATION_NORMAL // a format without EXIF
    }

    private fun upright(orientation: Int) = Matrix().apply {
        when (orientation) {
            ExifInterface.ORIENTATION_FLIP_HORIZONTAL -> setScale(-1f, 1f)
            ExifInterface.ORIENTATION_ROTATE_180 -> setRotate(180f)
            ExifInterface.ORIENTATION_FLIP_VERTICAL -> setScale(1f, -1f)
            ExifInterface.ORIENTATION_TRANSPOSE -> { setRotate(90f); postScale(-1f, 1f) }
            ExifInterface.ORIENTATION_ROTATE_90 -> setRotate(90f)
            ExifInterface.ORIENTATION_TRANSVERSE -> { setRotate(-90f); postScale(-1f, 1f) }
            ExifInterface.ORIENTATION_ROTATE_270 -> setRotate(-90f)
        }
    }

    private fun turn(bitmap: Bitmap, matrix: Matrix): Bitmap =
        Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, matrix, false).also { if (it !== bitmap) bitmap.recycle() }

    private fun onWhite(bitmap: Bitmap): Bitmap {
        val opaque = Bitmap.createBitmap(bitmap.width, bitmap.height, Bitmap.Config.ARGB_8888)
        Canvas(opaque).apply {
            drawColor(Color.WHITE)
            drawBitmap(bitmap, 0f, 0f, null)
        }
        bitmap.recycle()
        return opaque
    }
}
