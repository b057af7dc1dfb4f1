package dev.srganedge.engine

/**
 * How a file's pixels lie against the upright picture (EXIF 2.32, tag Orientation, 1 to 8): rows and columns are
 * exchanged, and the file's columns or rows run backwards.
 */
internal class Orientation(private val value: Int, private val fileWidth: Int, private val fileHeight: Int) {
    private val exchanged = value in 5..8
    private val columnsBackwards = value == 2 || value == 3 || value == 7 || value == 8
    private val rowsBackwards = value == 3 || value == 4 || value == 6 || value == 7

    /** Of the upright picture. */
    val width = if (exchanged) fileHeight else fileWidth
    val height = if (exchanged) fileWidth else fileHeight

    /** Where a rectangle of the upright picture lies in the file. */
    fun inFile(region: Region): Region {
        val left = if (exchanged) region.top else region.left
        val top = if (exchanged) region.left else region.top
        val width = if (exchanged) region.height else region.width
        val height = if (exchanged) region.width else region.height
        return Region(
            if (columnsBackwards) fileWidth - left - width else left,
            if (rowsBackwards) fileHeight - top - height else top,
            width,
            height,
        )
    }

    /** Turn a rectangle's pixels as they are in the file, [width] wide there, upright: from [file] into [into]. */
    fun upright(file: IntArray, width: Int, height: Int, into: IntArray) {
        var place = 0
        for (row in 0 until if (exchanged) width else height) for (column in 0 until if (exchanged) height else width) {
            val across = if (exchanged) row else column
            val down = if (exchanged) column else row
            val x = if (columnsBackwards) width - 1 - across else across
            val y = if (rowsBackwards) height - 1 - down else down
            into[place++] = file[y * width + x]
        }
    }
}
