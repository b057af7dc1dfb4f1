package dev.srganedge.demo

/** The newest [size] durations of one stage, in milliseconds. */
class Timings(private val size: Int = 60) {
    private val values = ArrayDeque<Double>()

    fun add(nanoseconds: Long) {
        if (values.size == size) values.removeFirst()
        values.addLast(nanoseconds / 1e6)
    }

    val median: Double get() = quantile(0.5)
    val p90: Double get() = quantile(0.9)

    /** The smallest value that at least this share of the values does not exceed; 0 of none. */
    private fun quantile(share: Double): Double {
        if (values.isEmpty()) return 0.0
        val rank = Math.ceil(share * values.size).toInt().coerceAtLeast(1)
        return values.sorted()[rank - 1]
    }
}
