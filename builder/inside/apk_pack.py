"""Packs a folder that changes seldom as members of an APK: `apk_pack.py FOLDER PREFIX PATTERN...`.

Each file of in/FOLDER that no glob pattern matches gets the prefix before its name, in out/members.zip. `apk.py` copies
the members as they are, without deflating them again.
"""

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apk_zip
import patterns
import tree

_SCRATCH = ".deflated"


def main(folder: str, prefix: str, *left_out: str) -> None:
    """Write out/members.zip."""
    out = Path("out")
    try:
        unwanted = patterns.matcher(prefix + pattern for pattern in left_out)
        files = {name: path for name, path in apk_zip.files(Path("in", folder), prefix).items() if not unwanted(name)}
        with ThreadPoolExecutor() as pool:  # zlib frees the interpreter's lock
            members = apk_zip.gather(files, out / _SCRATCH, pool.map)
        apk_zip.write(members, out / "members.zip")
    except apk_zip.Refused as error:
        sys.exit(f"error: {error}")
    shutil.rmtree(out / _SCRATCH)
    tree.settle(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
