"""How two locks differ: inputs, versions, files; loudest where the same file has other bytes."""

from collections.abc import Iterable, Iterator

from builder.differing import Change, of_tables
from builder.inputs import differences
from builder.lock import BOOTSTRAP, TOOLCHAIN, Lock, Pin


def changes(old: Lock, new: Lock) -> tuple[Change, ...]:
    """Each way in which a lock differs from an earlier one: alarms first, then inputs, sources, versions, files."""
    found = [*_alarms(old, new), *(Change("changed", text) for text in differences(old.inputs, new.inputs))]
    found += of_tables("source", _sources(old), _sources(new))
    found += of_tables("", _single(old), _single(new))
    found += of_tables("not to be had:", old.unavailable, new.unavailable)
    for what, before, after in (("package", old.packages, new.packages), ("pin", old.pins, new.pins)):
        found += _versions(what, before, after)
        found += _files(before, after)
    found += of_tables("build of", _sdists(old), _sdists(new))
    return tuple(found)


def _alarms(old: Lock, new: Lock) -> Iterator[Change]:
    """Files of the same place and name whose bytes differ: what is published once never changes."""
    known = {_place(pin): pin for pin in (*old.packages, *old.pins)}
    for pin in (*new.packages, *new.pins):
        before = known.get(_place(pin))
        if before and before.sha256 != pin.sha256 and before.version == pin.version:
            yield Change(
                "alarm", f"the same file has other bytes: {pin.file} of {pin.source}", before.sha256, pin.sha256
            )


def _place(pin: Pin) -> tuple[str, str, str]:
    return pin.source, pin.path, pin.file


def _sources(lock: Lock) -> dict[str, str]:
    return {alias: f"{origin.base} ({origin.kind})" for alias, origin in lock.sources.items()}


def _single(lock: Lock) -> dict[str, str]:
    found = {"toolchain": f"{lock.toolchain.name}, NAR sha256 {lock.toolchain.nar}"}
    if lock.flutter:
        found |= {f"flutter {key}": value for key, value in lock.flutter.model_dump().items() if value}
    return found


def _versions(what: str, old: Iterable[Pin], new: Iterable[Pin]) -> Iterator[Change]:
    """What came, what went, what moved; and where the versions are the same, the targets that use it."""
    before, after = _by_name(old), _by_name(new)
    yield from of_tables(what, _joined(before), _joined(after))
    for name in sorted({*before} & {*after}):
        if {*before[name]} == {*after[name]}:
            for version in sorted(before[name]):
                used, uses = before[name][version], after[name][version]
                if used != uses:
                    yield Change("changed", f"targets of {name} {version}", ", ".join(used), ", ".join(uses))


def _by_name(pins: Iterable[Pin]) -> dict[str, dict[str, list[str]]]:
    """Name -> version -> the targets that use it."""
    found: dict[str, dict[str, set[str]]] = {}
    for pin in pins:
        found.setdefault(pin.name, {}).setdefault(pin.version, set()).update(pin.targets)
    return {name: {key: sorted(value) for key, value in versions.items()} for name, versions in found.items()}


def _joined(names: dict[str, dict[str, list[str]]]) -> dict[str, str]:
    return {name: ", ".join(sorted(versions)) for name, versions in names.items()}


def _files(old: Iterable[Pin], new: Iterable[Pin]) -> Iterator[Change]:
    """Of the same version, another file for a target, or another word about its hash or its place."""
    before = {(pin.name, pin.version, target): pin for pin in old for target in pin.targets}
    told: set[tuple[str, str]] = set()
    for pin in new:
        for target in pin.targets:
            known = before.get((pin.name, pin.version, target))
            if known is None or (known.sha256, pin.sha256) in told or {TOOLCHAIN, BOOTSTRAP} & {target}:
                continue
            told.add((known.sha256, pin.sha256))
            if known.file != pin.file:
                yield Change("changed", f"file of {pin.name} {pin.version} for {target}", known.file, pin.file)
            if known.source != pin.source:
                yield Change("changed", f"source of {pin.file}", known.source, pin.source)
            if known.hash != pin.hash:
                yield Change("changed", f"how the hash of {pin.file} is known", known.hash, pin.hash)


def _sdists(lock: Lock) -> dict[str, str]:
    return {sdist.file: f"{' '.join(sdist.requires)} with {' '.join(sdist.wheels)}" for sdist in lock.sdists}
