"""A Containerfile and the layers that it adds: builder's own image, for those who build their images themselves."""

import tempfile
from pathlib import Path

from builder import ociimage, ownimage, templates
from builder.exports import Export, Material

_FILE = "Containerfile"


def refusal(target: str) -> str:
    """ "": the image builds whatever builder builds."""
    return ""


def write(material: Material, folder: Path) -> None:
    """Write one tar a layer, and the file that says in which order they are added."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        layers = ownimage.layers(material.image(Path(work)), Path(work))
        for name, entries in layers.items():
            with (folder / f"{name}.tar").open("wb") as stream:
                ociimage.pack(entries, stream)
    config = ownimage.config()
    text = templates.render(f"oci/{_FILE}", layers=list(layers), config=config)
    (folder / _FILE).write_text(text, encoding="utf-8")


EXPORT = Export(refusal=refusal, write=write, many=True)
