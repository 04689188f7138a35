"""Why bytes differ, in plain words: which variation they speak of, and what a step did to let it in."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from builder.verification.compare import Difference
from builder.verification.variations import (
    BY_NAME,
    CLOCK,
    DATE,
    DATES,
    GROUP,
    HOST,
    PLACE,
    USER,
    Variation,
)

CHANCE = "chance"  # the variation in which nothing is varied: only the run is another one
BACKEND = "backend"  # before its name
_WORKSPACE = re.compile(r"/work(?=/)")  # of the store, where steps are laid out
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"\b(19|20)\d\d-\d\d-\d\d|\b\d\d:\d\d:\d\d\b|\b[12]\d{9}(\.\d+|\d{3}|\d{9})?\b")
_PATH = re.compile(r"(^|[\s\"'=:])/[\w.-]+(/[\w.-]+)+")
_CANARIES = {
    "path": (PLACE,),
    "host name": (HOST,),
    "user": (str(USER), str(GROUP)),
    DATES: (str(DATE), "2009-02-13"),
    "environment": ("builder-verify-variable", "builder-verify-terminal", "BUILDER_VERIFY", "NIX_BUILD_CORES"),
    "home": ("builder-verify-home",),
    "time zone": ("BVZ",),
    "processors": ("builder verify processor",),
    "locale": ("POSIX",),
}
_OF_KIND = {
    "date": (CLOCK, DATES),
    "mode": ("modes",),
    "owner": ("user",),
    "order": ("order", "inodes", "addresses", "hash seed"),
}


@dataclass(frozen=True)
class Cause:
    """Why something differs, and how to mend it."""

    text: str
    mend: str


def suspects(differences: Iterable[Difference]) -> tuple[str, ...]:
    """The variations that bytes speak of, the likeliest first; each is then tried alone."""
    found: dict[str, None] = {}
    for difference in differences:
        text = _text(difference)
        found |= {name: None for name, marks in _CANARIES.items() if any(mark in text for mark in marks)}
        found |= dict.fromkeys(_OF_KIND.get(difference.kind, ()))
        if _DATE.search(text):
            found[CLOCK] = None
    return tuple(found)


def explain(name: str, difference: Difference) -> Cause:
    """Why a difference is there that comes with the variation of that name."""
    variation = BY_NAME.get(name)
    if variation is None:
        return _guess(difference, _DRAWN if name == CHANCE else _OTHER)
    return _sharper(variation, difference)


def _sharper(variation: Variation, difference: Difference) -> Cause:
    """The cause of a variation, said of the place that it was found in."""
    if variation.name == "path" and difference.place[0].endswith(".pyc"):
        return Cause(
            "byte code holds the path that it was compiled from (`co_filename`)",
            "compile with a relative `dfile`, as compileall's `stripdir` does",
        )
    if variation.name == CLOCK and difference.kind == "date":
        return Cause(
            f"{difference.told} is the moment at which the file was made or packed",
            "set it from SOURCE_DATE_EPOCH: `ZipInfo.date_time`, `TarInfo.mtime`, `gzip.compress(mtime=0)`",
        )
    if difference.told.startswith("the highest bit"):
        return Cause(
            f"{variation.cause}; it shows as marshal's FLAG_REF, which follows reference counts",
            "compile each file in a fresh process",
        )
    return Cause(variation.cause, variation.mend)


def _guess(difference: Difference, else_: Cause) -> Cause:
    """What bytes alone say, where no variation brings the difference about."""
    text = _text(difference)
    return next((cause for fits, cause in _GUESSES if fits(difference, text)), else_)


_DRAWN = Cause(
    "the result changes from run to run: random numbers are drawn, or threads finish in another order",
    "derive identifiers from the inputs, seed generators with a constant, collect what threads give in a fixed order",
)
_OTHER = Cause(
    "the two were not made from the same inputs, or not by the same steps",
    "compare the commits, locks and plans that they were made from",
)
_GUESSES: tuple[tuple[Callable[[Difference, str], bool], Cause], ...] = (
    (
        lambda difference, text: difference.kind == "packing" or "way it is packed" in difference.told,
        Cause("the same data was compressed by another zlib, or at another level", "compress inside the sandbox"),
    ),
    (
        lambda difference, text: difference.told.startswith("the highest bit"),
        Cause("byte code follows reference counts (marshal's FLAG_REF)", "compile each file in a fresh process"),
    ),
    (
        lambda difference, text: difference.kind == "date",
        Cause("the date of the moment, or of a file, is written", "set it from SOURCE_DATE_EPOCH"),
    ),
    (
        lambda difference, text: difference.kind == "mode",
        Cause("the mode follows a umask", "set each mode to 0644 or 0755"),
    ),
    (
        lambda difference, text: difference.kind == "owner",
        Cause("the owner of the files is written", "set owner and group of members to 0"),
    ),
    (
        lambda difference, text: difference.kind == "order",
        Cause("nothing fixes the order: it is that of threads, a file system or addresses", "sort before writing"),
    ),
    (
        lambda difference, text: difference.kind == "presence",
        Cause("the two hold other files: they come from other inputs, or a step fails now and then", "compare inputs"),
    ),
    (
        lambda difference, text: bool(_UUID.search(text)),
        Cause("a UUID is drawn by chance", "derive it from the inputs, such as `uuid.uuid5`"),
    ),
    (
        lambda difference, text: bool(_WORKSPACE.search(text) and _PATH.search(text)),
        Cause(
            "the step writes where builder's store is on this machine (`/proc/self/mountinfo`)",
            "write paths relative to the working folder",
        ),
    ),
    (
        lambda difference, text: bool(_DATE.search(text)),
        Cause(BY_NAME[CLOCK].cause, BY_NAME[CLOCK].mend),
    ),
)


def _text(difference: Difference) -> str:
    """All that a difference shows, the hex left out."""
    rows = "".join(line[59:] for context in difference.context for line in context.splitlines())
    return f"{difference.first}\n{difference.then}\n{rows}"
