"""What a build takes from outside, where it needs no network."""

import os
from pathlib import Path

import pytest

from builder import lockfile, project, toolchain
from builder.commands import Context, supply
from builder.store import Store

FIXTURE = Path(__file__).parents[2] / "fixtures" / "counter"


def test_the_toolchain_is_put_under_its_own_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making it waits for no lock of its own, and a root with other bytes never stands under the lock's name."""
    lock = lockfile.load(FIXTURE)
    store = Store(tmp_path)
    context = Context(root=FIXTURE, store=store, environ=dict(os.environ), say=lambda line: None, offline=True)
    made: list[Path] = []

    def make(recipe: toolchain.Recipe, files: object, out: Path) -> str:
        """A root of nothing, in place of one that needs thirty megabytes."""
        made.append(out)
        out.mkdir()
        return recipe.nar

    monkeypatch.setattr(toolchain, "make", make)
    monkeypatch.setattr(supply, "provide", lambda *anything: None)
    supply.toolchain_root(context, project.load(FIXTURE, {}, lambda line: None), lock, frozen=False)
    assert len(made) == 1
    assert not store.claims(lock.toolchain.nar)
