"""Debian's own archive, by way of the mirror that this machine is told to use."""

import os
from pathlib import Path

import pytest

from builder import toolchain
from builder.http import Http
from builder.lock import Need
from builder.mirrors import Bases
from builder.sources import SOURCES

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
