"""A bundle: one uncompressed tar with all that a build elsewhere wants; its first member says what the others are.

Sorted, with fixed dates and modes, so the same contents are the same bytes. It is read by the guarded reader, and
nothing of it counts before all of it was read.
"""

import contextlib
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, Literal

from pydantic import Field, ValidationError

from builder import inside
from builder.errors import BuilderError, Exit
from builder.model import Model, Sha256

MANIFEST = "bundle.json"
PINS = "pins"  # folder: pins/SHA256/FILE
WHEELS = "wheels"  # folder: what builder itself is installed with, for `pip install --find-links`
APP = "app"  # folder: builder.lock and builder.plan/, to look at
_HEAD = MANIFEST.encode() + b"\0"
_DATE = 315532800  # 1980-01-01, as all that builder writes
_MANIFEST_LIMIT = 16 << 20  # bytes
_ENTRY_LIMIT = 64 << 30  # bytes
_LIMIT = 1 << 40  # bytes


class Row(Model):
    """One member."""

    name: str
    size: int = Field(ge=0)  # bytes
    sha256: Sha256


class Manifest(Model):
    """What bundle.json says."""

    format: Literal[1] = 1
    targets: tuple[str, ...] = Field(min_length=1)
    lock: Sha256  # of builder.lock
    members: tuple[Row, ...]  # all others, in their order


def write(place: BinaryIO, targets: tuple[str, ...], members: Mapping[str, Path]) -> None:
    """Write a bundle of these files: member -> where it lies. app/builder.lock must be one. Raises OSError."""
    rows = {name: _row(name, members[name]) for name in sorted(members)}
    manifest = Manifest(targets=targets, lock=rows[f"{APP}/builder.lock"].sha256, members=tuple(rows.values()))
    text = manifest.model_dump_json(indent=1).encode() + b"\n"
    with tarfile.TarFile(fileobj=place, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8") as tar:
        tar.addfile(_header(MANIFEST, len(text)), io.BytesIO(text))
        for name, row in rows.items():
            with members[name].open("rb") as file:
                tar.addfile(_header(name, row.size), file)


def read(bundle: Path, take: Callable[[Row], Path | None]) -> Manifest:
    """Read a bundle to its end, and copy the members for which `take` gives a place there.

    Raises BuilderError: fetch where there is none, mismatch where anything in it is not as its manifest says; what was
    copied is then to be thrown away.
    """
    archive = inside.module("archive")
    try:
        with bundle.open("rb") as file:
            if file.read(len(_HEAD)) != _HEAD:  # nor a compressed one, which would unpack to any size
                raise archive.Refused("is no bundle of builder")
        return _read(archive, bundle, take)
    except archive.Refused as error:
        why = str(error)
        shown = why if why.startswith(f"`{bundle.name}`") else f"`{bundle.name}` {why}"
        raise _broken(shown) from error
    except OSError as error:
        what = "can't be read" if error.filename == os.fspath(bundle) else "can't be unpacked into the store"
        raise BuilderError(
            f"the bundle `{bundle}` {what}: {error.strerror}",
            hint="check the path, and that the store's disk has space for it",
            code=Exit.FETCH,
        ) from error


def _read(archive: ModuleType, bundle: Path, take: Callable[[Row], Path | None]) -> Manifest:
    members = archive.members(bundle, archive.Limits(total=_LIMIT, entry=_ENTRY_LIMIT))
    first = next(members, None)
    if first is None or (first.name, first.kind) != (MANIFEST, "file"):
        raise archive.Refused("is no bundle of builder")
    manifest = _manifest(first.chunks())
    for row in manifest.members:
        member = next(members, None)
        if member is None:
            raise archive.Refused(f"lacks `{row.name}`, which its manifest lists")
        if (member.name, member.kind) != (row.name, "file"):
            raise archive.Refused(f"has the {member.kind} `{member.name}` where its manifest has the file `{row.name}`")
        _copy(row, member.chunks(), take(row))
    extra = next(members, None)
    if extra is not None:
        raise archive.Refused(f"has `{extra.name}`, which its manifest does not list")
    return manifest


def _manifest(chunks: Iterator[bytes]) -> Manifest:
    text = b""
    for chunk in chunks:
        text += chunk
        if len(text) > _MANIFEST_LIMIT:
            raise _broken(f"the bundle's {MANIFEST} has more than {_MANIFEST_LIMIT} bytes")
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        if first["loc"] == ("format",):
            raise BuilderError(
                "the bundle is of a format that this builder does not know",
                hint="take the builder that it holds: see `wheels/` in it",
                code=Exit.MISMATCH,
            ) from error
        where = ".".join(map(str, first["loc"]))
        raise _broken(f"the bundle's {MANIFEST} is wrong at `{where}`: {first['msg']}") from error


def _copy(row: Row, chunks: Iterator[bytes], place: Path | None) -> None:
    """Hash a member, and write it where a place is given."""
    size, found = 0, hashlib.sha256()
    with place.open("wb") if place else contextlib.nullcontext() as file:
        for chunk in chunks:
            size += len(chunk)
            found.update(chunk)
            if file:
                file.write(chunk)
        if file:
            file.flush()
            os.fsync(file.fileno())
    if (found.hexdigest(), size) != (row.sha256, row.size):
        raise _broken(
            f"`{row.name}` in the bundle is not what its manifest says: expected sha256 {row.sha256}, "
            f"{row.size} bytes; got sha256 {found.hexdigest()}, {size} bytes"
        )


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mtime, header.mode = size, _DATE, 0o644
    return header


def _row(name: str, path: Path) -> Row:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        return Row(name=name, size=file.tell(), sha256=found)


def _broken(fact: str) -> BuilderError:
    return BuilderError(
        f"{fact}; nothing of it was kept",
        hint="copy the bundle over again, and compare its sha256 with the one that `builder fetch --bundle` told",
        code=Exit.MISMATCH,
    )
