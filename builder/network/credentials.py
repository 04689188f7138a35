"""Passwords for hosts, out of the URLs that name mirrors and out of netrc; they never reach a message."""

import base64
import netrc
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from builder.errors import BuilderError, Exit


class Credentials:
    """What to send as Authorization, and to which host only."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """`environ` says where netrc lies: NETRC, else HOME."""
        self._environ = environ
        self._known: dict[str, str] = {}  # URL without its userinfo -> header

    def strip(self, url: str) -> str:
        """The URL without its userinfo, which is remembered for what lies on the same origin."""
        parts = urlsplit(url)
        if "@" not in parts.netloc:
            return url
        clean = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self._known[clean] = basic(parts)
        return clean

    def header(self, url: str) -> dict[str, str]:
        """The Authorization header (RFC 7617) for a URL, or nothing; netrc's `default` entry is not used.

        A `default` would send a password to whatever host a page or a redirect names.
        """
        near = [base for base in self._known if origin(base) == origin(url)]
        if near:  # two sources on one host may have a password each
            best = max(near, key=lambda base: (url.startswith(base), len(base)))
            return {"Authorization": self._known[best]}
        parts = urlsplit(url)
        entry = self._netrc.get(parts.netloc) or self._netrc.get(parts.hostname or "")
        return {"Authorization": _basic(entry[0], entry[2])} if entry else {}

    @cached_property
    def _netrc(self) -> dict[str, tuple[str, str, str]]:
        home = self._environ.get("HOME", "")
        named = self._environ.get("NETRC") or (str(Path(home) / ".netrc") if home else "")
        if not named:
            return {}
        try:
            hosts = netrc.netrc(named).hosts
        except OSError:
            return {}
        except (netrc.NetrcParseError, UnicodeDecodeError) as error:
            line = f" at line {error.lineno}" if isinstance(error, netrc.NetrcParseError) else ""
            raise BuilderError(  # without the parser's words: they quote the file
                f"`{named}` is not a netrc file{line}",
                hint="mend it, or name another with NETRC",
                code=Exit.FETCH,
            ) from None
        return {
            host: (login or "", account or "", password or "") for host, (login, account, password) in hosts.items()
        }


def origin(url: str) -> tuple[str, str, int]:
    """The scheme, host and port of a URL (RFC 6454): what credentials may be shared within."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def basic(parts: SplitResult) -> str:
    """The userinfo of a URL as the value of a header (RFC 7617)."""
    return _basic(unquote(parts.username or ""), unquote(parts.password or ""))


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
