"""How the source distributions of a lock are built: what each build requires (PEP 518), resolved for the toolchain.

Only wheels are taken for that, and nothing of an sdist is run: what its build asks for beyond its pyproject.toml is
told by the build itself.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from builder import inside, sdists
from builder.errors import BuilderError, Exit
from builder.lock import Inputs, Sdist
from builder.resolver.graph import reachable
from builder.resolver.question import Question
from builder.resolver.selection import Chosen, rules, select
from builder.resolver.wheels import Environment, desktop, summary
from builder.resolver.world import World, ask

PYTHON, GLIBC = "3.12.1", 36  # of the toolchain
_PLACE = "linux-x86_64"  # where steps run
_AT_ONCE = 4


@dataclass(frozen=True)
class Build:
    """One source distribution with the wheels that build it."""

    sdist: Sdist
    wheels: tuple[Chosen, ...]
    newer: tuple[str, ...] | None  # `name version` of what the index has beyond these; None: not known


@dataclass(frozen=True)
class Builds:
    """All builds of a lock."""

    found: Mapping[str, tuple[Build, ...]]  # target -> those that it needs
    refused: Mapping[str, str]  # target -> why it can't have what it needs


class _Refused(Exception):  # noqa: N818 (a finding, not a fault)
    """Why an sdist can't be built."""


def resolve(inputs: Inputs, chosen: Mapping[str, tuple[Chosen, ...]], world: World) -> Builds:
    """The builds that the chosen files of each target ask for; where a recipe covers an sdist there is none.

    Raises BuilderError: fetch where a registry can't be asked, mismatch where an sdist is not what its index states.
    """
    used = {
        target: [file for file in files if sdists.is_built(file.key.name, file.file, target)]
        for target, files in chosen.items()
    }
    wanted = {file.file: file for files in used.values() for file in files}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = dict(zip(wanted, pool.map(lambda file: _tried(file, inputs, world), wanted.values()), strict=True))
    found: dict[str, tuple[Build, ...]] = {}
    refused: dict[str, str] = {}
    for target, files in used.items():
        its = [answers[file.file] for file in files]
        found[target] = tuple(answer for answer in its if isinstance(answer, Build))
        reasons = [answer for answer in its if isinstance(answer, str)]
        refused |= {target: "; ".join(reasons)} if reasons else {}
    return Builds(found, refused)


def environment() -> Environment:
    """What the toolchain's interpreter says of itself."""
    return desktop(_PLACE, PYTHON, GLIBC)


def _tried(file: Chosen, inputs: Inputs, world: World) -> Build | str:
    """How a source distribution is built, or why it can't be."""
    try:
        return _build(file, inputs, world)
    except _Refused as error:
        return f"`{file.file}` can't be built: {error}"


def _build(file: Chosen, inputs: Inputs, world: World) -> Build:
    old = world.kept.sdist(file.file, file.sha256)
    requires = old.requires if old else _required(_stated(file, world))
    if not requires:
        return Build(Sdist(file=file.file, requires=(), wheels=()), (), ())
    own = {"requires": requires, "constraints": (), "overrides": (), "sdist": (), "python": "3.12"}
    asked = inputs.model_copy(update=own)
    preferred = world.kept.wheels(old) if old else frozenset()
    question = Question(asked, (_PLACE,), preferred, exclude_newer=world.exclude_newer)
    try:
        resolution = ask(question, world)
    except BuilderError as error:
        if error.code == Exit.LOCK:
            facts = "; ".join(line.strip() for line in error.message.splitlines()[1:])
            facts = facts.replace("the project", "the build")  # what uv was asked about
            raise _Refused(f"what its build requires can't be had: {facts}") from error
        raise
    needed = reachable(resolution.graph, environment().markers, "", ())
    wheels, missing = select(resolution, needed, environment(), rules(asked, world.http.base("pypi"), _PLACE))
    if missing:
        name, version = missing[0].key
        raise _Refused(f"its build requires `{name}` {version}, which has {summary(missing[0].files)}")
    sdist = Sdist(file=file.file, requires=requires, wheels=tuple(sorted(wheel.file for wheel in wheels)))
    return Build(sdist, wheels, resolution.newer)


def _stated(file: Chosen, world: World) -> tuple[str, ...]:
    """What the pyproject.toml of a source distribution requires for its build, read with the guarded reader."""
    archive, build_system = inside.module("archive"), inside.module("build_system")
    found: list[tuple[str, ...]] = []

    def look(path: Path) -> None:
        found.append(build_system.of(path).requires)

    try:
        world.http.take(file.url, {"sha256": file.sha256} if file.sha256 else {}, look=look)
    except (archive.Refused, build_system.Unclear) as error:
        raise _Refused(str(error).replace("`file` ", f"`{file.file}` ", 1)) from error
    return found[0]


def _required(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The requirements that hold in the toolchain, without their markers, sorted."""
    found = set()
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise _Refused(f"its build requires `{text}`, which is no requirement (PEP 508)") from error
        if requirement.url:
            raise _Refused(f"its build requires `{text}` by its URL, which builder does not follow")
        if requirement.marker is None or requirement.marker.evaluate({**environment().markers, "extra": ""}):
            requirement.marker = None
            found.add(str(requirement))
    return tuple(sorted(found))
