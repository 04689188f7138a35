"""What `audit`, `diff` and `outdated` say of the fixtures' locks."""

import json
from typing import Any

import pytest

from builder import lockfile

ADVISORY = {
    "id": "X-2026-1",
    "summary": "six is too old",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "six"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}


def test_audit_of_what_was_never_fetched(world: Any, snapshot: Any) -> None:
    """Exit code 0: nothing is known that the lock should change for."""
    assert world.counter().run("audit", "apk", "--offline") == snapshot


def test_audit_with_an_advisory(world: Any, snapshot: Any) -> None:
    """Exit code 4; the same as JSON."""
    world.counter().write("osv.json", json.dumps(ADVISORY))
    assert world.run("audit", "web", "--offline", "--osv", "osv.json") == snapshot
    assert world.run("audit", "web", "--offline", "--osv", "osv.json", "--json") == snapshot
    assert world.run("audit", "web", "--offline", "--osv", "osv.json", "--ignore", "X-2026-1").startswith("exit code 0")


def test_diff_of_two_locks(world: Any, snapshot: Any) -> None:
    """Versions and inputs by name; exit code 0."""
    before = (world.counter().app / "builder.lock").read_text()
    world.write("before.lock", before).write("after.lock", _moved(before))
    assert world.run("diff", "before.lock", "after.lock") == snapshot
    assert world.run("diff", "before.lock", "after.lock", "--json", "--exit-code") == snapshot


def _moved(text: str) -> str:
    """A lock in which a version moved, a package went, and a file has other bytes."""
    lock = lockfile.parse(text.encode())
    changed = {"idna": {"version": "4.0", "file": "idna-4.0-py3-none-any.whl"}, "six": {"sha256": "0" * 64}}
    packages = [pin.model_copy(update=changed.get(pin.name, {})) for pin in lock.packages if pin.name != "h11"]
    return lockfile.dump(lock.model_copy(update={"packages": tuple(packages)}))


def test_diff_of_equal_things(world: Any, snapshot: Any) -> None:
    """Exit code 0, also where another was asked for."""
    world.counter()
    assert world.run("diff", "builder.lock", "builder.lock", "--exit-code") == snapshot


@pytest.mark.parametrize("argv", [(), ("builder.lock",), ("builder.lock", "main.py"), ("main.py", "nothing")], ids=str)
def test_diff_of_what_can_t_be_compared(world: Any, snapshot: Any, argv: tuple[str, ...]) -> None:
    """Usage."""
    assert world.counter().run("diff", *argv) == snapshot


def test_outdated(world: Any, server: Any, reply: Any, snapshot: Any) -> None:
    """A requirement that the project holds, one that the policy holds, one that moves, what could not be asked."""
    for name, versions in {"flet": ("0.82.2", "9.0"), "repath": ("0.9.0", "0.9.1", "2.0"), "six": ("1.17.0",)}.items():
        links = "".join(f'<a href="x/{name}-{version}.tar.gz">x</a>' for version in versions)
        server.routes[f"/simple/{name}/"] = reply(f"<html>{links}".encode(), headers={"Content-Type": "text/html"})
    world.counter().mirror("pypi", server.url + "simple/").mirror("flutter", "http://127.0.0.1:1/")
    world.edit("pyproject.toml", "[tool.builder]\n", '[tool.builder.update]\nallow = "patch"\n\n[tool.builder]\n')
    lock = lockfile.load(world.app)
    held = tuple(pin for pin in lock.packages if pin.name in ("flet", "repath", "six", "msgpack"))
    lockfile.save(world.app, lock.model_copy(update={"packages": held, "pins": ()}))
    assert world.run("outdated") == snapshot
    assert world.run("outdated", "--all", "--json") == snapshot
