package dev.srganedge.demo

import dev.srganedge.engine.FrameConverter
import dev.srganedge.engine.JpegWriter
import dev.srganedge.engine.Picture
import dev.srganedge.engine.Region
import java.io.File

/** A whole frame kept as a JPEG, upright; strip by strip, as a frame may have twelve megapixels. */
object Snapshot {
    private const val STRIP = 64

    fun write(frame: Frame, rotation: Int, file: File) = file.outputStream().buffered(1 shl 16).use { out ->
        val turned = rotation % 180 != 0
        val (width, height) = if (turned) frame.height to frame.width else frame.width to frame.height
        val writer = JpegWriter(out, width, height, quality = 95)
        var reused: Picture? = null
        for (row in 0 until height step STRIP) {
            val count = minOf(STRIP, height - row)
            val strip = FrameConverter.convert(frame.y, frame.u, frame.v, inFrame(frame, rotation, row, count), rotation, reused)
            writer.rows(strip.argb, width, count)
            reused = strip
        }
        writer.finish()
    }

    /** Where upright rows lie in the frame. */
    private fun inFrame(frame: Frame, rotation: Int, row: Int, count: Int) = when (rotation) {
        0 -> Region(0, row, frame.width, count)
        90 -> Region(row, 0, count, frame.height)
        180 -> Region(0, frame.height - row - count, frame.width, count)
        else -> Region(frame.width - row - count, 0, count, frame.height)
    }
}
