"""What the tests share: a web server, a script of builder/inside run as a step runs it, and small wheels for it."""

import base64
import hashlib
import io
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from builder import plan, scripts
from builder.inside import module

from .figures import configure, figures, select, thorough
from .killing import killer, some_points

__all__ = ["figures", "killer", "some_points", "thorough"]  # fixtures of every test


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of `make reliability`."""
    parser.addoption("--thorough", action="store_true", help="try all faults and many more inputs")


def pytest_configure(config: pytest.Config) -> None:
    """What the whole run shares."""
    configure(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long form of tests is left out but for `make reliability`."""
    select(config, items)


RUN = """
import os, runpy, sys
sys.path[:0] = [os.path.abspath("in/inside")]
sys.argv = sys.argv[1:]
runpy.run_path(os.path.join("in/inside", sys.argv[0]), run_name="__main__")
"""


class StepFailed(Exception):  # noqa: N818 (what happened)
    """A script ended with an error; the text is what it wrote."""


@dataclass
class Inside:
    """Runs scripts in folders laid out as the sandbox lays them out, but in no sandbox."""

    root: Path
    python: str = sys.executable
    said: str = ""  # what the last script wrote

    def run(
        self,
        script: str,
        inputs: Mapping[str, Path | str | bytes],
        args: Iterable[str] = (),
        umask: int = 0o022,
        environment: Mapping[str, str] = plan.ENVIRONMENT,
    ) -> Path:
        """The output folder of a script; raises StepFailed."""
        number = sum(1 for _ in self.root.glob("step-*"))
        folder = self.root / f"step-{number}"
        (folder / "in" / "inside").mkdir(parents=True)
        (folder / "out").mkdir()
        for name in scripts.closure(script):
            (folder / "in" / "inside" / name).write_bytes(scripts.text(name))
        for name, source in inputs.items():
            place = folder / "in" / name
            if isinstance(source, Path):
                place.symlink_to(source.resolve())
            else:
                place.write_bytes(source.encode() if isinstance(source, str) else source)
        done = subprocess.run(
            [self.python, "-P", "-s", "-S", "-B", "-c", RUN, script, *args],
            cwd=folder,
            env=dict(environment),
            umask=umask,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.said = done.stdout
        if done.returncode:
            raise StepFailed(done.stdout)
        return folder / "out"


@pytest.fixture
def inside(tmp_path: Path) -> Inside:
    """A runner of the scripts of builder/inside."""
    return Inside(tmp_path)


def bytes_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Relative path -> mode and bytes of each file and folder below a folder."""
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mode & 0o7777,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def contents() -> Callable[[Path], dict[str, tuple[int, bytes]]]:
    """All that reaches an output's bytes."""
    return bytes_of


@pytest.fixture
def wheel(tmp_path: Path) -> Callable[..., Path]:
    """Makes wheels: `wheel("demo", {"demo/__init__.py": ""})`; `record` replaces lines of its RECORD."""

    def make(name: str, files: Mapping[str, str | bytes], record: Mapping[str, str] | None = None) -> Path:
        info = f"{name}-1.0.dist-info"
        held = {key: value.encode() if isinstance(value, str) else value for key, value in files.items()}
        held.setdefault(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode())
        held.setdefault(f"{info}/WHEEL", b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        lines = {key: f"{key},sha256={_hash(value)},{len(value)}" for key, value in held.items()}
        lines[f"{info}/RECORD"] = f"{info}/RECORD,,"
        lines |= record or {}
        path = tmp_path / f"{name}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for key, value in held.items():
                archive.writestr(key, value)
            archive.writestr(f"{info}/RECORD", "".join(f"{line}\n" for line in lines.values() if line))
        return path

    return make


def _hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


# A build backend (PEP 517) of a few lines, whose wheel has the date of the day and its files in no order.
BACKEND = """
import base64, hashlib, os, pathlib, zipfile

def get_requires_for_build_wheel(config_settings=None):
    return {asks!r}

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    info = "{stem}.dist-info"
    files = {{path.as_posix(): path.read_bytes() for path in pathlib.Path("{name}").rglob("*.py")}}
    files[info + "/METADATA"] = b"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
    files[info + "/WHEEL"] = b"Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: {tag}\\n"
    hashes = {{name: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
              for name, data in files.items()}}
    rows = [f"{{name}},sha256={{hashes[name]}},{{len(files[name])}}" for name in files]
    files[info + "/RECORD"] = chr(10).join([*rows, info + "/RECORD,,", ""]).encode()
    with zipfile.ZipFile(os.path.join(wheel_directory, "{stem}-{tag}.whl"), "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files, key=lambda name: os.urandom(4)):
            archive.writestr(name, files[name])
    return "{stem}-{tag}.whl"
"""


@pytest.fixture
def sdist(tmp_path: Path) -> Callable[..., Path]:
    """Makes source distributions whose metadata is static (PEP 643): `sdist("demo-1.0", {"setup.py": ""})`."""

    def make(stem: str, files: Mapping[str, str]) -> Path:
        name, _, version = stem.rpartition("-")
        information = f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n"
        path = tmp_path / f"{stem}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for file, text in {"PKG-INFO": information, **files}.items():
                member = tarfile.TarInfo(f"{stem}/{file}")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
        return path

    return make


@pytest.fixture
def in_tree(sdist: Callable[..., Path]) -> Callable[..., Path]:
    """Makes source distributions with a backend of their own in `backend/`: `in_tree("demo-1.0", tag="py3-none-any")`.

    `asks` is what the backend asks for beyond its [build-system]; `text` comes after the backend's own.
    """

    def make(stem: str, tag: str = "py3-none-any", asks: Iterable[str] = (), text: str = "", **files: str) -> Path:
        name, _, version = stem.rpartition("-")
        backend = BACKEND.format(stem=stem, name=name, version=version, tag=tag, asks=list(asks)) + text
        system = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["backend"]\n'
        own = {"pyproject.toml": system, "backend/own.py": backend, f"{name}/__init__.py": f"NAME = '{name}'\n"}
        return sdist(stem, {**own, **files})

    return make


@pytest.fixture
def unsigned_apk(tmp_path: Path) -> Callable[..., Path]:
    """Makes APKs that are not signed, as builder does: `unsigned_apk("counter", {"classes.dex": b"..."})`."""

    def make(name: str = "counter", files: Mapping[str, bytes] | None = None) -> Path:
        apk_zip = module("apk_zip")
        folder = tmp_path / f"{name}.files"
        folder.mkdir()
        members = []
        for number, (member, data) in enumerate({"AndroidManifest.xml": b"binary", **(files or {})}.items()):
            (folder / str(number)).write_bytes(data)
            size = len(data)
            members.append(apk_zip.Member(member, apk_zip.STORED, zlib.crc32(data), size, size, folder / str(number)))
        apk_zip.write(members, tmp_path / f"{name}-unsigned.apk")
        return tmp_path / f"{name}-unsigned.apk"

    return make


@pytest.fixture
def step_failed() -> type[Exception]:
    """The error of a script that failed."""
    return StepFailed


@pytest.fixture
def shuffled(tmp_path: Path) -> Callable[[Path], Path]:
    """A copy of a tree whose files were made in the opposite order, with other modes and dates."""

    def copy(tree: Path) -> Path:
        other = tmp_path / "elsewhere" / "a folder with another name" / tree.name
        for path in sorted(tree.rglob("*"), reverse=True):
            if path.is_file():
                place = other / path.relative_to(tree)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(path.read_bytes())
                place.chmod(0o600)
                os.utime(place, (1, 1))
        return other

    return copy


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
    body: bytes = b""


Answer = bytes | Reply | list[Reply] | Callable[[Asked], Reply]


class Server:
    """A threaded web server; `routes` maps paths to answers, of a list each is given once and the last for ever."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, Answer] = {}
        self.asked: list[Asked] = []
        self.bugs: list[BaseException | None] = []  # of the answers themselves
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", 0)))
                reply = server.reply(Asked(self.command, self.path, headers, body))
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

            do_GET = do_HEAD = do_POST = do_PUT = do_CONNECT = _answer  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Say nothing: a client may leave in mid-answer, and what is said gets into another test's stderr."""
                if not isinstance(sys.exc_info()[1], ConnectionError):
                    server.bugs.append(sys.exc_info()[1])

        self._server = Quiet(("127.0.0.1", 0), Handler)
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
    assert [bug for server in servers for bug in server.bugs] == []


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """One server."""
    return serve()


@pytest.fixture
def reply() -> type[Reply]:
    """How a test states an answer."""
    return Reply


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of what `record_property("same bytes", [fixture, target, place, digest, expected])` was told."""
    reports = [report for group in terminalreporter.stats.values() for report in group]
    told = [pair for report in reports for pair in getattr(report, "user_properties", ())]
    rows = [row for name, row in told if name == "same bytes"]
    cells = {(f"{row[0]} {row[1]}", row[2]): "ok" if row[3] == row[4] else "DIFFERS" for row in rows}
    digests = {f"{row[0]} {row[1]}": row[4] for row in rows}
    if not cells:
        return
    places = list(dict.fromkeys(place for _, place in cells))
    width = max(map(len, digests))
    terminalreporter.section("same bytes")
    terminalreporter.write_line(" ".join([" " * width, *(f"{place:11}" for place in places), "digest"]))
    for app in sorted(digests):
        shown = [f"{cells.get((app, place), '-'):11}" for place in places]
        terminalreporter.write_line(" ".join([f"{app:{width}}", *shown, digests[app][:16]]))
