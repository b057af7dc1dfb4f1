package dev.srganedge.engine

/** What computes. */
public enum class Backend { GPU, NPU, CPU }

/** A backend that was tried in vain. */
public class Refusal(public val backend: Backend, public val kind: Kind, public val reason: String) {
    /** It ended the app when it was tried before, computed something else than the CPU, or threw an error. */
    public enum class Kind { CRASHED, DIFFERS, FAILED }
}

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
    /**
     * Of the CPU. TensorFlow Lite 2.16 and LiteRT 1 compute with one whatever is asked for: their XNNPACK is not told
     * (google-ai-edge/LiteRT#1328). LiteRT 2 takes as many.
     */
    public val threads: Int = fastCores(),
    /**
     * How much is taken of the result of a model for looks, 0 to 1; the rest is its [Model.faithful] network's. Between
     * them both are run, which takes twice the time. Models without a faithful network have no other than 1.
     */
    public val strength: Float = 1f,
    /** A backend that ended the app when it was tried before is tried again, as after the user's own wish. */
    public val tryAgain: Boolean = false,
    /** What opens the model. */
    public val runtime: TileRuntime = TensorFlowLite,
) {
    init {
        require(strength in 0f..1f) { "a strength is from 0 to 1, not $strength" }
    }

    private companion object {
        /** Beyond the fast cores a further thread makes each tile slower. */
        fun fastCores() = (Runtime.getRuntime().availableProcessors() / 2).coerceIn(1, 4)
    }
}
