"""What the command line says when the network fails or a mirror lies: exit code, stdout and stderr."""

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from builder import lockfile, receive
from builder.lock import Inputs, Lock, Origin, Pin, Toolchain
from builder.network import http

JSON = "application/vnd.pypi.simple.v1+json"
PYPROJECT = '[project]\nname = "app"\nversion = "1"\ndependencies = ["flet"]\n[tool.builder]\ntargets = ["web"]\n'
BODY = b"the bytes of a wheel\n"
PAGE = b"<!DOCTYPE html><title>404</title>There is no such file\n"


def wheel(name: str) -> str:
    return f"{name}-1-py3-none-any.whl"


def body(name: str) -> bytes:
    return name.encode() + b": " + BODY


def pin(name: str, source: str = "pypi", size: int | None = -1) -> Pin:
    """A pin of a small wheel, with its size or without."""
    return Pin(
        name=name,
        version="1",
        source=source,
        file=wheel(name),
        size=len(body(name)) if size == -1 else size,
        sha256=sha256(body(name)).hexdigest(),
        hash="index",
        targets=("web",),
    )


class Mirror:
    """An app whose lock has a few small wheels, and an index on this machine that has them."""

    def __init__(self, world: Any, server: Any, reply: Any) -> None:
        self.world, self.server, self.reply = world, server, reply
        world.write("main.py", "").write("pyproject.toml", PYPROJECT)
        world.mirror("pypi", server.url + "simple/")

    def lock(self, *pins: Pin, **origins: str) -> "Mirror":
        """The app's lock."""
        inputs = Inputs(
            requires=("flet",), targets=("web",), declared=True, python="3.12", client="prebuilt", runtime="none"
        )
        sources = {alias: Origin(kind="url", base=base) for alias, base in origins.items()}
        toolchain = Toolchain(name="python-3.12", nar="0" * 64)
        lockfile.save(self.world.app, Lock(inputs=inputs, sources=sources, toolchain=toolchain, packages=pins))
        return self

    def has(self, name: str, answer: Any = None, listed: str = "") -> "Mirror":
        """List a wheel on the index; `answer` is what comes for its bytes, `listed` the sha256 that the page states."""
        hashes = {"sha256": listed or sha256(body(name)).hexdigest()}
        self.lists(name, [{"filename": wheel(name), "url": f"../../files/{wheel(name)}", "hashes": hashes}])
        self.server.routes[f"/files/{wheel(name)}"] = body(name) if answer is None else answer
        return self

    def lists(self, name: str, files: list[dict[str, Any]]) -> "Mirror":
        """The index's page of a project."""
        page = {"meta": {"api-version": "1.1"}, "name": name, "files": files}
        self.says(name, self.reply(json.dumps(page).encode(), headers={"Content-Type": JSON}))
        return self

    def says(self, name: str, answer: Any) -> "Mirror":
        """What the index answers for a project."""
        self.server.routes[f"/simple/{name}/"] = answer
        return self


@pytest.fixture
def mirror(world: Any, server: Any, reply: Any, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    """A mirror, and a builder that waits a moment only before it tries again, once."""
    monkeypatch.setattr(http, "WAITS", (0.01,))
    monkeypatch.setattr(receive, "WAITS", (0.01,))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    return Mirror(world, server, reply)


def page(mirror: Mirror) -> None:
    """A page with status 200 where a wheel should be."""
    mirror.has("a", mirror.reply(PAGE, headers={"Content-Type": "text/html"}))


def short(mirror: Mirror) -> None:
    mirror.has("a", body("a")[:10])


def long(mirror: Mirror) -> None:
    mirror.has("a", body("a") + b"and more")


def cut(mirror: Mirror) -> None:
    """The connection breaks in mid-file, each time."""
    mirror.has("a", mirror.reply(body("a"), cut=10))


def wrong(mirror: Mirror) -> None:
    mirror.has("a", body("b"))


def other_hash(mirror: Mirror) -> None:
    mirror.has("a", listed="ab" * 32)


def unlisted(mirror: Mirror) -> None:
    mirror.lists("a", [])


def gone(mirror: Mirror) -> None:
    """Listed, but not there."""
    mirror.has("a", mirror.reply(b"", 404))


def no_project(mirror: Mirror) -> None:
    mirror.says("a", mirror.reply(b"no such project", 404))


def login(mirror: Mirror) -> None:
    """A page that asks who one is, in the place of the index's."""
    mirror.says("a", mirror.reply(b"<html><title>Log in</title>", headers={"Content-Type": "text/html"}))


def forbidden(mirror: Mirror) -> None:
    mirror.has("a", mirror.reply(b"", 403))


def unauthorised_index(mirror: Mirror) -> None:
    mirror.says("a", mirror.reply(b"", 401))


def failing(mirror: Mirror) -> None:
    mirror.has("a", mirror.reply(b"", 503))


def busy(mirror: Mirror) -> None:
    """A server that asks for more patience than there is."""
    mirror.has("a", mirror.reply(b"", 429, {"Retry-After": "3600"}))


def circle(mirror: Mirror) -> None:
    mirror.has("a", mirror.reply(b"", 302, {"Location": f"/files/{wheel('a')}"}))


def unknown_size(mirror: Mirror) -> None:
    """The lock has no size, so only the hash can tell."""
    mirror.lock(pin("a", size=None)).has("a", body("a")[:10])


def several(mirror: Mirror) -> None:
    """Every kind at once: each is reported, the wrong bytes first."""
    mirror.lock(*(pin(name) for name in ("good", "gone", "page", "short", "unlisted", "wrong")))
    mirror.has("good").has("gone", mirror.reply(b"", 404)).has("short", b"short").has("wrong", body("other"))
    mirror.has("page", mirror.reply(PAGE, headers={"Content-Type": "text/html"})).lists("unlisted", [])


def vanished(mirror: Mirror) -> None:
    """A file of Debian's pool that neither place has any more."""
    mirror.lock(pin("a", source="debian"))
    mirror.world.mirror("debian", mirror.server.url + "debian/")
    mirror.world.mirror("debian_snapshot", mirror.server.url + "snapshot/")


def no_second_place(mirror: Mirror) -> None:
    vanished(mirror)
    mirror.world.monkeypatch.delenv("BUILDER_MIRROR_DEBIAN_SNAPSHOT")


def own_source(mirror: Mirror) -> None:
    """A source that only the lock knows."""
    mirror.lock(pin("a", source="releases"), releases=mirror.server.url + "releases/")


def no_url(mirror: Mirror) -> None:
    mirror.world.monkeypatch.setenv("BUILDER_MIRROR_PYPI", "user:password@host")


def secrets(mirror: Mirror) -> None:
    """The password of a mirror is in no message."""
    mirror.has("a", body("b"))
    mirror.world.monkeypatch.setenv("BUILDER_MIRROR_PYPI", mirror.server.url.replace("//", "//me:canary@") + "simple/")


def dead_proxy(mirror: Mirror) -> None:
    mirror.has("a")
    mirror.world.monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")


CASES: dict[str, Callable[[Mirror], None]] = {
    "page instead of a wheel": page,
    "short file": short,
    "long file": long,
    "cut file": cut,
    "wrong bytes": wrong,
    "another hash on the index": other_hash,
    "file no longer listed": unlisted,
    "file gone": gone,
    "project gone": no_project,
    "log-in page instead of the index": login,
    "file forbidden": forbidden,
    "index wants a password": unauthorised_index,
    "server fails": failing,
    "server is busy": busy,
    "redirects in a circle": circle,
    "short file of unknown size": unknown_size,
    "several at once": several,
    "gone from both of Debian's places": vanished,
    "gone, and no second place known": no_second_place,
    "gone from a source of the lock": own_source,
    "mirror that is no URL": no_url,
    "mirror with a password": secrets,
    "proxy that is not there": dead_proxy,
}


@pytest.mark.reliability
@pytest.mark.parametrize("case", CASES)
def test_a_fetch_that_fails_says(case: str, mirror: Mirror, snapshot: Any, figures: Any) -> None:
    """The fact, the mend, exit code 5 or 6; nothing wrong gets into the store's files."""
    figures("hostile inputs tried")
    mirror.lock(pin("a"))
    CASES[case](mirror)
    said = mirror.world.run("fetch")
    assert said == snapshot
    assert "canary" not in said
    kept = {path.name for path in (mirror.world.store / "files").glob("*")}
    assert kept <= {sha256(body("good")).hexdigest()}
    figures("hostile inputs refused")


def test_a_redirect_away_from_tls_is_refused(
    mirror: Mirror, serve: Any, certificate: tuple[Path, ssl.SSLContext], snapshot: Any
) -> None:
    """A mirror on https may not hand over to http, be it with the right bytes."""
    pem, context = certificate
    secure = serve(context)
    secure.routes = mirror.lock(pin("a")).has("a").server.routes
    secure.routes[f"/files/{wheel('a')}"] = mirror.reply(b"", 302, {"Location": f"{mirror.server.url}a.whl"})
    mirror.server.routes["/a.whl"] = body("a")
    mirror.world.places[secure.url] = "https-server:/"
    mirror.world.mirror("pypi", secure.url + "simple/").monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    assert mirror.world.run("fetch") == snapshot


def test_an_unknown_authority_is_refused(
    mirror: Mirror, serve: Any, certificate: tuple[Path, ssl.SSLContext], snapshot: Any
) -> None:
    """The error says how to name the authority of a company's network."""
    secure = serve(certificate[1])
    mirror.lock(pin("a")).world.mirror("pypi", secure.url + "simple/")
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
        mirror.world.monkeypatch.delenv(name, raising=False)
    assert mirror.world.run("fetch") == snapshot


@pytest.mark.parametrize(("verb", "path"), [("fetch", f"/files/{wheel('a')}"), ("lock", "/simple/flet/")])
def test_ctrl_c_says_what_is_kept(verb: str, path: str, mirror: Mirror, snapshot: Any) -> None:
    """Exit code 130, no traceback, and no word of what the verb does not do; the lock stays as it was."""
    mirror.lock(pin("a")).has("a")
    asked, over = threading.Event(), threading.Event()

    def slow(_: Any) -> Any:
        asked.set()
        over.wait(20)
        return mirror.reply(b"")

    mirror.server.routes[path] = slow
    before = (mirror.world.app / "builder.lock").read_bytes()
    argv = [sys.executable, "-m", "builder.entry", verb]
    process = subprocess.Popen(argv, cwd=mirror.world.app, stdout=-1, stderr=-1, text=True, env=dict(os.environ))
    assert asked.wait(20)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    over.set()
    assert mirror.world.shown(f"exit code {process.returncode}\n----- stdout\n{out}----- stderr\n{err}") == snapshot
    assert (mirror.world.app / "builder.lock").read_bytes() == before


def test_many_wrong_files_have_one_mend(mirror: Mirror) -> None:
    """What helps against a mirror that lies is said once, however many files are wrong."""
    names = [f"p{number}" for number in range(12)]
    mirror.lock(*map(pin, names))
    for name in names:
        mirror.has(name, body("other"))
    said = mirror.world.run("fetch")
    assert all(f"`{wheel(name)}`" in said for name in names)
    assert said.partition("\nhint: ")[2].count("BUILDER_MIRROR_PYPI") == 1
