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

    /** The build names the file where TensorFlow Lite's own library runs; elsewhere its tests are skipped. */
    val models: List<Bundled> by lazy {
        val path = System.getProperty("references")
        assumeTrue("TensorFlow Lite's library runs in android-demo/verify's build alone", path != null)
        DataInputStream(File(path).inputStream().buffered()).use { file ->
            fun int() = file.readInt()
            fun bytes() = ByteArray(int()).also(file::readFully)
            List(int()) { Bundled(bytes().decodeToString(), int(), int(), int(), List(int()) { Made(int(), int(), bytes(), bytes()) }) }
        }
    }

    private val WEIGHTS get() = checkNotNull(System.getProperty("weights"))
}
