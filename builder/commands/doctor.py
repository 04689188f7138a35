"""`builder doctor`: what of this machine works for builder, what does not, and the mend."""

import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from builder import data, process, project
from builder.backends import BACKENDS
from builder.commands import Context
from builder.commands.lock import resolver
from builder.errors import BuilderError
from builder.network import mirrors
from builder.project import Project

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
    app = _app(context)
    own = app.settings.mirrors if app else {}
    aliases = tuple(_alias(context, own, alias) for alias in ("pypi", "maven", "npm", "debian"))
    libraries = (_libraries(context, app),) if sys.platform == "linux" else ()
    return (*backends, _store(context), *tools, *aliases, *libraries)


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


def _app(context: Context) -> Project | None:
    """The app in the folder; None where there is none that can be read."""
    try:
        return project.load(context.root, {}, lambda line: None, context.environ)
    except BuilderError:
        return None


def _libraries(context: Context, app: Project | None) -> Finding:
    """What of the system the app's Linux client loads here; of no matter for a machine that only builds."""
    flavor = app.setting("desktop_flavor", "linux") if app else "light"
    table = data.table("linux-libraries.toml")
    wanted: dict[str, str] = table["light"] | (table["full"] if flavor == "full" else {})
    found = _cached(context)
    what = f"to run Linux apps ({flavor} client)"
    if not found:
        mend = "on NixOS start apps in an FHS environment with these, such as steam-run; musl will not do"
        return Finding(what, False, f"no cache of libraries tells whether {', '.join(sorted(wanted))} are here", mend)
    missing = sorted(soname for soname in wanted if soname not in found)
    if not missing:
        return Finding(what, True, f"all {len(wanted)} libraries that the client needs are here")
    packages = " ".join(sorted(wanted[soname] for soname in missing))
    mend = f"only where apps are to run: install what holds them, in Debian {packages}"
    return Finding(what, False, f"{', '.join(missing)} not here", mend)


def _cached(context: Context) -> frozenset[str]:
    """The sonames of this processor's libraries in the cache of ld.so; none where there is no such cache."""
    program = shutil.which("ldconfig", path=f"{context.environ.get('PATH', '')}:/sbin:/usr/sbin")
    if program is None:
        return frozenset()
    listed = process.run([program, "-p"], env=context.environ).out
    machine = {"x86_64": "x86-64", "aarch64": "AArch64"}.get(platform.machine(), "")
    return frozenset(line.split()[0] for line in listed.splitlines() if f",{machine}" in line and "=>" in line)


def _alias(context: Context, own: Mapping[str, str], alias: str) -> Finding:
    try:
        base = mirrors.Bases(own, context.environ, context.home, {}).base(alias)
    except BuilderError as error:
        return Finding(f"registry {alias}", False, error.message, error.hint)
    return Finding(f"registry {alias}", True, mirrors.redacted(base))
