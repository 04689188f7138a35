"""What `dataclasses` writes and compiles whenever a module is imported, compiled beforehand.

The module is imported out of a folder of packages, but no extension that was compiled for some processor, and each text
that `dataclasses` gives to `exec` is noted. What is left is, by marshal, a dict from the text's BLAKE2b of 16 bytes to
its code. What is not in it is compiled as ever; so a module that can't be imported here costs time, never the build.

What marshal writes depends on all that a process has compiled and loaded before (see bytecode.py): the import runs in a
fork, the compiling in another.
"""

import builtins
import dataclasses
import hashlib
import json
import marshal
import os
import sys
from importlib import machinery
from pathlib import Path
from typing import Any

_LOADERS: tuple[tuple[Any, list[str]], ...] = (
    (machinery.SourceFileLoader, machinery.SOURCE_SUFFIXES),
    (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
)


def write(folder: Path, module: str) -> None:
    """Leave what importing the module compiles beside it, as MODULE-generated.bin."""
    sys.stdout.flush()
    texts, failure = recorded(folder.absolute(), module)
    if failure:
        print(f"`{module}` can't be imported here: {failure}", flush=True)
    if os.fork() == 0:
        codes = {digest(text): code(text) for text in sorted(texts)}
        (folder / f"{module}-generated.bin").write_bytes(marshal.dumps(codes))
        os._exit(0)
    if os.wait()[1]:
        sys.exit(f"error: what `{module}` compiles can't be written")


def digest(text: str) -> bytes:
    """What the app finds the code of a text by."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def code(text: str) -> Any:
    """As `exec` compiles it."""
    return compile(text, "<string>", "exec")


def recorded(folder: Path, module: str) -> tuple[list[str], str]:
    """The texts, and why the import failed; "" where it did not."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        with os.fdopen(writer, "w", encoding="utf-8") as found:
            json.dump(_record(str(folder), module), found)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as answer:
        said = answer.read()
    os.wait()
    try:
        texts, failure = json.loads(said)
    except ValueError:
        return [], "it ends the interpreter"
    return texts, failure


def _record(folder: str, module: str) -> tuple[list[str], str]:
    texts: dict[str, None] = {}

    def record(text: str, names: Any, found: Any) -> None:
        texts[text] = None
        builtins.exec(text, names, found)

    def below(path: str) -> machinery.FileFinder:
        if not path.startswith(folder):
            raise ImportError(path)
        return machinery.FileFinder(path, *_LOADERS)

    setattr(dataclasses, "exec", record)  # noqa: B010 (it has no such name yet)
    sys.path.append(folder)
    sys.path_hooks.insert(0, below)
    try:
        __import__(module)
    except BaseException as error:  # whatever a package does when it is imported
        return [*texts], f"{type(error).__name__}: {error}"
    return [*texts], ""
