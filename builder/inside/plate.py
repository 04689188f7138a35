"""The plate of Apple's icons: a rounded square, somewhat smaller than its canvas, with a shadow; and what has one.

Sizes and the test are those of Flet 1.0, so an app keeps the look that `flet build` gave it.
"""

import importlib

import framing
import images

CANVAS, SIDE = 1024, 824  # pixels of the canvas and of the plate (Apple's icon grid)
_EXPONENT = 5.0  # of the superellipse that its outline is
_FINE = 4  # times as fine is the outline drawn, for soft edges
_SHADOW, _BLUR, _DOWN = 64, 11, 8  # its opacity of 255, its radius and its offset in pixels
_CORNER, _CLEAR = 0.06, 8  # of the side, in which a corner is looked at; the mean alpha below which it is empty
_BOX = 4  # of Pillow's resampling filters: the mean of the pixels that become one
_SQUARE, _FILLED = 0.08, 0.70  # how far a plate's sides may differ; how much of its box is opaque


def on_plate(image: images.Image, background: str) -> images.Image:
    """An image, cut to the plate's outline and drawn over its colour (`#rrggbb`), with the shadow."""
    outline = _outline()
    top = (CANVAS - SIDE) // 2
    tile = framing.centred(framing.fit(image, SIDE), SIDE, background)
    tile.putalpha(outline)
    dark = images.blank(SIDE)
    dark.putalpha(outline.point(lambda value: value * _SHADOW // 255))
    shadow = images.blank(CANVAS)
    shadow.alpha_composite(dark, (top, top + _DOWN))
    canvas = shadow.filter(importlib.import_module("PIL.ImageFilter").GaussianBlur(_BLUR))
    canvas.alpha_composite(tile, (top, top))
    return canvas


def is_shaped(image: images.Image) -> bool:
    """Whether an image is a plate already: about square, filled, with its corners cut away."""
    alpha = image.getchannel("A")
    size = max(1, round(min(image.size) * _CORNER))
    right, bottom = image.width - size, image.height - size
    for x, y in ((0, 0), (right, 0), (0, bottom), (right, bottom)):
        corner = alpha.crop((x, y, x + size, y + size)).tobytes()
        if sum(corner) / len(corner) >= _CLEAR:
            return False
    box = alpha.getbbox()
    if box is None:
        return False
    width, height = box[2] - box[0], box[3] - box[1]
    opaque = alpha.crop(box).histogram()[255]
    return abs(width / height - 1) <= _SQUARE and opaque / (width * height) >= _FILLED


def _outline() -> images.Image:
    """The plate as a channel: opaque within |x|^n + |y|^n = 1."""
    side = SIDE * _FINE
    rows = []
    for row in range(side):
        y = abs(2 * (row + 0.5) / side - 1)
        half = round((1 - y**_EXPONENT) ** (1 / _EXPONENT) * side / 2)
        edge = bytes(side // 2 - half)
        rows.append(edge + b"\xff" * (2 * half) + edge)
    fine = images.blank(side).getchannel("A")
    fine.frombytes(b"".join(rows))
    return fine.resize((SIDE, SIDE), _BOX)
