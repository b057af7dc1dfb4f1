package dev.srganedge.demo

import org.junit.Assert.assertEquals
import org.junit.Test

class TimingsTest {
    @Test
    fun `median and p90 of the newest`() {
        val timings = Timings(10)
        assertEquals(0.0, timings.median, 0.0)
        repeat(5) { timings.add(1_000_000_000) } // forgotten
        for (milliseconds in 1L..10L) timings.add(milliseconds * 1_000_000)
        assertEquals(5.0, timings.median, 0.0)
        assertEquals(9.0, timings.p90, 0.0)
    }
}
