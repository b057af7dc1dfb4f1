package dev.srganedge.engine

import java.io.File
import kotlinx.validation.api.dump
import kotlinx.validation.api.filterOutNonPublic
import kotlinx.validation.api.loadApiFromJvmClasses
import org.junit.Assert.assertEquals
import org.junit.Assume.assumeTrue
import org.junit.Test

/** What others build on does not change unseen. */
class ApiTest {
    @Test
    fun `what is public is in engine-api`() {
        val path = System.getProperty("api")
        assumeTrue("Gradle's apiCheck does it", path != null)
        val classes = File(SuperResolver::class.java.protectionDomain.codeSource.location.toURI())
        val files = classes.walk().filter { it.extension == "class" && "META-INF" !in it.path }.sorted()
        val api = files.map { it.inputStream() }.loadApiFromJvmClasses().filterOutNonPublic().dump(StringBuilder()).toString()
        File("../target/engine.api").writeText(api)
        assertEquals("if that is wanted, copy verify/target/engine.api to engine/api", File(checkNotNull(path)).readText(), api)
    }
}
