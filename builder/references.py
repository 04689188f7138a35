"""One requirement in its one form: PEP 508 with canonical names, and no secret in its URL.

A file or folder of the author's becomes `name @ file:path`, with the path relative to the app.
"""

import posixpath
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from builder.errors import BuilderError, Exit

Read = Callable[[str], bytes]  # path relative to the app -> bytes; raises OSError

_ARCHIVES = (".whl", ".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz", ".tar")
_SAFE = "/:@+~#&=%!$'(),*"  # what a path keeps as it is in a URL
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_SCHEMES = ("http", "https", "file", "git+http", "git+https", "git+ssh", "git+git", "git+file")


@dataclass(frozen=True)
class Place:
    """Where a requirement was written."""

    text: str  # for messages, such as "`requirements.txt` line 3"
    folder: str = ""  # that paths are relative to, itself relative to the app
    read: Read | None = None


@dataclass(frozen=True)
class Reference:
    """A requirement, and what must not be written anywhere."""

    requirement: str
    name: str
    sha256: str = ""  # of the URL's fragment
    credentials: tuple[tuple[str, str], ...] = ()  # URL as in the requirement -> `user:password`

    @property
    def hashes(self) -> list[str]:
        """`name sha256`, where the URL's fragment states it."""
        return [f"{self.name} {self.sha256}"] if self.sha256 else []


def reference(text: str, place: Place) -> Reference:
    """The requirement of one line: PEP 508, or a bare URL or path as pip takes it. Raises BuilderError (project)."""
    try:
        wanted = Requirement(_named(text, place))
    except InvalidRequirement as error:
        raise wrong(
            place, f"`{text}` is no requirement: {str(error).splitlines()[0]}", "write it as in PEP 508"
        ) from error
    wanted.name = canonicalize_name(wanted.name)
    wanted.extras = {canonicalize_name(extra) for extra in wanted.extras}
    if not wanted.url:
        return Reference(str(wanted), wanted.name)
    wanted.url, secret = without_credentials(_located(wanted.url, place), place)
    sha256 = parse_qs(urlsplit(wanted.url).fragment).get("sha256", [""])[0].lower()
    if sha256 and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise wrong(place, f"`#sha256={sha256}` is no sha256", "write its 64 hexadecimal digits, or leave it out")
    return Reference(str(wanted), wanted.name, sha256, ((wanted.url, secret),) if secret else ())


def without_credentials(url: str, place: Place) -> tuple[str, str]:
    """A URL without its `user:password`, and that; the user of ssh is no secret."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise wrong(place, f"`{url}` is no URL: {error}", "write a whole URL") from error
    secret, at, host = parts.netloc.rpartition("@")
    if not at or (parts.scheme.endswith("ssh") and ":" not in secret):
        return url, ""
    return urlunsplit(parts._replace(netloc=host)), secret


def wrong(place: Place, what: str, mend: str) -> BuilderError:
    """The error for something that the author wrote, with every secret of a URL covered."""
    what, mend = (re.sub(r"(:/+)[^/\s`]*@", r"\1***@", text) for text in (what, mend))
    return BuilderError(f"{place.text}: {what}", hint=mend, code=Exit.PROJECT)


def _named(text: str, place: Place) -> str:
    """PEP 508 text; a bare URL or path gets the name that it tells."""
    target, *marker = re.split(r"\s*;\s+|\s+;\s*", text, maxsplit=1)
    archive = target.endswith(_ARCHIVES) and not re.search(r"[@\s]", target)
    if not archive and (_parses(text) or not (_SCHEME.match(target) or re.search(r"[/\\]|^[.~]", target))):
        return text
    bare = re.sub(r"\[[^\[\]]*\]$", "", target)
    raw = bare.replace(" ", "%20") if _SCHEME.match(bare) else quote(bare.replace("\\", "/"), safe=_SAFE)
    extras = target[len(bare) :]
    return f"{_name(bare, _located(raw, place), place)}{extras} @ {raw}{' ; ' if marker else ''}{''.join(marker)}"


def _parses(text: str) -> bool:
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


def _located(target: str, place: Place) -> str:
    """A URL as it is, a path as `file:` relative to the app; the name in #egg= has said all that it can."""
    scheme = _SCHEME.match(target)
    if scheme and scheme[1].lower() not in _SCHEMES:
        raise wrong(place, f"`{target}` has a scheme that builder can't lock", f"use one of: {', '.join(_SCHEMES)}")
    location, _, fragment = target.partition("#")
    fragment = "&".join(part for part in fragment.split("&") if part and not part.startswith("egg="))
    if not scheme or scheme[1].lower() == "file":
        path = location[len("file:") :] if scheme else location
        if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
            mend = "write it relative to the app, such as ./wheels/name-1.0-py3-none-any.whl"
            raise wrong(place, f"`{target}` is a path of this machine only", mend)
        location = f"file:{posixpath.normpath(posixpath.join(place.folder, path))}"
    return f"{location}#{fragment}" if fragment else location


def _name(written: str, url: str, place: Place) -> str:
    """The package that a URL says it holds: by #egg=, by its file name, or by the folder's own pyproject.toml."""
    location = url.partition("#")[0]
    egg = re.search(r"[#&]egg=([A-Za-z0-9._-]+(\[[^\[\]]*\])?)", written)
    if egg:
        return egg[1]
    file = posixpath.basename(location.removeprefix("file:").split("?")[0])
    try:
        if file.endswith(".whl"):
            return parse_wheel_filename(file)[0]
        if file.endswith(_ARCHIVES):
            return parse_sdist_filename(file)[0]
    except (InvalidWheelFilename, InvalidSdistFilename):
        pass  # such as GitHub's v1.0.zip
    name = _name_of_folder(location.removeprefix("file:"), place) if location.startswith("file:") else None
    if name is None:
        raise wrong(place, f"`{url}` does not say which package it holds", f"write it as `name @ {location}`")
    return name


def _name_of_folder(path: str, place: Place) -> str | None:
    try:
        table = tomllib.loads(place.read(f"{path}/pyproject.toml").decode()) if place.read else {}
        name = table["project"]["name"]
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None
