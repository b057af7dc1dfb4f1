import javax.inject.Inject

plugins {
    alias(libs.plugins.application)
    alias(libs.plugins.kotlin)
}

/** The toolkit's models that phones run in time, and their cards, as assets. */
abstract class CopyModels : DefaultTask() {
    @get:InputFiles
    @get:PathSensitive(PathSensitivity.NAME_ONLY)
    abstract val models: ConfigurableFileCollection

    @get:OutputDirectory
    abstract val assets: DirectoryProperty

    @get:Inject
    abstract val files: FileSystemOperations

    @TaskAction
    fun copy() {
        files.sync {
            from(models)
            into(assets.dir("models"))
        }
    }
}

androidComponents {
    onVariants { variant ->
        val copy = tasks.register<CopyModels>("${variant.name}Models") {
            models.from(
                fileTree(rootDir.resolve("../srgan_edge/weights")) {
                    include("*.tflite", "*.json")
                    exclude("srgan-*")
                },
            )
        }
        variant.sources.assets?.addGeneratedSourceDirectory(copy, CopyModels::assets)
    }
}

android {
    namespace = "dev.srganedge.demo"
    compileSdk = 36
    defaultConfig {
        applicationId = "dev.srganedge.demo"
        minSdk = 26
        targetSdk = 36
        versionName = version.toString()
        // 0.2.0 is 200.
        versionCode = version.toString().split(".").fold(0) { code, part -> code * 100 + part.toInt() }
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
    testOptions.unitTests {
        isIncludeAndroidResources = true
        all {
            it.jvmArgs("-Xmx3g", "--add-opens", "java.base/java.io=ALL-UNNAMED")
            // Robolectric's Android 16 needs Java 21.
            it.systemProperty("robolectric.enabledSdks", if (JavaVersion.current() >= JavaVersion.VERSION_21) "26,29,35,36" else "26,29,35")
        }
    }
}

kotlin { compilerOptions { jvmTarget = org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_17 } }

dependencies {
    implementation(project(":engine"))
    testImplementation(libs.junit)
    testImplementation(libs.robolectric)
}
