"""Containers, by podman or docker: the toolchain is an image that builder writes, a step is a container of it."""

import contextlib
import re
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextvars import Context
from dataclasses import replace
from pathlib import Path

from builder import ociimage, process
from builder.backends import Backend, Work, failed, last
from builder.errors import BuilderError, Exit
from builder.inside.start import REFUSED
from builder.ocicall import MEND, Engine, engine, lacks_image, load, own_words

_IMAGE, _PROBE = "localhost/builder-toolchain", "localhost/builder-probe:1"
_OWN_CODES = range(125, 128)  # exit codes that podman and docker also give themselves
_UNQUOTED = re.compile('[,"\n]')  # --mount is a line of CSV, and podman knows no quotes
_BUSYBOX = "/usr/bin/busybox"
# Whatever the program adds to the environment is cleared away; of the launcher's too, which /proc/1/environ would show.
_CLEAR = (_BUSYBOX, "env", "-i")
# The step lasts as long as the pipe that is its stdin. That closes when builder or the client dies, even by kill -9,
# of which neither podman nor docker would take notice.
_WHILE = 'exec 3<&0; "$@" 3<&- </dev/null & child=$!; (read -r _ <&3; kill -9 $child) & wait $child'
_LOADING = threading.Lock()  # steps that run side by side find at once that it is missing
_LOCKED_UP = (
    "--rm",
    "--label=builder",
    "--network=none",
    "--read-only",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--security-opt=label=disable",  # SELinux would hide the store, and to relabel it would change the user's files
    "--hostname=localhost",
    "--pull=never",
    "--log-driver=none",
    "--tmpfs=/tmp",
    "--mount=type=tmpfs,destination=/sys",
)


def argv(work: Work, by: Engine) -> list[str]:
    """The whole command line for a step."""
    # --sig-proxy: the client ends when it is told to, and the container then with it
    return [*_container(work, by, "--sig-proxy=false"), *_CLEAR, _BUSYBOX, "sh", "-c", _WHILE, "sh", *_step(work)]


def command(work: Work) -> list[str]:
    """What runs a step in the container, which shows the toolchain as its root."""
    return ["/usr/bin/python3", *work.words]


def shell(work: Work) -> list[str]:
    """The command line of a shell in the step's container; loads the image where it is not there."""
    by = engine(work.host)
    _load(work, by)
    return [*_container(work, by, "--tty"), *_environment(work), "/usr/bin/sh"]


def _step(work: Work) -> list[str]:
    return [*_environment(work), *command(work)]


def _environment(work: Work) -> list[str]:
    return [*_CLEAR, *(f"{name}={value}" for name, value in sorted(work.environment.items()))]


def _container(work: Work, by: Engine, *flags: str) -> list[str]:
    """The command line up to the program."""
    # fmt: off
    mounts = [
        # These are hashed before each build; what lies in a container storage is not.
        _bind(work.toolchain / "usr", "/usr", "readonly"),
        # What podman and docker write there tells of the host.
        _bind(work.toolchain / "etc" / "hosts", "/etc/hosts", "readonly"),
        _bind(Path("/dev/null"), "/etc/resolv.conf", "readonly"),
        _bind(work.folder, "/build"),
        _bind(work.folder / "in", "/build/in", "readonly"),
        *(_bind(path, f"/build/in/{name}", "readonly") for name, path in sorted(work.inputs.items())),
    ]
    # fmt: on
    named = ("--name", _name(work), "--interactive", "--workdir=/build")
    return [by.program, *by.options, "run", *_LOCKED_UP, *by.flags, *named, *flags, *mounts, _image(work)]


def _image(work: Work) -> str:
    return f"{_IMAGE}:{work.toolchain.name}"  # its NAR sha256


def _name(work: Work) -> str:
    return f"builder-{work.folder.name}"


def _bind(source: Path, destination: str, *options: str) -> str:
    """A mount; never by `--volume`, which makes an empty volume of a source that it does not find."""
    for text in (str(source), destination):
        if _UNQUOTED.search(text):
            raise BuilderError(
                f"no container can be shown `{text}`: there is a comma, a quote or a line break in it",
                hint="name another place with BUILDER_HOME, or choose --backend bwrap",
                code=Exit.SANDBOX,
            )
    return "--mount=" + ",".join(("type=bind", f"source={source}", f"destination={destination}", *options))


def run(work: Work, say: Callable[[str], None]) -> None:
    """Run a step. Raises BuilderError (sandbox) where no container can, (step) where the step fails."""
    by = engine(work.host)
    done = _attempt(work, by, say)
    if done.code in _OWN_CODES and lacks_image(own_words(done.err)):
        _load(work, by)
        done = _attempt(work, by, say)
    if done.code == 0:
        return
    ours = own_words(done.err) if done.code in _OWN_CODES else ""
    if done.code == REFUSED or ours:
        raise BuilderError(f"the sandbox failed: {ours or last(done.err)}", hint=MEND, code=Exit.SANDBOX)
    raise failed(work.step.name, done.code, done.err)


def _attempt(work: Work, by: Engine, say: Callable[[str], None]) -> process.Result:
    def hear(line: str) -> None:
        if not lacks_image(line):  # which is mended
            say(line)

    try:
        return process.run(argv(work, by), env=work.host, line=hear, hold=True)
    except (KeyboardInterrupt, process.Ended):  # nothing may write into the step's folder when it is removed
        remove = [by.program, *by.options, "rm", "--force", _name(work)]
        Context().run(process.run, remove, env=work.host)  # in a new one, as what was ended takes all else along
        raise


def _load(work: Work, by: Engine) -> None:
    """Have the program take the toolchain's image in, unless it has it by now."""
    with _LOADING, tempfile.TemporaryDirectory(dir=work.folder) as folder:
        inspect = [by.program, *by.options, "image", "inspect", _image(work)]
        if process.run(inspect, env=work.host).code != 0:
            load(by, work.host, map(_writable, ociimage.entries(work.toolchain)), _image(work), Path(folder))


def _writable(entry: ociimage.Entry) -> ociimage.Entry:
    """A tmpfs takes the mode of the folder that it is mounted on: /tmp is for every user."""
    return replace(entry, mode=0o1777) if entry.name == "tmp" else entry


def refusal(host: Mapping[str, str]) -> str:
    """Why no container can be run on this host; "" where one can.

    A container whose program does not exist fails only after all else of it was made, and leaves nothing behind.
    """
    try:
        by = engine(host)
        probe = [by.program, *by.options, "run", *_LOCKED_UP, *by.flags, _PROBE, "/no/such/program"]
        done = process.run(probe, env=host)
        if lacks_image(done.err):
            with tempfile.TemporaryDirectory() as folder:
                load(by, host, [], _PROBE, Path(folder))
            done = process.run(probe, env=host)
    except BuilderError as error:
        return error.message
    if "/no/such/program" in done.err:
        return ""
    return own_words(done.err) or f"{by.program} ended with {done.code}"


def version(host: Mapping[str, str]) -> str:
    """Which program this is; "" where there is none."""
    with contextlib.suppress(BuilderError):
        return engine(host).said
    return ""


BACKEND = Backend(name="oci", refusal=refusal, mend=MEND, run=run, command=command, shell=shell, version=version)
