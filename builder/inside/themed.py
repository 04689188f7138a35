"""The one-coloured form of an icon, which Android 13 and later tints as the user's wallpaper says: white on nothing."""

from collections import Counter

import images

_PLATE = 0.75  # of the box round what is visible: a disc fills 0.79 of it, a logo without ground far less
_SAMPLE = 64  # pixels of a side, at which colours are counted
_CONTRAST = 48  # of 255: what differs less from its ground has no form that could be seen
_BITS = 0xF0  # of a channel, that count as the same colour


def shape(image: images.Image) -> images.Image | None:
    """What an icon shows, in white: all that is visible, or what stands out where that is a plate or a whole canvas.

    None for an icon without any form, such as a disc of one colour.
    """
    alpha = image.getchannel("A")
    box = alpha.getbbox()
    if box is None:
        return None
    small = image.crop(box).resize((_SAMPLE, _SAMPLE), images.NEAREST)
    channels = small.tobytes()
    pixels = zip(channels[0::4], channels[1::4], channels[2::4], channels[3::4], strict=True)
    visible = [(red, green, blue) for red, green, blue, seen in pixels if seen > 127]
    if len(visible) < _PLATE * _SAMPLE * _SAMPLE:
        return images.white(alpha)
    form = images.both(images.difference(image, _ground(visible)), alpha)
    strongest = form.getextrema()[1]
    return images.white(form.point(lambda value: value * 255 // strongest)) if strongest >= _CONTRAST else None


def _ground(pixels: list[tuple[int, int, int]]) -> tuple[int, int, int]:
    """The colour that most pixels have, as one of them has it."""
    near = Counter((red & _BITS, green & _BITS, blue & _BITS) for red, green, blue in pixels)
    most = min(near, key=lambda color: (-near[color], color))
    same = Counter(pixel for pixel in pixels if tuple(channel & _BITS for channel in pixel) == most)
    return min(same, key=lambda color: (-same[color], color))
