"""The steps of a Windows app: what they take of client and CPython, refuse, lay out; with small archives for both."""

import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from builder import data
from builder.inside import module

CLIENT = {
    name: name.encode()
    for name in (
        "flet.exe", "flutter_windows.dll", "vcruntime140.dll", "msvcp140.dll", "data/app.so", "data/icudtl.dat",
    )
}  # fmt: skip


# --- client -------------------------------------------------------------------------------------------------------


def client_wheel(wheel: Any, files: Mapping[str, bytes] = CLIENT) -> Path:
    """A wheel that holds a client as Flet's does."""
    found: Path = wheel(
        "flet_desktop",
        {"flet_desktop/__init__.py": "", **{f"flet_desktop/app/flet/{name}": text for name, text in files.items()}},
    )
    return found


def files(root: Path) -> list[str]:
    """All files below a folder."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_the_client_comes_out_of_its_wheel_or_archive(inside: Any, wheel: Any, tmp_path: Path) -> None:
    """Without the program, which gets the app's icon, and without Flet's module beside it."""
    file = client_wheel(wheel)
    out = inside.run("windows_client.py", {file.name: file}, [file.name])
    assert files(out) == sorted(CLIENT.keys() - {"flet.exe"})
    with zipfile.ZipFile(tmp_path / "flet-windows.zip", "w") as packed:
        for name, text in CLIENT.items():
            packed.writestr(f"flet/{name}", text)
    again = inside.run("windows_client.py", {"c.zip": tmp_path / "flet-windows.zip"}, ["c.zip"])
    assert files(again) == files(out)


@pytest.mark.parametrize("lost", sorted(CLIENT.keys() - {"flet.exe"}))
def test_a_client_that_lacks_a_file_is_refused(
    lost: str, inside: Any, wheel: Any, step_failed: type[Exception]
) -> None:
    """It is named."""
    file = client_wheel(wheel, {name: text for name, text in CLIENT.items() if name != lost})
    with pytest.raises(step_failed, match=f"has no `{lost}`"):
        inside.run("windows_client.py", {file.name: file}, [file.name])


# --- CPython ------------------------------------------------------------------------------------------------------

SHARED = {"asyncio/__init__.py", "ctypes/__init__.py", "sqlite3/__init__.py"}
JUNK = {"test/test_x.py", "tkinter/__init__.py", "idlelib/x.py", "ensurepip/x.py", "turtle.py", "site-packages/x.py"}
LAYOUTS: dict[str, tuple[set[str], set[str]]] = {  # what is taken, and what is not
    "bytedeco": (
        {"python312.dll", "lib/_ssl.pyd", "lib/libssl-3.dll", *(f"lib/{name}" for name in SHARED)},
        {
            "python.exe", "jnipython.dll", "include/Python.h", "libs/python3.lib", "lib/tcl86t.dll", "lib/tk86t.dll",
            "lib/_tkinter.pyd", "lib/_testcapi.pyd", "lib/zlib1.dll", "lib/pip/__init__.py", "lib/pip-1.dist-info/X",
            *(f"lib/{name}" for name in JUNK),
        },
    ),
    "python-build-standalone": (
        {
            "pythonw.exe", "python312.dll", "python3.dll", "vcruntime140.dll", "vcruntime140_1.dll", "LICENSE.txt",
            "DLLs/_ssl.pyd", "DLLs/libssl-3.dll", *(f"Lib/{name}" for name in SHARED),
        },
        {
            "python.exe", "include/Python.h", "libs/python3.lib", "tcl/tcl8.6/init.tcl", "Scripts/pip.exe",
            "DLLs/tcl86t.dll", "DLLs/tk86t.dll", "DLLs/_tkinter.pyd", "DLLs/_testcapi.pyd", "DLLs/py.ico",
            "DLLs/zlib1.dll", *(f"Lib/{name}" for name in JUNK),
        },
    ),
}  # fmt: skip
MOVED = {
    "bin/pythonw.exe": "pythonw.exe",
    "lib/vcruntime140.dll": "vcruntime140.dll",
    "lib/vcruntime140_1.dll": "vcruntime140_1.dll",
}


def pruned(inside: Any, runtime: str, without: str = "") -> Path:
    """What desktop_python.py makes of a small archive in the layout of a runtime."""
    table = data.table("desktop.toml")
    row = table[runtime]["windows-x86_64"]
    taken, left = LAYOUTS[runtime]
    moved = set(MOVED) if runtime == "bytedeco" else set()
    members = [f"{row['below']}{name}" for name in sorted((taken | left | moved) - {without})]
    packed = io.BytesIO()
    if runtime == "bytedeco":
        with zipfile.ZipFile(packed, "w") as archive:
            for name in members:
                archive.writestr(name, "x = 1\n")
    else:
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name in members:
                member = tarfile.TarInfo(name)
                member.size = 6
                archive.addfile(member, io.BytesIO(b"x = 1\n"))
    settings = {
        "archive": "c.zip" if runtime == "bytedeco" else "c.tar.gz", "below": row["below"], "take": row["take"],
        "leave": table["windows"]["leave"], "move": row.get("move", {}), "executable": row["executable"],
        "require": table["windows"]["require"], "linked": {}, "compile": False,
    }  # fmt: skip
    inputs = {settings["archive"]: packed.getvalue(), "python.json": json.dumps(settings)}
    out: Path = inside.run("desktop_python.py", inputs)
    return out


@pytest.mark.parametrize("runtime", LAYOUTS)
def test_each_runtime_is_pruned(runtime: str, inside: Any) -> None:
    """Neither Tk nor tests nor pip; the C runtime and the program lie beside the DLL that needs them."""
    taken, _ = LAYOUTS[runtime]
    wanted = taken | (set(MOVED.values()) if runtime == "bytedeco" else set())
    assert set(files(pruned(inside, runtime))) == wanted


@pytest.mark.parametrize("lost", ["lib/vcruntime140.dll", "bin/pythonw.exe", "python312.dll"])
def test_what_is_no_cpython_is_refused(lost: str, inside: Any, step_failed: type[Exception]) -> None:
    """A runtime in another layout would build an app that does not start."""
    with pytest.raises(step_failed, match="it is no CPython as this runtime packs it"):
        pruned(inside, "bytedeco", without=lost)


def library(*names: str) -> bytes:
    """The beginning of an import library: its table of symbols."""
    symbols = b"".join(f"{symbol}\0".encode() for name in names for symbol in (name, f"__imp_{name}"))
    body = struct.pack(f">{1 + 2 * len(names)}L", 2 * len(names), *bytes(2 * len(names))) + symbols
    return b"!<arch>\n" + f"{'/':16}{-1:<12}{'':12}{0:<8}{len(body):<10}`\n".encode() + body


def test_the_stable_abi_leads_on_to_cpythons_own(inside: Any, tmp_path: Path) -> None:
    """Each name of the import library is an export, in alphabetical order, forwarded to this version's DLL."""
    with zipfile.ZipFile(tmp_path / "c.jar", "w") as archive:
        archive.writestr("top/libs/python3.lib", library("PyList_New", "PyDict_New", "_Py_NoneStruct"))
    dll = inside.run("windows_stable.py", {"c.jar": tmp_path / "c.jar"}, ["c.jar", "top/libs/python3.lib"])
    found = (dll / "python3.dll").read_bytes()
    assert found[:2] == b"MZ"
    names = [b"PyDict_New", b"PyList_New", b"_Py_NoneStruct"]
    assert b"python3.dll\0" + b"\0".join([*names, *(b"python312." + name for name in names)]) in found


@pytest.mark.parametrize("lib", [b"no library", library()])
def test_a_cpython_without_that_list_is_refused(
    lib: bytes, inside: Any, tmp_path: Path, step_failed: type[Exception]
) -> None:
    """Its wheels of the stable ABI could not be loaded."""
    with zipfile.ZipFile(tmp_path / "c.jar", "w") as archive:
        archive.writestr("l", lib)
    with pytest.raises(step_failed, match="no import library"):
        inside.run("windows_stable.py", {"c.jar": tmp_path / "c.jar"}, ["c.jar", "l"])


# --- names --------------------------------------------------------------------------------------------------------

WRONG = {
    "a device": (["data/con.txt"], "`con.txt` is the name of a device"),
    "a device that is a folder": (["AUX/x"], "`AUX` is the name of a device"),
    "a letter": (["a?.txt"], r"has '\?' in it"),
    "a backslash": (["a\\b"], "in it"),
    "a dot at the end": (["a./b"], "ends with a dot or a space"),
    "a space at the end": (["a "], "ends with a dot or a space"),
    "two files that are one": (["Logo.png", "logo.png"], "`Logo.png` and `logo.png` are one file"),
    "beyond ASCII": (["É.txt", "é.txt"], "are one file"),
    "a file that is a folder": (["A", "a/b"], "`A` is a file, and on Windows the folder of `a/b`"),
    "no UTF-8": (["\udcff"], "is not UTF-8"),
    "too long": (["d/" * 80 + "file.txt"], "shorten its names to 180"),
}


@pytest.mark.parametrize("case", WRONG)
def test_names_that_windows_can_not_hold_are_refused(case: str) -> None:
    """Each with the name and what to do."""
    names = module("windows_names")
    paths, said = WRONG[case]
    with pytest.raises(names.Refused, match=said):
        names.check(paths, "shop/lib/app/")


def test_other_names_are_held() -> None:
    """Letters of any script; what only looks like a device; folders that differ in case hold different files."""
    module("windows_names").check(
        ["console", "con_x", "a.con", "ß", "ẞ", "商店/\N{PILE OF POO}", "A/x", "a/y", ".env"], ""
    )


def test_names_of_packages_are_looked_at(inside: Any, tmp_path: Path, step_failed: type[Exception]) -> None:
    """When they are packed."""
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "aux.py").touch()
    with pytest.raises(step_failed, match=r"`aux\.py` can't be a file on Windows"):
        inside.run("windows_layer.py", {"p": tmp_path / "p"}, ["p", "shop/"])


# --- icons --------------------------------------------------------------------------------------------------------


def ico(*entries: bytes) -> bytes:
    """An .ico file with some entries of one pixel a side, whatever their bytes."""
    begin = 6 + 16 * len(entries)
    rows, body = b"", b""
    for entry in entries:
        rows += struct.pack("<4B2H2L", 1, 1, 0, 0, 1, 32, len(entry), begin + len(body))
        body += entry
    return struct.pack("<3H", 0, 1, len(entries)) + rows + body


def test_an_ico_is_taken_as_it_is(tmp_path: Path) -> None:
    """Before an image of the same name; that of Windows before that of all platforms."""
    icon = module("windows_icon")
    (tmp_path / "icon.ico").write_bytes(ico(b"all"))
    (tmp_path / "icon.png").touch()
    assert [entry.data for entry in icon.find(tmp_path)] == [b"all"]
    (tmp_path / "icon_windows.ico").write_bytes(ico(b"one", b"other"))
    found = icon.find(tmp_path)
    assert [entry.data for entry in found] == [b"one", b"other"]
    assert icon.group(found) == struct.pack("<3H", 0, 1, 2) + b"".join(
        struct.pack("<4B2HLH", 1, 1, 0, 0, 1, 32, size, number) for number, size in ((1, 3), (2, 5))
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "ends early"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "is no icon|lies outside|ends early"),
        (struct.pack("<3H", 0, 1, 0), "is no icon"),
        (struct.pack("<3H", 0, 2, 1) + bytes(16), "is no icon"),
        (ico(b"x" * 40)[:-1], "lies outside"),
    ],
)
def test_what_is_no_ico_is_refused(data: bytes, said: str, tmp_path: Path) -> None:
    """By its name."""
    (tmp_path / "icon.ico").write_bytes(data)
    with pytest.raises(module("images").Refused, match=f"`icon.ico` of the app's assets.*({said})"):
        module("windows_icon").find(tmp_path)


# --- app ----------------------------------------------------------------------------------------------------------

APP = {"main.py": "x = 1\n", "assets/logo.png": "png", "requirements.txt": "flet", ".env": "SECRET"}


@pytest.fixture
def app(inside: Any, tmp_path: Path) -> Callable[..., Path]:
    """Runs windows_app.py on an app, over one layer; keywords are settings."""
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "x.dll").write_text("dll")
    layer = inside.run("windows_layer.py", {"client": tmp_path / "client"}, ["client", "shop/lib/client/"])

    def run(contents: Mapping[str, str] = APP, **settings: Any) -> Path:
        folder = tmp_path / "tree"
        for name, text in contents.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        given = {
            "path": ".", "module": "main", "exclude": [], "include": [], "defaults": True, "cleanup": [],
            "compile": False, "folder": "shop", "packages": "lib/python/lib/site-packages", "zip": "shop.zip",
            "layers": ["client-layer"], **settings,
        }  # fmt: skip
        texts = {name: name for name in ("start.py", "start.json", "flet_desktop.py", "version.py", "python312._pth")}
        out: Path = inside.run(
            "windows_app.py", {"app": folder, "client-layer": layer, "app.json": json.dumps(given), **texts}
        )
        return out

    return run


def test_the_app_is_laid_out(app: Callable[..., Path]) -> None:
    """Its files and assets, without secrets and what says nothing to a running app."""
    out = app()
    assert files(out) == [
        "shop.zip",
        "shop/lib/app/assets/logo.png",
        "shop/lib/app/main.py",
        "shop/lib/python/lib/site-packages/flet_desktop/__init__.py",
        "shop/lib/python/lib/site-packages/flet_desktop/version.py",
        "shop/lib/python/python312._pth",
        "shop/lib/start.json",
        "shop/lib/start.py",
    ]
    with zipfile.ZipFile(out / "shop.zip") as packed:
        assert sorted(packed.namelist()) == sorted(["shop/lib/client/x.dll", *files(out)[1:]])
        assert packed.testzip() is None


def test_names_of_the_app_are_looked_at(app: Callable[..., Path], step_failed: type[Exception]) -> None:
    """Only those that are packed."""
    odd = {**APP, "Notes.txt": "", "notes.txt": ""}
    with pytest.raises(step_failed, match=r"`Notes\.txt` and `notes\.txt` are one file on Windows"):
        app(odd)
    assert "shop/lib/app/notes.txt" in files(app(odd, exclude=["Notes.txt"]))
