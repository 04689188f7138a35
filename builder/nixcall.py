"""How Nix is called: which store a user has here, what Nix is always told, and how its log format is read."""

import contextlib
import getpass
import json
import os
import platform
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from builder import process
from builder.errors import BuilderError, Exit

MEND = (
    "install Nix 2.8 or newer (`apt-get install nix-bin`), allow user namespaces, and have no `sandbox = false` in the "
    "nix.conf of a daemon that does not trust you"
)
_SOCKET = Path("/nix/var/nix/daemon-socket/socket")
_CONFIGURED = Path("/etc/nix/nix.conf")
_DATABASE = "/nix/var/nix/db"
_FAILED = re.compile(
    r"/nix/store/[0-9a-z]{32}-(?P<step>[^/']+)\.drv'.*?failed (?P<how>with exit code|due to signal) (?P<code>\d+)",
    re.DOTALL,
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Asked for always; a daemon may ignore them, so the proof that each step begins with is what counts.
_OPTIONS = {"sandbox": "true", "sandbox-fallback": "false", "substitute": "false"}
_HERE = (platform.system(), platform.machine()) == ("Linux", "x86_64")  # where steps run without a remote builder


class Heard:
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
        """The last error, on one line; Nix 2.8 says why it could not start a build in the one before."""
        told = self.errors[-2:] if self.errors[-1:] == ["unable to start build process"] else self.errors[-1:]
        return "; ".join(" ".join(text.split()) for text in told)

    def failed(self) -> tuple[str, int] | None:
        """The step that failed, and its exit code (128 more than a signal, as a shell counts); None: none did."""
        for text in self.errors:
            if found := _FAILED.search(text):
                return found["step"], int(found["code"]) + (128 if found["how"] == "due to signal" else 0)
        return None


def call(command: list[str], host: Mapping[str, str], heard: Heard) -> process.Result:
    """Run a program of Nix to its end, whatever its exit code. Raises BuilderError (sandbox) where it is missing."""
    try:
        # Nix 2.8 does not start for a user whom neither the environment nor a password file names.
        return process.run(command, env={"USER": "builder", **host}, line=heard.hear)
    except FileNotFoundError as error:
        raise BuilderError(f"`{command[0]}` is not installed", hint=MEND, code=Exit.SANDBOX) from error


def options(host: Mapping[str, str]) -> list[str]:
    """What every call of Nix is told: its sandbox, and the store of an ordinary user who has no daemon."""
    given = dict(_OPTIONS)
    if _is_root() and not _has_build_users():
        given["build-users-group"] = ""  # Debian's package alone makes no such group, and Nix insists on it
    if _HERE:
        given["max-jobs"] = "auto"  # Nix's own default is one step at a time
    own = own_store(host)
    return [word for key, value in given.items() for word in ("--option", key, value)] + (
        ["--store", own] if own else []
    )


def place(path: str, host: Mapping[str, str]) -> Path:
    """Where a store path lies on disk: below the root of the store, where that is not the machine's own.

    Raises BuilderError (sandbox) for a store that is on no disk of this machine.
    """
    found = Path(f"{own_store(host)}{path}")
    if not os.path.lexists(found):
        found = Path(f"{_root_of(host.get('NIX_REMOTE') or str(_configuration(host).get('store', '')))}{path}")
    if not os.path.lexists(found):
        raise BuilderError(
            f"the Nix store that holds `{path}` is not on this machine",
            hint="choose a local store with NIX_REMOTE, or --backend bwrap",
            code=Exit.SANDBOX,
        )
    return found


def version(host: Mapping[str, str]) -> str:
    """Which Nix this is, and whose store it uses; "" where there is none."""
    try:
        done = process.run(["nix-build", "--version"], env=host)
    except FileNotFoundError:
        return ""
    own = own_store(host)
    whose = f"a store of your own, `{own}`" if own else "through its daemon" if _by_daemon(host) else "single-user"
    return f"{done.out.strip()}, {whose}"


def distrust(host: Mapping[str, str]) -> str:
    """Why a daemon's steps would run outside of a sandbox, whatever builder asks for; "" where they would not."""
    if not _by_daemon(host):
        return ""
    configured = _configuration(host)
    sandbox, trusted = configured.get("sandbox", True), configured.get("trusted-users", [])
    user = host.get("USER") or getpass.getuser()
    import grp  # here, as below: other systems than Unix lack it

    groups = {f"@{grp.getgrgid(group).gr_name}" for group in os.getgroups()}
    if sandbox in (True, "true") or {"*", user} & set(trusted) or groups & set(trusted):
        return ""
    return (
        f"the daemon has `sandbox = {json.dumps(sandbox)}` in its nix.conf, and does not trust {user} to ask for more"
    )


def own_store(host: Mapping[str, str]) -> str:
    """The store of an ordinary user whom the machine's does not serve: where Nix from 2.10 on looks for it too."""
    if _is_root() or host.get("NIX_REMOTE") or _SOCKET.exists() or os.access(_DATABASE, os.W_OK):
        return ""
    share = host.get("XDG_DATA_HOME") or f"{host.get('HOME', '')}/.local/share"
    return f"{share}/nix/root"


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _has_build_users() -> bool:
    """Whether root's builds have users to run as: the group that Nix looks for, or one that somebody configured."""
    import grp

    with contextlib.suppress(KeyError):
        return bool(grp.getgrnam("nixbld"))
    with contextlib.suppress(OSError):
        return (
            re.search(r"^\s*build-users-group\s*=\s*(?!nixbld\b)\w", _CONFIGURED.read_text(), re.MULTILINE) is not None
        )
    return False


def _by_daemon(host: Mapping[str, str]) -> bool:
    return host.get("NIX_REMOTE") == "daemon" or (_SOCKET.exists() and not os.access(_DATABASE, os.W_OK))


def _configuration(host: Mapping[str, str]) -> dict[str, Any]:
    """What Nix's configuration files and NIX_CONFIG say: name -> value."""
    command = ["nix", "--extra-experimental-features", "nix-command", "show-config", "--json"]
    with contextlib.suppress(FileNotFoundError, ValueError):
        return {name: row.get("value") for name, row in json.loads(process.run(command, env=host).out).items()}
    return {}


def _root_of(uri: str) -> str:
    """The folder below which a store's paths lie; "" for the machine's own, or one that is not said to be elsewhere."""
    parts = urlsplit(uri)
    if parts.scheme in ("", "local") and parts.path.startswith("/"):  # Nix 2.34 writes `local:///x` for `/x`
        return unquote(parts.path).rstrip("/")
    return parse_qs(parts.query).get("root", [""])[0].rstrip("/")
