"""A package in which each module is one choice: `TARGETS["web"]` is `builder/targets/web.py`'s TARGET."""

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Generic, TypeVar

from builder.errors import BuilderError, Exit

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Folder(Generic[Choice]):
    """The choices of one package, imported only when asked for."""

    package: str
    kind: type[Choice]

    def names(self) -> tuple[str, ...]:
        """The name of each choice, sorted; a module `linux_x86_64` is the choice `linux-x86_64`."""
        path = importlib.import_module(self.package).__path__
        return tuple(sorted(m.name.replace("_", "-") for m in pkgutil.iter_modules(path)))

    def __getitem__(self, name: str) -> Choice:
        """The choice of that name. Raises BuilderError (usage) for an unknown one."""
        if name not in self.names():
            what = self.kind.__name__.lower()
            raise BuilderError(
                f"there is no {what} `{name}`",
                hint=f"choose one of: {', '.join(self.names())}",
                code=Exit.USAGE,
            )
        module = importlib.import_module(f"{self.package}.{name.replace('-', '_')}")
        choice: Choice = getattr(module, self.kind.__name__.upper())
        return choice
