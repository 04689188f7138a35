"""What a server's response says: pages, files while they come, how long to wait."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.errors import BuilderError, Exit

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_CHUNK = 64 << 10
PAGE_TIME = 300.0  # seconds that a page has to come; files have no such limit: they are resumed


@dataclass(frozen=True)
class Answer:
    """A page."""

    url: str  # after redirects: what its links are relative to
    kind: str  # media type, lower case, without parameters
    body: bytes


@dataclass(frozen=True)
class Download:
    """The bytes of a file while they come."""

    status: int  # 200, 206, 404, 410 or 416
    start: int  # offset of the first byte that comes
    size: int | None  # bytes of the whole file, if the server says
    etag: str  # "" where there is no strong one
    kind: str  # media type
    chunks: Iterator[bytes]  # raises ConnectionError where the connection breaks


@dataclass(frozen=True)
class Taken:
    """What a file turned out to be."""

    sha256: str
    size: int


def download(response: "BaseHTTPResponse") -> Download:
    """A file's response, read as RFC 9110 says (sections 8.8.3 and 14.4)."""
    etag = response.headers.get("ETag", "")
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    span, _, total = rest.partition("/")
    first = span.partition("-")[0]
    start = (number(first) or 0) if response.status == 206 and unit == "bytes" else 0
    told = total if response.status == 206 else response.headers.get("Content-Length", "")
    return Download(
        status=response.status,
        start=start,
        size=number(told),
        etag="" if etag.startswith("W/") else etag,
        kind=kind_of(response),
        chunks=_chunks(response, decode=False),
    )


def body_of(response: "BaseHTTPResponse", shown: str, *, decode: bool, limit: int) -> bytes:
    """All of a body, decompressed if `decode`. Raises BuilderError (fetch) beyond `limit`, ConnectionError if cut."""
    body, end = bytearray(), time.monotonic() + PAGE_TIME
    for chunk in _pieces(response, decode=decode):
        body += chunk
        if time.monotonic() > end:
            raise BuilderError(
                f"`{shown}` did not come within {PAGE_TIME:g} seconds",
                hint="check the network, or choose another mirror",
                code=Exit.FETCH,
            )
        if len(body) > limit:
            raise BuilderError(
                f"`{shown}` is longer than the {limit} bytes that builder reads of it",
                hint="check that the mirror answers what it should",
                code=Exit.FETCH,
            )
    return bytes(body)


def _pieces(response: "BaseHTTPResponse", *, decode: bool) -> Iterator[bytes]:
    """What has come so far, however little: who sends a byte a minute would fill no chunk for days."""
    from urllib3.exceptions import HTTPError

    try:
        while piece := response.read1(_CHUNK, decode_content=decode):
            yield piece
    except HTTPError as error:
        raise ConnectionError(str(type(error).__name__)) from error


def _chunks(response: "BaseHTTPResponse", *, decode: bool) -> Iterator[bytes]:
    from urllib3.exceptions import HTTPError

    try:
        yield from response.stream(_CHUNK, decode_content=decode)
    except HTTPError as error:
        raise ConnectionError(str(type(error).__name__)) from error


def kind_of(response: "BaseHTTPResponse") -> str:
    """The media type, lower case, without parameters; "" where none is told."""
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def retry_after(response: "BaseHTTPResponse") -> float:
    """Seconds that the server asks to wait; 0 where it asks nothing (a date is not understood: RFC 9110, 10.2.3)."""
    told = response.headers.get("Retry-After", "")
    return float(number(told) or 0)


def number(told: str) -> int | None:
    """A number of bytes or seconds in a header; None for what is none, such as `²`, which has `isdigit`."""
    return int(told) if re.fullmatch("[0-9]{1,18}", told) else None
