"""Rules of `builder outdated`: what registries on this machine have beyond a lock."""

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from builder import lockfile
from builder.commands import Context, outdated
from builder.errors import BuilderError, Exit
from builder.lock import Lock, Pin
from builder.network.http import Http
from builder.project import Project
from builder.resolver.newest import Row, newest_cpython, rows
from builder.settings import Settings
from builder.store import Store
from builder.updates import Update

FIXTURE = Path(__file__).parents[2] / "fixtures" / "counter"
NOW = datetime.datetime(2026, 6, 30, tzinfo=datetime.UTC)
MAVEN = "<metadata><versioning><versions>{}</versions></versioning></metadata>"


def pin(name: str, version: str, source: str = "pypi", **more: Any) -> Pin:
    fields = {"file": "a.whl", "sha256": "1" * 64, "hash": "index", "targets": ("web",)}
    return Pin(name=name, version=version, source=source, **(fields | more))


def lock_of(*packages: Pin, pins: tuple[Pin, ...] = (), requires: tuple[str, ...] = ("addon",)) -> Lock:
    held = lockfile.load(FIXTURE)
    inputs = held.inputs.model_copy(update={"requires": requires})
    return held.model_copy(update={"inputs": inputs, "packages": packages, "pins": pins, "sources": {}})


@pytest.fixture
def registry(server: Any, reply: Any) -> Any:
    """Publishes a project: `registry.put("addon", {"1.0": "2020-01-01T00:00:00Z"})`."""

    class Registry:
        def put(self, name: str, versions: Mapping[str, str], **more: Any) -> None:
            files = [
                {
                    "filename": f"{name.replace('-', '_')}-{version}-py3-none-any.whl",
                    "url": "x",
                    "hashes": {},
                    "upload-time": when,
                }
                for version, when in versions.items()
            ]
            page = {"meta": {"api-version": "1.1"}, "files": [file | more for file in files]}
            kind = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
            server.routes[f"/pypi/{name}/"] = reply(json.dumps(page).encode(), headers=kind)

        def http(self) -> Http:
            return Http(lambda alias: f"{server.url}{alias}/", environ={}, sleep=lambda seconds: None)

    return Registry()


def row(found: tuple[Row, ...], name: str) -> Row:
    return next(one for one in found if one.name == name)


OLD = "2020-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("table", "requires", "allowed"),
    [
        ({}, "addon", "2.0"),
        ({"allow": "minor"}, "addon", "1.5"),
        ({"allow": "never"}, "addon", "1.0"),
        ({"cooldown": 30}, "addon", "1.5"),
        ({}, "addon<1.5", "1.0"),
    ],
)
def test_an_upgrade_is_told_as_far_as_policy_and_project_allow(
    registry: Any, table: dict[str, Any], requires: str, allowed: str
) -> None:
    """Beside the newest that there is; pre-releases are not counted."""
    registry.put("addon", {"1.0": OLD, "1.5": OLD, "2.0": "2026-06-29T00:00:00Z", "3.0rc1": OLD})
    lock = lock_of(pin("addon", "1.0"), requires=(requires,))
    found = row(rows(lock, Update.model_validate(table), registry.http(), NOW), "addon")
    assert (found.newest, found.allowed) == ("2.0", allowed)
    assert found.behind
    assert bool(found.note) == (allowed != "2.0")


def test_what_is_yanked_or_for_another_python_is_not_newer(registry: Any) -> None:
    """An upgrade would not take it either."""
    registry.put("addon", {"2.0": OLD}, yanked=True)
    registry.put("other", {"2.0": OLD}, **{"requires-python": ">=3.13"})
    lock = lock_of(pin("addon", "1.0"), pin("other", "1.0"))
    assert [one.note for one in rows(lock, Update(), registry.http(), NOW)][:2] == ["its source lists no versions"] * 2


def test_direct_and_other_packages_clients_runtimes_and_tools_are_told_apart(registry: Any, server: Any) -> None:
    """Each is asked of where it comes from."""
    for name in ("addon", "deep", "flet-web"):
        registry.put(name, {"1.0": OLD, "2.0": OLD})
    server.routes["/npm/pyodide"] = json.dumps({"versions": {"1.0": {}, "2.0": {}}, "time": {}}).encode()
    server.routes["/maven/org/eclipse/jdt/ecj/maven-metadata.xml"] = MAVEN.format("<version>9.0</version>").encode()
    listed = [{"version": "99.1.0", "channel": "stable"}, {"version": "99.2.0", "channel": "beta"}]
    server.routes["/flutter/releases_linux.json"] = json.dumps({"releases": listed}).encode()
    tool = pin("org.eclipse.jdt:ecj", "3.0", "maven", path="org/eclipse/jdt/ecj/3.0/")
    runtime = pin("cpython", "3.12.0", "python-build-standalone")
    packages = pin("addon", "1.0"), pin("deep", "1.0"), pin("flet-web", "1.0")
    lock = lock_of(*packages, pins=(pin("pyodide", "1.0", "npm"), tool, runtime))
    found = rows(lock, Update(), registry.http(), NOW)
    assert [(one.name, one.kind, one.newest) for one in found] == [
        ("addon", "direct", "2.0"),
        ("deep", "transitive", "2.0"),
        ("flet-web", "client", "2.0"),
        ("cpython", "runtime", newest_cpython("3.12")),
        ("pyodide", "runtime", "2.0"),
        ("org.eclipse.jdt:ecj", "tool", "9.0"),
        ("flutter", "flutter", "99.1.0"),
    ]
    assert row(found, "cpython").allowed == newest_cpython("3.12")
    assert row(found, "flet-web").allowed == "1.0"  # it goes where flet goes


def test_bytedeco_s_python_is_the_part_before_the_dash(registry: Any, server: Any) -> None:
    """And only of the line that the app is of."""
    listed = "".join(f"<version>{text}</version>" for text in ("3.12.1-1.5.10", "3.12.8-1.6", "3.13.0-1.6", "odd"))
    server.routes["/maven/org/bytedeco/cpython/maven-metadata.xml"] = MAVEN.format(listed).encode()
    found = rows(
        lock_of(pins=(pin("cpython", "3.12.1", "maven", path="org/bytedeco/cpython/3.12.1-1.5.10/"),)),
        Update(),
        registry.http(),
        NOW,
    )
    assert row(found, "cpython").newest == "3.12.8"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"versions": 3}', b'{"releases": [3]}'])
def test_a_registry_that_answers_nonsense_is_a_note(registry: Any, server: Any, body: bytes) -> None:
    """The rest is told all the same."""
    server.routes |= {"/npm/pyodide": body, "/flutter/releases_linux.json": body, "/pypi/addon/": body}
    found = rows(lock_of(pin("addon", "1.0"), pins=(pin("pyodide", "1.0", "npm"),)), Update(), registry.http(), NOW)
    assert all(one.note for one in found)
    assert not any(one.behind for one in found)


def test_where_no_registry_answers_that_is_an_error(tmp_path: Path) -> None:
    """With the exit code of what could not be fetched."""
    (tmp_path / "builder.lock").write_bytes((FIXTURE / "builder.lock").read_bytes())
    nowhere = dict.fromkeys(("pypi", "npm", "maven", "flutter"), "http://127.0.0.1:1/")
    project = Project(name="a", version="1", requires=(), settings=Settings(mirrors=nowhere))
    here = Context(tmp_path, Store(tmp_path / "store"), {}, say=lambda line: None)
    with pytest.raises(BuilderError) as caught:
        outdated.run(here, project)
    assert caught.value.code == Exit.FETCH
