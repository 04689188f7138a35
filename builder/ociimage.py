"""Container images, written without any container tool: the same bytes from the same files on every machine.

The forms are those of the OCI image format (image-spec 1.1: image-layout.md, manifest.md, config.md, layer.md). Nothing
is compressed, as each zlib compresses differently; an image is based on nothing.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

_DATE = 315532800  # 1980-01-01, as all that the store holds
_CREATED = "1980-01-01T00:00:00Z"
_BLOBS = "blobs/sha256"
_TYPE = "application/vnd.oci.image"


@dataclass(frozen=True)
class Entry:
    """One member of a layer: a file from disk or of given bytes, a link, or (of nothing at all) a folder."""

    name: str  # relative POSIX path
    mode: int
    source: Path | bytes | None = None
    symlink: str = ""  # where it points
    hardlink: str = ""  # the name of an earlier member whose file this is as well


@dataclass(frozen=True)
class Image:
    """A written image."""

    digest: str  # of the manifest, `sha256:…`: what a registry calls the image by
    config: str  # of the configuration, `sha256:…`: what podman and docker call it by
    layers: tuple[str, ...]


def entries(root: Path, prefix: str = "") -> list[Entry]:
    """All below a folder as members, sorted by their names' bytes: the exec bit is kept, all else is fixed."""
    found = []
    for path in sorted(root.rglob("*"), key=lambda path: os.fsencode(path.relative_to(root))):
        name = prefix + path.relative_to(root).as_posix()
        if path.is_symlink():
            found.append(Entry(name, 0o777, symlink=os.readlink(path)))  # noqa: PTH115 (a Path would make `a` of `./a`)
        elif path.is_dir():
            found.append(Entry(name, 0o755))
        else:
            found.append(Entry(name, 0o755 if path.stat().st_mode & 0o100 else 0o644, path))
    return found


def write(folder: Path, layers: Sequence[Iterable[Entry]], config: Mapping[str, Any], name: str) -> Image:
    """Write an image as an OCI layout into an empty folder.

    `config` is what a container of it is started with (config.md, `config`); `name` is what the tools call it after
    loading it. Beside the layout lies docker's own `manifest.json`, so that `docker load` takes the same files.
    """
    blobs = folder / _BLOBS
    blobs.mkdir(parents=True)
    packed = [_layer(members, blobs) for members in layers]
    configured = {
        "architecture": "amd64",
        "config": dict(config),
        "created": _CREATED,
        "os": "linux",
        "rootfs": {"diff_ids": [row["digest"] for row in packed], "type": "layers"},
    }
    image = _blob(configured, f"{_TYPE}.config.v1+json", blobs)
    manifest = {"config": image, "layers": packed, "mediaType": f"{_TYPE}.manifest.v1+json", "schemaVersion": 2}
    found = _blob(manifest, f"{_TYPE}.manifest.v1+json", blobs)
    named = {**found, "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}}
    index = {"manifests": [named], "mediaType": f"{_TYPE}.index.v1+json", "schemaVersion": 2}
    docker = {"Config": _place(image), "Layers": [_place(row) for row in packed], "RepoTags": [name]}
    for file, content in {"oci-layout": {"imageLayoutVersion": "1.0.0"}, "index.json": index}.items():
        (folder / file).write_bytes(_json(content))
    (folder / "manifest.json").write_bytes(_json([docker]))
    return Image(found["digest"], image["digest"], tuple(row["digest"] for row in packed))


def archive(folder: Path, file: Path) -> None:
    """One tar of a layout, for `podman load` and `docker load`."""
    with file.open("wb") as stream:
        pack(entries(folder), stream)


def _layer(members: Iterable[Entry], blobs: Path) -> dict[str, Any]:
    """Write a layer among the blobs; gives its descriptor."""
    temporary = blobs / "layer"
    with temporary.open("w+b") as stream:
        pack(members, stream)
        size = stream.tell()
        stream.seek(0)
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    temporary.replace(blobs / found)
    return {"digest": f"sha256:{found}", "mediaType": f"{_TYPE}.layer.v1.tar", "size": size}


def _blob(content: Mapping[str, Any], media: str, blobs: Path) -> dict[str, Any]:
    data = _json(content)
    found = hashlib.sha256(data).hexdigest()
    (blobs / found).write_bytes(data)
    return {"digest": f"sha256:{found}", "mediaType": media, "size": len(data)}


def _place(descriptor: Mapping[str, Any]) -> str:
    return f"{_BLOBS}/{str(descriptor['digest']).removeprefix('sha256:')}"


def _json(content: Any) -> bytes:
    """JSON in one form: sorted, without spaces."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def pack(members: Iterable[Entry], stream: BinaryIO) -> None:
    """Write members as a tar (POSIX.1-2001, pax), in their order."""
    with tarfile.TarFile(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8") as tar:
        for entry in members:
            member = tarfile.TarInfo(entry.name)
            member.mode, member.mtime = entry.mode, _DATE
            if isinstance(entry.source, bytes):
                member.size = len(entry.source)
                tar.addfile(member, io.BytesIO(entry.source))
            elif entry.source is not None:
                with entry.source.open("rb") as file:
                    member.size = os.fstat(file.fileno()).st_size
                    tar.addfile(member, file)
            else:
                target = entry.symlink or entry.hardlink
                member.type = tarfile.SYMTYPE if entry.symlink else tarfile.LNKTYPE if target else tarfile.DIRTYPE
                member.linkname = target
                tar.addfile(member)
