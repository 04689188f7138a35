"""`builder lock` as a whole: the lock, then the committed plans that follow from it."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from builder import committed, lockfile, planning, toolchain, whole
from builder.commands import Context, roots, supply, uses
from builder.commands import lock as command
from builder.commands.lock import LockResult, Outside, Wish
from builder.errors import BuilderError, Exit
from builder.lock import FILENAME, TOOLCHAIN, Lock, Origin, Pin
from builder.network.http import Http
from builder.network.mirrors import redacted
from builder.plan import FOLDER
from builder.project import PYPROJECT, REQUIREMENTS, Project
from builder.resolver.resolve import ORIGINS
from builder.sources import places

_THREADS = 8


def run(context: Context, project: Project, wish: Wish) -> LockResult:
    """Lock, then write builder.plan/ where the app has one. Raises BuilderError; then neither is changed."""
    with context.store.locked("store", shared=True):
        result = _locked(context, project, wish)
        uses.lock_of(context, result.lock)
    return result


def _locked(context: Context, project: Project, wish: Wish) -> LockResult:
    old = _old(context)
    origins = {**(old.sources if old else {}), **ORIGINS}
    http = supply.http(context, project, origins)
    moved = replace(wish, upgrade=wish.upgrade and project.settings.update.rule(TOOLCHAIN).allow != "never")
    recipe = _recipe(context, old, moved, http, origins)
    outside = Outside(http, context.environ, context.store.root / "uv", recipe)
    result = command.run(context.root, project, old, outside, wish, context.say)
    if committed.wanted(context.root):
        try:
            write_plans(context, project, result.lock)
        except OSError as error:
            raise whole.unwritable(FOLDER, error, "allow or free that place, and lock again") from error
    return result


def write_plans(context: Context, project: Project, lock: Lock) -> None:
    """Make builder.plan/ hold the plan of each target that can be built."""
    plans = {target: planning.plan_of(project, lock, target) for target in planning.buildable(lock)}
    recipe = toolchain.dump(toolchain.of(lock))
    content = committed.files(plans, recipe)
    if committed.nix_wanted(context.root):
        read = (PYPROJECT, REQUIREMENTS, *project.read)
        content |= committed.nix_files(context.root, read, _origins(context, project, lock))
    changed = committed.save(context.root, content)
    state = f"{len(changed)} {'file' if len(changed) == 1 else 'files'} written" if changed else "unchanged"
    context.say(f"{FOLDER}/ {state}: {', '.join(sorted(plans))}")


def _origins(context: Context, project: Project, lock: Lock) -> dict[str, list[str]]:
    """Where each pin is, for Nix to fetch it by itself; what is known already is not asked for again."""
    known, http = committed.origins(context.root), supply.http(context, project, lock.sources)
    urls = places(lock.sources, http)

    def found(pin: Pin) -> list[str]:
        if known.get(pin.sha256):
            return known[pin.sha256]
        try:
            return [redacted(next(urls(pin)))]
        except BuilderError as error:
            context.say(f"warning: {committed.ORIGINS} lacks {pin.file}: {error.message}")
            return []

    pins = {pin.sha256: pin for pin in (*lock.packages, *lock.pins)}
    with ThreadPoolExecutor(_THREADS) as pool:
        where = dict(zip(pins, pool.map(found, pins.values()), strict=True))
    return {sha256: urls for sha256, urls in sorted(where.items()) if urls}


def _recipe(
    context: Context, old: Lock | None, wish: Wish, http: Http, origins: Mapping[str, Origin]
) -> toolchain.Recipe:
    """The toolchain of the new lock."""
    if not roots.wanted(old, upgrade=wish.upgrade, names=wish.packages):
        return roots.kept(old)
    return roots.newest(context, toolchain.load(roots.NAME), http, origins, roots.keys())


def _old(context: Context) -> Lock | None:
    """The lock that is there, for its versions; one that can't be read is no reason not to write a new one."""
    if not (context.root / FILENAME).exists():
        return None
    try:
        return lockfile.load(context.root)
    except BuilderError as error:
        if error.code != Exit.LOCK or "is of version" in error.message:
            raise
        context.say(f"warning: {error.message}; every version is resolved anew")
        return None
