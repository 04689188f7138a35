"""Rules of Maven repositories, npm registries and plain URLs."""

import base64
import hashlib
import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from builder.errors import BuilderError, Exit
from builder.lock import Need, Origin, Pin
from builder.network.http import Http
from builder.network.mirrors import Bases, variable
from builder.sources import of, places

BODY = b"the bytes"
SHA256 = hashlib.sha256(BODY).hexdigest()
SHA1 = hashlib.sha1(BODY).hexdigest()
SHA512 = "sha512-" + base64.b64encode(hashlib.sha512(BODY).digest()).decode()


@pytest.fixture
def http(server: Any) -> Http:
    return Http(lambda alias: server.url, environ={}, sleep=lambda seconds: None)


def resolved(http: Http, **fields: Any) -> Pin:
    """The pin of one need."""
    (pin,) = of(fields["source"], {}).resolve((Need(targets=("web",), **fields),), http)
    return pin


def failure(call: Callable[..., Any], *args: Any, **fields: Any) -> BuilderError:
    with pytest.raises(BuilderError) as caught:
        call(*args, **fields)
    assert caught.value.hint
    return caught.value


# --- maven ------------------------------------------------------------------------------------------------------

JAR = "/com/example/tools/r8/8.1/r8-8.1.jar"
R8: dict[str, Any] = {"source": "maven", "name": "com.example.tools:r8", "version": "8.1"}


@pytest.mark.parametrize(
    ("sidecars", "known"),
    [
        ({".sha256": SHA256.encode()}, "index"),
        ({".sha256": f"{SHA256.upper()}  r8-8.1.jar\n".encode()}, "index"),
        ({".sha1": SHA1.encode()}, "first-use"),
        ({".sha256": b"<html>no such file</html>", ".sha1": SHA1.encode() + b"\n"}, "first-use"),
        ({}, "first-use"),
    ],
    ids=["sha256", "with name", "sha1", "page", "none"],
)
def test_maven_pins(http: Http, server: Any, sidecars: dict[str, bytes], known: str) -> None:
    """The repository's sha256 is taken, else the bytes are; the path is the one of the layout."""
    server.routes = {JAR: BODY} | {JAR + end: text for end, text in sidecars.items()}
    pin = resolved(http, **R8)
    assert (pin.path, pin.file) == ("com/example/tools/r8/8.1/", "r8-8.1.jar")
    assert (pin.sha256, pin.size, pin.hash) == (SHA256, len(BODY), known)
    assert list(places({}, http)(pin)) == [server.url.rstrip("/") + JAR]
    assert server.count(JAR) == (known == "first-use")


def test_maven_files_with_a_classifier_are_named(http: Http, server: Any) -> None:
    """A need may name any file of the version."""
    path = "/com/example/tools/r8/8.1/r8-8.1-linux.zip"
    server.routes = {path: BODY, path + ".sha256": SHA256.encode()}
    assert resolved(http, file="r8-8.1-linux.zip", **R8).file == "r8-8.1-linux.zip"


def test_a_maven_file_unlike_its_sha1_is_refused(http: Http, server: Any) -> None:
    """The sidecar's sha1 must come out."""
    server.routes = {JAR: b"other", JAR + ".sha1": SHA1.encode()}
    assert failure(resolved, http, **R8).code == Exit.MISMATCH


@pytest.mark.parametrize("name", ["r8", "com.example:", ":r8"])
def test_a_maven_name_has_two_parts(http: Http, name: str) -> None:
    """group:artifact, or a lock error."""
    assert failure(resolved, http, source="maven", name=name, version="1").code == Exit.LOCK


# --- npm --------------------------------------------------------------------------------------------------------


def document(file: str, **dist: str) -> bytes:
    """A version's document; the tarball's host is the registry's own, which a client may not reach."""
    return json.dumps({"dist": {"tarball": f"https://registry.invalid/x/-/{file}", **dist}}).encode()


@pytest.mark.parametrize(("name", "file"), [("pyodide", "pyodide-0.27.7.tgz"), ("@scope/name", "name-0.27.7.tgz")])
@pytest.mark.parametrize("whole", [False, True], ids=["version", "package"])
def test_npm_pins(server: Any, name: str, file: str, whole: bool) -> None:
    """The tarball is read once, through the mirror, checked against sha512, kept, and pinned by sha256."""
    asked, text = "/" + name.replace("/", "%2F"), document(file, integrity=SHA512)
    versions = json.dumps({"versions": {"0.27.7": json.loads(text)}}).encode()
    server.routes = {asked: versions} if whole else {f"{asked}/0.27.7": text}
    server.routes[f"/{name}/-/{file}"] = BODY
    kept: list[str] = []

    def keep(path: Path, sha256: str) -> None:
        kept.append(sha256)

    http = Http(lambda alias: server.url, environ={}, keep=keep)
    pin = resolved(http, source="npm", name=name, version="0.27.7")
    assert (pin.path, pin.file, pin.size) == (f"{name}/-/", file, len(BODY))
    assert (pin.sha256, pin.hash) == (SHA256, "index")
    assert list(places({}, http)(pin)) == [f"{server.url}{name}/-/{file}"]
    assert kept == [SHA256]


def test_an_old_npm_package_has_only_a_sha1(http: Http, server: Any) -> None:
    """It is checked, and the pin says that the sha256 is our own."""
    server.routes = {"/x/1": document("x-1.tgz", shasum=SHA1), "/x/-/x-1.tgz": BODY}
    assert resolved(http, source="npm", name="x", version="1").hash == "first-use"


@pytest.mark.parametrize("dist", [{"integrity": SHA512}, {"shasum": SHA1}, {"integrity": SHA512, "shasum": "0"}])
def test_an_npm_tarball_unlike_its_document_is_refused(http: Http, server: Any, dist: dict[str, str]) -> None:
    """The strongest hash of the document must come out."""
    server.routes = {"/x/1": document("x-1.tgz", **dist), "/x/-/x-1.tgz": b"other"}
    assert failure(resolved, http, source="npm", name="x", version="1").code == Exit.MISMATCH


@pytest.mark.parametrize(
    "text",
    [b"<html>", b"{}", b"[]", b'{"dist": 1}', b'{"dist": {}}', document("x-1.tgz"), document("", integrity=SHA512)],
)
def test_what_is_no_npm_document_is_said_to_be_none(http: Http, server: Any, text: bytes) -> None:
    """A page in its place, or one without tarball or hash."""
    server.routes = {"/x/1": text}
    error = failure(resolved, http, source="npm", name="x", version="1")
    assert (error.code, "no npm document" in error.message) == (Exit.FETCH, True)


def test_a_missing_npm_version_is_named(http: Http, server: Any) -> None:
    """The package is there, the version is not: a lock error."""
    server.routes = {"/x": b'{"versions": {"2": {}}}'}
    error = failure(resolved, http, source="npm", name="x", version="1")
    assert (error.code, "no version 1" in error.message) == (Exit.LOCK, True)


# --- url --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["20260101/", "20260101", "a/b/", ""])
def test_url_pins(http: Http, server: Any, path: str) -> None:
    """Base, path, file, with what a URL must escape escaped; known by first use."""
    origins = {"releases": Origin(kind="url", base=server.url)}
    place = "/".join(part for part in [*path.split("/"), "cpython-3.12+1%20x.tar.gz"] if part)
    server.routes = {"/" + place.replace("%", "%25"): BODY}
    need = Need(source="releases", name="cpython", path=path, file="cpython-3.12+1%20x.tar.gz", targets=("web",))
    (pin,) = of("releases", origins).resolve((need,), http)
    assert (pin.name, pin.path, pin.sha256, pin.size) == ("cpython", path, SHA256, len(BODY))
    assert pin.hash == "first-use"
    assert list(places(origins, http)(pin)) == [server.url + place.replace("%", "%25")]


def test_needs_keep_their_order(http: Http, server: Any) -> None:
    """Pins come in the order of the needs, though they are asked for at once."""
    names = [f"{number}.zip" for number in range(20)]
    server.routes = {f"/{name}": name.encode() for name in names}
    needs = tuple(Need(source="url", name=name, file=name, targets=("web",)) for name in names)
    assert [pin.file for pin in of("url", {}).resolve(needs, http)] == names


# --- second place -----------------------------------------------------------------------------------------------


def test_debian_has_a_second_place(server: Any) -> None:
    """After the archive comes the snapshot; without a base for it the error names the setting."""
    pin = Pin(
        name="deb:x",
        version="1",
        source="debian",
        path="pool/main/x/",
        file="x.deb",
        sha256=SHA256,
        hash="signed",
        targets=("toolchain",),
    )
    bases = {"debian": server.url + "debian/", "debian-snapshot": server.url + "snapshot/"}
    origins = {alias: Origin(kind="url", base=base) for alias, base in bases.items()}
    http = Http(bases.__getitem__, environ={})
    assert list(islice(places(origins, http)(pin), 2)) == [
        f"{server.url}{name}/pool/main/x/x.deb" for name in ("debian", "snapshot")
    ]
    only = Bases({}, {variable("debian"): server.url}, Path("/nowhere"), {}, Path("/nowhere"), Path("/nowhere"))
    urls = places({"debian": origins["debian"]}, Http(only.base, environ={}))(pin)
    assert next(urls) == f"{server.url}pool/main/x/x.deb"
    assert "BUILDER_MIRROR_DEBIAN_SNAPSHOT" in failure(next, urls).hint
