"""What an APK says of itself: its id, versions, permissions, and what is refused of an author's manifest keys."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from markupsafe import escape

from builder import inside
from builder.android import identity, manifest, resources, written
from builder.errors import BuilderError, Exit
from builder.lock import Pin
from builder.project import Project, parse
from builder.requirements import Context

ANDROID = "{http://schemas.android.com/apk/res/android}"
PILLOW = Pin(
    name="pillow",
    version="1.0",
    source="pypi",
    file="pillow-1.0-cp312-cp312-manylinux_2_28_x86_64.whl",
    size=1,
    sha256="ab" * 32,
    hash="table",
    targets=("apk",),
)


def project(keys: str = "", name: str = "shop") -> Project:
    """An app with keys below [tool.flet]."""
    text = f'[project]\nname = {json.dumps(name)}\ndependencies = ["flet"]\n[tool.flet]\n{keys}'

    def read(file: str) -> bytes:
        if file != "pyproject.toml":
            raise FileNotFoundError(file)
        return text.encode()

    return parse("app", {}, Context(read, {}, lambda warning: None))


def root(keys: str = "", line: str = "1.0", **more: str) -> ElementTree.Element:
    """The manifest of an app."""
    return ElementTree.fromstring(manifest.text(project(keys, **more), line))


def named(keys: str, element: str, line: str = "1.0") -> set[str | None]:
    """The names of all elements of a kind in a manifest."""
    return {found.get(f"{ANDROID}name") for found in root(keys, line).iter(element)}


# --- identity -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "keys", "package"),
    [
        ("shop", "", "com.flet.shop"),
        ("My Shop-2 go", "", "com.flet.my_shop_2_go"),
        ("Café", 'org = "fr.example"', "fr.example.cafe"),
        ("shop", 'bundle_id = "org.example.the-shop"', "org.example.the_shop"),
        (
            "shop",
            'bundle_id = "org.example.web"\n[tool.flet.android]\nbundle_id = "org.example.phone"',
            "org.example.phone",
        ),
        ("2 go", 'bundle_id = "org.example.go2"', "org.example.go2"),
    ],
)
def test_the_application_id_is_what_flet_makes_it(name: str, keys: str, package: str) -> None:
    """Of `org` and the name in ASCII, or `bundle_id`, whose last part has _ for -."""
    assert root(keys, name=name).get("package") == package


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("2 go", ""),
        ("\u5e97", ""),
        ("shop", 'bundle_id = "shop"'),
        ("shop", 'bundle_id = "org.example."'),
        ("shop", 'bundle_id = "org.ex ample.shop"'),
        ("shop", 'bundle_id = "org.my-company.shop"'),
        ("shop", 'org = "1.example"'),
        ("shop", f'bundle_id = "org.{"x" * 200}"'),
        ("shop", 'bundle_id = "org.example.caf\u00e9"'),
        ("shop", 'bundle_id = "org.example.shop\\n"'),
    ],
)
def test_an_id_that_android_refuses_is_refused(name: str, keys: str) -> None:
    """With what to write in its place."""
    with pytest.raises(BuilderError) as caught:
        identity.package(project(keys, name), "1.0")
    assert caught.value.code == Exit.PROJECT
    assert "`bundle_id` in [tool.flet]" in caught.value.hint


def test_versions_are_the_projects() -> None:
    """Number, text, and the levels that the key table names."""
    keys = "build_number = 2100000000\n[tool.flet.android]\nmin_sdk_version = 26\ntarget_sdk_version = 34"
    found = identity.of(project(keys).model_copy(update={"version": "2.0b1"}), "1.0")
    assert (found.version_code, found.version_name) == (2100000000, "2.0b1")
    assert (found.min_sdk, found.target_sdk) == (26, 34)
    assert root()[0].attrib == {
        f"{ANDROID}minSdkVersion": "24",
        f"{ANDROID}targetSdkVersion": "35",
    }


@pytest.mark.parametrize(
    "keys",
    [
        "build_number = 0",
        "build_number = -1",
        "build_number = 2100000001",
        "[tool.flet.android]\nmin_sdk_version = 23",
        "[tool.flet.android]\nmin_sdk_version = 260",
        "[tool.flet.android]\ntarget_sdk_version = 23",
        "[tool.flet.android]\ntarget_sdk_version = 350",
        "[tool.flet.android]\nmin_sdk_version = 34\ntarget_sdk_version = 33",
    ],
)
def test_a_version_that_android_refuses_is_refused(keys: str) -> None:
    """Numbers out of range, and a target older than the oldest."""
    with pytest.raises(BuilderError) as caught:
        identity.of(project(keys), "1.0")
    assert caught.value.code == Exit.PROJECT


# --- permissions and features ---------------------------------------------------------------------------------------


def test_defaults_are_flets() -> None:
    """The network, and apps for TV."""
    assert named("", "uses-permission") == {"android.permission.INTERNET"}
    assert named("", "uses-feature") == {"android.software.leanback", "android.hardware.touchscreen"}


@pytest.mark.parametrize(
    ("line", "permissions"),
    [
        ("1.0", {"RECORD_AUDIO"}),
        ("0.82", {"RECORD_AUDIO", "READ_EXTERNAL_STORAGE", "WRITE_EXTERNAL_STORAGE"}),
    ],
)
def test_a_group_asks_for_what_it_does_in_its_flet_line(line: str, permissions: set[str]) -> None:
    """The microphone needed the storage in older Flet."""
    found = named('permissions = ["microphone"]', "uses-permission", line)
    assert found == {f"android.permission.{name}" for name in permissions | {"INTERNET"}}


def test_an_author_takes_away_and_adds() -> None:
    """False removes what a group asked for; a table gives attributes; the application id is put in."""
    keys = """permissions = ["camera", "location", "photo_library", "biometric"]
[tool.flet.android.permission]
"android.permission.INTERNET" = false
"android.permission.ACCESS_BACKGROUND_LOCATION" = {}
"android.permission.BLUETOOTH_SCAN" = { usesPermissionFlags = "neverForLocation" }
"com.android.vending.BILLING" = true
[tool.flet.android.feature]
"android.hardware.camera" = true
"""
    assert named(keys, "uses-permission") == {
        "android.permission.ACCESS_COARSE_LOCATION",
        "android.permission.ACCESS_FINE_LOCATION",
        "android.permission.BLUETOOTH_SCAN",
        "android.permission.CAMERA",
        "android.permission.READ_MEDIA_VISUAL_USER_SELECTED",
        "com.android.vending.BILLING",
    }
    features = {one.get(f"{ANDROID}name"): one.get(f"{ANDROID}required") for one in root(keys).iter("uses-feature")}
    assert features["android.hardware.camera"] == "true"
    assert features["android.hardware.camera.any"] == features["android.hardware.location.gps"] == "false"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ('permission."android.permission.INTERNT" = true', "the nearest is `android.permission.INTERNET`"),
        ('feature."android.hardware.camra" = true', "the nearest is `android.hardware.camera`"),
        ("permission.android.permission.CAMERA = true", "in quotes"),
        ('permission."android.permission.CAMERA" = "yes"', "write one of these"),
        ('permission."android.permission.CAMERA" = { maxSdkVersion = "new" }', "of the kind integer"),
        ('permission."android.permission.CAMERA" = { maxSdk = 3 }', "the nearest is `maxSdkVersion`"),
        ('permission."android.permission.CAMERA" = { name = "x" }', "remove it"),
        ('permission."not a name" = true', "with dots"),
        ('feature."android.hardware.camera" = "no"', "write one of these"),
        ('manifest_application.largeHeep = "true"', "the nearest is `largeHeap`"),
        ('manifest_application.largeHeap = "yes"', "of the kind boolean"),
        ('manifest_application.appCategory = "fun"', "accessibility"),
        ('manifest_application.label = "x"', "`product`"),
        ('manifest_application.icon = "@mipmap/x"', "icon.png"),
        ('manifest_application.name = "com.example.Main"', "no Java"),
        ('manifest_application.networkSecurityConfig = "@xml/net"', "@mipmap/ic_launcher"),
        ("manifest_application.process = [1]", "write one of these"),
        ('meta_data."dev.flet.shell.hosts" = "x"', "another name"),
        ('meta_data."a.b" = "@string/none"', "name a resource of the APK"),
        ('meta_data."a.b" = "\\ufffe"', "remove it"),
        ('provider."androidx.core.content.FileProvider" = { exported = false }', "native Android build"),
        ('provider."android.x.Y" = true', "or false"),
        ('provider."android.x.Y" = { name = "z" }', "remove it"),
        ('provider."android.x.Y" = { exported = "no" }', "of the kind boolean"),
        ('provider."android.x.Y" = { meta_data = 3 }', "write a table"),
        ('deep_linking.scheme = "shop"', "both `scheme` and `host`"),
        ('deep_linking = { scheme = "Shop", host = "example.com" }', "such as"),
        ('deep_linking = { scheme = "shop", host = "https://example.com" }', "such as"),
    ],
)
def test_what_android_would_trip_over_is_refused_with_the_mend(keys: str, told: str) -> None:
    """A name that nobody knows, a value of the wrong kind, a class or resource that no APK has."""
    with pytest.raises(BuilderError) as caught:
        manifest.text(project(f"android.{keys}"), "1.0")
    assert caught.value.code == Exit.PROJECT
    assert told in caught.value.hint


def test_false_or_an_empty_table_leaves_a_provider_out() -> None:
    """As in Flet."""
    keys = '[tool.flet.android.provider]\n"any.Name" = false\n"any.Other" = {}'
    assert named(keys, "provider") == set()


@pytest.mark.parametrize(
    "text",
    [
        "@home",
        "?",
        "\\",
        "\\n",
        "a\nb\tc\rd",
        "\\u0041",
        'It\'s "x" <b>&amp;',
        "\N{PILE OF POO}",
        "@@",
        " x ",
        "%s",
        "x" * 200,
    ],
)
def test_a_name_is_shown_as_it_is_written(text: str) -> None:
    """Whatever Android's own rules for texts in XML would make of it, through XML and those rules."""
    found = ElementTree.fromstring(f'<a b="{manifest_escaped(written.literal(text))}" />').get("b", "")
    attribute = {"format": "string|reference"}
    assert inside.module("res_values").value(found, attribute, {}) == text


def manifest_escaped(text: str) -> str:
    """A text as the templates write it."""
    return str(escape(text))


# --- the step -------------------------------------------------------------------------------------------------------


def test_the_apps_tree_is_read_only_for_an_image() -> None:
    """Without one, a change of the app draws nothing anew."""
    app = project()
    assert "app" not in resources.step(app, "1.0", PILLOW, "client").inputs
    for name in ("icon", "splash_dark_android"):
        assert "app" in resources.step(app.model_copy(update={"images": (name,)}), "1.0", PILLOW, "client").inputs
    assert "app" not in resources.step(app.model_copy(update={"images": ("icon_web",)}), "1.0", PILLOW, "client").inputs


@pytest.mark.parametrize(
    ("keys", "color"),
    [
        ("", "#ffffff"),
        ('icon_background = "#111111"', "#111111"),
        ('[tool.flet.android]\nicon_background = "#222222"', "#222222"),
        ('icon_background = "#111111"\n[tool.flet.android]\nadaptive_icon_background = "#333333"', "#333333"),
    ],
)
def test_the_ground_of_the_icon_falls_back_as_in_flet(keys: str, color: str) -> None:
    """From its own key to the one of all platforms."""
    (row,) = [one for one in settings(keys)["colors"] if one["name"] == "ic_launcher_background"]
    assert row["value"] == color


def test_no_splash_screen_leaves_a_plain_window() -> None:
    """Android 12 always shows one; it is then empty."""
    found = settings("[tool.flet.splash]\nandroid = false")
    assert found["splash"] is None
    assert found["drawables"] == {}
    for style in found["styles"]:
        assert style["items"]["windowBackground"] == "@color/splash"
        if style["config"].endswith("v31"):
            assert style["items"]["windowSplashScreenAnimatedIcon"] == "@android:color/transparent"


def settings(keys: str) -> dict[str, Any]:
    """What the script reads."""
    step = resources.step(project(keys), "1.0", PILLOW, "client")
    found: dict[str, Any] = json.loads(step.files["resources.json"])
    return found
