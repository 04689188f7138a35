"""An npm registry: the version's document states the tarball's sha512 (Subresource Integrity)."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from builder import inside
from builder.errors import BuilderError, Exit
from builder.lock import Known, Need, Pin
from builder.model import canonical
from builder.network.http import Http
from builder.network.mirrors import redacted
from builder.sources import Source, below, each


def resolve(needs: tuple[Need, ...], http: Http) -> tuple[Pin, ...]:
    """Each package's tarball, downloaded once: checked against the registry's sha512, pinned by sha256.

    Raises BuilderError: fetch, mismatch, or lock for a version that the registry does not have.
    """
    return each(needs, partial(_pinned, http=http))


def locate(pin: Pin, base: str, http: Http) -> str:
    """Base, path (the package's name and `-`), file."""
    return below(base, pin.path, pin.file)


def _pinned(need: Need, http: Http) -> Pin:
    base = http.base(need.source)
    dist = _dist(need, base, http)
    # The document may name the registry's own host even behind a mirror, so only the file's name is taken from it.
    file = unquote(urlsplit(str(dist.get("tarball", ""))).path.rpartition("/")[2])
    path = f"{need.name}/-/"
    expected = _integrity(dist)
    if not file or "/" in file or not expected:
        raise _strange(need)
    taken = http.take(below(base, path, file), expected)
    known: Known = "index" if "sha512" in expected else "first-use"
    return Pin(
        name=need.name,
        version=need.version,
        source=need.source,
        path=path,
        file=file,
        size=taken.size,
        sha256=taken.sha256,
        hash=known,
        targets=need.targets,
    )


def _dist(need: Need, base: str, http: Http) -> dict[str, Any]:
    """The `dist` of a version; some mirrors serve only the package's whole document."""
    url = base + quote(need.name, safe="@")
    body = http.find(f"{url}/{quote(need.version)}")
    try:
        document = json.loads(http.read(url))["versions"].get(need.version) if body is None else json.loads(body)
        if document is None:
            raise BuilderError(
                f"`{need.source}` has no version {need.version} of the package `{need.name}`",
                hint=f"choose a version that {redacted(url)} lists",
                code=Exit.LOCK,
            )
        dist = document["dist"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _strange(need) from error
    if not isinstance(dist, dict):
        raise _strange(need)
    return dist


def _integrity(dist: dict[str, Any]) -> dict[str, str]:
    """The strongest hash that a registry states for a tarball: sha512, for old packages sha1; {} for none."""
    for stated in str(dist.get("integrity", "")).split():
        if stated.startswith("sha512-"):
            try:
                return {"sha512": base64.b64decode(stated.removeprefix("sha512-"), validate=True).hex()}
            except binascii.Error:
                return {}
    return {"sha1": str(dist["shasum"])} if dist.get("shasum") else {}


def _strange(need: Need) -> BuilderError:
    return BuilderError(
        f"`{need.source}` answers with no npm document for `{need.name}` {need.version}",
        hint="check the registry's address, or use another mirror",
        code=Exit.FETCH,
    )


def pages(folder: Path, pins: Iterable[Pin]) -> dict[str, bytes]:
    """The document of each version that lies in a folder, at NAME/VERSION, and of each package: NAME/index.json.

    A folder can't have the package's document at NAME as well. Clients that insist on it, npm's own among them, want a
    server that is told so.
    """
    packages: dict[str, dict[str, Any]] = {}
    for tarball in sorted(folder.rglob("-/*.tgz")):
        document = _document(tarball, tarball.relative_to(folder).as_posix())
        if document:
            packages.setdefault(str(document["name"]), {})[str(document["version"])] = document
    found = {}
    for name, versions in packages.items():
        latest = max(versions, key=_order)
        every = {"_id": name, "name": name, "dist-tags": {"latest": latest}, "versions": versions}
        found[f"{name}/index.json"] = canonical(every)
        found |= {f"{name}/{version}": canonical(document) for version, document in versions.items()}
    return found


def _document(tarball: Path, path: str) -> dict[str, Any] | None:
    """A version's document: the package.json of its tarball, and the tarball's hashes; None where it has none."""
    archive = inside.module("archive")
    try:
        stated = json.loads(archive.read(tarball, "package/package.json"))
        if f"{stated['name']}/-/{tarball.name}" != path or not re.fullmatch(r"[0-9A-Za-z.+-]+", stated["version"]):
            return None
    except (archive.Refused, KeyError, ValueError, TypeError):
        return None
    with tarball.open("rb") as file:
        sha512 = base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()
        file.seek(0)
        shasum = hashlib.file_digest(file, "sha1").hexdigest()
    return {**stated, "dist": {"integrity": f"sha512-{sha512}", "shasum": shasum, "tarball": path}}


def _order(version: str) -> tuple[bool, list[int], str]:
    """What puts versions in order: finished ones come after all others, and each by its numbers."""
    release, _, pre = version.partition("+")[0].partition("-")
    return not pre, [int(part) for part in release.split(".") if part.isdecimal()], version


SOURCE = Source(resolve=resolve, locate=locate, pages=pages)
