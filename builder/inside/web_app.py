"""What of a web site is the app's: the rendered page, its assets, and app.tar.gz with the app and its packages.

Reads in/app.json:
  path      folder of the app below in/app
  module    the module that is run, dotted where it lies in a package
  exclude, include, defaults   which of the app's files are packed; see app_tree.py
  cleanup   glob patterns of files that are left out of the app as well
  compile   true: the app's sources are replaced by byte code
Also reads in/layer (the packages as the archive's first layer), in/index.html, in/manifest.json, and of in/client which
files it has. Leaves in out/ what is laid over the client.
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

ASSETS = "assets"
PAGES = ("index.html", "manifest.json")
_STAGE = ".app"
_NEVER = ("__pypackages__",)  # of a folder of packages there can be one
_REPLACEABLE = ("favicon.png", "manifest.json")  # files of the client, beside icons/, that an app's assets may replace


def main() -> None:
    """Lay the app's part of the site out."""
    settings = json.loads(Path("in", "app.json").read_text(encoding="utf-8"))
    out = Path("out")
    root = Path("in", "app", settings["path"])
    try:
        tree.copy(Path("in"), out, PAGES)
        add_assets(root, settings, out)
        add_app(root, settings, out)
    except app_tree.Refused as error:
        sys.exit(f"error: {error}")
    tree.settle(out)


def add_assets(root: Path, settings: dict[str, Any], out: Path) -> None:
    """The app's assets, at the site's root as Flet serves them; raises Refused for one that hides the client's."""
    folder = root / ASSETS
    if not folder.is_dir():
        return
    below = [name.removeprefix(f"{ASSETS}/") for name in settings["exclude"] if name.startswith(f"{ASSETS}/")]
    names = app_tree.files(folder, app_tree.rules(below, (), defaults=False))
    for name in names:
        if hides(name):
            raise app_tree.Refused(
                f"`{ASSETS}/{name}` would replace a file of Flet's client: rename it"
                f" (icons/ and {', '.join(_REPLACEABLE)} may be replaced)"
            )
    tree.copy(folder, out, names)


def hides(name: str) -> bool:
    """Whether an asset's name is taken in the site by what no app may replace."""
    client = Path("in", "client")
    if name in _REPLACEABLE or (name.startswith("icons/") and not (client / name).is_dir()):
        return False
    taken = (client / name).exists() or name.split("/", 1)[0] in ("app.tar.gz", *PAGES)
    return taken or any((client / parent).is_file() for parent in Path(name).parents)


def add_app(root: Path, settings: dict[str, Any], out: Path) -> None:
    """app.tar.gz: the layer of the packages, then the app's files; raises Refused where the app can't start."""
    stage = out / _STAGE
    app_stage.stage(root, settings, (ASSETS, *_NEVER), stage)
    with (out / "app.tar.gz").open("wb") as stream:
        stream.write(Path("in", "layer", "layer.tar.gz").read_bytes())
        tarball.layer(stream, stage, last=True)
    shutil.rmtree(stage)


if __name__ == "__main__":
    main()
