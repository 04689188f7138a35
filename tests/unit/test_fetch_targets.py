"""Which targets `builder fetch` means (builder/commands/fetch.py)."""

import pytest

from builder.commands.fetch import chosen
from builder.errors import BuilderError, Exit
from builder.lock import Inputs, Lock, Toolchain

LOCK = Lock(
    inputs=Inputs(
        requires=("flet",),
        targets=("web", "linux-x86_64", "linux-aarch64"),
        python="3.12",
        client="prebuilt",
        runtime="bytedeco",
    ),
    toolchain=Toolchain(name="python-3.12", nar="0" * 64),
    unavailable={"linux-aarch64": "no wheel"},
)


def test_none_named_means_all_that_are_locked() -> None:
    """But those that could not be locked."""
    assert chosen(LOCK, ()) == ("web", "linux-x86_64")


def test_a_family_means_what_of_it_is_locked() -> None:
    """Each target once, whoever named it."""
    assert chosen(LOCK, ("linux", "linux-x86_64", "web")) == ("linux-x86_64", "web")


@pytest.mark.parametrize(
    ("name", "says"), [("linux-aarch64", "no wheel"), ("apk", "does not hold"), ("macos", "no target")]
)
def test_what_is_not_locked_is_refused(name: str, says: str) -> None:
    """With the reason."""
    with pytest.raises(BuilderError, match=says) as caught:
        chosen(LOCK, (name,))
    assert caught.value.code == Exit.LOCK
