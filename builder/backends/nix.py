"""Nix, without nixpkgs: a step is the derivation that `nix build` makes of the same plan, so they share outputs."""

import contextlib
import grp
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from builder import data, process
from builder.backends import Backend, Work
from builder.errors import BuilderError, Exit
from builder.inside.start import REFUSED
from builder.plan import SCRIPTS

_MEND = (
    "install Nix 2.8 or newer (`apt-get install nix-bin`), allow user namespaces, and have no `sandbox = false` in the "
    "nix.conf of a daemon that does not trust you"
)
_SOCKET = Path("/nix/var/nix/daemon-socket/socket")
_FAILED = re.compile(
    r"/nix/store/[0-9a-z]{32}-(?P<step>[^/']+)\.drv'.*?failed (?P<how>with exit code|due to signal) (?P<code>\d+)",
    re.DOTALL,
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_QUIET = ["--no-out-link", "--log-format", "internal-json"]
# Asked for always; a daemon may ignore them, so the proof that each step begins with is what counts.
_OPTIONS = {"sandbox": "true", "sandbox-fallback": "false", "substitute": "false"}


def argv(folder: Path, step: str, host: Mapping[str, str]) -> list[str]:
    """The whole command line for a step whose plan is laid out in a folder."""
    run = [str(folder / "run.nix"), "--argstr", "folder", str(folder), "--argstr", "step", step]
    return ["nix-build", *run, *_QUIET, *options(host)]


def options(host: Mapping[str, str]) -> list[str]:
    """What every call of Nix is told: its sandbox, and the store of an ordinary user who has no daemon."""
    given = dict(_OPTIONS)
    if os.geteuid() == 0 and not _has_group("nixbld") and not Path("/etc/nix/nix.conf").exists():
        given["build-users-group"] = ""  # Debian's package alone makes no such group, and Nix insists on it
    own = _own_store(host)
    return [word for key, value in given.items() for word in ("--option", key, value)] + (
        ["--store", own] if own else []
    )


def run(work: Work, say: Callable[[str], None]) -> None:
    """Run a step, and copy its output. Raises BuilderError (sandbox) where Nix can't, (step) where the step fails."""
    folder = work.folder / "nix"
    _lay_out(work, folder)
    heard = _Heard(say)
    command = argv(folder, work.step.name, work.host) + (["--keep-failed"] if work.keep else [])
    done = _call(command, work.host, heard)
    if done.code != 0:
        raise heard.error(done.code)
    out = work.folder / "out"
    out.rmdir()
    shutil.copytree(place(done.out.strip(), work.host), out, symlinks=True)


def shell(work: Work) -> list[str]:
    """The command line of a shell in the step's folder, with its environment and inputs; fills `in`.

    Nix has no terminal in its sandbox, so this one sees the machine.
    """
    for name, path in work.inputs.items():
        shown = work.folder / "in" / name
        shown.rmdir() if shown.is_dir() else shown.unlink()
        shown.symlink_to(path)
    busybox = str(work.toolchain / "usr" / "bin" / "busybox")
    environment = [f"{name}={value}" for name, value in sorted(work.environment.items())]
    enter = 'cd "$1" && shift && exec "$@"'
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
    heard = _Heard(lambda line: None)
    command = [*evaluate, "--argstr", "list", str(folder / "list.json"), "--log-format", "internal-json"]
    done = _call([*command, *options(host)], host, heard)
    if done.code != 0:
        raise BuilderError(f"Nix can't keep the pins: {heard.last()}", hint=_MEND, code=Exit.SANDBOX)
    paths: list[str] = json.loads(done.out)
    return paths


def place(path: str, host: Mapping[str, str]) -> Path:
    """Where a store path lies on disk: below the root of the store, where that is not the machine's own.

    Raises BuilderError (sandbox) for a store that is on no disk of this machine.
    """
    found = Path(f"{_own_store(host)}{path}")
    if not found.exists():
        found = Path(f"{_root_of(_store_uri(host))}{path}")
    if not found.exists():
        raise BuilderError(
            f"the Nix store that holds `{path}` is not on this machine",
            hint="choose a local store with NIX_REMOTE, or --backend bwrap",
            code=Exit.SANDBOX,
        )
    return found


def refusal(host: Mapping[str, str]) -> str:
    """Why Nix can't run a step on this host; "" where it can.

    A derivation whose program does not exist fails only after its sandbox was made, and leaves nothing behind.
    """
    probe = 'derivation { name = "probe"; system = "x86_64-linux"; builder = "/no/such/program"; }'
    heard = _Heard(lambda line: None)
    try:
        done = _call(["nix-build", "--expr", probe, *_QUIET, *options(host)], host, heard)
    except BuilderError as error:
        return error.message
    if any("/no/such/program" in text for text in heard.lines + heard.errors):
        return ""
    return heard.last() or f"nix-build ended with {done.code}"


def version(host: Mapping[str, str]) -> str:
    """Which Nix this is, and whose store it uses."""
    try:
        done = process.run(["nix-build", "--version"], env=host)
    except FileNotFoundError:
        return ""
    own = _own_store(host)
    whose = f"a store of your own, `{own}`" if own else "a daemon" if _by_daemon(host) else "single-user"
    return f"{done.out.strip()}, {whose}"


class _Heard:
    """What Nix says in its internal JSON log format, one object a line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.lines: list[str] = []  # of the steps
        self.errors: list[str] = []  # Nix's own
        self._say = say

    def hear(self, line: str) -> str:
        """Take a line of stderr in; gives what a person wants to see of it, "" for nothing."""
        try:
            event: dict[str, Any] = json.loads(line.removeprefix("@nix "))
        except ValueError:
            event = {"action": "msg", "level": 0, "msg": line}
        match event:
            case {"action": "result", "type": 101, "fields": [text, *_]}:  # resBuildLogLine of Nix's logging.hh
                self.lines.append(str(text))
                self._say(str(text))
                return str(text)
            case {"action": "msg", "level": 0, "msg": text}:
                plain = _COLOUR.sub("", str(text)).removeprefix("error: ")
                if plain.startswith("note: keeping build directory"):
                    self._say(plain.removeprefix("note: "))
                self.errors.append(plain)
                return plain
            case {"action": "msg", "msg": text}:
                return _COLOUR.sub("", str(text))
        return ""

    def last(self) -> str:
        """The last line of the last error."""
        return " ".join(self.errors[-1].split()) if self.errors else ""

    def error(self, code: int) -> BuilderError:
        """Why a call failed that had to run a step."""
        for text in self.errors:
            failed = _FAILED.search(text)
            if failed is None:
                continue
            last = next((line for line in reversed(self.lines) if line.strip()), "it said nothing")
            code = int(failed["code"]) + (128 if failed["how"] == "due to signal" else 0)  # as a shell counts
            if code == REFUSED:
                return BuilderError(f"the sandbox failed: {last}", hint=_MEND, code=Exit.SANDBOX)
            return BuilderError(
                f"step `{failed['step']}` failed with exit code {code}: {last}",
                hint="mend what it names; `-vv` shows all that the step wrote",
                code=Exit.STEP,
            )
        return BuilderError(f"Nix failed: {self.last() or f'exit code {code}'}", hint=_MEND, code=Exit.SANDBOX)


def _call(command: list[str], host: Mapping[str, str], heard: _Heard) -> process.Result:
    try:
        # Nix 2.8 does not start for a user whom neither the environment nor a password file names.
        return process.run(command, env={"USER": "builder", **host}, line=heard.hear)
    except FileNotFoundError as error:
        raise BuilderError(f"`{command[0]}` is not installed", hint=_MEND, code=Exit.SANDBOX) from error


def _lay_out(work: Work, folder: Path) -> None:
    """Fill the folder that run.nix reads."""
    (folder / SCRIPTS).mkdir(parents=True)
    for name, text in data.nix().items():
        (folder / name).write_bytes(text)
    for name in work.chain.plan.scripts:
        (folder / SCRIPTS / name).write_bytes(work.chain.script(name))
    content = {
        "plan": work.chain.plan.model_dump(mode="json"),
        "files": str(work.chain.files),
        "root": str(work.toolchain),
        "trees": {name: {"path": str(path), "nar": path.name} for name, path in work.chain.trees.items()},
    }
    (folder / "work.json").write_text(json.dumps(content))


@cache
def _has_group(name: str) -> bool:
    with contextlib.suppress(KeyError):
        return bool(grp.getgrnam(name))
    return False


def _own_store(host: Mapping[str, str]) -> str:
    """The store of an ordinary user whom the machine's does not serve: where Nix from 2.10 on looks for it too."""
    if os.geteuid() == 0 or host.get("NIX_REMOTE") or _SOCKET.exists() or os.access("/nix/var/nix/db", os.W_OK):
        return ""
    share = host.get("XDG_DATA_HOME") or f"{host.get('HOME', '')}/.local/share"
    return f"{share}/nix/root"


def _by_daemon(host: Mapping[str, str]) -> bool:
    return host.get("NIX_REMOTE") == "daemon" or (_SOCKET.exists() and not os.access("/nix/var/nix/db", os.W_OK))


def _store_uri(host: Mapping[str, str]) -> str:
    """The store that the user's configuration names."""
    if host.get("NIX_REMOTE"):
        return host["NIX_REMOTE"]
    command = ["nix", "--extra-experimental-features", "nix-command", "show-config", "--json"]
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
        return str(json.loads(process.run(command, env=host).out)["store"]["value"])
    return ""


def _root_of(uri: str) -> str:
    """The folder below which a store's paths lie; "" for the machine's own, or one that is not said to be elsewhere."""
    if uri.startswith("/"):
        return uri.rstrip("/")
    found = re.search(r"[?&]root=([^&]+)", uri)
    return found[1].rstrip("/") if found else ""


BACKEND = Backend(name="nix", refusal=refusal, mend=_MEND, run=run, shell=shell, chained=True, version=version)
