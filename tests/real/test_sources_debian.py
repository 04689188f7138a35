"""Debian's own archive, by way of the mirror that this machine is told to use."""

import os
from pathlib import Path

import pytest

from builder import toolchain
from builder.commands import Context, roots
from builder.lock import Need
from builder.network.http import Http
from builder.network.mirrors import Bases
from builder.sources import SOURCES
from builder.store import Store

pytestmark = pytest.mark.real


@pytest.fixture
def http() -> Http:
    return Http(Bases(settings={}, environ=os.environ, home=Path.home(), origins={}).base, environ=os.environ)


def test_libc6_is_resolved_through_the_signed_index(http: Http) -> None:
    """The signature holds against the keyring that ships, and the file is where its pin says."""
    need = Need(source="debian", name="libc6", path="bookworm", targets=("toolchain",))
    (pin,) = SOURCES["debian"].resolve((need,), http)
    assert (pin.hash, pin.path) == ("signed", "pool/main/g/glibc/")
    url = SOURCES["debian"].locate(pin, http.base("debian"), http)
    assert http.take(url, {"sha256": pin.sha256}).size == pin.size


def test_toolchains_table_agrees_with_the_index(http: Http) -> None:
    """Where the archive still has the version that the toolchain pins, it has it with the same file, size and hash."""
    pins = {pin.name: pin for pin in toolchain.load("python-3.12").pins if pin.source == "debian"}
    needs = tuple(
        Need(source="debian", name=name.removeprefix("deb:"), path="bookworm", targets=("toolchain",)) for name in pins
    )
    for found in SOURCES["debian"].resolve(needs, http):
        if found.version == pins[found.name].version:
            assert found.model_copy(update={"hash": "table"}) == pins[found.name]


def test_an_upgrade_of_the_toolchain_agrees_with_the_table(http: Http, tmp_path: Path) -> None:
    """Signed by Debian, the files of the archive make the root of the table as long as no point release came."""
    table = toolchain.load(roots.NAME)
    context = Context(tmp_path, Store(tmp_path / "store"), os.environ, lambda line: None)
    found = roots.newest(context, table, http, {}, roots.keys())
    assert {pin.hash for pin in found.pins if pin.source == "debian"} == {"signed"}
    same = {pin.sha256 for pin in found.pins} == {pin.sha256 for pin in table.pins}
    assert (found.nar == table.nar) is same
