"""The store: pinned files under their sha256, outputs under their key, on the user's disk.

Nothing in it is trusted for having been right once: a file is hashed again once a process before it is read, an
output before it is used.
"""

import contextlib
import errno
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from builder import exclusive, nar
from builder.errors import BuilderError, Exit
from builder.removal import remove

_TRIES, _PAUSE = 50, 0.05  # seconds between
_OURS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)  # limits of this process or machine
_DATE = 315532800  # 1980-01-01; all that the store holds carries it


class Store:
    """A folder of files, outputs, trees and toolchains; many processes may use it at once."""

    def __init__(self, root: Path) -> None:
        """A store in a folder, which is made when something is first put there."""
        self.root = root
        self._verified: set[str] = set()

    # --- places -------------------------------------------------------------------------------------------------

    @property
    def files(self) -> Path:
        """The folder that holds the bytes of each pin under its sha256."""
        return self.root / "files"

    def file(self, sha256: str) -> Path:
        """Where the bytes of a pin lie once they are whole."""
        return self._place("files", sha256)

    def partial(self, sha256: str) -> Path:
        """Where the bytes of a pin gather while they are fetched."""
        return self._place("partial", sha256)

    def rejected(self, sha256: str) -> Path:
        """Where bytes are set aside that were not what the pin of that sha256 says."""
        return self._place("rejected", sha256)

    def output(self, key: str) -> Path:
        """Where the output of the step with that key lies; for a toolchain, its NAR sha256 is the key."""
        return self._place("outputs", key)

    def log(self, name: str) -> Path:
        """A log file of that name."""
        return self._place("logs", name)

    def state(self, name: str) -> Path:
        """Where a small record of that name lies, such as an app's last builds."""
        return self._place("apps", name)

    # --- locks --------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def locked(self, name: str, *, shared: bool = False) -> Iterator[None]:
        """Hold the lock of that name; the kernel frees it when the process ends, however it ends."""
        with self._taken(name, shared=shared):
            yield

    @contextlib.contextmanager
    def alone(self, patience: float = 0) -> Iterator[bool]:
        """Whether no build runs, held for as long as the block lasts; waits for so many seconds at the most."""
        with self.tried("store", patience) as alone:
            yield alone

    @contextlib.contextmanager
    def tried(self, name: str, patience: float = 0) -> Iterator[bool]:
        """Whether the lock of that name could be had within so many seconds; held for as long as the block lasts."""
        with self._taken(name, patience=patience) as got:
            yield got

    def forget_locks(self) -> None:
        """Remove the locks of single things; call it while `alone`, when nobody holds or wants one."""
        for path in self._place("locks", "").iterdir():
            if path.stem != "store":
                with contextlib.suppress(OSError):
                    path.unlink()

    # --- files --------------------------------------------------------------------------------------------------

    def verified(self, sha256: str) -> bool:
        """Whether the store holds the bytes of a pin, hashed once in this process; wrong ones are set aside."""
        path = self.file(sha256)
        if sha256 in self._verified:
            return True
        try:
            with path.open("rb") as file:
                right = stat.S_ISREG(os.fstat(file.fileno()).st_mode) and not path.is_symlink()
                right = right and hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            return False
        except OSError as error:
            _raise_if_ours(error)
            right = False
        if not right:
            self._set_aside(path, self.rejected(sha256))
            return False
        self._verified.add(sha256)
        return True

    # --- outputs ------------------------------------------------------------------------------------------------

    def holds(self, key: str) -> bool:
        """Whether the output of that key is there and has the bytes it had when it was made; else it is removed."""
        if key in self._verified:
            return True
        path, before = self.output(key), self._put_at(key)
        try:
            right = nar.sha256(path) == self._record(key).read_text()
        except OSError as error:
            _raise_if_ours(error)
            right = False
        except UnicodeDecodeError:
            right = False
        if right:
            self._verified.add(key)
        elif before is not None and before == self._put_at(key):  # else another process is putting it right now
            self.remove(key)
        return right

    def claims(self, key: str) -> bool:
        """Whether an output of that key seems to be there; only `holds` says that it is right."""
        return self._record(key).is_file() and self.output(key).is_dir()

    def recorded(self, key: str) -> bool:
        """Whether an output of that key was put here once, whatever became of it."""
        return self._record(key).exists()

    def digest(self, key: str) -> str:
        """The NAR sha256 (hex) of an output that `holds`."""
        return self._record(key).read_text()

    def put(self, key: str, made: Path) -> str:
        """Move a finished folder of the store's disk in as the output of that key; gives its NAR sha256 (hex)."""
        normalise(made)
        found = nar.sha256(made)
        path, record = self.output(key), self._record(key)
        self._set_aside(path, None)
        made.replace(path)
        temporary = record.with_name(f"{record.name}.{os.getpid()}")
        temporary.write_text(found)
        temporary.replace(record)
        self._verified.add(key)
        return found

    def put_under_digest(self, made: Path) -> str:
        """Move a finished folder in under its own NAR sha256, which it gives; one that is there already stays."""
        normalise(made)
        key = nar.sha256(made)
        with self.locked(key):
            if not self.holds(key):
                self.put(key, made)
        return key

    def remove(self, key: str) -> None:
        """Forget the output of that key."""
        self._record(key).unlink(missing_ok=True)
        self._set_aside(self.output(key), None)
        self._verified.discard(key)

    @contextlib.contextmanager
    def workspace(self) -> Iterator[Path]:
        """A new folder on the store's disk, removed at the end."""
        path = self._place("work", f"{os.getpid()}-{os.urandom(4).hex()}")
        path.mkdir(mode=0o700)
        try:
            yield path
        finally:
            _remove_at_last(path)

    def keep_failed(self, name: str, folder: Path) -> Path:
        """Take a failed step's workspace out of its end; gives where it stays until one of that name fails again."""
        place = self._place("failed", name)
        remove(place)
        folder.replace(place)
        folder.mkdir()
        return place

    # --- inner --------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _taken(self, name: str, *, shared: bool = False, patience: float | None = None) -> Iterator[bool]:
        lock = exclusive.taken(self._place("locks", name), shared=shared, patience=patience)
        with contextlib.ExitStack() as held:
            try:
                got = held.enter_context(lock)
            except OSError as error:
                raise self._unwritable(error) from error
            yield got

    def _put_at(self, key: str) -> tuple[int, int] | None:
        """What tells one putting of an output from the next; None where it is not there."""
        try:
            status = self._record(key).stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def _record(self, key: str) -> Path:
        return self._place("outputs", f"{key}.nar")

    def _place(self, folder: str, name: str) -> Path:
        path = self.root / folder
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        return path / name

    def _unwritable(self, error: OSError) -> BuilderError:
        return BuilderError(
            f"the store `{self.root}` can't be written: {error.strerror}",
            hint="free or allow that place, or name another with BUILDER_HOME",
            code=Exit.PROJECT,
        )

    def _set_aside(self, path: Path, place: Path | None) -> None:
        """Take what lies at a path away: to `place`, or for good."""
        if not path.exists() and not path.is_symlink():
            return
        if place is not None:
            remove(place)
            path.replace(place)
            return
        doomed = self._place("work", f"old-{os.getpid()}-{os.urandom(4).hex()}")
        with contextlib.suppress(FileNotFoundError):  # another process took it away first
            path.replace(doomed)
            remove(doomed)


def _raise_if_ours(error: OSError) -> None:
    """Go on only where an error may mean that what was read is damaged, not that this process may read no more."""
    if error.errno in _OURS:
        raise error


def normalise(root: Path) -> None:
    """Give every file mode 0644 or 0755, every folder 0755, and all of them one date."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            found = os.lstat(path)
            if stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) not in (0o644, 0o755):
                os.chmod(path, 0o755 if found.st_mode & 0o100 else 0o644)
            if found.st_mtime != _DATE:  # what was linked from another output has it
                os.utime(path, (_DATE, _DATE), follow_symlinks=False)
        os.chmod(folder, 0o755)
        os.utime(folder, (_DATE, _DATE))


def _remove_at_last(path: Path) -> None:
    """Remove a workspace, waiting a little for a sandbox that was killed but still writes."""
    for _ in range(_TRIES):
        with contextlib.suppress(OSError):
            remove(path)
            return
        time.sleep(_PAUSE)
    remove(path)
