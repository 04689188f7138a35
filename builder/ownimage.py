"""builder's own image: the toolchain as its root, builder in /opt/builder, and a store that has what builds need."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder import data, inside, toolchain
from builder.lock import Pin
from builder.ociimage import Entry, entries

NAME = "localhost/builder:latest"
_OWN, _STORE = "opt/builder", "var/lib/builder"
_SITE = f"{_OWN}/site"  # as toolchains/image.toml has it
_ANYBODY = 0o777  # whoever the container runs as fills the store


@dataclass(frozen=True)
class Contents:
    """What an image is made of; all of it lies on this machine."""

    toolchain: Path
    nar: str  # NAR sha256 of the toolchain
    pins: Mapping[str, Path]  # sha256 -> file; none in an image that fetches its own
    wheels: Mapping[str, Path]  # file name -> file: of builder and all that it is installed with
    parts: Mapping[str, Path]  # sha256 -> file: of toolchains/image.toml
    plan: Mapping[str, bytes]  # relative path -> text: lock and plans, to be looked at


def parts() -> tuple[Pin, ...]:
    """The files that toolchains/image.toml pins."""
    return tuple(part.pin for part in _parts())


def config() -> dict[str, Any]:
    """What a container of the image is started with."""
    return dict(data.table("image.toml")["config"])


def layers(contents: Contents, work: Path) -> dict[str, list[Entry]]:
    """The layers of the image, lowest first, each with a name; `work` is an empty folder that has to last.

    What changes seldom lies below, so that a registry keeps it once. Raises archive.Refused or wheel.Invalid for a file
    that is not what its pin says.
    """
    _unpack(contents, work / "own")
    return {
        "toolchain": [*_root(contents)],
        "builder": [*_folders("opt"), *entries(work / "own" / "opt", "opt/")],
        "pins": [
            *_shared("files"),
            *(Entry(f"{_STORE}/files/{sha256}", 0o644, path) for sha256, path in sorted(contents.pins.items())),
        ],
        "plan": [*_folders(*_parents(contents.plan)), *_texts(contents.plan)],
    }


def _root(contents: Contents) -> Iterator[Entry]:
    """The toolchain twice, but its bytes once: as the root, and by hard links as an output of the store."""
    found = entries(contents.toolchain)
    for entry in found:
        yield Entry(entry.name, 0o1777) if entry.name == "tmp" else entry
    place = f"{_STORE}/outputs/{contents.nar}"
    yield from (*_shared("outputs"), *_folders(place))
    for entry in found:
        if entry.source is None:
            yield Entry(f"{place}/{entry.name}", entry.mode, symlink=entry.symlink)
        else:
            yield Entry(f"{place}/{entry.name}", entry.mode, hardlink=entry.name)
    yield Entry(f"{place}.nar", 0o644, contents.nar.encode())


def _unpack(contents: Contents, out: Path) -> None:
    """Lay out /opt/builder: programs, libraries, and every wheel in one folder."""
    programs: dict[str, str] = data.table("image.toml")["programs"]
    recipe = {
        "parts": [part.model_dump(mode="json") for part in _parts()],
        "executable": [f"{_OWN}/lib/git"],
        "folders": [_SITE],
        "texts": programs,
        "links": {},
    }
    inside.module("root").make(recipe, contents.parts, out)
    for name in programs:
        (out / name).chmod(0o755)
    install = inside.module("install")
    origin: dict[str, str] = {}
    for file in sorted(contents.wheels):
        link = out / file  # a wheel's name is looked at, and a pin in a store has another
        link.symlink_to(contents.wheels[file])
        install.install_wheel(link, out / _SITE, origin)
        link.unlink()
    archive = inside.module("archive")
    archive.unpack(next(path for file, path in contents.wheels.items() if _of_uv(file)), out, want=_uv)
    inside.module("tree").settle(out)


def _of_uv(file: str) -> bool:
    return file.startswith("uv-")


def _uv(member: str) -> str | None:
    """Where uv's program goes: there its own package looks for it."""
    return f"{_SITE}/bin/uv" if member.endswith(".data/scripts/uv") else None


def _parts() -> list[toolchain.Part]:
    rows = data.table("image.toml")["part"]
    return [toolchain.Part.model_validate(toolchain.pinned(row, "image")) for row in rows]


def _folders(*names: str) -> Iterator[Entry]:
    return (Entry(name, 0o755) for name in names)


def _shared(name: str) -> Iterator[Entry]:
    """A folder of the store, and those that it lies in: a layer that lacks one of them gives it other rights."""
    yield from _folders("var", "var/lib")
    yield from (Entry(_STORE, _ANYBODY), Entry(f"{_STORE}/{name}", _ANYBODY))


def _parents(texts: Mapping[str, bytes]) -> list[str]:
    return sorted({str(parent) for name in texts for parent in Path(_OWN, "plan", name).parents} - {"."})


def _texts(texts: Mapping[str, bytes]) -> Iterator[Entry]:
    return (Entry(f"{_OWN}/plan/{name}", 0o644, text) for name, text in sorted(texts.items()))
