package dev.srganedge.engine

import java.io.DataInputStream
import java.io.File
import java.io.RandomAccessFile
import java.nio.MappedByteBuffer
import java.nio.channels.FileChannel
import org.junit.Assume.assumeTrue

/** What verify/references.py wrote: the bundled models and what the Python runtime makes of pictures by them. */
object References {
    class Made(val height: Int, val width: Int, val image: ByteArray, val result: ByteArray)

    class Bundled(val name: String, val scale: Int, val tile: Int, val overlap: Int, val pictures: List<Made>) {
        /** The model's file. */
        fun map(): MappedByteBuffer = RandomAccessFile(File(WEIGHTS, "$name.tflite"), "r").use {
            it.channel.map(FileChannel.MapMode.READ_ONLY, 0, it.length())
        }
    }

    /** What the Python runtime makes of a picture at a strength. */
    class Mixed(val name: String, val percent: Int, val made: Made)

    private val file by lazy { read() }
    val models: List<Bundled> get() = file.first
    val mixed: List<Mixed> get() = file.second

    /** The build names the file where TensorFlow Lite's own library runs; elsewhere its tests are skipped. */
    private fun read(): Pair<List<Bundled>, List<Mixed>> {
        val path = System.getProperty("references")
        assumeTrue("TensorFlow Lite's library runs in android-demo/verify's build alone", path != null)
        return DataInputStream(File(path).inputStream().buffered()).use { file ->
            fun int() = file.readInt()
            fun bytes() = ByteArray(int()).also(file::readFully)
            fun name() = bytes().decodeToString()
            fun made() = Made(int(), int(), bytes(), bytes())
            List(int()) { Bundled(name(), int(), int(), int(), List(int()) { made() }) } to List(int()) { Mixed(name(), int(), made()) }
        }
    }

    private val WEIGHTS get() = checkNotNull(System.getProperty("weights"))
}
