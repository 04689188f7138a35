"""Source distributions built by their own backend: the wheel in its one form, and what is refused."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder import inside as scripts

Sdist = Callable[..., Path]

lacking = scripts.module("build_wheel").lacking


def inputs(made: Path, *wheels: Path, **more: str) -> dict[str, Path | str | bytes]:
    """The inputs of build_wheel.py for an sdist of `demo` 1.0."""
    values = {"sdist": made.name, "name": "demo", "version": "1.0", "wheels": [path.name for path in wheels], **more}
    return {"build.json": json.dumps(values), **{path.name: path for path in (made, *wheels)}}


def test_backend_of_the_source_tree_gives_the_wheel(inside: Any, in_tree: Sdist) -> None:
    """PEP 517 backend-path: nothing is required, the tree builds itself; what it says on the way is kept back."""
    out = inside.run("build_wheel.py", inputs(in_tree("demo-1.0", text="\nprint('building')\n")))
    assert [path.name for path in out.iterdir()] == ["demo-1.0-py3-none-any.whl"]
    with zipfile.ZipFile(out / "demo-1.0-py3-none-any.whl") as archive:
        assert archive.read("demo/__init__.py") == b"NAME = 'demo'\n"
    assert inside.said == ""


def test_the_wheel_can_be_installed(inside: Any, in_tree: Sdist) -> None:
    """Its RECORD is right: install.py checks every file against it."""
    built = inside.run("build_wheel.py", inputs(in_tree("demo-1.0")))
    settings = {"wheels": [], "sdists": {}, "built": ["wheel-demo"], "cleanup": [], "extensions": []}
    settings |= {"compile": False, "generated": ""}
    out = inside.run("install.py", {"install.json": json.dumps(settings), "wheel-demo": built})
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == [
        "demo-1.0.dist-info/METADATA",
        "demo-1.0.dist-info/WHEEL",
        "demo/__init__.py",
    ]


def test_two_builds_give_the_same_bytes(inside: Any, in_tree: Sdist) -> None:
    """Members are sorted, with one date, two modes and no compression, however the backend wrote them."""
    made = in_tree("demo-1.0", **{f"demo/m{number}.py": f"x = {number}\n" for number in range(9)})
    first, second = (inside.run("build_wheel.py", inputs(made), umask=umask) for umask in (0o022, 0o077))
    one, two = (next(out.iterdir()) for out in (first, second))
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        members = archive.infolist()
    assert {(member.date_time, member.external_attr >> 16, member.compress_type) for member in members} == {
        ((1980, 1, 1, 0, 0, 0), 0o100644, zipfile.ZIP_STORED)
    }
    names = [member.filename for member in members]
    assert names == [*sorted(names[:-3]), *sorted(names[-3:-1]), "demo-1.0.dist-info/RECORD"]


def test_dates_of_the_source_tree_are_fixed(inside: Any, in_tree: Sdist) -> None:
    """A backend that looks at dates sees the same ones always."""
    text = "\nimport os\nopen('demo/date.py', 'w').write(repr(os.stat('demo/__init__.py').st_mtime_ns))\n"
    out = inside.run("build_wheel.py", inputs(in_tree("demo-1.0", text=text)))
    with zipfile.ZipFile(next(out.iterdir())) as archive:
        assert archive.read("demo/date.py") == b"315532800000000000"


def test_a_required_wheel_is_imported_whatever_its_name(inside: Any, sdist: Sdist, wheel: Callable[..., Path]) -> None:
    """The project `wheel` is the author's, not the script of that name; objects in modules are backends too."""
    tool = wheel(
        "wheel",
        {
            "wheel/__init__.py": "",
            "wheel/api.py": "class Hooks:\n    from wheel.made import build_wheel\n",
            "wheel/made.py": MADE,
        },
    )
    system = '[build-system]\nrequires = ["wheel"]\nbuild-backend = "wheel.api:Hooks"\n'
    out = inside.run("build_wheel.py", inputs(sdist("demo-1.0", {"pyproject.toml": system}), tool))
    assert [path.name for path in out.iterdir()] == ["demo-1.0-py3-none-any.whl"]


MADE = """
import zipfile

@staticmethod
def build_wheel(folder):
    info = "demo-1.0.dist-info"
    with zipfile.ZipFile(f"{folder}/demo-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{info}/RECORD", f"{info}/RECORD,,\\n")
"""


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"tag": "cp312-cp312-linux_x86_64"}, "demo-1.0-cp312-cp312-linux_x86_64.whl`, which is not pure Python"),
        ({"tag": "py2-none-any"}, "which is not pure Python"),
        ({"asks": ["demo-tool>=2"]}, "asks for `demo-tool>=2`, which is not pinned"),
        ({"text": "raise OSError('no\\n cc')"}, "failed, without network and compiler: OSError: no cc"),
        ({"text": "raise SystemExit(0)"}, "failed, without network and compiler: SystemExit: 0"),
        ({"text": "import demo_tool"}, "ModuleNotFoundError: No module named 'demo_tool'"),
        ({"text": "import os; os.kill(os.getpid(), 9)"}, "its backend `own` was ended by signal 9"),
        ({"text": "def build_wheel(folder): pass"}, "its backend `own` made 0 wheels"),
        ({"text": "def build_wheel(folder): open(folder + '/demo-1.0-py3-none-any.whl', 'w')"}, "is no zip, tar or"),
        ({"backend/own.py": ""}, "has no attribute 'build_wheel'"),
    ],
    ids=["platform", "python 2", "asks", "raises", "exits", "import", "killed", "nothing", "no zip", "no hook"],
)
def test_what_can_not_be_built_is_told(
    inside: Any, in_tree: Sdist, step_failed: type[Exception], more: dict[str, Any], reason: str
) -> None:
    """The last line names the archive and why; nothing is left in the output."""
    with pytest.raises(step_failed, match=reason):
        inside.run("build_wheel.py", inputs(in_tree("demo-1.0", **more)))
    assert inside.said.splitlines()[-1].startswith("error: `demo-1.0.tar.gz` can't be built: ")
    assert list((inside.root / "step-0" / "out").iterdir()) == []


def test_what_the_backend_wrote_is_told_when_it_fails(
    inside: Any, in_tree: Sdist, step_failed: type[Exception]
) -> None:
    """The end of both its outputs, before the reason."""
    text = "import os; print('first\\n' * 99); os.system('echo to out; echo to err >&2'); raise ValueError"
    with pytest.raises(step_failed, match=r"(?s)to out.*to err.*Traceback.*error: "):
        inside.run("build_wheel.py", inputs(in_tree("demo-1.0", text=text)), environment={"PATH": "/usr/bin:/bin"})
    assert inside.said.count("first") < 60


@pytest.mark.parametrize(("name", "version"), [("other", "1.0"), ("demo", "2.0")])
def test_another_project_or_version_is_refused(
    inside: Any, in_tree: Sdist, step_failed: type[Exception], name: str, version: str
) -> None:
    """What is built must be what was locked."""
    with pytest.raises(step_failed, match=f"it gives `demo-1.0-py3-none-any.whl`, not {name} {version}"):
        inside.run("build_wheel.py", inputs(in_tree("demo-1.0"), name=name, version=version))


@pytest.mark.parametrize(
    ("system", "reason"),
    [
        ("build-backend = 'nobody.api'", "its backend `nobody.api` is in nothing that its .build-system. requires"),
        ("build-backend = 'own'\nbackend-path = ['../tools']", "its backend-path `../tools` is not in it"),
        ("build-backend = 'own'\nbackend-path = ['/usr']", "its backend-path `/usr` is not in it"),
    ],
    ids=["absent", "above", "absolute"],
)
def test_a_backend_from_elsewhere_is_refused(
    inside: Any, sdist: Sdist, step_failed: type[Exception], system: str, reason: str
) -> None:
    """PEP 517: it comes from the required wheels, or from a folder of the source tree."""
    made = sdist("demo-1.0", {"pyproject.toml": f"[build-system]\nrequires = []\n{system}\n"})
    with pytest.raises(step_failed, match=reason):
        inside.run("build_wheel.py", inputs(made))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["Demo.Tool>=2", "setuptools"], []),
        (["absent", "demo-tool"], ["absent"]),
        (["absent; python_version < '3'"], []),
        (["absent[extra]>=1"], ["absent[extra]>=1"]),
    ],
    ids=["there", "absent", "marker", "extra"],
)
def test_what_a_build_asks_for_is_looked_up_by_name(wanted: list[str], expected: list[str]) -> None:
    """Names compare as PEP 503 says."""
    assert lacking(wanted, ["demo_tool-2.0-py3-none-any.whl", "setuptools-80.0-py3-none-any.whl"]) == expected
