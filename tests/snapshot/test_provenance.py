"""What is written beside an artifact, as text: what of it a change of builder changes shows here."""

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from builder import lockfile, planning, project
from builder.provenance import components, sbom
from builder.provenance.facts import Facts
from builder.provenance.statement import Built, Subject, sha256, statement

FIXTURES = Path(__file__).parents[2] / "fixtures"
CASES = [("counter", "web"), ("counter", "apk"), ("counter-desktop", "linux-x86_64")]


@pytest.mark.parametrize(("app", "target"), CASES)
def test_statement(app: str, target: str, snapshot: SnapshotAssertion) -> None:
    """Of a fixture's lock; the digest of its plan is left out, as every change of a script changes it."""
    root = FIXTURES / app
    lock = lockfile.load(root)
    plan = planning.plan_of(project.load(root, {}, pytest.fail), lock, target)
    built = Built(lock, "1" * 64, plan, sha256(plan), "2" * 64, "3" * 64)
    text = statement(Subject(target, "4" * 64, folder=target == "web"), built).decode()
    assert text.replace(built.plan_sha256, "PLAN") == snapshot


@pytest.mark.parametrize(("app", "target"), CASES)
def test_bill_of_materials(app: str, target: str, snapshot: SnapshotAssertion) -> None:
    """Of a fixture's lock, with made-up licences."""
    root = FIXTURES / app
    lock, found = lockfile.load(root), project.load(root, {}, pytest.fail)
    plan = planning.plan_of(found, lock, target)
    names = {pin.name: pin.sha256 for pin in lock.packages_of(target)}
    known = {names["flet"]: Facts(licence="Apache-2.0", requires=("repath",)), names["six"]: Facts(stated="As is")}
    document = components.document(found, lock, plan, known)
    assert sbom.finished(document, Subject(target, "4" * 64, folder=target == "web")).decode() == snapshot
