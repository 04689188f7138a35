"""CPython of the desktop targets and Pyodide of the browser's: which one, and its pins."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from builder import data
from builder.errors import BuilderError, Exit
from builder.fletline import Pyodide
from builder.lock import Inputs, Need, Origin, Pin
from builder.network.http import Http
from builder.resolver.kept import Kept
from builder.sources import SOURCES

CPYTHON = "cpython"  # name of the pins
DESKTOP_PYTHON = "3.12"
STANDALONE = "python-build-standalone"
ORIGINS = {STANDALONE: Origin(kind="url", base=data.table("runtimes.toml")[STANDALONE]["base"])}


@dataclass(frozen=True)
class Build:
    """One CPython for one target, not yet looked up where that needs a registry."""

    python: str  # full version
    pin: Pin | None  # known without asking
    need: Need | None


def refusal(inputs: Inputs, target: str) -> str:
    """Why there is no CPython for a desktop target; "" where there is one."""
    if inputs.python != DESKTOP_PYTHON:
        return (
            f"desktop targets have Python {DESKTOP_PYTHON} only, and `[tool.builder] python` asks for {inputs.python}"
        )
    if target not in _table(inputs)["builds"]:
        other = ", ".join(f'"{name}"' for name in _runtimes() if target in data.table("runtimes.toml")[name]["builds"])
        return f"the runtime `{inputs.runtime}` has no CPython {inputs.python} for it; `runtime = {other}` has"
    return ""


def build(inputs: Inputs, target: str, kept: Kept) -> Build:
    """The CPython of a desktop target that `refusal` does not refuse."""
    old = kept.pin(CPYTHON, STANDALONE if inputs.runtime == STANDALONE else "maven", target)
    if old:
        narrowed = old.model_copy(update={"targets": (target,)})
        return Build(narrowed.version, narrowed, None)
    row = _table(inputs)
    if inputs.runtime == STANDALONE:
        pin = _standalone(inputs.python, target, *row["builds"][target])
        return Build(pin.version, pin, None)
    file = f"cpython-{row['version']}-{row['builds'][target]}.jar"
    need = Need(source="maven", name=row["project"], version=row["version"], file=file, targets=(target,))
    return Build(row["python"], None, need)


def pins(builds: Iterable[Build], http: Http) -> tuple[Pin, ...]:
    """The pins of all builds. Raises BuilderError (fetch) where the registry of one can't be asked."""
    builds = tuple(builds)
    found = [build.pin for build in builds if build.pin]
    needs = tuple(build.need for build in builds if build.need)
    if needs:
        python = next(build.python for build in builds if build.need)
        resolved = SOURCES["maven"].resolve(needs, http)
        found += [pin.model_copy(update={"name": CPYTHON, "version": python}) for pin in resolved]
    return tuple(found)


def pyodide(wanted: Pyodide, targets: tuple[str, ...], kept: Kept, http: Http) -> tuple[Pin, ...]:
    """The npm package of a Pyodide that no client wheel ships; none for one that a wheel does."""
    if wanted.bundled:
        return ()
    old = next((pin for target in targets if (pin := kept.pin("pyodide", "npm", target))), None)
    if old and old.version == wanted.version:
        return (old.model_copy(update={"targets": targets}),)
    return SOURCES["npm"].resolve((Need(source="npm", name="pyodide", version=wanted.version, targets=targets),), http)


def _standalone(python: str, target: str, platform: str, machine: str) -> Pin:
    """The newest stripped build in the table of pbs-installer; its hash is of that table."""
    from pbs_installer import get_download_link  # here: its table is a megabyte of JSON

    version, (url, sha256) = get_download_link(python, arch=machine, platform=platform)
    base = ORIGINS[STANDALONE].base
    folder, _, file = unquote(urlsplit(url).path).rpartition("/")
    if not url.startswith(base) or sha256 is None:
        raise BuilderError(
            f"the table of pbs-installer has no hash for CPython {python} on `{target}`",
            hint='install another release of pbs-installer, or set `runtime = "bytedeco"` in `[tool.builder]`',
            code=Exit.LOCK,
        )
    return Pin(
        name=CPYTHON,
        version=f"{version.major}.{version.minor}.{version.micro}",
        source=STANDALONE,
        path=folder.rpartition("/")[2] + "/",
        file=file,
        sha256=sha256,
        hash="table",
        targets=(target,),
    )


def _table(inputs: Inputs) -> dict[str, Any]:
    row: dict[str, Any] = data.table("runtimes.toml")[inputs.runtime]
    return row


def _runtimes() -> tuple[str, ...]:
    return tuple(sorted(data.table("runtimes.toml")))
