"""Inputs in, lock out: one resolution for all targets, then each target's own files."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from packaging.requirements import Requirement

from builder import fletline, tools
from builder.errors import BuilderError, Exit
from builder.fletline import Line
from builder.inputs import CLIENTS
from builder.lock import Inputs, Lock, Origin, Pin, Toolchain
from builder.model import PYODIDE
from builder.resolver import assembly, builds, client_wheels, distribution, extensions, runtimes
from builder.resolver.builds import Build
from builder.resolver.fit import Place, fit
from builder.resolver.graph import Key
from builder.resolver.question import Question
from builder.resolver.resolution import Resolution
from builder.resolver.resolution import resolve as once
from builder.resolver.selection import DIRECT, PYPI, Chosen, direct, rules
from builder.resolver.wheels import DESKTOP, browser, desktop
from builder.resolver.world import World, ask, page
from builder.targets import family

_BESIDE = ("linux-x86_64",)  # one system gives uv the fewest reasons to look at Pyodide apart
# What is not a registry and may become a source of a lock: the client of the network must know these beforehand.
ORIGINS: Mapping[str, Origin] = {
    client_wheels.RELEASES: client_wheels.ORIGIN,
    distribution.ALIAS: distribution.ORIGIN,
    **runtimes.ORIGINS,
}


@dataclass(frozen=True)
class Answer:
    """A lock, and what there is to say of it."""

    lock: Lock
    newer: tuple[str, ...] | None  # `name version` of what the index has beyond the lock; None: not known
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What the resolver said to each target, where it could to all at once, and of which line of Flet it is."""

    asked: Mapping[str, tuple[Question, Resolution]]
    flet: str  # version
    line: Line


@dataclass(frozen=True)
class Share:
    """What one target gets of the packages."""

    packages: tuple[Chosen, ...]
    builds: tuple[Build, ...]  # of those that are source distributions


def resolve(inputs: Inputs, world: World) -> Answer:
    """The lock of these inputs.

    Raises BuilderError: lock where the requirements or a declared target can't be met, fetch where a registry can't
    be asked, mismatch where hashes differ.
    """
    _refuse_direct(inputs)
    pages = partial(page, inputs, world)
    refused = {target: reason for target in inputs.targets if (reason := _early(inputs, target))}
    question = _question(inputs, _rest(inputs, refused), world)
    with ThreadPoolExecutor(4) as pool:
        if inputs.default_index and not world.kept.packages:  # while uv works
            for project in CLIENTS:
                pool.submit(pages, project)
        asked = _asked(question, world)
    version = _flet(resolution for _, resolution in asked.values())
    found = Found(asked, version, fletline.of(version))
    refused |= {target: reason for target in question.targets if (reason := _late(inputs, found, target))}
    chosen: dict[str, tuple[Chosen, ...]] = {}
    for target in _rest(inputs, refused):
        again = partial(_again, found, target, world)
        result = fit(_place(inputs, found, target, world), asked[target][1], again, pages)
        chosen[target] = result.chosen
        refused |= {target: result.lack} if result.missing else {}
    refused |= extensions.refusals(
        found.line,
        inputs.desktop_flavor,
        [resolution.graph for _, resolution in found.asked.values()],
        {target: chosen[target] for target in _rest(inputs, refused)},
        world.http,
    )
    built = builds.resolve(inputs, {target: chosen[target] for target in _rest(inputs, refused)}, world)
    refused |= built.refused
    shares = {target: Share(chosen[target], built.found[target]) for target in _rest(inputs, refused)}
    return _answer(inputs, found, shares, refused, world)


def _question(inputs: Inputs, targets: tuple[str, ...], world: World) -> Question:
    return Question(
        inputs,
        targets,
        world.kept.versions,
        limits=world.bounds.limits,
        exclude_newer=world.exclude_newer,
        exceptions=world.bounds.exceptions,
    )


def _refuse_direct(inputs: Inputs) -> None:
    """A folder or a repository has no bytes to pin; a wheel at a URL has."""
    for text in inputs.requires:
        requirement = Requirement(text)
        if requirement.url and not requirement.url.startswith(("https://", "http://")):
            raise direct(requirement.name)


def _early(inputs: Inputs, target: str) -> str:
    """Why a target can't be locked, as far as that is known before anything is asked; "" where it can."""
    if inputs.client != "prebuilt":
        return f"builder can't lock the client `{inputs.client}` yet"
    if target not in PYODIDE and target not in DESKTOP:
        return f"there is no prebuilt client for `{family(target)}`"
    return runtimes.refusal(inputs, target) if target in DESKTOP else ""


def _late(inputs: Inputs, found: Found, target: str) -> str:
    """Why a target can't be locked with this version of Flet; "" where it can."""
    if target in PYODIDE and inputs.python not in found.line.pyodide:
        pythons = ", ".join(sorted(found.line.pyodide))
        return f"flet {found.flet} has no Pyodide with Python {inputs.python}; it has one with {pythons}"
    return client_wheels.refusal(found.line, found.flet, target, inputs)


def _rest(inputs: Inputs, refused: Mapping[str, str]) -> tuple[str, ...]:
    """The targets that are not refused. Raises BuilderError (lock) for a declared one that is, or if none is left."""
    rest = tuple(target for target in inputs.targets if target not in refused)
    if rest and not (refused and inputs.declared):
        return rest
    reasons = "\n".join(f"`{target}` can't be locked: {reason}" for target, reason in sorted(refused.items()))
    raise BuilderError(
        reasons or "the project has no target",
        hint="require another version of what the message names, allow its source archive with `sdist` in "
        "`[tool.builder]`, take the target out of `targets`, or choose another `client` or `runtime` there",
        code=Exit.LOCK,
    )


def _asked(question: Question, world: World) -> dict[str, tuple[Question, Resolution]]:
    """One resolution for all targets; where there is none, one for the desktops' and one for the browsers'.

    Where a package requires another on Windows and on Pyodide, as pandas does tzdata, uv looks at Pyodide apart, and
    finds no wheel for it of msgpack; beside Linux alone it has no reason to. Raises the error of the common question
    where the others have no answer either.
    """
    browsers = tuple(name for name in question.targets if name in PYODIDE)
    desktops = tuple(name for name in question.targets if name not in PYODIDE)
    try:
        return _alone(question, world)
    except BuilderError as error:
        if error.code != Exit.LOCK or not browsers:
            raise
        try:
            found = _alone(replace(question, targets=desktops), world) if desktops else {}
            version = (f"flet=={_flet([next(iter(found.values()))[1]])}",) if found else ()
            return found | _alone(
                replace(question, targets=browsers, limits=(*question.limits, *version), beside=_BESIDE), world
            )
        except BuilderError:
            raise error from None


def _alone(question: Question, world: World) -> dict[str, tuple[Question, Resolution]]:
    return dict.fromkeys(question.targets, (question, ask(question, world)))


def _flet(resolutions: Iterable[Resolution]) -> str:
    versions = sorted({key.version for found in resolutions for key in found.packages if key.name == "flet"})
    if len(versions) == 1:
        return versions[0]
    many = f"the requirements ask for several versions of flet at once: {', '.join(versions)}"
    raise BuilderError(
        many if versions else "the project does not require flet",
        hint="require one version of flet for all platforms, such as `flet==0.82.2`",
        code=Exit.LOCK,
    )


def _place(inputs: Inputs, found: Found, target: str, world: World) -> Place:
    """How files are selected for a target."""
    its_rules = rules(inputs, world.http.base(PYPI), target)
    if target in DESKTOP:
        python = runtimes.build(inputs, target, world.kept).python
        return Place(target, desktop(target, python), its_rules, (), world.kept.unavailable.get(target, ""))
    pyodide = found.line.pyodide[inputs.python]
    cut = [("flet", name) for name in pyodide.without]
    its_rules = replace(
        its_rules, distribution=distribution.of(pyodide.version) if inputs.default_index else distribution.NONE
    )
    return Place(target, browser(pyodide), its_rules, cut, world.kept.unavailable.get(target, ""))


def _again(found: Found, target: str, world: World, limits: tuple[str, ...]) -> Resolution | None:
    """Another resolution, as near to the common one as the limits allow; None where there is none."""
    asked, resolution = found.asked[target]
    question = replace(
        asked, preferred=frozenset(resolution.packages), limits=(*asked.limits, *limits, f"flet=={found.flet}")
    )
    try:
        return once(question, world.uv)
    except BuilderError as error:
        if error.code == Exit.LOCK:
            return None
        raise


def _answer(
    inputs: Inputs, found: Found, chosen: Mapping[str, Share], refused: Mapping[str, str], world: World
) -> Answer:
    """The lock of what was chosen for each target, with the client and the interpreter of each."""
    every = {
        target: (*its.packages, *_client(inputs, found, target, its.packages, world)) for target, its in chosen.items()
    }
    build_wheels = {target: [file for build in its.builds for file in build.wheels] for target, its in chosen.items()}
    built = {build.sdist.file: build for its in chosen.values() for build in its.builds}
    its_rules = rules(inputs, world.http.base(PYPI), "web")
    pins = _pins(inputs, found, tuple(chosen), world) + assembly.pins(build_wheels, world.kept, its_rules, world.http)
    packages = assembly.pins(every, world.kept, its_rules, world.http)
    used = {pin.source for pin in (*pins, *packages)}
    lock = Lock(
        inputs=inputs,
        sources={
            **assembly.origins(file for files in (*every.values(), *build_wheels.values()) for file in files),
            **{alias: origin for alias, origin in ORIGINS.items() if alias in used},
        },
        flutter=found.line.flutter,
        toolchain=Toolchain(name=world.recipe.name, nar=world.recipe.nar),
        packages=packages,
        sdists=tuple(built[file].sdist for file in sorted(built)),
        pins=(*pins, *tools.pins(tuple(chosen), world.kept.pins), *world.recipe.pins, world.recipe.bootstrap.pin),
        unavailable=dict(sorted(refused.items())),
    )
    newer = [*(told.newer for _, told in found.asked.values()), *(build.newer for build in built.values())]
    return Answer(lock, _newer(newer), _warnings(found))


def _newer(answers: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """What any of these resolutions knows as newer; None where one of them knows nothing."""
    found: set[str] = set()
    for names in answers:
        if names is None:
            return None
        found |= set(names)
    return tuple(sorted(found))


def _client(inputs: Inputs, found: Found, target: str, files: tuple[Chosen, ...], world: World) -> tuple[Chosen, ...]:
    """The wheel that holds a target's client; none where an archive does."""
    project = found.line.wheel(target, inputs.desktop_flavor)
    if not project:
        return ()
    flet = next(file for file in files if file.key.name == "flet")
    if flet.source.startswith(DIRECT):  # a wheel of flet by its URL says nothing of where the client is
        flet = replace(flet, source=PYPI, base="")
    old = world.kept.package(project, found.flet, target)
    if old and old.size is not None and old.source == flet.source:
        key = Key(old.name, old.version)
        return (replace(flet, key=key, file=old.file, url="", sha256=old.sha256, size=old.size, hash=old.hash),)
    environment = _place(inputs, found, target, world).environment
    glibc = found.line.glibc.get(fletline.client(target, inputs.desktop_flavor))
    if glibc:
        environment = desktop(target, environment.markers["python_full_version"], glibc)
    return (client_wheels.wheel(project, flet, target, environment, partial(page, inputs, world)),)


def _pins(inputs: Inputs, found: Found, targets: tuple[str, ...], world: World) -> tuple[Pin, ...]:
    """All that is no Python package: CPython, Pyodide, and clients that come as archives."""
    desktops = [target for target in targets if target in DESKTOP]
    browsers = tuple(target for target in targets if target in PYODIDE)
    pins = runtimes.pins([runtimes.build(inputs, target, world.kept) for target in desktops], world.http)
    if browsers:
        pins += runtimes.pyodide(found.line.pyodide[inputs.python], browsers, world.kept, world.http)
    flavor = inputs.desktop_flavor
    outside = [target for target in targets if not found.line.wheel(target, flavor)]
    needs = client_wheels.archives(found.line, found.flet, flavor, outside)
    return pins + client_wheels.archive_pins(needs, world.kept, world.http)


def _warnings(found: Found) -> tuple[str, ...]:
    """What uv said, and that a version of Flet was never tried."""
    tested = found.line.tested
    said = tuple(dict.fromkeys(text for _, told in found.asked.values() for text in told.warnings))
    if found.flet in tested:
        return said
    return (*said, f"flet {found.flet} was not tested with this builder; of its line {', '.join(tested)} was")
