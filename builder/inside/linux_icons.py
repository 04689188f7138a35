"""An app's icon in the sizes of the hicolor theme (Icon Theme Specification).

Reads in/icons.json:
  path    folder of the program, below in/app
  pillow  file name of the wheel that reads and writes images
  id      name of the icon
Leaves out/<size>x<size>/apps/<id>.png, of each size that the app's image is large enough for.
"""

import json
import sys
from pathlib import Path

import archive
import images
import tree
import wheel

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)  # pixels a side, of the hicolor theme
LEAST = 48  # the size that each theme must have


def main() -> None:
    """Find the image, then draw each size."""
    settings = json.loads(Path("in", "icons.json").read_text(encoding="utf-8"))
    try:
        images.use_pillow(Path("in", settings["pillow"]))
        draw(Path("in", "app", settings["path"], "assets"), settings["id"], Path("out"))
    except (images.Refused, wheel.Invalid, archive.Refused) as error:
        sys.exit(f"error: {error}")
    tree.settle(Path("out"))


def draw(assets: Path, name: str, theme: Path) -> None:
    """The icon in each size that it is large enough for; raises images.Refused for one that is too small or missing."""
    found = images.find(assets, "icon_linux", "icon")
    if found is None:
        raise images.Refused("the app's assets hold no icon, but did when this was planned")
    icon = images.square(images.load(found))
    if icon.width < LEAST:
        raise images.Refused(
            f"`{found.name}` of the app's assets has {icon.width} pixels a side: an icon needs {LEAST} at least,"
            " 512 look well everywhere"
        )
    for side in SIZES:
        if side <= icon.width:
            images.save(images.resized(icon, (side, side)), theme / f"{side}x{side}" / "apps" / f"{name}.png")


if __name__ == "__main__":
    main()
