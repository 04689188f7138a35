"""Packs one folder as a part of the zip of a Windows app: `windows_layer.py FOLDER PREFIX` gives out/layer.zip.

What changes seldom is compressed once here; `windows_app.py` puts the parts together.
"""

import sys
from pathlib import Path

import tree
import windows_names
import zipfolder


def main(folder: str, prefix: str) -> None:
    """Write out/layer.zip: the files of in/FOLDER under the prefix, whose names Windows can hold."""
    root = Path("in", folder)
    try:
        windows_names.check(tree.names(root), prefix)
    except windows_names.Refused as error:
        sys.exit(f"error: {error}")
    zipfolder.write(Path("out", "layer.zip"), [(root, prefix)])


if __name__ == "__main__":
    main(*sys.argv[1:])
