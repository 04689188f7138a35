"""What a build takes from outside its plan: the app's tree, the pins, the toolchain; fetched where they are missing."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from builder import committed, nar, process, toolchain, tree
from builder.commands import Context
from builder.errors import BuilderError, Exit
from builder.lock import Lock, Origin, Pin
from builder.project import Project
from builder.tree import AppTree

if TYPE_CHECKING:
    from builder.network.http import Http


def http(context: Context, project: Project, origins: Mapping[str, Origin]) -> "Http":
    """The way out, with the base of each alias as this machine's configuration has it."""
    from builder.network.http import Http  # here, as all of the network: most builds never need it
    from builder.network.mirrors import Bases

    bases = Bases(project.settings.mirrors, context.environ, context.home, origins)
    web = Http(bases.base, environ=context.environ, offline=context.offline, keep=lambda *file: keep(context, *file))
    for url, secret in project.credentials.items():
        web.learn(url.replace("://", f"://{secret}@", 1))
    return web


def provide(context: Context, project: Project, lock: Lock, pins: Iterable[Pin]) -> None:
    """Make sure that the store holds the right bytes of these pins. Raises BuilderError (fetch or mismatch)."""
    wanted = list(pins)
    if not wanted:
        return
    from builder.fetch import fetch
    from builder.sources import places

    web = http(context, project, lock.sources)
    fetch(wanted, context.store, places(lock.sources, web), web, context.progress)


def toolchain_root(context: Context, project: Project, lock: Lock, *, frozen: bool) -> Path:
    """The root that steps run in, made where the store lacks it; its NAR sha256 is the lock's or this raises.

    One that is there already is not hashed here: `execute` does, while the first step runs.
    """
    store, key = context.store, lock.toolchain.nar
    if store.claims(key):
        return store.output(key)
    recipe = _recipe(context, lock, frozen=frozen)
    pins = toolchain.pins_of(lock)
    provide(context, project, lock, pins)
    with store.locked(f"make-{key}"):  # not the key's own lock, which putting it takes
        if not store.holds(key):
            context.say(f"make  toolchain {lock.toolchain.name} {key[:12]}")
            with store.workspace() as folder:
                toolchain.make(recipe, {pin.sha256: store.file(pin.sha256) for pin in pins}, folder / "root")
                store.put_under_digest(folder / "root")
    return store.output(key)


def app_tree(context: Context) -> AppTree:
    """The files that make up the app: what git tracks and does not ignore, else all."""

    def git(arguments: list[str]) -> str:
        done = process.run(["git", *arguments], cwd=context.root, env=context.environ)
        if done.code != 0:
            raise BuilderError(
                f"git can't list the app's files: {done.err.strip()}",
                hint="run that git command in the app's folder and mend what it names",
                code=Exit.PROJECT,
            )
        return done.out

    return tree.app_files(context.root, git)


def stage(context: Context, files: Mapping[str, Path]) -> str:
    """Copy files of the app into the store, so that nothing can change it under a build; gives its NAR sha256."""
    key = nar.sha256_of(files)
    if context.store.holds(key):
        return key
    with context.store.workspace() as folder:
        copy = folder / "tree"
        copy.mkdir()
        for name, path in files.items():
            place = copy / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place, follow_symlinks=False)
        return context.store.put_under_digest(copy)


def keep(context: Context, path: Path, sha256: str) -> None:
    """Move a file of that sha256 into the store: what came once need not be fetched again."""
    with context.store.locked(sha256):
        shutil.move(path, context.store.file(sha256))


def _recipe(context: Context, lock: Lock, *, frozen: bool) -> toolchain.Recipe:
    return committed.recipe(context.root, lock) if frozen else toolchain.of(lock)
