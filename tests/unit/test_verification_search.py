"""Rules of finding the variation, with steps that are small functions of an arrangement."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.verification.causes import CHANCE
from builder.verification.search import FAILED, Search, Trial
from builder.verification.variations import VARIATIONS, Arrangement, still

NAMES = [variation.name for variation in VARIATIONS if not variation.beyond]
NOTHING = still((), library=True)
Output = Callable[[Arrangement, int], dict[str, str]]


@pytest.fixture
def search(tmp_path: Path) -> Callable[..., tuple[dict[str, frozenset[str]], int]]:
    """What is found of a step that writes what a function gives of (arrangement, number of the run), and its runs."""

    def run_of(output: Output, suspects: tuple[str, ...] = (), *, library: bool = True) -> object:
        numbers = itertools.count(1)
        count = 0

        def run(arrangement: Arrangement) -> Trial:
            nonlocal count
            count = next(numbers)
            folder = tmp_path / str(count)
            found = output(arrangement, count)
            if "fails" in found:
                return Trial(folder, found["fails"])
            folder.mkdir()
            for name, text in found.items():
                (folder / name).write_text(text)
            return Trial(folder)

        found = Search(run, library=library)
        found.among(NAMES, suspects)
        return found.leaks, count

    return run_of  # type: ignore[return-value]


def sound(arrangement: Arrangement, number: int) -> dict[str, str]:
    return {"out": "the same"}


def test_a_sound_step_takes_three_runs(search: Callable[..., object]) -> None:
    """Two with nothing varied, one with all."""
    assert search(sound) == ({}, 3)


def test_what_the_bytes_speak_of_is_tried_first(search: Callable[..., object]) -> None:
    """Then one run shows that nothing else leaks."""
    assert search(lambda a, n: {"out": a.hostname}, ("host name",)) == ({"host name": frozenset({"out"})}, 4)


@pytest.mark.parametrize("suspects", [(), ("host name", "path", "clock")], ids=["no hint", "wrong hints"])
@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("path", lambda a: a.place),
        ("user", lambda a: str(a.user)),
        ("modes", lambda a: a.settings.get("VARY_MODES", "")),
        ("order", lambda a: a.settings.get("VARY_ORDER", "")),
        ("processors", lambda a: str(a.processors)),
        ("clock", lambda a: a.clock),
        ("processes", lambda a: a.settings.get("VARY_PROCESSES", "")),
        ("kernel", lambda a: str(a.kernel)),
        ("environment", lambda a: str(a.environment)),
    ],
)
def test_each_variation_is_found_alone(
    search: Callable[..., tuple[dict[str, frozenset[str]], int]],
    name: str,
    output: Callable[[Arrangement], str],
    suspects: tuple[str, ...],
) -> None:
    """With hints or without, in fewer runs than each alone would take."""
    leaks, count = search(lambda a, n: {"out": output(a), "same": ""}, suspects)
    assert leaks == {name: frozenset({"out"})}
    assert count <= 13 < 2 + len(NAMES)


def test_two_leaks_are_two(search: Callable[..., tuple[dict[str, frozenset[str]], int]]) -> None:
    """In one file or in two."""
    leaks, _ = search(lambda a, n: {"one": a.hostname, "two": str(a.user), "both": f"{a.hostname} {a.user}"})
    assert leaks == {"host name": frozenset({"one", "both"}), "user": frozenset({"two", "both"})}


def test_chance_is_what_two_runs_of_the_same_differ_in(
    search: Callable[..., tuple[dict[str, frozenset[str]], int]],
) -> None:
    """Such a file says nothing about variations; the others still do."""
    leaks, _ = search(lambda a, n: {"uuid": str(n), "host": a.hostname})
    assert leaks == {CHANCE: frozenset({"uuid"}), "host name": frozenset({"host"})}


def test_the_date_of_an_input_is_told_from_the_clock(
    search: Callable[..., tuple[dict[str, frozenset[str]], int]],
) -> None:
    """The library that moves the clock moves the dates of files with it, unless it is told not to."""

    def output(a: Arrangement, number: int) -> dict[str, str]:
        given = a.clock if a.file_dates else a.settings.get("VARY_DATES", "1980")
        made = a.clock if a.file_dates else f"now {number}"
        return {"of an input": given, "of a file made": made, "of the moment": a.clock}

    leaks, _ = search(output, ("clock", "dates"))
    assert leaks == {"dates": frozenset({"of an input"}), "clock": frozenset({"of a file made", "of the moment"})}


def test_without_the_library_the_dates_are_tried_like_the_rest(
    search: Callable[..., tuple[dict[str, frozenset[str]], int]],
) -> None:
    """And the clock is not."""
    leaks, _ = search(lambda a, n: {"out": a.settings.get("VARY_DATES", "") + a.clock}, library=False)
    assert leaks == {"dates": frozenset({"out"})}


def test_addresses_bring_everything_along(search: Callable[..., tuple[dict[str, frozenset[str]], int]]) -> None:
    """What follows them differs with each variation that moves memory, and is told as theirs alone."""
    leaks, count = search(lambda a, n: {"ids": f"{a.addresses} {a.place} {a.user} {a.environment}"})
    assert leaks == {"addresses": frozenset({"ids"})}
    assert count == 4


def test_inode_numbers_are_told_from_order(search: Callable[..., tuple[dict[str, frozenset[str]], int]]) -> None:
    """Another file system gives both."""
    leaks, _ = search(lambda a, n: {"inodes": f"{a.memory} {a.settings.get('VARY_INODES')}", "list": str(a.memory)})
    assert leaks == {"inodes": frozenset({"inodes"}), "order": frozenset({"list"})}


def test_what_differs_only_together_is_told_together(
    search: Callable[..., tuple[dict[str, frozenset[str]], int]],
) -> None:
    """No variation of the two is blamed alone."""
    differs = {True: "other", False: "same"}
    leaks, _ = search(lambda a, n: {"out": differs[a.hostname != NOTHING.hostname and a.user != NOTHING.user]})
    ((name, files),) = leaks.items()
    assert {"host name", "user"} <= set(name.split(" with "))
    assert files == {"out"}


def test_a_step_that_fails_when_varied_is_a_leak(search: Callable[..., tuple[dict[str, frozenset[str]], int]]) -> None:
    """It depends on what was varied as much as one that writes it."""
    leaks, _ = search(lambda a, n: {"fails": "no such user"} if a.user != NOTHING.user else {"out": ""})
    assert leaks == {"user": frozenset({FAILED})}
