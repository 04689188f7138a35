"""Rules of `builder audit`."""

import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from builder import lockfile
from builder.auditing import osv
from builder.auditing.binaries import binaries
from builder.commands import Context, audit
from builder.commands.audit import Report, Request
from builder.errors import BuilderError, Exit
from builder.project import Project
from builder.settings import Settings
from builder.store import Store

FIXTURES = Path(__file__).parents[2] / "fixtures"
FAT = b"\xca\xfe\xba\xbe\0\0\0\2"  # Mach-O of two architectures
CLASS = b"\xca\xfe\xba\xbe\0\0\0\x34"  # Java 8


def zipped(files: dict[str, bytes]) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a/lib.so", b"\x7fELF\2\1\1\0", "ELF"),
        ("a/x.dll", b"MZ\x90\0", "PE"),
        ("a/lib.dylib", b"\xcf\xfa\xed\xfe\x0c\0\0\1", "Mach-O"),
        ("a/fat", FAT, "Mach-O"),
        ("a/x.wasm", b"\0asm\1\0\0\0", "wasm"),
        ("a/classes.dex", b"dex\n035\0", "dex"),
        ("a/main.dart.js", b"(function(){", "dart2js"),
        ("a/x.jar", zipped({"x": b""}), "jar"),
        ("a/X.class", CLASS, ""),
        ("a/x.py", b"MZ = 1", ""),
        ("a/empty", b"", ""),
    ],
)
def test_a_compiled_program_is_known_by_how_it_begins(
    wheel: Callable[..., Path], tmp_path: Path, name: str, head: bytes, kind: str
) -> None:
    """Whatever it is called; a class alone is none, the jar that holds it is."""
    found = [b.kind for b in binaries(wheel("demo", {name: head}), "demo-1.0-py3-none-any.whl", tmp_path)]
    assert found == [kind] * bool(kind)


def test_archives_within_a_file_are_looked_into(wheel: Callable[..., Path], tmp_path: Path, sdist: Any) -> None:
    """As flet's desktop clients come; nothing stays where they were unpacked."""
    inner = zipped({"lib.so": b"\x7fELF"})
    (tmp_path / "scratch").mkdir()
    path = wheel("demo", {"demo/app.zip": zipped({"in.zip": inner, "own.so": b"\x7fELF, longer"})})
    found = {b.path: b.size for b in binaries(path, path.name, tmp_path / "scratch")}
    assert found == {"demo/app.zip!/in.zip!/lib.so": 4, "demo/app.zip!/own.so": 12}
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_pinned_jar_counts_as_one_where_it_holds_classes(tmp_path: Path) -> None:
    """Beside what is native in it."""
    path = tmp_path / "x.jar"
    path.write_bytes(zipped({"X.class": CLASS, "lib.so": b"\x7fELF"}))
    assert [(b.path, b.kind) for b in binaries(path, path.name, tmp_path)] == [("lib.so", "ELF"), (".", "jar")]
    path.write_bytes(b"no archive")
    assert list(binaries(path, path.name, tmp_path)) == []


# --- advisories ---------------------------------------------------------------------------------------------------


def advisory(name: str = "six", ecosystem: str = "PyPI", number: str = "X-1", **affected: Any) -> dict[str, Any]:
    package = {"package": {"ecosystem": ecosystem, "name": name}, **affected}
    return {"id": number, "aliases": ["CVE-1"], "summary": "It\nis bad", "affected": [package]}


def events(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"ranges": [{"type": "ECOSYSTEM", "events": [{what: value} for what, value in pairs]}]}


@pytest.mark.parametrize(
    ("affected", "expected"),
    [
        ({"versions": ["1.17.0"]}, True),
        ({"versions": ["1.16.0"]}, False),
        (events(("introduced", "0")), True),
        (events(("introduced", "0"), ("fixed", "1.17.0")), False),
        (events(("fixed", "1.17.1"), ("introduced", "1.2")), True),  # in any order
        (events(("introduced", "0"), ("last_affected", "1.17.0")), True),
        (events(("introduced", "0"), ("last_affected", "1.16")), False),
        (events(("introduced", "1"), ("fixed", "1.2"), ("introduced", "1.17"), ("fixed", "2")), True),
        (events(("introduced", "odd")), False),
        ({"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}, False),
        ({}, False),
    ],
    ids=str,
)
def test_a_version_is_hit_as_the_schema_says(affected: dict[str, Any], expected: bool, tmp_path: Path) -> None:
    """OSV schema, evaluation; versions by PEP 440."""
    (tmp_path / "x.json").write_text(json.dumps(advisory(**affected)))
    found = osv.load(tmp_path / "x.json")["six"]
    assert found[0].hits("1.17.0") is expected
    assert found[0].summary == "It"


def test_advisories_come_as_file_folder_or_zip(tmp_path: Path) -> None:
    """One or a list in a file; other ecosystems and withdrawn ones are passed over."""
    (tmp_path / "deep").mkdir()
    gone = advisory("gone") | {"withdrawn": "2026-01-01T00:00:00Z"}
    (tmp_path / "deep" / "x.json").write_text(json.dumps([advisory("A_b"), advisory("js", "npm"), gone]))
    (tmp_path / "deep" / "notes.txt").write_text("no advisory")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "deep" / "x.json", "x.json")
    for path in (tmp_path / "deep", tmp_path / "all.zip", tmp_path / "deep" / "x.json"):
        assert list(osv.load(path)) == ["a-b"]


@pytest.mark.parametrize("text", ["", "{", "3", '{"id": "x", "affected": 3}', '[{"affected": []}]', "[" * 100_000])
def test_what_is_no_advisory_is_an_error(text: str, tmp_path: Path) -> None:
    """Rather than no finding."""
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(BuilderError) as caught:
        osv.load(tmp_path / "x.json")
    assert caught.value.code == Exit.USAGE


def test_advisories_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    """A misspelt path is not a clean bill of health."""
    with pytest.raises(BuilderError) as caught:
        osv.load(tmp_path / "none")
    assert caught.value.code == Exit.USAGE


# --- the whole ----------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, server: Any) -> Callable[..., Report]:
    """Audits the counter, with nothing in the store and indexes at a server."""
    (tmp_path / "builder.lock").write_bytes((FIXTURES / "counter" / "builder.lock").read_bytes())

    def go(offline: bool = True, **fields: Any) -> Report:
        here = Context(tmp_path, Store(tmp_path / "store"), {}, say=lambda line: None, offline=offline)
        settings = Settings(mirrors={"pypi": f"{server.url}simple/"})
        return audit.run(here, Project(name="a", version="1", requires=(), settings=settings), Request(**fields))

    return go


def kinds(report: Report, what: str = "") -> set[str]:
    return {finding.kind for finding in report.findings if what in finding.what}


def test_what_the_store_does_not_have_is_said_to_be_unread(run: Callable[..., Report]) -> None:
    """Nobody looked into it, so nothing else is said of it."""
    report = run(target="web")
    assert kinds(report, "flet_web") == {"unread"}
    assert not report.bad


def test_an_apk_is_told_what_f_droid_wants(run: Callable[..., Report]) -> None:
    """Other targets are not."""
    assert "f-droid" in kinds(run(target="apk"), "apk")
    assert "f-droid" not in kinds(run(target="web"))


def test_a_family_and_all_are_more_than_one_target(run: Callable[..., Report]) -> None:
    """What the lock does not hold is an error."""
    assert run(target="linux").targets == ("linux-aarch64", "linux-x86_64")
    assert len(run().targets) == 7
    with pytest.raises(BuilderError, match="does not hold the target"):
        run(target="fixtures")


def test_a_vulnerable_package_is_told_once_and_may_be_passed_over(run: Callable[..., Report], tmp_path: Path) -> None:
    """By the advisory's number or another name of it."""
    (tmp_path / "x.json").write_text(json.dumps(advisory(**events(("introduced", "0"), ("fixed", "2.0")))))
    report = run(osv=tmp_path / "x.json")
    found = [finding for finding in report.findings if finding.kind == "vulnerable"]
    assert [(finding.what, finding.detail) for finding in found] == [("six 1.17.0", "X-1 (CVE-1): It; mended in 2.0")]
    assert report.bad
    for number in ("X-1", "CVE-1"):
        assert not run(osv=tmp_path / "x.json", ignored=[number]).bad


def test_yanked_and_vanished_files_are_told(run: Callable[..., Report], server: Any, reply: Any) -> None:
    """What can't be asked is said, and is no fault of the lock."""
    held = {pin.name: pin for pin in lockfile.load(FIXTURES / "counter").packages_of("web")}
    html = {"Content-Type": "text/html"}
    six = f'<a href="x/{held["six"].file}" data-yanked="bad">x</a>'
    server.routes["/simple/six/"] = reply(f"<html>{six}".encode(), headers=html)
    server.routes["/simple/repath/"] = reply(b'<html><a href="x/repath-9.tar.gz">x</a>', headers=html)
    report = run(offline=False, target="web")
    assert "yanked" in kinds(report, held["six"].file)
    assert "gone" in kinds(report, held["repath"].file)
    assert "unasked" in kinds(report, held["flet"].file)
    assert report.bad


def test_old_runtimes_and_first_use_hashes_are_told(tmp_path: Path, run: Callable[..., Report]) -> None:
    """As of bytedeco, whose CPython is 3.12.1."""
    (tmp_path / "builder.lock").write_bytes((FIXTURES / "counter-desktop" / "builder.lock").read_bytes())
    assert {"behind", "first-use"} <= kinds(run(target="linux-x86_64"), "cpython")
