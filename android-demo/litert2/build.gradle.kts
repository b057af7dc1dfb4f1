plugins {
    alias(libs.plugins.library)
    alias(libs.plugins.kotlin)
}

android {
    namespace = "dev.srganedge.litert2"
    compileSdk = 36
    defaultConfig { minSdk = 26 }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

kotlin {
    explicitApi()
    compilerOptions { jvmTarget = org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_17 }
}

dependencies {
    // It has no delegates: the engine's own runtime is for LiteRT 1 and is left out of what uses this one.
    api(project(":engine")) { exclude(group = "com.google.ai.edge.litert") }
    implementation(libs.litert2)
}
