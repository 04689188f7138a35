"""How containers are run: which program there is here, what only it is told, and how it takes an image in."""

import contextlib
import functools
import os
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from builder import ociimage, process
from builder.errors import BuilderError, Exit
from builder.ociimage import Entry

PROGRAM = "BUILDER_OCI"  # variable that names the program
MEND = (
    "install podman (`apt-get install podman`), or start docker and let this user reach it; "
    f"{PROGRAM} may name another program that takes docker's command lines"
)
_PROGRAMS = ("podman", "docker")
_LACKING = re.compile("image not known|no such image|unable to find image", re.IGNORECASE)
_OURS = re.compile(r"Error: |docker: |time=\S+ level=")  # how lines of podman and docker begin
_ADVICE = re.compile("(See|Run) '[^']* --help'")  # docker's last line
_LIMIT = 16384  # of open files and of processes; podman has 32768 of these at most


@dataclass(frozen=True)
class Engine:
    """A program that runs containers, and what only it is told."""

    program: str
    options: tuple[str, ...]  # before its verb
    flags: tuple[str, ...]  # of `run`
    said: str  # its name and version


def podman(program: str, said: str, limits: tuple[int, int]) -> Engine:
    """Podman: root inside is the caller, with root rights or without; `limits` are the hard ones of files, processes.

    Without `--ulimit` it asks for a million of both, which it may not where it runs in a container itself.
    """
    files, processes = (min(limit, _LIMIT) if limit > 0 else _LIMIT for limit in limits)
    flags = ("--no-hosts", "--http-proxy=false", "--read-only-tmpfs=false", "--user=0:0")
    limited = (f"--ulimit=nofile={files}:{files}", f"--ulimit=nproc={processes}:{processes}")
    return Engine(program, ("--log-level=fatal",), flags + limited, said)  # its warnings are about configuration


def docker(program: str, said: str, user: str) -> Engine:
    """Docker, or what takes its command lines; `user` is who the caller is inside, as UID:GID."""
    return Engine(program, (), (f"--user={user}",), said)


def engine(host: Mapping[str, str]) -> Engine:
    """The program of this host: the one that is named, else podman, else docker. Raises BuilderError (sandbox)."""
    return _engine(tuple(sorted(host.items())))


def lacks_image(said: str) -> bool:
    """Whether a program said that it has no such image."""
    return _LACKING.search(said) is not None


def own_words(said: str) -> str:
    """The last line, if it is the program's own and not that of what ran in the container; else ""."""
    told = [line for line in said.splitlines() if line.strip() and not _ADVICE.match(line)]
    return told[-1] if told and _OURS.match(told[-1]) else ""


def load(engine: Engine, host: Mapping[str, str], root: Iterable[Entry], name: str, folder: Path) -> None:
    """Have the program take in an image of one layer, written in an empty folder. Raises BuilderError (sandbox)."""
    layout, file = folder / "layout", folder / "image.tar"
    layout.mkdir()
    ociimage.write(layout, [root], {}, name)
    ociimage.archive(layout, file)
    command = [engine.program, *engine.options, "load", "--input", str(file)]
    done = process.run(command, env=host)
    if done.code != 0:
        raise BuilderError(
            f"`{shlex.join(command[:-1])}` failed: {done.err.strip() or f'exit code {done.code}'}",
            hint=MEND,
            code=Exit.SANDBOX,
        )


@functools.cache
def _engine(host: tuple[tuple[str, str], ...]) -> Engine:
    if not hasattr(os, "getuid"):
        raise BuilderError(
            "this system's files have no owners and no exec bits",
            hint="build in WSL, or in the image that `builder export oci-layout` writes",
            code=Exit.SANDBOX,
        )
    environ = dict(host)
    named = environ.get(PROGRAM)
    for program in (named,) if named else _PROGRAMS:
        with contextlib.suppress(FileNotFoundError):
            said = process.run([program, "--version"], env=environ).out.strip()
            if "podman" in said:  # also where a package calls it `docker`
                return podman(program, said, _limits())
            return docker(program, said, _user(program, environ))
    which = f"`{named}`, which {PROGRAM} names, is not installed" if named else "no podman and no docker is installed"
    raise BuilderError(which, hint=MEND, code=Exit.SANDBOX)


def _limits() -> tuple[int, int]:
    import resource  # here: Windows has none, where builder still locks and plans

    return resource.getrlimit(resource.RLIMIT_NOFILE)[1], resource.getrlimit(resource.RLIMIT_NPROC)[1]


def _user(program: str, environ: Mapping[str, str]) -> str:
    """Who owns what a container makes: the caller, who is root inside where a daemon of his own runs it."""
    asked = process.run([program, "info", "--format", "{{.SecurityOptions}}"], env=environ)
    return "0:0" if "name=rootless" in asked.out else f"{os.getuid()}:{os.getgid()}"
