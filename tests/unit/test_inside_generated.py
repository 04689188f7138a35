"""What data classes write is compiled beforehand: the same bytes each time, and never a reason for a build to fail."""

import marshal
import subprocess
import sys
import types
from hashlib import blake2b
from pathlib import Path

import pytest

INSIDE = Path(__file__).parents[2] / "builder" / "inside"
WRITE = "import sys; from pathlib import Path; import generated; generated.write(Path(sys.argv[1]), 'shapes')"
SHAPES = """
import dataclasses
@dataclasses.dataclass
class Point:
    x: int
    y: int = 2
"""

ENDS = ("import os; os._exit(0)", "import os; os.kill(os.getpid(), 9)")


def generated(folder: Path, *texts: str, **environment: str) -> tuple[dict[bytes, types.CodeType], str]:
    """What is compiled for a module, and what is said."""
    (folder / "shapes").mkdir(parents=True)
    (folder / "shapes" / "__init__.py").write_text("\n".join(texts))
    command = [sys.executable, "-s", "-S", "-B", "-c", WRITE, str(folder)]
    environment["PYTHONPATH"] = str(INSIDE)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return marshal.loads((folder / "shapes-generated.bin").read_bytes()), done.stdout


def functions(code: types.CodeType) -> set[str]:
    """The names of the functions in it, at any depth."""
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return {code.co_name}.union(*map(functions, inner))


def test_the_code_of_a_text_is_found_by_its_digest(tmp_path: Path) -> None:
    """One for each function that the data class is given."""
    known, said = generated(tmp_path, SHAPES)
    assert said == ""
    assert {name for code in known.values() for name in functions(code)} >= {"__init__", "__repr__", "__eq__"}
    assert {len(key) for key in known} == {blake2b(digest_size=16).digest_size}


def test_the_bytes_do_not_follow_the_environment(tmp_path: Path) -> None:
    """Nor the folder, nor how Python hashes."""
    generated(tmp_path / "one", SHAPES, PYTHONHASHSEED="1")
    generated(tmp_path / "much deeper" / "two", SHAPES, PYTHONHASHSEED="2", __init__="x", self="Point")
    one, two = sorted(tmp_path.rglob("shapes-generated.bin"))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("flaw", ["import missing", "raise SystemExit(3)", "1/0", "is = no Python", *ENDS])
def test_what_cannot_be_imported_costs_time_alone(flaw: str, tmp_path: Path) -> None:
    """What came before it is compiled, and the reason is told."""
    known, said = generated(tmp_path, SHAPES, flaw)
    assert said.startswith("`shapes` can't be imported here: ")
    assert bool(known) is (flaw not in ("is = no Python", *ENDS))


def test_no_extension_of_a_package_is_loaded(tmp_path: Path) -> None:
    """It may be of another processor; packages have a way without it, or are left out."""
    (tmp_path / "fast.abi3.so").write_bytes(b"no library")
    known, said = generated(tmp_path, "try:\n    import fast\nexcept ModuleNotFoundError:\n    pass", SHAPES)
    assert (bool(known), said) == (True, "")
