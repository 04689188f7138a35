"""Passwords planted everywhere, every verb driven over them; they are found nowhere that builder wrote or printed."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs12

from . import containers, secrecy
from .certificates import certificate
from .secrecy import USER, WORD, Keeper, Registries, secret, url

pytestmark = [pytest.mark.real, pytest.mark.reliability]

# Who is given the user's whole environment: builder itself, and the programs that it runs for the user, outside of
# any sandbox, as he would run them: their settings and logins are in it. Nix and podman start others with it.
GIVEN = {"python", "python3", "python3.11", "python3.12", "python3.13", "builder", "uv", "git"}

Figures = Callable[..., None]


@pytest.fixture
def registries(server: Any, reply: Any, fetched: Path) -> Registries:
    """All registries at once, behind a password."""
    return Registries(server, reply, fetched)


@pytest.fixture
def keeper(tmp_path: Path, registries: Registries, figures: Figures) -> Keeper:
    """Somebody with passwords everywhere; that of the registries is in his netrc."""
    found = Keeper(tmp_path)
    figures("secrets planted", found.plant("127.0.0.1"))
    found.env |= registries.variables()
    return found


def by_netrc(keeper: Keeper, registries: Registries) -> None:
    """As it is."""


def by_variables(keeper: Keeper, registries: Registries) -> None:
    (keeper.home / ".netrc").unlink()
    keeper.env |= registries.variables(lambda base: url(base, "server"))


def by_settings(keeper: Keeper, registries: Registries) -> None:
    by_variables(keeper, registries)
    named = {name: keeper.env.pop(name) for name in registries.variables()}
    lines = [f'{name.removeprefix("BUILDER_MIRROR_").lower().replace("_", "-")} = "{at}"' for name, at in named.items()]
    with (keeper.app / "pyproject.toml").open("a") as file:
        file.write("\n".join(["", "[tool.builder.mirrors]", *lines, ""]))


def by_configurations(keeper: Keeper, registries: Registries) -> None:
    """Of pip, npm and Maven; Debian's is the machine's own."""
    by_variables(keeper, registries)
    named = {alias: keeper.env.pop(f"BUILDER_MIRROR_{alias}") for alias in ("PYPI", "NPM", "MAVEN")}
    (keeper.home / ".config/pip/pip.conf").write_text(f"[global]\nindex-url = {named['PYPI']}\n")
    (keeper.home / ".npmrc").write_text(f"registry={named['NPM']}\n")
    mirror = f"<mirror><id>own</id><mirrorOf>*</mirrorOf><url>{named['MAVEN']}</url></mirror>"
    (keeper.home / ".m2/settings.xml").write_text(f"<settings><mirrors>{mirror}</mirrors></settings>")


def by_index(keeper: Keeper, registries: Registries) -> None:
    """The index in requirements.txt, with its password."""
    by_variables(keeper, registries)
    project = keeper.app / "pyproject.toml"
    project.write_text(project.read_text().replace('dependencies = ["flet==0.82.2"]', 'dynamic = ["dependencies"]'))
    index = url(f"{registries.server.url}simple/", "server")
    (keeper.app / "requirements.txt").write_text(f"--extra-index-url {index}\nflet==0.82.2\n")


WAYS = {"netrc": by_netrc, "variables": by_variables, "settings": by_settings, "configurations": by_configurations}


def must(done: Any, *codes: int) -> Any:
    """A run with one of these exit codes, else 0, and no traceback."""
    assert done.returncode in (codes or (0,)), done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("way", [*WAYS, "index"])
def test_locking_and_fetching_leave_no_password(
    way: str, keeper: Keeper, registries: Registries, figures: Figures
) -> None:
    """The server gives nothing without it, so it was used; the lock, the plan, the store and the logs have none."""
    {**WAYS, "index": by_index}[way](keeper, registries)
    must(keeper.run("lock", "-vv"))
    must(keeper.run("fetch", "-t", "web", "-vv"))
    must(keeper.run("lock", "--check"))
    must(keeper.run("init", "--nix"))
    must(keeper.run("lock", "-v"))
    assert any(asked.headers.get("authorization") == registries.wanted for asked in registries.server.asked)
    assert keeper.leaks() == []
    assert keeper.given <= GIVEN
    figures("secrets found", 0)


def broken(keeper: Keeper, registries: Registries) -> None:
    """Wrong bytes."""
    for path in [path for path in registries.server.routes if path.endswith((".whl", ".jar", ".deb"))]:
        registries.add(path, b"other bytes")


def absent(keeper: Keeper, registries: Registries) -> None:
    for path in [path for path in registries.server.routes if path.endswith((".whl", ".jar", ".deb"))]:
        del registries.server.routes[path]


def refused(keeper: Keeper, registries: Registries) -> None:
    """A password that the server does not take."""
    registries.wanted = "Basic none"


def unreachable(keeper: Keeper, registries: Registries) -> None:
    keeper.env |= {name: url("https://nowhere.invalid/", "unreachable") for name in registries.variables()}


def unreadable(keeper: Keeper, registries: Registries) -> None:
    """A password that was not percent-encoded, so that the URL is none."""
    keeper.env |= {name: f"https://{USER}:{secret('raw')}@127.0.0.1:1/" for name in registries.variables()}


def proxied(keeper: Keeper, registries: Registries) -> None:
    """A proxy with a password, and nobody there."""
    keeper.env |= {"HTTP_PROXY": url("http://127.0.0.1:1", "proxy"), "NO_PROXY": ""}


def misproxied(keeper: Keeper, registries: Registries) -> None:
    """A proxy whose URL is none."""
    keeper.env |= {"HTTP_PROXY": f"http://{USER}:{secret('proxy')}@127.0.0.1:port", "NO_PROXY": ""}


def unparsed(keeper: Keeper, registries: Registries) -> None:
    """Configuration that no parser takes."""
    for name in registries.variables():
        del keeper.env[name]
    for name in (".netrc", ".config/pip/pip.conf", ".npmrc", ".m2/settings.xml"):
        (keeper.home / name).write_text(f"<{secret('broken')}\n[{secret('broken')}\n")


def misset(keeper: Keeper, registries: Registries) -> None:
    """A mirror in [tool.builder] that is no URL."""
    with (keeper.app / "pyproject.toml").open("a") as file:
        file.write(f'\n[tool.builder.mirrors]\npypi = "{USER}:{WORD}@host"\n')


def mistyped(keeper: Keeper, registries: Registries) -> None:
    """A requirement that is none, with a password in it."""
    project = keeper.app / "pyproject.toml"
    text = project.read_text()
    project.write_text(text.replace("flet==0.82.2", f"flet @ {url('https://nowhere.invalid/x y', 'requirement')} ;;"))


def direct(keeper: Keeper, registries: Registries) -> None:
    """A wheel at a URL with a password, which nobody answers."""
    project = keeper.app / "pyproject.toml"
    wheel = url(f"{registries.server.url}gone/demo-1.0-py3-none-any.whl", "direct")
    project.write_text(project.read_text().replace('"flet==0.82.2"', f'"flet==0.82.2", "demo @ {wheel}"'))


def repository(keeper: Keeper, registries: Registries) -> None:
    """A repository with a token, which builder does not lock."""
    project = keeper.app / "pyproject.toml"
    at = url("git+https://nowhere.invalid/demo.git", "token")
    project.write_text(project.read_text().replace('"flet==0.82.2"', f'"flet==0.82.2", "demo @ {at}"'))


FAILURES = {
    "wrong bytes": (broken, 6),
    "nothing there": (absent, 5),
    "password refused": (refused, 5),
    "host unknown": (unreachable, 5),
    "URL that is none": (unreadable, 5),
    "proxy that is not there": (proxied, 5),
    "proxy that is none": (misproxied, 5),
    "configuration that is none": (unparsed, 5),
    "setting that is none": (misset, 3),
    "requirement that is none": (mistyped, 3),
    "wheel that is gone": (direct, 0),
    "repository with a token": (repository, 0),
}


SLOW = {"host unknown", "proxy that is not there", "proxy that is none"}  # each is asked several times


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.thorough] if name in SLOW else []) for name in FAILURES]
)
def test_failures_tell_no_password(name: str, keeper: Keeper, registries: Registries, figures: Figures) -> None:
    """Of `lock` from nothing and of `fetch`: the error names host and setting, and not who asks."""
    spoil, code = FAILURES[name]
    by_variables(keeper, registries)
    spoil(keeper, registries)
    failed = keeper.run("fetch", "-t", "web", "-vv")
    must(failed, *({code} if code else {0, 3, 4, 5}))
    (keeper.app / "builder.lock").unlink()
    must(keeper.run("lock", "-vv"), 3, 4, 5, 6, *([0] if name in ("wrong bytes", "nothing there") else []))
    assert keeper.leaks() == []
    assert keeper.given <= GIVEN
    figures("secrets found", 0)


def test_a_redirect_takes_no_password_along(
    keeper: Keeper, registries: Registries, serve: Any, figures: Figures
) -> None:
    """Neither to another port, which is another origin, nor back in a query; the other server is asked all the same."""
    by_variables(keeper, registries)
    other = serve()
    moved = [path for path in registries.server.routes if path.startswith(("/files/", "/maven/", "/npm/", "/debian/"))]
    for path in moved:
        there = {"Location": f"{other.url}{path[1:]}"}
        registries.server.routes[path] = lambda asked, there=there: registries.reply(b"", 302, there)
    must(keeper.run("fetch", "-t", "web"), 5)
    assert len(other.asked) > 3
    assert [asked.headers for asked in other.asked if "authorization" in asked.headers] == []
    assert [asked.path for asked in other.asked if WORD in asked.path] == []
    assert keeper.leaks() == []
    figures("secrets found", 0)


BUG = """
import urllib3

def request(self, *args, **kwargs):
    raise RuntimeError("a bug")

urllib3.PoolManager.request = request
"""


def test_a_bug_shows_its_traceback_without_passwords(keeper: Keeper, registries: Registries, figures: Figures) -> None:
    """Source lines, not values."""
    by_variables(keeper, registries)
    (keeper.home / "sitecustomize.py").write_text(BUG)
    done = keeper.run("fetch", "-t", "web", "-vv", PYTHONPATH=str(keeper.home))
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "RuntimeError: a bug" in done.stderr
    assert keeper.leaks() == []
    figures("secrets found", 0)


@pytest.fixture
def places(tmp_path: Path, thorough: bool, tool: Callable[[str], str]) -> Any:
    """Backends, and what their programs are told; of `make test` bubblewrap alone."""
    tool("bwrap")
    if not thorough:
        yield {"bwrap": {}}
        return
    own = {"NIX_REMOTE": str(tmp_path / "nix"), "NIX_CONFIG": "build-users-group =\n" if os.geteuid() == 0 else ""}
    tool("nix-build"), tool("podman")
    with containers.storage() as storage:
        yield {"bwrap": {}, "nix": own, "oci": storage}


def test_builds_leave_no_password(
    keeper: Keeper, registries: Registries, places: dict[str, dict[str, str]], figures: Figures
) -> None:
    """Artifact, provenance, store, plan, logs and terminal, of builds that end well and of some that fail.

    The step's process has nothing in its environment but the plan's; what runs it may be given the user's.
    """
    by_variables(keeper, registries)
    must(keeper.run("fetch", "-t", "web"))
    for backend, env in places.items():
        main = keeper.app / "main.py"
        main.write_text(f"{main.read_text()}\n# for {backend}\n")
        given, keeper.given = keeper.given, set()
        must(keeper.run("build", "web", "-vv", "--json", "--backend", backend, **env))
        assert keeper.given <= GIVEN or backend != "bwrap"
        keeper.given |= given
        with main.open("a") as file:
            file.write("def (\n")
        project = keeper.app / "pyproject.toml"
        sound = project.read_text()
        project.write_text(sound.replace("[tool.flet]", "[tool.flet]\ncompile.app = true"))
        must(keeper.run("build", "web", "-vv", "--keep-failed", "--backend", backend, **env), 7)
        project.write_text(sound)
        main.write_text(main.read_text().replace("def (\n", ""))
    assert "step" in keeper.seen
    assert "step" not in keeper.given
    told = [("plan", "web"), ("tree",), ("doctor",), ("outdated",), ("audit", "web"), ("gc",), ("store", "verify")]
    for verb in [*told, ("export", "flatpak", "linux-x86_64", "-o", str(keeper.folder / "tmp" / "flatpak"))]:
        done = keeper.run(*verb)
        assert "Traceback" not in done.stderr
    assert (keeper.app / "build" / "web" / "index.html").is_file()
    assert keeper.leaks() == []
    figures("secrets found", 0)


@pytest.mark.parametrize("by", ["environment", "file", "nothing", "wrong"])
def test_signing_leaves_no_password(by: str, keeper: Keeper, unsigned_apk: Any, figures: Figures) -> None:
    """A key store that the password opens, or does not; also the key of a provenance. Neither key is copied."""
    name = "FLET_ANDROID_SIGNING_KEY_STORE_PASSWORD"
    key = ec.generate_private_key(ec.SECP256R1())
    locked = BestAvailableEncryption(secret(name).encode())
    store = pkcs12.serialize_key_and_certificates(b"upload", key, certificate(key), (), locked)
    (keeper.home / "keys.p12").write_bytes(store)
    (keeper.home / "password").write_text(secret(name if by == "file" else "other"))
    if by != "environment":
        for variable in (name, "FLET_ANDROID_SIGNING_KEY_PASSWORD"):
            del keeper.env[variable]
    apk = unsigned_apk()
    more = ("--password-file", str(keeper.home / "password")) if by in ("file", "wrong") else ()
    done = keeper.run("sign", str(apk), "-vv", "--key-store", str(keeper.home / "keys.p12"), *more)
    must(done, 0 if by in ("environment", "file") else 10)
    statement = keeper.folder / "tmp" / "x.provenance.json"
    statement.write_text(json.dumps({"_type": "https://in-toto.io/Statement/v1", "subject": []}))
    pem = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(secret("BUILDER_PROVENANCE_KEY_PASSWORD").encode())
    )
    (keeper.home / "key.pem").write_bytes(pem)
    keeper.run("sign", str(statement), "-vv", BUILDER_PROVENANCE_KEY=str(keeper.home / "key.pem"))
    assert keeper.leaks() == []
    signed = [path for path in apk.parent.glob("*.apk") if path != apk]
    assert len(signed) == (1 if by in ("environment", "file") else 0)
    assert [line for path in signed for line, data in secrecy.contents(path) if secrecy.leaks(data)] == []
    figures("secrets found", 0)


def test_a_search_finds_what_is_hidden(tmp_path: Path) -> None:
    """The search itself: percent-encoded, in base64 at any offset, in a zip in a tar, in a link, in a name."""
    import base64
    import gzip
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.gz", gzip.compress(secret("zip").encode()))
    (tmp_path / "link").symlink_to(f"/{WORD}")
    (tmp_path / f"{WORD}.txt").touch()
    for offset in range(3):
        text = base64.b64encode(f"{'x' * offset}:{secret('x')}".encode())
        (tmp_path / f"base64-{offset}").write_bytes(text)
    (tmp_path / "url").write_text(url("https://host/", "url"))
    (tmp_path / "nothing").write_text("canary")
    found = {re.sub(r" > .*", "", Path(name).name) for name in secrecy.found_in([tmp_path])}
    assert found == {"b.gz > gzip", "link", f"{WORD}.txt", "base64-0", "base64-1", "base64-2", "url"} - {
        "b.gz > gzip"
    } | {"a.zip"}
