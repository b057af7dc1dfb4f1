package dev.srganedge.engine

/**
 * Tiles with overlap, exactly as the Python runtime's `tiling.py` cuts and stitches them: past its edges an image
 * continues by reflection (the edge pixel is not repeated), and every pixel of the result comes from the inner part of
 * one tile.
 */
internal class Plan(val height: Int, val width: Int, val tile: Int, val overlap: Int) {
    /** Side of a tile's inner part. */
    val inner = tile - 2 * overlap

    init {
        require(height > 0 && width > 0) { "an image of ${width}x$height pixels" }
        require(inner > 0) { "tiles of $tile pixels have nothing left inside an overlap of $overlap on each side" }
    }

    /** The first image row of each row of tiles' inner parts. */
    val rows: IntProgression get() = 0 until height step inner

    /** The first image column of each column of tiles' inner parts. */
    val columns: IntProgression get() = 0 until width step inner

    /** How many tiles are run. */
    val tiles: Int get() = rows.count() * columns.count()
}

/** The index that stands for [position], reflected at the edges of [length] samples. */
internal fun reflected(position: Int, length: Int): Int {
    if (length == 1) return 0
    val period = 2 * (length - 1)
    val index = Math.floorMod(position, period)
    return minOf(index, period - index)
}
