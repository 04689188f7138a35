"""One run of uv for all targets: which version of what, and every file of these versions."""

import contextlib
import os
import re
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.pylock import Package, Pylock

from builder import process, whole
from builder.errors import BuilderError, Exit
from builder.removal import remove
from builder.resolver import graph, unsolvable
from builder.resolver.graph import Graph, Key
from builder.resolver.question import Question, Uv, environment, files

# Locks, leaves uv.lock behind and writes a pylock.toml to stdout.
_EXPORT = ("--format", "pylock.toml", "--all-extras", "--no-emit-project", "--no-header")
_SCRATCH = "builder-lock-"  # how the name of a scratch project's folder begins; then comes who made it
_TRIES = re.compile(r"Request failed after \d+ retries in [\d.]+s")  # another time with each run


@dataclass(frozen=True)
class Resolution:
    """What uv answered."""

    packages: Mapping[Key, Package]
    graph: Graph
    unhashed: frozenset[Key]  # whose index tells no hashes: uv read the files to know them
    newer: tuple[str, ...] | None  # `name version` of each newer one that the index has; None: not known
    warnings: tuple[str, ...]


def resolve(question: Question, uv: Uv) -> Resolution:
    """The versions that satisfy all of the question's targets at once.

    Raises BuilderError (lock) where there are none, (fetch) where the index can't be asked.
    """
    with TemporaryDirectory(prefix=f"{_SCRATCH}{os.getpid()}-") as folder:
        _sweep(Path(folder))
        root = Path(folder)
        for name, text in files(question, uv).items():
            (root / name).write_text(text, encoding="utf-8")
        environ = environment(question, uv) | {"UV_CONFIG_FILE": str(root / "uv.toml")}
        done = process.run([uv.program, "export", "--no-progress", *_EXPORT], cwd=root, env=environ)
        if done.code != 0:
            raise _failure(question, done.code, done.err)
        with ThreadPoolExecutor(1) as pool:
            newer = pool.submit(_newer, uv, root, environ)
            table = tomllib.loads((root / "uv.lock").read_text(encoding="utf-8"))
            packages = _packages(done.out)
            return Resolution(packages, graph.parse(table), _unhashed(table), newer.result(), _warnings(done.err))


def _sweep(own: Path) -> None:
    """Remove the scratch projects of this user's killed builders: a requirement's URL may hold a password."""
    for left in own.parent.glob(f"{_SCRATCH}[0-9]*-*"):
        pid = left.name.removeprefix(_SCRATCH).partition("-")[0]
        with contextlib.suppress(OSError):
            if left.lstat().st_uid == own.stat().st_uid and not whole.at_work(pid):
                remove(left)


def _packages(pylock: str) -> dict[Key, Package]:
    """Each package with all of its files, as the text of a pylock.toml (PEP 751) has them."""
    packages = Pylock.from_dict(tomllib.loads(pylock)).packages
    return {Key(package.name, str(package.version or "")): package for package in packages}


def _unhashed(table: dict[str, Any]) -> frozenset[Key]:
    """The packages of a uv.lock that have a file without hash."""
    return frozenset(
        Key(row["name"], row.get("version", ""))
        for row in table.get("package", ())
        if any("hash" not in file for file in (*row.get("wheels", ()), *filter(None, [row.get("sdist")])))
    )


def _newer(uv: Uv, root: Path, environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """What the index pages of this same run show as newer, without asking again."""
    tree = [uv.program, "tree", "--outdated", "--offline", "--frozen", "--universal", "--quiet"]
    done = process.run(tree, cwd=root, env=environ)
    if done.code != 0:
        return None
    found = set()
    for line in done.out.splitlines():
        head, mark, latest = line.partition(" (latest: v")
        if mark:
            found.add(f"{head.split()[-2].split('[')[0]} {latest.split(')')[0]}")
    return tuple(sorted(found))


def _warnings(err: str) -> tuple[str, ...]:
    """What uv warned of, such as a yanked version."""
    return tuple(line.removeprefix("warning: ") for line in err.splitlines() if line.startswith("warning: "))


def _failure(question: Question, code: int, err: str) -> BuilderError:
    """uv ends with 1 where there is no solution, with 2 where something kept it from looking."""
    said = [line for line in err.splitlines() if not line.startswith("Using CPython")]
    text = _TRIES.sub("Request failed", "\n".join(said).split("\nhint: ")[0]).strip().removeprefix("error: ")
    if code == 1 and "unexpected JSON" not in text:
        return _unsolvable(question, text)
    return BuilderError(
        f"the resolver could not finish: {text}",
        hint="check the network and the index (`[tool.builder.mirrors]`, BUILDER_MIRROR_PYPI, pip's configuration)",
        code=Exit.FETCH,
    )


def _unsolvable(question: Question, text: str) -> BuilderError:
    """Who wants what of which package; a fact a line."""
    python = question.inputs.python
    facts = unsolvable.reasons(text, python)
    some = unsolvable.where(text, question.targets, python)
    of = f" of {', '.join(f'`{target}`' for target in some)}" if some else ""
    wheels = "take a version that has wheels, or allow its source archive with `sdist` in `[tool.builder]`; else "
    return BuilderError(
        "\n  ".join([f"the requirements{of} can't be met together:", *facts]),
        hint=f"{wheels if any('usable wheels' in fact for fact in facts) else ''}change the requirements that the text "
        "names, or the targets in `[tool.builder]`",
        code=Exit.LOCK,
    )
