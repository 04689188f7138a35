"""The prebuilt client of each target: Flet's own wheels, of the very version that the app's flet has."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from builder import fletline
from builder.clients import prebuilt
from builder.errors import BuilderError, Exit
from builder.fletline import Line
from builder.lock import Inputs, Known, Need, Origin, Pin
from builder.network.http import Http
from builder.network.mirrors import variable
from builder.network.simpleindex import IndexFile
from builder.resolver.graph import Key
from builder.resolver.kept import Kept
from builder.resolver.selection import Chosen
from builder.resolver.wheels import Environment, best
from builder.sources import SOURCES
from builder.targets import family

RELEASES = "flet-releases"
ORIGIN = Origin(kind="url", base="https://github.com/flet-dev/flet/releases/download/")

Files = Callable[[str, str], tuple[IndexFile, ...]]  # (project, URL of its index or "") -> every file of it


def refusal(line: Line, version: str, target: str, inputs: Inputs) -> str:
    """Why the prebuilt client of a target can't be locked; "" where it can.

    A client outside the package index is taken for a declared target only: a lock follows from its inputs, not from
    whether some other host answered.
    """
    archive = line.archive(target, inputs.desktop_flavor)
    if line.wheel(target, inputs.desktop_flavor) or (archive and inputs.declared):
        return ""
    if archive:
        return (
            f"Flet publishes its {version} client for it on no package index, only as `{archive}` of its own "
            f"releases; name the target in `[tool.builder] targets` to take it from there, or require a flet whose "
            f"client is a wheel"
        )
    return f"no prebuilt client of flet {version} runs there"


def wheel(project: str, flet: Chosen, target: str, environment: Environment, files: Files) -> Chosen:
    """The client's wheel of a project, from the index that `flet` comes from.

    Raises BuilderError (lock) where this version has none.
    """
    version = flet.key.version
    held = {file.file: file for file in files(project, flet.base) if _version(file.file) == version}
    file = best(held, environment)
    if file is None:
        tested = ", ".join(fletline.of(version).tested)
        raise BuilderError(
            f"`{project}` {version}, the client of flet {version}, has no wheel for `{target}`",
            hint=f"require a tested flet ({tested}), or take the target out of `targets`",
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


def archives(line: Line, version: str, flavor: str, targets: Iterable[str]) -> tuple[Need, ...]:
    """The needs of targets whose client is an archive of Flet's own releases."""
    by_file: dict[str, list[str]] = {}
    for target in targets:
        by_file.setdefault(line.archive(target, flavor), []).append(target)
    return tuple(
        Need(
            source=RELEASES,
            name=prebuilt.ARCHIVE,
            version=version,
            path=f"v{version}/",
            file=file,
            targets=tuple(sorted(used_by)),
        )
        for file, used_by in sorted(by_file.items())
    )


def archive_pins(needs: tuple[Need, ...], kept: Kept, http: Http) -> tuple[Pin, ...]:
    """The pins of these archives; what the old lock has of them is not asked for again.

    Raises BuilderError: fetch, naming the ways out; mismatch where other bytes are published than the old lock has.
    """
    held = {need: old for need in needs if (old := _held(need, kept))}
    try:
        new = SOURCES["url"].resolve(tuple(need for need in needs if need not in held), http)
    except BuilderError as error:
        families = sorted({family(target) for need in needs for target in need.targets})
        wanted = ", ".join(f"`{name}`" for name in families)
        lines = [fletline.of(f"{name}.0") for name in fletline.lines()]
        known = [tested for other in lines if set(families) <= other.wheels.keys() for tested in other.tested]
        raise BuilderError(
            f"the client of flet {needs[0].version} for {wanted} lies outside the package index, and {error.message}",
            hint=f"require a flet whose client is a wheel ({', '.join(known)}), or name a mirror of Flet's releases "
            f"with {variable(RELEASES)}",
            code=error.code,
        ) from error
    for pin in new:
        kept.check((pin.source, pin.path, pin.file), pin.sha256)
    return (*(old.model_copy(update={"targets": need.targets}) for need, old in held.items()), *new)


def _held(need: Need, kept: Kept) -> Pin | None:
    """The old pin of an archive: of that version, whichever of its targets it was of."""
    old = [kept.pin(need.name, need.source, target) for target in need.targets]
    return next((pin for pin in old if pin and (pin.path, pin.file) == (need.path, need.file)), None)


def _version(filename: str) -> str:
    return filename.split("-")[1] if filename.count("-") > 3 else ""
