"""What the tests of Flatpaks share: a web server for pins, a small runtime with its SDK, flatpak-builder."""

import contextlib
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from builder import sources
from builder.lock import Lock, Pin
from builder.network.http import Http

RUNTIME, SDK, VERSION = "org.freedesktop.Platform", "org.freedesktop.Sdk", "25.08"
ALIASES = ("debian", "maven", "npm", "pypi")
TOOLS = ("appstream-compose", "appstreamcli")  # of every SDK: flatpak-builder runs one when all is built


def lay_out(pins: Iterable[Pin], files: Path, site: Path) -> None:
    """The files of pins, as an index (PEP 503) and three other registries would serve them from folders."""
    for pin in {pin.sha256: pin for pin in pins}.values():
        if pin.source == "pypi":
            page = site / "pypi" / pin.name / "index.html"
            page.parent.mkdir(parents=True, exist_ok=True)
            with page.open("a") as index:
                index.write(f'<a href="../../files/{pin.sha256}/{pin.file}#sha256={pin.sha256}">{pin.file}</a>\n')
            place = site / "files" / pin.sha256 / pin.file
        else:
            url = sources.of(pin.source, {}).locate(pin, f"{pin.source}/", Http(str, environ={}, offline=True))
            place = site / url
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(files / pin.sha256)


@contextlib.contextmanager
def served(site: Path) -> Iterator[str]:
    """The URL of a folder, for as long as the block lasts."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(site)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout
    try:
        found = re.search(r"port (\d+)", server.stdout.readline())
        assert found
        yield f"http://127.0.0.1:{found[1]}/"
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def mirrors(url: str) -> dict[str, str]:
    """The environment in which builder finds every registry below a URL."""
    return {f"BUILDER_MIRROR_{alias.upper()}": f"{url}{alias}/" for alias in ALIASES}


def wanted(lock: Lock, target: str) -> tuple[Pin, ...]:
    """All pins that an export may name."""
    return (*lock.packages_of(target), *lock.pins_of(target), *lock.pins_of("toolchain"))


class Flatpak:
    """An installation of Flatpak's of its own, whose runtime and SDK hold a shell and a Python and little else."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "LC_ALL": "C.UTF-8"}
        self.env |= {f"FLATPAK_{kind}_DIR": str(folder / kind.lower()) for kind in ("USER", "SYSTEM")}
        (folder / "home").mkdir(parents=True)
        for name in (RUNTIME, SDK):
            self._install(name, root)

    def _install(self, name: str, root: Path) -> None:
        made, repository = self.folder / name, self.folder / "repository"
        shutil.copytree(root / "usr", made / "usr", symlinks=True)
        for tool in TOOLS:
            (made / "usr" / "bin" / tool).write_text("#!/bin/sh\n")
            (made / "usr" / "bin" / tool).chmod(0o755)
        pair = f"runtime={RUNTIME}/x86_64/{VERSION}\nsdk={SDK}/x86_64/{VERSION}\n"
        (made / "metadata").write_text(f"[Runtime]\nname={name}\n{pair}")
        self.run("flatpak", "build-export", "--runtime", "--files=usr", str(repository), str(made), VERSION)
        self.run("flatpak", "--user", "remote-add", "--if-not-exists", "--no-gpg-verify", "local", str(repository))
        self.run("flatpak", "--user", "install", "-y", "--noninteractive", "local", f"{name}//{VERSION}")

    def run(self, *argv: str, cwd: Path | None = None) -> str:
        """What a program writes that must succeed."""
        done = subprocess.run(
            argv, env=self.env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def build(self, manifest: Path, name: str, *options: str) -> Path:
        """What flatpak-builder makes of a manifest, under a name: a folder with `files`, `export` and `metadata`."""
        place = self.folder / name
        flags = ["--user", "--disable-rofiles-fuse", "--disable-cache", f"--state-dir={self.folder / 'state'}"]
        self.run("flatpak-builder", *flags, *options, str(place), str(manifest), cwd=self.folder)
        return place


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Path -> kind, mode and bytes of each file, link and folder below a folder."""
    found = {}
    for path in folder.rglob("*"):
        mode = path.lstat().st_mode
        data = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[path.relative_to(folder).as_posix()] = (0 if stat.S_ISLNK(mode) else mode, data)
    return found
