"""The toolchain's recipe, and the root that is made of it."""

import ast
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from builder import inside, nar, scripts, toolchain
from builder.errors import BuilderError, Exit
from builder.lock import BOOTSTRAP, TOOLCHAIN


def jar() -> bytes:
    """A zip without modes, as the interpreter's jar is one."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name in (
            "top/bin/tool",
            "top/lib/a.py",
            "top/lib/deep/er/b.py",
            "top/lib/test/t.py",
            "top/x.so.1",
            "other",
        ):
            made.writestr(zipfile.ZipInfo(name), name)
        made.writestr(zipfile.ZipInfo("top/lib/test/"), "")
        made.writestr(zipfile.ZipInfo("top/lib/void/"), "")
    return buffer.getvalue()


def tarball() -> bytes:
    """A tar with a program and a symlink."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as made:
        program = tarfile.TarInfo("./bin/shell")
        program.mode, program.size = 0o4755, 3
        made.addfile(program, io.BytesIO(b"ELF"))
        link = tarfile.TarInfo("./lib/y.so")
        link.type, link.linkname = tarfile.SYMTYPE, "y.so.1"
        made.addfile(link)
        absolute = tarfile.TarInfo("./lib/not-taken")
        absolute.type, absolute.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(absolute)
    return buffer.getvalue()


FILES = {hashlib.sha256(data).hexdigest(): data for data in (jar(), tarball())}
FIRST, SECOND = FILES
NAR = "b4c0ffee" * 8


def pin(sha256: str, file: str) -> dict[str, Any]:
    """A pin of the toolchain."""
    common = {"version": "1", "source": "debian", "hash": "table", "targets": [TOOLCHAIN]}
    return {"name": file, "file": file, "sha256": sha256, **common}


def bootstrap() -> dict[str, Any]:
    """What plain Nix would make the root with; nothing here runs it."""
    shell = {"part": "b.tar.xz", "member": "bin/shell"}
    words = {"archiver": "7zz", "loader": "ld.so", "libraries": ["lib"], "home": "", "python": "python"}
    return {"pin": {**pin("c0" * 32, "c@1~2.tgz"), "targets": [BOOTSTRAP]}, "shell": shell, **words}


def recipe(**changes: Any) -> toolchain.Recipe:
    """A recipe that uses all that recipes can say."""
    take = {"bin/tool": "usr/bin/", "*.so.*": "usr/lib/", "lib/**": "usr/lib/py/"}
    first = {"pin": pin(FIRST, "a.jar"), "below": "top/", "leave": ["lib/test/**"], "take": take}
    second = {"pin": pin(SECOND, "b.tar.xz"), "take": {"bin/*": "usr/bin/renamed", "lib/y.so": "usr/lib/"}}
    fields = {
        "name": "small",
        "nar": NAR,
        "parts": [first, second],
        "bootstrap": bootstrap(),
        "executable": ["usr/bin/tool"],
        "folders": ["tmp", "var/empty"],
        "texts": {"etc/hosts": "127.0.0.1 localhost\n"},
        "links": {"bin": "usr/bin", "usr/bin/sh": "renamed"},
    }
    return toolchain.Recipe.model_validate(fields | changes)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The pinned files, each under its sha256."""
    folder = tmp_path / "files"
    folder.mkdir()
    for sha256, data in FILES.items():
        (folder / sha256).write_bytes(data)
    return {sha256: folder / sha256 for sha256 in FILES}


def made(files: dict[str, Path], out: Path, made_of: toolchain.Recipe) -> toolchain.Recipe:
    """The recipe with the NAR sha256 that it really gives."""
    inside.module("root").make(made_of.model_dump(mode="json"), files, out)
    return made_of.model_copy(update={"nar": nar.sha256(out)})


def listing(root: Path) -> dict[str, str]:
    """Path -> what lies there, in words."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[name] = f"folder {path.stat().st_mode & 0o7777:o}"
        else:
            found[name] = f"{path.read_text()!r} {path.stat().st_mode & 0o7777:o}"
    return found


def test_root_holds_what_the_recipe_takes(files: dict[str, Path], tmp_path: Path) -> None:
    """Patterns place files, folders and links; what nothing takes, or `leave` names, stays out."""
    made(files, tmp_path / "root", recipe())
    assert listing(tmp_path / "root") == {
        "bin": "-> usr/bin",
        "etc": "folder 755",
        "etc/hosts": "'127.0.0.1 localhost\\n' 644",
        "tmp": "folder 755",
        "usr": "folder 755",
        "usr/bin": "folder 755",
        "usr/bin/renamed": "'ELF' 755",
        "usr/bin/sh": "-> renamed",
        "usr/bin/tool": "'top/bin/tool' 755",
        "usr/lib": "folder 755",
        "usr/lib/py": "folder 755",
        "usr/lib/py/a.py": "'top/lib/a.py' 644",
        "usr/lib/py/deep": "folder 755",
        "usr/lib/py/deep/er": "folder 755",
        "usr/lib/py/deep/er/b.py": "'top/lib/deep/er/b.py' 644",
        "usr/lib/py/void": "folder 755",
        "usr/lib/x.so.1": "'top/x.so.1' 644",
        "usr/lib/y.so": "-> y.so.1",
        "var": "folder 755",
        "var/empty": "folder 755",
    }


def test_every_import_of_a_script_is_seen() -> None:
    """What `closure` and `stdlib` read as lines is what Python would import, wherever in a script it stands."""
    for path in sorted(Path(inside.__file__).parent.glob("*.py")):
        found = {path.name}
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found |= {f"{name.partition('.')[0]}.py" for name in names}
        known = {*scripts.closure(path.name), *(f"{name}.py" for name in scripts.stdlib())}
        assert found - known == set(), path.name


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=["000", "077"])
def test_root_is_the_same_wherever_it_is_made(files: dict[str, Path], tmp_path: Path, umask: int) -> None:
    """The script run by hand, under another umask, elsewhere, gives the tree that the module gives."""
    expected = made(files, tmp_path / "root", recipe())
    folder = tmp_path / "elsewhere" / "inside"
    folder.mkdir(parents=True)
    for name in scripts.closure("root.py"):
        (folder / name).write_bytes(scripts.text(name))
    (folder / "recipe.json").write_bytes(toolchain.dump(expected))
    command = [sys.executable, "-B", "root.py", "recipe.json", str(tmp_path / "files"), "../root"]
    subprocess.run(command, check=True, cwd=folder, umask=umask, env={"TZ": "Asia/Kolkata"})
    assert nar.sha256(tmp_path / "elsewhere" / "root") == expected.nar
    assert listing(tmp_path / "elsewhere" / "root") == listing(tmp_path / "root")


def test_right_root_gives_its_digest(files: dict[str, Path], tmp_path: Path) -> None:
    """`make` gives the NAR sha256 that the recipe states."""
    expected = made(files, tmp_path / "root", recipe())
    assert toolchain.make(expected, files, tmp_path / "again") == expected.nar


def test_other_root_is_a_mismatch(files: dict[str, Path], tmp_path: Path) -> None:
    """A root with another NAR sha256 than the recipe's is an error that names both."""
    real = made(files, tmp_path / "root", recipe()).nar
    with pytest.raises(BuilderError) as caught:
        toolchain.make(recipe(), files, tmp_path / "again")
    assert caught.value.code == Exit.MISMATCH
    assert NAR in caught.value.message
    assert real in caught.value.message


def test_other_bytes_are_a_mismatch(files: dict[str, Path], tmp_path: Path) -> None:
    """A file that is not its pin's is refused before anything of it is unpacked."""
    files[FIRST].write_bytes(FILES[SECOND])
    with pytest.raises(BuilderError, match=f"has sha256 {SECOND}, pinned is {FIRST}") as caught:
        toolchain.make(recipe(), files, tmp_path / "root")
    assert caught.value.code == Exit.MISMATCH
    assert list((tmp_path / "root").iterdir()) == []


@pytest.mark.parametrize("change", [{"leave": ["lib/gone/**"]}, {"take": {"lib/gone": "usr/"}}], ids=["leave", "take"])
def test_idle_pattern_is_refused(files: dict[str, Path], tmp_path: Path, change: dict[str, Any]) -> None:
    """A pattern that meets nothing shows that recipe and file don't belong together."""
    part = {"pin": pin(FIRST, "a.jar"), "below": "top/", "take": {"lib/**": "usr/"}} | change
    with pytest.raises(BuilderError, match=r"`a\.jar` has nothing that is called lib/gone"):
        toolchain.make(recipe(parts=[part], executable=[]), files, tmp_path / "root")


def test_recipe_survives_its_json() -> None:
    """What is committed as JSON reads as the same recipe, patterns in the same order."""
    again = toolchain.Recipe.model_validate(json.loads(toolchain.dump(recipe())))
    assert again == recipe()
    assert [list(part.take) for part in again.parts] == [list(part.take) for part in recipe().parts]


def test_unknown_toolchain_is_a_lock_error() -> None:
    """A lock may name a toolchain that this builder lacks."""
    with pytest.raises(BuilderError) as caught:
        toolchain.load("python-2.7")
    assert caught.value.code == Exit.LOCK


def test_shipped_pins_are_of_kinds_that_stay() -> None:
    """Every file comes from Debian's main pool or Maven, with its size, hash known from this table."""
    pins = toolchain.load("python-3.12").pins
    assert {pin.source for pin in pins} == {"debian", "maven"}
    for pin in pins:
        assert (pin.hash, pin.targets) == ("table", (TOOLCHAIN,))
        assert pin.size
        assert pin.path.endswith("/")
        assert pin.source != "debian" or pin.path.startswith("pool/main/")


def test_shipped_links_are_relative() -> None:
    """The root may be shown at another place than `/`, so each link stays within it."""
    for name, target in toolchain.load("python-3.12").links.items():
        parts = list(PurePosixPath(name).parent.parts)
        for part in PurePosixPath(target).parts:
            if part == "..":
                parts.pop()  # raises where it leaves the root
            else:
                assert part != "/"
                parts.append(part)


def test_start_py_needs_no_module_that_is_compiled_first() -> None:
    """All that it imports before `in/stdlib` is in its place is in the interpreter; else each step takes 60 ms more."""
    show = "old = set(sys.modules); import start; new = set(sys.modules) - old - {'start'}"
    lacking = "print(*(name for name in new if not (_imp.is_frozen(name) or _imp.is_builtin(name))))"
    code = f"import sys, _imp; sys.path.insert(0, sys.argv[1]); {show}; {lacking}"
    folder = Path(inside.__file__).parent
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
