"""An app's own files as they are packed: chosen by Flet's rules, without what no running app needs, or compiled."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import app_tree
import bytecode
import patterns
import tree

# What would say nothing to a running app, and what Flet's client would install from the network.
NEVER = ("requirements.txt", "pyproject.toml", "builder.lock", "builder.plan", "build")


def stage(root: Path, settings: dict[str, Any], never: Iterable[str], out: Path) -> None:
    """Copy the app's files to a folder. Raises app_tree.Refused where the app can't start, or can't be compiled.

    Of `settings` these count: module, exclude, include, defaults, cleanup, compile. `never` names more to leave out.
    """
    exclude = [*settings["exclude"], *NEVER, *never]
    names = app_tree.files(root, app_tree.rules(exclude, settings["include"], defaults=settings["defaults"]))
    junk = patterns.matcher(settings["cleanup"])
    names = [name for name in names if not junk(name)]
    module = settings["module"].replace(".", "/")
    if not {f"{module}.py", f"{module}.pyc"} & set(names):
        raise app_tree.Refused(f"the app as packed has no `{module}.py`: see `module` and `exclude` in [tool.flet.app]")
    tree.copy(root, out, names)
    if settings["compile"] and (failed := bytecode.compile_tree(out)):
        raise app_tree.Refused(f"{', '.join(f'`{name}`' for name in failed)} of the app can't be compiled, see above")
