#!/usr/bin/env bash
# Compiles, tests, packs, signs and checks the app where Maven Central and Debian's packages are all there is.
set -euo pipefail
cd "$(dirname "$0")"
for tool in javac mvn gcc aapt apksigner zipalign dexdump zip unzip; do
  command -v $tool >/dev/null || {
    echo "$tool is not installed; JDK 17, Maven, gcc and: apt-get install aapt apksigner dexdump zip zipalign unzip" >&2
    exit 1
  }
done
package=dev.srganedge.demo
main=../app/src/main
version=$(sed -n 's/^version=//p' ../gradle.properties)
code=$(awk -F. '{ print $1 * 10000 + $2 * 100 + $3 }' <<<"$version")
# Debian's knows the resources of Android 10 alone; Apktool brings an aapt2 and Android 16's.
aapt2=target/tools/prebuilt/linux/aapt2_64
framework=target/tools/prebuilt/android-framework.jar

# Robolectric runs Android 16 on Java 21 or later.
java21=()
for java in /usr/lib/jvm/*/bin/java; do
  major=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')
  [ "${major:-0}" -lt 21 ] || java21=("-Djava21=$java")
done
[ ${#java21[@]} -gt 0 ] || echo "android-demo: no Java of 21 or later in /usr/lib/jvm: Android 16 is left out of the tests" >&2

echo "android-demo: fetching"
mvn -q -B -f aars.xml "${java21[@]}" generate-sources

echo "android-demo: TensorFlow Lite's x86_64 library for this machine, and what the Python runtime makes of pictures"
mkdir -p target/native
python3 native/patch_library.py target/aar/tensorflow-lite/jni/x86_64/libtensorflowlite_jni.so target/native/libtensorflowlite_jni.so
gcc -O2 -Wall -Werror -shared -fPIC -Wl,-soname,liblog.so native/bionic.c -o target/native/liblog.so -lm -ldl
gcc -O2 -Wall -Werror -shared -fPIC native/nothing.c -o target/native/libnothing.so
PYTHONPATH=../.. "${PYTHON:-../../.venv/bin/python}" references.py target/references.bin target/any-size.tflite

echo "android-demo: resources and models"
rm -rf target/engine target/app target/assets target/generated target/test-config target/screenshots
mkdir -p target/assets/models target/generated target/test-config/com/android/tools target/screenshots
cp ../../srgan_edge/weights/*.{tflite,json} target/assets/models
rm target/assets/models/srgan-* # no phone runs it in time
# What Gradle takes from its build files and from the library's manifest aapt2 takes from the app's.
library=$(sed -n '/<application>/,/<\/application>/{//!p}' ../engine/src/main/AndroidManifest.xml)
awk -v library="$library" -v package="$package" '
  /<\/application>/ { print library }
  { sub(/<manifest /, "&package=\"" package "\" "); sub(/<application$/, "& android:extractNativeLibs=\"false\""); print }
' $main/AndroidManifest.xml >target/AndroidManifest.xml
chmod +x $aapt2
$aapt2 compile --dir $main/res -o target/res.zip
$aapt2 link -o target/base.apk -I $framework --manifest target/AndroidManifest.xml --java target/generated \
  --proguard target/kept-by-resources.pro --min-sdk-version 26 --target-sdk-version 36 \
  --version-code "$code" --version-name "$version" -A target/assets -0 .tflite target/res.zip
cat >target/test-config/com/android/tools/test_config.properties <<END
android_merged_manifest=$PWD/target/AndroidManifest.xml
android_merged_assets=$PWD/target/assets
android_resource_apk=$PWD/target/base.apk
android_custom_package=$package
END

echo "android-demo: compiling and testing"
mvn -q -B -Dverify="$PWD" "${java21[@]}" verify

echo "android-demo: packing"
rm -rf target/packed && mkdir -p target/packed/lib/arm64-v8a
for module in engine app; do (cd target/$module/classes && zip -q -r ../../$module.jar . -x 'META-INF/*'); done
java -cp target/tools/r8.jar com.android.tools.r8.R8 --release --min-api 26 \
  --lib target/tools/android-all.jar --lib "$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")" \
  --pg-conf ../app/proguard-rules.pro --pg-conf ../engine/consumer-rules.pro --pg-conf target/kept-by-resources.pro --output target/packed \
  target/engine.jar target/app.jar target/tools/{kotlin-stdlib,kotlinx-coroutines-core-jvm}.jar target/aar/tensorflow-lite{,-api,-gpu,-gpu-api}/classes.jar
for aar in tensorflow-lite tensorflow-lite-gpu; do cp target/aar/$aar/jni/arm64-v8a/*.so target/packed/lib/arm64-v8a; done
cp target/base.apk target/unaligned.apk
(cd target/packed && zip -q ../unaligned.apk classes*.dex && zip -q -0 -r ../unaligned.apk lib)
zipalign -f -p 4 target/unaligned.apk target/aligned.apk
[ -f target/debug.keystore ] || keytool -genkeypair -keystore target/debug.keystore -storepass android -keypass android \
  -alias debug -keyalg RSA -keysize 2048 -validity 10000 -dname "CN=Android Debug" &>/dev/null
apksigner sign --ks target/debug.keystore --ks-pass pass:android --v1-signing-enabled false --v2-signing-enabled true \
  --v3-signing-enabled true --min-sdk-version 26 --out target/srgan-edge-demo.apk target/aligned.apk

./check_apk.sh target/srgan-edge-demo.apk
