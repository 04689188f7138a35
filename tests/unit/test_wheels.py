"""Which wheels a target can use, decided on another machine."""

import pytest
from packaging.markers import Marker

from builder.fletline import Pyodide
from builder.resolver.wheels import best, browser, desktop, summary

PYODIDE = Pyodide(version="0.27.7", python="3.12.7", platform="pyodide_2024_0_wasm32", bundled=True)
NATIVE = [
    "a-1-cp312-cp312-macosx_10_13_x86_64.whl",
    "a-1-cp312-cp312-macosx_11_0_arm64.whl",
    "a-1-cp312-cp312-macosx_14_0_arm64.whl",
    "a-1-cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    "a-1-cp312-cp312-manylinux_2_28_aarch64.whl",
    "a-1-cp312-cp312-manylinux_2_31_x86_64.whl",
    "a-1-cp312-cp312-musllinux_1_2_x86_64.whl",
    "a-1-cp312-cp312-pyodide_2024_0_wasm32.whl",
    "a-1-cp312-cp312-pyemscripten_2026_0_wasm32.whl",
    "a-1-cp312-cp312-win32.whl",
    "a-1-cp312-cp312-win_amd64.whl",
    "a-1-cp313-cp313-win_amd64.whl",
    "a-1.tar.gz",
]


def environment(target):
    """The environment of a target with Python 3.12."""
    return browser(PYODIDE) if target in ("web", "apk") else desktop(target, "3.12.15")


def chosen(names, target):
    """The name of the wheel that a target gets."""
    return best({name: name for name in names}, environment(target))


@pytest.mark.parametrize(
    ("target", "number"),
    [
        ("macos-x86_64", 0),
        ("macos-arm64", 1),
        ("linux-x86_64", 3),
        ("linux-aarch64", 4),
        ("web", 7),
        ("apk", 7),
        ("windows-x86_64", 10),
    ],
)
def test_each_target_gets_its_own_wheel(target, number):
    """Of many wheels a target gets the one that its oldest system (glibc 2.28, macOS 12) can load."""
    assert chosen(NATIVE, target) == NATIVE[number]


@pytest.mark.parametrize("target", ["web", "linux-x86_64", "windows-x86_64"])
@pytest.mark.parametrize("tag", ["py3-none-any", "py2.py3-none-any", "py312-none-any", "cp312-none-any"])
def test_a_pure_wheel_serves_every_target(target, tag):
    """A wheel without native code is usable wherever its Python is."""
    assert chosen([f"a-1-{tag}.whl"], target) == f"a-1-{tag}.whl"


@pytest.mark.parametrize(
    "name",
    [
        "a-1-cp312-cp312-manylinux_2_31_x86_64.whl",
        "a-1-cp312-cp312-musllinux_1_2_x86_64.whl",
        "a-1-cp313-none-any.whl",
        "a-1-py2-none-any.whl",
        "a-1.tar.gz",
        "strange.whl",
        "a-1-py3-none-any.egg",
    ],
)
def test_what_linux_cannot_load_is_not_taken(name):
    """A newer glibc, musl, another Python, a source archive and a broken name are all no wheel for glibc 2.28."""
    assert chosen([name], "linux-x86_64") is None


def test_the_stable_abi_serves_a_newer_python():
    """A wheel for abi3 of an older CPython is usable, one for its own ABI is better."""
    old = "a-1-cp39-abi3-manylinux_2_17_x86_64.whl"
    own = "a-1-cp312-cp312-manylinux_2_17_x86_64.whl"
    assert chosen([old], "linux-x86_64") == old
    assert chosen([old, own], "linux-x86_64") == own


def test_of_equal_wheels_the_highest_build_wins_in_any_order():
    """Two mirrors that list files in another order give the same lock."""
    names = ["a-1-2-py3-none-any.whl", "a-1-10-py3-none-any.whl", "a-1-py3-none-any.whl"]
    assert {chosen(order, "web") for order in (names, names[::-1])} == {"a-1-10-py3-none-any.whl"}


@pytest.mark.parametrize(
    ("marker", "targets"),
    [
        ("sys_platform == 'emscripten'", {"web", "apk"}),
        ("platform_system == 'Windows' and platform_machine == 'AMD64'", {"windows-x86_64"}),
        ("platform_machine == 'arm64' and sys_platform == 'darwin'", {"macos-arm64"}),
        ("os_name == 'posix' and platform_machine == 'aarch64'", {"linux-aarch64"}),
        ("python_full_version < '3.12.10'", {"web", "apk"}),
        ("implementation_name != 'cpython'", set()),
    ],
)
def test_markers_are_those_of_the_target(marker, targets):
    """PEP 508 markers are evaluated for the target's machine, not for the one that locks."""
    every = {"web", "apk", "windows-x86_64", "macos-arm64", "linux-aarch64", "linux-x86_64", "macos-x86_64"}
    assert {name for name in every if Marker(marker).evaluate({**environment(name).markers, "extra": ""})} == targets


def test_a_summary_names_pythons_and_machines():
    """A message says shortly which wheels there are."""
    found = summary(["a-1-cp311-cp311-win_amd64.whl", "a-1-cp313-cp313-macosx_11_0_arm64.whl", "a-1.tar.gz"])
    assert found == "wheels of cp311 to cp313 for macosx arm64, win amd64"
    assert summary(["a-1.tar.gz"]) == "a source archive only"


def test_a_summary_says_which_systems_are_too_old():
    """Else a wheel of the right machine would seem to fit; what also has a wheel for older ones is named beside."""
    newer = ["a-1-cp312-cp312-manylinux_2_34_x86_64.whl", "a-1-cp312-cp312-macosx_14_0_arm64.whl"]
    assert summary(newer) == (
        "wheels of cp312 for macosx arm64 (macOS 14.0 or newer), manylinux x86_64 (glibc 2.34 or newer)"
    )
    assert summary(["a-1-cp312-cp312-manylinux_2_28_x86_64.whl"]) == "wheels of cp312 for manylinux x86_64"
