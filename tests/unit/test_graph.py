"""The dependencies of one target, walked in what uv.lock says."""

import pytest
from packaging.markers import default_environment

from builder.resolver.graph import Key, parse, reachable

ON_WINDOWS = {"name": "c", "version": "2", "marker": "sys_platform == 'win32'"}
ELSEWHERE = {"name": "c", "version": "1", "marker": "sys_platform != 'win32'"}
LOCK = {
    "package": [
        {
            "name": "app",
            "version": "0",
            "dependencies": [{"name": "a", "extra": ["more"]}, {"name": "b", "marker": "sys_platform == 'win32'"}],
            "optional-dependencies": {"android": [{"name": "d"}]},
        },
        {
            "name": "a",
            "version": "1",
            "dependencies": [ON_WINDOWS, ELSEWHERE],
            "optional-dependencies": {"more": [{"name": "e"}], "unused": [{"name": "f"}]},
        },
        {"name": "b", "version": "1", "dependencies": [{"name": "a"}]},
        {"name": "c", "version": "1"},
        {"name": "c", "version": "2"},
        {"name": "d", "version": "1", "dependencies": [{"name": "e"}]},
        {"name": "e", "version": "1", "dependencies": [{"name": "d"}]},
        {"name": "f", "version": "1"},
    ]
}


def walked(system, extra="", cut=()):
    """The packages that a system needs."""
    markers = {**default_environment(), "sys_platform": system}
    return reachable(parse(LOCK), markers, extra, cut)


@pytest.mark.parametrize(
    ("system", "needed"),
    [("linux", {"a 1", "c 1", "d 1", "e 1"}), ("win32", {"a 1", "b 1", "c 2", "d 1", "e 1"})],
)
def test_markers_choose_edges_and_versions(system, needed):
    """A dependency counts only where its marker holds; a fork gives each system its own version."""
    assert {f"{key.name} {key.version}" for key in walked(system)} == needed


def test_each_package_knows_who_requires_it():
    """The names of all requirers are told, the project's among them."""
    assert walked("win32")[Key("a", "1")] == ("app", "b")


def test_a_cut_edge_takes_away_what_only_it_reached():
    """A dependency that is left out takes its own dependencies with it, but none that others need."""
    assert {key.name for key in walked("linux", cut=[("a", "e")])} == {"a", "c"}
    assert {key.name for key in walked("linux", "android", cut=[("a", "e")])} == {"a", "c", "d", "e"}
