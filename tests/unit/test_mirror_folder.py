"""Rules of mirrors that are folders: what lies in them, and how builder reads them."""

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from builder.errors import BuilderError, Exit
from builder.fetch import fetch
from builder.lock import Need, Origin, Pin
from builder.network.http import Http
from builder.network.httpanswers import Answer
from builder.network.simpleindex import parse
from builder.sources import SOURCES, places
from builder.store import Store

BODY = bytes(range(256)) * 1024


def pin(source: str, file: str, body: bytes = BODY, *, name: str = "a", path: str = "") -> Pin:
    return Pin(
        name=name,
        version="1.0",
        source=source,
        path=path,
        file=file,
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        hash="index",
        targets=("web",),
    )


def tarball(**package: str) -> bytes:
    """An npm package."""
    text = json.dumps(package).encode()
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        header = tarfile.TarInfo("package/package.json")
        header.size = len(text)
        tar.addfile(header, io.BytesIO(text))
    return made.getvalue()


NPM = {version: tarball(name="@scope/tool", version=version) for version in ("1.0", "9.0", "10.0", "11.0-rc.1")}
PINS = {
    "pypi": (pin("pypi", "Big_Name-1.0-1x-py3-none-any.whl", name="big-name"), BODY),
    "maven": (pin("maven", "tool-1.0.jar", path="org/example/tool/1.0/"), BODY),
    "debian": (pin("debian", "libc6_2%3a1.0~x_amd64.deb", path="pool/main/g/glibc/"), BODY),
    "url": (pin("url", "a file.zip", path="v1"), BODY),
    "npm": (pin("npm", "tool-1.0.tgz", NPM["1.0"], name="@scope/tool", path="@scope/tool/-/"), NPM["1.0"]),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A mirror, in a folder whose name is not plain, with a file of each kind of source and what belongs beside it."""
    root = tmp_path / "ein Örtchen"
    for kind, (one, body) in PINS.items():
        place = root / kind / SOURCES[kind].place(one)
        place.parent.mkdir(parents=True)
        place.write_bytes(body)
        pages(root / kind, kind)
    return root


def pages(root: Path, kind: str) -> dict[str, bytes]:
    """Write what the source wants beside its files."""
    found = dict(SOURCES[kind].pages(root, [PINS[kind][0]]))
    for name, text in found.items():
        (root / name).write_bytes(text)
    return found


def client(folder: Path) -> Http:
    """Of a machine whose mirrors are that folder's."""
    return Http(lambda alias: f"{(folder / alias).as_uri()}/", environ={})


@pytest.mark.parametrize("kind", PINS)
def test_builder_fetches_from_a_folder(kind: str, folder: Path, tmp_path: Path) -> None:
    """From a file:// base, through the same checks as from a server."""
    one, body = PINS[kind]
    store, http = Store(tmp_path / "store"), client(folder)
    fetch([one], store, places({"url": Origin(kind="url", base="https://url.invalid/")}, http), http)
    assert store.file(one.sha256).read_bytes() == body


@pytest.mark.parametrize("kind", ["pypi", "maven", "npm"])
def test_builder_locks_from_a_folder(kind: str, folder: Path) -> None:
    """The same file is found with the hash and size that it has."""
    one, _ = PINS[kind]
    name = "org.example:tool" if kind == "maven" else one.name
    (found,) = SOURCES[kind].resolve((Need(source=kind, name=name, version="1.0", targets=("web",)),), client(folder))
    assert (found.file, found.sha256, found.size, found.path) == (one.file, one.sha256, one.size, one.path)
    assert found.hash == "index"


def test_pages_follow_what_lies_there(folder: Path) -> None:
    """Whoever added it, so that several apps share one folder; pages themselves are no files of the mirror."""
    (folder / "pypi" / "big-name" / "big_name-2.0.tar.gz").write_bytes(b"sdist")
    (folder / "pypi" / "other").mkdir()
    found = pages(folder / "pypi", "pypi")
    assert sorted(found) == ["big-name/index.html", "index.html", "other/index.html"]
    listed = parse(Answer("file:///x/", "text/html", found["big-name/index.html"]))
    assert listed is not None
    assert [(file.file, file.sha256) for file in listed] == [
        ("Big_Name-1.0-1x-py3-none-any.whl", PINS["pypi"][0].sha256),
        ("big_name-2.0.tar.gz", hashlib.sha256(b"sdist").hexdigest()),
    ]


def test_checksums_say_no_more_than_the_repository(folder: Path) -> None:
    """One that states no sha256 has none in the mirror either, so a lock made from it says the same."""
    one, _ = PINS["maven"]
    first = one.model_copy(update={"hash": "first-use"})
    place = "org/example/tool/1.0/tool-1.0.jar"
    sha1 = {f"{place}.sha1": hashlib.sha1(BODY).hexdigest().encode()}
    assert SOURCES["maven"].pages(folder / "maven", [first]) == sha1
    assert SOURCES["maven"].pages(folder / "maven", [one]) == {**sha1, f"{place}.sha256": one.sha256.encode()}


def test_npm_documents_say_what_a_registry_says(folder: Path) -> None:
    """The hashes of each tarball, and the newest finished version; a tarball under another's name is left out."""
    place = folder / "npm" / "@scope" / "tool" / "-"
    for version, body in NPM.items():
        (place / f"tool-{version}.tgz").write_bytes(body)
    (folder / "npm" / "liar" / "-").mkdir(parents=True)
    (folder / "npm" / "liar" / "-" / "liar-1.0.tgz").write_bytes(tarball(name="../../evil", version="1.0"))
    (folder / "npm" / "liar" / "-" / "liar-2.0.tgz").write_bytes(tarball(name="liar", version="../../../x"))
    (folder / "npm" / "liar" / "-" / "liar-3.0.tgz").write_bytes(b"no archive")
    found = SOURCES["npm"].pages(folder / "npm", [])
    assert sorted(found) == sorted([*(f"@scope/tool/{version}" for version in NPM), "@scope/tool/index.json"])
    every = json.loads(found["@scope/tool/index.json"])
    assert every["dist-tags"] == {"latest": "10.0"}
    integrity = base64.b64encode(hashlib.sha512(NPM["9.0"]).digest()).decode()
    assert every["versions"]["9.0"]["dist"]["integrity"] == f"sha512-{integrity}"


def test_what_a_folder_lacks_is_told_as_of_a_server(folder: Path, tmp_path: Path) -> None:
    """Exit code 5 for a file that is gone, 6 for other bytes."""
    one, _ = PINS["maven"]
    place = folder / "maven" / SOURCES["maven"].place(one)
    http = client(folder)
    for damage, code in ((lambda: place.write_bytes(b"evil"), Exit.MISMATCH), (place.unlink, Exit.FETCH)):
        damage()
        with pytest.raises(BuilderError) as caught:
            fetch([one], Store(tmp_path / "store"), places({}, http), http)
        assert caught.value.code == code


def test_a_download_goes_on_where_it_broke(folder: Path, tmp_path: Path) -> None:
    """A part that lies in the store is not read again."""
    one, _ = PINS["maven"]
    store, http = Store(tmp_path / "store"), client(folder)
    store.partial(one.sha256).write_bytes(BODY[:1000])
    url = SOURCES["maven"].locate(one, http.base("maven"), http)
    with http.download(url, start=1000) as coming:
        assert (coming.status, coming.start, coming.size) == (206, 1000, len(BODY))
    with http.download(url, start=len(BODY)) as coming:
        assert coming.status == 416
    fetch([one], store, lambda pin: [url], http)
    assert store.file(one.sha256).read_bytes() == BODY


def test_only_a_configured_folder_is_read(folder: Path, tmp_path: Path) -> None:
    """No URL leads to another file of this machine, neither straight nor through `..`."""
    (tmp_path / "secret").write_text("secret")
    http = client(folder)
    base = http.base("url")
    with pytest.raises(BuilderError, match="not https"):
        http.read((tmp_path / "secret").as_uri())
    for way in ("../../secret", "%2e%2e/%2e%2e/secret"):
        assert http.find(base + way) is None


def test_no_page_leads_to_a_file_of_this_machine(folder: Path) -> None:
    """A server's links to file:// are not seen, though a mirror is a folder."""
    secret = (folder / "pypi" / "big-name" / PINS["pypi"][0].file).as_uri()
    page = f'<title>Links for a</title><a href="{secret}">a-1.0-py3-none-any.whl</a>'.encode()
    assert parse(Answer("https://index.invalid/a/", "text/html", page)) == ()
    rows = {"meta": {"api-version": "1.0"}, "files": [{"filename": "a-1.0.tar.gz", "url": secret, "hashes": {}}]}
    assert parse(Answer("https://index.invalid/a/", "application/json", json.dumps(rows).encode())) == ()


def test_a_redirect_to_a_folder_is_refused(server: Any, folder: Path, reply: type) -> None:
    """Whatever the mirrors are."""
    http = client(folder)
    secret = f"{http.base('url')}v1/a%20file.zip"
    server.routes["/x"] = reply(b"", 302, {"Location": secret})
    with pytest.raises(BuilderError, match="redirects to"):
        http.read(f"{server.url}x")
