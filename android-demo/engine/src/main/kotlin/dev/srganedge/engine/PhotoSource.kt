package dev.srganedge.engine

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.BitmapRegionDecoder
import android.graphics.ColorSpace
import android.graphics.Rect
import android.media.ExifInterface
import android.net.Uri
import android.os.ParcelFileDescriptor
import java.io.Closeable
import java.io.IOException

/** A picture file's pixels, decoded a rectangle at a time as they lie in the file. */
internal interface Regions : Closeable {
    val width: Int
    val height: Int

    /** Decode [region] into [into], row by row. */
    fun read(region: Region, into: IntArray)
}

/**
 * A photo of any size, upright as its EXIF says, in sRGB, transparency on white. Its file is decoded in strips, whose
 * memory is bounded, from top to bottom: made for [SuperResolver.stream].
 */
public class PhotoSource internal constructor(private val regions: Regions, private val orientation: Orientation) : PixelSource, Closeable {
    override val width: Int get() = orientation.width
    override val height: Int get() = orientation.height
    override val colourless: Boolean by lazy { allGrey(this) }
    private var strip = IntArray(0)
    private var stripInFile = Region(0, 0, 0, 0)
    private var cut = IntArray(0)

    @Synchronized
    override fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray) {
        val wanted = orientation.inFile(Region(left, top, width, height))
        if (wanted !in stripInFile) decode(top, height)
        if (cut.size < width * height) cut = IntArray(width * height)
        for (row in 0 until wanted.height) {
            val start = (wanted.top - stripInFile.top + row) * stripInFile.width + wanted.left - stripInFile.left
            strip.copyInto(cut, row * wanted.width, start, start + wanted.width)
        }
        orientation.upright(cut, wanted.width, wanted.height, into)
    }

    /** Decoded by itself: a place that is looked at is no part of a strip. */
    @Synchronized
    override fun crop(region: Region): Picture {
        val wanted = orientation.inFile(region)
        val file = IntArray(region.width * region.height)
        regions.read(wanted, file)
        return Picture(region.width, region.height).also { orientation.upright(file, wanted.width, wanted.height, it.argb) }
    }

    @Synchronized
    override fun close(): Unit = regions.close()

    /** As many rows from [top] on as memory is meant for, [height] at least. */
    private fun decode(top: Int, height: Int) {
        val rows = maxOf(height, STRIP / width).coerceAtMost(this.height - top)
        val region = orientation.inFile(Region(0, top, width, rows))
        if (strip.size < region.width * region.height) strip = IntArray(region.width * region.height)
        stripInFile = Region(0, 0, 0, 0) // if decoding fails half-way
        regions.read(region, strip)
        stripInFile = region
    }

    private operator fun Region.contains(other: Region) = other.left >= left && other.top >= top &&
        other.left + other.width <= left + width && other.top + other.height <= top + height

    public companion object {
        /** Pixels of a strip, 16 MB: fewer mean that more of a turned JPEG is decoded in vain. */
        private const val STRIP = 4 shl 20

        /** Larger pictures in a format that cannot be decoded in parts are refused. */
        private const val LARGEST_WHOLE = 50_000_000L

        /**
         * Open a photo.
         *
         * @throws UnreadablePictureException it cannot be read, or is no picture.
         */
        @JvmStatic
        public fun open(resolver: ContentResolver, address: Uri): PhotoSource {
            try {
                val regions = regions(resolver, address)
                return PhotoSource(regions, Orientation(orientation(resolver, address), regions.width, regions.height))
            } catch (error: IOException) {
                throw UnreadablePictureException(error.sentence, error)
            } catch (error: SecurityException) {
                throw UnreadablePictureException("it may not be read any more: open it anew", error)
            }
        }

        /** The whole photo, upright and small: no side longer than [longest]. */
        @JvmStatic
        public fun overview(resolver: ContentResolver, address: Uri, longest: Int): Bitmap {
            val size = BitmapFactory.Options().apply { inJustDecodeBounds = true }
            resolver.decode(address, size)
            val shrunk = srgb().apply {
                inSampleSize = 1
                while (maxOf(size.outWidth, size.outHeight) / inSampleSize > longest) inSampleSize *= 2
            }
            val file = resolver.decode(address, shrunk) ?: throw UnreadablePictureException("not an image")
            val turned = Orientation(orientation(resolver, address), file.width, file.height)
            val whole = PhotoSource(WholeBitmap(file), turned).use { it.crop(Region(0, 0, it.width, it.height)) }
            return Bitmap.createBitmap(whole.argb, whole.width, whole.height, Bitmap.Config.ARGB_8888)
        }

        private fun regions(resolver: ContentResolver, address: Uri): Regions {
            val size = BitmapFactory.Options().apply { inJustDecodeBounds = true }
            resolver.decode(address, size)
            if (size.outWidth <= 0) throw UnreadablePictureException("not an image")
            val decoder = try {
                resolver.openFileDescriptor(address, "r")?.let(::inParts)
            } catch (_: IOException) {
                null // a format that is decoded as a whole alone, such as GIF, or no real file
            }
            if (decoder != null) return decoder
            if (size.outWidth.toLong() * size.outHeight > LARGEST_WHOLE) {
                throw UnreadablePictureException("${size.outWidth}x${size.outHeight} pixels of ${size.outMimeType} are too many; JPEG, PNG and WebP may have more")
            }
            return WholeBitmap(resolver.decode(address, srgb()) ?: throw UnreadablePictureException("not an image"))
        }

        private fun ContentResolver.decode(address: Uri, options: BitmapFactory.Options): Bitmap? =
            openInputStream(address)?.use { BitmapFactory.decodeStream(it, null, options) }

        private fun inParts(file: ParcelFileDescriptor): Regions? = file.use {
            @Suppress("DEPRECATION") // what replaces it came with API 31
            BitmapRegionDecoder.newInstance(it.fileDescriptor, false)?.let(::DecodedRegions)
        }

        private fun orientation(resolver: ContentResolver, address: Uri): Int = try {
            resolver.openInputStream(address)?.use {
                ExifInterface(it).getAttributeInt(ExifInterface.TAG_ORIENTATION, ExifInterface.ORIENTATION_NORMAL)
            } ?: ExifInterface.ORIENTATION_NORMAL
        } catch (_: IOException) {
            ExifInterface.ORIENTATION_NORMAL // a format without EXIF
        }

        private fun srgb() = BitmapFactory.Options().apply {
            inPreferredConfig = Bitmap.Config.ARGB_8888
            inPreferredColorSpace = ColorSpace.get(ColorSpace.Named.SRGB)
        }
    }

    private class DecodedRegions(private val decoder: BitmapRegionDecoder) : Regions {
        override val width get() = decoder.width
        override val height get() = decoder.height

        override fun read(region: Region, into: IntArray) {
            val place = Rect(region.left, region.top, region.left + region.width, region.top + region.height)
            val bitmap = decoder.decodeRegion(place, srgb()) ?: throw UnreadablePictureException("the file is damaged")
            bitmap.copyOnWhite(Region(0, 0, region.width, region.height), into)
            bitmap.recycle()
        }

        override fun close() = decoder.recycle()
    }

    private class WholeBitmap(private val bitmap: Bitmap) : Regions {
        override val width get() = bitmap.width
        override val height get() = bitmap.height

        override fun read(region: Region, into: IntArray) = bitmap.copyOnWhite(region, into)

        override fun close() = bitmap.recycle()
    }
}

private fun Bitmap.copyOnWhite(region: Region, into: IntArray) {
    getPixels(into, 0, region.width, region.left, region.top, region.width, region.height)
    if (!hasAlpha()) return
    for (index in 0 until region.width * region.height) {
        val pixel = into[index]
        val opacity = pixel ushr 24
        if (opacity == 255) continue
        fun channel(shift: Int) = ((pixel ushr shift and 0xFF) * opacity + 255 * (255 - opacity) + 127) / 255 shl shift
        into[index] = (0xFF shl 24) or channel(16) or channel(8) or channel(0)
    }
}
