"""`builder fetch`: the pins of the chosen targets into the store, and the toolchain made: builds then work offline."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from builder import committed, lockfile, planning
from builder.backends.nix import copy_to, hold
from builder.commands import Context, supply, uses
from builder.errors import BuilderError, Exit
from builder.lock import TOOLCHAIN, Lock, Pin
from builder.plan import store_name
from builder.project import Project
from builder.verification import library


def run(context: Context, project: Project, targets: tuple[str, ...], *, verify: bool = False) -> tuple[int, int]:
    """Fetch for these targets (none: all that are locked); gives (files, bytes) that the store now holds for them.

    With `verify` what `builder verify` needs beyond the lock is among them.
    """
    locked = lockfile.load(context.root)
    pins = needed(context, project, locked, targets)
    pins |= {library.pin().sha256: library.pin()} if verify else {}
    with context.store.locked("store", shared=True):
        uses.lock_of(context, locked)
        supply.provide(context, project, locked, pins.values())
        if hasattr(os, "O_NOFOLLOW"):  # not Windows: its files have no exec bits, so the root is made where steps run
            supply.toolchain_root(context, project, locked, frozen=False)
    return len(pins), sum(context.store.file(sha256).stat().st_size for sha256 in pins)


def into_nix(context: Context, project: Project, targets: tuple[str, ...]) -> list[str]:
    """Put what `run` fetched into the Nix store too; gives the store paths.

    It gets the toolchain as it is, so the toolchain's own pins are never asked for.
    """
    locked = lockfile.load(context.root)
    pins = needed(context, project, locked, targets).values()
    files = [pin for pin in pins if TOOLCHAIN not in pin.targets]
    with context.store.locked("store", shared=True):
        toolchain = supply.toolchain_root(context, project, locked, frozen=False)
        rows = [(store_name(pin.file), context.store.file(pin.sha256), pin.sha256) for pin in files]
        with context.store.workspace() as folder:
            return hold([*rows, (TOOLCHAIN, toolchain, locked.toolchain.nar)], folder, context.environ)


def out_of_nix(context: Context, paths: list[str], folder: Path) -> Path:
    """Add store paths to a folder that Nix takes for a binary cache; gives the folder.

    Raises BuilderError (sandbox) where Nix can't.
    """
    copy_to(paths, folder, context.environ)
    return folder


def check_place(context: Context, place: Path) -> None:
    """Raise BuilderError (usage) for a place in the app, of which what is written there would become a part."""
    real, root = Path(os.path.realpath(place)), Path(os.path.realpath(context.root))
    if real.is_relative_to(root) and root / "build" not in real.parents:
        raise BuilderError(
            f"nothing can be written to `{place}`: the app's next build would take it for a part of the app",
            hint="name a place outside of the app, or below its `build/`",
            code=Exit.USAGE,
        )


def chosen(locked: Lock, targets: tuple[str, ...]) -> tuple[str, ...]:
    """The targets that are meant: these, of a family each, or all that are locked.

    Raises BuilderError (lock) for one that is not.
    """
    targets = tuple(dict.fromkeys(target for name in targets for target in planning.named(locked, name)))
    for target in targets:
        if target in locked.unavailable or target not in locked.inputs.targets:
            why = locked.unavailable.get(target, "the lock does not hold it")
            raise BuilderError(
                f"`{target}` can't be fetched: {why}",
                hint="mend that and run `builder lock`, or name another target",
                code=Exit.LOCK,
            )
    return targets or tuple(target for target in locked.inputs.targets if target not in locked.unavailable)


def needed(context: Context, project: Project, locked: Lock, targets: tuple[str, ...]) -> dict[str, Pin]:
    """The pins that these targets and the toolchain want, by sha256.

    The committed plan counts too: it may be that of another builder.
    """
    pins = {pin.sha256: pin for pin in locked.pins_of(TOOLCHAIN)}
    for target in chosen(locked, targets):
        pins |= {pin.sha256: pin for pin in wanted(project, locked, target)}
        with contextlib.suppress(BuilderError):
            named = committed.load(context.root, target).pins
            pins |= {sha256: pin for sha256, pin in locked.by_sha256().items() if sha256 in named}
    return pins


def wanted(project: Project, locked: Lock, target: str) -> Iterable[Pin]:
    """What a target's plan names; all of a target that can't be planned, which is for the build to say."""
    pins = (*locked.packages_of(target), *locked.pins_of(target))
    try:
        named = planning.plan_of(project, locked, target).pins
    except BuilderError:
        return pins
    return (pin for pin in pins if pin.sha256 in named)
