"""Pure Python packages out of an sdist (PEP 625) without running its build: for packages that a recipe names."""

import email.parser
import re
from collections.abc import Callable
from pathlib import Path

import archive
import wheel


def unpack(file: Path, out: Path, packages: list[str]) -> None:
    """Unpack the `.py` files of the packages, and make their .dist-info of PKG-INFO and the license files.

    Raises wheel.Invalid where the sdist is not what its file name says, or lacks one of the packages.
    """
    stem = file.name.removesuffix(".tar.gz")
    wheel.refuse_page(file)
    archive.unpack(file, out, want=_chosen(packages, f"{stem}.dist-info"))
    metadata = out / f"{stem}.dist-info" / "METADATA"
    if not metadata.is_file():
        raise wheel.Invalid(f"`{file.name}` has no PKG-INFO")
    head = email.parser.HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
    said = f"{re.sub(r'[-_.]+', '_', head.get('Name', ''))}-{head.get('Version', '')}"
    if said.lower() != stem.lower():
        raise wheel.Invalid(f"`{file.name}` says that it is {said}")
    for package in packages:
        if not (out / package / "__init__.py").is_file():
            raise wheel.Invalid(f"`{file.name}` has no package `{package}`")


def _chosen(packages: list[str], info: str) -> Callable[[str], str | None]:
    def want(name: str) -> str | None:
        _, _, rest = name.partition("/")
        if rest == "PKG-INFO":
            return f"{info}/METADATA"
        if re.fullmatch(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*", rest):
            return f"{info}/licenses/{rest}"
        top = rest.split("/", 1)[0]
        return rest if top in packages and rest.endswith(".py") else None

    return want
