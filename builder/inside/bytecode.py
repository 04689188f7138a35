"""Byte code that depends on nothing but the source, its relative path and the interpreter.

What marshal writes depends on reference counts (cpython#129724), so on all that was compiled before in the same
process. Each file is therefore compiled in a fork of one process that compiles nothing itself.
"""

import os
import py_compile
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

_FAILED = 3


def compile_files(root: Path, names: Iterable[str], workers: int = 0) -> list[str]:
    """Replace sources by `x.pyc` beside them; the sources that do not compile stay, and are returned, sorted.

    The `.pyc` are unchecked-hash ones (PEP 552) whose code names the relative path. Why a file does not compile goes
    to stderr as `name:line: reason`.
    """
    warnings.simplefilter("ignore")  # a wheel's invalid escapes are no news
    sys.stdout.flush()
    sys.stderr.flush()
    limit = workers or len(os.sched_getaffinity(0))
    running: dict[int, str] = {}
    failed: list[str] = []
    for name in names:
        if len(running) >= limit:
            failed += _reap(running)
        child = os.fork()
        if child == 0:
            _compile(root, name)
        running[child] = name
    while running:
        failed += _reap(running)
    return sorted(failed)


def compile_tree(root: Path) -> list[str]:
    """Replace every source below a folder by its byte code, as `compile_files` does."""
    found = [Path(folder, file) for folder, _, files in os.walk(root) for file in files if file.endswith(".py")]
    return compile_files(root, sorted(path.relative_to(root).as_posix() for path in found))


def _reap(running: dict[int, str]) -> list[str]:
    """Wait for one child; its file where it failed."""
    child, status = os.wait()
    name = running.pop(child)
    return [name] if status else []


def _compile(root: Path, name: str) -> None:
    """The whole life of a child; it never returns."""
    status = _FAILED
    try:
        source = root / name
        py_compile.compile(
            str(source),
            cfile=f"{source}c",
            dfile=name,
            doraise=True,
            optimize=0,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        source.unlink()
        status = 0
    except py_compile.PyCompileError as error:
        reason = error.exc_value
        line = getattr(reason, "lineno", None) or 1
        sys.stderr.write(f"{name}:{line}: {getattr(reason, 'msg', None) or reason}\n")
    except (OSError, RecursionError, MemoryError, ValueError) as error:
        sys.stderr.write(f"{name}:1: {error}\n")
    finally:
        sys.stderr.flush()
        os._exit(status)
