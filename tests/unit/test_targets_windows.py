"""The plan of the Windows target: what is shared by apps, what each key changes, and names that no file can have."""

import json
from typing import Any

import pytest

from builder.errors import BuilderError, Exit
from builder.lock import Inputs, Lock, Pin, Toolchain
from builder.plan import IMAGES, Built, Pinned, Step, Tree
from builder.project import Project
from builder.targets import TARGETS

TARGET = "windows-x86_64"
TOOLS = ("distlib", "grope", "pe-tools", "pillow")


def pin(name: str, file: str, **more: Any) -> Pin:
    """A pin whose sha256 follows from its name."""
    sha256 = name.encode().hex().ljust(64, "0")[:64]
    values = {"name": name, "version": "1.0", "source": "pypi", "file": file, "sha256": sha256, "hash": "index"}
    return Pin(**{**values, "targets": (TARGET,), **more})


def lock(version: str = "0.82.2", runtime: Any = "bytedeco") -> Lock:
    """A lock of an app that requires only Flet."""
    packages = [pin("flet", f"flet-{version}-py3-none-any.whl", version=version)]
    pins = [pin("cpython", "cpython.jar", source="maven")]
    pins += [pin(name, f"{name}-1.whl", hash="table") for name in TOOLS]
    if version.startswith("0."):
        packages.append(pin("flet-desktop", f"flet_desktop-{version}-py3-none-win_amd64.whl", version=version))
    else:
        pins.append(pin("flet-client", "flet-windows.zip", source="flet-releases", version=version))
    return Lock(
        inputs=Inputs(requires=("flet",), targets=(TARGET,), python="3.12", client="prebuilt", runtime=runtime),
        toolchain=Toolchain(name="python-3.12", nar="0" * 64),
        packages=tuple(packages),
        pins=tuple(pins),
    )


def planned(locked: Lock | None = None, **project: Any) -> dict[str, Step]:
    """The steps by name."""
    values = {"name": "shop", "version": "1.0", "requires": ("flet",), **project}
    return {step.name: step for step in TARGETS["windows"].steps(Project(**values), locked or lock(), TARGET)}


def settings(step: Step, name: str) -> dict[str, Any]:
    """One of a step's settings files."""
    values: dict[str, Any] = json.loads(step.files[name])
    return values


def test_only_app_and_bundle_follow_the_code() -> None:
    """The programs follow the app's images alone; all else is unpacked and compressed once."""
    steps = planned(images=("icon",))
    assert list(steps) == [
        "client", "python", "packages", "programs", "stable",
        "client-layer", "python-layer", "packages-layer", "programs-layer", "stable-layer", "app", "bundle",
    ]  # fmt: skip
    trees = {name: step.inputs["app"] for name, step in steps.items() if isinstance(step.inputs.get("app"), Tree)}
    assert trees == {"programs": Tree(tree=IMAGES), "app": Tree(tree="app")}
    laid = ("client", "python", "packages", "programs", "stable", "app")
    assert steps["bundle"].inputs == {name: Built(step=name) for name in laid}


def test_names_reach_no_shared_output() -> None:
    """What is unpacked and compiled is shared by all apps with the same pins."""
    plain, other = planned(), planned(flet={"product": "x", "artifact": "y", "bundle_id": "a.b"})
    assert [plain[name] for name in ("client", "python", "packages")] == [
        other[name] for name in ("client", "python", "packages")
    ]


RUNTIMES = {
    "bytedeco": ["lib", r"lib\site-packages", "import site"],
    "python-build-standalone": ["DLLs", "Lib", r"Lib\site-packages", "import site"],
}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_interpreter_is_told_where_its_library_lies(runtime: str) -> None:
    """By `python312._pth`, so neither registry nor environment count; packages lie in that library's own folder."""
    steps = planned(lock(runtime=runtime))
    assert steps["app"].files["python312._pth"].splitlines() == RUNTIMES[runtime]
    packages = f"lib/python/{RUNTIMES[runtime][-2]}".replace("\\", "/")
    assert settings(steps["app"], "app.json")["packages"] == packages
    assert f"packages=shop/{packages}/" in steps["bundle"].args
    found = settings(steps["python"], "python.json")
    assert {"pythonw.exe", "python312.dll", "vcruntime140.dll"} <= set(found["require"])
    assert "*/tkinter" in found["leave"]
    assert "bin/python3.12" not in found["require"]
    assert ("stable" in steps) == (runtime == "bytedeco")  # the other has python3.dll


def test_a_client_that_is_no_wheel_is_an_archive() -> None:
    """Flet 1.0's is an archive of Flet's own release."""
    steps = planned(lock("1.0.5"))
    assert steps["client"].args == ("flet-windows.zip",)
    assert settings(steps["programs"], "programs.json")["client"] == "flet-windows.zip"


def test_an_app_without_icon_needs_no_pillow() -> None:
    """Its programs have Flet's icon."""
    plain, drawn = planned()["programs"], planned(images=("icon_windows.ico",))["programs"]
    assert "pillow-1.whl" not in plain.inputs
    assert "app" not in plain.inputs
    assert drawn.inputs["pillow-1.whl"] == Pinned(pin=b"pillow".hex().ljust(64, "0"))


def strings(**flet: Any) -> dict[str, Any]:
    """What the version resource of an app says."""
    found: dict[str, Any] = settings(planned(flet=flet)["programs"], "programs.json")["strings"]
    return found


def test_the_version_resource_says_what_was_written() -> None:
    """Each key; a company that nobody named is not made up."""
    assert strings() == {
        "FileDescription": "shop", "FileVersion": "1.0", "ProductName": "shop", "ProductVersion": "1.0",
    }  # fmt: skip
    found = strings(product="The Shop", company="Ann", copyright="(c) Ann")
    assert found["CompanyName"] == "Ann"
    assert found["LegalCopyright"] == "(c) Ann"
    assert found["ProductName"] == found["FileDescription"] == "The Shop"


@pytest.mark.parametrize(
    ("product", "said"),
    [
        ("x" * 300, "x" * 255),
        ("two\nlines\0", "two lines"),
        ('Ann\'s "Shop" \N{PILE OF POO} Лавка', 'Ann\'s "Shop" \N{PILE OF POO} Лавка'),
    ],
)
def test_a_product_may_be_any_text(product: str, said: str) -> None:
    """In one line, of a length that the resource can hold."""
    assert strings(product=product)["ProductName"] == said


@pytest.mark.parametrize(
    ("version", "numbers"),
    [
        ("1.2.3", [1, 2, 3, 1]),
        ("7", [7, 0, 0, 1]),
        ("1.2.3.4rc1", [1, 2, 3, 1]),
        ("nightly", [0, 0, 0, 1]),
        ("20261121.1", [65535, 1, 0, 1]),
    ],
)
def test_a_version_is_four_numbers(version: str, numbers: list[int]) -> None:
    """As Windows compares them: 16 bits each."""
    assert settings(planned(version=version)["programs"], "programs.json")["version"] == numbers


def test_the_number_of_the_build_is_the_last_of_them() -> None:
    """As in an app that Flutter builds."""
    assert settings(planned(flet={"build_number": 77})["programs"], "programs.json")["version"] == [1, 0, 0, 77]


KEYS: dict[str, tuple[dict[str, Any], str, str]] = {
    "org": ({"org": "org.example"}, "start.json", '"id": "org.example.shop"'),
    "bundle_id of windows": ({"windows.bundle_id": "a.b", "bundle_id": "c.d"}, "start.json", '"id": "a.b"'),
    "module": ({}, "start.json", '"module": "main"'),
    "hidden": ({"app.hide_window_on_start": True}, "start.json", '"hidden": true'),
    "hidden on windows": ({"windows.app.hide_window_on_start": True}, "start.json", '"hidden": true'),
    "not hidden": ({}, "start.json", '"hidden": false'),
    "exclude": ({"app.exclude": ["tests"]}, "app.json", '"exclude": [\n  "tests"\n ]'),
    "cleanup": ({"cleanup.app": True}, "app.json", "**/__pycache__"),
    "compile": ({"compile.app": True}, "app.json", '"compile": true'),
    "not compiled": ({}, "app.json", '"compile": false'),
    "flet's version": ({}, "version.py", 'version = "0.82.2"'),
}


@pytest.mark.parametrize("key", KEYS)
def test_what_keys_say_reaches_the_app(key: str) -> None:
    """Each key that is honoured for Windows, but for those of the programs."""
    flet, file, text = KEYS[key]
    assert text in planned(flet=flet)["app"].files[file]


def test_packages_stay_sources_where_that_is_asked_for() -> None:
    """Those of the interpreter too; else both are byte code."""
    off = planned(flet={"windows.compile.packages": False})
    for step, file in (("python", "python.json"), ("packages", "install.json")):
        assert settings(planned()[step], file)["compile"] is True
        assert settings(off[step], file)["compile"] is False


@pytest.mark.parametrize(
    "artifact", ["a/b", "..", "x" * 101, "tail ", "tail.", "a:b", 'say "hi"', "con", "NUL", "Com1", "aux.v2", "LPT³"]
)
def test_no_file_is_called_so(artifact: str) -> None:
    """The error names the key; devices are no files, whatever their ending."""
    with pytest.raises(BuilderError) as caught:
        planned(flet={"artifact": artifact})
    assert caught.value.code == Exit.PROJECT
    assert "artifact" in caught.value.hint


@pytest.mark.parametrize("artifact", ["конь", "50% `x`'é", "console", "com"])
def test_other_names_are_files(artifact: str) -> None:
    """Of the launcher, the folder and the zip."""
    steps = planned(flet={"artifact": artifact})
    assert settings(steps["programs"], "programs.json")["launcher"] == f"{artifact}.exe"
    assert settings(steps["app"], "app.json")["zip"] == f"{artifact}-1.0-windows-x86_64.zip"


def test_a_lock_of_an_older_builder_says_so() -> None:
    """It has no launcher."""
    old = lock()
    with pytest.raises(BuilderError, match="has no `distlib`") as caught:
        planned(old.model_copy(update={"pins": tuple(pin for pin in old.pins if pin.name != "distlib")}))
    assert caught.value.code == Exit.LOCK
