"""Rules of [tool.builder.update]: how far an upgrade may go."""

import datetime
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from builder import settings
from builder.errors import BuilderError, Exit
from builder.updates import Rule, Update, cutoff, fits, limits


@pytest.mark.parametrize(
    ("rule", "version", "expected"),
    [
        ({"allow": "major"}, "3.0", True),
        ({"allow": "minor"}, "1.9", True),
        ({"allow": "minor"}, "2.0", False),
        ({"allow": "minor"}, "2.0rc1", False),
        ({"allow": "patch"}, "1.2.9", True),
        ({"allow": "patch"}, "1.3", False),
        ({"allow": "never"}, "1.2.4", False),
        ({"allow": "never"}, "1.2.3", True),
        ({"allow": "major", "pin": "1.*"}, "2.0", False),
        ({"allow": "major", "exclude": ["2.0.*"]}, "2.0.7", False),
        ({"allow": "major", "exclude": ["2.0.*"]}, "2.1", True),
    ],
    ids=str,
)
def test_a_version_fits_a_rule(rule: dict[str, Any], version: str, expected: bool) -> None:
    """Counted from the version that is locked, 1.2.3."""
    assert fits(Rule.model_validate(rule), ["1.2.3"], version) is expected


def test_where_targets_differ_the_newest_of_their_versions_counts() -> None:
    """Nothing that is locked is ever out of reach."""
    for allow in ("minor", "patch", "never"):
        found = limits(Rule(allow=allow), "x", ["1.2", "2.5"])
        both = SpecifierSet(",".join(text.removeprefix("x") for text in found))
        assert both.contains("1.2")
        assert both.contains("2.5")
        assert not both.contains("3.0")


def test_an_epoch_is_kept() -> None:
    """1!2.0 is newer than any version without one."""
    assert limits(Rule(allow="minor"), "x", ["1!2.0"]) == ("x<1!3",)


def test_a_package_has_its_own_rule_in_any_spelling_of_its_name() -> None:
    """What that leaves out is as for all."""
    update = Update.model_validate({"allow": "minor", "cooldown": 7, "packages": {"Big_Name": {"cooldown": 0}}})
    assert update.rule("big-name") == Rule(allow="minor", cooldown=0)
    assert update.rule("other") == Rule(allow="minor", cooldown=7)


def test_a_cooldown_ends_so_many_days_before_now() -> None:
    """In UTC, wherever now was asked for."""
    now = datetime.datetime(2026, 1, 8, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    assert cutoff(Rule(cooldown=7), now) == "2025-12-31T23:00:00Z"
    assert cutoff(Rule(cooldown=0), now) == ""


@pytest.mark.parametrize(
    "table",
    [
        {"allow": "some"},
        {"cooldown": -1},
        {"cooldown": "7 days"},
        {"unknown": 1},
        {"packages": []},
        {"packages": {"a b": {}}},
        {"packages": {"a": {"pin": "newest"}}},
        {"packages": {"a": {"exclude": "2.0"}}},
        {"packages": {"a": {"exclude": ["two"]}}},
        3,
    ],
    ids=str,
)
def test_a_wrong_policy_is_an_error_of_the_project(table: Any) -> None:
    """Naming the table."""
    with pytest.raises(BuilderError, match=r"tool\.builder\.update") as caught:
        settings.parse({"update": table}, SpecifierSet())
    assert caught.value.code == Exit.PROJECT
