"""The dependencies of [tool.poetry] as PEP 508 text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import poetry
from builder.errors import BuilderError
from builder.references import Place, reference

PLACE = Place("`pyproject.toml`")


@pytest.mark.parametrize(
    ("constraint", "wanted"),
    [
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0.0", ">=0.0,<0.1"),
        ("^0", ">=0,<1"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1.2", ">=1.2,<1.3"),
        ("~1", ">=1,<2"),
        ("~=1.2", "~=1.2"),
        ("1.2", "==1.2"),
        ("1.*", "==1.*"),
        ("=1.2", "==1.2"),
        (">= 1.2, <2 ,!=1.5", ">=1.2,<2,!=1.5"),
        (">=1.2 <2", ">=1.2,<2"),
        ("*", ""),
        ("", ""),
    ],
)
def test_poetry_ranges_become_specifiers(constraint: str, wanted: str) -> None:
    """Caret keeps the first part that is not zero, tilde the first two; the rest is PEP 440 already."""
    assert ",".join(poetry.specifiers(constraint, PLACE)) == wanted


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ("^1.0", ["foo<2,>=1.0"]),
        ({"version": "*", "extras": ["b", "a"]}, ["foo[a,b]"]),
        ({"version": "1", "markers": "os_name == 'nt'", "platform": "win32"},
         ['foo==1; os_name == "nt" and sys_platform == "win32"']),
        ({"version": "1", "python": "^3.8"},
         ['foo==1; python_full_version >= "3.8" and python_full_version < "4"']),
        ({"git": "https://host/x.git", "rev": "abc", "subdirectory": "p"},
         ["foo @ git+https://host/x.git@abc#subdirectory=p"]),
        ({"git": "git@host:me/x.git", "branch": "main"}, ["foo @ git+ssh://git@host/me/x.git@main"]),
        ({"path": "../lib", "develop": True}, ["foo @ file:../lib"]),
        ({"url": "https://host/foo.zip"}, ["foo @ https://host/foo.zip"]),
        ({"version": "1", "optional": True}, []),
        ([{"version": "1", "python": "<3.9"}, {"version": "2", "python": ">=3.9"}],
         ['foo==1; python_full_version < "3.9"', 'foo==2; python_full_version >= "3.9"']),
    ],
)  # fmt: skip
def test_each_form_of_an_entry_becomes_pep_508(entry: Any, wanted: list[str]) -> None:
    """Every form that Poetry documents ends in a requirement; `python` and optional entries in none."""
    found = poetry.requirements({"python": "^3.10", "Foo": entry}, PLACE)
    assert [reference(text, PLACE).requirement for text in found] == wanted


@pytest.mark.parametrize("entry", [5, "^1 || ^2", "^x", {"version": 1}, {"extras": "a"}, {"git": 5}])
def test_what_pep_508_can_not_say_is_refused(entry: Any) -> None:
    """The mend is to write it where it can be said."""
    with pytest.raises(BuilderError) as caught:
        poetry.requirements({"foo": entry}, PLACE)
    assert caught.value.hint


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.dictionaries(st.text(), st.text())), max_size=3))
def test_no_table_breaks_the_reader(table: dict[str, Any]) -> None:
    """Whatever the table holds, the outcome is text or one error."""
    try:
        poetry.requirements(table, PLACE)
    except BuilderError as error:
        assert error.hint
