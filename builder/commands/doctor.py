"""`builder doctor`: what of this machine works for builder, what does not, and the mend."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from builder import project
from builder.backends import BACKENDS
from builder.commands import Context
from builder.commands.lock import resolver
from builder.errors import BuilderError
from builder.network import mirrors

_ROOM = 2 << 30  # bytes; toolchain, pins and outputs of a few targets


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    works: bool
    detail: str
    mend: str = ""


def run(context: Context) -> tuple[Finding, ...]:
    """Look at every backend, the store's place, the tools, and where each registry is; asks no network."""
    backends = tuple(_backend(context, name) for name in BACKENDS.names())
    tools = (_resolver(), _git(context))
    own = _mirrors(context)
    aliases = tuple(_alias(context, own, alias) for alias in ("pypi", "maven", "npm", "debian"))
    return (*backends, _store(context), *tools, *aliases)


def _backend(context: Context, name: str) -> Finding:
    backend = BACKENDS[name]
    refusal = backend.refusal(context.environ)
    version = backend.version(context.environ)
    detail = f"{refusal} ({version})" if refusal and version else refusal or f"{version}; runs steps in a sandbox"
    return Finding(f"backend {name}", not refusal, detail, backend.mend)


def _store(context: Context) -> Finding:
    root = context.store.root
    try:
        with context.store.locked("store", shared=True), context.store.workspace() as folder:
            free = shutil.disk_usage(folder).free
    except (BuilderError, OSError) as error:
        return Finding("store", False, f"`{root}` can't be written: {error}", "name another place with BUILDER_HOME")
    return Finding(
        "store",
        free > _ROOM,
        f"`{root}`, {free / 1e9:.1f} GB free",
        "free 2 GB, or name another place with BUILDER_HOME",
    )


def _resolver() -> Finding:
    try:
        return Finding("tool uv", True, resolver())
    except BuilderError as error:
        return Finding("tool uv", False, error.message, error.hint)


def _git(context: Context) -> Finding:
    place = shutil.which("git", path=context.environ.get("PATH", ""))
    detail = place or "missing; an app under git can't be built without it"
    return Finding("tool git", place is not None, detail, "install git")


def _mirrors(context: Context) -> Mapping[str, str]:
    """What the app says of mirrors; nothing where there is no app that can be read."""
    try:
        return project.load(context.root, {}, lambda line: None, context.environ).settings.mirrors
    except BuilderError:
        return {}


def _alias(context: Context, own: Mapping[str, str], alias: str) -> Finding:
    try:
        base = mirrors.Bases(own, context.environ, context.home, {}).base(alias)
    except BuilderError as error:
        return Finding(f"registry {alias}", False, error.message, error.hint)
    return Finding(f"registry {alias}", True, mirrors.redacted(base))
