"""The figures of `make reliability`: what tests tried, and what held, summed over all tests and processes of a run.

A test takes the fixture `figures` and counts what it did, where it did it:

    figures("faults injected")
    figures("hostile inputs tried", len(corpus))
    figures("entries lost", 0)  # a figure that is good at 0 is counted as well

Count what held after the `assert` that says so: a figure that lags behind its partner then shows what did not hold.
Mark the module or the test `pytest.mark.reliability`. Such tests do their quick part in `make test`, and all that they
know in `make reliability`, where the fixture `thorough` is true, hypothesis draws many more examples, and what is
marked `pytest.mark.thorough` runs as well (`pytest.param(..., marks=pytest.mark.thorough)`). A fuzz test holds its
`@given` in an inner function, so that it can count.
A new kind of figure is a new line in FIGURES.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

FIGURES = (
    "variations tried",
    "artifacts equal",
    "leaks planted",
    "leaks named",
    "faults injected",
    "entries lost",
    "hostile inputs tried",
    "hostile inputs refused",
    "real archives read",
    "fuzz runs",
    "escapes tried",
    "escapes stopped",
    "secrets planted",
    "secrets found",
)  # in the order of the table
_EXAMPLES = 2000  # that hypothesis draws for each test of the thorough form

Figures = Callable[..., None]


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Iterator[Figures]:
    """Counts towards the table at the end: `figures("faults injected", 3)`; one if no number is given."""
    counted: Counter[str] = Counter()

    def count(name: str, number: int = 1) -> None:
        if name not in FIGURES:
            raise ValueError(f"there is no figure {name!r}: add it to FIGURES")
        counted[name] += number

    yield count
    record_property("figures", dict(counted))


@pytest.fixture(scope="session")
def thorough(pytestconfig: pytest.Config) -> bool:
    """Whether a test shall try all that it knows, however long that takes."""
    return bool(pytestconfig.getoption("thorough"))


class Table:
    """Sums the figures of all reports; under xdist they reach the first process only."""

    def __init__(self) -> None:
        self.sums: dict[str, int] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The report of the last phase has all that was recorded."""
        if report.when != "teardown":
            return
        for name, value in report.user_properties:
            for figure, number in value.items() if name == "figures" else ():
                self.sums[figure] = self.sums.get(figure, 0) + number

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line a figure, where any test counted."""
        if self.sums:
            terminalreporter.section("reliability")
            for name in filter(self.sums.__contains__, FIGURES):
                terminalreporter.write_line(f"{name:<24}{self.sums[name]:>9}")


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `thorough`, unless that is asked for."""
    left = [] if config.getoption("thorough") else [item for item in items if item.get_closest_marker("thorough")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in set(left)]


def configure(config: pytest.Config) -> None:
    """Set up the table, and how much hypothesis draws."""
    config.pluginmanager.register(Table(), "figures")
    settings.register_profile("any machine", deadline=None)  # a loaded one is no reason to fail
    settings.register_profile("thorough", settings.get_profile("any machine"), max_examples=_EXAMPLES)
    settings.load_profile("thorough" if config.getoption("thorough") else "any machine")
