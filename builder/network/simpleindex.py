"""The page of one project on a simple index of Python packages, as HTML (PEP 503) or JSON (PEP 691)."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

from builder.network.httpanswers import Answer

_JSON = "application/vnd.pypi.simple.v1+json"
ACCEPT = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_SCHEMES = ("http", "https", "file")
DISTRIBUTIONS = (".whl", ".tar.gz", ".zip")


@dataclass(frozen=True)
class IndexFile:
    """One file as an index lists it; None or "" is what it does not state."""

    file: str
    url: str
    sha256: str | None
    size: int | None  # bytes
    yanked: bool  # PEP 592
    requires_python: str
    uploaded: str  # an instant, RFC 3339


def parse(answer: Answer) -> tuple[IndexFile, ...] | None:
    """The wheels and sdists of a page, in its order; None where the page is no page of a simple index."""
    files = None
    if answer.kind in (_JSON, "application/json"):
        files = _of_json(answer)
    elif "html" in answer.kind or not answer.kind:
        files = _of_html(answer)
    if files is None or answer.url.startswith("file:"):
        return files
    return tuple(file for file in files if not file.url.startswith("file:"))  # no server names files of this machine


def html(title: str, links: Iterable[tuple[str, str]]) -> bytes:
    """A page of these links (URL, text), as PEP 503 has it."""
    lines = [f'<a href="{escape(url)}">{escape(text)}</a><br>' for url, text in links]
    head = f'<meta charset="utf-8"><meta name="pypi:repository-version" content="1.0"><title>{escape(title)}</title>'
    return "\n".join(["<!DOCTYPE html>", f"<html><head>{head}</head><body>", *lines, "</body></html>", ""]).encode()


def _of_json(answer: Answer) -> tuple[IndexFile, ...] | None:
    try:
        page = json.loads(answer.body)
        if str(page["meta"]["api-version"]).split(".")[0] != "1":
            return None
        files = [_entry(answer.url, row) for row in page["files"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return tuple(file for file in files if file is not None)


def _entry(page: str, row: dict[str, Any]) -> IndexFile | None:
    size = row.get("size")
    return _file(
        urljoin(page, row["url"]),
        row["filename"],
        sha256=row.get("hashes", {}).get("sha256"),
        size=size if type(size) is int else None,
        yanked=bool(row.get("yanked")),
        times=(row.get("requires-python") or "", row.get("upload-time") or ""),
    )


def _of_html(answer: Answer) -> tuple[IndexFile, ...] | None:
    reader = _Anchors()
    try:
        reader.feed(answer.body.decode("utf-8", "replace"))
    except AssertionError:  # some versions of html.parser raise it for a broken `<![`
        return None
    base = urljoin(answer.url, reader.base)
    files = [_anchor(base, attributes) for attributes in reader.anchors]
    found = tuple(file for file in files if file is not None)
    # An error page may have links as well, but none to a distribution; a project's page says what it is.
    return found if found or reader.versioned or b"links for" in answer.body.lower() else None


def _anchor(base: str, attributes: dict[str, str]) -> IndexFile | None:
    url = urljoin(base, attributes["href"].strip())
    path, fragment = urlsplit(url).path, urlsplit(url).fragment
    size = attributes.get("data-size", "")  # not in PEP 503, but some indexes state it
    return _file(
        url.partition("#")[0],
        unquote(path.rpartition("/")[2]),
        sha256=parse_qs(fragment).get("sha256", [""])[0],
        size=int(size) if re.fullmatch(r"[0-9]{1,15}", size) else None,
        yanked="data-yanked" in attributes,
        times=(attributes.get("data-requires-python", ""), attributes.get("data-upload-time", "")),
    )


def _file(
    url: str, name: str, *, sha256: str | None, size: int | None, yanked: bool, times: tuple[str, str]
) -> IndexFile | None:
    """The file, where it is a distribution that can be had; a hash that is none counts as not stated."""
    if not name.endswith(DISTRIBUTIONS) or re.search(r"[/\\\x00-\x1f]", name) or urlsplit(url).scheme not in _SCHEMES:
        return None
    lower = sha256.lower() if isinstance(sha256, str) else ""
    stated = lower if re.fullmatch(r"[0-9a-f]{64}", lower) else None
    return IndexFile(name, url.partition("#")[0], stated, size, yanked, *times)


class _Anchors(HTMLParser):
    """Collects the anchors of a page, its <base>, and whether it states a version of the API (PEP 629)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.anchors: list[dict[str, str]] = []
        self.base = ""
        self.versioned = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "a" and attributes.get("href"):
            self.anchors.append(attributes)
        elif tag == "base" and not self.base:
            self.base = attributes.get("href", "")
        elif tag == "meta" and attributes.get("name") == "pypi:repository-version":
            self.versioned = attributes.get("content", "").split(".")[0] == "1"
