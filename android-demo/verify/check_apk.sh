#!/usr/bin/env bash
# check_apk.sh APK: fails unless it is signed, names itself rightly and has all that it runs on.
set -euo pipefail
apk=$1
version=$(sed -n 's/^version=//p' ../gradle.properties)
want() { # DESCRIPTION PATTERN TEXT
  grep -q -E "$2" <<<"$3" || { echo "$apk: no $1" >&2; exit 1; }
  echo "  $1"
}
signatures=$(apksigner verify -v --min-sdk-version 26 "$apk")
want "v2 signature" 'APK Signature Scheme v2\): true' "$signatures"
want "v3 signature" 'APK Signature Scheme v3\): true' "$signatures"
zipalign -c -p 4 "$apk" || { echo "$apk: not aligned" >&2; exit 1; }
badging=$(aapt dump badging "$apk" 2>/dev/null)
want "package, version $version" "^package: name='dev.srganedge.demo' versionCode='[0-9]+' versionName='$version'" "$badging"
want "minSdk 26" "^sdkVersion:'26'" "$badging"
want "targetSdk 36" "^targetSdkVersion:'36'" "$badging"
want "launchable activity" "^launchable-activity: name='dev.srganedge.demo.CameraActivity'" "$badging"
want "German texts" "^locales:.*'de'" "$badging"
entries=$(unzip -v "$apk")
for model in ../../srgan_edge/weights/*.tflite; do
  case $model in */srgan-*) continue ;; esac
  want "$(basename "$model"), uncompressed" "Stored .*assets/models/$(basename "$model")" "$entries"
done
for library in tensorflowlite_jni tensorflowlite_gpu_jni; do
  want "lib$library.so, uncompressed" "Stored .*lib/arm64-v8a/lib$library.so" "$entries"
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unzip -q "$apk" 'classes*.dex' -d "$scratch"
for dex in "$scratch"/*.dex; do
  code=$(dexdump -d "$dex")
  want "CameraActivity's code" "Ldev/srganedge/demo/CameraActivity;" "$code"
  # Left to the phone, those of lambdas would die there.
  count=$(grep -c invoke-custom <<<"$code" || true)
  [ "$count" = 0 ] || { echo "$apk: $count invoke-custom" >&2; exit 1; }
  echo "  0 invoke-custom"
done
echo "android-demo: $(realpath "$apk"), $(stat -c %s "$apk") bytes"
