"""resources.arsc: the table of an app's resources (ResTable), by type, name and configuration."""

import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import res_chunks
import res_values

APP = 0x7F  # the package id that all apps have
_TABLE, _PACKAGE, _TYPE, _TYPE_SPEC = 0x0002, 0x0200, 0x0201, 0x0202
_DENSITIES = {"mdpi": 160, "hdpi": 240, "xhdpi": 320, "xxhdpi": 480, "xxxhdpi": 640, "anydpi": 0xFFFE}
_NIGHT = 0x20  # of uiMode
_VARIES = {"density": 0x0100, "version": 0x0400, "night": 0x1000}
_COMPLEX = 1  # flag of an entry that is a bag
_NO_ENTRY = 0xFFFFFFFF


@dataclass(frozen=True)
class Style:
    """A style: the style that it starts from, and its items by the id of their attribute."""

    parent: int
    items: Mapping[int, res_values.Typed]


@dataclass(frozen=True)
class Resource:
    """A resource as it is under one configuration; a str is the path of a file in the APK."""

    type: str
    name: str
    config: str  # qualifiers as in the name of a folder, such as `night-xhdpi` or `anydpi-v26`; "" for the rest
    value: res_values.Typed | Style | str


@dataclass(frozen=True)
class Config:
    """Qualifiers, in the order in which a type's configurations are written."""

    night: bool
    density: int
    version: int

    def pack(self) -> bytes:
        """ResTable_config, 64 bytes."""
        return struct.pack("<I8xBBH8xHHBB34x", 64, 0, 0, self.density, self.version, 0, 0, _NIGHT if self.night else 0)

    def varies(self) -> int:
        """The bits of what this differs in from no qualifiers at all."""
        flags = {"density": self.density, "version": self.version, "night": self.night}
        return sum(_VARIES[name] for name, is_set in flags.items() if is_set)


def ids(names: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The id of each resource, given as (type, name), by `type/name`; types and names are counted in sorted order."""
    types: dict[str, set[str]] = {}
    for kind, name in names:
        types.setdefault(kind, set()).add(name)
    return {
        f"{kind}/{name}": APP << 24 | number << 16 | entry
        for number, kind in enumerate(sorted(types), start=1)
        for entry, name in enumerate(sorted(types[kind]))
    }


def config(qualifiers: str) -> Config:
    """The configuration of a folder's qualifiers; raises res_values.Unknown."""
    parts = [part for part in qualifiers.split("-") if part]
    versions = [int(part[1:]) for part in parts if re.fullmatch(r"v[0-9]+", part)]
    densities = [_DENSITIES[part] for part in parts if part in _DENSITIES]
    night = "night" in parts
    if len(versions) + len(densities) + night != len(parts):
        raise res_values.Unknown(f"`{qualifiers}` are no qualifiers that are known here")
    return Config(night, densities[0] if densities else 0, versions[0] if versions else 0)


def encode(package: str, resources: Iterable[Resource]) -> bytes:
    """The table of an app; `package` is its name, of at most 127 UTF-16 units."""
    found = sorted(resources, key=lambda one: (one.type, one.name, one.config))
    files = {path: index for index, path in enumerate(sorted({r.value for r in found if isinstance(r.value, str)}))}
    names = {name: index for index, name in enumerate(sorted({one.name for one in found}))}
    types = sorted({one.type for one in found})
    type_names, key_names = (res_chunks.pool(list(texts), utf8=True) for texts in (types, names))
    head = struct.pack("<I256sIIIII", APP, package.encode("utf-16-le"), 288, 0, 288 + len(type_names), 0, 0)
    body = b"".join(
        _type(number, [one for one in found if one.type == kind], names, files)
        for number, kind in enumerate(types, start=1)
    )
    whole = res_chunks.chunk(_PACKAGE, head, type_names + key_names + body)
    return res_chunks.chunk(_TABLE, struct.pack("<I", 1), res_chunks.pool(list(files), utf8=True) + whole)


def _type(number: int, resources: list[Resource], names: Mapping[str, int], files: Mapping[str, int]) -> bytes:
    """What a type's entries vary by, then its entries under each configuration."""
    entries = sorted({one.name for one in resources})
    varies = dict.fromkeys(entries, 0)
    for one in resources:
        varies[one.name] |= config(one.config).varies()
    spec = res_chunks.chunk(
        _TYPE_SPEC, struct.pack("<BBHI", number, 0, 0, len(entries)), res_chunks.words(varies.values())
    )
    groups: dict[Config, dict[str, bytes]] = {}
    for one in resources:
        groups.setdefault(config(one.config), {})[one.name] = _entry(one, names[one.name], files)
    ordered = sorted(groups.items(), key=lambda group: (group[0].night, group[0].density, group[0].version))
    return spec + b"".join(_under(number, key, group, entries) for key, group in ordered)


def _under(number: int, key: Config, group: Mapping[str, bytes], entries: list[str]) -> bytes:
    """The entries of a type under one configuration; names that have none there are left out."""
    present = [name for name in entries if name in group]
    places = dict(zip(present, res_chunks.offsets(group[name] for name in present), strict=True))
    start = 84 + 4 * len(entries)
    head = struct.pack("<BBHII", number, 0, 0, len(entries), start) + key.pack()
    index = res_chunks.words(places.get(name, _NO_ENTRY) for name in entries)
    return res_chunks.chunk(_TYPE, head, index + b"".join(group[name] for name in present))


def _entry(resource: Resource, key: int, files: Mapping[str, int]) -> bytes:
    value = resource.value
    if isinstance(value, Style):
        items = b"".join(struct.pack("<I", item) + _value(typed) for item, typed in sorted(value.items.items()))
        return struct.pack("<HHIII", 16, _COMPLEX, key, value.parent, len(value.items)) + items
    typed = (res_values.STRING, files[value]) if isinstance(value, str) else value
    return struct.pack("<HHI", 8, 0, key) + _value(typed)


def _value(typed: res_values.Typed) -> bytes:
    return struct.pack("<HBBI", 8, 0, *typed)
