"""Glob patterns of Flet's cleanup options."""

import pytest

from builder import inside

patterns = inside.module("patterns")


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("**.c", "a/b/x.c", True),
        ("**.c", "x.c", True),
        ("**.c", "x.cpp", False),
        ("*.py", "a/x.py", False),
        ("*.py", "x.py", True),
        ("**/tests", "a/tests/deep/x.py", True),
        ("**/tests", "tests/x.py", True),
        ("**/tests", "mytests/x.py", False),
        ("a/?.txt", "a/b.txt", True),
        ("a/?.txt", "a/bc.txt", False),
        ("**.{so,dll}", "lib/x.dll", True),
        ("[!a].py", "a.py", False),
        ("[!a].py", "b.py", True),
        ("[a-c].py", "b.py", True),
        ("a.c", "abc", False),
        ("docs/", "docs/index.md", True),
        ("[", "[", True),
        ("(a|b", "a", False),
    ],
)
def test_pattern_matches_a_file_or_a_folder_above_it(pattern: str, path: str, expected: bool) -> None:
    """`**` crosses folders, `*` and `?` do not, and what is special to a regular expression is not special here."""
    assert patterns.matcher([pattern])(path) is expected


def test_no_pattern_matches_nothing() -> None:
    """An empty list removes no file."""
    assert not patterns.matcher([])("anything")
