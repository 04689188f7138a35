"""What `builder tree` shows of a lock."""

import pytest

from builder.commands import tree
from builder.errors import BuilderError, Exit
from builder.lock import Inputs, Lock, Pin, Toolchain


def pin(name, *targets, size=1234, **more):
    """A pin of some bytes."""
    row = {"name": name, "version": "1.0", "source": "pypi", "file": f"{name}.whl", "sha256": "a" * 64, "hash": "index"}
    return Pin(**{**row, **more}, size=size, targets=targets)


LOCK = Lock(
    inputs=Inputs(requires=("flet",), targets=("apk", "web"), python="3.12", client="prebuilt", runtime="bytedeco"),
    toolchain=Toolchain(name="python-3.12", nar="b" * 64),
    packages=(pin("flet", "web"), pin("longer-name", "web", size=None)),
    pins=(
        pin("pyodide", "web", size=5_898_824, source="npm"),
        pin("deb:libc6", "toolchain", source="debian", hash="table"),
    ),
    unavailable={"apk": "no wheel"},
)


def test_a_target_shows_its_packages_pins_and_the_toolchain():
    """Each file stands on a line of its own in columns; an unknown size is a question mark and is counted."""
    assert tree.run(LOCK, "web") == [
        "web: 5.9 MB in 2 files and 1 of unknown size",
        "  flet         1.0  pypi  1.2 kB  index  flet.whl",
        "  longer-name  1.0  pypi  ?       index  longer-name.whl",
        "  pyodide      1.0  npm   5.9 MB  index  pyodide.whl",
        f"toolchain: python-3.12, NAR sha256 {'b' * 64}",
        "  deb:libc6  1.0  debian  1.2 kB  table  deb:libc6.whl",
    ]


def test_a_target_that_could_not_be_locked_shows_why():
    """The recorded reason takes the place of files."""
    assert tree.run(LOCK, "apk")[:2] == ["apk", "  can't be built: no wheel"]


def test_without_a_target_all_are_shown_and_the_toolchain_once():
    """The whole lock in its own order."""
    lines = tree.run(LOCK, "")
    assert [line.split(":")[0] for line in lines if not line.startswith(" ")] == ["apk", "web", "toolchain"]


def test_an_unknown_target_is_an_error_of_usage():
    """The error names what the lock holds."""
    with pytest.raises(BuilderError) as caught:
        tree.run(LOCK, "linux-x86_64")
    assert (caught.value.code, "apk, web" in caught.value.hint) == (Exit.USAGE, True)
