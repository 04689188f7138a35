"""Which toolchain a new lock names, against a small Debian archive on this machine, signed by a key of its own."""

import hashlib
import io
import lzma
import tarfile
from pathlib import Path
from typing import Any

import pysequoia
import pytest

from builder import toolchain
from builder.commands import Context, roots
from builder.errors import BuilderError, Exit
from builder.fetch import fetch
from builder.inputs import inputs_of
from builder.lock import TOOLCHAIN, Lock, Pin
from builder.lock import Toolchain as Named
from builder.network.http import Http
from builder.project import Project
from builder.sources import places
from builder.store import Store
from builder.toolchain import Recipe

INDEX = "main/binary-amd64/Packages.xz"


def package(text: str) -> bytes:
    """An archive with one program in it."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as made:
        entry = tarfile.TarInfo("./bin/tool")
        entry.mode, entry.size = 0o755, len(text)
        made.addfile(entry, io.BytesIO(text.encode()))
    return data.getvalue()


def pin(version: str, body: bytes) -> Pin:
    """The pin of the tool's package, as a table has it."""
    return Pin(
        name="deb:tool",
        version=version,
        source="debian",
        path="pool/main/t/tool/",
        file=f"tool_{version}_amd64.tar.xz",
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        hash="table",
        targets=(TOOLCHAIN,),
    )


class World:
    """An archive, a store and what stands between them."""

    def __init__(self, server: Any, root: Path) -> None:
        self.server = server
        self.key = pysequoia.Tsk.generate("Archive <archive@example.invalid>")
        self.said: list[str] = []
        self.context = Context(root, Store(root / "store"), {}, self.said.append)
        self.bases = {"debian": f"{server.url}debian/"}
        self.http = Http(self._base, environ={}, sleep=lambda seconds: None)
        self.publish("1.0")

    def _base(self, alias: str) -> str:
        if alias in self.bases:
            return self.bases[alias]
        raise BuilderError(f"it is not known where the source `{alias}` lives", hint="set it", code=Exit.FETCH)

    def publish(self, version: str) -> None:
        """Make a version of the tool the only one in the archive; older files leave the pool."""
        body = package(f"tool {version}")
        found = pin(version, body)
        stanza = f"Package: tool\nVersion: {version}\nFilename: {found.path}{found.file}\n"
        packed = lzma.compress(f"{stanza}Size: {found.size}\nSHA256: {found.sha256}\n".encode())
        row = f" {hashlib.sha256(packed).hexdigest()} {len(packed)} {INDEX}"
        release = f"Suite: oldstable\nCodename: bookworm\nSHA256:\n{row}\n"
        message = pysequoia.sign(self.key.signer(), release.encode(), mode=pysequoia.SignatureMode.CLEAR)
        self.server.routes.clear()
        self.server.routes["/debian/dists/bookworm/InRelease"] = message
        self.server.routes[f"/debian/dists/bookworm/{INDEX}"] = packed
        self.server.routes[f"/debian/{found.path}{found.file}"] = body

    def recipe(self) -> Recipe:
        """A toolchain of version 1.0, with the NAR sha256 that it really gives."""
        body = package("tool 1.0")
        part = {"pin": pin("1.0", body), "take": {"bin/*": "usr/bin/"}}
        bootstrap = toolchain.load(roots.NAME).bootstrap
        fields = {"name": roots.NAME, "nar": "0" * 64, "parts": [part], "bootstrap": bootstrap}
        stated = Recipe.model_validate(fields)
        place = self.context.root / f"made-{len(list(self.context.root.iterdir()))}"
        place.mkdir()
        (place / "file").write_bytes(body)
        nar = toolchain.assemble(stated, {pin("1.0", body).sha256: place / "file"}, place / "root")
        return stated.model_copy(update={"nar": nar})

    def newest(self, keyring: bytes = b"") -> Recipe:
        """What an upgrade gives."""
        keys = keyring or str(self.key.extract_certificate()).encode()
        return roots.newest(self.context, self.recipe(), self.http, {}, keys)


@pytest.fixture
def world(server: Any, tmp_path: Path) -> World:
    return World(server, tmp_path)


def test_an_archive_where_nothing_moved_gives_the_same_root(world: World) -> None:
    """The pins become signed ones, the NAR sha256 stays, and no package is fetched."""
    found, before = world.newest(), world.recipe()
    assert found.nar == before.nar
    assert [pin.model_copy(update={"hash": "table"}) for pin in found.pins] == list(before.pins)
    assert {pin.hash for pin in found.pins} == {"signed"}
    assert {asked.path.rpartition("/")[2] for asked in world.server.asked} == {"InRelease", "Packages.xz"}


def test_a_moved_package_gives_a_new_root_that_the_store_then_holds(world: World) -> None:
    """Fetched, made and named by its own NAR sha256: the rules of the table, the files of the archive."""
    world.publish("1.1")
    found = world.newest()
    assert [(pin.version, pin.hash) for pin in found.pins] == [("1.1", "signed")]
    assert found.nar != world.recipe().nar
    assert world.context.store.holds(found.nar)
    assert (world.context.store.output(found.nar) / "usr/bin/tool").read_text() == "tool 1.1"


def test_an_archive_that_another_key_signed_moves_nothing(world: World) -> None:
    """No known key, no new toolchain, and nothing of the pool is asked for."""
    other = str(pysequoia.Tsk.generate("Other <other@example.invalid>").extract_certificate()).encode()
    world.publish("1.1")
    with pytest.raises(BuilderError) as caught:
        world.newest(other)
    assert caught.value.code == Exit.MISMATCH
    assert not [asked for asked in world.server.asked if "/pool/" in asked.path]


def lock(recipe: Recipe) -> Lock:
    """A lock that names a toolchain."""
    inputs = inputs_of(Project(name="app", version="1", requires=()))
    return Lock(inputs=inputs, toolchain=Named(name=recipe.name, nar=recipe.nar), pins=recipe.pins)


def shipped(**changes: Any) -> Recipe:
    """The shipped toolchain with its first pin changed."""
    table = toolchain.load(roots.NAME)
    first = table.pins[0].model_copy(update=changes)
    return toolchain.with_pins(table, (first, *table.pins[1:]), "1" * 64)


def test_a_lock_keeps_its_toolchain_until_asked(world: World) -> None:
    """Other pins than this builder's stay in a plain lock, with their NAR sha256; the first lock has the table's."""
    old = shipped(version="0", sha256="2" * 64, hash="signed")
    assert roots.kept(lock(old)) == old
    assert toolchain.of(lock(old)) == old
    assert roots.kept(None) == toolchain.load(roots.NAME)


def test_rules_of_a_newer_builder_count_where_the_files_are_the_same(world: World) -> None:
    """The root that this builder makes of the very same files is the one that the lock then names."""
    kept = roots.kept(lock(shipped(hash="signed")))
    assert kept.nar == toolchain.load(roots.NAME).nar
    assert kept.pins[0].hash == "signed"


def test_a_toolchain_of_other_parts_gives_way(world: World) -> None:
    """Where this builder's toolchain is made of other things, the old one can't be kept, and a build says so."""
    old = lock(toolchain.load(roots.NAME))
    fewer = old.model_copy(update={"pins": old.pins[1:]})
    assert roots.kept(fewer) == toolchain.load(roots.NAME)
    with pytest.raises(BuilderError) as caught:
        toolchain.of(fewer)
    assert (caught.value.code, old.pins[0].name in caught.value.message) == (Exit.LOCK, True)


@pytest.mark.parametrize(
    ("upgrade", "names", "moves"),
    [
        (False, (), False),
        (True, (), True),
        (False, ("toolchain",), True),
        (False, ("deb:libc6",), True),
        (False, ("flet",), False),
    ],
)
def test_what_moves_the_toolchain(upgrade: bool, names: tuple[str, ...], moves: bool) -> None:
    """All, it, or a package of it."""
    assert roots.wanted(lock(toolchain.load(roots.NAME)), upgrade=upgrade, names=names) is moves


def test_a_package_that_left_the_pool_comes_from_the_archive_of_old_files(world: World, serve: Any) -> None:
    """The mirror says that it is gone, so debian-snapshot is asked, and the bytes are held to the pin."""
    (old,) = world.recipe().pins
    second = serve()
    second.routes[f"/snapshot/{old.path}{old.file}"] = package("tool 1.0")
    world.bases["debian-snapshot"] = f"{second.url}snapshot/"
    world.publish("1.1")
    fetch([old], world.context.store, places({}, world.http), world.http)
    assert world.context.store.verified(old.sha256)
    assert world.server.count(f"/debian/{old.path}{old.file}") == 1


@pytest.mark.parametrize("known", [True, False], ids=["a snapshot without it", "no snapshot"])
def test_a_package_that_is_gone_says_why_and_what_mends_it(world: World, serve: Any, known: bool) -> None:
    """The error names the file, that point releases move files, and both ways out."""
    (old,) = world.recipe().pins
    world.bases |= {"debian-snapshot": serve().url} if known else {}
    world.publish("1.1")
    with pytest.raises(BuilderError) as caught:
        fetch([old], world.context.store, places({}, world.http), world.http)
    assert caught.value.code == Exit.FETCH
    assert f"`{old.file}` is gone from `debian`" in caught.value.message
    assert "point release" in caught.value.message
    assert "--upgrade-package toolchain" in caught.value.hint
    assert "BUILDER_MIRROR_DEBIAN_SNAPSHOT" in caught.value.hint
