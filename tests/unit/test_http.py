"""Rules of how servers are asked."""

import base64
import contextlib
import gzip
import hashlib
import socket
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.errors import BuilderError, Exit
from builder.network import connections, httpanswers
from builder.network.http import Http

Make = Callable[..., Http]


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def make(slept: list[float]) -> Make:
    """An Http that waits in no time; `bases` maps aliases to URLs."""

    def http(bases: dict[str, str] | None = None, offline: bool = False, keep: Any = None, **environ: str) -> Http:
        known = bases or {}
        made = Http(known.__getitem__, environ=environ, offline=offline, sleep=slept.append, keep=keep)
        for alias in known:
            made.base(alias)
        return made

    return http


def failure(call: Callable[..., Any], *args: Any, **named: Any) -> BuilderError:
    """The error that a call raises."""
    with pytest.raises(BuilderError) as caught:
        call(*args, **named)
    assert caught.value.hint
    return caught.value


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def basic(login: str) -> str:
    return "Basic " + base64.b64encode(login.encode()).decode()


# --- pages ------------------------------------------------------------------------------------------------------


def test_a_page_says_what_it_is_and_where_it_lies(make: Make, server: Any, reply: Any) -> None:
    """The answer has the final URL, the media type without parameters and the bytes."""
    server.routes = {
        "/a": reply(status=302, headers={"Location": "/b"}),
        "/b": reply(b"hi", headers={"Content-Type": "Text/HTML; charset=utf-8"}),
    }
    answer = make().answer(server.url + "a", accept="text/html")
    assert (answer.url, answer.kind, answer.body) == (server.url + "b", "text/html", b"hi")
    assert server.asked[0].headers["accept"] == "text/html"


def test_a_page_may_travel_compressed_and_a_file_may_not(make: Make, server: Any, reply: Any) -> None:
    """With `accept` gzip is undone; without it the bytes are those of the file, whatever the server calls them."""
    packed = gzip.compress(b"page")
    server.routes = {"/x.gz": reply(packed, headers={"Content-Encoding": "gzip"})}
    assert make().answer(server.url + "x.gz", accept="text/html").body == b"page"
    assert make().read(server.url + "x.gz") == packed
    assert server.asked[1].headers["accept-encoding"] == "identity"


def test_a_page_longer_than_its_limit_is_refused(make: Make, server: Any, reply: Any) -> None:
    """Also where compression hides the length."""
    server.routes = {
        "/x": b"x" * 101,
        "/gz": reply(gzip.compress(bytes(1 << 20)), headers={"Content-Encoding": "gzip"}),
    }
    assert make().read(server.url + "x", limit=101)
    assert "100 bytes" in failure(make().read, server.url + "x", limit=100).message
    assert failure(make().read, server.url + "gz", accept="text/html", limit=5000).code == Exit.FETCH


def drip(bytes_a_second: int) -> int:
    """The port of a server that answers one request with a page that never ends, slowly."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection, listening, contextlib.suppress(OSError):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while True:
                connection.sendall(b"x" * 8)
                time.sleep(8 / bytes_a_second)

    threading.Thread(target=serve, daemon=True).start()
    return int(listening.getsockname()[1])


def test_a_page_that_comes_too_slowly_is_given_up_on(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """However steadily: a server must not hold a lock for hours."""
    monkeypatch.setattr(httpanswers, "PAGE_TIME", 0.5)
    start = time.monotonic()
    error = failure(make().read, f"http://127.0.0.1:{drip(200)}/page")
    assert "0.5 seconds" in error.message
    assert time.monotonic() - start < 20


def test_a_compressed_page_that_unpacks_to_too_much_is_refused(make: Make, server: Any, reply: Any) -> None:
    """The limit holds for what it unpacks to, while it does."""
    bomb = gzip.compress(bytes(200 << 20))
    server.routes["/page"] = reply(bomb, headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    error = failure(lambda: make().read(server.url + "page", accept="text/html"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "longer than" in error.message
    assert peak < 300 << 20


def test_find_gives_none_only_for_what_is_absent(make: Make, server: Any, reply: Any) -> None:
    """404 and 410 are None; another refusal is an error."""
    server.routes = {"/x": b"x", "/gone": reply(status=410), "/shut": reply(status=403)}
    http = make()
    assert http.find(server.url + "x") == b"x"
    assert http.find(server.url + "gone") is None
    assert http.find(server.url + "nothing") is None
    failure(http.find, server.url + "shut")


def test_size_is_what_head_tells(make: Make, server: Any, reply: Any) -> None:
    """No number where the server tells none, or tells that of compressed bytes."""
    server.routes = {
        "/x": b"12345",
        "/chunked": reply(headers={"Content-Length": "", "Transfer-Encoding": "identity"}),
        "/gz": reply(b"12345", headers={"Content-Encoding": "gzip"}),
        "/no": reply(status=405),
    }
    assert [make().size(server.url + path) for path in ("x", "chunked", "gz", "no")] == [5, None, None, None]
    assert server.count("/x", "HEAD") == 1


@pytest.mark.parametrize("number", ["²", "-1", "1e9", "9" * 5000])
def test_a_number_that_is_none_is_not_told(
    make: Make, server: Any, reply: Any, slept: list[float], number: str
) -> None:
    """In any header: the size is not known, the wait is the usual one."""
    body = reply(b"bytes", headers={"Content-Length": number, "Connection": "close"})
    server.routes = {"/x": body, "/busy": [reply(status=503, headers={"Retry-After": number}), reply(b"bytes")]}
    http = make()
    assert http.size(server.url + "x") is None
    assert http.read(server.url + "busy") == b"bytes"
    assert slept == [0.2]
    server.routes["/part"] = reply(b"bytes", 206, {"Content-Range": f"bytes {number}-4/{number}"})
    with http.download(server.url + "part", start=2) as coming:
        assert (coming.start, coming.size) == (0, None)


# --- failures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "hint"), [(404, "mirror"), (410, "mirror"), (401, "netrc"), (403, "netrc"), (400, "address")]
)
def test_a_refusal_names_the_url_and_the_mend(make: Make, server: Any, reply: Any, status: int, hint: str) -> None:
    """Each status has its own mend, and is asked for only once."""
    server.routes = {"/x": reply(status=status)}
    error = failure(make().read, server.url + "x")
    assert (error.code, hint in error.hint) == (Exit.FETCH, True)
    assert server.url + "x" in error.message
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(make: Make, server: Any, reply: Any, slept: list[float], status: int) -> None:
    """Retry-After is honoured where it is longer than builder's own pause."""
    server.routes = {"/x": [reply(status=status, headers={"Retry-After": "7"}), reply(status=status), reply(b"ok")]}
    assert make().read(server.url + "x") == b"ok"
    assert slept == [7, 0.5]


def test_a_server_that_stays_busy_ends_in_an_error(make: Make, server: Any, reply: Any, slept: list[float]) -> None:
    """After a few seconds in total builder gives up."""
    server.routes = {"/x": reply(status=503)}
    assert "503" in failure(make().read, server.url + "x").message
    assert sum(slept) < 10


def test_nobody_waits_for_minutes(make: Make, server: Any, reply: Any, slept: list[float]) -> None:
    """A server that asks for a long pause is not waited for; the error says how long it wants."""
    server.routes = {"/x": reply(status=429, headers={"Retry-After": "3600"})}
    assert "3600 s" in failure(make().read, server.url + "x").message
    assert not slept


def test_a_broken_connection_is_tried_again(make: Make, server: Any, reply: Any) -> None:
    """A page that breaks off is asked for anew, and its half is never taken for the whole."""
    server.routes = {"/x": [reply(b"0123456789", cut=5), reply(b"0123456789", cut=0), reply(b"0123456789")]}
    assert make().read(server.url + "x") == b"0123456789"
    server.routes = {"/x": reply(b"0123456789", cut=5)}
    assert "broke" in failure(make().read, server.url + "x").message


def test_a_host_that_is_not_there_is_given_up_on(make: Make, slept: list[float]) -> None:
    """After the tries of the first request no other request waits for that host; the hint names the alias's mirror."""
    url = f"http://127.0.0.1:{closed_port()}/"
    http = make({"pypi": url})
    error = failure(http.read, url + "x")
    assert "can't be reached" in error.message
    assert "BUILDER_MIRROR_PYPI" in error.hint
    before = len(slept)
    failure(http.read, url + "y")
    assert len(slept) == before


def test_an_unknown_host_is_named_at_once(make: Make, slept: list[float]) -> None:
    """A name without an address is not tried again."""
    error = failure(make().read, "https://nothing.invalid/x")
    assert "`nothing.invalid`" in error.message
    assert not slept


def test_a_silent_server_costs_one_wait(make: Make, slept: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who accepts a connection and says nothing is not asked again and again."""
    monkeypatch.setattr(connections, "_TIMES", {"connect": 0.1, "read": 0.1})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = failure(make().read, f"http://127.0.0.1:{silent.getsockname()[1]}/x")
    assert "in time" in error.message
    assert not slept


def test_offline_asks_nothing(make: Make, server: Any) -> None:
    """Every request is refused before any socket, and says what was wanted."""
    http = make(offline=True)
    for call in (http.read, http.size, http.find, http.take, http.answer):
        error = failure(call, server.url + "x")
        assert error.code == Exit.FETCH
        assert server.url + "x" in error.message
    assert not server.asked


def test_importing_http_imports_nothing_heavy() -> None:
    """urllib3 and truststore are imported by the first request, not by the module."""
    code = "import sys, builder.network.http; sys.exit(bool({'urllib3', 'truststore', 'ssl'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# --- redirects --------------------------------------------------------------------------------------------------


def test_redirects_end(make: Make, server: Any, reply: Any) -> None:
    """Five are followed, a loop is an error."""
    for number in range(5):
        server.routes[f"/{number}"] = reply(status=301 + (number % 2), headers={"Location": f"/{number + 1}"})
    server.routes |= {"/5": b"end", "/loop": reply(status=307, headers={"Location": "/loop"})}
    assert make().read(server.url + "0") == b"end"
    assert "redirect" in failure(make().read, server.url + "loop").message


@pytest.mark.parametrize("place", ["http://127.0.0.1/x", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_tls_is_never_left(make: Make, serve: Any, reply: Any, certificate: Any, place: str) -> None:
    """A redirect from https to anything else is refused."""
    pem, context = certificate
    server = serve(context)
    server.routes = {"/x": reply(status=302, headers={"Location": place})}
    assert "not https" in failure(make(SSL_CERT_FILE=str(pem)).read, server.url + "x").message


def test_plain_http_needs_a_base_that_says_so(make: Make) -> None:
    """Without TLS only the hosts of configured http:// bases are asked."""
    assert "is not https" in failure(make().read, "http://nothing.invalid/x").message
    allowed = make({"debian": "http://nothing.invalid/debian/"})
    assert "can't be found" in failure(allowed.read, "http://nothing.invalid/x").message


# --- credentials ------------------------------------------------------------------------------------------------


def test_credentials_of_a_base_go_to_its_origin_only(make: Make, serve: Any, reply: Any) -> None:
    """They are sent with each file of the origin, cut from the URL, and not taken along by a redirect."""
    own, other = serve(), serve()
    own.routes = {
        "/simple/x": b"page",
        "/files/y": b"file",
        "/away": reply(status=302, headers={"Location": other.url + "z"}),
    }
    other.routes = {"/z": b"elsewhere"}
    http = make({"pypi": f"http://me:p%40ss@127.0.0.1:{own.port}/simple/"})
    assert http.base("pypi") == own.url + "simple/"
    assert http.secret_base("pypi") == f"http://me:p%40ss@127.0.0.1:{own.port}/simple/"
    assert http.read(own.url + "simple/x") == b"page"
    assert http.read(own.url + "files/y") == b"file"
    assert http.read(own.url + "away") == b"elsewhere"
    assert {asked.headers.get("authorization") for asked in own.asked} == {basic("me:p@ss")}
    assert "authorization" not in other.asked[0].headers


def test_two_bases_of_one_host_have_a_password_each(make: Make, server: Any) -> None:
    """The base that a URL lies below decides."""
    server.routes = {"/a/x": b"", "/b/x": b""}
    http = make({"a": f"http://a:1@127.0.0.1:{server.port}/a/", "b": f"http://b:2@127.0.0.1:{server.port}/b/"})
    http.read(server.url + "a/x")
    http.read(server.url + "b/x")
    assert [asked.headers["authorization"] for asked in server.asked] == [basic("a:1"), basic("b:2")]


@pytest.mark.parametrize("variable", ["NETRC", "HOME"])
def test_netrc_gives_credentials(make: Make, server: Any, tmp_path: Path, variable: str) -> None:
    """For the host that it names; its `default` goes to nobody."""
    server.routes = {"/x": b""}
    path = tmp_path / (".netrc" if variable == "HOME" else "secrets")
    place = str(tmp_path if variable == "HOME" else path)
    path.write_text("machine 127.0.0.1 login me password secret\n")
    make(**{variable: place}).read(server.url + "x")
    path.write_text("default login me password secret\n")
    make(**{variable: place}).read(server.url + "x")
    assert [asked.headers.get("authorization") for asked in server.asked] == [basic("me:secret"), None]


def test_no_password_is_ever_in_a_message(make: Make, server: Any, reply: Any, tmp_path: Path) -> None:
    """Whatever fails, user and password of base, proxy and netrc are not in the error."""
    server.routes = {
        "/shut": reply(status=401),
        "/loop": reply(status=302, headers={"Location": f"http://u:canary@127.0.0.1:{server.port}/loop?t=canary"}),
        "/cut": reply(b"123", cut=1),
        "/busy": reply(status=503),
    }
    base = f"http://u:canary@127.0.0.1:{server.port}/"
    dead = f"http://u:canary@127.0.0.1:{closed_port()}/"
    (tmp_path / "netrc").write_text("machine x.invalid login u password canary\nbad canary\n")
    calls: list[Callable[[], Any]] = [
        lambda p=p: make({"a": base}).read(base + p) for p in ("shut", "loop", "cut", "busy")
    ]
    calls += [lambda p=p: make({"a": base}).take(base + p) for p in ("shut", "cut", "none")]
    calls.append(lambda: make({"a": base}, offline=True).read(base))
    calls.append(lambda: make({"a": dead}).read(dead))
    calls.append(lambda: make(NETRC=str(tmp_path / "netrc")).read("https://x.invalid/"))
    calls.append(lambda: make(HTTPS_PROXY=dead).read("https://x.invalid/"))
    calls.append(lambda: make(HTTPS_PROXY="socks5://u:canary@h:1").read("https://x.invalid/"))
    calls.append(lambda: make().read("https://u:canary@x.invalid/?t=canary"))
    calls.append(lambda: make().read("http://u:canary@x.invalid/"))
    for call in calls:
        error = failure(call)
        assert "canary" not in error.message + error.hint


# --- proxies and certificates -----------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_is_used(make: Make, serve: Any, variable: str) -> None:
    """The request goes to the proxy whole, with the proxy's own password and none in the URL."""
    proxy = serve()
    proxy.routes = {"http://m.invalid/x": b"through"}
    http = make({"a": "http://m.invalid/"}, **{variable: f"http://p:word@127.0.0.1:{proxy.port}"})
    assert http.read("http://m.invalid/x") == b"through"
    assert proxy.asked[0].headers["proxy-authorization"] == basic("p:word")


@pytest.mark.parametrize(
    ("hosts", "used"), [("", 1), ("other.invalid", 1), ("127.0.0.1", 0), ("x,127.0.0.1 ", 0), ("*", 0)]
)
def test_no_proxy_is_heeded(make: Make, serve: Any, hosts: str, used: int) -> None:
    """A host in NO_PROXY is asked straight."""
    server, proxy = serve(), serve()
    server.routes = {"/x": b"x"}
    proxy.routes = {server.url + "x": b"x"}
    assert make(HTTP_PROXY=f"127.0.0.1:{proxy.port}", NO_PROXY=hosts).read(server.url + "x") == b"x"
    assert (len(proxy.asked), len(server.asked)) == (used, 1 - used)


def test_https_goes_through_a_tunnel(make: Make, serve: Any, reply: Any) -> None:
    """The proxy is asked to CONNECT; that it wants a password is said."""
    proxy = serve()
    proxy.routes = {"m.invalid:443": reply(status=407)}
    error = failure(make(HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}").read, "https://m.invalid/x")
    assert (proxy.asked[0].method, proxy.asked[0].path) == ("CONNECT", "m.invalid:443")
    assert "password" in error.message
    assert "HTTPS_PROXY" in error.hint


def test_a_strange_certificate_is_refused_once(make: Make, serve: Any, certificate: Any, slept: list[float]) -> None:
    """The error hints at SSL_CERT_FILE, and nothing was asked."""
    server = serve(certificate[1])
    error = failure(make().read, server.url + "x")
    assert "can't be trusted" in error.message
    assert "SSL_CERT_FILE" in error.hint
    assert not server.asked
    assert not slept


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"])
def test_a_company_certificate_is_trusted(
    make: Make, serve: Callable[[ssl.SSLContext], Any], certificate: Any, variable: str
) -> None:
    """Each of the usual variables adds one."""
    pem, context = certificate
    server = serve(context)
    server.routes = {"/x": b"safe"}
    assert make(**{variable: str(pem)}).read(server.url + "x") == b"safe"


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_bad_certificate_file_is_named(make: Make, tmp_path: Path, content: bytes | None) -> None:
    """Missing or not PEM: the error names variable and file."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    error = failure(make(PIP_CERT=str(path)).read, "https://127.0.0.1/")
    assert f"PIP_CERT names `{path}`" in error.message


# --- files ------------------------------------------------------------------------------------------------------


def test_take_knows_a_file_and_keeps_it(make: Make, server: Any, reply: Any) -> None:
    """sha256 and size are told, a break is mended, and the file goes to whoever keeps files."""
    body = bytes(range(256)) * 1000
    server.routes = {"/x": [reply(body, cut=1000), reply(body)]}
    kept: dict[str, bytes] = {}
    http = make(keep=lambda path, sha256: kept.update({sha256: path.read_bytes()}))
    taken = http.take(server.url + "x", {"sha512": hashlib.sha512(body).hexdigest()})
    assert (taken.sha256, taken.size) == (hashlib.sha256(body).hexdigest(), len(body))
    assert kept == {taken.sha256: body}


def test_take_refuses_other_bytes_than_stated(make: Make, server: Any) -> None:
    """A mismatch names both values, and nothing is kept."""
    server.routes = {"/x": b"x"}
    kept: list[Path] = []
    error = failure(make(keep=lambda path, sha256: kept.append(path)).take, server.url + "x", {"sha1": "00"})
    assert error.code == Exit.MISMATCH
    assert hashlib.sha1(b"x").hexdigest() in error.message
    assert not kept


def test_abort_ends_a_download_that_stalls(make: Make, server: Any, reply: Any) -> None:
    """A thread that waits for bytes is let go at once."""
    stalled = threading.Event()

    def stall(asked: Any) -> Any:
        return reply(b"12345", headers={"Content-Length": "100000"})

    server.routes = {"/x": stall}
    http = make()
    ended: list[type[BaseException]] = []

    def read() -> None:
        try:
            with http.download(server.url + "x") as coming:
                stalled.set()
                list(coming.chunks)
        except ConnectionError as error:
            ended.append(type(error))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert stalled.wait(5)
    http.abort()
    thread.join(5)
    assert ended == [ConnectionError]
