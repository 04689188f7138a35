"""Packs a folder that changes seldom as members of an APK: `apk_pack.py FOLDER PREFIX` gives out/members.zip.

Each file of in/FOLDER gets the prefix before its name. `apk.py` copies the members as they are, without deflating them
again.
"""

import shutil
import sys
from pathlib import Path

import apk_zip
import tree

_SCRATCH = ".deflated"


def main(folder: str, prefix: str) -> None:
    """Write out/members.zip."""
    out = Path("out")
    try:
        members = apk_zip.gather(apk_zip.files(Path("in", folder), prefix), out / _SCRATCH)
        apk_zip.write(members, out / "members.zip")
    except apk_zip.Refused as error:
        sys.exit(f"error: {error}")
    shutil.rmtree(out / _SCRATCH)
    tree.settle(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
