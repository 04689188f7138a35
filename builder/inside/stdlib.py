"""The modules of the standard library that scripts import, as byte code: with them a step starts 0.1 s sooner.

Usage: stdlib.py MODULE...
Leaves in out/ every module that importing these loads, as `x.pyc`; start.py puts that folder first on the path.
The root itself holds no byte code, since it is made by whichever Python is at hand.
"""

import os
import shutil
import sys
from pathlib import Path

import bytecode


def main() -> None:
    """Find what is loaded, copy it, compile it."""
    root = Path(os.__file__).parent
    names = sources(root, loaded(sys.argv[1:]))
    for name in names:
        place = Path("out", name)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, place)
    failed = bytecode.compile_files(Path("out"), names)
    if failed:
        sys.exit(f"error: {', '.join(failed)} did not compile")


def sources(root: Path, modules: list[str]) -> list[str]:
    """The sources of these modules below a folder, sorted; packages are whole, for a part would hide the rest."""
    found = [root / f"{module}.py" for module in modules]
    found += [path for module in modules for path in (root / module).rglob("*.py")]
    return sorted(path.relative_to(root).as_posix() for path in found if path.is_file())


def loaded(modules: list[str]) -> list[str]:
    """The top-level modules that importing these loads, sorted, without those that every interpreter starts with.

    They are imported in a fork: what compiles byte code must not have compiled any before (see bytecode.py).
    """
    reader, writer = os.pipe()
    if os.fork() == 0:
        for module in modules:
            __import__(module)
        names = {name.partition(".")[0] for name in sys.modules} - {"encodings"}
        os.write(writer, "\n".join(sorted(names)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        names = file.read().split("\n")
    if os.wait()[1]:
        sys.exit("error: a module of the standard library can't be imported")
    return names


if __name__ == "__main__":
    main()
