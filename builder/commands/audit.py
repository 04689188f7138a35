"""`builder audit`: what is to be known of a lock's files before an app is trusted or published."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from builder import lockfile
from builder.auditing import osv
from builder.auditing.binaries import Binary, binaries
from builder.auditing.osv import Advisory
from builder.commands import Context, attest, supply
from builder.commands.fetch import wanted
from builder.errors import BuilderError, Exit
from builder.lock import Lock, Pin
from builder.project import Project
from builder.provenance.facts import Facts, needs_bytes
from builder.provenance.sbom import build_only, clients, line_of
from builder.resolver.newest import newest_cpython
from builder.resolver.runtimes import CPYTHON
from builder.sources.pypi import project_files
from builder.targets import family

ALL = "all"
BAD = ("vulnerable", "yanked", "gone")  # kinds of findings for which the lock should change
_THREADS = 8


@dataclass(frozen=True)
class Held:
    """One pinned file, and what is compiled in it."""

    pin: Pin
    targets: tuple[str, ...]  # of those that are looked at
    binaries: tuple[Binary, ...]
    tool: bool  # only worked with while building
    facts: Facts
    read: bool  # False: the store does not have it, so nobody looked into it


@dataclass(frozen=True)
class Finding:
    """Something to act on, or to know."""

    kind: str  # vulnerable, yanked, gone, behind, first-use, licence, unread, f-droid, unasked
    what: str  # file, package or target
    detail: str


@dataclass(frozen=True)
class Report:
    """All of an audit."""

    targets: tuple[str, ...]
    held: tuple[Held, ...]
    findings: tuple[Finding, ...]

    @property
    def bad(self) -> bool:
        """Whether the lock should change."""
        return any(finding.kind in BAD for finding in self.findings)


@dataclass(frozen=True)
class Request:
    """What is asked."""

    target: str = ALL  # or a family
    osv: Path | None = None  # advisories
    ignored: Collection[str] = ()  # numbers of advisories that somebody looked at


def run(context: Context, project: Project, request: Request) -> Report:
    """Look at the files of the lock. Raises BuilderError: lock; usage for what is no target or no advisory."""
    lock = lockfile.load(context.root)
    targets = _targets(lock, request.target)
    used: dict[str, list[str]] = {}
    pins: dict[str, Pin] = {}
    for target in targets:
        for pin in wanted(project, lock, target):
            used.setdefault(pin.sha256, []).append(target)
            pins[pin.sha256] = pin
    ordered = sorted(pins.values(), key=lambda pin: (pin.name, pin.version, pin.file))
    held = _held(context, lock, ordered, used)
    advisories = osv.load(request.osv) if request.osv else {}
    asked = () if context.offline else _asked(context, project, lock, ordered)
    found = [*_vulnerable(ordered, advisories, request.ignored), *asked, *_known(lock, targets, held)]
    return Report(targets, held, tuple(found))


def _targets(lock: Lock, name: str) -> tuple[str, ...]:
    held = tuple(target for target in lock.inputs.targets if target not in lock.unavailable)
    chosen = tuple(target for target in held if name in (ALL, target, family(target)))
    if not chosen:
        raise BuilderError(
            f"builder.lock does not hold the target `{name}`",
            hint=f"name one of {', '.join(held)}, or `{ALL}`; the app's folder comes after it",
            code=Exit.USAGE,
        )
    return chosen


def _held(context: Context, lock: Lock, pins: list[Pin], used: Mapping[str, list[str]]) -> tuple[Held, ...]:
    """Each pin, looked into where the store has it."""
    store = context.store
    lacking = {pin.sha256 for pin in pins if not store.verified(pin.sha256)}
    facts = attest.gathered(store, lock, [p for p in pins if p.sha256 not in lacking or not needs_bytes(p)])
    found = []
    with store.workspace() as scratch:
        for pin in pins:
            there = pin.sha256 not in lacking
            compiled = tuple(binaries(store.file(pin.sha256), pin.file, scratch)) if there else ()
            said = facts.get(pin.sha256, Facts())
            found.append(Held(pin, tuple(used[pin.sha256]), compiled, build_only(pin, lock), said, there))
    return tuple(found)


def _vulnerable(
    pins: Iterable[Pin], advisories: Mapping[str, list[Advisory]], ignored: Collection[str]
) -> Iterator[Finding]:
    told: set[tuple[str, str, str]] = set()
    for pin in pins:
        for advisory in advisories.get(pin.name, ()) if pin.file.endswith((".whl", ".tar.gz")) else ():
            key = (advisory.id, pin.name, pin.version)
            if key in told or {advisory.id, *advisory.aliases} & {*ignored} or not advisory.hits(pin.version):
                continue
            told.add(key)
            also = f" ({', '.join(advisory.aliases)})" if advisory.aliases else ""
            mended = f"; mended in {', '.join(advisory.fixed)}" if advisory.fixed else ""
            yield Finding("vulnerable", f"{pin.name} {pin.version}", f"{advisory.id}{also}: {advisory.summary}{mended}")


def _asked(context: Context, project: Project, lock: Lock, pins: Iterable[Pin]) -> list[Finding]:
    """What the indexes say by now of the files that were taken from them."""
    http = supply.http(context, project, lock.sources)
    kinds = {alias: origin.kind for alias, origin in lock.sources.items()}

    def ask(pin: Pin) -> Finding | None:
        try:
            listed = [f for f in project_files(pin.name, http.base(pin.source), http) if f.file == pin.file]
        except BuilderError as error:
            return Finding("unasked", pin.file, error.message)
        if not listed:
            return Finding("gone", pin.file, f"`{pin.source}` no longer lists it")
        return Finding("yanked", pin.file, f"`{pin.source}` has withdrawn it (PEP 592)") if listed[0].yanked else None

    indexed = [pin for pin in pins if kinds.get(pin.source, pin.source) == "pypi"]
    with ThreadPoolExecutor(_THREADS) as pool:
        return [finding for finding in pool.map(ask, indexed) if finding]


def _known(lock: Lock, targets: tuple[str, ...], held: Iterable[Held]) -> Iterator[Finding]:
    """What the lock and the files themselves tell."""
    newest = newest_cpython(lock.inputs.python)
    for one in held:
        pin = one.pin
        if pin.name == CPYTHON and newest and Version(pin.version) < Version(newest):
            yield Finding("behind", pin.file, f"it is CPython {pin.version}; {newest} is the newest known")
        if pin.hash == "first-use":
            yield Finding("first-use", pin.file, "nobody stated its hash; it was hashed when it was locked first")
        if not one.read:
            yield Finding("unread", pin.file, "the store does not have it; `builder fetch` gets it")
        elif not one.facts.licence:
            said = f"it says `{one.facts.stated}`" if one.facts.stated else "it states none"
            yield Finding("licence", pin.file, f"no SPDX licence is known: {said}")
    line = line_of(lock)
    if "apk" in targets:
        compiled = sorted({one.pin.name for one in held if "apk" in one.targets and one.pin.name in clients(line)})
        yield Finding(
            "f-droid",
            "apk",
            f"F-Droid's main repository takes no prebuilt client ({', '.join(compiled)}): it wants one compiled from "
            'source, `client = "source"` in [tool.builder]',
        )
