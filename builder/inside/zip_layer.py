"""Packs one folder as a layer of the .zip of a desktop app: `zip_layer.py FOLDER PREFIX` gives out/layer.zip.

What changes seldom is compressed once here; `macos_app.py` and its like put the layers together.
"""

import sys
from pathlib import Path

import zipfolder


def main(folder: str, prefix: str) -> None:
    """Write out/layer.zip: the files of in/FOLDER under the prefix, with x-bits and symbolic links."""
    zipfolder.write(Path("out", "layer.zip"), [(Path("in", folder), prefix)])


if __name__ == "__main__":
    main(*sys.argv[1:])
