plugins {
    alias(libs.plugins.application)
    alias(libs.plugins.kotlin)
}

/** The toolkit's models that phones run in time, and their cards, as assets. */
val models by tasks.registering(Copy::class) {
    from(rootDir.resolve("../srgan_edge/weights")) {
        include("*.tflite", "*.json")
        exclude("srgan-*")
    }
    into(layout.buildDirectory.dir("generated/assets/models"))
}

android {
    namespace = "dev.srganedge.demo"
    compileSdk = 36
    defaultConfig {
        applicationId = "dev.srganedge.demo"
        minSdk = 26
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
        ndk { abiFilters += "arm64-v8a" }
    }
    buildTypes {
        release {
            isMinifyEnabled = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"), "proguard-rules.pro")
            // A demo: whoever publishes it signs it with a key of their own.
            signingConfig = signingConfigs.getByName("debug")
        }
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
    // Models are mapped into memory, which a compressed file cannot be.
    androidResources { noCompress += "tflite" }
    packaging { jniLibs { useLegacyPackaging = false } }
    sourceSets["main"].assets.srcDir(layout.buildDirectory.dir("generated/assets"))
    testOptions.unitTests {
        isIncludeAndroidResources = true
        all { it.jvmArgs("-Xmx3g", "--add-opens", "java.base/java.io=ALL-UNNAMED") }
    }
}

kotlin { compilerOptions { jvmTarget = org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_17 } }

tasks.named("preBuild") { dependsOn(models) }

dependencies {
    implementation(project(":engine"))
    testImplementation(libs.junit)
    testImplementation(libs.robolectric)
}
