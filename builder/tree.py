"""The files that make up an app: what git has of it, elsewhere all of them. Standard library only."""

import contextlib
import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.errors import BuilderError, Exit

Git = Callable[[list[str]], str]  # arguments -> what git prints; run in the app's folder

_OURS = {"build", "builder.lock", "builder.plan", "builder.expected.toml", "flake.nix", "flake.lock"}  # at the top only
_JUNK = {".git", "__pycache__"}  # wherever git does not decide
_IMAGE = re.compile("(.*/)?assets/(icon|splash)[^/]*")
_RESULT = re.compile("result(-.*)?")  # a link at the top, made by `nix build`
# At the top: what a killed builder left of a file that it was writing.
_HALF = re.compile(r"\.(builder\.lock|builder\.expected\.toml|pyproject\.toml|flake\.nix)\.[0-9]+")


@dataclass(frozen=True)
class AppTree:
    """An app's files and symbolic links."""

    files: Mapping[str, Path]  # path relative to the app, with slashes -> absolute path; sorted
    untracked: tuple[str, ...] = ()  # of these, what git neither tracks nor ignores; sorted


def app_files(root: Path, git: Git | None) -> AppTree:
    """What makes up the app in an absolute folder. Without `git`, or where git has no file of it, all that is there.

    Raises BuilderError (project) for a link that leaves the app, and where git fails.
    """
    listed = _of_git(root, git) if git and _in_work_tree(root) else {}
    names = listed or dict.fromkeys(_all(root, ""), True)
    return AppTree(
        {name: root / name for name in sorted(names)},
        tuple(sorted(name for name, tracked in names.items() if not tracked)),
    )


def images(files: Mapping[str, Path]) -> dict[str, Path]:
    """Of an app's files those that icons and splash images are made of; all of them where one is a symbolic link.

    Such a link may lead to an image. `nix/plan.nix` has the same rule.
    """
    if any(path.is_symlink() for path in files.values()):
        return dict(files)
    return {name: path for name, path in files.items() if _IMAGE.fullmatch(name)}


def folders(root: Path) -> list[str]:
    """Every folder in which a new file could become one of the app's, relative, sorted; "." is the app's own."""
    found = ["."]
    for place, below, names in os.walk(root):
        folder = Path(place).relative_to(root).as_posix()
        if folder != "." and "pyvenv.cfg" in names:
            below.clear()
        below[:] = [name for name in below if name not in _JUNK and not (folder == "." and name in _OURS)]
        found += [posixpath.normpath(posixpath.join(folder, name)) for name in below]
    return sorted(found)


def git_files(root: Path, home: Path) -> list[Path]:
    """What beside the app's own files decides what git lists of it: its index, and what it is told to ignore."""
    found = [home / ".gitconfig", home / ".config" / "git" / "config", home / ".config" / "git" / "ignore"]
    for folder in (root, *root.parents):
        found.append(folder / ".gitignore")
        own = folder / ".git"
        if own.exists():
            with contextlib.suppress(OSError):  # what can't be read, git itself will name
                real = _git_folder(own)
                found += [real / "index", _common(real) / "info" / "exclude"]
            return found
    return []


def _git_folder(own: Path) -> Path:
    """The folder that `.git` is or, in a work tree of its own or a submodule, names."""
    if own.is_dir():
        return own
    named = own.read_text(errors="surrogateescape").partition("gitdir:")[2].strip()
    return own.parent / named


def _common(folder: Path) -> Path:
    file = folder / "commondir"
    return folder / file.read_text(errors="surrogateescape").strip() if file.is_file() else folder


def _in_work_tree(root: Path) -> bool:
    return any((folder / ".git").exists() for folder in (root, *root.parents))


def _of_git(root: Path, git: Git) -> dict[str, bool]:
    """Path -> whether git tracks it, of what is really there; what git does not know is kept as elsewhere."""
    real = _RealFolders(root)
    listed: dict[str, bool] = {}
    for name, tracked in _ask(root, git, ""):
        listed[name] = listed.get(name, False) or tracked
    environments = {posixpath.dirname(name) for name in listed if posixpath.basename(name) == "pyvenv.cfg"} - {""}
    found: dict[str, bool] = {}
    for name, tracked in listed.items():
        if name.split("/", 1)[0] in _OURS or (not tracked and _is_junk(name, environments)):
            continue
        if not tracked and _is_made(root, name):
            continue
        if real.holds(name) and _belongs(root, name):
            found[name] = tracked
    return found


def _is_junk(name: str, environments: set[str]) -> bool:
    parts = name.split("/")
    above = {"/".join(parts[:end]) for end in range(1, len(parts))}
    return not _JUNK.isdisjoint(parts) or not environments.isdisjoint(above)


def _ask(root: Path, git: Git, below: str) -> Iterator[tuple[str, bool]]:
    """Each path that git lists below a folder, and whether it is tracked; submodules are asked for their own."""
    arguments = ["ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard"]
    try:
        out = git(["-C", below, *arguments] if below else arguments)
    except FileNotFoundError as error:
        raise BuilderError(
            f"`{root}` is under git, but git is not installed",
            hint="install git: it tells which files are the app's and which are ignored",
            code=Exit.PROJECT,
        ) from error
    for entry in filter(None, out.split("\0")):
        name, tracked = posixpath.join(below, entry[2:].rstrip("/")), entry[0] != "?"
        place = root / name
        if not _is_folder(place):
            yield name, tracked
        elif (place / ".git").exists():
            yield from ((inner, tracked and known) for inner, known in _ask(root, git, name))
        elif tracked:
            raise BuilderError(
                f"the submodule `{name}` is not checked out",
                hint="run `git submodule update --init --recursive`",
                code=Exit.PROJECT,
            )


def _all(root: Path, below: str) -> Iterator[str]:
    """Each file and link below a folder that is no virtual environment, repository or cache."""
    try:
        entries = list(os.scandir(root / below))
    except OSError as error:
        raise _unreadable(below or ".", error) from error
    if below and any(entry.name == "pyvenv.cfg" for entry in entries):
        return
    for entry in entries:
        name = posixpath.join(below, entry.name)
        if entry.name in _JUNK or name in _OURS or _is_made(root, name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _all(root, name)
        elif _belongs(root, name):
            yield name


def _is_made(root: Path, name: str) -> bool:
    return bool(_HALF.fullmatch(name)) or (bool(_RESULT.fullmatch(name)) and (root / name).is_symlink())


def _belongs(root: Path, name: str) -> bool:
    """Whether a path is a file or a link (a pipe or device is no part of an app); False where nothing is."""
    try:
        name.encode()
        status = os.lstat(root / name)
    except UnicodeEncodeError as error:
        raise _no_utf8(name) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        if "\ufffd" in name:  # what stands for bytes that could not be decoded
            raise _no_utf8(name) from error
        return False  # deleted, but still in git's index
    except OSError as error:
        raise _unreadable(name, error) from error
    if stat.S_ISLNK(status.st_mode):
        _check_link(root, name)
        return True
    return stat.S_ISREG(status.st_mode)


def _check_link(root: Path, name: str) -> None:
    target = (root / name).readlink()
    top = os.path.realpath(root)
    end = os.path.realpath(root / name)
    if target.is_absolute() or os.path.commonpath([top, end]) != top:
        raise BuilderError(
            f"the symbolic link `{name}` leaves the app: it points to `{target}`",
            hint="copy what it points to into the app, make the link relative, or remove it",
            code=Exit.PROJECT,
        )


class _RealFolders:
    """Tells whether a path lies below folders only: git's index may name files below what is a link by now."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known = {"": True}

    def holds(self, name: str) -> bool:
        folder = posixpath.dirname(name)
        if folder not in self._known:
            self._known[folder] = self.holds(folder) and _is_folder(self._root / folder)
        return self._known[folder]


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def _unreadable(name: str, error: OSError) -> BuilderError:
    return BuilderError(f"`{name}` of the app can't be read: {error.strerror}", hint="allow it", code=Exit.PROJECT)


def _no_utf8(name: str) -> BuilderError:
    return BuilderError(f"the file name {name!a} is not UTF-8", hint="rename the file", code=Exit.PROJECT)
