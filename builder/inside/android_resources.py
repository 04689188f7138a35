"""The resources of an APK in binary form: AndroidManifest.xml, resources.arsc, and below res/ images and drawables.

Reads in/AndroidManifest.xml (text) and in/resources.json:
  package     the application id
  pillow      file name of Pillow's wheel, found at in/NAME
  assets      folder of the app's assets, below in/app, which is there where they hold an image for this
  attributes  name -> {id, format, flags, choices}, of every attribute that a text or a style names
  framework   `android:type/name` -> id
  colors      [{name, config, value}, ...]
  styles      [{name, config, parent, items: {attribute: value}}, ...]
  drawables   name -> XML
  icon        {adaptive, themed}: XML of the launcher icon, without and with its form in one colour
  splash      {background, dark_background, fit}, or null for none
Also reads in/client/icons/icon-512.png, for an app without an icon.
"""

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import android_icons
import archive
import arsc
import axml
import images
import res_values
import tree
import wheel

_MANIFEST = "AndroidManifest.xml"
_ADAPTIVE = "mipmap-anydpi-v26"  # the folder of the launcher icon for Android 8 and later


def main() -> None:
    """Draw, then write what names what was drawn."""
    settings = json.loads(Path("in", "resources.json").read_text(encoding="utf-8"))
    out = Path("out")
    try:
        images.use_pillow(Path("in", settings["pillow"]))
        drawn = draw(settings, out)
        texts = dict(texts_of(settings, drawn))
        write(settings, drawn, texts, out)
    except (images.Refused, wheel.Invalid, archive.Refused) as error:
        sys.exit(f"error: {error}")
    except (axml.Invalid, res_values.Unknown) as error:
        sys.exit(f"error: the resources of the APK can't be written: {error}")
    tree.settle(out)


def draw(settings: dict[str, Any], out: Path) -> list[str]:
    """Write every image; gives their paths below `out`, sorted."""
    assets = Path("in", "app", settings["assets"])
    parts = [android_icons.launcher(android_icons.icon(assets))]
    if settings["splash"]:
        parts.append(android_icons.splash(assets, settings["splash"]))
    found = []
    for folder, name, image in itertools.chain(*parts):
        found.append(f"res/{folder}/{name}.png")
        images.save(image, out / found[-1])
    return sorted(found)


def texts_of(settings: dict[str, Any], drawn: list[str]) -> Iterator[tuple[str, str]]:
    """The path in the APK of each resource that is XML, with its text."""
    for name, text in settings["drawables"].items():
        yield f"res/drawable/{name}.xml", text
    shaped = any(Path(path).stem == "ic_launcher_monochrome" for path in drawn)
    yield f"res/{_ADAPTIVE}/ic_launcher.xml", settings["icon"]["themed" if shaped else "adaptive"]


def write(settings: dict[str, Any], drawn: list[str], texts: dict[str, str], out: Path) -> None:
    """Write the table, the drawables and the manifest; raises axml.Invalid or res_values.Unknown."""
    files = [_file(path) for path in (*drawn, *texts)]
    values = [("color", row["name"]) for row in settings["colors"]] + [
        ("style", row["name"]) for row in settings["styles"]
    ]
    ids = arsc.ids([*values, *((one.type, one.name) for one in files)]) | settings["framework"]
    attributes = settings["attributes"]
    colors = [
        arsc.Resource("color", row["name"], row["config"], res_values.color(row["value"])) for row in settings["colors"]
    ]
    styles = [_style(row, attributes, ids) for row in settings["styles"]]
    (out / "resources.arsc").write_bytes(arsc.encode(settings["package"], [*files, *colors, *styles]))
    manifest = Path("in", _MANIFEST).read_text(encoding="utf-8")
    for path, text in {**texts, _MANIFEST: manifest}.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(axml.encode(text, attributes, ids))


def _file(path: str) -> arsc.Resource:
    """The resource that a file below res/ is, by its folder and its name."""
    _, folder, name = path.split("/")
    kind, _, config = folder.partition("-")
    return arsc.Resource(kind, name.partition(".")[0], config, path)


def _style(row: dict[str, Any], attributes: dict[str, Any], ids: dict[str, int]) -> arsc.Resource:
    items = {}
    for name, text in row["items"].items():
        value = res_values.value(text, attributes[name], ids)
        if isinstance(value, str):
            raise res_values.Unknown(f"`{text}` can't be an item of a style")
        items[attributes[name]["id"]] = value
    parent = res_values.value(row["parent"], {}, ids)[1]
    return arsc.Resource("style", row["name"], row["config"], arsc.Style(parent, items))


if __name__ == "__main__":
    main()
