"""Icons of Windows programs: taken from .ico files, or drawn from an image, as the entries that RT_GROUP_ICON lists."""

import struct
from pathlib import Path
from typing import NamedTuple

import images

SIZES = (16, 24, 32, 48, 64, 128, 256)  # pixels a side
LEAST = 48  # of a source; smaller ones look bad on every desktop
_HEAD, _ENTRY = struct.Struct("<3H"), struct.Struct("<4B2H2L")  # ICONDIR, ICONDIRENTRY
_GROUP_ENTRY = struct.Struct("<4B2HLH")  # GRPICONDIRENTRY: the number of the RT_ICON in the place of an offset
_BITMAP = struct.Struct("<L2l2H2L2l2L")  # BITMAPINFOHEADER
_ICON = 1  # type of an ICONDIR


class Entry(NamedTuple):
    """One size of an icon: the first fields of its ICONDIRENTRY, and its DIB or PNG."""

    width: int  # pixels; 0 is 256
    height: int
    colors: int  # of the palette; 0 where there is none
    planes: int
    bits: int  # of a pixel
    data: bytes


def find(assets: Path) -> list[Entry]:
    """The icon of an app: `icon_windows`, else `icon`; of each an .ico first. Raises images.Refused.

    It must be asked of Pillow beforehand, as `images` has it.
    """
    for stem in ("icon_windows", "icon"):
        if (file := assets / f"{stem}.ico").is_file():
            return read(file)
        if found := images.find(assets, stem):
            return draw(found)
    raise images.Refused("the app's assets hold no icon, but did when this was planned")


def read(file: Path) -> list[Entry]:
    """The entries of an .ico file, as they are; raises images.Refused for what is none."""
    data = file.read_bytes()
    try:
        zero, kind, count = _HEAD.unpack_from(data)
        entries = [_ENTRY.unpack_from(data, _HEAD.size + number * _ENTRY.size) for number in range(count)]
    except struct.error as error:
        raise images.Refused(f"`{file.name}` of the app's assets is broken: it ends early") from error
    if (zero, kind) != (0, _ICON) or not entries:
        raise images.Refused(f"`{file.name}` of the app's assets is no icon: write one, or `{file.stem}.png` instead")
    found = []
    for width, height, colors, _, planes, bits, size, offset in entries:
        if not size or offset + size > len(data):
            raise images.Refused(f"`{file.name}` of the app's assets is broken: an entry lies outside of it")
        found.append(Entry(width, height, colors, planes, bits, data[offset : offset + size]))
    return found


def draw(file: Path) -> list[Entry]:
    """An image in each size that it is large enough for; raises images.Refused."""
    icon = images.square(images.load(file))
    if icon.width < LEAST:
        raise images.Refused(
            f"`{file.name}` of the app's assets has {icon.width} pixels a side: an icon needs {LEAST} at least,"
            " 256 look well everywhere"
        )
    return [bitmap(images.resized(icon, (side, side))) for side in SIZES if side <= icon.width]


def bitmap(image: images.Image) -> Entry:
    """A square image as a DIB of 32 bits a pixel, which every Windows reads at every size, with an empty mask."""
    side = image.width
    rows = image.tobytes("raw", "BGRA", 0, -1)  # from the lowest up
    mask = bytes(((side + 31) // 32 * 4) * side)
    head = _BITMAP.pack(_BITMAP.size, side, 2 * side, 1, 32, 0, len(rows) + len(mask), 0, 0, 0, 0)
    return Entry(side % 256, side % 256, 0, 1, 32, head + rows + mask)


def group(entries: list[Entry]) -> bytes:
    """The RT_GROUP_ICON of entries that are RT_ICON 1, 2 and so on."""
    rows = [
        _GROUP_ENTRY.pack(entry.width, entry.height, entry.colors, 0, entry.planes, entry.bits, len(entry.data), number)
        for number, entry in enumerate(entries, 1)
    ]
    return _HEAD.pack(0, _ICON, len(rows)) + b"".join(rows)
