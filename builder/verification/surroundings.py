"""An arrangement made real around one step: what a backend is told, and the files that are shown for it."""

import functools
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from builder.backends import Surroundings, Work
from builder.verification import arrange
from builder.verification.variations import Arrangement

_OURS = "/run/builder"  # where the sandbox shows what is ours
_ARRANGE, _LIBRARY, _WORK = f"{_OURS}/arrange.py", f"{_OURS}/libfaketime.so.1", f"{_OURS}/work"
_MODEL = re.compile(r"^(model name\s*:).*$", re.MULTILINE)
_GROWTH = 3  # times the size of its inputs: what a step is taken to need in memory


def arranged(arrangement: Arrangement, library: Path | None) -> Callable[[Work], Work]:
    """What gives a step these surroundings; `library` is libfaketime, None where there is none."""
    return functools.partial(_arranged, arrangement, library)


def _arranged(arrangement: Arrangement, library: Path | None, work: Work) -> Work:
    folder = work.folder / "vary"
    folder.mkdir()
    moves_clock = library is not None and bool(arrangement.clock)
    shown = {_LIBRARY: library} if library is not None and moves_clock else {}
    for number, (place, text) in enumerate(_texts(arrangement, moves_clock=moves_clock).items()):
        shown[place] = folder / str(number)
        shown[place].write_text(text)
    disk = None if arrangement.memory and _fits(work) else folder / "place"
    if disk:
        disk.mkdir()
    around = Surroundings(
        place=arrangement.place,
        shown_at=_WORK,
        on=disk,
        hostname=arrangement.hostname,
        user=arrangement.user,
        group=arrangement.group,
        environment=_environment(arrangement),
        files=shown,
        before=("/usr/bin/python3", *arrange.FLAGS, _ARRANGE, _WORK, arrangement.place),
    )
    return replace(work, surroundings=around)


def _texts(arrangement: Arrangement, *, moves_clock: bool) -> dict[str, str]:
    """Files that are shown beside the toolchain's: place -> text."""
    found = {_ARRANGE: files("builder.verification").joinpath("arrange.py").read_text()}
    if arrangement.processors:
        found |= {"/sys/devices/system/cpu/online": "0-6\n", "/proc/cpuinfo": _processor()}
    if moves_clock:
        found |= {"/etc/ld.so.preload": f"{_LIBRARY}\n", "/etc/faketimerc": f"{arrangement.clock}\n"}
    return found


def _environment(arrangement: Arrangement) -> dict[str, str]:
    """What arrange.py and libfaketime are told, and what the step sees more."""
    personality = arrange.OLD_KERNEL * arrangement.kernel | arrange.RANDOMIZE_NOT * arrangement.addresses
    found = {**arrangement.environment, **arrangement.settings, "VARY_PERSONALITY": str(personality)}
    return found if arrangement.file_dates else found | {"NO_FAKE_STAT": "1"}


def _processor() -> str:
    """What /proc/cpuinfo says here, of the first processor and with another model."""
    first = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    return _MODEL.sub(r"\1 builder verify processor", first) + "\n\n"


def _fits(work: Work) -> bool:
    """Whether half of the free memory holds what the step is given and makes."""
    size = sum(_size(path) for path in work.inputs.values())
    found = re.search(r"^MemAvailable: *(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return found is not None and size * _GROWTH < int(found[1]) * 1024 // 2


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    if path.is_dir():
        return sum(entry.lstat().st_size for entry in path.rglob("*"))
    return path.stat().st_size
