"""The components of an artifact's bill of materials, written by the CycloneDX library: 70 ms to import."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import is_supported_id
from packageurl import PackageURL

from builder import data
from builder.fletline import Line
from builder.lock import Flutter, Lock, Pin
from builder.model import PYODIDE
from builder.plan import Plan
from builder.project import Project
from builder.provenance.facts import Facts
from builder.provenance.purl import generic, purl
from builder.provenance.sbom import build_only, clients, line_of
from builder.provenance.statement import planned_pins

_PLATFORMS = ("cpython", "pyodide")
_UNKNOWN = Facts()


def document(project: Project, lock: Lock, plan: Plan, facts: Mapping[str, Facts]) -> dict[str, Any]:
    """The JSON of the bill of materials of a plan's artifact, but for the artifact's own digest; see `sbom.finished`.

    `facts` has what each file says of itself, by sha256.
    """
    line = line_of(lock)
    pins = planned_pins(lock, plan)
    components = {pin.sha256: _component(pin, lock, line, facts.get(pin.sha256, _UNKNOWN)) for pin in pins}
    made = [*_flutter(lock.flutter), *_pyodide(lock, plan, line), *_fonts(plan, line, facts)]
    root = Component(type=ComponentType.APPLICATION, name=project.name, version=project.version, bom_ref="app")
    bom = Bom(components=[*components.values(), *made])
    bom.metadata.component = root
    bom.metadata.properties.add(Property(name="cdx:reproducible", value="true"))
    used = [found for found in components.values() if found.scope is not ComponentScope.EXCLUDED]
    bom.register_dependency(root, [*used, *made])
    names = {pin.name: components[pin.sha256] for pin in pins if pin in lock.packages}
    for pin in pins:
        wanted = facts.get(pin.sha256, _UNKNOWN).requires
        bom.register_dependency(components[pin.sha256], [names[name] for name in wanted if name in names])
    return _plain(bom)


def _component(pin: Pin, lock: Lock, line: Line | None, facts: Facts) -> Component:
    kind = ComponentType.PLATFORM if pin.name in _PLATFORMS else ComponentType.LIBRARY
    return Component(
        type=ComponentType.FRAMEWORK if pin.name in clients(line) else kind,
        name=pin.name,
        version=pin.version,
        bom_ref=f"{pin.name}@{pin.version}#{pin.sha256[:12]}",
        purl=PackageURL.from_string(purl(pin, lock)),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=pin.sha256)],
        licenses=_licences(facts),
        scope=ComponentScope.EXCLUDED if build_only(pin, lock) else ComponentScope.REQUIRED,
        properties=[Property(name="builder:file", value=pin.file), Property(name="builder:hash", value=pin.hash)],
    )


def _licences(facts: Facts) -> list[License]:
    if is_supported_id(facts.licence):
        return [DisjunctiveLicense(id=facts.licence)]
    if facts.licence:
        return [LicenseExpression(facts.licence)]
    return [DisjunctiveLicense(name=facts.stated)] if facts.stated else []


def _flutter(flutter: Flutter | None) -> Iterable[Component]:
    """What the compiled client is made with: it comes with the client, so there are no bytes of its own to hash."""
    if flutter is None:
        return
    licences = data.table("licences.toml")["flutter"]
    for name, version, url in (
        ("flutter", flutter.version, f"pkg:github/flutter/flutter@{flutter.framework}"),
        ("flutter-engine", flutter.engine, generic("flutter-engine", flutter.engine)),
        ("dart", flutter.dart, generic("dart", flutter.dart)),
    ):
        if version:
            kind = ComponentType.FRAMEWORK if name == "flutter" else ComponentType.PLATFORM
            yield _within(kind, name, version, url, licences[name])


def _pyodide(lock: Lock, plan: Plan, line: Line | None) -> Iterable[Component]:
    """The Pyodide that the client's own wheel holds."""
    found = line.pyodide.get(lock.inputs.python) if line and plan.target in PYODIDE else None
    if found and found.bundled:
        licence = data.table("licences.toml")["pins"]["pyodide"]
        yield _within(ComponentType.PLATFORM, "pyodide", found.version, f"pkg:npm/pyodide@{found.version}", licence)


def _fonts(plan: Plan, line: Line | None, facts: Mapping[str, Facts]) -> Iterable[Component]:
    """The fonts that come with the client; their licences are in its NOTICES."""
    own = tuple(line.web.fonts) if line and plan.target in PYODIDE else ()
    families = {*own, *(font for sha256 in plan.pins for font in facts.get(sha256, _UNKNOWN).fonts)}
    for family in sorted(families):
        yield _within(ComponentType.FILE, family, "", "", "")


def _within(kind: ComponentType, name: str, version: str, url: str, licence: str) -> Component:
    return Component(
        type=kind,
        name=name,
        version=version or None,
        bom_ref=f"{kind.value}:{name}@{version}",
        purl=PackageURL.from_string(url) if url else None,
        licenses=_licences(Facts(licence=licence)),
        properties=[Property(name="builder:within", value="client")],
    )


def _plain(bom: Bom) -> dict[str, Any]:
    """What the library writes, without the two things that it makes up for each document."""
    found: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    del found["serialNumber"], found["metadata"]["timestamp"]
    return found
