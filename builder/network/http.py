"""HTTP for the sources and the fetcher: retries, redirects, proxies, credentials, and one kind of error.

No password is ever in a URL that this module gives or shows.
"""

import contextlib
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from builder.errors import BuilderError
from builder.network import httperrors, localfiles
from builder.network.connections import Connections
from builder.network.credentials import Credentials, origin
from builder.network.httpanswers import Answer, Download, Taken, body_of, download, kind_of, number, retry_after
from builder.network.mirrors import redacted

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

WAITS = (0.2, 0.5, 1.0, 2.0)  # seconds before each further try
LIMIT = 64 << 20  # bytes of a page
_PATIENCE = 30.0  # seconds; a server that asks for more is not waited for
_REDIRECTS = 5
_TRY_AGAIN = (429, 500, 502, 503, 504)
_ABSENT = (404, 410)
_BARE: dict[str, Any] = {"redirect": False, "retries": False, "preload_content": False}  # all of it is done here


class Http:
    """Asks servers; may be used from many threads."""

    def __init__(
        self,
        base_of: Callable[[str], str],
        *,
        environ: Mapping[str, str],
        offline: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        keep: Callable[[Path, str], None] | None = None,
    ) -> None:
        """`keep` is given each file that `take` downloaded, with its sha256; it may move the file away."""
        self.offline = offline
        self.sleep = sleep
        self._base_of = base_of
        self._keep = keep
        self._bases: dict[str, str] = {}
        self._dead: dict[tuple[str, str, int], BuilderError] = {}
        self._running: set[BaseHTTPResponse] = set()
        self._connections = Connections(environ)
        self._credentials = Credentials(environ)

    def base(self, alias: str) -> str:
        """The base URL of a source, without credentials: they are sent with what lies on the same origin.

        Raises BuilderError (fetch) where it is not known.
        """
        if alias not in self._bases:
            self._bases[alias] = self._credentials.strip(self._base_of(alias))
        return self._bases[alias]

    def learn(self, url: str) -> None:
        """Send the credentials in a URL with what lies on the same origin from now on."""
        self._credentials.strip(url)

    def secret_base(self, alias: str) -> str:
        """The base URL of a source with its credentials: for the environment of a child, never for a message."""
        return self._base_of(alias)

    def read(self, url: str, *, accept: str = "", limit: int = LIMIT) -> bytes:
        """The bytes at a URL. Raises BuilderError (fetch), also where there are more than `limit`."""
        return self.answer(url, accept=accept, limit=limit).body

    def find(self, url: str, *, limit: int = LIMIT) -> bytes | None:
        """The bytes at a URL; None where the server says that there is nothing."""
        answer = self._page(url, "", limit)
        return answer.body if answer else None

    def answer(self, url: str, *, accept: str = "", limit: int = LIMIT) -> Answer:
        """The page at a URL; with `accept` it may travel compressed, without it the bytes are as they lie there."""
        answer = self._page(url, accept, limit)
        if answer is None:
            raise httperrors.refused(redacted(url), 404)
        return answer

    def size(self, url: str) -> int | None:
        """The size in bytes of a file that a HEAD request tells; None where the server tells none."""
        with self._opened("HEAD", url, {"Accept-Encoding": "identity"}) as (response, _):
            told = response.headers.get("Content-Length", "")
            response.drain_conn()
            plain = response.status == 200 and not response.headers.get("Content-Encoding")
            return number(told) if plain else None

    @contextlib.contextmanager
    def download(self, url: str, *, start: int = 0, etag: str = "") -> Iterator[Download]:
        """The bytes of a file from offset `start` on, if the server can (RFC 9110, section 14).

        Raises BuilderError (fetch) for all that its `status` can't tell.
        """
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers |= {"Range": f"bytes={start}-"} | ({"If-Range": etag} if etag else {})
        with self._opened("GET", url, headers) as (response, final):
            if response.status not in (200, 206, 416, *_ABSENT):
                raise httperrors.refused(redacted(final), response.status)
            yield download(response)

    def take(
        self, url: str, expected: Mapping[str, str] = {}, *, look: Callable[[Path], None] = lambda path: None
    ) -> Taken:
        """Download a file to know its bytes; `expected` maps names of hashes to hex values that must come out.

        `look` is shown the file once its hashes are right. Raises BuilderError: fetch, or mismatch naming both values.
        """
        for wait in (*WAITS, None):
            with tempfile.TemporaryDirectory(prefix="builder-") as folder:
                path = Path(folder, "file")
                try:
                    taken = self._taken(url, path, expected)
                except ConnectionError as error:
                    if wait is None:
                        raise httperrors.broken(redacted(url)) from error
                    self.sleep(wait)
                    continue
                look(path)
                if self._keep:
                    self._keep(path, taken.sha256)
                return taken
        raise AssertionError("the last try returns or raises")

    def abort(self) -> None:
        """Break off every running download, so that no thread waits for a server."""
        for response in list(self._running):
            with contextlib.suppress(ValueError, RuntimeError, OSError):
                response.shutdown()

    def _page(self, url: str, accept: str, limit: int) -> Answer | None:
        headers = {"Accept": accept, "Accept-Encoding": "gzip"} if accept else {"Accept-Encoding": "identity"}
        for wait in (*WAITS, None):
            with self._opened("GET", url, headers) as (response, final):
                if response.status in _ABSENT:
                    return None
                if response.status != 200:
                    raise httperrors.refused(redacted(final), response.status)
                try:
                    return Answer(
                        final, kind_of(response), body_of(response, redacted(url), decode=bool(accept), limit=limit)
                    )
                except ConnectionError as error:
                    if wait is None:
                        raise httperrors.broken(redacted(url)) from error
            self.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _taken(self, url: str, path: Path, expected: Mapping[str, str]) -> Taken:
        hashes = {name: hashlib.new(name) for name in {"sha256", *expected}}
        size = 0
        with self.download(url) as coming, path.open("wb") as file:
            if coming.status != 200:
                raise httperrors.refused(redacted(url), coming.status)
            for chunk in coming.chunks:
                file.write(chunk)
                size += len(chunk)
                for value in hashes.values():
                    value.update(chunk)
        for name, wanted in sorted(expected.items()):
            if hashes[name].hexdigest() != wanted:
                raise httperrors.differs(redacted(url), name, wanted, hashes[name].hexdigest())
        return Taken(hashes["sha256"].hexdigest(), size)

    @contextlib.contextmanager
    def _opened(self, method: str, url: str, headers: dict[str, str]) -> Iterator[tuple["BaseHTTPResponse", str]]:
        """The response at the end of all redirects, with its URL; any status but those that pass by themselves."""
        response, final = self._followed(method, self._credentials.strip(url), headers)
        self._running.add(response)
        try:
            yield response, final
        finally:
            self._running.discard(response)
            response.close()  # nothing happens to a connection that was read to the end: its pool has it back

    def _followed(self, method: str, url: str, headers: dict[str, str]) -> tuple["BaseHTTPResponse", str]:
        if self.offline:
            raise httperrors.offline(redacted(url))
        self._refuse_plain(url)
        for _ in range(_REDIRECTS + 1):
            response = self._sent(method, url, headers)
            place = response.headers.get("Location")
            if response.status not in (301, 302, 303, 307, 308) or not place:
                return response, url
            response.drain_conn()
            further = self._credentials.strip(urljoin(url, place))
            scheme = urlsplit(further).scheme
            if scheme not in ("http", "https") or (url.startswith("https:") and scheme != "https"):
                raise httperrors.downgrade(redacted(url), redacted(further))
            url = further
        raise httperrors.loop(redacted(url))

    def _refuse_plain(self, url: str) -> None:
        """Let http:// through only to hosts that a configured base names so, and to this machine; file:// as a base."""
        parts = urlsplit(url)
        if parts.scheme == localfiles.SCHEME and any(url.startswith(base) for base in self._bases.values()):
            return  # a mirror that is a folder; no page of another one can lead there
        plain = {urlsplit(base).hostname for base in self._bases.values() if base.startswith("http:")}
        if parts.scheme != "https" and parts.hostname not in {*plain, "localhost", "127.0.0.1", "::1"}:
            raise httperrors.plain(redacted(url))

    def _sent(self, method: str, url: str, headers: dict[str, str]) -> "BaseHTTPResponse":
        """One request, sent again while that may help. A host that can't be reached is not tried again later."""
        from urllib3.exceptions import ConnectTimeoutError, HTTPError, ProxyError

        if url.startswith(f"{localfiles.SCHEME}:"):
            return localfiles.response(method, url, headers)
        place = origin(url)
        headers = {"User-Agent": "builder"} | headers | self._credentials.header(url)
        for wait in (*WAITS, None):
            if place in self._dead:
                raise httperrors.again(self._dead[place])
            pause = wait or 0.0
            try:
                response = self._connections.pool(url).request(method, url, headers=headers, **_BARE)
            except HTTPError as error:
                problem = httperrors.unreachable(redacted(url), self._alias(url), error)
                if wait is None or httperrors.final(error):
                    if isinstance(error, ConnectTimeoutError | ProxyError):
                        self._dead[place] = problem
                    raise problem from error
            else:
                if response.status not in _TRY_AGAIN:
                    return response
                asked = retry_after(response)
                response.drain_conn()
                if wait is None or asked > _PATIENCE:
                    raise httperrors.busy(redacted(url), response.status, asked)
                pause = max(pause, asked)
            self.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _alias(self, url: str) -> str:
        return next((alias for alias, base in sorted(self._bases.items()) if origin(base) == origin(url)), "")
