"""Scripts that run in the sandbox. They import the standard library and each other by bare name, never builder."""

import importlib
import sys
from pathlib import Path
from types import ModuleType


def module(name: str) -> ModuleType:
    """One of these scripts as a module of this process, for the few that the host uses as well.

    It is imported by its bare name, with this folder first on sys.path meanwhile, as the sandbox has it: the scripts
    import each other that way, and each must exist once, or an `except Refused` would miss the other one's.
    """
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(folder)
