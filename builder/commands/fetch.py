"""`builder fetch`: the pins of the chosen targets into the store, and the toolchain made: builds then work offline."""

import os
from collections.abc import Collection, Iterable

from builder import lockfile, planning
from builder.backends.nix import hold
from builder.commands import Context, supply, uses
from builder.errors import BuilderError, Exit
from builder.lock import TOOLCHAIN, Lock, Pin
from builder.plan import store_name
from builder.project import Project
from builder.verification import library


def run(
    context: Context, project: Project, targets: tuple[str, ...], *, nix: bool = False, verify: bool = False
) -> tuple[int, int]:
    """Fetch for these targets (none: all that are locked); gives (files, bytes) that the store now holds for them.

    With `verify` what `builder verify` needs beyond the lock is among them. With `nix` the Nix store gets those of the
    targets as well, and the toolchain as it is: its own pins are then never asked for.
    """
    locked = lockfile.load(context.root)
    chosen = targets or tuple(target for target in locked.inputs.targets if target not in locked.unavailable)
    for target in chosen:
        if target in locked.unavailable or target not in locked.inputs.targets:
            why = locked.unavailable.get(target, "the lock does not hold it")
            raise BuilderError(
                f"`{target}` can't be fetched: {why}",
                hint="mend that and run `builder lock`, or name another target",
                code=Exit.LOCK,
            )
    pins = {pin.sha256: pin for target in chosen for pin in wanted(project, locked, target)}
    pins |= {pin.sha256: pin for pin in locked.pins_of(TOOLCHAIN)}
    pins |= {library.pin().sha256: library.pin()} if verify else {}
    with context.store.locked("store", shared=True):
        uses.lock_of(context, locked)
        supply.provide(context, project, locked, pins.values())
        if not hasattr(os, "O_NOFOLLOW"):  # Windows: its files have no exec bits, so the root is made where steps run
            return _held(context, pins)
        toolchain = supply.toolchain_root(context, project, locked, frozen=False)
        if nix:
            files = [pin for pin in pins.values() if TOOLCHAIN not in pin.targets]
            rows = [(store_name(pin.file), context.store.file(pin.sha256), pin.sha256) for pin in files]
            with context.store.workspace() as folder:
                hold([*rows, (TOOLCHAIN, toolchain, locked.toolchain.nar)], folder, context.environ)
    return _held(context, pins)


def _held(context: Context, pins: Collection[str]) -> tuple[int, int]:
    """How many files these are, and their size in bytes."""
    return len(pins), sum(context.store.file(sha256).stat().st_size for sha256 in pins)


def wanted(project: Project, locked: Lock, target: str) -> Iterable[Pin]:
    """What a target's plan names; all of a target that can't be planned, which is for the build to say."""
    pins = (*locked.packages_of(target), *locked.pins_of(target))
    try:
        named = planning.plan_of(project, locked, target).pins
    except BuilderError:
        return pins
    return (pin for pin in pins if pin.sha256 in named)
