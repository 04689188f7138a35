"""Which of a project's wheels a target can use: tags and PEP 508 values of machines that are not this one."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TypeVar

from packaging.tags import Tag, compatible_tags, cpython_tags, create_compatible_tags_selector, mac_platforms
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from builder.fletline import Pyodide
from builder.model import PYODIDE

GLIBC = 28  # the floor is glibc 2.28; a target's wheels ask for no newer one
MACOS = (12, 0)  # the oldest macOS that Flet's client starts on
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}  # PEP 600: names of older tags

DESKTOP = {
    "linux-x86_64": {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux"},
    "linux-aarch64": {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux"},
    "windows-x86_64": {"os_name": "nt", "sys_platform": "win32", "platform_system": "Windows"},
    "macos-x86_64": {"os_name": "posix", "sys_platform": "darwin", "platform_system": "Darwin"},
    "macos-arm64": {"os_name": "posix", "sys_platform": "darwin", "platform_system": "Darwin"},
}


@dataclass(frozen=True)
class Environment:
    """What a target's interpreter would say of itself."""

    markers: Mapping[str, str]  # PEP 508 names, all of them
    tags: tuple[Tag, ...]  # of wheels, best first

    @cached_property
    def ranked(self) -> Callable[[Iterable[tuple[str, frozenset[Tag]]]], Iterator[str]]:
        """What puts names with their tags in order, best first, and leaves out what can't be used."""
        return create_compatible_tags_selector(self.tags)


File = TypeVar("File")


def desktop(target: str, python: str, glibc: int = GLIBC) -> Environment:
    """The environment of CPython `python` (a full version) on a desktop target; on Linux with glibc 2.`glibc`."""
    machine = "AMD64" if target == "windows-x86_64" else target.split("-", 1)[1]
    markers = {**DESKTOP[target], "platform_machine": machine, "platform_release": "", "platform_version": ""}
    return Environment({**markers, **_interpreter(python)}, _tags(python, tuple(_platforms(target, glibc))))


def browser(pyodide: Pyodide) -> Environment:
    """The environment of a Pyodide, in a browser or in an APK's WebView."""
    markers = {
        "os_name": "posix",
        "sys_platform": "emscripten",
        "platform_system": "Emscripten",
        "platform_machine": "wasm32",
        "platform_release": "",
        "platform_version": "",
        **pyodide.markers,
    }
    return Environment({**markers, **_interpreter(pyodide.python)}, _tags(pyodide.python, (pyodide.platform,)))


def condition(target: str) -> str:
    """The PEP 508 marker that holds on a target only (web and apk are one), as the resolver is told it."""
    if target in PYODIDE:
        return "sys_platform == 'emscripten'"
    machine = "AMD64" if target == "windows-x86_64" else target.split("-", 1)[1]
    return f"sys_platform == '{DESKTOP[target]['sys_platform']}' and platform_machine == '{machine}'"


def best(files: Mapping[str, File], environment: Environment) -> File | None:
    """Of files by name, the wheel that the environment's tags rank first; None where it can use none of them.

    Of equals the highest build tag wins (binary distribution format), never the order of an index.
    """
    names = sorted((name for name in files if tags_of(name)), key=_build, reverse=True)
    found = next(environment.ranked((name, tags_of(name)) for name in names), None)
    return None if found is None else files[found]


@cache
def tags_of(filename: str) -> frozenset[Tag]:
    """The tags in a wheel's name; none for a file that is no wheel, or whose name breaks the format."""
    try:
        return parse_wheel_filename(filename)[3]
    except InvalidWheelFilename:
        return frozenset()


def summary(filenames: Iterable[str]) -> str:
    """Which wheels there are, for a message: `wheels of cp311 to cp313 for macosx arm64, win amd64`."""
    tags = {tag for filename in filenames for tag in tags_of(filename)}
    if not tags:
        return "a source archive only"
    pythons = {tag.interpreter for tag in tags}
    common = sorted((name for name in pythons if name.startswith("cp")), key=lambda name: (len(name), name))
    span = " to ".join(dict.fromkeys((common[0], common[-1]))) if common else ", ".join(sorted(pythons))
    return f"wheels of {span} for {', '.join(sorted({_kind(tag.platform) for tag in tags}))}"


@cache
def _build(filename: str) -> tuple[object, str]:
    return parse_wheel_filename(filename)[2], filename


def _kind(platform: str) -> str:
    """`manylinux x86_64` for `manylinux_2_17_x86_64`: the system and the machine; a version where it is too new."""
    system = platform.split("_", 1)[0].rstrip("0123456789")
    machine = next((name for name in ("x86_64", "aarch64", "arm64", "amd64") if platform.endswith(name)), "")
    versioned = re.match(r"(?:manylinux|macosx)_(\d+)_(\d+)_", platform)
    wants = (int(versioned[1]), int(versioned[2])) if versioned else (0, 0)
    most, what = ((2, GLIBC), "glibc") if system == "manylinux" else (MACOS, "macOS")
    newer = f" ({what} {wants[0]}.{wants[1]} or newer)" if wants > most else ""
    return f"{system} {machine}".strip() + newer


def _interpreter(python: str) -> dict[str, str]:
    return {
        "implementation_name": "cpython",
        "implementation_version": python,
        "platform_python_implementation": "CPython",
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
    }


def _tags(python: str, platforms: tuple[str, ...]) -> tuple[Tag, ...]:
    major, minor = (int(part) for part in python.split(".")[:2])
    name = f"cp{major}{minor}"
    native = cpython_tags((major, minor), abis=(name,), platforms=platforms)
    return (*native, *compatible_tags((major, minor), interpreter=name, platforms=platforms))


def _platforms(target: str, glibc: int) -> Iterator[str]:
    """Platform tags of a desktop target, newest first (PEP 600 for Linux)."""
    family, machine = target.split("-", 1)
    if family == "windows":
        yield "win_amd64"
    elif family == "macos":
        yield from mac_platforms(MACOS, machine)
    else:
        for minor in range(glibc, 4 if machine == "x86_64" else 16, -1):
            yield f"manylinux_2_{minor}_{machine}"
            if minor in _LEGACY:
                yield f"{_LEGACY[minor]}_{machine}"
        yield f"linux_{machine}"
