"""Nix, without nixpkgs: a step is the derivation that `nix build` makes of the same plan, so they share outputs."""

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from builder import data, outputs
from builder.backends import Backend, Work, failed, last, show_inputs
from builder.errors import BuilderError, Exit
from builder.inside.start import REFUSED
from builder.nixcall import MEND, Heard, call, distrust, options, place, version
from builder.plan import SCRIPTS

_STORE_MEND = "make the Nix store writable for this user, or name another with NIX_REMOTE, such as a folder of your own"
# What Nix itself says of an output that it can't keep.
_OUTPUT = re.compile(r"/[0-9a-z]{32}-(?P<step>[^/']+?)(\.drv.*)?'.* (failed to produce|has an unsupported type)")
_QUIET = ["--no-out-link", "--log-format", "internal-json"]


def argv(folder: Path, host: Mapping[str, str]) -> list[str]:
    """The whole command line for steps whose plan is laid out in a folder."""
    return ["nix-build", str(folder / "run.nix"), "--argstr", "folder", str(folder), *_QUIET, *options(host)]


def run(work: Work, say: Callable[[str], None]) -> None:
    """Run a step, and copy its output. Raises BuilderError (sandbox) where Nix can't, (step) where the step fails.

    The first one of a plan runs all that are wanted: Nix then starts once, and runs side by side what can be.
    """
    made = work.chain.made
    if work.step.name not in made:
        steps = work.chain.wanted if work.step.name in work.chain.wanted and not made else (work.step.name,)
        made |= dict(zip(steps, _build(work, steps, say), strict=True))
    out, found = work.folder / "out", place(made[work.step.name], work.host)
    outputs.check(work.step.name, found)  # before it is copied: it may be a link to anything, or have no end
    out.rmdir()
    shutil.copytree(found, out, symlinks=True)


def _build(work: Work, steps: Sequence[str], say: Callable[[str], None]) -> list[str]:
    """The store path of each step's output."""
    folder, heard = work.folder / "nix", Heard(say)
    _lay_out(work, steps, folder)
    command = argv(folder, work.host) + (["--keep-failed"] if work.keep else [])
    done = call(command, work.host, heard)
    if done.code != 0:
        raise error(heard, done.code)
    return done.out.split()


def command(work: Work) -> list[str]:
    """What runs a step in `shell`: the interpreter by its own loader; start.py would refuse, as there is no sandbox."""
    libraries, python = work.toolchain / "usr/lib/x86_64-linux-gnu", str(work.toolchain / "usr/bin/python3.12")
    loader = [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries), "--argv0", python, python]
    return [*loader, "-s", "-S", "-B", f"in/inside/{work.step.scripts[0]}", *work.step.args]


def shell(work: Work) -> list[str]:
    """The command line of a shell in the step's folder, with its environment and inputs; fills `in`.

    Nix has no terminal in its sandbox, so this one sees the machine.
    """
    show_inputs(work)
    busybox = str(work.toolchain / "usr" / "bin" / "busybox")
    environment = [f"{name}={value}" for name, value in sorted(work.environment.items())]
    enter = 'echo "this shell is not in a sandbox: that of Nix has no terminal" >&2; cd "$1" && shift && exec "$@"'
    return [busybox, "sh", "-c", enter, "sh", str(work.folder), busybox, "env", "-i", *environment, busybox, "sh"]


def hold(rows: Sequence[tuple[str, Path, str]], folder: Path, host: Mapping[str, str]) -> list[str]:
    """Put files (flat) and folders (as NARs) into the Nix store; gives their store paths.

    `rows` are (store name, absolute path, sha256); `folder` is an empty one to work in. Raises BuilderError: sandbox
    where there is no Nix, mismatch where the bytes are others.
    """
    for name, text in data.nix().items():
        (folder / name).write_bytes(text)
    wanted = [
        {"name": name, "path": str(path), "recursive": path.is_dir(), "sha256": sha256} for name, path, sha256 in rows
    ]
    (folder / "list.json").write_text(json.dumps(wanted))
    evaluate = ["nix-instantiate", "--eval", "--strict", "--json", "--read-write-mode", str(folder / "hold.nix")]
    heard = Heard(lambda line: None)
    command = [*evaluate, "--argstr", "list", str(folder / "list.json"), "--log-format", "internal-json"]
    done = call([*command, *options(host)], host, heard)
    if done.code != 0:
        raise BuilderError(f"Nix can't keep the pins: {heard.last()}", hint=MEND, code=Exit.SANDBOX)
    paths: list[str] = json.loads(done.out)
    return paths


def copy_to(paths: Sequence[str], folder: Path, host: Mapping[str, str]) -> None:
    """Copy store paths into a folder that is a binary cache (`file://`); raises BuilderError (sandbox).

    They need no signature elsewhere: each is known by the hash of what it holds.
    """
    heard = Heard(lambda line: None)
    cache = f"{folder.as_uri()}?compression=none"  # nearly all of it is compressed already
    features = ["nix", "--extra-experimental-features", "nix-command"]
    done = call(
        [*features, "copy", "--to", cache, *paths, "--log-format", "internal-json", *options(host)], host, heard
    )
    if done.code != 0:
        raise BuilderError(f"Nix can't write `{folder}`: {heard.last()}", hint=_STORE_MEND, code=Exit.SANDBOX)


def refusal(host: Mapping[str, str]) -> str:
    """Why Nix can't run a step on this host; "" where it can.

    A derivation whose program does not exist fails only after its sandbox was made, and leaves nothing behind.
    """
    probe = 'derivation { name = "probe"; system = "x86_64-linux"; builder = "/no/such/program"; }'
    ignored = distrust(host)
    if ignored:
        return ignored
    heard = Heard(lambda line: None)
    try:
        done = call(["nix-build", "--expr", probe, *_QUIET, *options(host)], host, heard)
    except BuilderError as error:
        return error.message
    if any("/no/such/program" in text for text in heard.lines + heard.errors):
        return ""
    return heard.last() or f"nix-build ended with {done.code}"


def error(heard: Heard, code: int) -> BuilderError:
    """Why a call failed that had to run a step."""
    found = heard.failed()
    if found is None:
        why = heard.last() or f"exit code {code}"
        if output := _OUTPUT.search(why):
            return outputs.refused(output["step"], why)
        store = re.search("writable|read-only|permission denied", why, re.IGNORECASE)
        return BuilderError(f"Nix failed: {why}", hint=_STORE_MEND if store else MEND, code=Exit.SANDBOX)
    step, code = found
    said = "\n".join(heard.lines)
    if code == REFUSED:
        return BuilderError(f"the sandbox failed: {last(said)}", hint=MEND, code=Exit.SANDBOX)
    return failed(step, code, said)


def _lay_out(work: Work, steps: Sequence[str], folder: Path) -> None:
    """Fill the folder that run.nix reads."""
    (folder / SCRIPTS).mkdir(parents=True)
    for name, text in data.nix().items():
        (folder / name).write_bytes(text)
    for name in work.chain.plan.scripts:
        (folder / SCRIPTS / name).write_bytes(work.chain.script(name))
    content = {
        "steps": list(steps),
        "plan": work.chain.plan.model_dump(mode="json"),
        "files": str(work.chain.files),
        "root": str(work.toolchain),
        "trees": {name: {"path": str(path), "nar": path.name} for name, path in work.chain.trees.items()},
    }
    (folder / "work.json").write_text(json.dumps(content))


BACKEND = Backend(
    name="nix", refusal=refusal, mend=MEND, run=run, command=command, shell=shell, chained=True, version=version
)
