"""What can be otherwise around a step: one entry of the table each, with the cause that a leak of it has.

Values are unmistakable, so that bytes that hold one tell where they are from.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

DATE = 1234567890  # 2009-02-13 23:31:30 UTC: of files that are given to a step
STILL = datetime(2033, 5, 18, 3, 33, 20, tzinfo=UTC)  # 2000000000, where the clock is held still
LATER = timedelta(days=366)
PLACE = "/elsewhere/builder-verify"
HOST = "builder-verify-host"
USER, GROUP = 471142, 471143
_MOMENT = "%Y-%m-%d %H:%M:%S"  # as libfaketime reads a date


@dataclass(frozen=True)
class Arrangement:
    """How a step is to find the world; as it stands: as every backend shows it."""

    place: str = "/build"
    hostname: str = "localhost"
    user: int = 1000
    group: int = 100
    environment: Mapping[str, str] = field(default_factory=dict)  # over and beside the step's
    settings: Mapping[str, str] = field(default_factory=dict)  # VARY_... of arrange.py
    memory: bool = False  # the working folder is in memory, which lists a folder in another order than a disk
    processors: bool = False  # other ones, and another number of them
    kernel: bool = False  # tells another version
    addresses: bool = False  # of memory are the same in every run
    clock: str = ""  # as libfaketime reads it; "" is the real one
    file_dates: bool = True  # the library moves the dates of files as it moves the clock


@dataclass(frozen=True)
class Variation:
    """One thing that is otherwise when a step runs again."""

    name: str
    first: str  # how the first build finds it, for people
    then: str  # how the second one does
    cause: str  # what a step does that lets it into its bytes
    mend: str
    fields: Mapping[str, Any] = field(default_factory=dict)  # of the arrangement, that are otherwise
    settings: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    library: bool = False  # needs libfaketime
    beyond: bool = False  # the sandbox contract fixes it: a step may rely on it


CLOCK, DATES, ORDER, INODES, ADDRESSES = "clock", "dates", "order", "inodes", "addresses"
VARIATIONS = (
    Variation(
        "path",
        "/build",
        PLACE,
        "the step writes the path of its working folder",
        "write paths relative to the working folder; Python: `compile(..., dfile)`, C: `-ffile-prefix-map`",
        fields={"place": PLACE},
    ),
    Variation(
        "host name",
        "localhost",
        HOST,
        "the step writes the name of the machine",
        "leave the host name out, or set it where the tool can be told",
        fields={"hostname": HOST},
    ),
    Variation(
        "user",
        "uid 1000, gid 100",
        f"uid {USER}, gid {GROUP}",
        "the step writes the number or the name of the user",
        "set owner and group of archive members to 0 and their names to nothing",
        fields={"user": USER, "group": GROUP},
    ),
    Variation(
        "modes",
        "umask 022: 0644, 0755",
        "umask 077: 0600, 0700",
        "the step copies the modes of its input files, which follow the umask of whoever laid them out",
        "set each mode to 0644 or 0755, by the owner's execute bit",
        settings={"modes": "own"},
    ),
    Variation(
        DATES,
        "as they are",
        "2009-02-13 23:31:30 UTC",
        "the step takes the date of an input file",
        "set dates from SOURCE_DATE_EPOCH",
        settings={"dates": str(DATE)},
    ),
    Variation(
        ORDER,
        "files made in sorted order, on the disk",
        "files made in the opposite order, in memory",
        "the step takes files in the order in which the file system lists them",
        "sort every listing, by bytes",
        settings={"order": "reversed"},
    ),
    Variation(
        INODES,
        "one after another",
        "1000 left out",
        "the step writes or sorts by the inode numbers of files",
        "tell files apart by their names",
        settings={"inodes": "1000"},
    ),
    Variation(
        "processors",
        "those of this machine",
        "one usable of 7 of another model",
        "the step's result depends on the number or the model of the processors",
        "fix the number of threads, and collect their results in a fixed order",
        fields={"processors": True},
        settings={"affinity": "1"},
    ),
    Variation(
        CLOCK,
        "now",
        "a year and a day later",
        "the step reads the clock",
        "take SOURCE_DATE_EPOCH where a date is wanted",
        library=True,
    ),
    Variation(
        "processes",
        "2, 3, ...",
        "41 left out",
        "the step writes the number of a process",
        "name temporary files by a counter, and leave them out of the output",
        settings={"processes": "41"},
    ),
    Variation(
        ADDRESSES,
        "drawn by the kernel",
        "drawn anew",
        "the step sorts or names objects by their address in memory (`id()`, the default `repr()`, sets of objects)",
        "sort by what the objects hold",
    ),
    Variation(
        "kernel",
        "that of this machine",
        "another version",
        "the step writes the version of the kernel (`uname -r`)",
        "leave it out",
        fields={"kernel": True},
    ),
    Variation(
        "environment",
        "the contract's variables alone",
        "with more, as other backends add",
        "the step writes its whole environment",
        "read the variables that are wanted by name",
        environment={
            "BUILDER_VERIFY": "builder-verify-variable",
            "NIX_BUILD_CORES": "3",
            "TERM": "builder-verify-terminal",
            "container": "oci",
        },
    ),
    Variation(
        "home",
        "HOME=/nowhere",
        "HOME=/elsewhere/builder-verify-home",
        "the step writes the path of the home folder",
        "leave it out",
        environment={"HOME": "/elsewhere/builder-verify-home"},
        beyond=True,
    ),
    Variation(
        "time zone",
        "TZ=UTC",
        "TZ=BVZ-13:45",
        "the step writes local time",
        "write UTC, of SOURCE_DATE_EPOCH",
        environment={"TZ": "BVZ-13:45"},
        beyond=True,
    ),
    Variation(
        "locale",
        "LC_ALL=C.UTF-8",
        "LC_ALL=POSIX",
        "the step sorts, formats or decodes by the locale",
        "sort by bytes, and name the encoding of each file",
        environment={"LC_ALL": "POSIX"},
        beyond=True,
    ),
    Variation(
        "hash seed",
        "PYTHONHASHSEED=0",
        "PYTHONHASHSEED=4711",
        "the step's result follows the order of a set or the value of `hash()`",
        "sort sets before they are written; use hashlib",
        environment={"PYTHONHASHSEED": "4711"},
        beyond=True,
    ),
)
BY_NAME = {variation.name: variation for variation in VARIATIONS}


def free(names: Collection[str], now: datetime) -> Arrangement:
    """These variations at once; what is not varied is as in every build, with a clock that goes."""
    found = replace(_varied(Arrangement(), names), memory=ORDER in names)
    return replace(found, clock=f"@{(now + LATER).strftime(_MOMENT)}") if CLOCK in names else found


def still(names: Collection[str], *, library: bool, file_dates: bool = True) -> Arrangement:
    """The same with all else held still, so that two runs differ in nothing but chance.

    In memory files get the same inode numbers in each run, so the other order is that of a disk. Without the library
    the clock can't be held. `file_dates`: the dates of files follow the clock.
    """
    found = replace(
        _varied(Arrangement(), names),
        addresses=ADDRESSES not in names,
        memory=ORDER not in names,
        file_dates=file_dates,
    )
    moment = STILL + LATER if CLOCK in names else STILL
    return replace(found, clock=moment.strftime(_MOMENT)) if library else found


def _varied(arrangement: Arrangement, names: Collection[str]) -> Arrangement:
    chosen = [variation for variation in VARIATIONS if variation.name in names]
    fields = {name: value for variation in chosen for name, value in variation.fields.items()}
    settings = {f"VARY_{name.upper()}": value for variation in chosen for name, value in variation.settings.items()}
    environment = {name: value for variation in chosen for name, value in variation.environment.items()}
    return replace(arrangement, settings=settings, environment=environment, **fields)
