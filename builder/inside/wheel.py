"""Wheels unpacked and checked against their RECORD (PEP 427, PEP 376)."""

import base64
import csv
import hashlib
from collections.abc import Callable
from pathlib import Path

import archive
import tree

_SIGNATURES = ("RECORD", "RECORD.jws", "RECORD.p7s")  # PEP 427: these do not list themselves
_STRONG = ("sha256", "sha384", "sha512")  # PEP 427 forbids md5 and sha1

Want = Callable[[str], str | None]


class Invalid(ValueError):  # noqa: N818 (what it is, as the field says it)
    """A wheel that is none, or that is not what its RECORD says."""


def unpack(wheel: Path, out: Path, want: Want | None = None) -> Path:
    """Unpack a wheel into an empty folder and give its .dist-info folder; raises Invalid or archive.Refused.

    Every file is checked against RECORD; with `want`, only the files of that choice are unpacked and checked.
    """
    refuse_page(wheel)
    archive.unpack(wheel, out, want=_with_record(want) if want else None)
    records = sorted(out.glob("*.dist-info/RECORD"))
    if len(records) != 1:
        raise Invalid(f"`{wheel.name}` holds {len(records)} RECORD files, a wheel holds one")
    _verify(wheel.name, out, records[0], whole=want is None)
    return records[0].parent


def refuse_page(file: Path) -> None:
    """Raise Invalid where a file that should be an archive is a web page, as flet-web 0.82.2's micropip is."""
    with file.open("rb") as stream:
        head = stream.read(256).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] == b"<":
        raise Invalid(f"`{file.name}` is a web page, not an archive: a server answered its download with an error page")


def _with_record(want: Want) -> Want:
    def chosen(name: str) -> str | None:
        return name if name.endswith(".dist-info/RECORD") and name.count("/") == 1 else want(name)

    return chosen


def _verify(wheel: str, root: Path, record: Path, *, whole: bool) -> None:
    with record.open(encoding="utf-8", newline="") as file:
        rows = {row[0]: row[1] for row in csv.reader(file) if len(row) == 3}
    unsigned = {f"{record.parent.name}/{name}" for name in _SIGNATURES}
    present = set(tree.names(root)) - unsigned
    if unlisted := sorted(present - set(rows)):
        raise Invalid(f"`{wheel}` holds `{unlisted[0]}`, which its RECORD does not list")
    if whole and (absent := sorted(set(rows) - present - unsigned)):
        raise Invalid(f"`{wheel}` lacks `{absent[0]}`, which its RECORD lists")
    for name in sorted(present):
        algorithm, _, expected = rows[name].partition("=")
        if algorithm not in _STRONG:
            raise Invalid(f"the RECORD of `{wheel}` gives no sha256 of `{name}`")
        with (root / name).open("rb") as file:
            found = base64.urlsafe_b64encode(hashlib.file_digest(file, algorithm).digest()).rstrip(b"=").decode()
        if found != expected.rstrip("="):
            raise Invalid(f"`{name}` of `{wheel}` is not what its RECORD says: {algorithm} {found}, not {expected}")
