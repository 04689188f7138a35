"""Records what the registries say of the packages in the fixtures' locks, for test_locks.py.

Run it from the checkout, online, after `builder lock` of a fixture has moved a version:

    .venv/bin/python tests/snapshot/record.py

It writes recorded/simple/PROJECT.json: the project's page on a simple index (PEP 691) with the locked versions only,
and the sizes of the locked files; recorded/metadata/PROJECT-VERSION.txt: the core metadata that a resolver reads
(PEP 658); recorded/npm/PACKAGE-VERSION.json: an npm document. No host stands in them: links are relative.
"""

import io
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Iterable
from email.parser import HeaderParser
from pathlib import Path

from packaging.utils import parse_sdist_filename, parse_wheel_filename

from builder import lockfile
from builder.inputs import CLIENTS
from builder.lock import Pin
from builder.network.http import Http
from builder.network.mirrors import Bases
from builder.network.simpleindex import IndexFile
from builder.resolver import resolve
from builder.sources.pypi import project_files

HERE = Path(__file__).parent / "recorded"
FIXTURES = Path(__file__).parents[2] / "fixtures"
FIELDS = ("Metadata-Version", "Name", "Version", "Requires-Python", "Provides-Extra", "Requires-Dist")


def main() -> None:
    """Write recorded/ anew."""
    http = Http(Bases({}, os.environ, Path.home(), resolve.ORIGINS).base, environ=os.environ)
    locks = [lockfile.load(path.parent) for path in sorted(FIXTURES.glob("*/builder.lock"))]
    packages = {pin.file: pin for lock in locks for pin in lock.packages}
    tarballs = {pin.file: pin for lock in locks for pin in lock.pins if pin.source == "npm"}
    shutil.rmtree(HERE, ignore_errors=True)
    for project in sorted({pin.name for pin in packages.values()}):
        record(http, project, {file: pin for file, pin in packages.items() if pin.name == project})
    for pin in tarballs.values():
        document = json.loads(http.read(f"{http.base('npm')}{pin.name}/{pin.version}"))
        dist = {"tarball": pin.file, "integrity": document["dist"]["integrity"]}
        write(f"npm/{pin.name}-{pin.version}.json", json.dumps({"version": pin.version, "dist": dist}, indent=1) + "\n")


def record(http: Http, project: str, pins: dict[str, Pin]) -> None:
    """One project's page, and the metadata of its locked versions."""
    versions = {pin.version for pin in pins.values()}
    files = [file for file in project_files(project, http.base("pypi"), http) if version_of(file.file) in versions]
    rows = ",\n".join(f"  {json.dumps(row(file, pins.get(file.file), project))}" for file in files)
    head = f'"meta": {{"api-version": "1.1"}},\n "name": {json.dumps(project)}'
    write(f"simple/{project}.json", f'{{\n {head},\n "files": [\n{rows}\n ]\n}}\n')
    for version in sorted(versions) if project not in CLIENTS else ():
        wheels = [file for file in files if file.file.endswith(".whl") and version_of(file.file) == version]
        texts = {metadata(http.read(file.url)) for file in wheels if file.file in pins}
        if len(texts) != 1:
            sys.exit(f"the wheels of {project} {version} differ in their metadata: record each one's")
        write(f"metadata/{project}-{version}.txt", texts.pop())


def row(file: IndexFile, pin: Pin | None, project: str) -> dict[str, object]:
    """A file as an index lists it in JSON."""
    stated = {
        "filename": file.file,
        "url": f"../../files/{file.file}",
        "hashes": {"sha256": file.sha256},
        "size": pin.size if pin else None,
        "requires-python": file.requires_python,
        "upload-time": file.uploaded,
        "yanked": file.yanked,
        "core-metadata": file.file.endswith(".whl") and project not in CLIENTS,
    }
    return {name: value for name, value in stated.items() if value}


def metadata(wheel: bytes) -> str:
    """What a resolver reads of a wheel's metadata."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        headers = HeaderParser().parsestr(archive.read(name).decode())
    return "".join(f"{field}: {value}\n" for field in FIELDS for value in listed(headers.get_all(field)))


def listed(values: Iterable[object] | None) -> list[str]:
    """A header's values, each on one line."""
    return [" ".join(str(value).split()) for value in values or ()]


def version_of(filename: str) -> str:
    """The version in a distribution's name; "" for a name that breaks the format."""
    try:
        parsed = parse_wheel_filename(filename) if filename.endswith(".whl") else parse_sdist_filename(filename)
    except ValueError:
        return ""
    return str(parsed[1])


def write(name: str, text: str) -> None:
    """Write one file of recorded/."""
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
