package dev.srganedge.engine

import android.graphics.Bitmap
import java.io.File
import java.security.MessageDigest
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.ExecutionException
import java.util.concurrent.Executor
import kotlin.math.abs
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.junit.runners.model.FrameworkMethod
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.internal.bytecode.InstrumentationConfiguration

/** Android's classes, and TensorFlow Lite's own library, which one class loader alone may have. */
class RealLibraryRunner(test: Class<*>) : RobolectricTestRunner(test) {
    override fun createClassLoaderConfig(method: FrameworkMethod): InstrumentationConfiguration =
        InstrumentationConfiguration.Builder(super.createClassLoaderConfig(method)).doNotAcquirePackage("org.tensorflow.lite.").build()
}

/** The facade as an app uses it, on the real library. */
@RunWith(RealLibraryRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35])
class SuperResolverTest {
    private val context = RuntimeEnvironment.getApplication()

    /** The GPU's way, without a GPU. */
    private open class NoGpuAtHand : TileRuntime {
        val opened = CopyOnWriteArrayList<String>()
        override val backends = setOf(Backend.GPU, Backend.CPU)

        override fun open(file: ModelFile, backend: Backend, options: Options): TileModel {
            opened += "${file.name} on $backend"
            return TensorFlowLite.open(file, Backend.CPU, options)
        }
    }

    private fun model(name: String): Model {
        val files = References.models.filter { it.name.substringBeforeLast('-') == name }
        return Model(name, files[0].scale, Purpose.CLEAN, 1, files.map { ModelFile(it.name, it.name.substringAfterLast('-'), it.overlap, "", null, it::map) })
    }

    private fun differences(a: ByteArray, b: ByteArray): Int {
        assertEquals(a.size, b.size)
        return a.indices.maxOf { abs((a[it].toInt() and 0xFF) - (b[it].toInt() and 0xFF)) }
    }

    @Test
    fun `every bundled model gives the Python runtime's pictures`() = runBlocking {
        val files = File(checkNotNull(System.getProperty("weights"))).list().orEmpty().filter { it.endsWith(".tflite") }.map { it.removeSuffix(".tflite") }
        assertEquals("none is left out", files.sorted(), References.models.map { it.name }.sorted())
        val names = References.models.map { it.name.substringBeforeLast('-') }.distinct().filter { !it.startsWith("srgan") }
        for (name in names) for (backend in listOf(Backend.CPU, Backend.GPU)) {
            SuperResolver.create(context, model(name), Options(backend, runtime = NoGpuAtHand())).use { resolver ->
                assertEquals(backend, resolver.backend)
                assertEquals(emptyList<Refusal>(), resolver.refusals)
                val reference = References.models.first { it.name == resolver.file.name }
                assertEquals(if (backend == Backend.CPU) "int8" else "fp16", resolver.file.quantization)
                for (made in reference.pictures) {
                    val result = resolver.enlarge(picture(made.width, made.height, made.image)).picture
                    assertTrue("${reference.name} ${made.width}x${made.height}", differences(rgb(result), made.result) <= if (backend == Backend.CPU) 0 else 1)
                }
            }
        }
    }

    @Test
    fun `a strength gives the Python runtime's mix of a network for looks with its faithful one`() = runBlocking {
        val pairs = References.mixed.map { it.name.substringBeforeLast('-') }.distinct()
        assertEquals(listOf("edge-l-real-gan-x4", "edge-m-real-gan-x4", "edge-xl-real-gan-x4"), pairs)
        assertEquals(listOf(0, 37, 50, 100), References.mixed.map { it.percent }.distinct())
        for (mixed in References.mixed) {
            val name = mixed.name.substringBeforeLast('-')
            val faithful = name.replace("-gan", "")
            val looks = model(name).run { Model(this.name, scale, Purpose.LOOKS, 1, files, model(faithful)) }
            val backend = if (mixed.name.endsWith("-int8")) Backend.CPU else Backend.GPU
            val runtime = NoGpuAtHand()
            SuperResolver.create(context, looks, Options(backend, strength = mixed.percent / 100f, runtime = runtime)).use { resolver ->
                assertEquals(listOf(backend, mixed.percent / 100f), listOf(resolver.backend, resolver.strength))
                val result = resolver.enlarge(picture(mixed.made.width, mixed.made.height, mixed.made.image)).picture
                assertTrue("${mixed.name} at ${mixed.percent} %", differences(rgb(result), mixed.made.result) <= if (backend == Backend.CPU) 0 else 1)
            }
            val networks = runtime.opened.filter { it.endsWith("on $backend") }.map { it.substringBeforeLast("-") }.toSet()
            assertEquals(setOfNotNull(name.takeIf { mixed.percent > 0 }, faithful.takeIf { mixed.percent < 100 }), networks)
        }
    }

    @Test
    fun `a strength is refused where there is no faithful network`() {
        val error = assertThrows(InvalidModelException::class.java) {
            runBlocking { SuperResolver.create(context, model("edge-s-x4"), Options(Backend.CPU, strength = 0.5f)) }
        }
        assertEquals("edge-s-x4 has no faithful network to mix its results with: its strength is 1, not 0.5", error.message)
        for (outside in listOf(-0.1f, 1.1f, Float.NaN)) assertThrows(IllegalArgumentException::class.java) { Options(strength = outside) }
    }

    @Test
    fun `files of a pair in one folder are told by their names`() {
        val weights = File(checkNotNull(System.getProperty("weights")))
        val looks = File(weights, "edge-m-real-gan-x4-int8.tflite").copyTo(File(context.cacheDir, "mine-gan-x4.tflite"))
        assertEquals(null, Model.of(looks).faithful)
        File(weights, "edge-m-real-x4-int8.tflite").copyTo(File(context.cacheDir, "mine-x4.tflite"))
        assertEquals("mine-x4", Model.of(looks).faithful?.name)
        assertEquals(null, Model.of(File(context.cacheDir, "mine-x4.tflite")).faithful)
    }

    @Test
    fun `rows, a region and a bitmap are parts of the same picture`() = runBlocking {
        val made = References.models.first { it.name == "edge-s-x4-int8" }.pictures.last()
        val image = picture(made.width, made.height, made.image)
        SuperResolver.create(context, model("edge-s-x4"), Options(Backend.CPU)).use { resolver ->
            val rows = Picture(made.width * 4, made.height * 4)
            var row = 0
            val told = mutableListOf<Int>()
            resolver.stream(image, { argb, width, count ->
                argb.copyInto(rows.argb, row * width, 0, count * width)
                row += count
            }, progress = { done, _ -> told += done })
            assertArrayEquals(made.result, rgb(rows))
            assertEquals((1..told.size).toList(), told)
            val region = Region(60, 30, 70, 50)
            val part = resolver.enlarge(image, region).picture
            assertArrayEquals(rows.crop(Region(240, 120, 280, 200)).argb, part.argb)
            val bitmap = resolver.upscale(Bitmap.createBitmap(image.argb, image.width, image.height, Bitmap.Config.ARGB_8888))
            val pixels = IntArray(rows.argb.size).also { bitmap.getPixels(it, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height) }
            assertArrayEquals(rows.argb, pixels)
            assertThrows(IllegalArgumentException::class.java) { runBlocking { resolver.enlarge(image, Region(-1, 0, 5, 5)) } }
        }
        Unit
    }

    @Test
    fun `a grey region of a picture with colours is as in the whole`() = runBlocking {
        val image = Picture(200, 120, IntArray(24000) { 0xFF000000.toInt() or (it * 37 % 251) * 0x010101 })
        image.argb[23999] = 0xFFFF0000.toInt()
        SuperResolver.create(context, model("edge-s-x4"), Options(Backend.CPU)).use { resolver ->
            val whole = resolver.enlarge(image).picture
            val part = resolver.enlarge(image, Region(10, 10, 60, 60)).picture
            assertArrayEquals(whole.crop(Region(40, 40, 240, 240)).argb, part.argb)
            assertTrue("the network tints it", !part.colourless)
        }
        Unit
    }

    @Test
    fun `without a GPU it is the CPU, and why`() = runBlocking {
        SuperResolver.create(context, model("edge-s-x4"), Options(Backend.GPU)).use { resolver ->
            assertEquals(Backend.CPU, resolver.backend)
            assertEquals("int8", resolver.file.quantization)
            assertTrue(resolver.refusals.single().reason, "GpuDelegate" in resolver.refusals.single().reason)
        }
    }

    @Test
    fun `a GPU that ended the app is passed over until it is tried again`() = runBlocking {
        val marks = File(context.noBackupFilesDir, "srgan-edge")
        // The process ends while the GPU is tried: what is left is seen from within.
        val runtime = object : NoGpuAtHand() {
            override fun open(file: ModelFile, backend: Backend, options: Options): TileModel {
                if (backend == Backend.GPU) marks.listFiles().orEmpty().forEach { it.copyTo(File(context.cacheDir, it.name), true) }
                return super.open(file, backend, options)
            }
        }
        SuperResolver.create(context, model("edge-s-x4"), Options(runtime = runtime)).close()
        val left = context.cacheDir.listFiles { file -> file.name.startsWith("trying-GPU-16") }.orEmpty().single()
        File(marks, left.name).writeText("another 1 2")
        val second = NoGpuAtHand()
        SuperResolver.create(context, model("edge-s-x4"), Options(runtime = second)).use {
            assertEquals(Backend.CPU, it.backend)
            assertEquals("ended the app when it was tried before", it.refusals.single().reason)
        }
        assertEquals(listOf("edge-s-x4-int8 on CPU"), second.opened.toList())
        SuperResolver.create(context, model("edge-s-x4"), Options(exact = true, runtime = NoGpuAtHand())).use { assertEquals(Backend.GPU, it.backend) }
        SuperResolver.create(context, model("edge-s-x4"), Options(tryAgain = true, runtime = NoGpuAtHand())).use { assertEquals(Backend.GPU, it.backend) }
    }

    @Test
    fun `a file without a card`() = runBlocking {
        val path = File(checkNotNull(System.getProperty("weights")), "edge-s-x4-int8.tflite")
        val sum = MessageDigest.getInstance("SHA-256").digest(path.readBytes()).joinToString("") { "%02x".format(it) }
        assertEquals(sum, Model.of(path).files.single().sha256)
        SuperResolver.create(context, Model.of(path), Options(Backend.CPU)).use { resolver ->
            assertEquals(listOf(4, 96), listOf(resolver.scale, resolver.square))
            val made = References.models.first { it.name == "edge-s-x4-int8" }.pictures.last()
            assertArrayEquals(made.result, rgb(resolver.enlarge(picture(made.width, made.height, made.image)).picture))
        }
        val nonsense = File(context.cacheDir, "nonsense.tflite").apply { writeText("not a model, though as long as one may be") }
        val error = assertThrows(InvalidModelException::class.java) { runBlocking { SuperResolver.create(context, Model.of(nonsense)) } }
        assertTrue(error.message, error.message.orEmpty().startsWith("not a TensorFlow Lite model"))
    }

    @Test
    fun `a card that says another scale is refused`() {
        val files = model("edge-s-x4").files
        val error = assertThrows(InvalidModelException::class.java) {
            runBlocking { SuperResolver.create(context, Model("edge-s-x4", 2, Purpose.CLEAN, 1, files), Options(Backend.CPU)) }
        }
        assertEquals("edge-s-x4 enlarges by 4, its card says 2", error.message)
    }

    @Test
    fun `a stranger of other values is refused`() {
        val path = File(checkNotNull(System.getProperty("weights")), "edge-s-x4-int8.tflite")
        val runtime = object : NoGpuAtHand() {
            override fun open(file: ModelFile, backend: Backend, options: Options): TileModel {
                val real = super.open(file, backend, options)
                return object : TileModel by real {
                    override fun run() {
                        for (index in 0 until output.capacity()) output.put(index, 1)
                    }
                }
            }
        }
        val error = assertThrows(InvalidModelException::class.java) { runBlocking { SuperResolver.create(context, Model.of(path), Options(Backend.CPU, runtime = runtime)) } }
        assertTrue(error.message, "pixels of 0 to 255" in error.message.orEmpty())
    }

    @Test
    fun `a picture goes between the tiles of a long one, which goes on`() = runBlocking {
        val made = References.models.first { it.name == "edge-s-x4-int8" }.pictures.last()
        val image = picture(made.width, made.height, made.image)
        SuperResolver.create(context, model("edge-s-x4"), Options(Backend.CPU)).use { resolver ->
            val order = CopyOnWriteArrayList<String>()
            val begun = CountDownLatch(1)
            val go = CountDownLatch(1)
            val rows = Picture(made.width * 4, made.height * 4)
            var row = 0
            val long = async(Dispatchers.IO) {
                resolver.stream(image, { argb, width, count ->
                    argb.copyInto(rows.argb, row * width, 0, count * width)
                    row += count
                }, progress = { done, _ ->
                    if (done == 1) {
                        begun.countDown()
                        go.await()
                    }
                    order += "tile"
                })
                order += "long"
            }
            begun.await()
            val small = CompletableFuture<Enlarged>()
            resolver.enlarge(Picture(20, 20), null, null, null, Executor { it.run() }, object : Listener<Enlarged> {
                override fun done(result: Enlarged) {
                    order += "small"
                    small.complete(result)
                }

                override fun failed(error: Throwable) {
                    small.completeExceptionally(error)
                }
            })
            go.countDown()
            long.await()
            assertEquals("tile", order[0])
            assertEquals("small", order[1])
            assertEquals("long", order.last())
            assertArrayEquals("not disturbed", made.result, rgb(rows))
        }
    }

    @Test
    fun `cancelling a coroutine stops the work, and closing ends all`() = runBlocking {
        val resolver = SuperResolver.create(context, model("edge-s-x4"), Options(Backend.CPU))
        val tiles = CopyOnWriteArrayList<Int>()
        val begun = CountDownLatch(1)
        val job = async(Dispatchers.IO) {
            resolver.stream(Picture(2000, 2000), { _, _, _ -> }, progress = { done, _ ->
                tiles += done
                begun.countDown()
            })
        }
        begun.await()
        job.cancelAndJoin()
        assertTrue(job.isCancelled)
        resolver.stream(Picture(5, 5), { _, _, _ -> }) // in its turn, after what was cancelled
        assertTrue("it went on for ${tiles.size} tiles", tiles.size < 100)
        resolver.close()
        resolver.close()
        val error = assertThrows(ClosedException::class.java) { runBlocking { resolver.enlarge(Picture(5, 5)) } }
        assertEquals("it is closed", error.message)
        val late = CompletableFuture<Unit>()
        resolver.stream(Picture(5, 5), { _, _, _ -> }, null, Executor { it.run() }, object : Listener<Unit> {
            override fun done(result: Unit) {
                late.complete(Unit)
            }

            override fun failed(error: Throwable) {
                late.completeExceptionally(error)
            }
        })
        assertTrue(assertThrows(ExecutionException::class.java) { late.get() }.cause is ClosedException)
    }

    @Test
    fun `the GPU's precision is as asked for, and its shaders are kept by model and precision`() {
        fun options(name: String, exact: Boolean) =
            TensorFlowLite.gpuOptions(ModelFile(name, "fp16", 7, "hash-of-$name", context.codeCacheDir) { error("not opened") }, Options(exact = exact))
        assertTrue(options("a", false).isPrecisionLossAllowed)
        assertTrue(!options("a", true).isPrecisionLossAllowed)
        assertEquals(context.codeCacheDir.path, options("a", true).serializationDir)
        val keys = listOf("a", "b").flatMap { name -> listOf(true, false).map { options(name, it).modelToken } }
        assertEquals(keys.toString(), 4, keys.distinct().size)
    }
}
