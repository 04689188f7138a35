"""A web server on this machine that says what a test tells it to, and remembers what it was asked."""

import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Reply:
    """What the server answers."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None  # bytes after which the connection breaks


@dataclass(frozen=True)
class Asked:
    """What the server was asked."""

    method: str
    path: str
    headers: dict[str, str]  # lower-case names


Answer = bytes | Reply | list[Reply] | Callable[[Asked], Reply]


class Server:
    """A threaded web server; `routes` maps paths to answers, of a list each is given once and the last for ever."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, Answer] = {}
        self.asked: list[Asked] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = server.reply(Asked(self.command, self.path, headers))
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body[: reply.cut])
                if reply.cut is not None:
                    self.wfile.flush()
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)

            do_GET = do_HEAD = do_CONNECT = _answer  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def reply(self, asked: Asked) -> Reply:
        """The answer to a request, which is remembered."""
        self.asked.append(asked)
        answer = self.routes.get(asked.path, Reply(b"not here", 404))
        if isinstance(answer, bytes):
            return Reply(answer)
        if isinstance(answer, list):
            return answer.pop(0) if len(answer) > 1 else answer[0]
        return answer if isinstance(answer, Reply) else answer(asked)

    def count(self, path: str, method: str = "GET") -> int:
        """How often a path was asked for."""
        return sum(asked.path == path and asked.method == method for asked in self.asked)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


def ranged(body: bytes, etag: str = '"1"') -> Callable[[Asked], Reply]:
    """A file whose server knows Range and If-Range."""

    def answer(asked: Asked) -> Reply:
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        headers = {"ETag": etag} if etag else {}
        if not wanted or asked.headers.get("if-range", etag) != etag:
            return Reply(body, headers=headers)
        start = int(wanted[1])
        if start >= len(body):
            return Reply(b"", 416, {"Content-Range": f"bytes */{len(body)}"})
        span = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return Reply(body[start:], 206, headers | {"Content-Range": span})

    return answer


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers; each takes an SSLContext or nothing."""
    servers: list[Server] = []

    def start(context: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """One server."""
    return serve()


@pytest.fixture
def reply() -> type[Reply]:
    """How a test states an answer."""
    return Reply


@pytest.fixture(name="ranged")
def _ranged() -> Callable[..., Callable[[Asked], Reply]]:
    """A file whose server knows Range."""
    return ranged


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that signs itself (PEM), and a server's context that shows it."""
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("there is no openssl here to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    key, pem = folder / "key.pem", folder / "certificate.pem"
    what = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=test"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(pem)]
    subprocess.run([openssl, "req", "-x509", *what, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    return pem, context
