"""`builder fetch`: the pins of the chosen targets into the store, and the toolchain made: builds then work offline."""

from builder import lockfile
from builder.backends.nix import hold
from builder.commands import Context, supply
from builder.errors import BuilderError, Exit
from builder.lock import TOOLCHAIN
from builder.plan import store_name
from builder.project import Project


def run(context: Context, project: Project, targets: tuple[str, ...], *, nix: bool = False) -> tuple[int, int]:
    """Fetch for these targets (none: all that are locked); gives (files, bytes) that the store now holds for them.

    With `nix` the Nix store gets them as well, and the toolchain as it is: its own pins are then never asked for.
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
    wanted = {*chosen, TOOLCHAIN}
    pins = {pin.sha256: pin for pin in (*locked.packages, *locked.pins) if wanted & set(pin.targets)}
    with context.store.locked("store", shared=True):
        supply.provide(context, project, locked, pins.values())
        toolchain = supply.toolchain_root(context, project, locked, frozen=False)
        if nix:
            files = [pin for pin in pins.values() if TOOLCHAIN not in pin.targets]
            rows = [(store_name(pin.file), context.store.file(pin.sha256), pin.sha256) for pin in files]
            with context.store.workspace() as folder:
                hold([*rows, (TOOLCHAIN, toolchain, locked.toolchain.nar)], folder, context.environ)
    return len(pins), sum(context.store.file(sha256).stat().st_size for sha256 in pins)
