package dev.srganedge.engine

import java.io.DataInputStream
import java.util.zip.GZIPInputStream

/** What android-demo/vectors.py wrote. */
object Vectors {
    class Tiled(val height: Int, val width: Int, val tile: Int, val overlap: Int, val tiles: Int, val image: ByteArray, val result: ByteArray)

    class Frame(
        val height: Int,
        val width: Int,
        val rowStride: Int,
        val chromaStride: Int,
        val pixelStride: Int,
        val left: Int,
        val top: Int,
        val cutWidth: Int,
        val cutHeight: Int,
        val rotation: Int,
        val y: ByteArray,
        val u: ByteArray,
        val v: ByteArray,
        val result: ByteArray,
    )

    val tiled: List<Tiled>
    val frames: List<Frame>

    init {
        val stream = checkNotNull(javaClass.getResourceAsStream("/vectors.bin.gz")) { "run android-demo/vectors.py" }
        DataInputStream(GZIPInputStream(stream).buffered()).use { file ->
            fun int() = file.readInt()
            fun bytes() = ByteArray(int()).also(file::readFully)
            tiled = List(int()) { Tiled(int(), int(), int(), int(), int(), bytes(), bytes()) }
            frames = List(int()) {
                Frame(int(), int(), int(), int(), int(), int(), int(), int(), int(), int(), bytes(), bytes(), bytes(), bytes())
            }
        }
    }
}

fun picture(width: Int, height: Int, rgb: ByteArray) = Picture(
    width,
    height,
    IntArray(width * height) { i ->
        (0xFF shl 24) or (rgb[3 * i].toInt() and 0xFF shl 16) or (rgb[3 * i + 1].toInt() and 0xFF shl 8) or
            (rgb[3 * i + 2].toInt() and 0xFF)
    },
)

fun rgb(picture: Picture) = ByteArray(picture.argb.size * 3) { i -> (picture.argb[i / 3] ushr 16 - 8 * (i % 3)).toByte() }
