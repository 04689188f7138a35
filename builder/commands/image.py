"""What builder's own image is made of, brought into the store."""

from collections.abc import Iterable, Mapping

from builder import committed, data, ownimage, toolchain
from builder.commands import Context, supply
from builder.lock import FILENAME, Lock
from builder.ownimage import Contents
from builder.plan import FOLDER, Plan
from builder.project import Project
from builder.toolchain import Recipe

_PYTHON = "3.12"  # of the toolchain, which runs builder there


def contents(
    context: Context, project: Project, lock: Lock, plans: Mapping[str, Plan], recipe: Recipe, pinned: Iterable[str]
) -> Contents:
    """All of an image for these plans but builder's own wheel; of what they pin, the files of these sha256.

    Raises BuilderError (fetch or mismatch) for what can't be had.
    """
    from builder.resolver import own_wheels  # here: slow to import

    lines = own_wheels.locked(data.requirements().decode())
    wheels = own_wheels.pins(lines, supply.http(context, project, lock.sources), (_PYTHON,))
    parts, held = ownimage.parts(), lock.by_sha256()
    pins = [held[sha256] for sha256 in sorted(pinned)]
    supply.provide(context, project, lock, [*wheels, *parts, *pins])
    store = context.store
    texts = committed.files(plans, toolchain.dump(recipe))
    return Contents(
        toolchain=supply.toolchain_root(context, project, lock, frozen=False),
        nar=lock.toolchain.nar,
        pins={pin.sha256: store.file(pin.sha256) for pin in pins},
        wheels={pin.file: store.file(pin.sha256) for pin in wheels},
        parts={pin.sha256: store.file(pin.sha256) for pin in parts},
        plan={FILENAME: (context.root / FILENAME).read_bytes()}
        | {f"{FOLDER}/{name}": text for name, text in texts.items()},
    )
