package dev.srganedge.demo

import android.app.Application
import dev.srganedge.engine.TensorFlowLite
import dev.srganedge.engine.TileRuntime
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** What the screens share: the models, the user's choice, the model that is open, the photos being saved. */
open class DemoApplication : Application() {
    val models by lazy { ModelShelf(this) }
    val wishes by lazy { WishStore(this, models) }
    val resolvers by lazy { Resolvers(this) }
    val jobs by lazy { Jobs(this) }
    val lastSaved by lazy { LastSavedStore(this) }

    /** The device's camera. */
    open fun camera(): FrameSource = DeviceCamera(this)

    /** What opens models. */
    open val runtime: TileRuntime get() = TensorFlowLite

    override fun onCreate() {
        super.onCreate()
        thread(name = "tidy") {
            val old = System.currentTimeMillis() - TimeUnit.DAYS.toMillis(1) // a photo that is looked at may be younger
            cacheDir.listFiles { file -> file.name.startsWith(CameraActivity.TAKEN) && file.lastModified() < old }?.forEach { it.delete() }
        }
    }

    override fun onTrimMemory(level: Int) {
        super.onTrimMemory(level)
        if (level >= TRIM_MEMORY_BACKGROUND) resolvers.release()
    }

    @Deprecated("Deprecated by Android 15, called by those before it")
    override fun onLowMemory() {
        @Suppress("DEPRECATION") super.onLowMemory()
        resolvers.release()
    }
}
