"""Keys of what is seen first: boot screen, icons, splash; and of the Flutter project that Flet makes."""

from builder.fletkeys.key import ANDROID, MACOS, PAGES, Key

SPLASH = ("android", "ios", "web")

SCREENS = (
    Key(
        "boot_screen",
        "Screen shown while Python starts: its name, and a table of options for each name",
        kind="table",
        default={},
        scope="both",
        honoured=PAGES,
    ),
    *(
        Key(
            f"app.{name}",
            f"Older form of boot_screen: whether to `show` the {stage} screen, and its `message`",
            kind="table",
            default={},
            scope="both",
            honoured=PAGES,
        )
        for name, stage in (("boot_screen", "first"), ("startup_screen", "second"))
    ),
    Key(
        "icon_background",
        "Background of icons that may not be transparent",
        default="#ffffff",
        scope="both",
        honoured=(*PAGES, *MACOS),
    ),
    Key(
        "splash.color",
        "Background of the splash screen",
        default="#ffffff",
        option="--splash-color",
        scope="both",
        platforms=SPLASH,
        honoured=PAGES,
    ),
    Key(
        "splash.dark_color",
        "Background of the splash screen in dark mode",
        default="#222222",
        option="--splash-dark-color",
        scope="both",
        platforms=SPLASH,
        honoured=PAGES,
    ),
    Key(
        "splash.icon_background",
        "Background behind the icon of the splash screen",
        scope="both",
        platforms=SPLASH,
        aliases=("splash.icon_bgcolor",),
        honoured=ANDROID,
    ),
    Key(
        "splash.icon_dark_background",
        "Background behind the icon of the splash screen in dark mode",
        scope="both",
        platforms=SPLASH,
        aliases=("splash.icon_dark_bgcolor",),
        honoured=ANDROID,
    ),
    Key(
        "splash.icon_fit",
        "Whether the icon of the splash screen is fitted to its circle",
        default="contain",
        choices=("contain", "none"),
        scope="both",
        platforms=SPLASH,
        lines=("1.0",),
        aliases=("splash.android_12_fit",),
        honoured=ANDROID,
    ),
    *(
        Key(
            f"splash.{platform}",
            f"Show a splash screen on {title}",
            kind="bool",
            default=True,
            option=f"--no-{platform}-splash",
            platforms=(platform,),
            honoured=(platform,) if platform in PAGES else (),
        )
        for platform, title in (("web", "the web"), ("ios", "iOS"), ("android", "Android"))
    ),
)

FLUTTER = (
    Key(
        "flutter.build_args",
        "Further arguments for `flutter build`",
        kind="list",
        default=(),
        option="--flutter-build-args",
        scope="both",
    ),
    Key("flutter.pubspec", "Table merged into the pubspec.yaml of the Flutter project", kind="table", default={}),
    Key("template.url", "Folder or URL of the template of the Flutter project", option="--template"),
    Key("template.ref", "Branch, tag or commit of the template", option="--template-ref"),
    Key("template.dir", "Folder of the template below its root", option="--template-dir"),
    Key(
        "swift_package_manager",
        "Use the Swift Package Manager for Python on Apple's systems",
        kind="bool",
        default=True,
        option="--swift-package-manager/--no-swift-package-manager",
        scope="both",
        platforms=("ios", "macos"),
        lines=("1.0",),
    ),
)

KEYS = (*SCREENS, *FLUTTER)
