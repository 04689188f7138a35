"""No sandbox of its own: the job runs in builder's own image already, on an agent that can nest nothing.

The proof is the one of every backend: no network but lo, no trace of a host, and the toolchain as the root. What only
another namespace could hold, that a step leaves its inputs alone, is looked at after the step.
"""

import contextlib
import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from builder import nar, process
from builder.backends import Backend, Work, failed, last, show_inputs
from builder.errors import BuilderError, Exit
from builder.inside.start import REFUSED, leaks

_MEND = (
    "run builder in the image that `builder export oci-layout` writes, without network: `podman run --network=none`; "
    "elsewhere choose --backend bwrap, nix or oci"
)
_BUSYBOX = "/usr/bin/busybox"
_LINKS = ("bin", "lib", "lib64")
# All that the image has below /etc, and what podman, docker and Kubernetes add.
_CONFIGURATION = {"group", "hostname", "hosts", "mtab", "nsswitch.conf", "passwd", "resolv.conf"}


def command(work: Work) -> list[str]:
    """What runs a step, in its folder."""
    return ["/usr/bin/python3", *work.words]


def shell(work: Work) -> list[str]:
    """The command line of a shell in the step's folder, with its environment and inputs; fills `in`."""
    _check(work)
    show_inputs(work)
    environment = [f"{name}={value}" for name, value in sorted(work.environment.items())]
    enter = 'cd "$1" && shift && exec "$@"'
    return [_BUSYBOX, "sh", "-c", enter, "sh", str(work.folder), _BUSYBOX, "env", "-i", *environment, _BUSYBOX, "sh"]


def run(work: Work, say: Callable[[str], None]) -> None:
    """Run a step. Raises BuilderError (sandbox) where this is not builder's image, (step) where the step fails."""
    _check(work)
    show_inputs(work)
    before = _digests(work)
    done = process.run(command(work), env=work.environment, cwd=work.folder, line=say, hold=True)
    if done.code == REFUSED:
        raise BuilderError(f"the sandbox failed: {last(done.err)}", hint=_MEND, code=Exit.SANDBOX)
    changed = sorted(name for name, digest in _digests(work).items() if not digest or digest != before[name])
    if changed:
        raise BuilderError(
            f"step `{work.step.name}` changed its input `{changed[0]}`",
            hint="mend the step's script, or run it with a backend that holds it off: bwrap, nix or oci",
            code=Exit.STEP,
        )
    if done.code != 0:
        raise failed(work.step.name, done.code, done.err)


def refusal(host: Mapping[str, str]) -> str:
    """Why steps can't run right here; "" in a container of builder's own image that has no network."""
    try:
        found = leaks()
    except OSError as error:  # no /proc: no Linux
        found = [f"no proof: {error}"]
    if found:
        return f"this is no sandbox, a step could see {', '.join(found)}"
    odd = sorted(set(_names("/etc")) - _CONFIGURATION)
    if odd:
        return f"this is not builder's image: it has `/etc/{odd[0]}`"
    return "" if Path(_BUSYBOX).exists() else "this is not builder's image: its root is no toolchain"


def version(host: Mapping[str, str]) -> str:
    """What this place is."""
    return "" if refusal(host) else "builder's own image"


def _check(work: Work) -> None:
    """Raise BuilderError (sandbox) where the proof fails."""
    why = refusal(work.host) or _other_root(work.toolchain)
    if why:
        raise BuilderError(why, hint=_MEND, code=Exit.SANDBOX)


@functools.cache
def _other_root(toolchain: Path) -> str:
    """Why the root that all see here is not the toolchain; "" where it has its bytes."""
    for name in _LINKS:
        if os.path.realpath(f"/{name}") != f"/usr/{name}":
            return f"this is not builder's image: `/{name}` is not `/usr/{name}`"
    if nar.sha256(Path("/usr")) != nar.sha256(toolchain / "usr"):
        return "the toolchain of this image is not the one of builder.lock"
    return ""


def _digests(work: Work) -> dict[str, str]:
    """The NAR sha256 of each input; "" for one that can't be read any more."""
    found = dict.fromkeys(work.inputs, "")
    for name, path in work.inputs.items():
        with contextlib.suppress(OSError):
            found[name] = nar.sha256(path)
    return found


def _names(folder: str) -> list[str]:
    return [entry.name for entry in Path(folder).iterdir()] if Path(folder).is_dir() else []


BACKEND = Backend(name="here", refusal=refusal, mend=_MEND, run=run, command=command, shell=shell, version=version)
