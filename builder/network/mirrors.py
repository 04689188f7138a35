"""Where each source lives for this client: settings, package managers' configuration, else a library that knows.

A lock names sources by alias only, so the same lock serves a laptop, a company mirror and an air gap.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

from builder.errors import BuilderError, Exit
from builder.lock import Origin
from builder.network import clientconfig


@dataclass(frozen=True)
class Bases:
    """Everything that says where a source lives."""

    settings: Mapping[str, str]  # [tool.builder.mirrors]
    environ: Mapping[str, str]
    home: Path
    origins: Mapping[str, Origin]  # [sources] of the lock
    etc: Path = Path("/etc")
    prefix: Path = Path(sys.prefix)  # of the virtual environment, which may hold a pip.conf

    def base(self, alias: str) -> str:
        """The base URL of a source; it ends in a slash and may hold credentials.

        Raises BuilderError (fetch) where nobody knows it, naming the setting, or where a setting holds no URL.
        """
        for where, value in self._stated(alias):
            if value.strip():
                return _checked(where, value.strip())
        raise BuilderError(
            f"it is not known where the source `{alias}` lives",
            hint=f"set {variable(alias)}, or `{alias}` in [tool.builder.mirrors], to its base URL",
            code=Exit.FETCH,
        )

    def _stated(self, alias: str) -> Iterator[tuple[str, str]]:
        own = [(variable(alias), self.environ.get(variable(alias), ""))]
        own.append((f"[tool.builder.mirrors] {alias}", self.settings.get(alias, "")))
        return chain(own, self._known(alias))

    def _known(self, alias: str) -> Iterator[tuple[str, str]]:
        match alias:
            case "pypi":
                yield from clientconfig.pip_indexes(self.environ, self.home, self.etc, self.prefix)
                yield "pip", _default_index()
            case "npm":
                yield from clientconfig.npm_registries(self.environ, self.home, self.etc)
                yield "packageurl", _default_of("pkg:npm/x@1", "x/-/x-1.tgz")
            case "maven":
                yield from clientconfig.maven_mirrors(self.environ, self.home)
                yield "packageurl", _default_of("pkg:maven/g/x@1", "g/x/1/x-1.jar")
            case "debian":
                yield from clientconfig.apt_archives(self.etc)
                yield "packageurl", _default_of("pkg:deb/debian/x@1?arch=all", "pool/main/x/x/x_1_all.deb")
            case _ if alias in self.origins:
                yield f"[sources] {alias}", self.origins[alias].base


def variable(alias: str) -> str:
    """The environment variable that names a mirror of a source."""
    return "BUILDER_MIRROR_" + re.sub(r"[^A-Z0-9]", "_", alias.upper())


def redacted(url: str) -> str:
    """A URL as a message may show it: without user, password, query (it may be a signature) and fragment."""
    return re.sub(r"(?<=//)[^/?#]*@", "", re.split(r"[?#]", url)[0])


def _checked(where: str, value: str) -> str:
    try:
        parts = urlsplit(value)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        right = right or (parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"))
    except ValueError:
        right = False
    if not right or parts.query or parts.fragment or re.search(r"[\s\x00-\x1f]", value):
        raise BuilderError(  # the value is not shown: what is no URL may still hold a password
            f"`{where}` is not the base URL of a source",
            hint="write it as https://host/path/ or file:///folder/, special characters percent-encoded",
            code=Exit.FETCH,
        )
    return value.rstrip("/") + "/"


def _default_index() -> str:
    """What pip itself takes for the index; "" where pip is absent or has changed."""
    try:
        from pip._internal.models.index import PyPI  # here: slow to import, and seldom wanted

        return str(PyPI.simple_url)
    except (ImportError, AttributeError):
        return ""


def _default_of(package: str, below: str) -> str:
    """The base that the package URL library gives to a registry; "" where its URLs no longer end as known."""
    from packageurl.contrib.purl2url import get_download_url

    url = str(get_download_url(package) or "")  # type: ignore[no-untyped-call]  # the library states no types
    return url.removesuffix(below) if url.endswith(below) else ""
