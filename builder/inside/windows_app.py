"""What of a Windows app is its own: its files, what starts them; and the zip of all that the app needs.

Reads in/app.json:
  path, module, exclude, include, defaults, cleanup, compile   as `web_app.py` and `app_stage.py` have them
  folder    the folder of all files, in out/ and in the zip
  packages  folder of the packages below it
  zip       file name of the zip
  layers    folders below in/, each with a part of the zip
Also reads in/start.py, in/start.json, in/flet_desktop.py, in/version.py, in/python312._pth. Leaves in out/ what is
laid over client, interpreter, packages and programs, and the whole zip.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import app_stage
import app_tree
import tree
import windows_names
import zipfolder


def main() -> None:
    """Lay the app's part out, then put the zip together."""
    settings = json.loads(Path("in", "app.json").read_text(encoding="utf-8"))
    out = Path("out")
    folder = out / settings["folder"]
    app = folder / "lib" / "app"
    try:
        app_stage.stage(Path("in", "app", settings["path"]), settings, (), app)
        windows_names.check(tree.names(app), f"{settings['folder']}/lib/app/")
    except (app_tree.Refused, windows_names.Refused) as error:
        sys.exit(f"error: {error}")
    add_texts(settings, folder)
    tree.settle(out)
    layers = [Path("in", name, "layer.zip") for name in settings["layers"]]
    try:
        zipfolder.write(out / settings["zip"], [(folder, f"{settings['folder']}/")], layers)
    except tree.Refused as error:
        sys.exit(f"error: {error}")
    tree.settle(out)


def add_texts(settings: dict[str, Any], folder: Path) -> None:
    """What the launcher starts, Flet's module that starts the client, and where the interpreter finds its library."""
    places = {
        "start.py": "lib/start.py",
        "start.json": "lib/start.json",
        "python312._pth": "lib/python/python312._pth",
        "flet_desktop.py": f"{settings['packages']}/flet_desktop/__init__.py",
        "version.py": f"{settings['packages']}/flet_desktop/version.py",
    }
    for name, place in places.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path("in", name), folder / place)


if __name__ == "__main__":
    main()
