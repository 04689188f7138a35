"""Flet's compiled client out of its archive, which may lie in a wheel."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import archive
import tree
import wheel

_SCRATCH = Path("wheel")


def unpack(name: str, packed: str, want: Callable[[str], str | None], required: Iterable[str]) -> None:
    """Leave the client of in/NAME in out/; ends the step where it is none that this builder knows.

    `packed` is how the path of the archive in a wheel begins, `want` gives where a member of it goes, and `required`
    are files that must be there then.
    """
    out = Path("out")
    try:
        file = _from_wheel(Path("in", name), packed) if name.endswith(".whl") else Path("in", name)
        archive.unpack(file, out, want=want)
    except (wheel.Invalid, archive.Refused) as error:
        sys.exit(f"error: {error}")
    if absent := [file for file in required if not (out / file).is_file()]:
        sys.exit(f"error: the client of `{name}` has no `{absent[0]}`: it is of another Flet than this builder knows")
    tree.prune(out)
    tree.settle(out)


def _from_wheel(file: Path, packed: str) -> Path:
    """The archive out of its wheel; raises wheel.Invalid or archive.Refused."""
    wheel.unpack(file, _SCRATCH, want=lambda member: member if member.startswith(packed) else None)
    found = sorted((_SCRATCH / packed).parent.glob("*.tar.gz"))
    if len(found) != 1:
        raise wheel.Invalid(f"`{file.name}` holds {len(found)} clients, not one")
    return found[0]
