"""The guarded reader on wheels as the index gives them."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import inside

pytestmark = pytest.mark.real

archive = inside.module("archive")


SMALL = ["attrs", "certifi", "flet", "jinja2", "packaging", "pip", "pydantic-core", "requests", "setuptools"]
MANY = [
    "aiohttp",
    "beautifulsoup4",
    "boto3",
    "cffi",
    "charset-normalizer",
    "click",
    "cryptography",
    "fastapi",
    "greenlet",
    "grpcio",
    "httpx",
    "idna",
    "lxml",
    "markupsafe",
    "matplotlib",
    "msgpack",
    "numpy",
    "orjson",
    "pandas",
    "pillow",
    "protobuf",
    "psutil",
    "pyarrow",
    "pydantic",
    "python-dateutil",
    "pyyaml",
    "regex",
    "rich",
    "scikit-learn",
    "scipy",
    "six",
    "sqlalchemy",
    "tqdm",
    "typing-extensions",
    "urllib3",
    "uvloop",
    "websockets",
    "wheel",
]


@pytest.mark.reliability
def test_popular_wheels_pass(tmp_path: Path, thorough: bool, figures: Callable[..., None]) -> None:
    """Wheels of many build backends are read whole, as zipfile reads them."""
    projects = SMALL + (MANY if thorough else [])
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", *projects]
    subprocess.run([*command, "-d", str(tmp_path / "wheels")], check=True)
    wheels = sorted((tmp_path / "wheels").iterdir())
    assert len(wheels) == len(projects)
    for wheel in wheels:
        out = tmp_path / wheel.stem
        archive.unpack(wheel, out)
        figures("real archives read")
        with zipfile.ZipFile(wheel) as judge:
            expected = {info.filename: judge.read(info) for info in judge.infolist() if not info.is_dir()}
        assert {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()} == expected
