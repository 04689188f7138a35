"""Packages installed from wheels and pure sdists: what is taken, what is refused, the same bytes each time."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Wheel = Callable[..., Path]


def settings(*wheels: Path, **more: Any) -> dict[str, Path | str | bytes]:
    """The inputs of install.py for some wheels."""
    values = {
        "wheels": [path.name for path in wheels],
        "sdists": {},
        "built": [],
        "cleanup": [],
        "extensions": ["flet_charts"],
        "compile": False,
        "generated": "",
        **more,
    }
    return {"install.json": json.dumps(values), **{path.name: path for path in wheels}}


def names(folder: Path) -> list[str]:
    """The files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_wheel_is_installed_without_scripts_headers_and_record(inside: Any, wheel: Wheel) -> None:
    """PEP 427: purelib, platlib and data go to the root; what only serves a whole Python is left out."""
    made = wheel(
        "demo",
        {
            "demo/__init__.py": "x = 1\n",
            "demo-1.0.data/purelib/pure.py": "",
            "demo-1.0.data/platlib/plat.py": "",
            "demo-1.0.data/data/share/demo.txt": "hi",
            "demo-1.0.data/scripts/demo": "#!python",
            "demo-1.0.data/headers/demo.h": "",
            "demo-1.0.dist-info/entry_points.txt": "[console_scripts]\n",
            "demo-1.0.dist-info/licenses/LICENSE": "free",
        },
    )
    assert names(inside.run("install.py", settings(made))) == [
        "demo-1.0.dist-info/METADATA",
        "demo-1.0.dist-info/WHEEL",
        "demo-1.0.dist-info/entry_points.txt",
        "demo-1.0.dist-info/licenses/LICENSE",
        "demo/__init__.py",
        "plat.py",
        "pure.py",
        "share/demo.txt",
    ]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"demo/__init__.py": "demo/__init__.py,sha256=" + "A" * 43 + ",6"}, "is not what its RECORD says"),
        ({"demo/__init__.py": ""}, "which its RECORD does not list"),
        ({"gone": "demo/gone.py,sha256=" + "A" * 43 + ",6"}, "lacks `demo/gone.py`"),
        ({"demo/__init__.py": "demo/__init__.py,md5=1234,6"}, "gives no sha256 of `demo/__init__.py`"),
        ({"demo/__init__.py": "demo/__init__.py,,"}, "gives no sha256 of `demo/__init__.py`"),
    ],
    ids=["hash", "unlisted", "absent", "md5", "no-hash"],
)
def test_wheel_that_is_not_what_its_record_says_is_refused(
    inside: Any, wheel: Wheel, step_failed: type[Exception], record: dict[str, str], reason: str
) -> None:
    """PEP 376: every file is listed with a strong hash, and is there."""
    made = wheel("demo", {"demo/__init__.py": "x = 1\n"}, record)
    with pytest.raises(step_failed, match=reason):
        inside.run("install.py", settings(made))


def test_web_page_in_the_place_of_a_wheel_is_named_as_such(
    inside: Any, tmp_path: Path, step_failed: type[Exception]
) -> None:
    """An error page that a server sent with status 200 is told apart from a broken archive."""
    page = tmp_path / "demo-1.0-py3-none-any.whl"
    page.write_text("\n<!DOCTYPE html><title>404</title>")
    with pytest.raises(step_failed, match="is a web page, not an archive"):
        inside.run("install.py", settings(page))


def test_same_file_of_two_wheels_must_be_the_same(inside: Any, wheel: Wheel, step_failed: type[Exception]) -> None:
    """Namespace packages share files; two contents for one path are refused, naming both wheels."""
    one = wheel("one", {"shared/__init__.py": "", "shared/one.py": ""})
    two = wheel("two", {"shared/__init__.py": "", "shared/two.py": ""})
    three = wheel("three", {"shared/__init__.py": "x = 3\n"})
    assert "shared/two.py" in names(inside.run("install.py", settings(one, two)))
    with pytest.raises(step_failed, match=r"`one-1.0-py3-none-any.whl` and `three-.*` both hold `shared/__init__.py`"):
        inside.run("install.py", settings(one, three))


def test_file_and_folder_of_one_name_are_refused(inside: Any, wheel: Wheel, step_failed: type[Exception]) -> None:
    """One wheel's module `a` can't be another's folder."""
    one, two = wheel("one", {"a": "text"}), wheel("two", {"a/b.py": ""})
    for pair in ((one, two), (two, one)):
        with pytest.raises(step_failed, match="a file in one package and a folder in another"):
            inside.run("install.py", settings(*pair))


def extension(wheel: Wheel, name: str) -> Path:
    """A wheel as Flet's own extensions are."""
    return wheel(
        name, {f"{name}/__init__.py": "", f"flutter/{name}/pubspec.yaml": "", f"flutter/{name}/lib/x.dart": ""}
    )


def test_an_extension_that_the_client_has_leaves_its_dart_behind(inside: Any, wheel: Wheel) -> None:
    """What the client was compiled of is no part of an app; a folder of that name that holds no package is."""
    other = wheel("other", {"flutter/notes.txt": "", "flutter/own/x.py": "", "flutter/flet_charts2/x.py": ""})
    found = names(inside.run("install.py", settings(extension(wheel, "flet_charts"), other)))
    assert [name for name in found if not name.startswith(("flet_charts-1.0", "other-1.0"))] == [
        "flet_charts/__init__.py",
        "flutter/flet_charts2/x.py",
        "flutter/notes.txt",
        "flutter/own/x.py",
    ]


def test_an_extension_that_the_client_lacks_is_refused(inside: Any, wheel: Wheel, step_failed: type[Exception]) -> None:
    """The error names the wheel, what the client has, and the way that leads there."""
    made = extension(wheel, "flet_odd")
    with pytest.raises(step_failed) as caught:
        inside.run("install.py", settings(made, extensions=["flet_charts", "flet_map"]))
    assert str(caught.value) == (
        "error: `flet_odd-1.0-py3-none-any.whl` has the Flutter extension `flet_odd`, which Flet's compiled client "
        "lacks; it has flet_charts, flet_map. Any other needs a client that is compiled for the app: the client "
        "strategy `source`\n"
    )


def test_cleanup_removes_matches_and_the_folders_they_leave_empty(inside: Any, wheel: Wheel) -> None:
    """Flet's junk and the author's patterns go, in dist-info too."""
    made = wheel("demo", {"demo/__init__.py": "", "demo/py.typed": "", "demo/c/x.c": "", "demo/tests/test_x.py": ""})
    found = names(inside.run("install.py", settings(made, cleanup=["**.c", "**.typed", "**/tests"])))
    assert [name for name in found if "dist-info" not in name] == ["demo/__init__.py"]


def test_compiled_packages_keep_what_does_not_compile_as_source(inside: Any, wheel: Wheel) -> None:
    """A template or a test for another Python is no reason to refuse a package; it is told."""
    made = wheel("demo", {"demo/__init__.py": "x = 1\n", "demo/template.py": "{{ name }} = !\n"})
    found = names(inside.run("install.py", settings(made, compile=True)))
    assert "demo/__init__.pyc" in found
    assert "demo/__init__.py" not in found
    assert "demo/template.py" in found
    assert "kept as source: demo/template.py" in inside.said


def test_same_wheels_give_the_same_bytes_and_modes(inside: Any, wheel: Wheel, contents: Callable[[Path], Any]) -> None:
    """Neither umask nor time zone, locale or the order of the wheels reaches the output."""
    one = wheel("one", {f"one/m{number}.py": f"x = {number}\n" for number in range(9)})
    two = wheel("two", {"two/__init__.py": "y = 'z'\n"})
    first = inside.run("install.py", settings(one, two, compile=True))
    other = {"TZ": "Asia/Kolkata", "LC_ALL": "tr_TR.UTF-8", "PATH": "/usr/bin", "PYTHONHASHSEED": "7"}
    second = inside.run("install.py", settings(two, one, compile=True), umask=0o077, environment=other)
    assert contents(first) == contents(second)
    assert {mode for mode, _ in contents(first).values()} == {0o644, 0o755}


def sdist(path: Path, files: dict[str, str]) -> Path:
    """An sdist with some files below its top folder."""
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{path.name.removesuffix('.tar.gz')}/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


INFO = "Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\nLicense-File: COPYING\n\nText.\n"


def test_sdist_gives_its_pure_packages_and_metadata(inside: Any, tmp_path: Path) -> None:
    """Of an sdist only the recipe's packages are taken, only their `.py`, and PKG-INFO becomes METADATA."""
    files = {"PKG-INFO": INFO, "COPYING": "free", "setup.py": "boom()", "demo/__init__.py": "", "demo/x.pyx": ""}
    made = sdist(tmp_path / "demo_pkg-1.0.tar.gz", {**files, "demo/sub/y.py": "", "test/test_x.py": ""})
    found = inside.run("install.py", {**settings(sdists={made.name: ["demo"]}), made.name: made})
    assert names(found) == [
        "demo/__init__.py",
        "demo/sub/y.py",
        "demo_pkg-1.0.dist-info/METADATA",
        "demo_pkg-1.0.dist-info/licenses/COPYING",
    ]
    assert (found / "demo_pkg-1.0.dist-info" / "METADATA").read_text() == INFO


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"demo/__init__.py": ""}, "has no PKG-INFO"),
        ({"PKG-INFO": INFO}, "has no package `demo`"),
        ({"PKG-INFO": INFO.replace("1.0", "2.0"), "demo/__init__.py": ""}, "says that it is demo_pkg-2.0"),
    ],
    ids=["metadata", "package", "version"],
)
def test_sdist_that_is_not_what_it_says_is_refused(
    inside: Any, tmp_path: Path, step_failed: type[Exception], files: dict[str, str], reason: str
) -> None:
    """Name, version and packages are checked."""
    made = sdist(tmp_path / "demo_pkg-1.0.tar.gz", files)
    with pytest.raises(step_failed, match=reason):
        inside.run("install.py", {**settings(sdists={made.name: ["demo"]}), made.name: made})
