"""Rules of the words that name targets and an app."""

import shutil
from pathlib import Path

import pytest

from builder.commands.words import targets, words

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ((), ((), ".")),
        (("web",), (("web",), ".")),
        (("linux", "apk"), (("linux", "apk"), ".")),
        (("web", "some/app"), (("web",), "some/app")),
        (("all",), (("all",), ".")),
        (("all", "some/app"), (("all",), "some/app")),
    ],
    ids=str,
)
def test_the_last_word_is_the_app_where_it_is_no_target(
    given: tuple[str, ...], meant: tuple[tuple[str, ...], str]
) -> None:
    """Families and `all` are targets too."""
    assert words(given) == (meant[0], Path(meant[1]))


def test_all_and_families_are_what_the_lock_holds(tmp_path: Path) -> None:
    """In the lock's order, each once; what is not locked is left for others to refuse."""
    shutil.copy(ROOT / "fixtures" / "counter" / "builder.lock", tmp_path)
    every = targets(tmp_path, ())
    assert {"web", "apk", "linux-x86_64"} <= set(every)
    assert targets(tmp_path, ("web", "all")) == every
    assert targets(tmp_path, ("linux", "linux-x86_64")) == ("linux-aarch64", "linux-x86_64")
    assert targets(tmp_path, ("ipa",)) == ("ipa",)
