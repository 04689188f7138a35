"""Rules of the command's start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FIXTURE = Path(__file__).parents[2] / "fixtures" / "counter"


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_names_are_printed_in_any_locale(tmp_path: Path, locale: str) -> None:
    """A site's product and a folder's name need not fit what the locale can print."""
    root = tmp_path / os.fsdecode(b"app-\xff")
    root.mkdir()
    for name in ("builder.lock", "main.py"):
        (root / name).write_bytes((FIXTURE / name).read_bytes())
    text = (FIXTURE / "pyproject.toml").read_text().replace('"Counter"', '"Zähler"')
    (root / "pyproject.toml").write_text(text, encoding="utf-8")
    environ = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "BUILDER_HOME": str(tmp_path / "store")}
    command = [sys.executable, "-m", "builder.entry", "plan", "web", os.fsencode(root)]
    done = subprocess.run(command, env=os.environ | environ, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr
    assert "Zähler".encode() in done.stdout


def test_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    """One may stand in a folder that somebody removed."""
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"import os; os.rmdir({str(gone)!r}); from builder.entry import main; main()"
    command = [sys.executable, "-c", script, "build", "web"]
    done = subprocess.run(command, cwd=gone, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "error: this folder is gone")


def test_ctrl_c_while_builder_starts_shows_no_traceback(tmp_path: Path) -> None:
    """It may come while modules are imported, of which this is one."""
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    command = [sys.executable, "-c", "from builder.entry import main; main()", "tree"]
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
