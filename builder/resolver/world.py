"""What a lock is made with beside its inputs, and how the resolver is asked there."""

import re
from dataclasses import dataclass, field

from builder.errors import BuilderError
from builder.lock import Inputs
from builder.network.http import Http
from builder.network.simpleindex import IndexFile
from builder.resolver.bounds import Bounds
from builder.resolver.kept import Kept
from builder.resolver.question import Question, Uv
from builder.resolver.resolution import Resolution, resolve
from builder.resolver.selection import PYPI, plain
from builder.sources.pypi import project_files
from builder.toolchain import Recipe

# What uv says of a project that its index seems not to have; the name is in one of the groups.
_ABSENT = re.compile(
    r"\bno\s+versions?\s+of\s+([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)|\b([a-z0-9._-]+)\s+was\s+not\s+found\s+in\s+the"
)


@dataclass(frozen=True)
class World:
    """Everything outside the inputs that a lock is made with."""

    http: Http
    uv: Uv
    kept: Kept
    recipe: Recipe
    exclude_newer: str = ""  # instant, RFC 3339
    bounds: Bounds = field(default_factory=Bounds)  # of an upgrade


def ask(question: Question, world: World) -> Resolution:
    """What uv answers. To uv an index that can't be read is one without the project, so that is looked at again.

    Raises BuilderError: lock where the requirements can't be met, fetch where an index can't be asked.
    """
    try:
        return resolve(question, world.uv)
    except BuilderError as error:
        names = {"".join(groups) for groups in _ABSENT.findall(error.message)}
        own = question.inputs.own_indexes()
        for name in sorted(names if question.inputs.default_index else names & own.keys()):
            base = _with_login(own[name], world) if name in own else world.http.base(PYPI)
            if world.http.find(f"{base}{name}/") is not None:
                project_files(name, base, world.http)  # raises where this is no page of an index
        raise


def page(inputs: Inputs, world: World, project: str, base: str = "") -> tuple[IndexFile, ...]:
    """Every file of a project on one of the project's own indexes, or on the default one. Raises BuilderError."""
    own = {plain(url): _with_login(url, world) for url in (*inputs.indexes, *inputs.own_indexes().values())}
    return project_files(project, own.get(base) or world.http.base(PYPI), world.http)


def _with_login(url: str, world: World) -> str:
    """The URL of one of the project's own indexes, with a slash at its end and its credentials in it."""
    return plain(url).replace(url.rstrip("/"), world.uv.secret(url).rstrip("/"))
