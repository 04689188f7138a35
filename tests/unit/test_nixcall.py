"""Rules of how Nix is heard; the lines are what Nix 2.8.0, 2.26.3 and 2.34.8 wrote."""

import json
from pathlib import Path
from typing import Any

import pytest

from builder import nixcall
from builder.backends import nix
from builder.errors import BuilderError, Exit

DRV = "/nix/store/zswdq3p3dq1x7cd0qxv3x7rb9cmb0jzi-layer.drv"
RED, BOLD, PLAIN = "\x1b[31;1m", "\x1b[35;1m", "\x1b[0m"


def event(**fields: Any) -> str:
    """One line of the internal JSON log."""
    return f"@nix {json.dumps(fields)}"


def log(text: str) -> str:
    return event(action="result", fields=[text], id=7, type=101)


def error(text: str) -> str:
    return event(
        action="msg", column=None, file=None, level=0, line=None, msg=f"{RED}error:{PLAIN} {text}", raw_msg=text
    )


def heard(*lines: str) -> tuple[nixcall.Heard, list[str]]:
    said: list[str] = []
    ear = nixcall.Heard(said.append)
    for line in lines:
        ear.hear(line)
    return ear, said


def failure(*lines: str) -> BuilderError:
    return nix.error(heard(*lines)[0], 1)


FAILED = {
    "2.8 and 2.26": f"builder for '{BOLD}{DRV}{PLAIN}' failed with exit code 37",
    "2.34": f"Cannot build '{BOLD}{DRV}{PLAIN}'.\nReason: {RED}builder failed with exit code 37{PLAIN}.\nOutput paths:",
    "2.8, a daemon": f"builder for '{DRV}' failed with exit code 37;\n last 2 log lines:\n > failed with exit code 1",
}


@pytest.mark.parametrize("version", FAILED)
def test_a_failed_step_is_named_with_its_code(version: str) -> None:
    """Whatever the version writes round them."""
    found = failure(log("one"), log("two"), error(FAILED[version]), error("1 dependency failed"))
    assert (found.code, found.message) == (Exit.STEP, "step `layer` failed with exit code 37: two")


def test_a_signal_counts_as_a_shell_counts_it() -> None:
    """A step that ran out of memory."""
    found = failure(error(f"builder for '{DRV}' failed due to signal 9 (Killed)"))
    assert found.message == "step `layer` failed with exit code 137: it said nothing"


def test_a_sandbox_that_does_not_hold_is_no_failed_step() -> None:
    """start.py's own exit code."""
    found = failure(
        log("the sandbox does not hold, a step can see `/home`"), error(f"builder for '{DRV}' failed with exit code 97")
    )
    assert found.code == Exit.SANDBOX
    assert "a step can see `/home`" in found.message


NO_SANDBOX = {
    "2.8": ["error: cloning builder process: Operation not permitted", error("unable to start build process")],
    "2.34": [error("this system does not support the kernel namespaces that are required for sandboxing")],
}


@pytest.mark.parametrize("version", NO_SANDBOX)
def test_a_sandbox_that_can_not_be_made_is_told(version: str) -> None:
    """With what Nix says, and exit code 9."""
    found = failure(*NO_SANDBOX[version])
    assert found.code == Exit.SANDBOX
    assert "cloning builder process: Operation not permitted" in found.message or "namespaces" in found.message


def test_a_store_that_can_not_be_written_has_its_own_mend() -> None:
    """Not that of a missing sandbox."""
    assert "NIX_REMOTE" in failure(error("remounting /nix/store writable: Invalid argument")).hint


def test_only_what_steps_write_is_said() -> None:
    """Talk of Nix itself is for the log, and other events for nobody."""
    ear, said = heard(log("one"), event(action="start", id=1, level=3, text="", type=105), log("two"))
    assert said == ["one", "two"]
    assert (
        ear.hear(event(action="msg", level=3, msg="this derivation will be built:")) == "this derivation will be built:"
    )
    assert ear.hear(event(action="stop", id=1)) == ""
    assert ear.errors == []


def test_where_a_kept_folder_lies_is_said() -> None:
    """`--keep-failed` is of no use to somebody who is not told."""
    _, said = heard(error("note: keeping build directory '/tmp/nix-build-layer.drv-0'"))
    assert said == ["keeping build directory '/tmp/nix-build-layer.drv-0'"]


@pytest.mark.parametrize("remote", ["{}", "local?root={}", "local?read-only=true&root={}", "local://{}?real=x"])
def test_a_store_elsewhere_is_found_below_its_root(remote: str, tmp_path: Path) -> None:
    """Nix prints the path that its steps see."""
    inside = tmp_path / "nix/store/abc-site"
    inside.mkdir(parents=True)
    assert nixcall.place("/nix/store/abc-site", {"NIX_REMOTE": remote.format(tmp_path)}) == inside


def test_a_store_on_another_machine_is_refused() -> None:
    """Its outputs can't be copied from here."""
    with pytest.raises(BuilderError, match="not on this machine"):
        nixcall.place("/nix/store/abc-site", {"NIX_REMOTE": "ssh-ng://builder.example"})
