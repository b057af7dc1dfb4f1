plugins {
    alias(libs.plugins.android)
    alias(libs.plugins.kotlin)
}

/** The toolkit's phone models and their cards, as assets. */
val models by tasks.registering(Copy::class) {
    from(rootDir.resolve("../srgan_edge/weights")) { include("edge-*-x4-int8.*", "edge-*-x4-fp16.*") }
    into(layout.buildDirectory.dir("generated/assets/models"))
}

android {
    namespace = "dev.srganedge.demo"
    compileSdk = 35
    defaultConfig {
        applicationId = "dev.srganedge.demo"
        minSdk = 26
        targetSdk = 35
        versionCode = 1
        versionName = "0.1.0"
        ndk { abiFilters += "arm64-v8a" }
    }
    buildTypes {
        release {
            isMinifyEnabled = true
            proguardFiles("proguard-rules.pro")
        }
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
    // Models are mapped into memory, which a compressed file cannot be.
    androidResources { noCompress += "tflite" }
    sourceSets["main"].assets.srcDir(layout.buildDirectory.dir("generated/assets"))
    testOptions.unitTests {
        isIncludeAndroidResources = true
        all { it.jvmArgs("-Xmx3g", "--add-opens", "java.base/java.io=ALL-UNNAMED") }
    }
}

kotlin { jvmToolchain(17) }

tasks.named("preBuild") { dependsOn(models) }

dependencies {
    implementation(project(":engine"))
    implementation(libs.litert)
    implementation(libs.litert.gpu)
    implementation(libs.litert.gpu.api)
    testImplementation(libs.junit)
    testImplementation(libs.robolectric)
}
