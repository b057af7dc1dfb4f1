package dev.srganedge.engine

import android.graphics.Bitmap

/** The pixels of a bitmap, which lie outside the app's heap. */
public class BitmapSource(private val bitmap: Bitmap) : PixelSource {
    override val width: Int get() = bitmap.width
    override val height: Int get() = bitmap.height

    override fun read(left: Int, top: Int, width: Int, height: Int, into: IntArray): Unit =
        bitmap.getPixels(into, 0, width, left, top, width, height)
}
