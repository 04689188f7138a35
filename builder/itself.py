"""builder as a wheel, made of the files that run: no index has it, and a machine without network wants to install it.

A checkout, an editable installation and an installed wheel of one version give the same bytes, so the wheel's own
wheel is that wheel again.
"""

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from importlib.resources.abc import Traversable
from pathlib import Path

from builder import data

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold
_WHEEL = b"Wheel-Version: 1.0\nGenerator: builder\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
NAME = "builder"


def wheel(folder: Path) -> Path:
    """Write the wheel (PEP 427) into a folder; gives its path."""
    installed = distribution(NAME)
    stem = f"{NAME}-{installed.version}"
    files = dict(_package()) | {f"{stem}.dist-info/{name}": text for name, text in _about().items()}
    record = f"{stem}.dist-info/RECORD"
    rows = [f"{name},sha256={_hash(text)},{len(text)}" for name, text in sorted(files.items())]
    files[record] = "".join(f"{row}\n" for row in [*rows, f"{record},,"]).encode()
    place = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(place, "w") as archive:
        for name in [*sorted(files.keys() - {record}), record]:
            member = zipfile.ZipInfo(name, _DATE)
            member.create_system = 3  # Unix, on every system
            member.external_attr = 0o100644 << 16
            archive.writestr(member, files[name])  # stored: zlib's bytes differ from machine to machine
    return place


def _package() -> Iterator[tuple[str, bytes]]:
    """The modules, and the data that lies beside the package in a checkout and within it once it is installed."""
    yield from _files(data.package(), NAME)
    for name in data.FOLDERS:
        yield from _files(data.root(name), f"{NAME}/{name}")
    yield f"{NAME}/{data.REQUIREMENTS}", data.requirements()


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.name.startswith((".", "__pycache__")):
            continue
        if entry.is_dir():
            yield from _files(entry, f"{path}/{entry.name}")
        else:
            yield f"{path}/{entry.name}", entry.read_bytes()


def _about() -> dict[str, bytes]:
    """What stands in .dist-info: of what was installed, all but the description, which is README.md as it was then."""
    installed = distribution(NAME)
    head = (installed.read_text("METADATA") or "").partition("\n\n")[0].splitlines()
    fields = "".join(f"{line}\n" for line in head if not line.startswith("Description-Content-Type:"))
    kept = {name: (installed.read_text(name) or "").encode() for name in ("entry_points.txt", "licenses/LICENSE")}
    return kept | {"METADATA": fields.encode(), "WHEEL": _WHEEL}


def _hash(text: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
