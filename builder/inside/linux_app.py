"""What of a Linux app is its own: its files, its launcher and desktop entry, its icons; and the archive of all of it.

Reads in/app.json:
  path, module, exclude, include, defaults, cleanup, compile   as `web_app.py` and `app_stage.py` have them
  folder    the folder of all files, in out/ and in the archive
  launcher  file name of the launcher below it
  id        name of the desktop entry and of its icons
  archive   file name of the archive
  layers    folders below in/, each with a layer of the archive
  pillow    file name of the wheel that reads and writes images; "" where the app has no icon
Also reads in/launcher, in/start.py, in/start.json, in/flet_desktop.py, in/version.py, in/entry.desktop. Leaves in out/
what is laid over client, interpreter and packages, and the whole archive.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import app_stage
import app_tree
import archive
import images
import tarball
import tree
import wheel

PACKAGES = "lib/python/lib/python3.12/site-packages"
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)  # pixels a side, of the hicolor theme
LEAST = 48  # the size that each theme must have (Icon Theme Specification)
_TEXTS = {
    "start.py": "lib/start.py",
    "start.json": "lib/start.json",
    "flet_desktop.py": f"{PACKAGES}/flet_desktop/__init__.py",
    "version.py": f"{PACKAGES}/flet_desktop/version.py",
}


def main() -> None:
    """Lay the app's part out, then put the archive together."""
    settings = json.loads(Path("in", "app.json").read_text(encoding="utf-8"))
    out = Path("out")
    root = Path("in", "app", settings["path"])
    folder = out / settings["folder"]
    try:
        app_stage.stage(root, settings, (), folder / "lib" / "app")
        add_texts(settings, folder)
        if settings["pillow"]:
            images.use_pillow(Path("in", settings["pillow"]))
            add_icons(root / "assets", settings["id"], folder / "share" / "icons" / "hicolor")
    except (app_tree.Refused, images.Refused, wheel.Invalid, archive.Refused) as error:
        sys.exit(f"error: {error}")
    tree.settle(out)
    pack(settings, out)
    tree.settle(out)


def add_texts(settings: dict[str, Any], folder: Path) -> None:
    """The launcher, what it starts, and the desktop entry."""
    places = _TEXTS | {
        "entry.desktop": f"share/applications/{settings['id']}.desktop",
        "launcher": settings["launcher"],
    }
    for name, place in places.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path("in", name), folder / place)
    (folder / settings["launcher"]).chmod(0o755)


def add_icons(assets: Path, name: str, theme: Path) -> None:
    """The app's icon in each size that it is large enough for; raises images.Refused for one that is too small."""
    found = images.find(assets, "icon_linux", "icon")
    if found is None:
        return
    icon = images.square(images.load(found))
    if icon.width < LEAST:
        raise images.Refused(
            f"`{found.name}` of the app's assets has {icon.width} pixels a side: an icon needs {LEAST} at least,"
            " 512 look well everywhere"
        )
    for side in SIZES:
        if side <= icon.width:
            images.save(images.resized(icon, (side, side)), theme / f"{side}x{side}" / "apps" / f"{name}.png")


def pack(settings: dict[str, Any], out: Path) -> None:
    """The archive: the layers that were packed before, then what lies in the folder now."""
    with (out / settings["archive"]).open("wb") as stream:
        for name in settings["layers"]:
            with Path("in", name, "layer.tar.gz").open("rb") as layer:
                shutil.copyfileobj(layer, stream)
        folder = settings["folder"]
        tarball.layer(stream, out / folder, f"{folder}/", member=tarball.as_it_is, last=True)


if __name__ == "__main__":
    main()
