"""The rows of desktop apps: one line changed, all of them cold, the archive's size, and how soon a window is there."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "real"))  # at the end: both folders have modules of the same names
import peers
from desktop import missing, screen
from timing import Timing, forget_outputs, measure, row

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "fixtures" / "counter-desktop"
TITLE = "^Counter$"


def desktop(builder: str, env: dict[str, str], folder: Path) -> None:
    """All rows, with an app of their own; the store has the toolchain."""
    app = folder / "desktop"
    shutil.copytree(FIXTURE, app, ignore=shutil.ignore_patterns("build"))
    targets = sorted(path.stem for path in (app / "builder.plan").glob("*-*.json"))
    subprocess.run([builder, "fetch", str(app)], env=env, check=True)
    for target in targets:
        one_line(builder, app, target, env, folder)
    cold(builder, app, targets, env, folder)
    size = next((app / "build" / "linux-x86_64").glob("*.tar.gz")).stat().st_size
    print(f"{'counter of linux-x86_64, .tar.gz':34} {size / 1e6:7.2f} MB            |       -  | <= 40 MB", flush=True)
    window(builder, app, env, folder)


def one_line(builder: str, app: Path, target: str, env: dict[str, str], folder: Path) -> None:
    """A change of the app's code, in one target."""
    main_py, count = app / "main.py", iter(range(10**6))

    def edit() -> None:
        main_py.write_text(f"{main_py.read_text()}# {next(count)}\n")

    build = [builder, "build", target, str(app), "--offline"]
    measure(build, env, folder, 1)
    row(f"build {target}, one line", measure(build, env, folder, 5, edit), None, "<= 1.0 s")


def cold(builder: str, app: Path, targets: list[str], env: dict[str, str], folder: Path) -> None:
    """Every target after each other, with the files and the toolchain there, beside `flet pack` of one of them."""
    times, memory = [], 0.0
    forget_outputs(Path(env["BUILDER_HOME"]))
    for target in targets:
        found = measure([builder, "build", target, str(app), "--offline"], env, folder, 1)
        times.append(found.seconds)
        memory = max(memory, found.megabytes)
    packed = peers.flet_pack(folder / "pack", app)
    other = measure(*packed, folder, 1) if packed else None
    row(f"build {len(targets)} desktops, cold outputs", Timing(sum(times), memory), other, "<= 30 s, <= 300 MB")


def window(builder: str, app: Path, env: dict[str, str], folder: Path) -> None:
    """From the launcher to a window with the app's title, beside the same app without byte code."""
    if lacking := missing():
        print(f"start to titled window: {lacking}", flush=True)
        return
    source = folder / "source"
    options = ["--no-compile-app", "--no-compile-packages", "--offline", "-o", str(source)]
    subprocess.run([builder, "build", "linux-x86_64", str(app), *options], env=env, check=True, capture_output=True)
    subprocess.run([builder, "build", "linux-x86_64", str(app), "--offline"], env=env, check=True, capture_output=True)
    mine, other = (started(place, folder) for place in (app / "build" / "linux-x86_64", source))
    row("start to titled window", mine, other, "<= 0.5 x source")


def started(place: Path, folder: Path) -> Timing:
    """The median of several warm starts."""
    seconds = []
    with screen(folder) as shown:
        for _ in range(6):
            start = time.perf_counter()
            environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "DISPLAY": f":{shown.number}"}
            program = subprocess.Popen([place / "counter" / "counter"], env=environment, stderr=subprocess.DEVNULL)
            while not shown.xdotool("search", "--name", TITLE):
                time.sleep(0.02)
            seconds.append(time.perf_counter() - start)
            program.terminate()
            program.wait()
    return Timing(statistics.median(seconds[1:]), 0)
