"""Speed and memory of builder beside its peers: every ratio is of one run on one machine.

Usage: python tests/bench/bench.py [ROUNDS]; prints a table, asserts nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import apks
import desktops
import nixes
import ocis
import peers
from timing import measure, row

ROOT = Path(__file__).parents[2]
BUILDER = str(Path(sys.executable).with_name("builder"))
UV = str(Path(sys.executable).with_name("uv"))


def main() -> None:
    """Measure what the README quotes."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as name:
        bench(Path(name), rounds)


def bench(folder: Path, rounds: int) -> None:
    """All rows, with an app and a store of their own."""
    app = folder / "app"
    shutil.copytree(ROOT / "fixtures" / "counter", app, ignore=shutil.ignore_patterns("build"))
    store = folder / "store"
    env = {**os.environ, "BUILDER_HOME": str(store)}
    env.pop("CI", None)
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed builder has its byte code, as its peers have
    subprocess.run([BUILDER, "fetch", app, "-t", "web", "--verify"], env=env, check=True)
    build = [BUILDER, "build", "web", str(app), "--offline"]
    subprocess.run(build, env=env, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(build, env=env, check=True, stdout=subprocess.DEVNULL)

    flatpak = peers.flatpak_builder(folder / "flatpak")
    twin = folder / "twin"  # flet publish would pack the first one's build folder
    shutil.copytree(ROOT / "fixtures" / "counter", twin, ignore=shutil.ignore_patterns("build", "builder*"))
    publish = peers.flet_publish(folder / "flet", twin)
    other = measure(*flatpak, folder / "flatpak", rounds) if flatpak else None
    row("build web, nothing to do", measure(build, env, folder, rounds), other, "<= 2 x flatpak-builder, < 60 MB")

    main_py, count = app / "main.py", iter(range(10**6))

    def edit() -> None:
        main_py.write_text(f"{main_py.read_text()}# {next(count)}\n")

    other = measure(*publish, folder, rounds) if publish else None
    row("build web, one line changed", measure(build, env, folder, rounds, edit), other, "<= 1 x flet publish")

    def forget() -> None:
        shutil.rmtree(store / "outputs")
        shutil.rmtree(store / "apps")

    row("build web, cold outputs and toolchain", measure(build, env, folder, 3, forget), None, "<= 5 s, <= 200 MB")
    verify = [BUILDER, "verify", "web", str(app), "--offline"]
    row("verify web, all variations and backends", measure(verify, env, folder, 1), None, "<= 60 s")
    desktops.desktop(BUILDER, env, folder)
    apks.apk(BUILDER, app, env, folder, edit)
    ocis.oci(BUILDER, app, env, folder, edit)
    nixes.nix(BUILDER, sys.executable, app, env, folder)
    locks(folder, app, env, rounds)


def locks(folder: Path, app: Path, env: dict[str, str], rounds: int) -> None:
    """The rows of `builder lock`."""
    check = measure([BUILDER, "lock", "--check", str(app)], env, folder, rounds)
    row("lock --check", check, None, "<= 0.3 s")
    twin = folder / "uv"
    twin.mkdir()
    (twin / "pyproject.toml").write_text(
        '[project]\nname = "twin"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["flet==0.82.2"]\n'
    )
    quiet = {**env, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_CONFIG": "1"}
    lock, uv = [BUILDER, "lock", str(app)], [UV, "lock", "-q"]
    measure(lock, env, folder, 1)
    measure(uv, quiet, twin, 1)

    def resolve_anew() -> None:
        (twin / "uv.lock").unlink()  # else uv only looks whether it still fits

    other = measure(uv, quiet, twin, rounds, resolve_anew)
    row("lock, warm, all targets", measure(lock, env, folder, rounds), other, "<= 1.5 x uv lock")


if __name__ == "__main__":
    main()
