"""Packs one folder as a layer of the archive of a desktop app: `bundle_layer.py FOLDER PREFIX` gives out/layer.tar.gz.

What changes seldom is compressed once here; `linux_app.py` puts the layers together.
"""

import sys
from pathlib import Path

import tarball


def main(folder: str, prefix: str) -> None:
    """Write out/layer.tar.gz: the files of in/FOLDER under the prefix with their x-bit, without the end of the tar."""
    with Path("out", "layer.tar.gz").open("wb") as stream:
        tarball.layer(stream, Path("in", folder), prefix, member=tarball.as_it_is, level=tarball.QUICK, last=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
