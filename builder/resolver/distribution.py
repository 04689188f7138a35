"""The Pyodide distribution: wheels compiled for the browser, of packages whose index has none for it.

The tables toolchains/pyodide/<version>.toml hold what is needed of its pyodide-lock.json, hashes too: nothing is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from builder import data
from builder.lock import Origin
from builder.model import Model, Sha256

ALIAS = "pyodide"
ORIGIN = Origin(kind="url", base="https://cdn.jsdelivr.net/pyodide/")  # where Pyodide's own loader looks


class Wheel(Model):
    """A package of the distribution, in the one version that it has."""

    version: str
    file: str
    sha256: Sha256
    libraries: tuple[str, ...] = ()  # shared libraries of the distribution that it links to


@dataclass(frozen=True)
class Distribution:
    """What one Pyodide has, by name of the package."""

    version: str
    wheels: Mapping[str, Wheel]

    @property
    def path(self) -> str:
        """The folder of its files below the source's base."""
        return f"v{self.version}/full/"

    def usable(self, name: str) -> Wheel | None:
        """The wheel of a package; None where there is none, or where it needs a library that no step can put in."""
        wheel = self.wheels.get(name)
        return None if wheel is None or wheel.libraries else wheel

    def told(self, name: str) -> str:
        """What it has of a package, for a message; "" where it has nothing."""
        wheel = self.wheels.get(name)
        if wheel is None:
            return ""
        if wheel.libraries:
            needs = ", ".join(f"`{library}`" for library in wheel.libraries)
            return f"; Pyodide {self.version} has {wheel.version}, which links to {needs}, and builder can't load those"
        return f"; Pyodide {self.version} has only {wheel.version}"


def of(version: str) -> Distribution:
    """The distribution of a Pyodide version; an empty one where builder has no table of it."""
    if version not in data.names(ALIAS):
        return Distribution(version, {})
    rows = data.table(f"{ALIAS}/{version}.toml")["packages"]
    return Distribution(version, {name: Wheel.model_validate(row) for name, row in rows.items()})


NONE = Distribution("", {})
