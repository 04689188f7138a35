"""What comes from outside may be anything: an error that a user can mend, never a traceback, never a hang."""

import contextlib
import json
import lzma
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder import committed, lockfile, planning, project, toolchain
from builder.commands.deliver import expected
from builder.errors import BuilderError
from builder.lock import Need, Pin
from builder.network import clientconfig, simpleindex
from builder.network.http import Http
from builder.network.httpanswers import Answer
from builder.sources import maven, npm, pypi

from .test_sources_debian import INDEX, PACKAGES, Archive

pytestmark = pytest.mark.reliability

FIXTURE = Path(__file__).parents[2] / "fixtures" / "counter"
PATIENCE = 60  # seconds for one input

Run = Callable[..., None]


def _hang(*_: object) -> None:
    raise TimeoutError(f"one input takes more than {PATIENCE} seconds")


@pytest.fixture
def fuzz(figures: Any) -> Iterator[Run]:
    """Calls a function with many inputs; it must end soon, well or with an error that has a mend."""
    before = signal.signal(signal.SIGALRM, _hang)

    def run(call: Callable[..., object], strategy: Any) -> None:
        @settings(suppress_health_check=list(HealthCheck))
        @given(strategy)
        def one(value: Any) -> None:
            figures("fuzz runs")
            signal.alarm(PATIENCE)
            try:
                call(value)
            except BuilderError as error:
                assert error.message
                assert error.hint
            finally:
                signal.alarm(0)

        one()

    yield run
    signal.signal(signal.SIGALRM, before)


# --- inputs ---------------------------------------------------------------------------------------------------------

# fmt: off
ODD = [
    "", " ", "\0", "\n", "\r\n", "\ufeff", "\u2028", "é", "\U0001f600", "..", "../../etc/passwd", "/etc/passwd",
    "a/../b", "C:\\x", "file:///etc/passwd", "http://[", "http://[::1", "https://a:b@c:99999/", "//", "-", "--", "-1",
    "0", "1e999", "nan", "inf", "9" * 400, "9" * 5000, "0x10", "1979-05-27T07:32:00Z", "true", "null", "[]", "{}",
    "[" * 2000, "{" * 500, '"', '"""', "'", "\\", "\\u0000", "\\ud800", "a" * 70000, "*", "$(id)", "${HOME}", "%s",
    "<!DOCTYPE x [<!ENTITY a 'b'>]>", "&a;", "<![foo", "<!", "</", "]]>", "0.0.0.0.0.0", "1!2+x", "==", ">=", ";",
    "; python_version", "#", "\t",
]
# fmt: on
TOKEN = re.compile(r'"[^"]*"|[A-Za-z0-9_.-]+|\s+|.', re.DOTALL)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def mutated(draw: Any, text: str) -> bytes:
    """A text with some words replaced, doubled, left out or swapped."""
    words = TOKEN.findall(text)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(words) - 1))
        odd = draw(st.sampled_from(ODD) | st.text(max_size=12))
        match draw(st.integers(0, 5)):
            case 0:
                words[at] = odd
            case 1:
                words[at] = f'"{odd}"'
            case 2:
                words.insert(at, odd)
            case 3:
                del words[at]
            case 4:
                words[at:at] = words[at : at + draw(st.integers(1, 200))]
            case _:
                other = draw(st.integers(0, len(words) - 1))
                words[at], words[other] = words[other], words[at]
        words = words or [""]
    data = "".join(words).encode(errors="surrogatepass")
    return data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 9)) == 0 else data


@st.composite
def changed(draw: Any, value: Any) -> Any:
    """A JSON value in which one or two places hold something else."""
    result = json.loads(json.dumps(value))
    for _ in range(draw(st.integers(1, 2))):
        holder, key, at = None, None, result
        while isinstance(at, dict | list) and at and (holder is None or draw(st.integers(0, 3))):
            key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
            holder, at = at, at[key]
        if holder is None:
            return draw(VALUES)
        if draw(st.integers(0, 3)) == 0:
            del holder[key]
        else:
            holder[key] = draw(VALUES)
    return result


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


# --- files of the app -----------------------------------------------------------------------------------------------


def test_locks(fuzz: Run) -> None:
    """builder.lock, as an editor, a merge or an attacker may leave it."""
    found = project.load(FIXTURE, {}, lambda line: None, {})

    def read(data: bytes) -> None:
        lock = lockfile.parse(data)
        written = lockfile.dump(lock)
        assert lockfile.dump(lockfile.parse(written.encode())) == written
        toolchain.of(lock)
        planning.plan_of(found, lock, "web")

    fuzz(read, mutated((FIXTURE / "builder.lock").read_text()))
    fuzz(read, st.binary(max_size=200))


def test_plans(fuzz: Run, tmp_path: Path) -> None:
    """builder.plan/: plans and the toolchain's recipe."""
    (tmp_path / "builder.plan").mkdir()
    lock = lockfile.load(FIXTURE)
    plan = json.loads((FIXTURE / "builder.plan" / "web.json").read_text())
    recipe = json.loads((FIXTURE / "builder.plan" / "toolchain.json").read_text())

    def read(data: bytes) -> None:
        (tmp_path / "builder.plan" / "web.json").write_bytes(data)
        planned = committed.load(tmp_path, "web")
        committed.stale(planned, {}, lock)
        committed.check_scripts(tmp_path, planned)

    def read_recipe(data: bytes) -> None:
        (tmp_path / "builder.plan" / "toolchain.json").write_bytes(data)
        committed.recipe(tmp_path, lock)
        committed.origins(tmp_path)

    fuzz(read, changed(plan).map(as_json))
    fuzz(read, mutated(json.dumps(plan)))
    fuzz(read_recipe, changed(recipe).map(as_json))


PYPROJECT = """
[project]
name = "counter"
version = "1.0.0"
description = "x"
requires-python = ">=3.12"
dependencies = ["flet==0.82.2", "httpx; sys_platform == 'linux'", "a @ https://example.invalid/a-1-py3-none-any.whl"]
authors = [{name = "a", email = "b@c"}]

[project.optional-dependencies]
all = ["x[y]>=1"]

[tool.builder]
python = "3.12"
targets = ["web", "apk"]
exclude-newer = "2025-01-01T00:00:00Z"
client = "prebuilt"
runtime = "bytedeco"
sdist = ["a"]
mirrors = {pypi = "https://example.invalid/simple/"}

[tool.poetry]
name = "x"
[tool.poetry.dependencies]
python = "^3.12"
requests = {version = "^2", extras = ["socks"], markers = "x"}

[tool.flet]
org = "com.example"
product = "Counter"
build_number = 1
[tool.flet.app]
path = "src"
module = "main"
exclude = ["*.txt"]
[tool.flet.web]
base_url = "/app/"
[tool.flet.splash]
color = "#ffffff"
[tool.flet.android]
min_sdk_version = 24
[tool.flet.android.permission]
"android.permission.CAMERA" = true
[tool.flet.deep_linking]
scheme = "https"
host = "example.invalid"
[tool.flet.macos.entitlement]
"com.apple.security.app-sandbox" = false
"""


def test_projects(fuzz: Run, tmp_path: Path) -> None:
    """pyproject.toml and requirements.txt."""
    lock = lockfile.load(FIXTURE)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").touch()

    def read(data: bytes) -> None:
        (tmp_path / "pyproject.toml").write_bytes(data)
        found = project.load(tmp_path, {}, lambda line: None, {"HOME": "/nowhere"})
        found.inputs()
        for target in ("web", "apk", "linux-x86_64"):
            with contextlib.suppress(BuilderError):
                planning.plan_of(found, lock, target)

    fuzz(read, mutated(PYPROJECT))
    fuzz(read, mutated((FIXTURE / "pyproject.toml").read_text()))


def test_requirements(fuzz: Run, tmp_path: Path) -> None:
    """As pip reads them, with includes that lead round in circles or away."""
    text = "\n".join(
        (
            "flet==0.82.2 --hash=sha256:" + "0" * 64,
            "-r requirements.txt",
            "-c other.txt",
            "--index-url https://example.invalid/simple",
            "-e git+https://example.invalid/a.git#egg=a",
            "a[b,c] >= 1.0 ; python_version < '4' # words",
            "./local.whl",
            "b @ file:///etc/passwd",
            "--extra-index-url ${HOME}\\",
            "",
        )
    )

    def read(data: bytes) -> None:
        (tmp_path / "requirements.txt").write_bytes(data)
        (tmp_path / "main.py").touch()
        project.load(tmp_path, {}, lambda line: None, {})

    fuzz(read, mutated(text))


def test_expected_digests(fuzz: Run, tmp_path: Path) -> None:
    """builder.expected.toml."""

    def read(data: bytes) -> None:
        (tmp_path / "builder.expected.toml").write_bytes(data)
        expected(tmp_path)

    fuzz(read, mutated((FIXTURE / "builder.expected.toml").read_text()))


# --- answers of registries ------------------------------------------------------------------------------------------

PAGE = {
    "meta": {"api-version": "1.1"},
    "name": "demo",
    "files": [
        {
            "filename": "demo-1-py3-none-any.whl",
            "url": "../../files/demo-1-py3-none-any.whl",
            "hashes": {"sha256": "ab" * 32},
            "size": 5,
            "requires-python": ">=3.8",
            "upload-time": "2020-01-01T00:00:00Z",
            "yanked": False,
        }
    ],
}
HTML = f"""<!DOCTYPE html><html><head><base href="https://example.invalid/x/">
<meta name="pypi:repository-version" content="1.0">
<title>Links for demo</title></head><body><a href="../files/demo-1-py3-none-any.whl#sha256={"ab" * 32}"
data-requires-python="&gt;=3.8" data-yanked="" data-size="5">demo-1-py3-none-any.whl</a><!-- x --></body></html>"""


def test_pages_of_an_index(fuzz: Run) -> None:
    """JSON and HTML: they are read, or are no pages; no file name has a path in it."""

    def read(kind: str, data: bytes) -> None:
        files = simpleindex.parse(Answer("http://127.0.0.1/simple/demo/", kind, data)) or ()
        assert not [file.file for file in files if "/" in file.file or "\\" in file.file or file.file.startswith(".")]
        assert not [file for file in files if file.sha256 is not None and not re.fullmatch("[0-9a-f]{64}", file.sha256)]

    fuzz(lambda page: read("application/vnd.pypi.simple.v1+json", as_json(page)), changed(PAGE))
    fuzz(lambda data: read("application/vnd.pypi.simple.v1+json", data), mutated(json.dumps(PAGE)))
    fuzz(lambda data: read("text/html", data), mutated(HTML))


@pytest.fixture
def answers(server: Any, reply: Any) -> Iterator[tuple[Http, Callable[[bytes], None]]]:
    """A registry that answers everything with the same bytes."""

    class Same(dict[str, Any]):
        said = b""

        def get(self, path: str, default: object = None) -> Any:
            return reply(self.said, headers={"Content-Type": "application/vnd.pypi.simple.v1+json"})

    server.routes = Same()

    def say(data: bytes) -> None:
        server.routes.said = data
        server.asked.clear()
        pypi.project_files.cache_clear()

    yield Http(lambda alias: f"{server.url}x/", environ={}, sleep=lambda seconds: None), say


NPM = {
    "name": "demo",
    "version": "1.0.0",
    "dist": {
        "tarball": "https://example.invalid/demo/-/demo-1.0.0.tgz",
        "shasum": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    },
    "versions": {"1.0.0": {}},
}


def plain(pins: tuple[Pin, ...]) -> None:
    """No pin's path or file leaves its folder."""
    for pin in pins:
        assert ".." not in f"{pin.path}/{pin.file}".split("/"), pin
        assert "/" not in pin.file
        assert not pin.path.startswith("/")


def test_answers_of_npm(fuzz: Run, answers: Any) -> None:
    """A version's document; it may also be what comes for the tarball."""
    http, say = answers
    need = Need(source="npm", name="demo", version="1.0.0", path="", targets=("web",))

    def read(data: bytes) -> None:
        say(data)
        plain(npm.resolve((need,), http))

    fuzz(lambda document: read(as_json(document)), changed(NPM))
    fuzz(read, mutated(json.dumps(NPM)))


def test_answers_of_maven(fuzz: Run, answers: Any) -> None:
    """Checksums, and files."""
    http, say = answers
    need = Need(source="maven", name="org.demo:demo", version="1.0", path="", targets=("web",))

    def read(data: bytes) -> None:
        say(data)
        plain(maven.resolve((need,), http))

    fuzz(read, mutated("ab" * 32 + "  demo-1.0.jar\n"))


def test_answers_of_an_index(fuzz: Run, answers: Any) -> None:
    """From the page to the pin."""
    http, say = answers
    need = Need(source="pypi", name="demo", version="1", path="", targets=("web",))

    def read(page: Any) -> None:
        say(as_json(page))
        plain(pypi.resolve((need,), http))

    fuzz(read, changed(PAGE))


@pytest.fixture
def archive(server: Any) -> Archive:
    return Archive(server)


def test_an_index_of_debian(fuzz: Run, archive: Archive) -> None:
    """Packages, although it is signed; and what is said to be it."""

    def read(data: bytes) -> None:
        archive.publish(packages=b"Package: other\n\n" + data)
        plain(archive.pins("libdemo"))

    def unpack(packed: bytes) -> None:
        archive.publish(packed=packed)
        archive.pins("libdemo")

    fuzz(read, mutated(PACKAGES))
    fuzz(unpack, st.binary(max_size=60).map(lambda tail: lzma.compress(PACKAGES.encode())[:40] + tail))


def test_releases_of_debian(fuzz: Run, archive: Archive) -> None:
    """What is signed, and names no index or a strange one; what is not signed any more."""

    def read(row: bytes) -> None:
        archive.publish(row=row.decode(errors="replace"))
        archive.pins("libdemo")

    def edit(data: bytes) -> None:
        archive.release(data)
        archive.pins("libdemo")

    fuzz(read, mutated(f" {'ab' * 32} 5 {INDEX}"))
    fuzz(edit, mutated(bytes(archive.server.routes["/debian/dists/demo/InRelease"]).decode()))


def test_files_of_other_clients(fuzz: Run, tmp_path: Path) -> None:
    """pip.conf, .npmrc, settings.xml, sources.list."""
    files = {
        ".config/pip/pip.conf": "[global]\nindex-url = https://a:b@example.invalid/simple\n  x\n%(x)s = ${HOME}\n",
        ".npmrc": "registry=https://example.invalid/\n//a/:_authToken=${X}\n",
        ".m2/settings.xml": "<settings><mirrors><mirror><mirrorOf>*</mirrorOf><url>http://b/</url></mirror></mirrors></settings>",
        "apt/sources.list": "deb [signed-by=x] http://example.invalid/debian stable main\n",
        "apt/sources.list.d/a.sources": "Types: deb\nURIs: http://a.invalid/debian\nSuites: stable\nComponents: main\n",
    }
    for name, text in files.items():
        shutil.rmtree(tmp_path)
        (tmp_path / name).parent.mkdir(parents=True)

        def read(data: bytes, place: Path = tmp_path / name) -> None:
            place.write_bytes(data)
            environ = {"HOME": str(tmp_path)}
            for found in (
                clientconfig.pip_indexes(environ, tmp_path, tmp_path / "etc", tmp_path / "prefix"),
                clientconfig.npm_registries(environ, tmp_path, tmp_path / "etc"),
                clientconfig.maven_mirrors(environ, tmp_path),
                clientconfig.apt_archives(tmp_path),
            ):
                list(found)

        fuzz(read, mutated(text))
