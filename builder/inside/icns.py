"""Icon files of macOS (Apple Icon Image): a list of images, each under a type that says how large it is shown.

From 32 pixels on the images are PNG; the two smallest ones at one pixel a point are ARGB, compressed by PackBits' kin,
as iconutil writes them: as PNG older systems show them wrong.
"""

import struct
from collections.abc import Mapping
from pathlib import Path

import images

_ARGB = {16: b"ic04", 32: b"ic05"}
_PNG = {
    b"ic07": 128,
    b"ic08": 256,
    b"ic09": 512,
    b"ic10": 1024,  # 512 points at two pixels each, as those below are
    b"ic11": 32,
    b"ic12": 64,
    b"ic13": 256,
    b"ic14": 512,
}
SIDES = tuple(sorted({*_ARGB, *_PNG.values()}))  # pixels
_HEAD = struct.Struct(">4sL")
_RUN = 128  # bytes that a run of literal ones holds


class Refused(ValueError):  # noqa: N818 (what happened, as the field says it)
    """A file that is no icon file."""


def packed(sizes: Mapping[int, images.Image]) -> bytes:
    """An icon file of the image in each of SIDES."""
    pngs = {side: images.png(sizes[side]) for side in sorted(set(_PNG.values()))}
    entries = [(kind, _argb(sizes[side])) for side, kind in _ARGB.items()]
    entries += [(kind, pngs[side]) for kind, side in _PNG.items()]
    body = b"".join(_HEAD.pack(kind, _HEAD.size + len(data)) + data for kind, data in entries)
    return _HEAD.pack(b"icns", _HEAD.size + len(body)) + body


def checked(file: Path) -> bytes:
    """The bytes of an icon file, if it is one; raises Refused."""
    data = file.read_bytes()
    at = _HEAD.size
    while at + _HEAD.size <= len(data):
        size = _HEAD.unpack_from(data, at)[1]
        if size <= _HEAD.size:
            break
        at += size
    if len(data) <= _HEAD.size or _HEAD.unpack_from(data) != (b"icns", len(data)) or at != len(data):
        raise Refused(f"`{file.name}` of the app's assets is no icon file of macOS, or not all of it: make it anew")
    return data


def _argb(image: images.Image) -> bytes:
    """The channels one after the other, each in runs of literal bytes."""
    data = image.tobytes()
    found = [b"ARGB"]
    for channel in (data[3::4], data[0::4], data[1::4], data[2::4]):
        for at in range(0, len(channel), _RUN):
            run = channel[at : at + _RUN]
            found += [bytes([len(run) - 1]), run]
    return b"".join(found)
