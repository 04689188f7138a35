"""Our NAR sha256 against the one that Nix computes."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from builder import nar

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("nix-hash") is None, reason="needs nix-hash (Debian: nix-bin)"),
]


def nix(path: Path) -> str:
    """The sha256 (hex) that Nix gives for the NAR of a path."""
    command = ["nix-hash", "--type", "sha256", str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("seed", range(5))
def test_equals_nix_on_random_trees(tmp_path: Path, seed: int) -> None:
    """Any tree of files, links and folders with odd names hashes as Nix hashes it."""
    chance = random.Random(seed)
    folders = [tmp_path]
    for number in range(120):
        parent, name = chance.choice(folders), chance.choice(["a", "B", "é", "a b", "z.", ".h", "~", "-"]) + str(number)
        kind = chance.randrange(4)
        if kind == 0:
            (parent / name).mkdir()
            folders.append(parent / name)
        elif kind == 1:
            (parent / name).symlink_to(chance.choice(["../x", "nowhere", "/abs", "é", "./x", "a//b/"]))
        else:
            (parent / name).write_bytes(chance.randbytes(chance.choice([0, 1, 7, 8, 9, 70_000])))
            (parent / name).chmod(chance.choice([0o644, 0o755, 0o744, 0o600, 0o655]))
    assert nar.sha256(tmp_path) == nix(tmp_path)


def test_equals_nix_on_the_standard_library() -> None:
    """A real tree of some thousand files hashes as Nix hashes it."""
    root = Path(random.__file__).parent / "json"
    assert nar.sha256(root) == nix(root)
