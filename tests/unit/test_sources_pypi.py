"""Rules of simple indexes."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from builder.errors import BuilderError, Exit
from builder.lock import Need, Origin, Pin
from builder.network.http import Http
from builder.sources import of, places
from builder.sources.pypi import SOURCE, project_files

WHEEL, SDIST = "Big_Name-1.0-py3-none-any.whl", "big_name-1.0.tar.gz"
BODIES = {WHEEL: b"wheel", SDIST: b"sdist", "big_name-1.0-cp312-cp312-win_amd64.whl": b"windows"}
JSON = "application/vnd.pypi.simple.v1+json"


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def as_html(root: str = "../../files/", *, hashes: bool = True, extra: str = "") -> tuple[bytes, str]:
    """The project's page as HTML; the files lie where `root` leads."""
    rows = "".join(
        f'<a href="{root}{file}{f"#sha256={sha256(body)}" if hashes else ""}" data-requires-python="&gt;=3.9"'
        f' data-upload-time="2026-01-02T03:04:05Z"{extra}>{file}</a><br/>\n'
        for file, body in BODIES.items()
    )
    return f"<!DOCTYPE html><html><head><title>Links for big-name</title></head><body>{rows}</body></html>".encode(), (
        "text/html; charset=utf-8"
    )


def as_json(root: str = "../../files/", *, hashes: bool = True, sizes: bool = True, **extra: Any) -> tuple[bytes, str]:
    """The project's page as JSON."""
    files = [
        {
            "filename": file,
            "url": root + file,
            "hashes": {"sha256": sha256(body)} if hashes else {},
            "requires-python": ">=3.9",
            "upload-time": "2026-01-02T03:04:05Z",
            **({"size": len(body)} if sizes else {}),
            **extra,
        }
        for file, body in BODIES.items()
    ]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "big-name", "files": files}).encode(), JSON


Index = Callable[[tuple[bytes, str]], Http]


@pytest.fixture
def index(server: Any, reply: Any) -> Index:
    """An Http whose `pypi` answers with that page."""

    def made(page: tuple[bytes, str]) -> Http:
        server.routes = {f"/files/{file}": body for file, body in BODIES.items()}
        server.routes["/simple/big-name/"] = reply(page[0], headers={"Content-Type": page[1]})
        return Http(lambda alias: f"{server.url}simple/", environ={}, sleep=lambda seconds: None)

    return made


def need(file: str = "", version: str = "1.0") -> Need:
    return Need(source="pypi", name="Big.Name", version=version, file=file, targets=("web",))


def pin(file: str = WHEEL, body: bytes = b"wheel") -> Pin:
    return Pin(
        name="big-name", version="1.0", source="pypi", file=file, sha256=sha256(body), hash="index", targets=("web",)
    )


def failure(call: Callable[..., Any], *args: Any) -> BuilderError:
    with pytest.raises(BuilderError) as caught:
        call(*args)
    assert caught.value.hint
    return caught.value


PAGES = {
    "html": as_html(),
    "html without hashes": as_html(hashes=False),
    "json": as_json(),
    "json without size": as_json(sizes=False),
    "json without hashes": as_json(hashes=False),
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_form_of_page_gives_the_same_pin(index: Index, page: tuple[bytes, str]) -> None:
    """HTML or JSON, with size or without: bytes decide, and only `hash` tells who knew the sha256."""
    (found,) = SOURCE.resolve((need(),), index(page))
    known = "index" if b"sha256" in page[0] else "first-use"
    assert found == Pin(
        name="big-name",
        version="1.0",
        source="pypi",
        file=WHEEL,
        size=5,
        sha256=sha256(b"wheel"),
        hash=known,
        targets=("web",),
    )


def test_json_is_asked_for_first(index: Index, server: Any) -> None:
    """The Accept header prefers JSON and takes HTML; the path has the normalised name."""
    project_files("Big_Name", f"{server.url}simple/", index(as_json()))
    (asked,) = server.asked
    assert asked.path == "/simple/big-name/"
    assert asked.headers["accept"].startswith(JSON)
    assert "text/html;q=" in asked.headers["accept"]


@pytest.mark.parametrize("page", [as_html(), as_json()], ids=["html", "json"])
def test_all_that_a_page_states_is_read(index: Index, server: Any, page: tuple[bytes, str]) -> None:
    """File, absolute URL, sha256, Python, upload time; and a page is asked for once a process."""
    http = index(page)
    files = project_files("big-name", f"{server.url}simple/", http)
    assert [file.file for file in files] == list(BODIES)
    assert (files[0].url, files[0].sha256) == (f"{server.url}files/{WHEEL}", sha256(b"wheel"))
    assert (files[0].requires_python, files[0].uploaded) == (">=3.9", "2026-01-02T03:04:05Z")
    assert not files[0].yanked
    assert project_files("big-name", f"{server.url}simple/", http) is files
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("page", "yanked"),
    [
        (as_html(extra=" data-yanked"), True),
        (as_html(extra=' data-yanked="why"'), True),
        (as_json(yanked=True), True),
        (as_json(yanked="why"), True),
        (as_json(yanked=False), False),
    ],
)
def test_yanked_files_are_marked(index: Index, server: Any, page: tuple[bytes, str], yanked: bool) -> None:
    """In each spelling of PEP 592 and 691."""
    assert {file.yanked for file in project_files("big-name", f"{server.url}simple/", index(page))} == {yanked}


def test_a_base_element_and_escapes_are_honoured(index: Index, server: Any) -> None:
    """<base href> and percent-encoded names."""
    page = b'<title>Links for x</title><base href="/else/"><a href="big_name-1.0%2Blocal-py3-none-any.whl">x</a>'
    (file,) = project_files("big-name", f"{server.url}simple/", index((page, "text/html")))
    assert (file.file, file.url) == (
        "big_name-1.0+local-py3-none-any.whl",
        f"{server.url}else/big_name-1.0%2Blocal-py3-none-any.whl",
    )


@pytest.mark.parametrize(
    "href", ["file:///etc/a-1.whl", "javascript:a-1.whl", "x%2F..%2Fa-1.whl", "a-1.exe", "#a-1.whl", ""]
)
def test_strange_links_are_left_out(index: Index, server: Any, href: str) -> None:
    """Other schemes, names with a slash, and what is no distribution."""
    page = f'<title>Links for x</title><a href="{href}">a-1.whl</a>'.encode()
    assert project_files("big-name", f"{server.url}simple/", index((page, "text/html"))) == ()


@pytest.mark.parametrize(
    "page",
    [
        (b"<html><body>Not found. <a href='/'>home</a></body></html>", "text/html"),
        (b"", "text/html"),
        (b"{}", JSON),
        (b"{", JSON),
        (b'{"meta": {"api-version": "2.0"}, "files": []}', JSON),
        (b'{"meta": {"api-version": "1.0"}, "files": [{"filename": 1, "url": 2}]}', JSON),
        (b"[]", "application/json"),
        (b"%PDF", "application/pdf"),
    ],
    ids=["error page", "nothing", "empty object", "half", "future", "types", "list", "other"],
)
def test_what_is_no_index_page_is_said_to_be_none(index: Index, page: tuple[bytes, str]) -> None:
    """An error page with status 200 is not an empty project."""
    error = failure(SOURCE.resolve, (need(),), index(page))
    assert error.code == Exit.FETCH
    assert "page of a simple index" in error.message


def test_a_need_may_name_its_file(index: Index) -> None:
    """Wheels for one platform are named whole."""
    file = "big_name-1.0-cp312-cp312-win_amd64.whl"
    (found,) = SOURCE.resolve((need(file),), index(as_json()))
    assert found.sha256 == sha256(b"windows")


@pytest.mark.parametrize("wanted", [need("other.whl"), need(version="2.0")], ids=["file", "version"])
def test_what_the_index_lacks_is_named(index: Index, wanted: Need) -> None:
    """No such file, no such version: a lock error."""
    error = failure(SOURCE.resolve, (wanted,), index(as_json()))
    assert error.code == Exit.LOCK
    assert (wanted.file or wanted.version) in error.message


def test_an_index_that_contradicts_its_file_is_refused(index: Index, server: Any, reply: Any) -> None:
    """Where the file must be read anyway, because no size is told, the index's own sha256 must fit."""
    http = index(as_json(sizes=False))
    server.routes[f"/files/{WHEEL}"] = lambda asked: reply(status=405) if asked.method == "HEAD" else reply(b"other")
    assert failure(SOURCE.resolve, (need(),), http).code == Exit.MISMATCH


# --- fetch time -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_pin_is_found_by_project_and_file(index: Index, server: Any, page: tuple[bytes, str]) -> None:
    """The URL is the page's, on whatever mirror."""
    assert list(places({}, index(page))(pin())) == [f"{server.url}files/{WHEEL}"]


def test_a_pin_that_is_listed_no_more_is_named(index: Index) -> None:
    """The error names file and project, and how to lock anew."""
    error = failure(list, places({}, index(as_html()))(pin("big_name-0.9-py3-none-any.whl")))
    assert error.code == Exit.FETCH
    assert "big_name-0.9-py3-none-any.whl" in error.message
    assert "--upgrade-package big-name" in error.hint


def test_a_page_with_another_hash_is_a_mismatch(index: Index) -> None:
    """Before a byte is downloaded, both hashes are named."""
    error = failure(list, places({}, index(as_json()))(pin(body=b"locked")))
    assert error.code == Exit.MISMATCH
    assert sha256(b"locked") in error.message
    assert sha256(b"wheel") in error.message


def test_an_origin_says_which_module_reads_it() -> None:
    """A well-known alias is its own module, the snapshot is read as Debian is, others say their kind."""
    assert of("pypi", {}) is SOURCE
    assert of("corp", {"corp": Origin(kind="pypi", base="https://x/")}) is SOURCE
    assert failure(of, "corp", {}).code == Exit.LOCK
    assert failure(of, "corp", {"corp": Origin(kind="new", base="https://x/")}).code == Exit.LOCK
    assert of("debian-snapshot", {"debian": Origin(kind="pypi", base="https://x/")}) is SOURCE
