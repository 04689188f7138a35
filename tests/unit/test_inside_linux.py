"""The steps of a Linux app: what they take of client and CPython, refuse and lay out, with small archives for both."""

import io
import json
import marshal
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from builder import templates
from builder.inside import module

CLIENT = {
    "flet/flet": b"\x7fELF",
    "flet/lib/libapp.so": b"app",
    "flet/lib/libflutter_linux_gtk.so": b"flutter",
    "flet/data/icudtl.dat": b"icu",
}
PYTHON = {
    "bin/python3.12": "elf",
    "bin/idle3": "script",
    "libffi.so.7": "ffi",
    "lib/python3.12/LICENSE.txt": "PSF",
    "lib/python3.12/asyncio/__init__.py": "x = 1\n",
    "lib/python3.12/test/test_x.py": "",
    "lib/python3.12/lib-dynload/math.so": "so",
    "include/Python.h": "",
}
SETTINGS = {
    "archive": "cpython.jar",
    "below": "top/",
    "take": ["bin/python3.12", "lib/python3.12"],
    "leave": ["lib/python3.12/test"],
    "move": {"libffi.so.7": "lib/python3.12/lib-dynload/libffi.so.7"},
    "linked": {},
    "executable": ["bin/python3.12"],
    "require": ["bin/python3.12", "lib/python3.12/LICENSE.txt"],
    "compile": False,
}


def tar(files: Mapping[str, bytes], executable: str = "flet/flet") -> bytes:
    """A tar.gz of some files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755 if name == executable else 0o644
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def jar(path: Path, files: Mapping[str, str]) -> Path:
    """A zip of some files below `top/`."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"top/{name}", text)
        archive.writestr("META-INF/MANIFEST.MF", "")
    return path


# --- client -------------------------------------------------------------------------------------------------------


def test_the_client_comes_out_of_its_wheel(inside: Any, wheel: Any, contents: Callable[[Path], Any]) -> None:
    """Of the wheel nothing else stays; what is a program stays one."""
    file = wheel(
        "flet_desktop_light", {"flet_desktop/app/flet-linux-amd64.tar.gz": tar(CLIENT), "flet_desktop/x.py": ""}
    )
    found = contents(inside.run("linux_client.py", {file.name: file}, [file.name]))
    assert {name: mode for name, (mode, data) in found.items() if data} == {
        "flet": 0o755,
        "lib/libapp.so": 0o644,
        "lib/libflutter_linux_gtk.so": 0o644,
        "data/icudtl.dat": 0o644,
    }


def test_the_client_comes_out_of_its_archive(inside: Any, wheel: Any, contents: Callable[[Path], Any]) -> None:
    """As Flet 1.0 publishes it: the same files."""
    file = wheel("flet_desktop_light", {"flet_desktop/app/flet-linux-amd64.tar.gz": tar(CLIENT)})
    one = contents(inside.run("linux_client.py", {file.name: file}, [file.name]))
    assert contents(inside.run("linux_client.py", {"client.tar.gz": tar(CLIENT)}, ["client.tar.gz"])) == one


@pytest.mark.parametrize("lost", CLIENT)
def test_a_client_that_lacks_a_file_is_refused(
    lost: str, inside: Any, wheel: Any, step_failed: type[Exception]
) -> None:
    """It is named."""
    rest = {name: data for name, data in CLIENT.items() if name != lost}
    file = wheel("flet_desktop_light", {"flet_desktop/app/flet-linux-amd64.tar.gz": tar(rest)})
    with pytest.raises(step_failed, match=f"has no `{lost.removeprefix('flet/')}`"):
        inside.run("linux_client.py", {file.name: file}, [file.name])


def test_a_wheel_without_client_is_refused(inside: Any, wheel: Any, step_failed: type[Exception]) -> None:
    """As flet-desktop of Flet 1.0 is."""
    file = wheel("flet_desktop", {"flet_desktop/__init__.py": ""})
    with pytest.raises(step_failed, match="holds 0 clients"):
        inside.run("linux_client.py", {file.name: file}, [file.name])


# --- CPython ------------------------------------------------------------------------------------------------------


def python(inside: Any, file: Path, **settings: Any) -> Path:
    """The output of desktop_python.py."""
    given = json.dumps({**SETTINGS, **settings})
    out: Path = inside.run("desktop_python.py", {"cpython.jar": file, "python.json": given})
    return out


def test_cpython_is_pruned(inside: Any, tmp_path: Path, contents: Callable[[Path], Any]) -> None:
    """What is taken, moved, left; a jar has no modes, so a program gets its own."""
    found = contents(python(inside, jar(tmp_path / "c.jar", PYTHON)))
    assert {name: mode for name, (mode, data) in found.items() if data} == {
        "bin/python3.12": 0o755,
        "lib/python3.12/LICENSE.txt": 0o644,
        "lib/python3.12/asyncio/__init__.py": 0o644,
        "lib/python3.12/lib-dynload/libffi.so.7": 0o644,
        "lib/python3.12/lib-dynload/math.so": 0o644,
    }


@pytest.mark.parametrize(("elf", "there"), [("elf libpython3.12.so.1.0", True), ("elf", False)], ids=["linked", "not"])
def test_a_library_that_the_interpreter_has_in_itself_is_left_out(
    elf: str, there: bool, inside: Any, tmp_path: Path
) -> None:
    """python-build-standalone ships it for others to link to."""
    library = "lib/libpython3.12.so.1.0"
    file = jar(tmp_path / "c.jar", {**PYTHON, "bin/python3.12": elf, library: "so"})
    take = ["bin/python3.12", "lib/python3.12", library]
    assert (python(inside, file, take=take, linked={library: "bin/python3.12"}) / library).exists() == there


def test_cpython_is_compiled(inside: Any, tmp_path: Path) -> None:
    """Its sources are gone then; one that does not compile stays, and is told."""
    files = {**PYTHON, "lib/python3.12/odd.py": "def"}
    out = python(inside, jar(tmp_path / "c.jar", files), compile=True)
    assert (out / "lib/python3.12/asyncio/__init__.pyc").is_file()
    assert [path.name for path in out.rglob("*.py")] == ["odd.py"]
    assert "kept as source: lib/python3.12/odd.py" in inside.said


@pytest.mark.parametrize("lost", ["bin/python3.12", "libffi.so.7", "lib/python3.12/LICENSE.txt"])
def test_what_is_no_cpython_is_refused(lost: str, inside: Any, tmp_path: Path, step_failed: type[Exception]) -> None:
    """A runtime in another layout would build an app that does not start."""
    rest = {name: text for name, text in PYTHON.items() if name != lost}
    with pytest.raises(step_failed, match="it is no CPython as this runtime packs it"):
        python(inside, jar(tmp_path / "c.jar", rest))


# --- layers -------------------------------------------------------------------------------------------------------


def test_a_layer_keeps_programs_and_links(inside: Any, tmp_path: Path) -> None:
    """Unlike that of the web, whose files are only read."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "run").write_text("#!")
    (folder / "run").chmod(0o700)
    (folder / "read").write_text("x")
    (folder / "link").symlink_to("./run")
    one = inside.run("bundle_layer.py", {"x": folder}, ["x", "app/lib/"]) / "layer.tar.gz"
    (folder / "read").chmod(0o600)
    assert (
        inside.run("bundle_layer.py", {"x": folder}, ["x", "app/lib/"]) / "layer.tar.gz"
    ).read_bytes() == one.read_bytes()
    with tarfile.open(one) as archive:
        found = {member.name: (member.mode, member.linkname) for member in archive}
    assert found == {"app/lib/run": (0o755, ""), "app/lib/read": (0o644, ""), "app/lib/link": (0o777, "./run")}


@pytest.mark.parametrize("argument", ["low=../", "low=/etc/", "low=a", "low=a//b/", "low=a/../../b/", "low=./"])
def test_a_merge_lays_nothing_elsewhere(argument: str) -> None:
    """A committed plan is not to be trusted: builder itself makes the links that these ask for, outside the sandbox."""
    tree = module("tree")
    with pytest.raises(tree.Refused, match="no folder to lay"):
        tree.layered(argument)


def test_a_merge_lays_a_folder_below_another(inside: Any, tmp_path: Path) -> None:
    """`NAME=FOLDER/`."""
    for name in ("low", "up"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    folders = {name: tmp_path / name for name in ("low", "up")}
    out = inside.run("merge.py", folders, ["low=app/lib/", "up"])
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == [
        "app/lib/file",
        "file",
    ]


# --- app ----------------------------------------------------------------------------------------------------------

APP = {"main.py": "x = 1\n", "assets/logo.png": "png", "requirements.txt": "flet", "builder.lock": "", ".env": "SECRET"}


@pytest.fixture
def app(inside: Any, tmp_path: Path) -> Callable[..., Path]:
    """Runs linux_app.py on an app without icon, over one layer; keywords are settings."""
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "flet").write_text("elf")
    layer = inside.run("bundle_layer.py", {"client": tmp_path / "client"}, ["client", "shop/lib/client/"])

    def run(files: Mapping[str, str] = APP, **settings: Any) -> Path:
        folder = tmp_path / "tree"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        given = {
            "path": ".", "module": "main", "exclude": [], "include": [], "defaults": True, "cleanup": [],
            "compile": False, "folder": "shop", "launcher": "shop", "id": "org.shop", "archive": "shop.tar.gz",
            "layers": ["client-layer"], "pillow": "", **settings,
        }  # fmt: skip
        texts = {
            name: name
            for name in ("launcher", "start.py", "start.json", "flet_desktop.py", "version.py", "entry.desktop")
        }
        out: Path = inside.run(
            "linux_app.py", {"app": folder, "client-layer": layer, "app.json": json.dumps(given), **texts}
        )
        return out

    return run


def test_the_app_is_laid_out(app: Callable[..., Path]) -> None:
    """Its files and assets, without secrets and what says nothing to a running app; the launcher can be run."""
    out = app()
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == [
        "shop.tar.gz",
        "shop/lib/app/assets/logo.png",
        "shop/lib/app/main.py",
        "shop/lib/python/lib/python3.12/site-packages/flet_desktop/__init__.py",
        "shop/lib/python/lib/python3.12/site-packages/flet_desktop/version.py",
        "shop/lib/start.json",
        "shop/lib/start.py",
        "shop/share/applications/org.shop.desktop",
        "shop/shop",
    ]
    assert os.access(out / "shop" / "shop", os.X_OK)


def test_the_archive_holds_layers_and_app(app: Callable[..., Path]) -> None:
    """In one stream, all below one folder."""
    with tarfile.open(app() / "shop.tar.gz") as archive:
        found = {member.name: member.mode for member in archive}
    assert found["shop/lib/client/flet"] == 0o644
    assert found["shop/shop"] == 0o755
    assert {name.split("/")[0] for name in found} == {"shop"}


def test_an_app_without_its_module_is_refused(app: Callable[..., Path], step_failed: type[Exception]) -> None:
    """It could not start."""
    with pytest.raises(step_failed, match=r"has no `main\.py`"):
        app(exclude=["main.py"])


def test_an_app_can_be_compiled(app: Callable[..., Path]) -> None:
    """Its sources are not packed then."""
    assert sorted(path.name for path in (app(compile=True) / "shop/lib/app").iterdir()) == ["assets", "main.pyc"]


# --- launcher -----------------------------------------------------------------------------------------------------


def test_the_launcher_needs_only_sh(tmp_path: Path) -> None:
    """No program of PATH, from any folder, with any argument, also in a folder with an odd name."""
    place = tmp_path / "an $(odd) 'name'"
    (place / "lib/python/bin").mkdir(parents=True)
    (place / "shop").write_text(
        templates.render("desktop/launcher.sh", root="$here", python="lib/python/bin/python3.12", start="lib/start.py")
    )
    (place / "shop").chmod(0o755)
    interpreter = place / "lib/python/bin/python3.12"
    interpreter.write_text('#!/bin/sh\nfor each; do echo "$each"; done\n')
    interpreter.chmod(0o755)
    arguments = ["", "two words", "*", "-x"]
    done = subprocess.run(
        ["/bin/sh", "./shop", *arguments],
        cwd=place,
        env={"PATH": "", "CDPATH": "/usr"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["-I", "-B", f"{place}/lib/start.py", *arguments]


# --- start.py -----------------------------------------------------------------------------------------------------


def start(tmp_path: Path, main: str, flet: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    """start.py with an app and a Flet of a few lines, run by this interpreter."""
    lib = tmp_path / "lib"
    (lib / "app" / "flet" / "utils").mkdir(parents=True)
    (lib / "app" / "flet" / "utils" / "pip.py").write_text("def install_flet_package(name): open('installed', 'w')\n")
    (lib / "app" / "flet" / "__init__.py").write_text(flet)
    (lib / "app" / "main.py").write_text(main)
    (lib / "start.py").write_text(templates.render("desktop/start.py"))
    (lib / "start.json").write_text(json.dumps({"id": "org.shop", "module": "main", "hidden": True}))
    return subprocess.run(
        [sys.executable, "-I", "-B", str(lib / "start.py")],
        cwd=tmp_path,
        env={"HOME": str(tmp_path / "home"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_an_app_writes_is_in_its_log_as_well(tmp_path: Path) -> None:
    """Both streams, also through what asks a stream for its nature; letters that no file takes are escaped."""
    text = "import sys, logging\nlogging.warning('careful')\nprint('é', sys.stdout.isatty())\n"
    done = start(
        tmp_path,
        text + "sys.stdout.writelines(['a', 'b'])\nsys.stderr.write('\\udcff')\n",
        PYTHONIOENCODING="utf-8",
        LC_ALL="C.UTF-8",
    )
    log = (tmp_path / "home/.cache/org.shop/out.log").read_text()
    assert (done.returncode, done.stdout) == (0, "é False\nab")
    assert log == "WARNING:root:careful\né False\nab\\udcff"


def test_what_flet_would_install_is_told(tmp_path: Path) -> None:
    """And ends the app."""
    done = start(tmp_path, "import flet.utils.pip as pip\npip.install_flet_package('flet-web')\n")
    assert (done.returncode, done.stderr) == (
        1,
        "error: this app holds no `flet-web`: a packed app shows a window, never a web server\n",
    )
    assert not (tmp_path / "installed").exists()


def test_a_hidden_window_is_asked_for(tmp_path: Path) -> None:
    """By the variable that Flet's client reads."""
    done = start(tmp_path, "import os\nprint(os.environ['FLET_HIDE_WINDOW_ON_START'], repr(os.environ['DISPLAY']))\n")
    assert done.stdout == "true ''\n"


def test_flet_is_imported_with_what_was_compiled_beforehand(tmp_path: Path) -> None:
    """By the digest of its text, as `generated.py` writes it; the app's own data classes are compiled as ever."""
    flet = "import dataclasses, gc\n@dataclasses.dataclass\nclass Point:\n    x: int\ncollected = gc.isenabled()\n"
    generated = module("generated")
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "flet.py").write_text(flet)
    texts, failure = generated.recorded(tmp_path / "packages", "flet")
    assert (bool(texts), failure) == (True, "")
    marked = {generated.digest(text): generated.code(f"print('known')\n{text}") for text in texts}
    (tmp_path / "lib" / "app").mkdir(parents=True)
    (tmp_path / "lib" / "app" / "flet-generated.bin").write_bytes(marshal.dumps(marked))
    main = "import dataclasses, gc, flet\nprint(flet.Point(1), flet.collected, gc.isenabled())\n"
    main += "@dataclasses.dataclass\nclass Point:\n    x: int\n"
    done = start(tmp_path, main, flet)
    assert done.stdout.splitlines() == ["known"] * len(texts) + ["Point(x=1) False True"]
