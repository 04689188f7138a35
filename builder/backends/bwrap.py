"""bubblewrap, the embedded default: a step sees the toolchain as /, its folder as /build, and lo as all network."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

from builder import process
from builder.backends import AS_AGREED, Backend, Surroundings, Work, failed, last
from builder.errors import BuilderError, Exit
from builder.inside.start import REFUSED

_MEND = (
    "install bubblewrap (`apt-get install bubblewrap`) and allow user namespaces; on Ubuntu 24.04: "
    "`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or an AppArmor profile for bwrap"
)
# Setting of the kernel -> the value with which it forbids.
_FORBIDS = {
    "kernel/apparmor_restrict_unprivileged_userns": "1",
    "kernel/unprivileged_userns_clone": "0",
    "user/max_user_namespaces": "0",
}


def argv(work: Work) -> list[str]:
    """The whole command line for a step."""
    # --new-session: no TIOCSTI into the caller's terminal
    return [*_sandbox(work, "--new-session"), *command(work)]


def command(work: Work) -> list[str]:
    """What runs a step in the sandbox, which shows the toolchain as its root."""
    return [*work.surroundings.before, "/usr/bin/python3", *work.words]


def shell(work: Work) -> list[str]:
    """The command line of a shell in the step's sandbox; it has the terminal, so Ctrl-C reaches what runs in it."""
    return [*_sandbox(work), "/usr/bin/sh"]


def _sandbox(work: Work, *flags: str) -> list[str]:
    """The command line up to the program."""
    around = work.surroundings
    # fmt: off
    command = [
        "bwrap",
        "--unshare-all",
        "--unshare-user",
        "--die-with-parent",
        *flags,
        "--cap-drop", "ALL",
        "--hostname", around.hostname,
        "--uid", str(around.user),
        "--gid", str(around.group),
        "--clearenv",
        *_root(work),
        "--proc", "/proc",
        "--remount-ro", "/proc",  # where root runs builder, the settings of the kernel in it are the step's to write
        "--dev", "/dev",
        "--tmpfs", "/tmp",
        "--bind", str(work.folder), around.shown_at,
        "--ro-bind", str(work.folder / "in"), f"{around.shown_at}/in",
    ]
    # fmt: on
    for name, path in sorted(work.inputs.items()):
        command += ["--ro-bind", str(path), f"{around.shown_at}/in/{name}"]
    for name, value in sorted({**work.environment, **around.environment}.items()):
        command += ["--setenv", name, value]
    return [*command, *_further(around), "--chdir", around.place, "--"]


def _root(work: Work) -> list[str]:
    """What shows the toolchain as the root; a root in which new places are to be is made of its parts."""
    if work.surroundings == AS_AGREED:
        return ["--ro-bind", str(work.toolchain), "/"]
    command = []
    for entry in sorted(work.toolchain.iterdir()):
        if entry.is_symlink():
            command += ["--symlink", str(entry.readlink()), f"/{entry.name}"]
        elif entry.name == "etc":  # files come into it
            for file in sorted(entry.iterdir()):
                command += ["--ro-bind", str(file), f"/etc/{file.name}"]
        elif any(entry.iterdir()):
            command += ["--ro-bind", str(entry), f"/{entry.name}"]
        else:
            command += ["--dir", f"/{entry.name}"]
    return command


def _further(around: Surroundings) -> list[str]:
    """What else is shown where the surroundings are others; then the root is closed."""
    if around == AS_AGREED:
        return []
    command = []
    if around.place != around.shown_at:
        command += ["--bind", str(around.on), around.place] if around.on else ["--tmpfs", around.place]
    for place, path in sorted(around.files.items()):
        command += ["--ro-bind", str(path), place]
    return [*command, "--remount-ro", "/"]


def run(work: Work, say: Callable[[str], None]) -> None:
    """Run a step. Raises BuilderError (sandbox) where bubblewrap can't, (step) where the step fails."""
    try:
        done = process.run(argv(work), env={"PATH": work.host.get("PATH", "")}, line=say, hold=True)
    except FileNotFoundError as error:
        raise BuilderError("`bwrap` is not installed", hint=_MEND, code=Exit.SANDBOX) from error
    if done.code == 0:
        return
    said = last(done.err)
    if said.startswith("bwrap: ") or done.code == REFUSED:
        raise BuilderError(f"the sandbox failed: {said}", hint=_MEND, code=Exit.SANDBOX)
    raise failed(work.step.name, done.code, done.err)


def refusal(host: Mapping[str, str]) -> str:
    """Why bubblewrap can't make a sandbox on this host; "" where it can."""
    probe = ["bwrap", "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "--", "true"]
    try:
        done = process.run(probe, env={"PATH": host.get("PATH", "")})
    except FileNotFoundError:
        return "`bwrap` is not installed"
    if done.code == 0:
        return ""
    return "; ".join([done.err.strip() or f"bwrap ended with {done.code}", *_forbidden()])


def version(host: Mapping[str, str]) -> str:
    """Which bubblewrap this is; "" where there is none."""
    try:
        return process.run(["bwrap", "--version"], env={"PATH": host.get("PATH", "")}).out.strip()
    except FileNotFoundError:
        return ""


def _forbidden() -> list[str]:
    """The settings of the kernel that forbid an ordinary user to make namespaces."""
    found = []
    for name, value in _FORBIDS.items():
        with contextlib.suppress(OSError):
            if Path("/proc/sys", name).read_text().strip() == value:
                found.append(f"{name.replace('/', '.')} = {value}")
    return found


BACKEND = Backend(
    name="bwrap",
    refusal=refusal,
    mend=_MEND,
    run=run,
    command=command,
    shell=shell,
    version=version,
    varies=True,
)
