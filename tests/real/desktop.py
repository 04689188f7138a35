"""An app on a screen of its own: Xvfb outside, the app in bubblewrap, and what the screen shows."""

import contextlib
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

WIDTH, HEIGHT = 1280, 800
LIBRARIES = ("usr/bin", "usr/lib", "usr/lib64", "usr/share")

# Runs in the sandbox as the first process but bwrap's own: says how the app ended, and what it left running.
SUPERVISE = """
cd "$1" && shift
"$@"
echo "code $?"
sleep 0.5
for each in /proc/[0-9]*; do tr '\\0' ' ' < $each/cmdline; echo; done
"""


@dataclass(frozen=True)
class Screen:
    """An X server without a window manager, whose picture is a file."""

    number: str
    frame: Path

    @property
    def socket(self) -> str:
        """Where it listens."""
        return f"/tmp/.X11-unix/X{self.number}"

    def xdotool(self, *argv: str) -> str:
        """What xdotool prints; "" where it fails, as a search does that finds nothing."""
        environment = {"PATH": os.environ["PATH"], "DISPLAY": f":{self.number}"}
        done = subprocess.run(["xdotool", *argv], env=environment, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    def wait(self, what: str, found: Callable[[], object], seconds: float = 60) -> object:
        """What `found` gives, as soon as that is true."""
        deadline = time.monotonic() + seconds
        while not (value := found()):
            assert time.monotonic() < deadline, f"no {what}"
            time.sleep(0.1)
        return value

    def window(self, title: str) -> str:
        """The number of the window with a title, as soon as there is one."""
        return str(self.wait(f"window `{title}`", lambda: self.xdotool("search", "--name", f"^{title}$"))).split()[0]

    def click(self, x: int, y: int) -> None:
        """Press and release the mouse at a place."""
        self.xdotool("mousemove", str(x), str(y))
        time.sleep(0.3)  # Flutter takes a button that is pressed before the pointer came for nothing
        self.xdotool("click", "1")

    def rows(self) -> list[bytes]:
        """The picture, row by row: four bytes a pixel, of blue, green, red and nothing (XWD, version 7)."""
        data = self.frame.read_bytes()
        header = struct.unpack(">25L", data[:100])
        size, width, height, line, colours = header[0], header[4], header[5], header[12], header[19]
        assert (width, height) == (WIDTH, HEIGHT)
        start = size + 12 * colours
        return [data[start + y * line : start + y * line + 4 * width] for y in range(height)]

    def pixel(self, x: int, y: int) -> tuple[int, int, int]:
        """Red, green and blue at a place."""
        blue, green, red, _ = self.rows()[y][4 * x : 4 * x + 4]
        return red, green, blue

    def part(self, left: int, top: int, right: int, bottom: int) -> bytes:
        """The pixels of a rectangle."""
        return b"".join(row[4 * left : 4 * right] for row in self.rows()[top:bottom])


@contextlib.contextmanager
def screen(folder: Path) -> Iterator[Screen]:
    """A new screen, with its picture in a folder.

    -noreset: else the server starts over whenever its last client goes, as each xdotool does, and refuses others then.
    """
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
    command += ["-noreset", "-fbdir", str(folder)]
    with (folder / "xvfb.log").open("w") as log:
        server = subprocess.Popen(command, pass_fds=[writer], stdout=log, stderr=log)
    os.close(writer)
    try:
        with os.fdopen(reader) as numbers:
            yield Screen(numbers.readline().strip(), folder / "Xvfb_screen0")
    finally:
        server.terminate()
        server.wait()


def sandboxed(bundle: Path, *argv: str, home: Path, shared: tuple[str, ...] = (), **environment: str) -> list[str]:
    """The command line that runs a program of a bundle without network, system Python, or a place to write but home.

    It runs in `/tmp/here`, where a program lies that Flet itself would start in the client's place.
    """
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    for name in LIBRARIES:
        command += ["--ro-bind", f"/{name}", f"/{name}"]
    for python in sorted(Path("/usr/bin").glob("python*")) + sorted(Path("/usr/lib").glob("python3*")):
        if not python.is_symlink():
            command += ["--tmpfs", str(python)] if python.is_dir() else ["--ro-bind", "/dev/null", str(python)]
    for link, target in (("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")):
        command += ["--symlink", target, f"/{link}"]
    for file in ("/etc/fonts", "/etc/ld.so.cache"):
        command += ["--ro-bind-try", file, file]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run"]
    decoy = home / "decoy"
    decoy.mkdir(parents=True, exist_ok=True)
    (decoy / "client").write_text("#!/bin/sh\necho HIJACKED\n")
    (decoy / "client").chmod(0o755)
    command += ["--ro-bind", str(decoy), "/tmp/here/build/linux"]
    command += ["--ro-bind", str(bundle), "/opt/an app", "--bind", str(home), "/home/user"]
    for place in shared:
        command += ["--ro-bind", place, place]
    for name, value in {"PATH": "/usr/bin", "HOME": "/home/user", **environment}.items():
        command += ["--setenv", name, value]
    return [*command, "--", "/bin/sh", "-c", SUPERVISE, "sh", "/tmp/here", *argv]


def missing() -> str:
    """What these tests lack here; "" where they can run."""
    lacking = [name for name in ("bwrap", "Xvfb", "xdotool") if shutil.which(name) is None]
    if lacking:
        return f"{', '.join(lacking)} not found"
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    absent = [name for name in ("libgtk-3.so.0", "libsecret-1.so.0", "libEGL.so.1") if name not in listed]
    return f"{', '.join(absent)} not found" if absent else ""
