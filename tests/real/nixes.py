"""Nix as other machines have it: other versions, a daemon, an ordinary user; never with this machine's own store."""

import contextlib
import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from builder.network.mirrors import Bases

KEYRING = Path(__file__).parents[2] / "toolchains" / "debian-archive-keyring.asc"
PACKAGES = ("nix-bin", "bash", "coreutils", "mount", "util-linux")
ANN = 1234  # id of an ordinary user and of her group
# A daemon kills whatever runs as its build users before it builds, so tests at once need users of their own.
GROUP = 30000 + 100 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
BUILD_USERS = {f"nixbld{number}": GROUP + number for number in range(1, 4)}
SETTINGS = {"experimental-features": "nix-command flakes", "substitute": "false"}
ALONE = {"build-users-group": ""} | SETTINGS  # how root uses Nix where no daemon's users are

# A private apt: what is configured about proxies and certificates holds; hooks of this machine's packages do not.
APT = """
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Architectures "amd64";
APT::Sandbox::User "";
Acquire::Languages "none";
Debug::NoLocking "true";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
"""

# Makes $0 the root of this mount namespace and waits for the end of its input. It is a real root, not a chroot: in a
# chroot the kernel makes no user namespace. /proc stays the machine's, as a covered one could not be mounted anew.
MACHINE = """
set -e
mount -t tmpfs -o mode=0755 none "$0"
cd "$0"
mkdir dev etc nix proc root sys tmp usr
for name in bin lib lib64 sbin; do ln -s "usr/$name" "$name"; done
for name in dev proc sys; do mount --rbind "/$name" "$name"; done
mount -t tmpfs -o mode=1777 none tmp
mkdir -p ".$2"
mount --rbind "$1" usr
mount --rbind "$2" ".$2"
mount --bind "$2/nix" nix
mount --bind "$2/etc" etc
pivot_root . .
umount -l .
echo ready
exec cat
"""


@dataclass(frozen=True)
class Machine:
    """A machine with one Nix, an empty store and no network; of this one it sees its own folder, at the same place."""

    folder: Path
    pid: int

    def enter(self, user: int = 0) -> list[str]:
        """What comes before a command line to run it there."""
        drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        return ["nsenter", f"--target={self.pid}", "--mount", "--net", *drop]

    def run(self, *argv: str, user: int = 0, settings: dict[str, str] = ALONE) -> subprocess.CompletedProcess[str]:
        """Run a program there to its end."""
        env = environment(settings) | ({"HOME": str(self.home)} if user else {})
        return subprocess.run([*self.enter(user), *argv], env=env, capture_output=True, text=True, check=False)

    def must(self, *argv: str, user: int = 0, settings: dict[str, str] = ALONE) -> str:
        """What a program prints that must end well there."""
        done = self.run(*argv, user=user, settings=settings)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def home(self) -> Path:
        """Ann's home."""
        return self.folder / "home"

    @contextlib.contextmanager
    def daemon(self, **settings: str) -> Iterator[None]:
        """A Nix daemon there, with build users, while the block runs."""
        socket = self.folder / "nix/var/nix/daemon-socket/socket"
        env = environment({"build-users-group": "nixbld"} | SETTINGS | settings)
        with (self.folder / "daemon.log").open("w") as log:
            process = subprocess.Popen([*self.enter(), "nix-daemon"], env=env, stdout=log, stderr=log)
            try:
                wait_for(socket, process)
                yield
            finally:
                process.terminate()
                process.wait()
                socket.unlink(missing_ok=True)


def environment(settings: dict[str, str]) -> dict[str, str]:
    """What programs find in their environment there."""
    config = "".join(f"{key} = {value}\n" for key, value in settings.items())
    return {"PATH": "/usr/bin:/usr/sbin", "HOME": "/root", "LC_ALL": "C.UTF-8", "NIX_CONFIG": config}


def wait_for(socket: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a daemon listens."""
    deadline = time.monotonic() + 20
    while not socket.exists():
        assert process.poll() is None, "the daemon ended"
        assert time.monotonic() < deadline, "the daemon does not listen"
        time.sleep(0.02)


@contextlib.contextmanager
def machine(usr: Path, folder: Path) -> Iterator[Machine]:
    """A machine whose programs are in `usr`; its store, its user's home and its temporary files lie in the folder."""
    for name in ("nix", "etc", "root", "home"):
        (folder / name).mkdir(parents=True)
    os.chown(folder / "home", ANN, ANN)
    folder.chmod(0o755)
    users = {"root": 0, "ann": ANN, **BUILD_USERS}
    passwd = [f"{name}:x:{number}:{number}::{folder}/home:\n" for name, number in users.items()]
    (folder / "etc" / "passwd").write_text("".join(passwd))
    (folder / "etc" / "group").write_text(f"root:x:0:\nann:x:{ANN}:\nnixbld:x:{GROUP}:{','.join(BUILD_USERS)}\n")
    command = ["unshare", "--mount", "--net", "sh", "-c", MACHINE, str(folder / "root"), str(usr), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # ends with its input
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield Machine(folder, process.pid)


def debian(suite: str, cache: Path) -> Path:
    """The /usr of the Nix in a suite of Debian: its packages, fetched as apt does it here, unpacked, not installed."""
    place = cache / suite
    with (cache / f"{suite}.lock").open("w") as lock:  # of other runs of the tests
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            _unpack(suite, place)
    return place


def _unpack(suite: str, place: Path) -> None:
    with tempfile.TemporaryDirectory(dir=place.parent) as name:
        folder = Path(name)
        _download(suite, folder)
        for package in sorted((folder / "cache/archives").glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", package, folder / "tree"], check=True)
        (folder / "tree/usr").rename(place)


def _download(suite: str, folder: Path) -> None:
    base = Bases(settings={}, environ=os.environ, home=Path.home(), origins={}).base("debian")
    (folder / "sources.list").write_text(f"deb [signed-by={KEYRING} target=Packages] {base} {suite} main\n")
    (folder / "status").touch()
    (folder / "apt.conf").write_text(APT.format(folder=folder))
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    apt = ["apt-get", "--config-file", str(folder / "apt.conf"), "--quiet", "--yes"]
    install = ["install", "--no-install-recommends", "--download-only", *PACKAGES]
    for command in (["update"], install):
        done = subprocess.run([*apt, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
