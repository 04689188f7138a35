"""The icon of a macOS app: `assets/icon_macos.*`, else `assets/icon.*`, as AppIcon.icns.

Reads in/icon.json:
  path        folder of the app below in/app
  style       auto, grid or raw: whether the image is put on the plate that Apple's icons have
  background  colour (`#rrggbb`) of that plate
  pillow      file name of the wheel that reads and writes images
Leaves it in out/.
"""

import json
import sys
from pathlib import Path

import archive
import framing
import icns
import images
import plate
import tree
import wheel

LEAST = 128  # pixels a side: Finder's own size
_MARGIN = 0.68  # of the side, that artwork made for no platform may fill, as Flet has it


def main() -> None:
    """Take the .icns that is there, else make one."""
    settings = json.loads(Path("in", "icon.json").read_text(encoding="utf-8"))
    out = Path("out")
    assets = Path("in", "app", settings["path"], "assets")
    try:
        images.use_pillow(Path("in", settings["pillow"]))
        (out / "AppIcon.icns").write_bytes(made(assets, settings["style"], settings["background"]))
    except (icns.Refused, images.Refused, wheel.Invalid, archive.Refused) as error:
        sys.exit(f"error: {error}")
    tree.settle(out)


def made(assets: Path, style: str, background: str) -> bytes:
    """The bytes of the icon file. Raises icns.Refused or images.Refused."""
    for stem in ("icon_macos", "icon"):
        ready = assets / f"{stem}.icns"
        try:
            found = images.find(assets, stem)
        except images.Refused:  # a drawing alone, which the finished icon is made of
            if not ready.is_file():
                raise
            found = None
        if found is not None:
            return icns.packed(drawn(found, style, background, derived=stem == "icon"))
        if ready.is_file():
            return icns.checked(ready)
    raise images.Refused("the app's assets have no `icon_macos` or `icon` that a macOS app could show")


def drawn(file: Path, style: str, background: str, *, derived: bool) -> dict[int, images.Image]:
    """The icon in each size, by its pixels a side. Raises images.Refused for an image that is too small."""
    image = images.square(images.load(file))
    if image.width < LEAST:
        raise images.Refused(
            f"`{file.name}` of the app's assets has {image.width} pixels a side: an icon of macOS needs {LEAST} at"
            " least, 1024 look well everywhere"
        )
    if derived:
        image = framing.shrunk(image, _MARGIN, framing.reach(image))
    if style == "grid" or (style == "auto" and not plate.is_shaped(image)):
        image = plate.on_plate(image, background)
    return {side: images.resized(image, (side, side)) for side in icns.SIDES}


if __name__ == "__main__":
    main()
