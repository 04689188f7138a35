"""What `builder doctor` says of the libraries that a Linux app's client loads of the system."""

import platform
import sys
from pathlib import Path

import pytest

from builder import data
from builder.commands import Context, doctor
from builder.commands.doctor import Finding
from builder.store import Store

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux apps load libraries of the system")
HERE = {"x86_64": "x86-64", "aarch64": "AArch64"}[platform.machine()]
LIGHT, FULL = data.table("linux-libraries.toml")["light"], data.table("linux-libraries.toml")["full"]


def finding(root: Path, lines: list[str], flet: str = "") -> Finding:
    """What is said where the cache of ld.so holds these lines, of an app with this below [tool.flet]."""
    (root / "pyproject.toml").write_text(f'[project]\nname = "a"\nversion = "1"\n[tool.flet]\n{flet}\n')
    (root / "main.py").write_text("")
    program = root / "ldconfig"
    listed = "\n".join(["3 libs found in cache `/etc/ld.so.cache'", *lines])
    program.write_text(f"#!/bin/sh\n[ \"$1\" = -p ] && /bin/cat <<'EOF'\n{listed}\nEOF\n")
    program.chmod(0o755)
    context = Context(root, Store(root / "store"), {"PATH": str(root), "HOME": str(root)}, lambda line: None)
    (found,) = (each for each in doctor.run(context) if each.what.startswith("to run Linux apps"))
    return found


def cached(names: dict[str, str], machine: str = HERE) -> list[str]:
    """Lines of `ldconfig -p`."""
    return [f"\t{name} (libc6,{machine}) => /lib/{name}" for name in names]


def test_a_machine_with_all_of_them_is_told_so(tmp_path: Path) -> None:
    """The light client is the default, and needs nothing of the full one's."""
    assert finding(tmp_path, cached(LIGHT)).works


def test_what_is_missing_is_named_with_its_package(tmp_path: Path) -> None:
    """Another processor's library does not count; the mend says that a machine which only builds needs none."""
    others = {name: package for name, package in LIGHT.items() if name != "libsecret-1.so.0"}
    found = finding(tmp_path, cached(others) + cached({"libsecret-1.so.0": ""}, "hwcap"))
    assert not found.works
    assert found.detail == "libsecret-1.so.0 not here"
    assert found.mend.startswith("only where apps are to run") and found.mend.endswith("libsecret-1-0")


def test_the_full_client_needs_more(tmp_path: Path) -> None:
    """Where the app asks for it."""
    found = finding(tmp_path, cached(LIGHT), 'desktop_flavor = "full"')
    assert found.what == "to run Linux apps (full client)"
    assert found.detail == f"{', '.join(sorted(FULL))} not here"
    assert finding(tmp_path, cached(LIGHT | FULL), 'desktop_flavor = "full"').works


def test_a_system_without_such_a_cache_is_told_what_to_look_for(tmp_path: Path) -> None:
    """As NixOS, or one with musl."""
    found = finding(tmp_path, [])
    assert not found.works
    assert all(name in found.detail for name in LIGHT)
    assert "NixOS" in found.mend
