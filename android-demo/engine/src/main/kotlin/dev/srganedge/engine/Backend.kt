package dev.srganedge.engine

/** What computes. */
public enum class Backend { GPU, NPU, CPU }

/** A backend that was tried in vain. */
public class Refusal(public val backend: Backend, public val reason: String)

/** What opens a model: TensorFlow Lite here; another runtime is another implementation. */
public interface TileRuntime {
    /** What it can compute on, the CPU among them. */
    public val backends: Set<Backend>

    /** Which of a model's files it takes for a backend. */
    public fun file(model: Model, backend: Backend): ModelFile = model.file(backend)

    /**
     * Open a model, on the thread that will use it.
     *
     * @throws Throwable it does not run there, for whatever reason; the next backend is tried.
     */
    public fun open(file: ModelFile, backend: Backend, options: Options): TileModel
}

/** How a model is to be run. */
public class Options(
    /** What is tried first; the CPU comes last in any case. */
    public val backend: Backend = Backend.GPU,
    /** The GPU computes in 32-bit floating point: slower, and rarely to be seen. */
    public val exact: Boolean = false,
    /** Of the CPU. */
    public val threads: Int = fastCores(),
    /** A backend that ended the app when it was tried before is tried again, as after the user's own wish. */
    public val tryAgain: Boolean = false,
    /** What opens the model. */
    public val runtime: TileRuntime = TensorFlowLite,
) {
    private companion object {
        /** Beyond the fast cores a further thread makes each tile slower. */
        fun fastCores() = (Runtime.getRuntime().availableProcessors() / 2).coerceIn(1, 4)
    }
}
