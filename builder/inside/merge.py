"""One folder out of several: what lies in a later one replaces what an earlier one has at the same place.

Usage: merge.py NAME[=FOLDER/]...  (folders in/NAME, the first one lowest; all of one below FOLDER/ where that is named)
A file replaces a file and a symbolic link a link; anything else at one place is refused. Links stay as they are, also
those to folders and to nothing. Empty folders are left out.
Where the store can, builder does this by linking the same files instead of running the script.
"""

import sys
from pathlib import Path

import tree


def main() -> None:
    """Copy what each place holds at last."""
    out = Path("out")
    try:
        held = tree.over((Path("in", name), below) for name, below in map(tree.layered, sys.argv[1:]))
    except tree.Refused as error:
        sys.exit(f"error: {error}")
    for name, source in held.items():
        if source.is_symlink():
            tree.copy_link(source, out / name)
        else:
            tree.copy_file(source, out / name)
    tree.settle(out)


if __name__ == "__main__":
    main()
