"""The plan of the macOS targets: what is shared by apps, what each key changes, and what Apple's systems can't have."""

import json
import plistlib
from typing import Any

import pytest

from builder import templates
from builder.errors import BuilderError, Exit
from builder.fletkeys import KEYS
from builder.lock import Inputs, Lock, Pin, Toolchain
from builder.plan import Built, Pinned, Step, Tree
from builder.project import Project
from builder.resolver.wheels import MACOS
from builder.targets import TARGETS
from builder.targets.macos import SYSTEM

TARGETS_OF = ("macos-arm64", "macos-x86_64")


def pin(name: str, file: str, **more: Any) -> Pin:
    """A pin of both targets whose sha256 follows from its name."""
    sha256 = name.encode().hex().ljust(64, "0")[:64]
    values = {"name": name, "version": "1.0", "source": "pypi", "file": file, "sha256": sha256, "hash": "index"}
    return Pin(**{**values, "targets": TARGETS_OF, **more})


def lock(version: str = "0.82.2", runtime: Any = "bytedeco") -> Lock:
    """A lock of an app that requires only Flet."""
    packages = [pin("flet", f"flet-{version}-py3-none-any.whl", version=version), pin("six", "six-1-py3-none-any.whl")]
    pins = [pin("cpython", "cpython.tar.gz", source="maven"), pin("pillow", "pillow-1.whl", hash="table")]
    if version.startswith("0."):
        packages.append(pin("flet-desktop", f"flet_desktop-{version}-py3-none-macosx_12_0_x86_64.whl", version=version))
    else:
        pins.append(pin("flet-client", "flet-macos.tar.gz", source="flet-releases", version=version))
    return Lock(
        inputs=Inputs(requires=("flet",), targets=TARGETS_OF, python="3.12", client="prebuilt", runtime=runtime),
        toolchain=Toolchain(name="python-3.12", nar="0" * 64),
        packages=tuple(packages),
        pins=tuple(pins),
    )


def planned(locked: Lock | None = None, target: str = "macos-x86_64", **project: Any) -> dict[str, Step]:
    """The steps by name."""
    values = {"name": "shop", "version": "1.0", "requires": ("flet",), **project}
    return {step.name: step for step in TARGETS["macos"].steps(Project(**values), locked or lock(), target)}


def settings(step: Step, name: str) -> dict[str, Any]:
    """One of a step's settings files."""
    values: dict[str, Any] = json.loads(step.files[name])
    return values


def info(target: str = "macos-x86_64", **project: Any) -> dict[str, Any]:
    """Info.plist."""
    steps = planned(lock(runtime="python-build-standalone"), target, **project)
    found: dict[str, Any] = plistlib.loads(steps["app"].files["Info.plist"].encode())
    return found


def test_only_app_and_bundle_are_made_anew() -> None:
    """Client, interpreter and packages are unpacked and compressed once, and the icon follows the images alone."""
    steps = planned(images=("icon",))
    assert list(steps) == [
        "client", "python", "packages", "icon", "client-layer", "python-layer", "packages-layer", "icon-layer",
        "app", "bundle",
    ]  # fmt: skip
    trees = {
        name: source.tree for name, step in steps.items() for source in step.inputs.values() if isinstance(source, Tree)
    }
    assert trees == {"icon": "images", "app": "app"}
    assert steps["bundle"].inputs == {
        name: Built(step=name) for name in ("client", "python", "packages", "icon", "app")
    }


@pytest.mark.parametrize("flet", [{"product": "x"}, {"bundle_id": "a.b"}, {"artifact": "other"}, {"app.module": "m"}])
def test_names_reach_no_shared_output(flet: dict[str, Any]) -> None:
    """What is unpacked and compiled is shared by all apps with the same pins."""
    plain, other = planned(), planned(flet=flet)
    for name in ("client", "python", "packages"):
        assert plain[name] == other[name]


@pytest.mark.parametrize(
    ("runtime", "target"),
    [("bytedeco", "macos-x86_64"), *(("python-build-standalone", target) for target in TARGETS_OF)],
)
def test_each_runtime_has_its_layout(runtime: str, target: str) -> None:
    """What links to libraries of Homebrew is left out of the one that has such."""
    found = settings(planned(lock(runtime=runtime), target)["python"], "python.json")
    assert {"bin/python3.12", "lib/python3.12"} <= set(found["take"])
    assert any(name.endswith("libpython3.12.dylib") for name in found["take"])
    lost = {f"lib/python3.12/lib-dynload/{name}.*" for name in ("_dbm", "_gdbm", "_lzma")}
    assert (lost <= set(found["leave"])) == (runtime == "bytedeco")
    assert "lib/python3.12/lib-dynload/_tkinter.*" in found["leave"]


def test_a_client_that_is_no_wheel_is_an_archive() -> None:
    """Flet 1.0's is an archive of Flet's own release."""
    assert planned(lock("1.0.5"))["client"].args == ("flet-macos.tar.gz",)
    assert planned()["client"].args == ("flet_desktop-0.82.2-py3-none-macosx_12_0_x86_64.whl",)


def test_an_app_without_icon_needs_no_pillow() -> None:
    """Nor says Info.plist that it has one."""
    drawn = planned(images=("icon_macos",))
    assert "icon" not in planned()
    assert drawn["icon"].inputs["pillow-1.whl"] == Pinned(pin=b"pillow".hex().ljust(64, "0"))
    assert "CFBundleIconFile" not in info()
    for image in ("icon", "icon_macos", "icon.icns", "icon_macos.icns"):
        assert info(images=(image,))["CFBundleIconFile"] == "AppIcon.icns"


def test_the_oldest_system_is_the_one_that_wheels_are_locked_for() -> None:
    """A newer wheel than this is in no lock."""
    assert ".".join(map(str, MACOS)) == SYSTEM == info()["LSMinimumSystemVersion"]


@pytest.mark.parametrize("target", TARGETS_OF)
def test_a_script_says_which_processor_it_is_for(target: str) -> None:
    """macOS can't see it, and would ask for Rosetta."""
    assert info(target)["LSArchitecturePriority"] == [target.removeprefix("macos-")]


# key -> (what is written, file of the step `app` or `icon`, what stands in it then and only then)
KEYED: dict[str, tuple[dict[str, Any], str, str]] = {
    "app.path": ({}, "app.json", '"path": "src"'),
    "app.module": ({}, "app.json", '"module": "start"'),
    "app.exclude": ({"app.exclude": ["tests"]}, "app.json", '"exclude": [\n  "tests"\n ]'),
    "app.include": ({"macos.app.include": [".in"]}, "app.json", '"include": [\n  ".in"\n ]'),
    "app.default_excludes": ({"app.default_excludes": False}, "app.json", '"defaults": false'),
    "app.hide_window_on_start": ({"macos.app.hide_window_on_start": True}, "start.json", '"hidden": true'),
    "artifact": ({"artifact": "the shop"}, "app.json", '"bundle": "the shop.app"'),
    "product": ({"product": "The Shop"}, "app.json", '"bundle": "The Shop.app"'),
    "build_number": ({"build_number": 77}, "Info.plist", "<string>77</string>"),
    "org": ({"org": "org.example"}, "start.json", '"id": "org.example.shop"'),
    "bundle_id": ({"macos.bundle_id": "org.example.Till"}, "Info.plist", "<string>org.example.Till</string>"),
    "copyright": ({"copyright": "© Ann"}, "Info.plist", "<string>© Ann</string>"),
    "icon_background": ({"icon_background": "#123456"}, "icon.json", '"background": "#123456"'),
    "macos.icon_style": ({"macos.icon_style": "grid"}, "icon.json", '"style": "grid"'),
    "permissions": ({"permissions": ["camera"]}, "entitlements", "com.apple.security.device.camera"),
    "deep_linking.scheme": ({"macos.deep_linking.scheme": "shop"}, "Info.plist", "CFBundleURLSchemes"),
    "info": ({"macos.info": {"LSUIElement": False}}, "Info.plist", "<key>LSUIElement</key>\n\t<false/>"),
    "macos.entitlement": ({"macos.entitlement": {"a.b": [1, "x"]}}, "entitlements", "<integer>1</integer>"),
    "compile.app": ({"compile.app": True}, "app.json", '"compile": true'),
    "cleanup.app": ({"cleanup.app": True}, "app.json", "**/__pycache__"),
    "cleanup.app_files": ({"cleanup.app_files": ["**.md"]}, "app.json", "**.md"),
}
# what the lock follows, what the packages are, and tables of [project]
ELSEWHERE = {
    "project", "description", "build_version", "dependencies", "dev_packages", "source_packages", "compile.packages",
    "cleanup.packages", "cleanup.package_files", "output", "verbose",
}  # fmt: skip


def test_no_honoured_key_is_without_a_test() -> None:
    """A key that is marked as honoured for macOS stands in the table above."""
    assert {key.name for key in KEYS if key.is_honoured("macos")} - ELSEWHERE == KEYED.keys()


@pytest.mark.parametrize("key", KEYED)
def test_what_keys_say_reaches_the_app(key: str) -> None:
    """And is not there without them."""
    flet, file, text = KEYED[key]
    more = {"app.path": {"path": "src"}, "app.module": {"module": "start"}}.get(key, {})

    def texts(**project: Any) -> str:
        steps = planned(images=("icon",), **project)
        return {**steps["app"].files, **steps["icon"].files}[file]

    assert text in texts(flet=flet, **more)
    assert text not in texts()


def test_packages_follow_their_keys() -> None:
    """As for the other targets."""
    off = planned(flet={"compile.packages": False, "cleanup.packages": False})
    assert settings(off["python"], "python.json")["compile"] is False
    assert settings(off["packages"], "install.json")["compile"] is False
    assert settings(off["packages"], "install.json")["cleanup"] == []
    assert settings(planned()["python"], "python.json")["compile"] is True


@pytest.mark.parametrize(
    ("version", "told"), [("1.2.3", "1.2.3"), ("1.2.3.4rc1+x", "1.2.3"), ("2!7", "7"), ("v3.1", "3.1")]
)
def test_a_version_is_three_numbers_at_most(version: str, told: str) -> None:
    """What Apple has no form for stays in the archive's name."""
    assert info(version=version)["CFBundleShortVersionString"] == told
    kept = version.replace("!", "_")
    assert settings(planned(version=version)["app"], "app.json")["archive"] == f"shop-{kept}-macos-x86_64.zip"


NAMES = ["Ann's 50% $HOME `x`", "Лавка 商店 \N{PILE OF POO}", "{{ 7 + 7 }}{% raw %}", "a & <b>", "x" * 96]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_may_be_any_text_that_a_file_can_have(name: str) -> None:
    """It stands in Info.plist as it is."""
    if "<" in name:
        found = info(flet={"product": name, "artifact": "shop"})
        assert found["CFBundleName"] == found["CFBundleDisplayName"] == name
        return
    assert info(flet={"product": name})["CFBundleExecutable"] == name
    assert settings(planned(flet={"product": name})["app"], "app.json")["launcher"] == name


def test_accents_have_one_form() -> None:
    """The same app gives the same bytes, whichever way its author's editor writes them (NFC)."""
    assert (
        planned(flet={"product": "Cafe\u0301"})["app"].files["app.json"]
        == planned(flet={"product": "Caf\u00e9"})["app"].files["app.json"]
    )


@pytest.mark.parametrize("name", ["a/b", "a\\b", "..", ".hidden", "-rf", "x" * 200, "é" * 51, "a:b", "a\tb", 'say "x"'])
@pytest.mark.parametrize("key", ["artifact", "product", "macos.artifact"])
def test_no_bundle_is_called_so(name: str, key: str) -> None:
    """It says what to set; with `artifact`, users may still see any name."""
    with pytest.raises(BuilderError, match="can't be the name of the app's files") as caught:
        planned(flet={key: name})
    assert caught.value.code == Exit.PROJECT
    assert "`artifact`" in str(caught.value.hint)
    if key == "product":
        assert info(flet={key: name, "artifact": "shop"})["CFBundleName"] == name


def test_an_identifier_of_apple_has_no_underscore() -> None:
    """What is made of the project's name has hyphens."""
    assert info(name="my_shop 2")["CFBundleIdentifier"] == "com.flet.my-shop-2"
    assert info(name="商店")["CFBundleIdentifier"] == "com.flet.app"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "identifier with underscore": ({"bundle_id": "com.example.my_app"}, "no identifier of a macOS app"),
    "identifier without dot": ({"bundle_id": "shop"}, "no identifier of a macOS app"),
    "identifier beyond ASCII": ({"org": "com.exämple"}, "no identifier of a macOS app"),
    "long identifier": ({"org": "a." * 80 + "b"}, "no identifier of a macOS app"),
    "identifier with a line": ({"bundle_id": "com.a\n"}, "no identifier of a macOS app"),
    "scheme": ({"macos.deep_linking.scheme": "a b"}, "which is no scheme"),
    "negative number": ({"build_number": -1}, "`build_number` is -1"),
    "too large a number": ({"macos.info": {"a": {"b": [1 << 70]}}}, "`tool.flet.macos.info.a` holds a number"),
    "no text of XML": ({"macos.info": {"a": "\uffff"}}, "`tool.flet.macos.info.a` holds a character"),
    "entitlement": ({"macos.entitlement": {"a": -(1 << 70)}}, "`tool.flet.macos.entitlement.a` holds a number"),
    "own key": ({"macos.info": {"CFBundleExecutable": "x"}}, "says what builder writes itself"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_apple_refuses_is_refused(case: str) -> None:
    """Before anything is built, with what to write."""
    flet, said = WRONG[case]
    with pytest.raises(BuilderError, match=said) as caught:
        planned(flet=flet)
    assert caught.value.code == Exit.PROJECT
    assert caught.value.hint


def test_a_version_without_number_is_refused() -> None:
    """Apple's systems compare numbers."""
    with pytest.raises(BuilderError, match="does not begin with a number"):
        planned(version="next")


def test_the_launcher_finds_the_resources() -> None:
    """From Contents/MacOS; it is the one that Linux apps have too."""
    text = planned()["app"].files["launcher"]
    assert text.splitlines()[-1] == (
        'exec "${here%/*}/Resources/python/bin/python3.12" -I -B "${here%/*}/Resources/start.py" "$@"'
    )
    values = {"root": "$here", "python": "lib/python/bin/python3.12", "start": "lib/start.py"}
    assert text.splitlines()[:-1] == templates.render("desktop/launcher.sh", **values).splitlines()[:-1]


def test_a_lock_without_a_runtime_says_so() -> None:
    """As of a builder that locked no desktops."""
    with pytest.raises(BuilderError, match="has no `cpython`") as caught:
        planned(lock().model_copy(update={"pins": ()}))
    assert caught.value.code == Exit.LOCK
