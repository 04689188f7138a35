"""The artifact as the user gets it: a copy in build/<target>/, and the digest that it is compared with."""

import hashlib
import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path

from builder import copying, whole
from builder.commands import Context, attest
from builder.errors import BuilderError, Exit
from builder.removal import remove

EXPECTED = "builder.expected.toml"  # target -> digest, committed with an app


def check_place(context: Context, folder: Path) -> None:
    """Raise BuilderError (usage) for a folder that an artifact may not replace: what is in it would be lost."""
    real, root = Path(os.path.realpath(folder)), Path(os.path.realpath(context.root))
    if root.is_relative_to(real):
        why = "holds the app"
    elif real.is_relative_to(root) and root / "build" not in real.parents:
        why = "is in the app, whose next build would take it for a part of the app"
    elif os.path.lexists(folder) and not folder.is_dir():
        why = "is a file"
    elif folder.is_dir() and any(folder.iterdir()) and not _ours(context, folder):
        why = "is not empty, and builder did not make it"
    elif not _mark(context, folder).exists() and (found := [p for p in attest.places(folder) if os.path.lexists(p)]):
        why = f"has `{found[0].name}` beside it, which builder did not make"
    else:
        return
    raise BuilderError(
        f"`{folder}` can't be replaced by the artifact: it {why}",
        hint="name a new or empty folder with --output, outside of the app or below its `build/`",
        code=Exit.USAGE,
    )


def place(context: Context, artifact: Path, folder: Path) -> Path:
    """Deliver an artifact, and remember that the folder may be replaced by the next one.

    Raises BuilderError (project) where the folder can't be written.
    """

    def mark(made: Path) -> None:
        """Both folders, as this process may be killed before the one has taken the place of the other."""
        inodes = [made.stat().st_ino] + ([folder.stat().st_ino] if _ours(context, folder) else [])
        _mark(context, folder).write_text(json.dumps({"path": os.path.realpath(folder), "inodes": inodes}))

    try:
        with context.store.locked(_mark(context, folder).name):
            return deliver(artifact, folder, mark)
    except OSError as error:
        raise BuilderError(
            f"the artifact can't be written to `{folder}`: {error.strerror}",
            hint="allow or free that place, or name another folder with --output",
            code=Exit.PROJECT,
        ) from error


def deliver(artifact: Path, place: Path, ready: Callable[[Path], None] = lambda made: None) -> Path:
    """Copy an artifact to a place that is replaced whole; gives the path of the copy, of which `ready` hears before.

    A copy, never a hard link into the store: what a user edits must not reach it. Of an earlier copy what is the same
    stays, which spares writing, making folders and removing them. Raises OSError.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    for left in whole.leftovers(place):
        remove(left)
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        if not artifact.is_dir() or not _updated(artifact, place, fresh, ready):
            _replace(artifact, place, fresh, ready)
    finally:
        remove(fresh)
    remove(_old(fresh))
    return place if artifact.is_dir() else place / artifact.name


def _updated(artifact: Path, place: Path, fresh: Path, ready: Callable[[Path], None]) -> bool:
    """Whether an earlier copy could be made this one; where not, it may be gone."""
    if not place.is_dir() or place.is_symlink():
        return False
    ready(place)
    try:
        copying.update(str(artifact), str(place), str(fresh))
    except OSError:  # such as a folder in it that nobody may write
        remove(fresh)
        return False
    return True


def _replace(artifact: Path, place: Path, fresh: Path, ready: Callable[[Path], None]) -> None:
    """Put a new copy where another one may be, which goes; it stays where that fails."""
    if artifact.is_dir():
        copying.folder(str(artifact), str(fresh))
    else:
        fresh.mkdir()
        copying.file(str(artifact), str(fresh / artifact.name))
    ready(fresh)
    old = _old(fresh)
    remove(old)
    if os.path.lexists(place):
        place.rename(old)
    try:
        fresh.rename(place)
    except OSError:
        if os.path.lexists(old):
            old.rename(place)
        raise


def _old(fresh: Path) -> Path:
    """Where the copy before is while another one takes its place."""
    return fresh.with_name(f"{fresh.name}.old")


def expected(root: Path) -> dict[str, str]:
    """The digests that are committed with an app, by target; empty where there are none."""
    try:
        digests = tomllib.loads((root / EXPECTED).read_bytes().decode()).get("digests", {})
        return {str(target): str(digest) for target, digest in digests.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:  # what tomllib and decoding raise are ValueErrors
        raise BuilderError(
            f"`{EXPECTED}` can't be read: {error}",
            hint="restore it from version control, or remove it and build with --record",
            code=Exit.PROJECT,
        ) from error


def record(root: Path, target: str, digest: str) -> None:
    """Write the digest that a target is expected to have from now on."""
    known = expected(root) | {target: digest}
    lines = "".join(f'{name} = "{known[name]}"\n' for name in sorted(known))
    head = "# What `builder build --record` saw: sha256 of a file, NAR sha256 of a folder.\n"
    try:
        whole.write(root / EXPECTED, f"{head}[digests]\n{lines}".encode())
    except OSError as error:
        raise whole.unwritable(EXPECTED, error, "allow or free that place, or build without --record") from error


def _mark(context: Context, folder: Path) -> Path:
    """A file of the store that says which folder builder made at that place."""
    return context.store.state(f"{hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()}.place")


def _ours(context: Context, folder: Path) -> bool:
    """Whether builder made a folder; the user may have put another one in its place since."""
    try:
        return folder.stat().st_ino in json.loads(_mark(context, folder).read_text())["inodes"]
    except (OSError, ValueError, TypeError, KeyError):
        return False
