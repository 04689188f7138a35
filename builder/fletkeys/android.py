"""Keys of Android, and of what phones share."""

from builder.fletkeys.key import ANDROID, MACOS, Key

PHONES = ("android", "ios")

GRADLE = "there is no Gradle build, builder makes the APK of compiled parts itself"
PURE = "the APK holds no native library, Python in it runs in the WebView"
ABIS = "one APK of builder serves every ABI"
PASSWORDS = "every process can read a command line; passwords come from the environment or a file"

SHARED = (
    Key(
        "permissions",
        "Groups of permissions that each platform words in its own way",
        kind="list",
        default=(),
        choices=("biometric", "camera", "location", "microphone", "photo_library"),
        option="--permissions",
        honoured=(*ANDROID, *MACOS),
    ),
    Key(
        "deep_linking.scheme",
        "Scheme of the URLs that open the app; needs a host too, but on macOS",
        option="--deep-linking-scheme",
        scope="platform",
        platforms=(*PHONES, *MACOS),
        honoured=(*ANDROID, *MACOS),
    ),
    Key(
        "deep_linking.host",
        "Host of the URLs that open the app; needs a scheme too",
        option="--deep-linking-host",
        scope="platform",
        platforms=(*PHONES, *MACOS),
        honoured=ANDROID,
    ),
)

MANIFEST = (
    Key(
        "android.permission",
        "Permission to true, false or a table of attributes",
        kind="table",
        default={"android.permission.INTERNET": True},
        option="--android-permissions",
        platforms=ANDROID,
        honoured=ANDROID,
    ),
    Key(
        "android.feature",
        "Hardware feature to whether it is required",
        kind="table",
        default={"android.software.leanback": False, "android.hardware.touchscreen": False},
        option="--android-features",
        platforms=ANDROID,
        honoured=ANDROID,
    ),
    Key(
        "android.meta_data",
        "Name to value of meta-data in the manifest",
        kind="table",
        default={},
        option="--android-meta-data",
        platforms=ANDROID,
        honoured=ANDROID,
    ),
    Key(
        "android.provider",
        "Content provider to its attributes, or false",
        kind="table",
        default={},
        platforms=ANDROID,
        lines=("1.0",),
        honoured=ANDROID,
    ),
    Key(
        "android.manifest_application",
        "Attributes of <application> in the manifest",
        kind="table",
        default={},
        platforms=ANDROID,
        lines=("1.0",),
        honoured=ANDROID,
    ),
    Key("android.min_sdk_version", "Oldest API level", kind="int", platforms=ANDROID, lines=("1.0",), honoured=ANDROID),
    Key(
        "android.target_sdk_version",
        "API level built for",
        kind="int",
        platforms=ANDROID,
        lines=("1.0",),
        honoured=ANDROID,
    ),
    Key(
        "android.adaptive_icon_background",
        "Background of the adaptive icon",
        default="#ffffff",
        option="--android-adaptive-icon-background",
        platforms=ANDROID,
        honoured=ANDROID,
    ),
)

BUILD = (
    Key(
        "android.gradle_properties",
        "Entries of gradle.properties",
        kind="table",
        default={
            "org.gradle.jvmargs": "-Xmx8G -XX:MaxMetaspaceSize=4G "
            "-XX:ReservedCodeCacheSize=512m -XX:+HeapDumpOnOutOfMemoryError",
            "android.useAndroidX": "true",
        },
        platforms=ANDROID,
        lines=("1.0",),
        instead=GRADLE,
    ),
    Key(
        "android.proguard_rules",
        "Further rules for R8",
        kind="list",
        default=(),
        platforms=ANDROID,
        lines=("1.0",),
        instead=GRADLE,
    ),
    Key(
        "android.proguard_default_rules",
        "Keep Flet's own rules for R8",
        kind="bool",
        default=True,
        platforms=ANDROID,
        lines=("1.0",),
        instead=GRADLE,
    ),
    Key(
        "android.extract_packages",
        "Packages, or globs of them, that are shipped unzipped",
        kind="list",
        default=(),
        option="--android-extract-packages",
        platforms=ANDROID,
        lines=("1.0",),
        instead=PURE,
    ),
    Key(
        "android.split_per_abi",
        "Make one APK for each ABI",
        kind="bool",
        default=False,
        option="--split-per-abi",
        platforms=ANDROID,
        instead=ABIS,
    ),
    Key(
        "android.legacy_packaging",
        "Have native libraries unpacked when the app is installed",
        kind="bool",
        default=False,
        option="--android-legacy-packaging/--no-android-legacy-packaging",
        platforms=ANDROID,
        lines=("1.0",),
        instead=PURE,
    ),
)

SIGNING = (
    Key(
        "android.signing.key_store",
        "Key store with the key that signs",
        option="--android-signing-key-store",
        platforms=ANDROID,
        honoured=ANDROID,
    ),
    Key(
        "android.signing.key_alias",
        "Name of the key in its store",
        default="upload",
        option="--android-signing-key-alias",
        platforms=ANDROID,
        honoured=ANDROID,
    ),
    Key(
        "android.signing.key_store_password",
        "Password of the key store",
        option="--android-signing-key-store-password",
        platforms=ANDROID,
        table="",
        instead=PASSWORDS,
    ),
    Key(
        "android.signing.key_password",
        "Password of the key",
        option="--android-signing-key-password",
        platforms=ANDROID,
        table="",
        instead=PASSWORDS,
    ),
)

KEYS = (*SHARED, *MANIFEST, *BUILD, *SIGNING)
