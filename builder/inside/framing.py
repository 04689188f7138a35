"""Where the artwork of an icon lies on its canvas: Flet's rules for what launchers and browsers cut away."""

import math

import images

_SAMPLE = 256  # pixels of a side, at which a shape is measured
_VISIBLE = 8  # alpha, of 255, above which a pixel is part of the shape
_TOLERANCE = 1.02  # artwork this near its margin stays as it is: every resize costs sharpness

# How far artwork that was made for no platform may reach, as a part of its canvas.
ANDROID = 0.567  # of the radius: the furthest point is then at 85 % of the circle that every launcher shows
MASKABLE = 0.80  # of the radius: the safe zone of a web app's icon (W3C Web Application Manifest)
APPLE = 0.60  # of the side
SPLASH = 0.60  # of the side


def fit(image: images.Image, side: int) -> images.Image:
    """Artwork resized to fit into a square, with its own proportions."""
    scale = side / max(image.size)
    return images.resized(image, (round(image.width * scale), round(image.height * scale)))


def centred(image: images.Image, side: int, background: str | None = None) -> images.Image:
    """A square canvas of a colour (`#rrggbb`; transparent without one) with artwork in its middle."""
    canvas = images.blank(side, background)
    canvas.alpha_composite(image, ((side - image.width) // 2, (side - image.height) // 2))
    return canvas


def reach(image: images.Image) -> float | None:
    """How far what is visible reaches from the middle to the sides, as a part of half the side; None where all is."""
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return None
    box = alpha.getbbox()
    if box is None:
        return 0.0
    middle = (image.width / 2, image.height / 2)
    furthest = max(middle[0] - box[0], box[2] - middle[0], middle[1] - box[1], box[3] - middle[1])
    return 2 * furthest / max(image.size)


def radius(image: images.Image) -> float | None:
    """How far what is visible reaches from the middle, as a part of half the side; None where all is visible."""
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return None
    scale = min(1, _SAMPLE / max(alpha.size))
    small = alpha.resize((max(1, round(alpha.width * scale)), max(1, round(alpha.height * scale))), images.BILINEAR)
    shape = small.point(lambda value: 255 if value > _VISIBLE else 0)
    middle = ((shape.width - 1) / 2, (shape.height - 1) / 2)
    furthest = 0.0
    for y in range(shape.height):
        box = shape.crop((0, y, shape.width, y + 1)).getbbox()
        for x in (box[0], box[2] - 1) if box else ():
            furthest = max(furthest, math.hypot(x - middle[0], y - middle[1]))
    return furthest / (max(middle) or 1)


def shrunk(image: images.Image, limit: float, measured: float | None) -> images.Image:
    """Artwork made smaller on its canvas until it reaches no further than `limit`; never larger.

    An image without any transparency (`measured` is None) is a finished icon and stays as it is.
    """
    if measured is None or measured <= limit * _TOLERANCE:
        return image
    side = max(image.size)
    return centred(fit(image, max(1, round(side * limit / measured))), side)
