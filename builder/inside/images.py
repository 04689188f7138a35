"""Images of an app's assets, found, read and written by a pinned Pillow that is unpacked for the step.

What is written depends on the pixels alone: Pillow filters the rows of a PNG, the interpreter's own zlib deflates them.
"""

import importlib
import io
import struct
import sys
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import wheel

Image = Any  # a PIL.Image.Image; the name can't be imported before the wheel is unpacked

# As Flet ranks them, best first.
_FORMATS = {
    ".png": "PNG",
    ".webp": "WEBP",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
_KNOWN = "write it as PNG, WebP, JPEG, GIF, BMP or TIFF"
_PLUGINS = {"PNG": "Png", "WEBP": "WebP", "JPEG": "Jpeg", "GIF": "Gif", "BMP": "Bmp", "TIFF": "Tiff"}
_LARGEST = 2048  # pixels of a side; a larger source is reduced once, as Flet does
_LIMIT = 8192  # pixels of a side; more would fill the memory
NEAREST = 0  # of Pillow's resampling filters: no new colours
BILINEAR = 2  # softer than the one of `resized`, and what Flet measures with
_UNUSED = ("PIL/_avif", "PIL/_imagingft", "pillow.libs/libavif", "pillow.libs/libfreetype", "pillow.libs/libharfbuzz")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class Refused(ValueError):  # noqa: N818 (what happened, as the field says it)
    """An image that can't be used; the text says how to mend it."""


def use_pillow(file: Path) -> None:
    """Unpack Pillow's wheel and let it be imported; raises wheel.Invalid or archive.Refused."""
    folder = Path("pillow").resolve()
    wheel.unpack(file, folder, want=lambda name: None if name.startswith(_UNUSED) else name)
    sys.path.append(str(folder))


def find(folder: Path, *stems: str) -> Path | None:
    """The image of the first of these stems that has one, in the best format of those that it is there in.

    Raises Refused for a stem that is there as a drawing alone: there is nothing here that draws SVG.
    """
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file()) if folder.is_dir() else []
    for stem in stems:
        mine = [name for name in names if Path(name).stem == stem]
        known = [name for name in mine if Path(name).suffix.lower() in _FORMATS]
        if known:
            return folder / min(known, key=lambda name: (list(_FORMATS).index(Path(name).suffix.lower()), name))
        drawn = [name for name in mine if Path(name).suffix.lower() == ".svg"]
        if drawn:
            raise Refused(
                f"`{drawn[0]}` of the app's assets is a drawing, which can't be used for `{stem}`: export it as"
                f" `{stem}.png` of 1024 by 1024 pixels and put that beside it"
            )
    return None


def load(file: Path) -> Image:
    """The first frame of an image, upright, as RGBA of at most 2048 pixels a side; raises Refused."""
    pillow = _module("Image")
    pillow.MAX_IMAGE_PIXELS = None  # the limit of a side takes its place
    for plugin in _PLUGINS.values():
        _module(f"{plugin}ImagePlugin")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata; the pixels are what counts
            image = _small_enough(pillow.open(file, formats=tuple(_PLUGINS)), file.name)
            image.load()
            upright = _module("ImageOps").exif_transpose(image)
    except pillow.UnidentifiedImageError as error:
        raise Refused(f"`{file.name}` of the app's assets is no image that can be read: {_KNOWN}") from error
    except Refused:
        raise
    except Exception as error:  # decoders of broken bytes raise whatever comes
        raise Refused(f"`{file.name}` of the app's assets is broken: {error}") from error
    found = upright if upright.mode == "RGBA" else upright.convert("RGBA")
    scale = _LARGEST / max(found.size)
    return found if scale >= 1 else resized(found, (round(found.width * scale), round(found.height * scale)))


def resized(image: Image, size: tuple[int, int]) -> Image:
    """An image at another size, at least 1 pixel a side; soft edges keep their colour, as alpha is multiplied in."""
    wanted = (max(1, size[0]), max(1, size[1]))
    if image.size == wanted:
        return image  # the way there and back would not be without loss
    return image.convert("RGBa").resize(wanted, _module("Image").Resampling.LANCZOS).convert("RGBA")


def blank(side: int, color: str | None = None) -> Image:
    """A square of one colour (`#rrggbb`), transparent without one."""
    rgba = (*bytes.fromhex(color.removeprefix("#")), 255) if color else (0, 0, 0, 0)
    return _module("Image").new("RGBA", (side, side), rgba)


def square(image: Image) -> Image:
    """An image in the middle of a square as large as its longer side, the rest of it transparent."""
    if image.width == image.height:
        return image
    side = max(image.size)
    canvas = blank(side)
    canvas.alpha_composite(image, ((side - image.width) // 2, (side - image.height) // 2))
    return canvas


def white(alpha: Image) -> Image:
    """White that is as transparent as a channel says."""
    image = _module("Image").new("RGBA", alpha.size, (255, 255, 255, 255))
    image.putalpha(alpha)
    return image


def difference(image: Image, color: tuple[int, int, int]) -> Image:
    """How far each pixel is from a colour, in the channel in which it is furthest."""
    chops = _module("ImageChops")
    ground = _module("Image").new("RGB", image.size, color)
    red, green, blue = chops.difference(image.convert("RGB"), ground).split()
    return chops.lighter(red, chops.lighter(green, blue))


def both(one: Image, other: Image) -> Image:
    """The product of two channels, of which 255 is the whole."""
    return _module("ImageChops").multiply(one, other)


def png(image: Image) -> bytes:
    """An image as PNG (ISO 15948) without metadata, the same bytes wherever the same interpreter runs.

    Pillow's own zlib chooses its code by the processor, so it stores, and the interpreter's zlib deflates.
    """
    opaque = image.getextrema()[3][0] == 255
    stored = io.BytesIO()
    (image.convert("RGB") if opaque else image).save(stored, "PNG", compress_level=0)
    chunks = list(_chunks(stored.getvalue()))
    rows = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    head = next(data for kind, data in chunks if kind == b"IHDR")
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)


def save(image: Image, place: Path) -> None:
    """Write an image as PNG; the folders that its place lies in are made."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(png(image))


def _small_enough(image: Image, name: str) -> Image:
    if max(image.size) > _LIMIT:
        size = f"{image.width} by {image.height} pixels"
        raise Refused(f"`{name}` of the app's assets has {size}: make it at most {_LARGEST} a side")
    return image


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        at += size + 12


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _module(name: str) -> Any:
    """A module of Pillow; no `import` names it, since what scripts import is the standard library or each other."""
    return importlib.import_module(f"PIL.{name}")
