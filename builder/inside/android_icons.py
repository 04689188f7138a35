"""An APK's launcher icon and splash images, drawn from the images of the app's assets.

Names are looked for as Flet does: `icon_android` before `icon`; `splash_android` before `splash` before the icon; for
dark mode `splash_dark_android` before `splash_dark`. Artwork that was made for no platform gets the margin that round
masks need. An app without an icon has Flet's own, which the web client ships. The launcher icon is drawn for every
density; what is seen once, while the app starts, for the finest alone: Android reduces it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import framing
import images
import themed

_DENSITIES = {"mdpi": 1, "hdpi": 1.5, "xhdpi": 2, "xxhdpi": 3, "xxxhdpi": 4}
_ICON, _LAYER = 48, 108  # dp: a launcher's icon; a layer of an adaptive one, of which the middle 72 are sure to be seen
_SPLASH, _SPLASH_ON_COLOR = 288, 240  # dp: the canvas of Android 12's splash icon, and of one with a background
_CIRCLE = 2 / 3  # of that canvas is seen
_SMALLEST = 48  # pixels of a side; what is smaller than the smallest icon is a slip
_FINE = 432  # pixels of a side: of the largest layer
_OWN = Path("in", "client", "icons", "icon-512.png")

Drawn = Iterator[tuple[str, str, images.Image]]  # (type and qualifiers, name, image)


@dataclass(frozen=True)
class Artwork:
    """An image, and whether it was made for no platform, so that it may get a margin."""

    image: images.Image
    derived: bool


def icon(assets: Path) -> Artwork:
    """The artwork of the launcher icon; raises images.Refused."""
    own = images.find(assets, "icon_android", "icon")
    if own is None:
        return Artwork(images.load(_OWN), derived=True)
    return Artwork(_large_enough(images.load(own), own.name), derived=own.stem == "icon")


def launcher(art: Artwork) -> Drawn:
    """The launcher icon for every density: whole for Android 7, as a layer, and in one colour where it has a form."""
    framed = art.image
    if art.derived:
        framed = framing.shrunk(framed, framing.ANDROID, framing.radius(framed))
    shape = themed.shape(framed)
    for density, scale in _DENSITIES.items():
        yield f"mipmap-{density}", "ic_launcher", _canvas(art.image, _ICON * scale)
        yield f"drawable-{density}", "ic_launcher_foreground", _canvas(framed, _LAYER * scale)
        if shape is not None:
            yield f"drawable-{density}", "ic_launcher_monochrome", _canvas(shape, _LAYER * scale)


def splash(assets: Path, settings: dict[str, Any]) -> Drawn:
    """`splash`, and `android12splash` on that release's canvas, in light and, where they differ, in dark mode."""
    light = _light(assets)
    own = images.find(assets, "splash_dark_android", "splash_dark")
    dark = images.square(images.load(own)) if own else None
    yield from _plain("drawable", light)
    yield from _on_canvas("drawable", light, settings["background"], settings["fit"])
    if dark is not None:
        yield from _plain("drawable-night", dark)
    if dark is not None or settings["dark_background"] != settings["background"]:
        yield from _on_canvas("drawable-night", dark or light, settings["dark_background"], settings["fit"])


def _light(assets: Path) -> images.Image:
    """The artwork of the splash screen; an icon in its place gets room around it, for it fills its canvas."""
    own = images.find(assets, "splash_android", "splash")
    if own is not None:
        return images.square(images.load(own))
    image = images.square(images.load(images.find(assets, "icon", "icon_android") or _OWN))
    return framing.shrunk(image, framing.SPLASH, framing.reach(image))


def _plain(folder: str, image: images.Image) -> Drawn:
    """The image of the splash screen: a fourth of its pixels is its size in dp, as Flet has it."""
    yield f"{folder}-xxxhdpi", "splash", image


def _on_canvas(folder: str, image: images.Image, background: str | None, fit: str) -> Drawn:
    """The icon of Android 12's splash screen, inside of the circle that it is cut to."""
    reach = framing.radius(image)
    shrink = fit == "contain" and reach is not None and reach > _CIRCLE
    side = (_SPLASH_ON_COLOR if background else _SPLASH) * _DENSITIES["xxxhdpi"]
    art = framing.fit(image, round(side * _CIRCLE / reach) if shrink else side)
    yield f"{folder}-xxxhdpi", "android12splash", framing.centred(art, side, background)


def _canvas(image: images.Image, side: float) -> images.Image:
    return framing.centred(framing.fit(image, round(side)), round(side))


def _large_enough(image: images.Image, name: str) -> images.Image:
    size = f"`{name}` of the app's assets has {image.width} by {image.height} pixels"
    if max(image.size) < _SMALLEST:
        raise images.Refused(f"{size}, too few for an icon: make it {_FINE} a side or more")
    if max(image.size) < _FINE:
        print(f"{size}: large icons will look soft, {_FINE} a side look sharp")
    return image
