"""Which steps run at the same time, and how they end together."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import pytest

from builder import process, schedule
from builder.plan import Built, Step


def step(name: str, *needs: str) -> Step:
    """A step that builds on others."""
    return Step(name=name, scripts=("x.py",), inputs={need: Built(step=need) for need in needs})


def python(code: str, line: Callable[[str], None] = lambda line: None) -> process.Result:
    """What a program leaves."""
    return process.run([sys.executable, "-c", code], env=dict(os.environ), line=line)


def test_a_step_begins_once_all_that_it_builds_on_is_done() -> None:
    """Also where what it builds on was made before, and is not among the steps."""
    done: list[str] = []
    steps = [step("a", "made before"), step("b"), step("c", "a", "b"), step("d", "c")]
    schedule.side_by_side(steps, lambda one: lambda: done.append(one.name), 2)
    assert sorted(done[:2]) == ["a", "b"]
    assert done[2:] == ["c", "d"]


def test_a_chain_that_was_begun_goes_on_before_another_begins() -> None:
    """Else its last and longest step would run alone at the end."""
    done: list[str] = []
    steps = [step("a"), step("b"), step("a-layer", "a"), step("b-layer", "b"), step("all", "a-layer", "b-layer")]
    schedule.side_by_side(steps, lambda one: lambda: done.append(one.name), 1)
    assert done == ["a", "a-layer", "b", "b-layer", "all"]


@pytest.mark.parametrize("width", [1, 2, 3])
def test_no_more_run_than_there_is_room_for(width: int) -> None:
    """And no fewer."""
    now, most, lock = 0, 0, threading.Lock()

    def run() -> None:
        nonlocal now, most
        with lock:
            now, most = now + 1, max(most, now + 1)
        time.sleep(0.05)
        with lock:
            now -= 1

    schedule.side_by_side([step(str(number)) for number in range(6)], lambda one: run, width)
    assert most == width


def test_a_step_that_fails_ends_the_programs_of_the_others() -> None:
    """Its error is what is raised, once they are gone, and nothing begins after it."""
    begun: list[str] = []

    def begin(one: Step) -> Callable[[], None]:
        begun.append(one.name)
        return fail if one.name == "fails" else lambda: python("import time; time.sleep(60)") and None

    def fail() -> None:
        time.sleep(0.3)
        raise ValueError("no")

    start = time.monotonic()
    with pytest.raises(ValueError, match="no"):
        schedule.side_by_side([step("long"), step("fails"), step("later", "long")], begin, 2)
    assert time.monotonic() - start < 20
    assert begun == ["long", "fails"]


def test_ctrl_c_ends_the_programs_of_all_steps() -> None:
    """Even one that does not listen, and none stays behind."""
    on = threading.Event()
    pids: list[int] = []
    told = "import os, sys, time; print(os.getpid(), file=sys.stderr, flush=True)"
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    programs = {"a": f"{told}; time.sleep(60)", "b": f"import signal; {deaf}; {told}; time.sleep(60)"}

    def begin(one: Step) -> Callable[[], None]:
        return lambda: python(programs[one.name], heard) and None

    def heard(line: str) -> None:
        pids.append(int(line))
        if len(pids) == 2:
            on.set()

    def interrupt() -> None:
        on.wait(30)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        schedule.side_by_side([step("a"), step("b")], begin, 2)
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_nothing_starts_after_the_end() -> None:
    """A program that was about to be started is ended at once."""
    with process.together() as children:
        children.end()
        with pytest.raises(process.Ended):
            python("import time; time.sleep(60)")
