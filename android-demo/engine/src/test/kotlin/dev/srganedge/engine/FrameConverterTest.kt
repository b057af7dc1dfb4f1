package dev.srganedge.engine

import java.nio.ByteBuffer
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class FrameConverterTest {
    @Test
    fun `frames give the bytes of the reference, whatever their strides and rotation`() {
        assertTrue(Vectors.frames.size >= 20)
        for (case in Vectors.frames) {
            val result = FrameConverter.convert(
                Plane(ByteBuffer.wrap(case.y), case.rowStride, 1),
                Plane(ByteBuffer.wrap(case.u), case.chromaStride, case.pixelStride),
                Plane(ByteBuffer.wrap(case.v), case.chromaStride, case.pixelStride),
                Region(case.left, case.top, case.cutWidth, case.cutHeight),
                case.rotation,
            )
            assertArrayEquals("${case.width}x${case.height} turned by ${case.rotation}", case.result, rgb(result))
        }
    }
}
