"""One folder out of several: what lies in a later one replaces what an earlier one has at the same place.

Usage: merge.py NAME...  (folders in/NAME, the first one lowest)
Where the store can, builder does this by linking the same files instead of running the script.
"""

import sys
from pathlib import Path

import tree


def main() -> None:
    """Copy each folder over the ones before."""
    for name in sys.argv[1:]:
        source = Path("in", name)
        tree.copy(source, Path("out"), tree.names(source))
    tree.settle(Path("out"))


if __name__ == "__main__":
    main()
