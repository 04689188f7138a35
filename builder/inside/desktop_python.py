"""The CPython that a desktop app brings along: unpacked from its archive, without what no app needs.

Reads in/python.json:
  archive     file name of the archive, found at in/NAME
  below       folder of the archive, with a slash, that all paths start from
  take        glob patterns of the files that are taken
  leave       glob patterns of those that are not, although `take` names them
  move        file -> the place that it gets instead
  linked      library -> the program that it is for: left out where that one does not name it, as it has all in itself
  executable  files whose archive can't say so
  require     files that must be there at last
  compile     true: replace sources by byte code of the interpreter that runs this
Leaves the files in out/.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import archive
import bytecode
import patterns
import tree


def main() -> None:
    """Unpack, check, compile, settle."""
    settings = json.loads(Path("in", "python.json").read_text(encoding="utf-8"))
    out = Path("out")
    name = settings["archive"]
    try:
        archive.unpack(Path("in", name), out, want=places(settings))
    except archive.Refused as error:
        sys.exit(f"error: {error}")
    wanted = [*settings["require"], *settings["move"].values(), *settings["executable"]]
    if absent := sorted(file for file in wanted if not (out / file).is_file()):
        sys.exit(f"error: `{name}` has no `{absent[0]}`: it is no CPython as this runtime packs it")
    for file in settings["executable"]:
        (out / file).chmod(0o755)
    for library, program in settings["linked"].items():
        if Path(library).name.encode() not in (out / program).read_bytes():
            (out / library).unlink(missing_ok=True)
    if settings["compile"]:
        for file in bytecode.compile_tree(out):
            print(f"kept as source: {file}")
    tree.settle(out)


def places(settings: dict[str, Any]) -> Callable[[str], str | None]:
    """What maps a member of the archive to its place, None to leave it out."""
    take, leave = patterns.matcher(settings["take"]), patterns.matcher(settings["leave"])

    def place(member: str) -> str | None:
        name = member.removeprefix(settings["below"])
        if name == member or leave(name):
            return None
        return settings["move"].get(name) or (name if take(name) else None)

    return place


if __name__ == "__main__":
    main()
