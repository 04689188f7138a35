"""The Nix backend and the flake: the same bytes as in bubblewrap, each in stores of its own, and its refusals."""

import json
import os
import pty
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import lockfile, tree

from .worlds import BUILD, BUILDER, FIXTURES, ROOT, World, as_nobody, committed

pytestmark = pytest.mark.real

NIX = (*BUILD, "--offline", "--backend", "nix")
FLAKES = ("nix", "--extra-experimental-features", "nix-command flakes")
GUARDS = ("--option", "sandbox", "true", "--option", "sandbox-fallback", "false", "--option", "substitute", "false")
PLAIN = "(import ./builder.plan/nix/plan.nix).targets ./."
MEND = "builder fetch --nix"


# In a new user namespace: no process of it may make a namespace of any kind.
FORBID = """
for kind in user mnt pid net uts ipc cgroup; do echo 0 > /proc/sys/user/max_${kind}_namespaces; done
exec "$@"
"""


@pytest.fixture
def nix(world: World, tmp_path: Path, tool: Callable[[str], str]) -> World:
    """A world with an empty Nix store of its own."""
    tool("nix-build")
    return with_store(world, tmp_path)


def with_store(world: World, folder: Path) -> World:
    world.env["NIX_REMOTE"] = str(folder / "nix-store")
    if os.geteuid() == 0:
        world.env["NIX_CONFIG"] = "build-users-group =\n"  # for what calls Nix without builder
    return world


def flake(world: World) -> None:
    """Make the app a flake under git, as `init --nix` and `lock` do; the plan stays the committed one."""
    done = world.run("init", "--nix")
    assert done.returncode == 0, done.stderr
    for command in (("init", "-q"), ("add", "-A")):
        subprocess.run(["git", *command], cwd=world.app, check=True)


def plain(world: World, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run Nix itself in the app's folder, without network."""
    command = ["unshare", "--map-root-user", "--net", *argv] if os.geteuid() else ["unshare", "--net", *argv]
    return subprocess.run(command, cwd=world.app, env=world.env, capture_output=True, text=True, check=False)


def nar(world: World, path: str) -> str:
    """The NAR sha256 of a path of the world's Nix store, as Nix sees it."""
    query = ["nix-store", "--query", "--hash", path]
    done = subprocess.run(query, env=world.env, capture_output=True, text=True, check=True)
    convert = [*FLAKES, "hash", "to-base16", done.stdout.strip()]
    return subprocess.run(convert, env=world.env, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("fixture", FIXTURES)
@pytest.mark.parametrize("how", [("--frozen",), ()], ids=["committed plan", "plan in memory"])
def test_nix_gives_the_bytes_of_bubblewrap(
    fixture: str, how: tuple[str, ...], tmp_path: Path, fetched: Path, tool: Callable[[str], str]
) -> None:
    """Builder's own store and that of Nix are both fresh, and the path has a space and letters beyond ASCII."""
    tool("nix-build")
    world = with_store(World(tmp_path / "ein Örtchen", fetched, fixture), tmp_path)
    done = world.run(*NIX, *how)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["digest"] == committed(fixture)
    assert json.loads(done.stdout)["backend"] == "nix"
    again = world.run(*NIX, *how)
    assert json.loads(again.stdout)["digest"] == committed(fixture)
    assert "build " not in again.stderr


def test_an_ordinary_user_has_a_nix_store_of_his_own(
    open_folder: Path, fetched: Path, tool: Callable[[str], str]
) -> None:
    """Where the machine's is not his to write and no daemon runs, builder names the place that newer Nix takes too."""
    tool("nix-build")
    if Path("/nix/var/nix/daemon-socket/socket").exists():
        pytest.skip("the daemon serves every user here")
    world = World(open_folder, fetched)
    done = as_nobody(world, tool, *NIX)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["digest"] == committed("counter")
    assert (open_folder / "home/.local/share/nix/root/nix/store").is_dir()


def test_two_builds_share_one_nix_store(nix: World, tmp_path: Path) -> None:
    """At once, with a cold store each but the same Nix store: both succeed."""
    second = tmp_path / "second"
    shutil.copytree(nix.store, second)
    running = [
        subprocess.Popen(
            [BUILDER, *NIX, "-o", str(tmp_path / f"out-{store.name}")],
            cwd=nix.app,
            env=nix.env | {"BUILDER_HOME": str(store)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for store in (nix.store, second)
    ]
    said = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert all(committed("counter") in out for out, _ in said)


def test_plain_nix_builds_what_builder_fetched(nix: World) -> None:
    """`fetch --nix`, then Nix alone without network: no pin, no toolchain is missing, and a rebuild is the same."""
    flake(nix)
    done = nix.run("fetch", "-t", "web", "--nix")
    assert done.returncode == 0, done.stderr
    build = plain(nix, "nix-build", "--expr", PLAIN, "-A", "web", "--no-out-link", *GUARDS)
    assert build.returncode == 0, build.stderr
    assert nar(nix, build.stdout.strip()) == committed("counter")
    checked = plain(nix, "nix-build", "--expr", PLAIN, "-A", "web", "--no-out-link", "--check", *GUARDS)
    assert checked.returncode == 0, checked.stderr
    by_flake = plain(nix, *FLAKES, "build", ".#web", "--no-link", "--json", "--offline", *GUARDS)
    assert by_flake.returncode == 0, by_flake.stderr
    assert json.loads(by_flake.stdout)[0]["outputs"]["out"] == build.stdout.strip()
    shared = nix.run(*NIX, "-v")
    assert shared.returncode == 0, shared.stderr
    assert committed("counter") in shared.stdout


def test_a_missing_pin_says_how_to_get_it(nix: World) -> None:
    """Without origins and without what `builder fetch --nix` gives."""
    flake(nix)
    build = plain(nix, *FLAKES, "build", ".#web", "--no-link", "--offline", *GUARDS)
    assert build.returncode == 1
    assert MEND in build.stderr


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


WRONG = {
    "an untracked lock": (lambda app: git(app, "rm", "-q", "--cached", "builder.lock"), ["builder.lock", "git add"]),
    "an untracked plan": (lambda app: git(app, "rm", "-qr", "--cached", "builder.plan/toolchain.json"), ["git add"]),
    "a lock without a pin": (
        lambda app: edit(app / "builder.lock", "475c44e12f2a5de7", "575c44e12f2a5de7"),
        ["msgpack-1.2.4.tar.gz", "builder lock"],
    ),
    "another toolchain": (
        lambda app: edit(app / "builder.lock", 'nar = "4700', 'nar = "4701'),
        ["another toolchain", "builder lock"],
    ),
    "a script of another release": (
        lambda app: edit(app / "builder.plan/inside/web_app.py", '"""', '"""Other. '),
        ["web_app.py", "builder lock"],
    ),
    "a project that changed": (
        lambda app: edit(app / "pyproject.toml", 'product = "', 'product = "New '),
        ["pyproject.toml changed", "builder lock"],
    ),
}


def git(app: Path, *argv: str) -> None:
    subprocess.run(["git", *argv], cwd=app, check=True)


@pytest.mark.parametrize("name", WRONG)
def test_plain_nix_refuses_what_is_not_committed_or_stale(name: str, nix: World, tmp_path: Path) -> None:
    """The error names what is wrong and the mend, before anything is built."""
    flake(nix)
    inputs = json.dumps({"pyproject.toml": recorded(nix)})
    (nix.app / "builder.plan/inputs.json").write_text(inputs)
    git(nix.app, "add", "-A")
    damage, said = WRONG[name]
    damage(nix.app)
    build = plain(nix, *FLAKES, "build", ".#web", "--no-link", "--offline", *GUARDS)
    assert build.returncode == 1
    assert [text for text in said if text not in build.stderr] == [], build.stderr


def recorded(world: World) -> dict[str, str]:
    """What `builder lock` writes of a pyproject.toml for plain Nix."""
    from builder.committed import digests

    return digests(world.app / "pyproject.toml")


def test_a_comment_makes_no_plan_stale(nix: World) -> None:
    """Only the tables that builder reads count once the bytes differ."""
    flake(nix)
    (nix.app / "builder.plan/inputs.json").write_text(json.dumps({"pyproject.toml": recorded(nix)}))
    text = (nix.app / "pyproject.toml").read_text()
    (nix.app / "pyproject.toml").write_text(f"# a remark\n{text}\n[tool.other]\nkey = 1\n")
    build = plain(nix, "nix-instantiate", "--eval", "--expr", f"({PLAIN}).web.name", *GUARDS)
    assert build.returncode == 0, build.stderr


def test_a_failed_step_is_told_alike(nix: World) -> None:
    """The same message and exit code from both backends, and the folder of the step is kept where that is wished."""
    with (nix.app / "main.py").open("a") as file:
        file.write("def (\n")
    edit(nix.app / "pyproject.toml", "[tool.flet]", "[tool.flet]\ncompile.app = true")
    said = {}
    for backend in ("bwrap", "nix"):
        done = nix.run(*BUILD, "--offline", "--backend", backend, "--keep-failed")
        assert done.returncode == 7, done.stderr
        said[backend] = done.stderr[done.stderr.index("error: step") :]
        assert f"kept in `{nix.store}" in done.stderr or "keeping build directory" in done.stderr
    assert said["nix"] == said["bwrap"]
    assert "main.py" in said["nix"]
    kept = next((nix.store / "failed").iterdir())
    assert (kept / "in" / "app" / "main.py").is_file()


def test_no_backend_works_without_namespaces(nix: World, tool: Callable[[str], str]) -> None:
    """In a jail that forbids namespaces every backend says so with exit code 9; none goes on without a sandbox."""
    jail = (tool("unshare"), "--user", "--map-root-user", "sh", "-c", FORBID, "sh")
    for backend in ("bwrap", "nix", "oci", "auto"):
        done = nix.run(*BUILD, "--offline", "--backend", backend, before=jail)
        assert done.returncode == 9, done.stderr
        assert "namespace" in done.stderr or backend == "oci"  # podman stumbles over something else before
        assert not (nix.app / "build").exists()
    doctor = nix.run("doctor", before=jail)
    assert doctor.returncode == 9
    assert "FAILS  backend bwrap" in doctor.stdout
    assert "FAILS  backend nix" in doctor.stdout
    assert "FAILS  backend oci" in doctor.stdout


def test_auto_takes_nix_where_bubblewrap_is_missing(nix: World, tmp_path: Path, tool: Callable[[str], str]) -> None:
    """A PATH with Nix and without bwrap."""
    (tmp_path / "bin").mkdir()
    for name in ("nix", "nix-build", "nix-instantiate"):
        (tmp_path / "bin" / name).symlink_to(tool(name))
    done = nix.run(*BUILD, "--offline", PATH=str(tmp_path / "bin"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["backend"] == "nix"
    assert json.loads(done.stdout)["digest"] == committed("counter")


def test_without_nix_the_mend_is_named(nix: World, tmp_path: Path) -> None:
    """No Nix on the PATH: exit code 9, from `build` and from `fetch --nix`."""
    (tmp_path / "bin").mkdir()
    for argv in (NIX, ("fetch", "-t", "web", "--nix")):
        done = nix.run(*argv, PATH=str(tmp_path / "bin"))
        assert done.returncode == 9, done.stderr
        assert "apt-get install nix-bin" in done.stderr


def test_a_read_only_nix_store_is_told(nix: World, tool: Callable[[str], str]) -> None:
    """Exit code 9 with what Nix says."""
    assert nix.run(*NIX).returncode == 0
    shutil.rmtree(nix.store / "outputs")
    shutil.rmtree(nix.app / "build")
    place = nix.env["NIX_REMOTE"]
    read_only = f'mount --bind "{place}" "{place}" && mount -o remount,bind,ro "{place}" && exec "$@"'
    with (nix.app / "main.py").open("a") as file:
        file.write("# a change, so that something must be built\n")
    done = nix.run(*NIX, before=(tool("unshare"), "--map-root-user", "--mount", "sh", "-c", read_only, "sh"))
    assert done.returncode == 9, done.stderr
    assert "writable" in done.stderr
    assert "NIX_REMOTE" in done.stderr


def test_a_toolchain_of_another_hash_is_a_mismatch(nix: World) -> None:
    """Lock and plan name a NAR sha256 that the pins do not give: exit code 6 with both hashes."""
    nar = lockfile.load(nix.app).toolchain.nar
    other = f"{nar[:-4]}{'0000' if nar[-4:] != '0000' else '1111'}"
    for path in ("builder.lock", "builder.plan/web.json", "builder.plan/toolchain.json"):
        edit(nix.app / path, nar, other)
    done = nix.run(*NIX, "--frozen")
    assert done.returncode == 6, done.stderr
    assert nar in done.stderr
    assert other in done.stderr


@pytest.mark.parametrize(("name", "link"), [("app", False), ("images", False), ("images", True)])
def test_the_flake_takes_the_files_that_builder_takes(name: str, link: bool, nix: World) -> None:
    """Of each tree; what lies beside the app's own files is in none."""
    flake(nix)
    for file in (
        "build/x",
        "src/deep/file.py",
        "__pycache__/x.pyc",
        "env/pyvenv.cfg",
        "result-of-a-game.txt",
        "src/assets/icon.svg",
    ):
        (nix.app / file).parent.mkdir(parents=True, exist_ok=True)
        (nix.app / file).touch()
    (nix.app / "empty").mkdir()
    (nix.app / "result-web").symlink_to("/nix/store")
    if link:
        (nix.app / "assets" / "splash.png").symlink_to("logo.png")
    files = tree.app_files(nix.app, None).files
    assert {"src/deep/file.py", "result-of-a-game.txt"} < set(files)
    wanted = sorted(files if name == "app" else tree.images(files))
    assert (wanted == ["src/assets/icon.svg"]) == (name == "images" and not link)
    listing = plain(
        nix, "nix-instantiate", "--eval", "--read-write-mode", "--json",
        "--expr", f"((import ./builder.plan/nix/plan.nix).trees ./.).{name}",
    )  # fmt: skip
    assert listing.returncode == 0, listing.stderr
    place = Path(nix.env["NIX_REMOTE"] + json.loads(listing.stdout))
    found = sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if not path.is_dir())
    assert found == wanted


@pytest.mark.parametrize("backend", ["bwrap", "nix"])
def test_a_shell_shows_the_step(backend: str, nix: World) -> None:
    """On a terminal: the inputs are in place, the environment is the step's, and the shell's exit code is given."""
    ours, theirs = pty.openpty()
    command = [BUILDER, "shell", "web/app", "--offline", "--backend", backend]
    process = subprocess.Popen(command, cwd=nix.app, env=nix.env, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, b"ls in; echo $TZ:$HOME; [ -t 0 ] && echo on a terminal; exit 5\n")
    said = b""
    while chunk := read(ours):
        said += chunk
    assert process.wait() == 5, said
    words = said.decode().split()
    assert {"app", "inside", "stdlib", "layer", "UTC:/nowhere"} <= set(words), said
    assert "on a terminal\r\n" in said.decode()


def read(terminal: int) -> bytes:
    """What comes from a terminal, nothing once its other end is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_the_flake_of_this_repository(nix: World, tmp_path: Path) -> None:
    """`nix build .#web` is the counter fixture, and every system offers the same derivation."""
    assert nix.run("fetch", "-t", "web", "--nix").returncode == 0
    repository = tmp_path / "repository"
    repository.mkdir()
    for name in ("flake.nix", "nix", "fixtures"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, repository / name)
    git(repository, "init", "-q")
    git(repository, "add", "-A")
    nix.app = repository
    build = plain(nix, *FLAKES, "build", ".#web", "--no-link", "--json", "--offline", *GUARDS)
    assert build.returncode == 0, build.stderr
    assert nar(nix, json.loads(build.stdout)[0]["outputs"]["out"]) == committed("counter")
    drvs = set()
    for system in ("x86_64-linux", "aarch64-linux", "aarch64-darwin"):
        found = plain(nix, *FLAKES, "eval", "--raw", f".#packages.{system}.web.drvPath", "--offline")
        assert found.returncode == 0, found.stderr
        drvs.add(found.stdout)
    assert len(drvs) == 1
