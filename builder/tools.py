"""The programs that steps run with beside the toolchain, from toolchains/tools.toml: pinned like all else."""

from collections.abc import Collection, Iterable

from builder import data
from builder.errors import BuilderError, Exit
from builder.lock import Lock, Pin


def pins(targets: Collection[str], old: Iterable[Pin]) -> tuple[Pin, ...]:
    """The tools of these targets. A tool of the old pins stays, so that a newer builder's table alone moves nothing."""
    kept = {pin.name: pin for pin in old if pin.hash == "table"}
    found = []
    for row in data.table("tools.toml")["tool"]:
        used = tuple(sorted(set(row["targets"]) & set(targets)))
        if used:
            shipped = Pin.model_validate({**row, "hash": "table", "targets": used})
            found.append(kept.get(shipped.name, shipped).model_copy(update={"targets": used}))
    return tuple(found)


def of(lock: Lock, target: str, name: str) -> Pin:
    """The pin of a tool. Raises BuilderError (lock) where the lock has none."""
    for pin in lock.pins_of(target):
        if pin.name == name and pin.hash == "table":
            return pin
    raise BuilderError(
        f"builder.lock has no `{name}` for {target}",
        hint="it is of an older builder: run `builder lock` and commit the result",
        code=Exit.LOCK,
    )
