package dev.srganedge.demo

import android.app.Application
import dev.srganedge.engine.Backend
import dev.srganedge.engine.LiteModel
import dev.srganedge.engine.TileModel
import org.tensorflow.lite.Delegate
import org.tensorflow.lite.gpu.GpuDelegate
import org.tensorflow.lite.gpu.GpuDelegateFactory
import org.tensorflow.lite.nnapi.NnApiDelegate

/** What the screens share: the models, the user's choice, the thread that computes. */
open class DemoApplication : Application() {
    val catalog by lazy { ModelCatalog(assets) }
    val wishes by lazy { WishStore(this, catalog) }
    val engine by lazy { Engine(catalog, ::openModel) }

    /** The device's camera. */
    open fun camera(): FrameSource = DeviceCamera(this)

    protected open fun openModel(file: ModelFile, backend: Backend, exact: Boolean): TileModel {
        // Beyond the fast cores a further thread makes each tile slower.
        val threads = (Runtime.getRuntime().availableProcessors() / 2).coerceIn(1, 4)
        return LiteModel(file.map(assets), file.overlap, threads, delegate(file, backend, exact))
    }

    private fun delegate(file: ModelFile, backend: Backend, exact: Boolean): Delegate? = when (backend) {
        Backend.CPU -> null
        Backend.NNAPI -> NnApiDelegate()
        Backend.GPU -> GpuDelegate(
            GpuDelegateFactory.Options()
                .setPrecisionLossAllowed(!exact)
                .setInferencePreference(GpuDelegateFactory.Options.INFERENCE_PREFERENCE_SUSTAINED_SPEED)
                // Compiled shaders are kept, so that only the first start waits for the compiler.
                .setSerializationParams(codeCacheDir.path, "${file.sha256}-$exact"),
        )
    }

    override fun onTrimMemory(level: Int) {
        super.onTrimMemory(level)
        if (level >= TRIM_MEMORY_BACKGROUND) engine.release()
    }

    @Deprecated("Deprecated by Android 15, called by those before it")
    override fun onLowMemory() {
        @Suppress("DEPRECATION") super.onLowMemory()
        engine.release()
    }
}
