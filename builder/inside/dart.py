"""The Dart packages that a Python package brings along, for a Flutter client that is compiled with them."""

import re
from collections.abc import Iterable

_FOLDER = re.compile(r"flutter/([^/]+)/pubspec\.yaml")


def packages(names: Iterable[str]) -> list[str]:
    """The names of the Dart packages among the files of a wheel or of a folder of packages, sorted."""
    return sorted({found[1] for name in names if (found := _FOLDER.fullmatch(name))})


def lies_in(name: str, found: Iterable[str]) -> bool:
    """Whether a file belongs to one of these Dart packages: no Python program reads it."""
    return name.startswith(tuple(f"flutter/{package}/" for package in found))
