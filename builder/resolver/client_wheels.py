"""The prebuilt client of each target: Flet's own wheels, of the very version that the app's flet has."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from builder import fletline
from builder.errors import BuilderError, Exit
from builder.fletline import Line
from builder.lock import Known, Need, Origin, Pin
from builder.network.http import Http
from builder.network.mirrors import variable
from builder.network.simpleindex import IndexFile
from builder.resolver.graph import Key
from builder.resolver.selection import Chosen
from builder.resolver.wheels import Environment, best
from builder.sources import SOURCES
from builder.targets import family

RELEASES = "flet-releases"
ORIGIN = Origin(kind="url", base="https://github.com/flet-dev/flet/releases/download/")

Files = Callable[[str, str], tuple[IndexFile, ...]]  # (project, URL of its index or "") -> every file of it


def refusal(line: Line, version: str, target: str, declared: bool) -> str:
    """Why the prebuilt client of a target can't be locked; "" where it can.

    A client outside the package index is taken for a declared target only: a lock follows from its inputs, not from
    whether some other host answered.
    """
    if family(target) in line.wheels or (target in line.archives and declared):
        return ""
    if target in line.archives:
        return (
            f"Flet publishes its {version} client for it on no package index, only as `{line.archives[target]}` of "
            f"its own releases; name the target in `[tool.builder] targets` to take it from there, or require a flet "
            f"whose client is a wheel"
        )
    return f"no prebuilt client of flet {version} runs there"


def wheel(line: Line, flet: Chosen, target: str, environment: Environment, files: Files) -> Chosen:
    """The client's wheel, from the index that `flet` comes from, for a target whose family has one.

    Raises BuilderError (lock) where this version has none.
    """
    project, version = line.wheels[family(target)], flet.key.version
    held = {file.file: file for file in files(project, flet.base) if _version(file.file) == version}
    file = best(held, environment)
    if file is None:
        raise BuilderError(
            f"`{project}` {version}, the client of flet {version}, has no wheel for `{target}`",
            hint=f"require a tested flet ({', '.join(line.tested)}), or take the target out of `targets`",
            code=Exit.LOCK,
        )
    known: Known = "index" if file.sha256 else "first-use"
    return replace(
        flet,
        key=Key(project, version),
        file=file.file,
        url=file.url,
        sha256=file.sha256 or "",
        size=file.size,
        hash=known,
    )


def archives(line: Line, version: str, targets: Iterable[str]) -> tuple[Need, ...]:
    """The needs of targets whose client is an archive of Flet's own releases."""
    by_file: dict[str, list[str]] = {}
    for target in targets:
        by_file.setdefault(line.archives[target], []).append(target)
    return tuple(
        Need(
            source=RELEASES,
            name="flet-client",
            version=version,
            path=f"v{version}/",
            file=file,
            targets=tuple(sorted(used_by)),
        )
        for file, used_by in sorted(by_file.items())
    )


def archive_pins(line: Line, version: str, targets: Iterable[str], http: Http) -> tuple[Pin, ...]:
    """The pins of these archives. Raises BuilderError (fetch) naming the ways out."""
    needs = archives(line, version, targets)
    try:
        return SOURCES["url"].resolve(needs, http)
    except BuilderError as error:
        families = sorted({family(target) for need in needs for target in need.targets})
        lines = [fletline.of(f"{name}.0") for name in fletline.lines()]
        known = [tested for other in lines if set(families) <= other.wheels.keys() for tested in other.tested]
        raise BuilderError(
            f"the client of flet {version} for {', '.join(f'`{name}`' for name in families)} lies outside the package "
            f"index, and {error.message}",
            hint=f"require a flet whose client is a wheel ({', '.join(known)}), or name a mirror of Flet's releases "
            f"with {variable(RELEASES)}",
            code=error.code,
        ) from error


def _version(filename: str) -> str:
    return filename.split("-")[1] if filename.count("-") > 3 else ""
