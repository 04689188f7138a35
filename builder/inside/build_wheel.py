"""Builds the wheel of a source distribution with its own backend (PEP 517), and writes it anew in one form.

Reads in/build.json:
  sdist    file name, found at in/NAME
  name     the project (PEP 503), which the wheel must be of
  version  that the wheel must have
  wheels   file names of the wheels that the build requires, each found at in/NAME
Leaves the wheel in out/. One that is not pure Python is refused: there is no compiler here, least of all for a target.
"""

import base64
import csv
import hashlib
import importlib
import io
import json
import os
import re
import sys
import traceback
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import archive
import build_system
import install
import tree
import wheel
from build_system import BuildSystem

_SOURCE, _TOOLS, _MADE, _UNPACKED = (Path(name).resolve() for name in ("source", "tools", "made", "unpacked"))
_SAID = Path("said").resolve()  # what the backend wrote
_PURE = re.compile(r"-(?:[a-z0-9]+\.)*py3(?:\.[a-z0-9]+)*-none-any\.whl$")
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold
_SECONDS = 315532800  # the same
_TOLD = 60  # lines of a failed build


def main() -> None:
    """Unpack, build, check, write anew."""
    settings = json.loads(Path("in", "build.json").read_text(encoding="utf-8"))
    try:
        made = build(settings)
        check(settings, made.name)
        rewrite(made, Path("out", made.name))
    except (wheel.Invalid, archive.Refused, build_system.Unclear) as error:
        sys.exit(f"error: `{settings['sdist']}` can't be built: {error}")


def build(settings: dict[str, Any]) -> Path:
    """The wheel as the backend made it; the end of what that wrote is told where it fails."""
    sdist = Path("in", settings["sdist"])
    wheel.refuse_page(sdist)
    system = build_system.of(sdist)
    unpack(sdist, settings["wheels"])
    _MADE.mkdir()
    code = run(system, settings)
    if code < 0:
        raise wheel.Invalid(f"its backend `{system.backend}` was ended by signal {-code}")
    if code:
        lines = _SAID.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        sys.stderr.writelines(lines[-_TOLD:])
        sys.exit(code)  # the last line of that says why
    found = sorted(_MADE.glob("*.whl"))
    if len(found) != 1:
        raise wheel.Invalid(f"its backend `{system.backend}` made {len(found)} wheels")
    return found[0]


def unpack(sdist: Path, wheels: Iterable[str]) -> None:
    """Lay out the source tree, every file with one date, and what its build requires."""
    origin: dict[str, str] = {}
    _TOOLS.mkdir()
    for name in wheels:
        install.install_wheel(Path("in", name), _TOOLS, origin)
    archive.unpack(sdist, _SOURCE, want=lambda name: name.partition("/")[2] or None)
    for name in tree.names(_SOURCE):
        os.utime(_SOURCE / name, (_SECONDS, _SECONDS), follow_symlinks=False)


def run(system: BuildSystem, settings: dict[str, Any]) -> int:
    """Run the backend in a process of its own, since it may change anything there; gives its exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        with _SAID.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.stdout.reconfigure(line_buffering=True)  # what is written to both stays in order
        _live(system, settings)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def check(settings: dict[str, Any], made: str) -> None:
    """Raise wheel.Invalid for a wheel that is not pure Python, or not of the project and version that was locked."""
    if not _PURE.search(made):
        raise wheel.Invalid(
            f"it gives `{made}`, which is not pure Python (py3-none-any), and there is no compiler here for a target; "
            f"require a version of {settings['name']} that has a wheel for the target"
        )
    name, version = made.split("-")[:2]
    if (_normal(name), version.lower()) != (settings["name"], settings["version"].lower().replace("-", "_")):
        raise wheel.Invalid(f"it gives `{made}`, not {settings['name']} {settings['version']}")


def rewrite(made: Path, place: Path) -> None:
    """Write a wheel with the same files, sorted, with one date, two modes and a RECORD of its own (PEP 427).

    Nothing is compressed: the next step unpacks it.
    """
    info = wheel.unpack(made, _UNPACKED).name
    record = f"{info}/RECORD"
    for name in (record, f"{record}.jws", f"{record}.p7s"):
        (_UNPACKED / name).unlink(missing_ok=True)
    names = sorted(tree.names(_UNPACKED), key=lambda name: (name.startswith(f"{info}/"), name))
    lines = io.StringIO()
    rows = csv.writer(lines, lineterminator="\n")
    with zipfile.ZipFile(place, "w") as packed:
        for name in names:
            data = (_UNPACKED / name).read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.writerow((name, f"sha256={digest}", len(data)))
            packed.writestr(_member(name, executable=os.access(_UNPACKED / name, os.X_OK)), data)
        rows.writerow((record, "", ""))
        packed.writestr(_member(record, executable=False), lines.getvalue())


def lacking(wanted: Iterable[str], wheels: Iterable[str]) -> list[str]:
    """The requirements (PEP 508) that no wheel is there for, by name; whether one with a marker counts is left open."""
    have = {_normal(file.split("-")[0]) for file in wheels}
    names = {text: re.match(r"\s*([A-Za-z0-9._-]*)", text) for text in wanted if ";" not in text}
    return sorted(text for text, name in names.items() if name and _normal(name[1]) not in have)


def _live(system: BuildSystem, settings: dict[str, Any]) -> NoReturn:
    """The whole life of the child: the two hooks of a backend that are needed."""
    status = 1
    try:
        backend = _backend(system)
        ask = getattr(backend, "get_requires_for_build_wheel", None)
        absent = lacking(ask() if ask else (), settings["wheels"])
        if absent:
            raise build_system.Unclear(
                f"its build asks for `{absent[0]}`, which is not pinned: its [build-system] does not require it"
            )
        backend.build_wheel(str(_MADE))
        status = 0
    except build_system.Unclear as error:
        _say(settings["sdist"], str(error))
    except BaseException as error:  # a backend may raise anything, SystemExit too
        traceback.print_exc()
        said = " ".join(str(error).split())
        why = f"its backend `{system.backend}` failed, without network and compiler: {type(error).__name__}: {said}"
        _say(settings["sdist"], why)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _backend(system: BuildSystem) -> Any:
    """The backend's object, from the source tree or from the wheels, with nothing of this folder in its way."""
    ours = str(Path("in").absolute()) + os.sep
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(f"{ours}inside{os.sep}"):
            del sys.modules[name]  # `wheel` is also a project's name
    folders = [(_SOURCE / part).resolve() for part in system.path]
    outside = [part for part, folder in zip(system.path, folders, strict=True) if not folder.is_relative_to(_SOURCE)]
    if outside:
        raise build_system.Unclear(f"its backend-path `{outside[0]}` is not in it")
    rest = [entry for entry in sys.path if not entry.startswith(ours)]
    sys.path[:] = [*map(str, folders), str(_TOOLS), *rest]
    os.chdir(_SOURCE)
    module, _, attributes = system.backend.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise build_system.Unclear(f"its backend `{module}` is in nothing that its [build-system] requires") from error
    for attribute in filter(None, attributes.split(".")):
        found = getattr(found, attribute)
    return found


def _member(name: str, *, executable: bool) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _DATE)
    member.create_system = 3  # Unix, whose modes follow
    member.external_attr = (0o100755 if executable else 0o100644) << 16
    return member


def _normal(name: str) -> str:
    """A project's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _say(sdist: str, why: str) -> None:
    sys.stdout.flush()
    print(f"error: `{sdist}` can't be built: {why}", file=sys.stderr)


if __name__ == "__main__":
    main()
