"""What a pinned file says of itself: licence (core metadata, PEP 639), what it requires, the fonts of a client."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from builder import data, inside
from builder.lock import Pin
from builder.model import Model

_LIMIT = 4 << 20  # bytes of a METADATA or a FontManifest.json
_NESTED = (".tar.gz", ".tar.xz", ".tgz", ".zip", ".jar", ".whl")
_DEPTH = 2  # archives within archives
_BLOCK = 1 << 20  # bytes
_CLASSIFIER = "License :: "

Chunks = Callable[[], Iterator[bytes]]


class Facts(Model):
    """What is known of one file."""

    licence: str = ""  # SPDX expression; "" where none is known
    stated: str = ""  # what the file says of its licence where that is no SPDX expression
    requires: tuple[str, ...] = ()  # PEP 503 names, sorted; extras left out, markers not looked at
    fonts: tuple[str, ...] = ()  # families that a client registers, sorted


def needs_bytes(pin: Pin) -> bool:
    """Whether the facts of a pin are in its file; else builder's own table has what is known."""
    return pin.file.endswith((".whl", ".tar.gz")) and pin.name not in data.table("licences.toml")["pins"]


def of_table(pin: Pin) -> Facts:
    """The facts of a pin that builder's own table has."""
    return Facts(licence=data.table("licences.toml")["pins"].get(pin.name, ""))


def of_file(path: Path, file: str) -> Facts:
    """The facts of the wheel or source distribution of that name, whose bytes lie at a path."""
    return of_metadata(_metadata(path, file))


def of_metadata(text: bytes) -> Facts:
    """The facts in the core metadata of a package."""
    raw, _ = parse_email(text)
    found, stated = licence_of(raw)
    return Facts(licence=found, stated=stated, requires=_requires(raw.get("requires_dist", [])))


def licence_of(raw: RawMetadata) -> tuple[str, str]:
    """The SPDX expression of a package's licence, and else what it says instead; both "" where it says nothing."""
    classifiers = [text.rpartition(" :: ")[2] for text in raw.get("classifiers", []) if text.startswith(_CLASSIFIER)]
    said = [raw.get("license_expression", ""), raw.get("license", "").strip(), *classifiers]
    short = [text for text in said if text and "\n" not in text and len(text) <= 120]  # some put the whole text there
    for text in short:
        if licence := _spdx(text):
            return licence, ""
    return "", "; ".join(dict.fromkeys(short[:3])) or ("a text of its own" if any(said) else "")


def fonts(path: Path, scratch: Path) -> tuple[str, ...]:
    """The families in the FontManifest.json of a client (Flutter's assets), sorted; archives unpack below `scratch`."""
    for name, chunks in files(path, scratch):
        if name.endswith("/FontManifest.json"):
            try:
                return tuple(sorted({str(row["family"]) for row in json.loads(_head(chunks))}))
            except (ValueError, KeyError, TypeError):
                return ()
    return ()


def files(archive: Path, scratch: Path, prefix: str = "") -> Iterator[tuple[str, Chunks]]:
    """Each file of an archive and of the archives in it, as `wheel member!/inner member`; none of what is no archive.

    Read its bytes, or not, before the next is asked for.
    """
    reader = inside.module("archive")
    try:
        for member in reader.members(archive):
            if member.kind != "file":
                continue
            if member.name.endswith(_NESTED):
                yield from _inner(member, scratch, prefix)
            else:
                yield prefix + member.name, member.chunks
    except reader.Refused:
        return


def _inner(member: Any, scratch: Path, prefix: str) -> Iterator[tuple[str, Chunks]]:
    """An archive in an archive, then what is in it: its bytes are laid aside, as they may be read only once."""
    depth = prefix.count("!/")
    place = scratch / f"inner-{depth}"
    with place.open("wb") as file:
        file.writelines(member.chunks())
    try:
        yield prefix + member.name, lambda: _blocks(place)
        if depth < _DEPTH:
            yield from files(place, scratch, f"{prefix}{member.name}!/")
    finally:
        place.unlink()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _metadata(path: Path, file: str) -> bytes:
    """The METADATA of a wheel, the PKG-INFO of a source distribution; nothing where there is none."""
    wanted = ".dist-info/METADATA" if file.endswith(".whl") else "/PKG-INFO"
    reader = inside.module("archive")
    for member in reader.members(path):
        if member.kind == "file" and member.name.endswith(wanted) and member.name.count("/") == 1:
            return _head(member.chunks)
    return b""


def _head(chunks: Chunks) -> bytes:
    found = b""
    for chunk in chunks():
        found += chunk
        if len(found) > _LIMIT:
            return b""
    return found


def _spdx(text: str) -> str:
    for candidate in (text, data.table("licences.toml")["stated"].get(text.lower(), "")):
        try:
            if candidate:
                return str(canonicalize_license_expression(candidate))
        except InvalidLicenseExpression:
            continue
    return ""


def _requires(texts: list[str]) -> tuple[str, ...]:
    found = set()
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if "extra" not in str(requirement.marker or ""):
            found.add(canonicalize_name(requirement.name))
    return tuple(sorted(found))
