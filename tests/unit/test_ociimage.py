"""Rules of images: the same bytes from the same files, in a form that every tool reads."""

import hashlib
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder import ociimage
from builder.ociimage import Entry

NAME = "localhost/app:1"
LONG = "usr/" + "long/" * 30 + "ünïcode"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root with a program, links, an empty folder, and a name that needs a PAX header."""
    root = tmp_path / "root"
    for name, data in {"usr/bin/program": b"\x7fELF", "etc/hosts": b"127.0.0.1 localhost\n", LONG: b"x" * 1000}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "usr/bin/program").chmod(0o700)
    (root / "tmp").mkdir()
    (root / "bin").symlink_to("usr/bin")
    return root


@pytest.fixture
def odd_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def written(root: Path, place: Path, name: str = NAME) -> ociimage.Image:
    """The image of a root, as a layout in a new folder."""
    place.mkdir()
    return ociimage.write(place, [ociimage.entries(root)], {"WorkingDir": "/build"}, name)


def test_an_image_is_the_same_bytes_everywhere(
    tree: Path, tmp_path: Path, shuffled: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch, odd_umask: None
) -> None:
    """From a copy in another order, with other modes, dates, umask and time zone, at another place."""
    first = written(tree, tmp_path / "one")
    other = shuffled(tree)
    for path in tree.rglob("*"):  # `shuffled` copies files alone
        copy = other / path.relative_to(tree)
        if path.is_symlink():
            copy.symlink_to(path.readlink())
        elif path.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
    (other / "usr/bin/program").chmod(0o755)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    assert written(other, tmp_path / "a place with another name") == first
    for file in ("index.json", "manifest.json", "oci-layout"):
        places = [tmp_path / "one" / file, tmp_path / "a place with another name" / file]
        assert len({place.read_bytes() if place.exists() else b"" for place in places}) == 1


def test_a_layout_is_what_the_specification_says(tree: Path, tmp_path: Path) -> None:
    """Every blob lies under its digest with its size, from the index down to the layer that the image consists of."""
    image = written(tree, tmp_path / "layout")
    place = tmp_path / "layout"

    def blob(descriptor: dict[str, object]) -> bytes:
        data = (place / "blobs" / str(descriptor["digest"]).replace(":", "/")).read_bytes()
        assert f"sha256:{hashlib.sha256(data).hexdigest()}" == descriptor["digest"]
        assert len(data) == descriptor["size"]
        return data

    assert json.loads((place / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    (found,) = json.loads((place / "index.json").read_bytes())["manifests"]
    assert found["digest"] == image.digest
    assert found["annotations"]["org.opencontainers.image.ref.name"] == NAME
    manifest = json.loads(blob(found))
    config = json.loads(blob(manifest["config"]))
    assert manifest["config"]["digest"] == image.config
    assert config["rootfs"] == {"diff_ids": [row["digest"] for row in manifest["layers"]], "type": "layers"}
    assert config["config"] == {"WorkingDir": "/build"}
    for layer in manifest["layers"]:
        blob(layer)


def test_docker_finds_the_same_blobs(tree: Path, tmp_path: Path) -> None:
    """By the file that it reads, in one tar."""
    written(tree, tmp_path / "layout")
    ociimage.archive(tmp_path / "layout", tmp_path / "image.tar")
    with tarfile.open(tmp_path / "image.tar") as tar:
        names = tar.getnames()
        (docker,) = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
    assert docker["RepoTags"] == [NAME]
    assert {docker["Config"], *docker["Layers"]} < set(names)


def test_a_layer_holds_bytes_exec_bits_and_links(tree: Path, tmp_path: Path) -> None:
    """Owner is root, the date is that of all outputs, and modes are of two kinds."""
    image = written(tree, tmp_path / "layout")
    with tarfile.open(tmp_path / "layout" / "blobs" / image.layers[0].replace(":", "/")) as tar:
        members = {member.name: member for member in tar}
        assert tar.extractfile(LONG).read() == b"x" * 1000  # type: ignore[union-attr]
    assert [*members] == sorted(members, key=os.fsencode)
    assert {(member.uid, member.gid, member.mtime) for member in members.values()} == {(0, 0, 315532800)}
    assert members["usr/bin/program"].mode == 0o755
    assert members["etc/hosts"].mode == 0o644
    assert members["bin"].linkname == "usr/bin"
    assert members["tmp"].isdir()


def test_members_can_be_given_as_they_are(tmp_path: Path) -> None:
    """Bytes, a second name of a file, a folder with a mode of its own; in the order given."""
    (tmp_path / "layout").mkdir()
    members = [Entry("tmp", 0o1777), Entry("a", 0o644, b"text"), Entry("b", 0o644, hardlink="a")]
    image = ociimage.write(tmp_path / "layout", [members], {}, NAME)
    with tarfile.open(tmp_path / "layout" / "blobs" / image.layers[0].replace(":", "/")) as tar:
        assert [(member.name, member.mode) for member in tar] == [("tmp", 0o1777), ("a", 0o644), ("b", 0o644)]
        assert tar.extractfile("b").read() == b"text"  # type: ignore[union-attr]
