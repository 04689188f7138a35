"""A build that has nothing to do, found out with the standard library alone.

After a build its inputs' digests are kept. The same command finds them unchanged, hashes the artifact again, and is
done before anything heavy is imported.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builder import nar

_WATCHED = ("BUILDER_", "FLET_")
_MIRROR = "BUILDER_MIRROR_"


def store_root(environ: Mapping[str, str]) -> Path:
    """The folder of the store: BUILDER_HOME, else $XDG_CACHE_HOME/builder, else ~/.cache/builder."""
    if environ.get("BUILDER_HOME"):
        return Path(environ["BUILDER_HOME"]).absolute()
    cache = environ.get("XDG_CACHE_HOME") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".cache")
    return Path(cache).absolute() / "builder"


def name(argv: Sequence[str], cwd: str, environ: Mapping[str, str]) -> str:
    """The name of the record of one command line in one place and environment."""
    seen = {key: value for key, value in environ.items() if key.startswith(_WATCHED) or key == "CI"}
    # A hash of a password could be guessed; where a file came from decides no byte.
    seen = {key: value for key, value in seen.items() if not key.endswith("PASSWORD") and not key.startswith(_MIRROR)}
    return hashlib.sha256(json.dumps([list(argv), cwd, seen, _release()], sort_keys=True).encode()).hexdigest()


def recall(path: Path, stdout: str) -> str | None:
    """What the last build with that record printed, if it would print the same now; else None."""
    try:
        record = json.loads(path.read_bytes())
        root, seen = Path(record["root"]), record["inputs"]
        if seen != inputs(root, record["tree"], list(seen["folders"]), list(seen["files"])):
            return None
        if digest(Path(record["artifact"])) != record["digest"]:
            return None
        if digests(list(record["beside"])) != record["beside"]:
            return None
        text: str = record[stdout]
        os.utime(path)  # when the app was last used
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return text


def record(path: Path, content: Mapping[str, Any]) -> None:
    """Keep what `recall` reads; a half-written one is no record."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content))
    temporary.replace(path)


def inputs(root: Path, tree: Sequence[str], folders: Sequence[str], files: Sequence[str]) -> dict[str, Any]:
    """What decides a build: the app's tree by its NAR sha256, other files by sha256, folders by their change times.

    A folder's change time tells that a file came or went, so git need not be asked.
    """
    return {
        "tree": nar.sha256_of({member: root / member for member in tree}),
        "files": digests(files),
        "folders": {folder: os.stat(root / folder).st_mtime_ns for folder in folders},
    }


def digests(files: Sequence[str]) -> dict[str, str]:
    """The sha256 (hex) of each file, "" for one that is not there."""
    return {file: _sha256(Path(file)) for file in files}


def digest(path: Path) -> str:
    """What names an artifact by its bytes: the sha256 (hex) of a file, the NAR sha256 of a folder."""
    return nar.sha256(path) if path.is_dir() else _sha256(path)


def _sha256(path: Path) -> str:
    """The sha256 (hex) of a file; "" where none can be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _release() -> str:
    """What tells one state of builder's own files from another: names, sizes and change times."""
    seen = []
    top = os.path.dirname(__file__)
    for folder, folders, names in os.walk(top):
        folders[:] = [entry for entry in folders if entry != "__pycache__"]
        for entry in names:
            status = os.stat(os.path.join(folder, entry))
            seen.append(f"{folder}/{entry} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(seen)).encode()).hexdigest()
