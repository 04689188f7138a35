"""Rules of bundles: the same bytes for the same contents, and nothing kept of one that is not right."""

import gzip
import hashlib
import io
import json
import os
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder import bundle, lockfile, project
from builder.bundle import APP, MANIFEST, PINS, WHEELS, Manifest, Row
from builder.commands import Context, gc
from builder.commands import bundle as command
from builder.errors import BuilderError, Exit
from builder.lock import Inputs, Lock, Pin, Toolchain
from builder.store import Store

BODIES = {"a-1.whl": b"a" * 3000, "b-1.whl": b"b" * 700, "tool.deb": b"tool"}
SPARE = b"of another lock"
PYPROJECT = '[project]\nname = "app"\nversion = "1"\ndependencies = ["flet==0.82.2"]\n'


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pin(file: str, target: str) -> Pin:
    return Pin(
        name=file.partition(".")[0],
        version="1",
        source="pypi",
        file=file,
        size=len(BODIES[file]),
        sha256=sha256(BODIES[file]),
        hash="index",
        targets=(target,),
    )


LOCK = Lock(
    inputs=Inputs(requires=("flet==0.82.2",), targets=("apk", "web"), python="3.12", client="prebuilt", runtime="x"),
    toolchain=Toolchain(name="none", nar="0" * 64),
    packages=(pin("a-1.whl", "web"), pin("b-1.whl", "apk")),
    pins=(pin("tool.deb", "toolchain"),),
)


class Side:
    """The machine without network: a checkout and an empty store."""

    def __init__(self, root: Path) -> None:
        self.app, self.store, self.said = root / "app", Store(root / "store"), list[str]()
        self.app.mkdir(parents=True)
        (self.app / "pyproject.toml").write_text(PYPROJECT)
        (self.app / "main.py").touch()
        lockfile.save(self.app, LOCK)

    @property
    def context(self) -> Context:
        return Context(root=self.app, store=self.store, environ={}, say=self.said.append, offline=True)

    def take(self, file: Path, *targets: str) -> tuple[str, ...]:
        """What `builder fetch --from` does first."""
        return command.take(self.context, project.load(self.app, {}, lambda line: None), targets, file)

    def refusal(self, file: Path, *targets: str) -> BuilderError:
        """The error of a bundle of which nothing was kept."""
        with pytest.raises(BuilderError) as caught:
            self.take(file, *targets)
        assert caught.value.hint
        assert self.held() == set()
        return caught.value

    def held(self) -> set[bytes]:
        """The bytes of all that the store holds besides locks and the records of apps."""
        own = ("locks", "apps")
        found = (path for path in self.store.root.rglob("*") if path.is_file() and path.parent.name not in own)
        return {path.read_bytes() for path in found}


@pytest.fixture
def side(tmp_path: Path) -> Side:
    return Side(tmp_path / "side")


def contents(**more: bytes) -> dict[str, bytes]:
    """The members of a bundle of the lock."""
    pins = {f"{PINS}/{sha256(body)}/{file}": body for file, body in BODIES.items()}
    return {f"{APP}/builder.lock": lockfile.dump(LOCK).encode(), f"{WHEELS}/builder.whl": b"wheel", **pins, **more}


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    """Writes a bundle as builder does."""

    def make(members: dict[str, bytes] | None = None, targets: tuple[str, ...] = ("apk", "web")) -> Path:
        paths = {}
        for number, (name, data) in enumerate((members or contents()).items()):
            paths[name] = tmp_path / f"member-{number}"
            paths[name].write_bytes(data)
        place = tmp_path / "app.bundle"
        with place.open("wb") as file:
            bundle.write(file, targets, paths)
        return place

    return make


def crafted(place: Path, rows: list[Row], parts: list[tuple[tarfile.TarInfo, bytes]], **manifest: Any) -> Path:
    """A bundle by somebody else, in which anything may stand."""
    listed = [row.model_dump() for row in rows]
    stated = {"format": 1, "targets": ["apk", "web"], "lock": "0" * 64, "members": listed} | manifest
    text = json.dumps(stated).encode()
    with tarfile.TarFile(place, "w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(header(MANIFEST, text), io.BytesIO(text))
        for member, data in parts:
            tar.addfile(member, io.BytesIO(data))
    return place


def header(name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.size, found.type, found.linkname = len(data), kind, target
    return found


def row(name: str, data: bytes) -> Row:
    return Row(name=name, size=len(data), sha256=sha256(data))


# --- writing ----------------------------------------------------------------------------------------------------


def test_the_same_contents_are_the_same_bytes(made: Callable[..., Path]) -> None:
    """Whatever the order, modes and dates of the files; and the first member says what the others are."""
    first = made().read_bytes()
    again = made(dict(reversed(contents().items())))
    for path in again.parent.glob("member-*"):
        path.chmod(0o600)
        os.utime(path, (1, 1))
    assert made(dict(reversed(contents().items()))).read_bytes() == first
    with tarfile.open(again) as tar:
        assert tar.getnames() == [MANIFEST, *sorted(contents())]
        assert {(member.mtime, member.mode, member.uid, member.uname) for member in tar} == {(315532800, 0o644, 0, "")}
        manifest = Manifest.model_validate_json(tar.extractfile(MANIFEST).read())  # type: ignore[union-attr]  # a file
    assert [(row.name, row.sha256) for row in manifest.members] == [
        (name, sha256(data)) for name, data in sorted(contents().items())
    ]


# --- taking -----------------------------------------------------------------------------------------------------


def test_a_store_gets_what_the_lock_pins_and_nothing_else(side: Side, made: Callable[..., Path]) -> None:
    """Pins of other locks are left out with a note, and so are builder's wheels without one."""
    file = made(contents(**{f"{PINS}/{sha256(SPARE)}/spare.whl": SPARE}))
    assert side.take(file) == ("apk", "web")
    assert side.held() == set(BODIES.values())
    assert side.said == ["left out of the bundle, as nothing here wants them: `spare.whl`"]


def test_what_came_stays_when_the_store_is_cleared(side: Side, made: Callable[..., Path]) -> None:
    """`builder gc` takes nothing that an air gap brought, before the app's first build too."""
    side.take(made())
    gc.run(side.context, gc.Wish())
    assert side.held() == set(BODIES.values())


def test_only_what_the_named_targets_want_is_kept(side: Side, made: Callable[..., Path]) -> None:
    """And without names those count that the bundle was made for."""
    assert side.take(made(), "web") == ("web",)
    assert side.held() == {BODIES["a-1.whl"], BODIES["tool.deb"]}
    assert side.take(made(targets=("apk",))) == ("apk",)
    assert side.held() == set(BODIES.values())


def test_what_the_store_has_need_not_be_in_the_bundle(side: Side, made: Callable[..., Path]) -> None:
    """A second bundle may be smaller."""
    side.take(made())
    file = made({f"{APP}/builder.lock": b""})
    assert side.take(file) == ("apk", "web")


def test_an_incomplete_bundle_says_what_lacks(side: Side, made: Callable[..., Path]) -> None:
    """Exit code 5, the files, and that it was made for another lock."""
    members = {name: data for name, data in contents().items() if not name.endswith("a-1.whl")}
    error = side.refusal(made(members | {f"{APP}/builder.lock": b"another"}))
    assert error.code == Exit.FETCH
    assert "`a-1.whl`" in error.message
    assert "b-1.whl" not in error.message
    assert "another builder.lock" in error.message
    assert "another builder.lock" not in side.refusal(made(members)).message


def test_a_target_that_is_not_locked_is_refused(side: Side, made: Callable[..., Path]) -> None:
    """Whether the command line names it or the bundle."""
    assert side.refusal(made(), "linux-x86_64").code == Exit.LOCK
    assert side.refusal(made(targets=("linux-x86_64",))).code == Exit.LOCK


def test_a_file_that_is_not_there_is_told(side: Side, tmp_path: Path) -> None:
    """And a folder is none."""
    assert side.refusal(tmp_path / "none").code == Exit.FETCH
    assert side.refusal(tmp_path).code == Exit.FETCH


A = BODIES["a-1.whl"]
GOOD = [(f"{PINS}/{sha256(body)}/{file}", body) for file, body in BODIES.items()]
ROWS = [row(name, data) for name, data in GOOD]
MEMBERS = [(header(name, data), data) for name, data in GOOD]
A_ROW, A_MEMBER = ROWS[0], MEMBERS[0]
EVIL = b"evil" * 750
EVIL_MEMBER = (header(A_ROW.name, EVIL), EVIL)

HOSTILE: dict[str, tuple[list[Row], list[tuple[tarfile.TarInfo, bytes]], str]] = {
    "out of the folder": ([row("../evil", b"x"), *ROWS], [(header("../evil", b"x"), b"x"), *MEMBERS], "`..`"),
    "absolute": ([row("/etc/evil", b"x"), *ROWS], [(header("/etc/evil", b"x"), b"x"), *MEMBERS], "absolute"),
    "symlink": (ROWS, [(header(A_ROW.name, kind=tarfile.SYMTYPE, target="/etc/passwd"), b""), *MEMBERS[1:]], "symlink"),
    "hard link": (ROWS, [(header(A_ROW.name, kind=tarfile.LNKTYPE, target=MANIFEST), b""), *MEMBERS[1:]], "hardlink"),
    "folder": (ROWS, [(header(A_ROW.name, kind=tarfile.DIRTYPE), b""), *MEMBERS[1:]], "folder"),
    "device": (ROWS, [(header(A_ROW.name, kind=tarfile.CHRTYPE), b""), *MEMBERS[1:]], "device"),
    "pipe": (ROWS, [(header(A_ROW.name, kind=tarfile.FIFOTYPE), b""), *MEMBERS[1:]], "pipe"),
    "twice": ([A_ROW, *ROWS], [A_MEMBER, *MEMBERS], "two members"),
    "second manifest": ([row(MANIFEST, b"{}"), *ROWS], [(header(MANIFEST, b"{}"), b"{}"), *MEMBERS], "two members"),
    "not listed": (ROWS, [*MEMBERS, (header("more", b"x"), b"x")], "does not list"),
    "listed only": ([*ROWS, row("more", b"x")], MEMBERS, "lacks `more`"),
    "another order": (ROWS, [MEMBERS[1], MEMBERS[0], *MEMBERS[2:]], "where its manifest has"),
    "other bytes": (ROWS, [EVIL_MEMBER, *MEMBERS[1:]], sha256(EVIL)),
    "shorter": (ROWS, [(header(A_ROW.name, A[:-1]), A[:-1]), *MEMBERS[1:]], "2999 bytes"),
    "longer": (ROWS, [(header(A_ROW.name, A + b"a"), A + b"a"), *MEMBERS[1:]], "3001 bytes"),
    "another size listed": ([A_ROW.model_copy(update={"size": 1}), *ROWS[1:]], MEMBERS, "expected sha256"),
    "another sha256 listed": ([row(A_ROW.name, EVIL), *ROWS[1:]], [EVIL_MEMBER, *MEMBERS[1:]], A_ROW.sha256),
    "control character": ([row("a\nb", b"x")], [(header("a\nb", b"x"), b"x")], "control character"),
}  # fmt: skip


@pytest.mark.reliability
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_bundle_is_refused(name: str, side: Side, tmp_path: Path, figures: Callable[..., None]) -> None:
    """With the reason and exit code 6, and nothing of it is kept, though good members came before the bad one."""
    figures("hostile inputs tried")
    rows, members, why = HOSTILE[name]
    error = side.refusal(crafted(tmp_path / "bad.bundle", rows, members))
    assert error.code == Exit.MISMATCH
    assert why in error.message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.bundle", "side"]
    figures("hostile inputs refused")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"targets": []}, "targets"),
        ({"format": 2}, "a format that this builder does not know"),
        ({"lock": "x"}, "lock"),
        ({"more": 1}, "more"),
        ({"members": [{"name": "a", "size": -1, "sha256": "0" * 64}]}, "members.0.size"),
    ],
    ids=["no targets", "newer", "no hash", "unknown field", "negative size"],
)
def test_a_manifest_of_another_form_is_refused(change: dict[str, Any], why: str, side: Side, tmp_path: Path) -> None:
    """Naming the place."""
    error = side.refusal(crafted(tmp_path / "bad", ROWS, MEMBERS, **change))
    assert error.code == Exit.MISMATCH
    assert why in error.message


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:100],
        lambda data: gzip.compress(data),
        lambda data: b"PK\3\4" + data,
        lambda data: data + b"more",
        lambda data: data[:600],
        lambda data: data[: len(data) // 2],
        lambda data: data[: len(data.rstrip(b"\0"))],
        lambda data: data.replace(MANIFEST.encode(), b"Bundle.json"),
    ],
    ids=["empty", "header cut", "compressed", "a zip", "more after it", "manifest cut", "half", "no end", "renamed"],
)
def test_what_is_no_whole_bundle_is_refused(
    damage: Callable[[bytes], bytes], side: Side, made: Callable[..., Path]
) -> None:
    """Cut anywhere, packed, or something else: exit code 6."""
    file = made()
    file.write_bytes(damage(file.read_bytes()))
    assert side.refusal(file).code == Exit.MISMATCH


@pytest.mark.reliability
def test_a_flipped_bit_is_found_or_matters_not(tmp_path: Path, made: Callable[..., Path], thorough: bool) -> None:
    """Wherever it is: either the bundle is refused and nothing kept, or the store gets the right bytes."""
    data = made().read_bytes()
    chance = random.Random(7)
    for number in range(2000 if thorough else 150):
        side = Side(tmp_path / str(number))
        at = chance.randrange(len(data))
        file = tmp_path / "flipped"
        file.write_bytes(data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :])
        try:
            side.take(file)
        except BuilderError as error:
            assert error.code in (Exit.MISMATCH, Exit.FETCH, Exit.LOCK)
            assert side.held() == set()
        else:
            assert side.held() == set(BODIES.values())
