plugins {
    alias(libs.plugins.application) apply false
    alias(libs.plugins.library) apply false
    alias(libs.plugins.kotlin) apply false
    alias(libs.plugins.api)
}

// Others build on the engine alone: what it has for them is in engine/api/engine.api.
apiValidation { ignoredProjects += listOf("app", "litert2") }
