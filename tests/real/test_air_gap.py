"""Over an air gap: what was fetched elsewhere builds every target, without network, and with HOME and store empty."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from builder.commands.deliver import expected

from .worlds import BUILDER, ROOT

pytestmark = pytest.mark.real

TARGETS = {"counter": ("apk", "web"), "counter-1.0": ("apk", "web"), "counter-desktop": ()}
ALONE = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")
TRACE = ("strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg")
FAR = re.compile(r"sa_family=AF_INET6?\b(?!.*(?:\"127\.|\"::1\"))")


ALL = {"web", "apk", "linux-x86_64", "linux-aarch64", "windows-x86_64", "macos-x86_64"}
QUICK = {("counter", "web"), ("counter-1.0", "apk"), ("counter-desktop", "linux-x86_64")}  # the rest: make reliability


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of each fixture, made where there is a network."""
    folder = tmp_path_factory.mktemp("bundles")
    for fixture in TARGETS:
        fetch(fixture, "--bundle", folder / f"{fixture}.bundle")
    return folder


def fetch(fixture: str, *argv: str | Path, **env: str) -> str:
    """What `builder fetch` prints for a fixture and those of its targets that can be had everywhere."""
    named = [word for target in TARGETS[fixture] for word in ("--target", target)]
    command = [BUILDER, "fetch", ROOT / "fixtures" / fixture, *named, *argv]
    return subprocess.run(command, env=os.environ | env, stdout=subprocess.PIPE, text=True, check=True).stdout


class Beyond:
    """The machine beyond the gap: a git checkout of the fixtures, an empty HOME, an empty store, only lo's name."""

    def __init__(self, root: Path) -> None:
        self.root, self.home, self.store = root, root / "home", root / "store"
        self.home.mkdir(parents=True)
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.home), "BUILDER_HOME": str(self.store)}
        for fixture in TARGETS:
            shutil.copytree(ROOT / "fixtures" / fixture, root / fixture, ignore=shutil.ignore_patterns("build"))
        (root / ".gitignore").write_text("*/build/\n/home\n/store\n/venv\n/wheels\n/trace*\n")
        mark = ("-c", "user.name=x", "-c", "user.email=x@example.com")
        for command in (("init", "-q"), ("add", "-A"), (*mark, "commit", "-qm", "Checkout")):
            subprocess.run(["git", *command], cwd=root, check=True)

    def run(self, *argv: str | Path, before: tuple[str, ...] = (), **env: str) -> subprocess.CompletedProcess[str]:
        """Run a program there."""
        command = [*ALONE, *before, *argv]
        return subprocess.run(command, cwd=self.root, env=self.env | env, capture_output=True, text=True, check=False)

    def must(self, *argv: str | Path, before: tuple[str, ...] = (), **env: str) -> str:
        """What a program prints that must end well."""
        done = self.run(*argv, before=before, **env)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def beyond(tmp_path: Path, tool: Callable[[str], str]) -> Beyond:
    for name in ("unshare", "git", "bwrap"):
        tool(name)
    return Beyond(tmp_path / "beyond")


def traced(trace: Path) -> list[str]:
    """The system calls that would have reached another machine."""
    return [line for line in trace.read_text(errors="replace").splitlines() if FAR.search(line)]


@pytest.mark.reliability
def test_every_target_builds_by_a_builder_from_the_bundle(
    beyond: Beyond, bundles: Path, tool: Callable[[str], str], thorough: bool
) -> None:
    """Installed into a fresh environment, it gives each committed digest; no process connects anywhere."""
    wanted = {(name, target): one for name in TARGETS for target, one in expected(ROOT / "fixtures" / name).items()}
    assert {target for _, target in wanted} >= ALL
    wanted = {built: digest for built, digest in wanted.items() if thorough or built in QUICK}
    tool("strace")
    trace = beyond.root / "trace"
    subprocess.run(["tar", "-xf", bundles / "counter.bundle", "wheels"], cwd=beyond.root, check=True)
    beyond.must(sys.executable, "-m", "venv", "venv")
    beyond.must("venv/bin/pip", "install", "--no-index", "--find-links", "wheels", "builder")
    builder, watched = beyond.root / "venv/bin/builder", (*TRACE, "-o", str(trace))
    built = {}
    for fixture in TARGETS:
        said = beyond.run(builder, "fetch", fixture, "--from", bundles / f"{fixture}.bundle", before=watched)
        assert said.returncode == 0, said.stderr
        assert traced(trace) == []
        for target in (target for name, target in wanted if name == fixture):
            done = beyond.must(builder, "build", target, fixture, "--frozen", "--offline", "--json", before=watched)
            built[fixture, target] = json.loads(done)["digest"]
            assert traced(trace) == []
    assert built == wanted


def test_the_trace_sees_a_connection(beyond: Beyond, tool: Callable[[str], str]) -> None:
    """Else it would prove nothing."""
    tool("strace")
    trace = beyond.root / "trace"
    connect = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect_ex(('192.0.2.1', 9))"
    beyond.must(sys.executable, "-c", connect, before=(*TRACE, "-o", str(trace)))
    assert len(traced(trace)) == 1
    beyond.must(sys.executable, "-c", connect.replace("192.0.2.1", "127.0.0.1"), before=(*TRACE, "-o", str(trace)))
    assert traced(trace) == []


@pytest.mark.reliability
def test_two_machines_write_the_same_bundle(bundles: Path, tmp_path: Path) -> None:
    """From another store, filled out of the first bundle, in another place, under another umask, zone and locale."""
    app = tmp_path / "ein Örtchen" / "counter"
    shutil.copytree(ROOT / "fixtures" / "counter", app, ignore=shutil.ignore_patterns("build"))
    env = os.environ | {"BUILDER_HOME": str(tmp_path / "store"), "TZ": "Pacific/Kiritimati", "LC_ALL": "C"}
    first, again = bundles / "counter.bundle", tmp_path / "again.bundle"
    subprocess.run([BUILDER, "fetch", app, "--from", first], env=env, check=True, umask=0o077)
    named = ("-t", "web", "-t", "apk")
    subprocess.run([BUILDER, "fetch", app, *named, "--bundle", again], env=env, check=True, umask=0o077)
    assert again.read_bytes() == first.read_bytes()


@pytest.mark.thorough
def test_the_pipeline_of_the_documentation_works(beyond: Beyond, bundles: Path) -> None:
    """Every line of the one for agents without a network."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs/how-to/ci.md").read_text(), re.MULTILINE | re.DOTALL)
    job = yaml.safe_load(blocks[-1])["web"]
    script = "\n".join(job["script"]).replace("/srv/bundles", str(beyond.root / "home"))
    lock = subprocess.run(
        ["sha256sum", beyond.root / "counter/builder.lock"], capture_output=True, text=True, check=True
    )
    shutil.copy(bundles / "counter.bundle", beyond.home / f"{lock.stdout[:64]}.bundle")
    place = str(beyond.root / "counter")
    python = str(Path(sys.executable).resolve().parent)
    variables = {name: value.replace("$CI_PROJECT_DIR", place) for name, value in job["variables"].items()}
    path = {"PATH": f"{python}:{beyond.env['PATH']}", "CI": "true"}
    done = beyond.run("sh", "-ec", f"cd {place}\n{script}", **variables, **path)
    assert done.returncode == 0, done.stderr
    assert "equal" in done.stdout


# --- mirrors ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with what two fixtures need, and the variables that lead there."""
    folder = tmp_path_factory.mktemp("mirror") / "public"
    said = fetch("counter", "--mirror", folder) + fetch("counter-desktop", "--mirror", folder)
    return folder, dict(line.split("=", 1) for line in said.splitlines())


@pytest.fixture
def served(mirror: tuple[Path, dict[str, str]]) -> Iterator[str]:
    """The mirror behind Python's own file server."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", mirror[0]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        port = re.search(r"port (\d+)", server.stdout.readline())
        assert port
        yield f"http://127.0.0.1:{port[1]}"
        server.terminate()


def test_builder_fetches_and_locks_from_the_folder(mirror: tuple[Path, dict[str, str]], beyond: Beyond) -> None:
    """From an empty store without network: all that is pinned, and a new lock that is the committed one."""
    _, variables = mirror
    app = beyond.root / "counter-desktop"
    assert "all as locked" in beyond.run(BUILDER, "fetch", app, **variables).stderr
    before = (app / "builder.lock").read_bytes()
    (app / "builder.lock").unlink()
    beyond.must(BUILDER, "lock", app, **variables)
    assert (app / "builder.lock").read_bytes() == before


def test_builder_fetches_from_a_server_of_that_folder(
    mirror: tuple[Path, dict[str, str]], served: str, tmp_path: Path
) -> None:
    """Any that serves static files."""
    folder, variables = mirror
    web = {name: value.replace(folder.as_uri(), served) for name, value in variables.items()}
    fetch("counter", **web, BUILDER_HOME=str(tmp_path / "store"))


def test_a_mirror_is_the_same_bytes_on_two_machines(mirror: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    """Whichever app came first; and one that is there already is left alone."""
    folder, _ = mirror
    other = tmp_path / "other"
    for fixture in ("counter-desktop", "counter", "counter"):
        fetch(fixture, "--mirror", other)

    def held(root: Path) -> dict[str, bytes]:
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    assert held(folder) == held(other)


def test_a_mirror_with_other_bytes_is_told(mirror: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    """Exit code 6, and the file stays as it is."""
    other = tmp_path / "other"
    shutil.copytree(mirror[0], other)
    wheel = other / "pypi/flet/flet-0.82.2-py3-none-any.whl"
    wheel.write_bytes(b"evil")
    command = [BUILDER, "fetch", ROOT / "fixtures/counter", "-t", "web", "--mirror", other]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 6
    assert str(wheel) in done.stderr
    assert wheel.read_bytes() == b"evil"


@pytest.mark.parametrize("way", ["folder", "server"])
def test_pip_and_uv_install_from_it(way: str, mirror: tuple[Path, dict[str, str]], served: str, tmp_path: Path) -> None:
    """By name, with all that builder depends on; the hashes of its pages are checked."""
    index = f"{mirror[0].as_uri() if way == 'folder' else served}/pypi/"
    bare = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_NO_CONFIG": "1",
    }
    pip = [sys.executable, "-m", "pip", "--isolated", "download", "--quiet", "--index-url", index]
    subprocess.run([*pip, "--dest", tmp_path / "pip", "builder"], env=bare, check=True)
    assert len(list((tmp_path / "pip").glob("*.whl"))) > 20
    uv = [Path(BUILDER).with_name("uv"), "pip", "install", "--quiet", "--python", sys.executable]
    subprocess.run([*uv, "--default-index", index, "--target", tmp_path / "uvs", "builder"], env=bare, check=True)
    assert (tmp_path / "uvs/builder/requirements.lock.txt").is_file()


# --- Nix --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["substituted", "copied"])
def test_plain_nix_builds_from_an_exported_cache(
    way: str, beyond: Beyond, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    """With an empty Nix store and no network, by either command of the documentation."""
    tool("nix")
    cache = tmp_path / "cache"
    nix = {"NIX_CONFIG": "experimental-features = nix-command flakes\nbuild-users-group =\nsandbox = true\n"}
    named = ("--nix-export", cache)
    assert fetch("counter", *named, **nix, NIX_REMOTE=str(tmp_path / "first")).split() == [str(cache)]
    app = beyond.root / "counter"
    beyond.must(BUILDER, "init", app, "--nix")
    subprocess.run(["git", "add", "-A"], cwd=app, check=True)
    nix["NIX_REMOTE"] = str(tmp_path / "second")
    options = ("--option", "substitute", "true", "--option", "substituters", cache.as_uri())
    if way == "copied":
        beyond.must("nix", "copy", "--all", "--from", cache.as_uri(), **nix)
        options = ()
    beyond.must("nix", "build", f"{app}#web", "--offline", "--out-link", str(tmp_path / "result"), *options, **nix)
    out = f"{nix['NIX_REMOTE']}{(tmp_path / 'result').readlink()}"
    assert beyond.must("nix-hash", "--type", "sha256", out, **nix).strip() == expected(app)["web"]
