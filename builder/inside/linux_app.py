"""What of a Linux app is its own: its files, its launcher and desktop entry; and the archive of all of it.

Reads in/app.json:
  path, module, exclude, include, defaults, cleanup, compile   as `web_app.py` and `app_stage.py` have them
  folder    the folder of all files, in out/ and in the archive
  launcher  file name of the launcher below it
  id        name of the desktop entry
  archive   file name of the archive
  layers    folders below in/, each with a layer of the archive
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
import tarball
import tree

PACKAGES = "lib/python/lib/python3.12/site-packages"
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
    except app_tree.Refused as error:
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
