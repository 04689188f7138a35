"""The boot screen that an app's keys ask for."""

from typing import Any

import pytest

from builder import bootscreen
from builder.errors import BuilderError, Exit


def test_without_keys_there_is_none() -> None:
    """Flet's client then shows its own; an older table that says not to show is none either."""
    assert bootscreen.of({}, "web") is None
    assert bootscreen.of({"app.boot_screen": {"show": False, "message": "x"}}, "web") is None
    assert bootscreen.of({"android.boot_screen": {"flet": {"spinner_size": 3}}}, "web") is None


def test_a_platforms_own_options_win() -> None:
    """Option by option, over those of all platforms."""
    flet = {
        "boot_screen": {"flet": {"spinner_size": 3, "startup_message": "all"}},
        "web.boot_screen": {"flet": {"startup_message": "web"}},
    }
    web, android = bootscreen.of(flet, "web"), bootscreen.of(flet, "android")
    assert web and android
    assert (web.spinner_size, web.startup_message, android.startup_message) == (3, "web", "all")


def test_colours_are_those_of_css() -> None:
    """Flet puts the opacity first, CSS last; a name stays one."""
    made = bootscreen.of({"boot_screen": {"flet": {"bgcolor_light": "#80ABCDEF", "bgcolor_dark": "Navy"}}}, "web")
    assert made
    assert (made.bgcolor_light, made.bgcolor_dark) == ("#abcdef80", "navy")


def test_the_older_form_is_a_spinner_with_messages() -> None:
    """As Flet maps it; a platform's own value wins."""
    flet = {
        "app.boot_screen": {"show": True, "message": "first"},
        "app.startup_screen": {"show": False},
        "web.app.startup_screen": {"show": True, "message": "second"},
    }
    made = bootscreen.of(flet, "web")
    assert made
    assert (made.spinner_size, made.prepare_message, made.startup_message) == (30, "first", "second")


@pytest.mark.parametrize(
    ("table", "says", "mend"),
    [
        ({"name": "spinkit"}, "`tool.flet.boot_screen.name` is `spinkit`", '"flet"'),
        ({"flet": 3}, "`tool.flet.boot_screen.flet` is no table", "[tool.flet.boot_screen.flet]"),
        (
            {"flet": {"bgcolor_light": "red;}"}},
            "`tool.flet.boot_screen.flet.bgcolor_light` has a wrong value",
            "bgcolor",
        ),
        ({"flet": {"spinner_size": "big"}}, "spinner_size` has a wrong value", "spinner_size"),
        ({"flet": {"spinner_size": -1}}, "spinner_size` has a wrong value", "spinner_size"),
        ({"flet": {"spiner": 1}}, "spiner` has a wrong value", "spinner_size"),
        ({"flet": {"theme_mode": "blue"}}, "theme_mode` has a wrong value", "theme_mode"),
    ],
)
def test_a_wrong_option_is_named(table: Any, says: str, mend: str) -> None:
    """What would be lost, or break the page, is an error of the project."""
    with pytest.raises(BuilderError) as caught:
        bootscreen.of({"boot_screen": table}, "web")
    assert says in caught.value.message
    assert mend in caught.value.hint
    assert caught.value.code == Exit.PROJECT
