"""The server of `builder run web`: what a browser gets from it, and what nobody gets."""

import http.client
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import pytest

from builder.commands import run
from builder.errors import BuilderError

Ask = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site as small as can be, in a folder that has more than the site."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "site-2").mkdir()
    (tmp_path / "site-2" / "secret.txt").write_text("secret")
    site = tmp_path / "site"
    (site / "assets").mkdir(parents=True)
    files = ["main.mjs", "main.js", "python.wasm", "a.whl", "manifest.json", "app.tar.gz", "assets/font.ttf"]
    for name in ("index.html", *files):
        (site / name).write_text(name)
        os.utime(site / name, (315532800, 315532800))  # all that the store holds carries this date
    return site


@pytest.fixture
def server(site: Path) -> Iterator[ThreadingHTTPServer]:
    """The server, running."""
    made = run.server(site, 0)
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def ask(server: ThreadingHTTPServer) -> Ask:
    """A request as it is written, without a client that tidies the path up."""

    def answer(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return response.status, found, response.read()

    return answer


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("index.html", "text/html"),
        ("main.js", "text/javascript"),
        ("main.mjs", "text/javascript"),
        ("python.wasm", "application/wasm"),
        ("a.whl", "application/zip"),
        ("manifest.json", "application/json"),
    ],
)
def test_each_file_has_the_media_type_that_browsers_insist_on(ask: Ask, file: str, kind: str) -> None:
    """Whatever the machine's own table of types says."""
    status, headers, body = ask(f"/{file}")
    assert (status, headers["content-type"], body) == (200, kind, file.encode())


def test_an_archive_is_no_compressed_page(ask: Ask) -> None:
    """With Content-Encoding the browser would unpack app.tar.gz, and Python would find no archive."""
    _, headers, body = ask("/app.tar.gz")
    assert "content-encoding" not in headers
    assert body == b"app.tar.gz"


@pytest.mark.parametrize("path", ["/", "/?q=1", "/shop", "/shop/items/3", "/shop?item=3.5", "/index.html"])
def test_a_route_of_the_app_gives_the_app(ask: Ask, path: str) -> None:
    """A path that is no file is for the app's own router."""
    status, headers, body = ask(path)
    assert (status, headers["content-type"], body) == (200, "text/html", b"index.html")


@pytest.mark.parametrize("path", ["/nothing.js", "/assets/nothing.png", "/shop/main.dart.wasm"])
def test_a_missing_file_is_missing(ask: Ask, path: str) -> None:
    """A script in whose place a page came would fail in the dark."""
    assert ask(path)[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsite-2%2fsecret.txt",
        "//../secret.txt",
        "/..\\secret.txt",
        "/./.././../secret.txt",
        "/%00/../secret.txt",
        "http://127.0.0.1/../secret.txt",
    ],
)
def test_nothing_beside_the_site_is_served(ask: Ask, path: str) -> None:
    """However the path is written."""
    assert b"secret" not in ask(path)[2].replace(b"secret.txt", b"")


def test_the_address_opens_the_app(server: ThreadingHTTPServer, site: Path) -> None:
    """It ends in the site's base, below which every URL of it is."""
    root = f"http://127.0.0.1:{server.server_port}"
    assert run.address(server, site) == f"{root}/"
    (site / "index.html").write_text('<html>\n  <base href="/caf%C3%A9/a&amp;b/">\n')
    assert run.address(server, site) == f"{root}/caf%C3%A9/a&b/"
    with urlopen(run.address(server, site), timeout=5) as answer:
        assert (answer.url, answer.status) == (f"{root}/caf%C3%A9/a&b/", 200)


def test_a_rebuilt_site_is_seen_at_once(ask: Ask, site: Path) -> None:
    """All files carry one date, so a browser that compares dates would show the old app for years."""
    _, headers, _ = ask("/main.js")
    since = headers.get("last-modified", "Tue, 01 Jan 1980 00:00:00 GMT")
    assert headers["cache-control"] == "no-store"
    (site / "main.js").write_text("changed")
    os.utime(site / "main.js", (315532800, 315532800))
    assert ask("/main.js", If_Modified_Since=since)[::2] == (200, b"changed")


def test_only_this_machine_is_served(server: ThreadingHTTPServer) -> None:
    """An app under development is nobody else's."""
    assert server.server_address[0] == "127.0.0.1"


def test_a_taken_port_is_refused(server: ThreadingHTTPServer, site: Path) -> None:
    """The mend is another port."""
    with pytest.raises(BuilderError, match="in use"):
        run.server(site, server.server_port)


def test_a_browser_that_leaves_is_no_news(
    server: ThreadingHTTPServer, site: Path, ask: Ask, capfd: pytest.CaptureFixture[str]
) -> None:
    """A closed tab breaks connections off in mid-answer; the server goes on and says nothing."""
    (site / "large.bin").write_bytes(b"x" * (8 << 20))
    client = socket.create_connection(("127.0.0.1", server.server_port))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with a reset
    client.sendall(b"GET /large.bin HTTP/1.0\r\n\r\n")
    client.recv(1)
    client.close()
    assert ask("/")[0] == 200
    time.sleep(0.1)
    assert capfd.readouterr() == ("", "")


def test_a_site_below_a_path_is_served_below_it(site: Path, server: ThreadingHTTPServer, ask: Ask) -> None:
    """With `base_url` every URL of the page starts so; who asks for less is led there, who asks for more is not."""
    (site / "index.html").write_text('<html>\n  <base href="/caf%C3%A9/a&amp;b/">\n')
    other = run.server(site, 0)
    threading.Thread(target=other.serve_forever, args=(0.01,), daemon=True).start()
    server.server_port = other.server_port  # where `ask` asks
    assert ask("/caf%C3%A9/a&b/main.js")[2] == b"main.js"
    assert b"<base" in ask("/caf%C3%A9/a&b/items/3")[2]
    for path in ("/", "/caf%C3%A9", "/caf%C3%A9/a&b"):
        assert (ask(path)[0], ask(path)[1]["location"]) == (302, "/caf%C3%A9/a&b/")
    assert ask("/main.js")[0] == 404
    assert b"secret" not in ask("/caf%C3%A9/a&b/../../../secret.txt")[2]
    other.shutdown()
    other.server_close()
