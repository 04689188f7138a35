"""The APK, not signed: what is packed already, with trees of files laid over it.

Reads in/apk.json:
  name     file name of the APK
  packed   folders below in/, each with a members.zip that `apk_pack.py` made
  trees    [[folder below in/, what its names begin with in the APK], ...]
What is named later replaces what was named before, and each tree what is packed. Leaves out/NAME.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import apk_zip
import tree

_SCRATCH = ".deflated"


def main() -> None:
    """Write the APK."""
    settings = json.loads(Path("in", "apk.json").read_text(encoding="utf-8"))
    out = Path("out")
    try:
        apk_zip.write(members(settings, out / _SCRATCH), out / settings["name"])
    except apk_zip.Refused as error:
        sys.exit(f"error: {error}")
    shutil.rmtree(out / _SCRATCH)
    tree.settle(out)


def members(settings: dict[str, Any], scratch: Path) -> list[apk_zip.Member]:
    """What the APK holds; what is to be deflated is, into the folder `scratch`. Raises Refused."""
    files: dict[str, Path] = {}
    for folder, prefix in settings["trees"]:
        files |= apk_zip.files(Path("in", folder), prefix)
    packed = {
        member.name: member
        for folder in settings["packed"]
        for member in apk_zip.read(Path("in", folder, "members.zip"))
        if member.name not in files
    }
    return [*packed.values(), *apk_zip.gather(files, scratch)]


if __name__ == "__main__":
    main()
