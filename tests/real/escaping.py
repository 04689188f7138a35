"""What the tests of escapes share: a host with something to be got, and a plan whose one step tries to get it."""

import contextlib
import ctypes
import getpass
import hashlib
import json
import os
import platform
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from builder import lockfile, plan, project, scripts
from builder.plan import Plan, Step, Tree

from .worlds import World

ESCAPES = Path(__file__).parent / "escapes"
_LIBC = ctypes.CDLL(None)
_SHM_KEY = 0x6275696C
_CREATE, _REMOVE = 0o1000, 0  # IPC_CREAT, IPC_RMID


@contextlib.contextmanager
def host(world: World) -> Iterator[dict[str, Any]]:
    """What there is to be reached: servers, a process, files, a key, shared memory; all of this test alone."""
    canary = f"canary{secrets.token_hex(8)}"
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="escapes-"))
        file = Path(folder, "file")
        file.write_text(canary)
        servers = {
            "tcp": listening(stack, socket.AF_INET, ("127.0.0.1", 0)),
            "abstract": listening(stack, socket.AF_UNIX, f"\0{canary}"),
            "path": listening(stack, socket.AF_UNIX, f"{folder}/socket"),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()", canary],
            stdin=subprocess.PIPE,
            env={"CANARY": canary},
        )
        stack.callback(process.wait)
        stack.callback(process.terminate)
        shared = Path("/dev/shm", canary)
        shared.write_text(canary)
        stack.callback(shared.unlink)
        memory = _LIBC.shmget(_SHM_KEY + os.getpid(), 4096, _CREATE | 0o666)
        stack.callback(_LIBC.shmctl, memory, _REMOVE, None)
        yield {
            "canary": canary,
            "port": servers["tcp"].getsockname()[1],
            "abstract": canary,
            "socket": f"{folder}/socket",
            "passwd": hashlib.sha256(Path("/etc/passwd").read_bytes()).hexdigest(),
            "file": str(file),
            "victim": str(victim(folder)),
            "app": str(world.app),
            "store": str(world.store),
            "nix": in_nix(world, file, canary),
            "pid": process.pid,
            "key": key(canary),
            "shm": _SHM_KEY + os.getpid(),
            "hostname": socket.gethostname(),
            "user": user(),
            "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
            "kernel": platform.release(),
            "time": time.time(),
        }


def victim(folder: str) -> Path:
    """A folder of the user's with modes and a date of its own."""
    found = Path(folder, "victim")
    found.mkdir(mode=0o700)
    (found / "file").write_text("mine")
    (found / "file").chmod(0o600)
    os.utime(found / "file", (1, 1))
    return found


def listening(stack: contextlib.ExitStack, family: int, address: Any) -> socket.socket:
    """A server that takes whoever comes."""
    server = stack.enter_context(socket.socket(family))
    server.bind(address)
    server.listen()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                server.accept()[0].close()

    threading.Thread(target=accept, daemon=True).start()
    return server


def key(canary: str) -> int:
    """A key in the session's keyring of this process, else the user's."""
    for ring in (-3, -4):
        serial = _LIBC.syscall(248, b"user", canary.encode(), b"secret", 6, ring)  # add_key
        if serial > 0:
            _LIBC.syscall(250, 15, serial, 600)  # KEYCTL_SET_TIMEOUT, in seconds
            return int(serial)
    return 1


def user() -> str:
    """Who the tests are run by, if that says more than the sandbox would by itself."""
    name = getpass.getuser()
    return "" if name == "root" else name


def in_nix(world: World, file: Path, canary: str) -> str:
    """A path of the world's Nix store that no step is given; one that is nowhere where there is no Nix."""
    if "NIX_REMOTE" not in world.env:
        return "/nix/store/nothing"
    named = file.with_name(f"{canary}.nix")
    named.write_text(canary)
    done = subprocess.run(["nix-store", "--add", named], env=world.env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def plan_of(app: Path, script: str, *args: str) -> Plan:
    """Commit a plan of one script of `escapes/` with the app."""
    inside = app / "builder.plan" / "inside"
    (inside / script).write_bytes((ESCAPES / script).read_bytes())
    (inside / scripts.START).write_bytes(scripts.text(scripts.START))
    planned = Plan(
        target="web",
        artifact=".",
        toolchain=lockfile.load(app).toolchain.nar,
        project=dict(project.load(app, {}, print).inputs()),
        scripts={name: hashlib.sha256((inside / name).read_bytes()).hexdigest() for name in (script, scripts.START)},
        pins={},
        steps=(Step(name="escape", scripts=(script, scripts.START), args=args, inputs={"app": Tree(tree="app")}),),
    )
    (app / "builder.plan" / "web.json").write_bytes(plan.dump(planned))
    return planned


def given(app: Path, found: dict[str, Any]) -> None:
    """Tell the step what there is."""
    (app / "host.json").write_text(json.dumps(found))
