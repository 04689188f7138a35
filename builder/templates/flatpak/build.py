"""Builds the app in flatpak-builder's sandbox: `python3 build.py TARGET APP`, with any Python from 3.11 on.

Makes the pinned toolchain, runs the steps of builder.plan/TARGET.json with its interpreter and no other program, and
installs what they give into /app. APP is the folder of the app's own files; every other file that it is given has the
sha256 that the manifest names.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, "builder.plan/inside")

import nar  # type: ignore[import-not-found]  # noqa: E402  # it lies beside this file
import root  # noqa: E402  # of builder.plan/inside

PLAN, PINS, MADE = Path("builder.plan"), Path("pins"), Path("made")
TOOLCHAIN = Path("toolchain").resolve()
LIBRARIES = TOOLCHAIN / "usr/lib/x86_64-linux-gnu"
# In a git checkout these are beside the app, and no part of it.
NOT_THE_APP = ("build", "builder.expected.toml", "builder.lock", "builder.plan", "flake.lock", "flake.nix")
# Every sandbox of Flatpak shows /sys/class and the machine's id, and root may write the kernel's settings in one that
# root starts, so of start.py's proof only the network is left.
START = """
import sys
sys.path.insert(0, "in/inside")
import start
start.leaks = lambda: [f"the network interface `{name}`" for name in start.interfaces() if name != "lo"]
start.SETTINGS = ()
sys.argv[0] = "in/inside/start.py"
start.main()
"""


def make_toolchain(plan: dict[str, Any]) -> None:
    """The root that holds the interpreter, the very one that the plan names."""
    recipe = json.loads((PLAN / "toolchain.json").read_text(encoding="utf-8"))
    root.make(recipe, {file.name: file for file in PINS.iterdir()}, TOOLCHAIN)
    if nar.sha256(TOOLCHAIN) != plan["toolchain"]:
        sys.exit(f"error: the toolchain came out with NAR sha256 {nar.sha256(TOOLCHAIN)}, not {plan['toolchain']}")


def run(step: dict[str, Any], environment: dict[str, str], app: Path) -> None:
    """One step in a folder of its own, laid out as every sandbox of builder shows it."""
    print(f"step  {step['name']}", flush=True)
    folder = MADE / step["name"]
    (folder / "in" / "inside").mkdir(parents=True)
    (folder / "out").mkdir()
    for name in step["scripts"]:
        shutil.copyfile(PLAN / "inside" / name, folder / "in" / "inside" / name)
    for name, text in step["files"].items():
        (folder / "in" / name).write_bytes(text.encode())
    for name, source in step["inputs"].items():
        (folder / "in" / name).symlink_to(place(source, app).resolve())
    python = str(TOOLCHAIN / "usr/bin/python3.12")
    loader = [str(LIBRARIES / "ld-linux-x86-64.so.2"), "--library-path", str(LIBRARIES), "--argv0", python, python]
    command = [*loader, "-P", "-s", "-S", "-B", "-c", START, step["scripts"][0], *step["args"]]
    subprocess.run(command, cwd=folder, env=environment, check=True)


def place(source: dict[str, str], app: Path) -> Path:
    """Where an input of a step lies; of a tree that is a part of the app's files, all of these."""
    if "pin" in source:
        return PINS / source["pin"]
    return MADE / source["step"] / "out" if "step" in source else app


def install(made: Path, settings: dict[str, Any], prefix: Path) -> None:
    """The app's folder whole, its launcher where Flatpak looks for commands, and what Flatpak shows to the host."""
    folder = prefix / "lib" / settings["folder"]
    shutil.copytree(made / settings["folder"], folder, symlinks=True)
    (prefix / "bin").mkdir(parents=True, exist_ok=True)
    (prefix / "bin" / settings["launcher"]).symlink_to(Path("..", "lib", settings["folder"], settings["launcher"]))
    shutil.copytree(folder / "share", prefix / "share", dirs_exist_ok=True)
    metainfo = prefix / "share" / "metainfo"
    metainfo.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(f"{settings['id']}.metainfo.xml", metainfo / f"{settings['id']}.metainfo.xml")


def reduce(app: Path) -> None:
    """Leave of a checkout what a build is given."""
    for path in [*(app / name for name in NOT_THE_APP), *app.rglob(".git")]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def main(target: str, app: str) -> None:
    """Make, run, install."""
    plan = json.loads((PLAN / f"{target}.json").read_text(encoding="utf-8"))
    reduce(Path(app))
    make_toolchain(plan)
    for step in plan["steps"]:
        run(step, plan["environment"], Path(app))
    made = MADE / plan["steps"][-1]["name"] / "out"
    print(f"digest {nar.sha256(made)}: NAR sha256 of what `builder build {target}` gives")
    [settings] = [step["files"]["app.json"] for step in plan["steps"] if "app.json" in step["files"]]
    install(made, json.loads(settings), Path(os.environ.get("FLATPAK_DEST", "/app")))


if __name__ == "__main__":
    main(*sys.argv[1:])
