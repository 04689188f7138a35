"""An OCI image layout: builder's own image, to be loaded by podman or docker, or pushed to a registry."""

import tempfile
from pathlib import Path

from builder import ociimage, ownimage
from builder.exports import Export, Material


def refusal(target: str) -> str:
    """ "": the image builds whatever builder builds."""
    return ""


def write(material: Material, folder: Path) -> None:
    """Write the layout, and say the digest by which a registry would know the image."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        layers = ownimage.layers(material.image(Path(work)), Path(work))
        image = ociimage.write(folder, [*layers.values()], ownimage.config(), ownimage.NAME)
    material.say(f"image {image.digest}")


EXPORT = Export(refusal=refusal, write=write, many=True)
