"""The icons of a web app and the images of its splash screen, made of its assets.

Reads in/icons.json:
  path        folder of the app below in/app
  platform    whose images come first: `icon_web.png` before `icon.png`
  pillow      file name of Pillow's wheel
  background  colour (`#rrggbb`) of icons that may not be transparent
  icons       true: make the icons
  splash      true: make the images of the splash screen
Leaves in out/ what replaces the client's own; nothing of a kind for which the app has no image.
"""

import json
import sys
from pathlib import Path
from typing import Any

import archive
import framing
import images
import tree
import wheel

_PLAIN = {"favicon.png": 32, "icons/icon-192.png": 192, "icons/icon-512.png": 512}
_MASKABLE = {"icons/icon-maskable-192.png": 192, "icons/icon-maskable-512.png": 512}
_TOUCH = {"icons/apple-touch-icon-192.png": 192}
_SCALES = (1, 2, 3, 4)  # pixels of the screen for one of the page; a source has four for each, as Flet says


def main() -> None:
    """Make what the app has images for."""
    settings = json.loads(Path("in", "icons.json").read_text(encoding="utf-8"))
    out = Path("out")
    try:
        images.use_pillow(Path("in", settings["pillow"]))
        assets = Path("in", "app", settings["path"], "assets")
        if settings["icons"]:
            add_icons(assets, settings, out)
        if settings["splash"]:
            add_splash(assets, settings["platform"], out)
    except (images.Refused, wheel.Invalid, archive.Refused) as error:
        sys.exit(f"error: {error}")
    tree.settle(out)


def add_icons(assets: Path, settings: dict[str, Any], out: Path) -> None:
    """The icons of browsers and home screens; artwork that was made for no platform gets each kind's margin."""
    made = images.find(assets, f"icon_{settings['platform']}")
    source = made or images.find(assets, "icon")
    if source is None:
        return
    plain = images.load(source)
    masked = plain if made else framing.shrunk(plain, framing.MASKABLE, framing.radius(plain))
    touched = plain if made else framing.shrunk(plain, framing.APPLE, framing.reach(plain))
    save(plain, _PLAIN, None, out)
    save(masked, _MASKABLE, settings["background"], out)
    save(touched, _TOUCH, settings["background"], out)


def save(image: images.Image, sizes: dict[str, int], background: str | None, out: Path) -> None:
    """An image as square icons of some sizes, on a background where one is given."""
    for name, size in sizes.items():
        images.save(framing.centred(framing.fit(image, size), size, background), out / name)


def add_splash(assets: Path, platform: str, out: Path) -> None:
    """The images of the splash screen for light and, where the app has one of its own, for dark pages."""
    light = images.find(assets, f"splash_{platform}", "splash")
    dark = images.find(assets, f"splash_dark_{platform}", "splash_dark")
    if light is not None:
        save_scaled(images.load(light), "light", out)
    elif (icon := images.find(assets, "icon")) is not None:
        whole = images.load(icon)
        save_scaled(framing.shrunk(whole, framing.SPLASH, framing.reach(whole)), "light", out)
    if dark is not None:
        save_scaled(images.load(dark), "dark", out)


def save_scaled(image: images.Image, name: str, out: Path) -> None:
    """An image for each density of screens."""
    for scale in _SCALES:
        size = (image.width * scale // 4, image.height * scale // 4)
        images.save(images.resized(image, size), out / "splash" / "img" / f"{name}-{scale}x.png")


if __name__ == "__main__":
    main()
