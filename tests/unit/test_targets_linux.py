"""The plan of the Linux targets: what is shared by apps, what each key changes, and names that no file can have."""

import json
from typing import Any

import pytest

from builder.errors import BuilderError, Exit
from builder.lock import Inputs, Lock, Pin, Toolchain
from builder.plan import Built, Pinned, Step, Tree
from builder.project import Project
from builder.targets import TARGETS

TARGET = "linux-x86_64"


def pin(name: str, file: str, **more: Any) -> Pin:
    """A pin of both Linux targets whose sha256 follows from its name."""
    sha256 = name.encode().hex().ljust(64, "0")[:64]
    values = {"name": name, "version": "1.0", "source": "pypi", "file": file, "sha256": sha256, "hash": "index"}
    return Pin(**{**values, "targets": ("linux-aarch64", TARGET), **more})


def lock(version: str = "0.82.2", runtime: Any = "bytedeco", python: str = "3.12", flavor: str = "light") -> Lock:
    """A lock of an app that requires only Flet."""
    packages = [pin("flet", f"flet-{version}-py3-none-any.whl", version=version), pin("six", "six-1-py3-none-any.whl")]
    pins = [pin("cpython", "cpython.jar", source="maven"), pin("pillow", "pillow-1.whl", hash="table")]
    if version.startswith("0."):
        for name in ("flet-desktop-light", "flet-desktop"):
            packages.append(pin(name, f"{name.replace('-', '_')}-{version}-py3-none-linux.whl", version=version))
    else:
        pins.append(pin("flet-client", "flet-linux.tar.gz", source="flet-releases", version=version))
    return Lock(
        inputs=Inputs(
            requires=("flet",),
            targets=(TARGET,),
            python=python,
            client="prebuilt",
            runtime=runtime,
            desktop_flavor=flavor,
        ),
        toolchain=Toolchain(name="python-3.12", nar="0" * 64),
        packages=tuple(packages),
        pins=tuple(pins),
    )


def planned(locked: Lock | None = None, target: str = TARGET, **project: Any) -> dict[str, Step]:
    """The steps by name."""
    values = {"name": "shop", "version": "1.0", "requires": ("flet",), **project}
    return {step.name: step for step in TARGETS["linux"].steps(Project(**values), locked or lock(), target)}


def settings(step: Step, name: str) -> dict[str, Any]:
    """One of a step's settings files."""
    values: dict[str, Any] = json.loads(step.files[name])
    return values


def test_only_app_and_bundle_are_made_anew() -> None:
    """Client, interpreter and packages are unpacked and compressed once, whatever changes in the app."""
    steps = planned()
    assert list(steps) == [
        "client", "python", "packages", "client-layer", "python-layer", "packages-layer", "app", "bundle"
    ]  # fmt: skip
    trees = [name for name, step in steps.items() if any(isinstance(source, Tree) for source in step.inputs.values())]
    assert trees == ["app"]
    assert steps["bundle"].inputs == {name: Built(step=name) for name in ("client", "python", "packages", "app")}


@pytest.mark.parametrize("flet", [{"product": "x"}, {"bundle_id": "a.b"}, {"artifact": "other"}, {"app.module": "m"}])
def test_names_reach_no_shared_output(flet: dict[str, Any]) -> None:
    """What is unpacked and compiled is shared by all apps with the same pins."""
    plain, other = planned(), planned(flet=flet)
    assert [plain[name] for name in ("client", "python", "packages")] == [
        other[name] for name in ("client", "python", "packages")
    ]


@pytest.mark.parametrize("runtime", ["bytedeco", "python-build-standalone"])
@pytest.mark.parametrize("target", ["linux-x86_64", "linux-aarch64"])
def test_each_runtime_has_its_layout(runtime: str, target: str) -> None:
    """Both keep the places that CPython finds itself by."""
    found = settings(planned(lock(runtime=runtime), target)["python"], "python.json")
    assert {"bin/python3.12", "lib/python3.12"} <= set(found["take"])
    assert "lib/python3.12/test" in found["leave"]
    assert found["below"].endswith("/")
    assert bool(found["move"]) == bool(found["executable"]) == (runtime == "bytedeco")


def test_a_client_that_is_no_wheel_is_an_archive() -> None:
    """Flet 1.0's is an archive of Flet's own release."""
    assert planned(lock("1.0.5"))["client"].args == ("flet-linux.tar.gz",)
    assert planned()["client"].args == ("flet_desktop_light-0.82.2-py3-none-linux.whl",)


def test_the_flavor_chooses_client_and_extensions() -> None:
    """`desktop_flavor` is an input of the lock; what the full client has in it may be installed then."""
    light, full = planned(), planned(lock(flavor="full"))
    assert full["client"].args == ("flet_desktop-0.82.2-py3-none-linux.whl",)
    has = [set(settings(steps["packages"], "install.json")["extensions"]) for steps in (light, full)]
    assert has[1] - has[0] == {"flet_audio", "flet_video"}
    assert "flet_charts" in has[0]
    assert planned(lock("1.0.5"))["client"].args == planned(lock("1.0.5", flavor="full"))["client"].args


def test_an_app_without_icon_needs_no_pillow() -> None:
    """Nor says its desktop entry that it has one."""
    plain, drawn = planned(), planned(images=("icon",))
    assert "icons" not in plain
    assert drawn["icons"].inputs["pillow-1.whl"] == Pinned(pin=b"pillow".hex().ljust(64, "0"))
    assert "Icon=" not in plain["app"].files["entry.desktop"]
    assert "Icon=com.flet.shop\n" in drawn["app"].files["entry.desktop"]


def test_icons_are_drawn_anew_for_other_images_alone() -> None:
    """A change of the app's code reaches its own step only."""
    drawn = planned(images=("icon_linux",))
    assert drawn["icons"].inputs["app"] == Tree(tree="images")
    assert drawn["bundle"].inputs["icons"] == Built(step="icons")
    assert drawn["app"].inputs["icons-layer"] == Built(step="icons-layer")


KEYS: dict[str, tuple[dict[str, Any], str, str]] = {
    "product": ({"product": "The Shop"}, "entry.desktop", "Name=The Shop\n"),
    "artifact": ({"artifact": "the shop"}, "entry.desktop", 'Exec="the shop"\n'),
    "artifact of linux": ({"linux.artifact": "x", "artifact": "y"}, "app.json", '"launcher": "x"'),
    "org": ({"org": "org.example"}, "start.json", '"id": "org.example.shop"'),
    "bundle_id": ({"bundle_id": "org.example.Till"}, "entry.desktop", "StartupWMClass=org.example.Till\n"),
    "categories": ({"linux.categories": ["Office", "Finance"]}, "entry.desktop", "Categories=Office;Finance;\n"),
    "no categories": ({}, "entry.desktop", "Categories=Utility;\n"),
    "hidden": ({"app.hide_window_on_start": True}, "start.json", '"hidden": true'),
    "hidden on linux": ({"linux.app.hide_window_on_start": True}, "start.json", '"hidden": true'),
    "not hidden": ({}, "start.json", '"hidden": false'),
    "exclude": ({"app.exclude": ["tests"]}, "app.json", '"exclude": [\n  "tests"\n ]'),
    "cleanup": ({"cleanup.app": True}, "app.json", "**/__pycache__"),
    "compile": ({"compile.app": True}, "app.json", '"compile": true'),
    "version": ({}, "app.json", '"archive": "shop-1.0-linux-x86_64.tar.gz"'),
    "flet's version": ({}, "version.py", 'version = "0.82.2"'),
}


@pytest.mark.parametrize("key", KEYS)
def test_what_keys_say_reaches_the_app(key: str) -> None:
    """Each key that is honoured for Linux."""
    flet, file, text = KEYS[key]
    assert text in planned(flet=flet)["app"].files[file]


def test_byte_code_is_only_of_the_toolchains_python() -> None:
    """Another interpreter's would not load."""
    assert settings(planned()["python"], "python.json")["compile"] is True
    assert settings(planned()["packages"], "install.json")["generated"] == "flet"
    for off in (planned(lock(python="3.14")), planned(flet={"compile.packages": False})):
        assert settings(off["python"], "python.json")["compile"] is False
        assert settings(off["packages"], "install.json")["compile"] is False
        assert settings(off["packages"], "install.json")["generated"] == ""


NASTY = {
    "quotes": ('Ann\'s "Shop"', 'Name=Ann\'s "Shop"\n'),
    "a backslash": ("a\\b", "Name=a\\\\b\n"),
    "lines": ("one\nExec=evil", "Name=one\\nExec=evil\n"),
    "other scripts": ("Лавка 商店 \N{PILE OF POO}", "Name=Лавка 商店 \N{PILE OF POO}\n"),
    "template language": ("{{ 7 * 7 }}{% raw %}", "Name={{ 7 * 7 }}{% raw %}\n"),
    "200 characters": ("x" * 200, f"Name={'x' * 200}\n"),
}


@pytest.mark.parametrize("name", NASTY)
def test_a_product_may_be_any_text(name: str) -> None:
    """It stands in one line of the desktop entry."""
    product, line = NASTY[name]
    entry = planned(flet={"product": product})["app"].files["entry.desktop"]
    assert line in entry
    assert [text for text in entry.splitlines() if text.startswith("Exec=")] == ['Exec="shop"']


def test_a_launcher_with_odd_letters_is_quoted() -> None:
    """As the key Exec has it: `%` is a field code, and a shell's letters are escaped."""
    entry = planned(flet={"artifact": "50% $HOME `x`'é"})["app"].files["entry.desktop"]
    assert 'Exec="50%% \\\\$HOME \\\\`x\\\\`\'é"\n' in entry


@pytest.mark.parametrize(
    "artifact",
    ["a/b", "a\\b", "..", ".hidden", "-rf", "x" * 101, "é" * 51, "tail ", "a:b", "a\tb", 'say "hi"', "lib", "share"],
)
def test_no_file_is_called_so(artifact: str) -> None:
    """The error names the key."""
    with pytest.raises(BuilderError) as caught:
        planned(flet={"artifact": artifact})
    assert caught.value.code == Exit.PROJECT
    assert "artifact" in caught.value.hint


@pytest.mark.parametrize("flet", [{"bundle_id": "shop"}, {"bundle_id": "1.2"}, {"org": "a b"}, {"bundle_id": "a..b"}])
def test_an_identifier_is_a_reversed_domain(flet: dict[str, Any]) -> None:
    """It names files, folders and windows."""
    with pytest.raises(BuilderError, match="no identifier") as caught:
        planned(flet=flet)
    assert caught.value.code == Exit.PROJECT


def test_a_category_is_a_word() -> None:
    """One with a line end could add keys to the desktop entry."""
    with pytest.raises(BuilderError, match="no category"):
        planned(flet={"linux.categories": ["Utility;\nExec=evil"]})


def test_a_lock_without_a_runtime_says_so() -> None:
    """As of a builder that locked no desktops."""
    with pytest.raises(BuilderError, match="has no `cpython`") as caught:
        planned(lock().model_copy(update={"pins": ()}))
    assert caught.value.code == Exit.LOCK
