"""The programs that builder is measured against, made ready in a folder of the bench's own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

BUSYBOX = Path("/bin/busybox")


def flatpak_builder(folder: Path) -> tuple[list[str], dict[str, str]] | None:
    """flatpak-builder's build of a manifest with one module that does next to nothing, against a runtime of busybox."""
    if not shutil.which("flatpak-builder") or not BUSYBOX.exists():
        return None
    home = folder / "home"
    home.mkdir(parents=True)
    env = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home / "data")}

    def run(*argv: str) -> None:
        subprocess.run(argv, cwd=folder, env=env, check=True, capture_output=True)

    for kind in ("Platform", "Sdk"):
        programs = folder / kind / "usr" / "bin"
        programs.mkdir(parents=True)
        (folder / kind / "files").mkdir()
        for name in ("sh", "busybox"):
            shutil.copy(BUSYBOX, programs / name)
        refs = "runtime=org.example.Platform/x86_64/1\nsdk=org.example.Sdk/x86_64/1\n"
        (folder / kind / "metadata").write_text(f"[Runtime]\nname=org.example.{kind}\n{refs}")
        run("flatpak", "build-export", "--runtime", "repo", kind, "1")
    run("flatpak", "--user", "remote-add", "--no-gpg-verify", "local", "repo")
    run("flatpak", "--user", "install", "-y", "local", "org.example.Platform//1", "org.example.Sdk//1")
    commands = ["busybox mkdir -p /app/bin", "busybox cp /usr/bin/busybox /app/bin/x"]
    module = {"name": "m1", "buildsystem": "simple", "build-commands": commands}
    manifest = {"id": "org.example.App", "runtime": "org.example.Platform", "runtime-version": "1"}
    manifest |= {"sdk": "org.example.Sdk", "command": "x", "modules": [module]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    argv = ["flatpak-builder", "--user", "--force-clean", "made", "manifest.json"]
    run(*argv)
    return argv, env


def flet_publish(folder: Path, app: Path) -> tuple[list[str], dict[str, str]] | None:
    """`flet publish --no-cdn` of flet-cli 0.82.2 on an app, in a virtual environment of its own."""
    flet = _flet(folder, "flet-web==0.82.2")
    if flet is None:
        return None
    argv, env = flet
    return [*argv, "publish", "--no-cdn", "--distpath", str(folder / "published"), str(app / "main.py")], env


def flet_pack(folder: Path, app: Path) -> tuple[list[str], dict[str, str]] | None:
    """`flet pack` of flet-cli 0.82.2: one app for the system that it runs on, made by PyInstaller."""
    flet = _flet(folder, "flet-desktop-light==0.82.2", "pyinstaller")
    if flet is None:
        return None
    argv, env = flet
    return [*argv, "pack", "-y", "--distpath", str(folder / "packed"), str(app / "main.py")], env


def _flet(folder: Path, *wheels: str) -> tuple[list[str], dict[str, str]] | None:
    """The command `flet` in a virtual environment of its own, and its environment; None where it can't be installed."""
    home = folder / "home"
    home.mkdir(parents=True)
    python = folder / "venv" / "bin" / "python"
    try:
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, capture_output=True)
        wanted = ["flet==0.82.2", "flet-cli==0.82.2", *wheels]
        subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        return None
    path = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    return [str(python.with_name("flet"))], {**os.environ, "HOME": str(home), "PATH": path}
