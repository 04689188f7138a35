"""What of a macOS app is its own: its files, its launcher, Info.plist and entitlements; and the archive of all of it.

Reads in/app.json:
  path, module, exclude, include, defaults, cleanup, compile   as `web_app.py` and `app_stage.py` have them
  bundle        the bundle's folder, such as `Counter.app`
  launcher      file name of the launcher below its Contents/MacOS
  entitlements  file name of the entitlements, beside the bundle
  archive       file name of the archive, beside it too
  layers        folders below in/, each with a layer of the archive
Also reads in/launcher, in/start.py, in/start.json, in/flet_desktop.py, in/version.py, in/Info.plist, in/entitlements.
Leaves in out/ what is laid over client, interpreter, packages and icon, and the whole archive.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import app_stage
import app_tree
import tree
import zipfolder

PACKAGES = "Contents/Resources/python/lib/python3.12/site-packages"
_TEXTS = {
    "start.py": "Contents/Resources/start.py",
    "start.json": "Contents/Resources/start.json",
    "flet_desktop.py": f"{PACKAGES}/flet_desktop/__init__.py",
    "version.py": f"{PACKAGES}/flet_desktop/version.py",
    "Info.plist": "Contents/Info.plist",
}
_PKGINFO = "APPL????"  # type and creator, as Info.plist has them


def main() -> None:
    """Lay the app's part out."""
    settings = json.loads(Path("in", "app.json").read_text(encoding="utf-8"))
    out = Path("out")
    bundle = out / settings["bundle"]
    try:
        app_stage.stage(Path("in", "app", settings["path"]), settings, (), bundle / "Contents" / "Resources" / "app")
    except app_tree.Refused as error:
        sys.exit(f"error: {error}")
    add_texts(settings, bundle)
    shutil.copyfile(Path("in", "entitlements"), out / settings["entitlements"])
    tree.settle(out)
    layers = [Path("in", name, "layer.zip") for name in settings["layers"]]
    try:
        zipfolder.write(out / settings["archive"], [(bundle, f"{settings['bundle']}/")], layers)
    except tree.Refused as error:
        sys.exit(f"error: {error}")


def add_texts(settings: dict[str, Any], bundle: Path) -> None:
    """The launcher, what it starts, and what macOS reads of the bundle."""
    launcher = f"Contents/MacOS/{settings['launcher']}"
    for name, place in {**_TEXTS, "launcher": launcher}.items():
        (bundle / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path("in", name), bundle / place)
    (bundle / launcher).chmod(0o755)
    (bundle / "Contents" / "PkgInfo").write_text(_PKGINFO, encoding="ascii")


if __name__ == "__main__":
    main()
