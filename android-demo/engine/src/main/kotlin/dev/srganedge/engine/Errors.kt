package dev.srganedge.engine

/** What may go wrong, by what can be done about it; the message names the cause in one sentence. */
public sealed class SuperResolverException(message: String, cause: Throwable?) : Exception(message, cause)

/** The file is no super-resolution model, or none that can be run: take another. */
public class InvalidModelException(message: String, cause: Throwable? = null) : SuperResolverException(message, cause)

/** The picture cannot be read: take another. */
public class UnreadablePictureException(message: String, cause: Throwable? = null) : SuperResolverException(message, cause)

/** There is not enough memory: take a smaller picture or part of it, or write the result row by row. */
public class NotEnoughMemoryException(cause: Throwable? = null) : SuperResolverException("there is not enough memory", cause)

/** The model stopped in the middle of the work. */
public class RunFailedException(message: String, cause: Throwable? = null) : SuperResolverException(message, cause)

/** The resolver was closed before. */
public class ClosedException : SuperResolverException("it is closed", null)

/** The first line of a message, or what kind of error it is. */
internal val Throwable.sentence: String get() = message?.lineSequence()?.first()?.trimEnd(':', ' ')?.ifEmpty { null } ?: javaClass.simpleName
