"""Package URLs: the name of a pin that is the same for everybody, whichever mirror served it (ECMA-427)."""

from collections.abc import Mapping

from packageurl import PackageURL

from builder.lock import Lock, Origin, Pin

_KNOWN = ("pypi", "npm", "maven", "debian")  # registries that a package URL names by its type


def purl(pin: Pin, lock: Lock) -> str:
    """The package URL of a pin. The host of a well-known registry is in none; a source that [sources] states is."""
    kind = pin.source.removesuffix("-snapshot")
    if kind in _KNOWN and pin.source not in lock.sources:
        return _registered(kind, pin)
    origin = lock.sources.get(pin.source)
    if origin and origin.kind == "pypi":
        return _text("pypi", pin.name, pin.version, {"file_name": pin.file, "repository_url": origin.base})
    return _downloaded(pin, origin, python=pin in lock.packages)


def generic(name: str, version: str, qualifiers: Mapping[str, str] = {}) -> str:
    """The package URL of what is on no registry."""
    return _text("generic", name, version, qualifiers)


def _registered(kind: str, pin: Pin) -> str:
    match kind:
        case "pypi":
            return _text("pypi", pin.name, pin.version, {"file_name": pin.file})
        case "npm":
            scope, _, name = pin.name.rpartition("/")
            return _text("npm", name, pin.version, {}, scope)
        case "debian":
            arch = pin.file.removesuffix(".deb").rpartition("_")[2]
            return _text("deb", pin.name.removeprefix("deb:"), pin.version, {"arch": arch}, "debian")
    *group, artifact, version = pin.path.strip("/").split("/")  # maven
    stem, _, ending = pin.file.removeprefix(f"{artifact}-{version}").rpartition(".")
    qualifiers = {"type": ending} | ({"classifier": stem.removeprefix("-")} if stem else {})
    return _text("maven", artifact, version, qualifiers, ".".join(group))


def _downloaded(pin: Pin, origin: Origin | None, *, python: bool) -> str:
    where = {"download_url": f"{origin.base}{pin.path}{pin.file}"} if origin else {}
    return _text("pypi" if python else "generic", pin.name, pin.version, {"checksum": f"sha256:{pin.sha256}", **where})


def _text(kind: str, name: str, version: str, qualifiers: Mapping[str, str], namespace: str = "") -> str:
    return PackageURL(kind, namespace or None, name, version or None, dict(qualifiers)).to_string()
