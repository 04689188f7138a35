"""An app with widely used compiled packages: locked for every desktop, built for those with a CPython on Maven, run."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from packaging.tags import Tag
from packaging.utils import parse_wheel_filename

from builder import planning
from builder.lock import Lock
from builder.model import DESKTOP

from .desktop import missing, sandboxed
from .locking import Locking

pytestmark = [pytest.mark.real, pytest.mark.reliability, pytest.mark.thorough]

NAMES = ("cryptography", "numpy", "pandas", "pillow", "pydantic-core")
APP = """
[project]
name = "sheets"
version = "1.0.0"
dependencies = ["flet==0.82.2", "numpy", "pandas", "pydantic", "cryptography", "Pillow"]
[tool.builder]
runtime = "{runtime}"
targets = {targets}
"""
ON_MAVEN = tuple(target for target in DESKTOP if target != "macos-arm64")
PLATFORM = {
    "linux-aarch64": r"manylinux.*_aarch64",
    "linux-x86_64": r"manylinux.*_x86_64",
    "macos-arm64": r"macosx_\d+_\d+_(arm64|universal2)",
    "macos-x86_64": r"macosx_\d+_\d+_(x86_64|universal2)",
    "windows-x86_64": r"win_amd64",
}

MAIN = """
import io, json
import numpy, pandas, pydantic, PIL.Image
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ed25519

class Item(pydantic.BaseModel):
    size: int

frame = pandas.read_csv(io.StringIO("kind,value\\na,1\\nb,2\\na,3\\n"))
key, image = Fernet.generate_key(), io.BytesIO()
PIL.Image.new("RGB", (3, 2), "red").save(image, "WEBP", lossless=True)
signer = ed25519.Ed25519PrivateKey.generate()
signer.public_key().verify(signer.sign(b"text"), b"text")
print(json.dumps({
    "cryptography": Fernet(key).decrypt(Fernet(key).encrypt(b"text")).decode(),
    "numpy": numpy.linalg.solve([[2.0, 1.0], [1.0, 3.0]], [3.0, 5.0]).round(6).tolist(),
    "pandas": frame.groupby("kind")["value"].sum().to_dict(),
    "pillow": PIL.Image.open(image).convert("RGB").getpixel((1, 1)),
    "pydantic": Item.model_validate_json('{"size": "7"}').size,
    "zone": str(pandas.Timestamp("2026-01-01", tz="Europe/Berlin")),
}))
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Locking:
    """The app, locked with the CPython of Maven."""
    folder = tmp_path_factory.mktemp("native")
    made = Locking(folder, APP.format(runtime="bytedeco", targets=list(ON_MAVEN)), Path(os.environ["BUILDER_HOME"]))
    (made.app / "main.py").write_text(MAIN)
    made.lock()
    return made


def wheels(lock: Lock, target: str) -> dict[str, frozenset[Tag]]:
    """The tags of the wheel that a target has of each of the compiled packages."""
    return {pin.name: parse_wheel_filename(pin.file)[3] for pin in lock.packages_of(target) if pin.name in NAMES}


def test_each_desktop_gets_wheels_of_its_own(tmp_path: Path) -> None:
    """All five lock with CPython of python-build-standalone; none wants a newer glibc than 2.28 or macOS than 12."""
    pyproject = APP.format(runtime="python-build-standalone", targets=list(DESKTOP))
    lock = Locking(tmp_path, pyproject, tmp_path / "store").lock()
    assert lock.unavailable == {}
    for target in DESKTOP:
        found = wheels(lock, target)
        assert found.keys() == set(NAMES)
        for tags in found.values():
            platforms = {tag.platform for tag in tags}
            assert any(re.fullmatch(PLATFORM[target], platform) for platform in platforms), (target, platforms)
            wanted = [tuple(map(int, re.findall(r"(?:manylinux|macosx)_(\d+)_(\d+)", name)[0])) for name in platforms
                      if re.match(r"(manylinux|macosx)_\d", name)]  # fmt: skip
            assert not wanted or min(wanted) <= ((2, 28) if target.startswith("linux") else (12, 0))


@pytest.mark.parametrize("target", ON_MAVEN)
def test_it_is_built(target: str, world: Locking) -> None:
    """Every desktop that builder can build and whose CPython is there."""
    lock = world.lock()
    if target not in planning.buildable(lock):
        pytest.skip(f"this builder does not build {target} yet")
    done = world.run("build", target)
    assert done.returncode == 0, done.stderr


def test_it_runs_on_linux(world: Locking, tmp_path: Path) -> None:
    """Each package computes something, without network, system Python and a place to write."""
    if lacking := missing():
        if os.environ.get("BUILDER_REQUIRE_TOOLS") == "1":
            pytest.fail(lacking)
        pytest.skip(lacking)
    built = world.run("build", "linux-x86_64")
    assert built.returncode == 0, built.stderr
    bundle = Path(built.stdout.strip(), "sheets")
    command = sandboxed(bundle, "/opt/an app/sheets", home=tmp_path / "home", DISPLAY=":1")
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=90, stdin=subprocess.DEVNULL)
    line, _, rest = said.stdout.partition("\n")
    assert rest.startswith("code 0\n"), said.stdout
    assert json.loads(line) == {
        "cryptography": "text",
        "numpy": [0.8, 1.4],
        "pandas": {"a": 4, "b": 2},
        "pillow": [255, 0, 0],
        "pydantic": 7,
        "zone": "2026-01-01 00:00:00+01:00",
    }
