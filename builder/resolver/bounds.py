"""How far an upgrade goes: the project's [tool.builder.update] as what uv is told."""

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from builder.lock import Lock, Pin
from builder.network.simpleindex import IndexFile
from builder.updates import Update, cutoff, instant, limits

_THREADS = 8

Files = Callable[[Pin], tuple[IndexFile, ...]]  # every file that the pin's index lists for its project


@dataclass(frozen=True)
class Bounds:
    """What an upgrade may not go beyond."""

    limits: tuple[str, ...] = ()  # constraints, PEP 508
    exclude_newer: str = ""  # instant, RFC 3339
    exceptions: Mapping[str, str] = field(default_factory=dict)  # package -> its own such instant


def bounds(update: Update, old: Lock, names: Collection[str], now: datetime.datetime, files: Files) -> Bounds:
    """The bounds of an upgrade of these packages of a lock, none: of all.

    What is locked already stays in reach, however young it is: `files` is asked when it was published.
    """
    versions: dict[str, set[str]] = {}
    for pin in old.packages:
        if not names or pin.name in names:
            versions.setdefault(pin.name, set()).add(pin.version)
    found = [text for name in sorted(versions) for text in limits(update.rule(name), name, versions[name])]
    general = cutoff(update.rule(""), now) if not names else ""
    pins = [pin for pin in old.packages if general or (pin.name in versions and update.rule(pin.name).cooldown)]
    with ThreadPoolExecutor(_THREADS) as pool:
        published = pool.map(lambda pin: _published(files(pin), pin), pins)
        exceptions = _exceptions(update, general, now, zip(pins, published, strict=True))
    return Bounds(tuple(found), general, exceptions)


def earliest(*texts: str) -> str:
    """The first of some instants (RFC 3339 or a day), as it is written; "" where there is none."""
    return min(filter(None, texts), key=_moment, default="")


def held(update: Update, old: Lock) -> frozenset[str]:
    """The names of a lock's pins, packages or not, that an upgrade leaves alone."""
    return frozenset(pin.name for pin in (*old.packages, *old.pins) if update.rule(pin.name).allow == "never")


def _moment(text: str) -> datetime.datetime:
    """The instant of a text; what is none comes first, for uv to refuse."""
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return datetime.datetime.min.replace(tzinfo=datetime.UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _exceptions(
    update: Update, general: str, now: datetime.datetime, published: Iterable[tuple[Pin, str]]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for pin, when in published:
        own = cutoff(update.rule(pin.name), now) or instant(now)
        until = max(own, when, found.get(pin.name, ""))
        if until != general:
            found[pin.name] = until
    return dict(sorted(found.items()))


def _published(files: Iterable[IndexFile], pin: Pin) -> str:
    """An instant from which on a pin's file is not too new; "" where its index does not say when it was published."""
    for file in files:
        if file.file == pin.file and file.uploaded:
            try:
                moment = datetime.datetime.fromisoformat(file.uploaded)
            except ValueError:
                return ""
            return instant(moment + datetime.timedelta(seconds=2))  # parts of a second are cut off
    return ""
