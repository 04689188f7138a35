"""The source distributions that builder takes packages from without running their builds: `toolchains/sdists.toml`."""

from builder import data


def recipe(name: str, file: str, target: str) -> tuple[str, ...]:
    """The packages to take from a project's sdist for a target; none where no recipe says so."""
    row = data.table("sdists.toml").get(name)
    if row is None or target not in row["targets"] or not file.endswith(".tar.gz"):
        return ()
    return tuple(row["packages"])


def covered(target: str) -> frozenset[str]:
    """The projects that have a recipe for a target."""
    return frozenset(name for name, row in data.table("sdists.toml").items() if target in row["targets"])


def is_built(name: str, file: str, target: str) -> bool:
    """Whether a project's file is a source distribution whose wheel is built for a target: no recipe covers it."""
    return not file.endswith(".whl") and not recipe(name, file, target)
