"""A simple index of Python packages, as HTML or JSON (simple repository API: PEP 503, 592, 629, 691, 700)."""

import hashlib
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote

from packaging.tags import Tag
from packaging.utils import InvalidName, InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from builder.errors import BuilderError, Exit
from builder.lock import Known, Need, Pin
from builder.network.http import Http
from builder.network.mirrors import redacted
from builder.network.simpleindex import ACCEPT, DISTRIBUTIONS, IndexFile, html, parse
from builder.sources import Source, each

_PURE = Tag("py3", "none", "any")


def resolve(needs: tuple[Need, ...], http: Http) -> tuple[Pin, ...]:
    """Each file as its index states it; a need without a file means the version's only wheel for any platform.

    What the index does not state (sha256, size) is found out from the file. Raises BuilderError: fetch, mismatch, or
    lock where the index has no such file.
    """
    return each(needs, partial(_pinned, http=http))


def locate(pin: Pin, base: str, http: Http) -> str:
    """The URL that the project's page gives for the pin's file.

    Raises BuilderError: fetch where the page no longer lists it, mismatch where it lists only other bytes.
    """
    listed = [file for file in project_files(pin.name, base, http) if file.file == pin.file]
    if not listed:
        raise BuilderError(
            f"`{pin.source}` no longer lists `{pin.file}` for the project `{pin.name}`",
            hint=f"run `builder lock --upgrade-package {pin.name}`, or use a mirror that keeps it",
            code=Exit.FETCH,
        )
    for file in listed:
        if file.sha256 in (None, pin.sha256):
            return file.url
    raise BuilderError(
        f"`{pin.source}` lists `{pin.file}` with sha256 {listed[0].sha256}, but builder.lock says {pin.sha256}",
        hint="find out who changed it: a registry never changes a file, so the mirror or the lock is wrong",
        code=Exit.MISMATCH,
    )


@cache
def project_files(name: str, base: str, http: Http) -> tuple[IndexFile, ...]:
    """Every wheel and sdist that an index lists for a project, in its order; the page is asked for once a process.

    `base` ends in a slash. Raises BuilderError (fetch), also where the answer is no page of a simple index.
    """
    project = canonicalize_name(name)
    url = f"{base}{project}/"
    files = parse(http.answer(url, accept=ACCEPT))
    if files is None:
        raise BuilderError(
            f"`{redacted(url)}` does not answer with a page of a simple index",
            hint="check the index's address; a mirror is named with BUILDER_MIRROR_<ALIAS>",
            code=Exit.FETCH,
        )
    return files


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pinned(need: Need, http: Http) -> Pin:
    file = _chosen(need, project_files(need.name, http.base(need.source), http))
    known: Known = "index" if file.sha256 else "first-use"
    size = file.size if file.size is not None or not file.sha256 else http.size(file.url)
    sha256 = file.sha256
    if sha256 is None or size is None:
        taken = http.take(file.url, {"sha256": sha256} if sha256 else {})
        sha256, size = taken.sha256, taken.size
    return Pin(
        name=canonicalize_name(need.name),
        version=need.version,
        source=need.source,
        file=file.file,
        size=size,
        sha256=sha256,
        hash=known,
        targets=need.targets,
    )


def _chosen(need: Need, files: tuple[IndexFile, ...]) -> IndexFile:
    """The one file that a need means."""
    fit = [file for file in files if file.file == need.file] if need.file else _pure(need.version, files)
    if len({file.file for file in fit}) == 1:
        return fit[0]
    what = f"the file `{need.file}`" if need.file else f"one wheel of {need.version} for any platform"
    found = f"; it has {', '.join(f'`{file.file}`' for file in fit)}" if fit else ""
    raise BuilderError(
        f"`{need.source}` does not have {what} for the project `{need.name}`{found}",
        hint="choose another version, or a mirror that has it",
        code=Exit.LOCK,
    )


def _pure(version: str, files: tuple[IndexFile, ...]) -> list[IndexFile]:
    return [file for file in files if file.file.endswith(".whl") and _is_pure(file.file, version)]


def _is_pure(file: str, version: str) -> bool:
    try:
        _, found, _, tags = parse_wheel_filename(file)
        return found == Version(version) and _PURE in tags
    except (InvalidWheelFilename, InvalidVersion, InvalidName):
        return False


def place(pin: Pin) -> str:
    """In the folder of its project, as its page has it."""
    return f"{canonicalize_name(pin.name)}/{pin.file}"


def pages(folder: Path, pins: Iterable[Pin]) -> dict[str, bytes]:
    """The index (PEP 503) of all that lies in a folder: a page of projects, and one of files for each."""
    projects = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    found = {"index.html": html("Simple index", [(f"{entry.name}/", entry.name) for entry in projects])}
    for project in projects:
        links = [
            (f"{quote(file.name)}#sha256={_sha256(file)}", file.name)
            for file in sorted(project.iterdir())
            if file.name.endswith(DISTRIBUTIONS)
        ]
        found[f"{project.name}/index.html"] = html(f"Links for {project.name}", links)
    return found


SOURCE = Source(resolve=resolve, locate=locate, place=place, pages=pages)
