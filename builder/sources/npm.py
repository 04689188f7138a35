"""An npm registry: the version's document states the tarball's sha512 (Subresource Integrity)."""

import base64
import binascii
import json
from functools import partial
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from builder.errors import BuilderError, Exit
from builder.lock import Known, Need, Pin
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


SOURCE = Source(resolve=resolve, locate=locate)
