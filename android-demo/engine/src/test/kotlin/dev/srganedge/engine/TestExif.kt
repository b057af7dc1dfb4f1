package dev.srganedge.engine

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** A small TIFF structure with an orientation, a date, the size in the EXIF directory, and a thumbnail after it. */
object TestExif {
    fun block(orientation: Int, date: String, order: ByteOrder = ByteOrder.LITTLE_ENDIAN): ByteArray {
        val bytes = ByteBuffer.allocate(160).order(order)
        bytes.put((if (order == ByteOrder.LITTLE_ENDIAN) "II" else "MM").toByteArray()).putShort(42).putInt(8)
        fun entry(tag: Int, type: Int, count: Int, value: Int) {
            bytes.putShort(tag.toShort()).putShort(type.toShort()).putInt(count)
            if (type == 3) bytes.putShort(value.toShort()).putShort(0) else bytes.putInt(value)
        }
        bytes.putShort(3)
        entry(0x112, 3, 1, orientation)
        entry(0x132, 2, 20, 100)
        entry(0x8769, 4, 1, 60)
        bytes.putInt(130) // the thumbnail's directory
        bytes.position(60)
        bytes.putShort(2)
        entry(0xA002, 4, 1, 1234)
        entry(0xA003, 4, 1, 567)
        bytes.putInt(0)
        bytes.position(100)
        bytes.put(date.toByteArray()).put(0)
        bytes.position(130)
        bytes.putShort(0).putInt(0)
        return bytes.array()
    }

    private fun open(block: ByteArray) =
        ByteBuffer.wrap(block).order(if (block[0] == 'I'.code.toByte()) ByteOrder.LITTLE_ENDIAN else ByteOrder.BIG_ENDIAN)

    fun orientation(block: ByteArray) = open(block).getShort(18).toInt()

    fun date(block: ByteArray) = block.copyOfRange(100, 119).decodeToString()

    fun size(block: ByteArray) = open(block).run { getInt(62 + 8) to getInt(62 + 20) }

    fun thumbnail(block: ByteArray) = open(block).getInt(46)
}
