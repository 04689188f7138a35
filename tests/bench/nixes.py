"""The rows of Nix: what it costs beside bubblewrap, what a build with nothing to do costs, and putting pins into it."""

import shutil
import subprocess
from pathlib import Path

from timing import Timing, forget_outputs, measure, row

FLAKES = ["nix", "--extra-experimental-features", "nix-command flakes"]
HASH_AND_COPY = """
import hashlib, shutil, sys
from pathlib import Path
for number, source in enumerate(sys.argv[2:]):
    for file in [p for p in [Path(source), *Path(source).rglob("*")] if p.is_file() and not p.is_symlink()]:
        hashlib.file_digest(file.open("rb"), "sha256")
        shutil.copyfile(file, Path(sys.argv[1], f"{number}-{hashlib.sha256(str(file).encode()).hexdigest()}"))
"""


def nix(builder: str, python: str, app: Path, env: dict[str, str], folder: Path) -> None:
    """All rows, with a Nix store of their own; none where there is no Nix."""
    if not shutil.which("nix-build"):
        return
    place = folder / "nix-store"
    env = {**env, "NIX_REMOTE": str(place), "NIX_CONFIG": "build-users-group =\nsandbox = true\nsubstitute = false\n"}
    steps(builder, app, env, folder)
    imports(builder, python, app, env, folder)
    nothing_to_do(builder, app, env, folder)


def steps(builder: str, app: Path, env: dict[str, str], folder: Path) -> None:
    """Cold outputs in both, with the toolchain there; the difference is of five steps."""
    store = Path(env["BUILDER_HOME"])

    def forget() -> None:
        forget_outputs(store)

    def forget_in_nix() -> None:
        forget()
        found = subprocess.run(
            [*FLAKES, "path-info", "--all"], env=env, check=True, capture_output=True, text=True
        ).stdout.split()
        made = [path for path in found if path.rpartition("-")[2] in ("stdlib", "client", "packages", "layer", "app")]
        for path in made:  # the app's tree is called as its step is, and can't be deleted: a derivation names it
            subprocess.run(["nix-store", "--delete", path], env=env, check=False, capture_output=True)

    found: dict[str, Timing] = {}
    for backend, before in (("bwrap", forget), ("nix", forget_in_nix)):
        build = [builder, "build", "web", str(app), "--offline", "--backend", backend]
        if backend == "nix":
            forget()
            subprocess.run(build, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found[backend] = measure(build, env, folder, 5, before)
    row("build web --backend nix, cold", found["nix"], found["bwrap"], "beside bwrap")
    added = (found["nix"].seconds - found["bwrap"].seconds) / 5
    print(f"{'Nix adds to a step':34} {added * 1000:7.0f} ms            |       -  | <= 60 ms", flush=True)


def imports(builder: str, python: str, app: Path, env: dict[str, str], folder: Path) -> None:
    """Pins and toolchain into an empty Nix store, beside hashing and copying the same bytes."""
    place, copies, store = folder / "empty", folder / "copies", Path(env["BUILDER_HOME"])

    def empty() -> None:
        subprocess.run(["chmod", "-R", "u+w", str(place)], check=False, capture_output=True)
        shutil.rmtree(place, ignore_errors=True)

    def no_copies() -> None:
        shutil.rmtree(copies, ignore_errors=True)
        copies.mkdir()

    fetch = [builder, "fetch", str(app), "-t", "web", "--nix"]
    mine = measure(fetch, {**env, "NIX_REMOTE": str(place)}, folder, 5, empty)
    plain = measure(fetch[:-1], env, folder, 5)
    roots = [path for path in (store / "outputs").iterdir() if (path / "usr").is_dir()]
    files = [str(path) for path in (*sorted((store / "files").iterdir()), *roots)]
    other = measure([python, "-c", HASH_AND_COPY, str(copies), *files], env, folder, 5, no_copies)
    row("fetch --nix, less fetch", Timing(mine.seconds - plain.seconds, mine.megabytes), other, "<= 2 x hash and copy")


def nothing_to_do(builder: str, app: Path, env: dict[str, str], folder: Path) -> None:
    """Plain `nix build .#web` of a flake whose output is there."""
    flake = folder / "flake"
    shutil.copytree(app, flake, ignore=shutil.ignore_patterns("build"))
    subprocess.run([builder, "init", "--nix", str(flake)], env=env, check=True, capture_output=True)
    for git in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *git], cwd=flake, check=True)
    build = [*FLAKES, "build", f"{flake}#web", "--offline", "--no-link"]
    subprocess.run(build, env=env, check=True, stdout=subprocess.DEVNULL)
    row("nix build .#web, nothing to do", measure(build, env, folder, 9), None, "<= 60 ms")
