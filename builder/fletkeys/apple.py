"""Keys of iOS and macOS."""

from builder.fletkeys.key import MACOS, Key

IOS = ("ios",)
V1 = ("1.0",)
SIGNING = "builder signs nothing for macOS, which only Apple's codesign on a Mac can do for others to trust"

SHARED = (
    Key(
        "info",
        "Entries of Info.plist",
        kind="table",
        default={},
        option="--info-plist",
        scope="platform",
        platforms=(*IOS, *MACOS),
        honoured=MACOS,
    ),
)

IOS_KEYS = (
    Key("ios.team_id", "Team that signs", option="--ios-team-id", platforms=IOS),
    Key(
        "ios.export_method",
        "How the archive is exported",
        default="debugging",
        option="--ios-export-method",
        platforms=IOS,
    ),
    Key(
        "ios.provisioning_profile",
        "Provisioning profile, by name or UUID",
        option="--ios-provisioning-profile",
        platforms=IOS,
    ),
    Key(
        "ios.signing_certificate",
        "Certificate that signs, by name or fingerprint",
        option="--ios-signing-certificate",
        platforms=IOS,
    ),
    Key("ios.export_options", "Entries of the export options", kind="table", default={}, platforms=IOS),
    Key("ios.export_methods", "Export method to settings of its own", kind="table", default={}, platforms=IOS),
)

MACOS_KEYS = (
    Key(
        "macos.entitlement",
        "Entitlement to its value",
        kind="table",
        default={
            "com.apple.security.app-sandbox": False,
            "com.apple.security.cs.allow-jit": True,
            "com.apple.security.cs.allow-unsigned-executable-memory": True,
            "com.apple.security.network.client": True,
            "com.apple.security.network.server": True,
            "com.apple.security.files.user-selected.read-write": True,
        },
        option="--macos-entitlements",
        platforms=MACOS,
        honoured=MACOS,
    ),
    Key(
        "macos.icon_style",
        "How the icon is fitted to Apple's grid",
        default="auto",
        choices=("auto", "grid", "raw"),
        platforms=MACOS,
        lines=V1,
        honoured=MACOS,
    ),
    Key(
        "macos.signing.distribution",
        "Channel that is signed and packed for",
        default="none",
        choices=("none", "developer-id", "app-store"),
        option="--macos-distribution",
        platforms=MACOS,
        lines=V1,
        instead=SIGNING,
    ),
    Key(
        "macos.signing.identity",
        "Certificate that signs the app, by name or fingerprint",
        option="--macos-signing-identity",
        platforms=MACOS,
        lines=V1,
        instead=SIGNING,
    ),
    Key(
        "macos.signing.notary_profile",
        "Profile of the keychain for notarising",
        option="--macos-notary-profile",
        platforms=MACOS,
        lines=V1,
        instead=SIGNING,
    ),
    Key(
        "macos.signing.provisioning_profile",
        "Provisioning profile of the Mac App Store",
        option="--macos-provisioning-profile",
        platforms=MACOS,
        lines=V1,
        instead=SIGNING,
    ),
    Key(
        "macos.signing.installer_identity",
        "Certificate that signs the installer",
        option="--macos-installer-identity",
        platforms=MACOS,
        lines=V1,
        instead=SIGNING,
    ),
    Key(
        "macos.signing.developer-id",
        "Settings of signing for the channel developer-id",
        kind="table",
        default={},
        platforms=MACOS,
        lines=V1,
        instead=SIGNING,
    ),
    Key(
        "macos.signing.app-store",
        "Settings of signing for the channel app-store",
        kind="table",
        default={},
        platforms=MACOS,
        lines=V1,
        instead=SIGNING,
    ),
)

KEYS = (*SHARED, *IOS_KEYS, *MACOS_KEYS)
