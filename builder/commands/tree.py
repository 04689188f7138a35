"""`builder tree`: what a lock holds for a target."""

from collections.abc import Iterable

from builder.errors import BuilderError, Exit
from builder.lock import TOOLCHAIN, Lock, Pin


def run(lock: Lock, target: str) -> list[str]:
    """The lines that show a target's packages, other pins and toolchain: name, version, source, size, hash kind, file.

    "" stands for all targets. Raises BuilderError (usage) for a target that the lock does not have.
    """
    if not target:
        return [line for name in lock.inputs.targets for line in _target(lock, name)] + _toolchain(lock)
    if target not in lock.inputs.targets:
        raise BuilderError(
            f"builder.lock does not hold the target `{target}`",
            hint=f"it holds {', '.join(lock.inputs.targets)}",
            code=Exit.USAGE,
        )
    return _target(lock, target) + _toolchain(lock)


def _target(lock: Lock, target: str) -> list[str]:
    if target in lock.unavailable:
        return [target, f"  can't be built: {lock.unavailable[target]}"]
    packages, pins = lock.packages_of(target), lock.pins_of(target)
    known = [pin.size for pin in (*packages, *pins) if pin.size is not None]
    unknown = len(packages) + len(pins) - len(known)
    more = f" and {unknown} of unknown size" if unknown else ""
    return [f"{target}: {_bytes(sum(known))} in {len(known)} files{more}", *_table((*packages, *pins))]


def _toolchain(lock: Lock) -> list[str]:
    pins = lock.pins_of(TOOLCHAIN)
    return [f"{TOOLCHAIN}: {lock.toolchain.name}, NAR sha256 {lock.toolchain.nar}", *_table(pins)]


def _table(pins: Iterable[Pin]) -> list[str]:
    rows = [
        (pin.name, pin.version, pin.source, "?" if pin.size is None else _bytes(pin.size), pin.hash, pin.file)
        for pin in pins
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    return [
        "  " + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]])
        for row in rows
    ]


def _bytes(size: int) -> str:
    """A size in decimal units, as download tools show it."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"
