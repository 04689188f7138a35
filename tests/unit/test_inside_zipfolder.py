"""Zips of folders: the same bytes for the same contents, with modes and symbolic links, put together from layers."""

import os
import stat
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from builder.inside import module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program, a text, an empty file, a file with a name beyond ASCII, links to a file, a folder and nothing."""
    root = tmp_path / "folder"
    (root / "sub").mkdir(parents=True)
    (root / "run").write_text("#!/bin/sh\n" * 100)
    (root / "run").chmod(0o700)
    (root / "sub" / "é").write_text("x" * 5000)
    (root / "sub" / "é").chmod(0o600)
    (root / "empty").touch()
    for name, target in {"file": "./run", "dir": "sub", "gone": "../nothing"}.items():
        (root / name).symlink_to(target)
    return root


def layer(inside: Any, root: Path, prefix: str = "app/") -> Path:
    """What zip_layer.py makes of a folder."""
    found: Path = inside.run("zip_layer.py", {"x": root}, ["x", prefix]) / "layer.zip"
    return found


def listed(place: Path) -> dict[str, tuple[int, bytes]]:
    """Each member's mode and bytes."""
    with zipfile.ZipFile(place) as archive:
        assert archive.testzip() is None
        return {member.filename: (member.external_attr >> 16, archive.read(member)) for member in archive.infolist()}


def test_modes_and_links_are_kept(inside: Any, folder: Path) -> None:
    """As Unix has them; of a mode only the x-bit counts."""
    found = listed(layer(inside, folder))
    assert {name: mode for name, (mode, _) in found.items()} == {
        "app/dir": stat.S_IFLNK | 0o755,
        "app/empty": stat.S_IFREG | 0o644,
        "app/file": stat.S_IFLNK | 0o755,
        "app/gone": stat.S_IFLNK | 0o755,
        "app/run": stat.S_IFREG | 0o755,
        "app/sub/é": stat.S_IFREG | 0o644,
    }
    assert (found["app/file"][1], found["app/dir"][1], found["app/gone"][1]) == (b"./run", b"sub", b"../nothing")


def test_the_bytes_follow_from_the_contents(inside: Any, folder: Path) -> None:
    """Not from dates, the rest of a mode, or the order in which files were made."""
    first = layer(inside, folder).read_bytes()
    (folder / "run").unlink()
    (folder / "run").write_text("#!/bin/sh\n" * 100)
    (folder / "run").chmod(0o755)
    os.utime(folder / "empty", (0, 0))
    assert layer(inside, folder).read_bytes() == first


def test_layers_are_taken_over_as_they_are(inside: Any, folder: Path, tmp_path: Path) -> None:
    """The archive of two layers and a folder is, member by member, the archive of all of them; other tools read it."""
    zipfolder = module("zipfolder")
    layers = []
    for name in ("one", "two"):
        layers.append(tmp_path / f"{name}.zip")
        layers[-1].write_bytes(layer(inside, folder, f"app/{name}/").read_bytes())
    zipfolder.write(tmp_path / "joined.zip", [(folder, "app/three/")], layers)
    zipfolder.write(tmp_path / "whole.zip", [(folder, f"app/{name}/") for name in ("one", "two", "three")])
    assert (tmp_path / "joined.zip").read_bytes() == (tmp_path / "whole.zip").read_bytes()
    subprocess.run(["unzip", "-tq", tmp_path / "joined.zip"], check=True, stdout=subprocess.DEVNULL)


def test_two_members_of_one_name_are_refused(inside: Any, folder: Path, tmp_path: Path) -> None:
    """Which of them counts, no two programs agree on."""
    kept = tmp_path / "kept.zip"
    kept.write_bytes(layer(inside, folder).read_bytes())
    with pytest.raises(module("tree").Refused, match="`app/dir` would be in the archive twice"):
        module("zipfolder").write(tmp_path / "out.zip", [(folder, "app/")], [kept])
