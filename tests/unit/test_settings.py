"""The table [tool.builder]."""

import datetime
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from builder import settings
from builder.errors import BuilderError, Exit
from builder.model import PREBUILT

ANY = SpecifierSet()


def test_without_a_table_every_prebuilt_target_is_tried() -> None:
    """Targets that nobody named are not declared."""
    found = settings.parse({}, ANY)
    assert (found.targets, found.declared, found.python) == (PREBUILT, False, "3.12")


def test_a_family_means_all_of_its_targets() -> None:
    """Named targets are declared, and stand in one order however they were written."""
    found = settings.parse({"targets": ["linux", "web", "linux-aarch64"]}, ANY)
    assert (found.targets, found.declared) == (("web", "linux-x86_64", "linux-aarch64"), True)


@pytest.mark.parametrize(
    ("table", "names", "mend"),
    [
        ({"targets": ["lnux"]}, "tool.builder.targets` names `lnux`", "linux-x86_64"),
        ({"targets": []}, "tool.builder.targets` is empty", "web"),
        ({"targets": "web"}, "tool.builder.targets` is not a list", "web"),
        ({"python": 3.12}, "tool.builder.python` is not text", "in quotes"),
        ({"python": "3.13"}, "tool.builder.python` is `3.13`", "3.12, 3.14"),
        ({"client": "source"}, "not built yet", 'client = "prebuilt"'),
        ({"client": "fast"}, "tool.builder.client` is `fast`", "prebuilt"),
        ({"runtime": "conda"}, "tool.builder.runtime` is `conda`", "bytedeco"),
        ({"sdist": ["a b"]}, "no package name", "msgpack"),
        ({"sdist": "a"}, "not a list", "msgpack"),
        ({"android-hosts": ["https://h.example.com"]}, "names `https://h.example.com`, which is no host", "host names"),
        ({"android-hosts": ["*.example.com"]}, "which is no host name", "host names"),
        ({"index": {"acme": "nexus"}}, "no http or https URL for `acme`", "package to the URL"),
        ({"index": {"a b": "https://h/"}}, "names `a b`, which is no package name", "package to the URL"),
        ({"index": ["acme"]}, "is not a table", "package to the URL"),
        ({"mirrors": {"pypi": "host"}}, "no http, https or file URL for `pypi`", "alias to URL"),
        ({"mirrors": {"Py Pi": "https://h"}}, "alias `Py Pi`", "alias to URL"),
        ({"mirrors": []}, "is not a table", "alias to URL"),
        ({"exclude-newer": "soon"}, "is no instant", "2026-01-31"),
        ({"exclude-newer": 5}, "is no instant", "2026-01-31"),
        ({"exclude-newer": datetime.date.max}, "is no instant", "2026-01-31"),
        ({"exclude-newer": "2026-01-31T12:00:00"}, "has no offset", "2026-01-31"),
        ({"runtim": "x"}, "`tool.builder.runtim` is not a key", "`runtime`"),
        ({"exclude_newer": "x"}, "`tool.builder.exclude_newer` is not a key", "`exclude-newer`"),
        ({"declared": True}, "`tool.builder.declared` is not a key", "nearest"),
        ([], "`tool.builder` is not a table", "[tool.builder]"),
    ],
)
def test_a_wrong_setting_names_file_key_and_mend(table: Any, names: str, mend: str) -> None:
    """Every wrong key or value of [tool.builder] stops with exit code 3."""
    with pytest.raises(BuilderError) as caught:
        settings.parse(table, ANY)
    assert caught.value.message.startswith("`pyproject.toml`: ")
    assert names in caught.value.message
    assert mend in caught.value.hint
    assert caught.value.code == Exit.PROJECT


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-01-31", "2026-02-01T00:00:00Z"),
        (datetime.date(2026, 1, 31), "2026-02-01T00:00:00Z"),
        ("2026-01-31T12:00:00.5+02:00", "2026-01-31T10:00:00Z"),
        (datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC), "2026-01-31T12:00:00Z"),
    ],
)
def test_exclude_newer_is_one_instant_everywhere(value: Any, instant: str) -> None:
    """A day counts to its end in UTC, whatever the time zone of the machine."""
    assert settings.parse({"exclude-newer": value}, ANY).exclude_newer == instant


@pytest.mark.parametrize(
    ("allowed", "python"), [("", "3.12"), (">=3.12.4", "3.12"), (">=3.13", "3.14"), ("<=3.12", "3.12")]
)
def test_python_follows_requires_python(allowed: str, python: str) -> None:
    """Without a word on it, builder takes the first Python that the project allows."""
    assert settings.parse({}, SpecifierSet(allowed)).python == python


@pytest.mark.parametrize(
    ("table", "allowed"), [({}, "==3.13.*"), ({"python": "3.12"}, ">=3.13"), ({"python": "3.12"}, "<3")]
)
def test_a_python_that_the_project_rules_out_is_refused(table: dict[str, str], allowed: str) -> None:
    """The project's own word and builder's must agree."""
    with pytest.raises(BuilderError, match="requires-python"):
        settings.parse(table, SpecifierSet(allowed))


def test_hosts_are_sorted_and_in_lower_case() -> None:
    """However the author wrote them, so that the plan stays the same."""
    found = settings.parse({"android-hosts": ["b.example.com", "A.Example.com", "b.example.com"]}, ANY)
    assert found.android_hosts == ("a.example.com", "b.example.com")
