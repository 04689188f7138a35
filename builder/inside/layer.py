"""Packs one folder as the first layer of an archive: `layer.py FOLDER PREFIX` gives out/layer.tar.gz.

What changes seldom is compressed once here; `web_app.py` appends what changes often.
"""

import sys
from pathlib import Path

import tarball


def main(folder: str, prefix: str) -> None:
    """Write out/layer.tar.gz: the files of in/FOLDER under the prefix, without the end of the tar."""
    with Path("out", "layer.tar.gz").open("wb") as stream:
        tarball.layer(stream, Path("in", folder), prefix, last=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
