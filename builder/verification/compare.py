"""What differs between two outputs, down to the member, the field of its header and the bytes."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from builder.verification.containers import Container, Data, Header, Part, mapped, opened

MOST = 20  # differences of one file
_DEPTH = 5  # containers in each other
_BLOCK = 1 << 16  # bytes
_BEFORE, _SHOWN = 16, 64  # bytes before the first one that differs; bytes in all
_TEXT = 4 << 20  # bytes of a text whose lines are compared
_LINE = 160  # characters of a line that are shown


@dataclass(frozen=True)
class Difference:
    """One place where two outputs differ."""

    place: tuple[str, ...]  # the file, then the member in it, then the one in that
    kind: str  # content, order, date, mode, owner, packing, header, presence
    told: str  # what differs, for people
    first: str  # what is there
    then: str
    offset: int | None = None  # of the first byte that differs, in the innermost place
    context: tuple[str, str] = ("", "")  # hex of the bytes around


def states(root: Path) -> dict[str, tuple[str, str]]:
    """What each entry of a folder is: relative path -> (kind and mode, target of a link); "" for a file itself."""
    found = {}
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = Path(folder, name)
            mode = path.lstat().st_mode
            target = str(path.readlink()) if stat.S_ISLNK(mode) else ""
            found[path.relative_to(root).as_posix()] = (stat.filemode(mode), target)
    return found if root.is_dir() else {"": ("file", "")}


def differing(first: Path, then: Path) -> tuple[str, ...]:
    """The relative paths that are not the same in two folders, sorted; "" for two files that differ."""
    mine, other = states(first), states(then)
    found = {name for name in {*mine, *other} if mine.get(name) != other.get(name)}
    for name in {*mine} & {*other} - found:
        here, there = (first / name, then / name) if name else (first, then)
        if here.is_file() and not here.is_symlink() and not _same(here, there):
            found.add(name)
    return tuple(sorted(found))


def differences(name: str, first: Path, then: Path) -> tuple[Difference, ...]:
    """What differs in one file of two outputs, at most MOST places; its own being there is one."""
    here, there = os.path.lexists(first), os.path.lexists(then)
    if here != there:
        return (Difference((name,), "presence", "the file is in one of the two only", _is(here), _is(there)),)
    if first.is_symlink() or then.is_symlink() or first.is_dir() or then.is_dir():
        return (Difference((name,), "presence", "the kind or the target of the entry", _kind(first), _kind(then)),)
    found = list(islice(_inside((name,), mapped(first), mapped(then), 0), MOST))
    modes = [stat.filemode(path.stat().st_mode) for path in (first, then)]
    if modes[0] != modes[1]:
        found.insert(0, Difference((name,), "mode", "the mode of the file", modes[0], modes[1]))
    return tuple(found)


def _inside(place: tuple[str, ...], first: Data, then: Data, depth: int) -> Iterator[Difference]:
    if first[:] == then[:] if len(first) < _BLOCK else _offset(first, then) is None:
        return
    mine, other = opened(place[-1], first), opened(place[-1], then)
    if mine is None or other is None or mine.what != other.what or depth == _DEPTH:
        yield _bytes(place, first, then)
        return
    found = False
    for difference in _containers(place, (mine, first), (other, then), depth):
        found = True
        yield difference
    if not found:
        spot = _bytes(place, first, then)
        told = f"how its members are packed in the {mine.what}: they are the same"
        yield Difference(place, "packing", told, spot.first, spot.then, spot.offset, spot.context)


def _containers(
    place: tuple[str, ...], first: tuple[Container, Data], then: tuple[Container, Data], depth: int
) -> Iterator[Difference]:
    yield from _headers(place, (first[0].headers, first[1]), (then[0].headers, then[1]))
    mine, other = _named(first[0].parts), _named(then[0].parts)
    for name in sorted({*mine} ^ {*other}):
        told = "the member is in one of the two only"
        yield Difference((*place, name), "presence", told, _is(name in mine), _is(name in other))
    shared = [name for name in mine if name in other]
    if shared != (again := [name for name in other if name in mine]):
        at = next(number for number, pair in enumerate(zip(shared, again, strict=True)) if pair[0] != pair[1])
        told = f"the order of the members, from number {at + 1} on"
        yield Difference(place, "order", told, ", ".join(shared[at : at + 3]), ", ".join(again[at : at + 3]))
    for name in shared:
        one, two = mine[name], other[name]
        yield from _headers((*place, name), (one.headers, first[1]), (two.headers, then[1]))
        if one.stamp is None or one.stamp != two.stamp:
            yield from _parts((*place, name), one, two, depth)


def _parts(place: tuple[str, ...], first: Part, then: Part, depth: int) -> Iterator[Difference]:
    try:
        one, two = first.read(), then.read()
    except ValueError as error:
        yield Difference(
            place, "content", f"the bytes, which can't be read ({error})", str(first.stamp), str(then.stamp)
        )
        return
    yield from _inside(place, one, two, depth + 1)


def _headers(
    place: tuple[str, ...], first: tuple[tuple[Header, ...], Data], then: tuple[tuple[Header, ...], Data]
) -> Iterator[Difference]:
    """Fields that differ; where both have them at their own place, the bytes there too."""
    others = {header.told: header for header in then[0]}
    for header in first[0]:
        other = others.get(header.told)
        if other is not None and header.value != other.value:
            context = (_hex(first[1], header.at), _hex(then[1], other.at))
            yield Difference(place, header.kind, header.told, header.value, other.value, header.at, context)


def _bytes(place: tuple[str, ...], first: Data, then: Data) -> Difference:
    """Where two runs of bytes begin to differ; as lines where both are text."""
    at = _offset(first, then) or 0
    context = (_hex(first, at), _hex(then, at))
    mine, other = _lines(first), _lines(then)
    if mine is None or other is None:
        sizes = f" ({len(first)} and {len(then)} of them)" if len(first) != len(then) else ""
        told = f"{_flags(first, then) or 'the bytes'}{sizes}"
        return Difference(place, "content", told, _shown(first, at), _shown(then, at), at, context)
    number = _first_line(mine, other)
    one, two = _line(mine, other, number), _line(other, mine, number)
    if len(mine) > 1 and sorted(mine) == sorted(other):
        told = f"the order of the lines, from line {number + 1} on; they are the same"
        return Difference(place, "order", told, one, two, at, context)
    return Difference(place, "content", f"line {number + 1}", one, two, at, context)


def _flags(first: Data, then: Data) -> str:
    """What to call bytes that differ in their highest bit alone, as marshal's FLAG_REF does; else ""."""
    if len(first) != len(then) or len(first) > _TEXT:
        return ""
    alike = all(one & 0x7F == two & 0x7F for one, two in zip(first[:], then[:], strict=True))
    return "the highest bit of bytes alone (marshal's FLAG_REF in byte code)" if alike else ""


def _offset(first: Data, then: Data) -> int | None:
    """The first byte that differs; None where there is none."""
    for start in range(0, min(len(first), len(then)), _BLOCK):
        one, two = first[start : start + _BLOCK], then[start : start + _BLOCK]
        if one != two:
            shorter = min(len(one), len(two))
            return start + next((n for n in range(shorter) if one[n] != two[n]), shorter)
    return None if len(first) == len(then) else min(len(first), len(then))


def _lines(data: Data) -> list[str] | None:
    """The lines of a text; None for what is none, or is long."""
    if len(data) > _TEXT:
        return None
    try:
        text = data[:].decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text.splitlines()


def _first_line(first: list[str], then: list[str]) -> int:
    pairs = enumerate(zip(first, then, strict=False))
    return next((number for number, pair in pairs if pair[0] != pair[1]), min(len(first), len(then)))


def _line(lines: list[str], others: list[str], number: int) -> str:
    """A line; of a long one what is around the first character that another has not."""
    line = lines[number] if number < len(lines) else "(no such line)"
    other = others[number] if number < len(others) else ""
    at = next((place for place, pair in enumerate(zip(line, other, strict=False)) if pair[0] != pair[1]), 0)
    start = max(0, at - _LINE // 4) if len(line) > _LINE else 0
    return f"{'…' * (start > 0)}{line[start : start + _LINE]}{'…' * (len(line) > start + _LINE)}"


def _hex(data: Data, at: int | None) -> str:
    """The bytes around a place, 16 a line: offset, hex, text."""
    if at is None:
        return ""
    start = max(0, at - _BEFORE) // 16 * 16
    rows = []
    for place in range(start, min(start + _SHOWN, len(data)), 16):
        row = data[place : place + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{place:08x}  {row.hex(' '):<47}  {text}")
    return "\n".join(rows)


def _shown(data: Data, at: int) -> str:
    return data[at : at + 16].hex(" ") or "(the end)"


def _kind(path: Path) -> str:
    return f"-> {path.readlink()}" if path.is_symlink() else "a folder" if path.is_dir() else "a file"


def _is(there: bool) -> str:
    return "there" if there else "not there"


def _named(parts: tuple[Part, ...]) -> Mapping[str, Part]:
    """Parts by name; of two with one name the last, as most readers have it."""
    return {part.name: part for part in parts}


def _same(first: Path, then: Path) -> bool:
    if first.stat().st_size != then.stat().st_size:
        return False
    with first.open("rb", buffering=0) as one, then.open("rb", buffering=0) as two:
        while block := one.read(1 << 20):
            if block != two.read(1 << 20):
                return False
    return True
