"""What of a project the lock follows, in one normal form, and what differs between two of these."""

from collections.abc import Iterable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from builder.errors import BuilderError, Exit
from builder.lock import Inputs
from builder.project import Project

# The client's wheels have Flet's own version and never go into an app, so naming one only holds flet to a version.
CLIENTS = ("flet-desktop", "flet-desktop-light", "flet-web")
_TOOLS = ("flet-cli",)
_PLATFORMS = {"web": "web", "apk": "android", "aab": "android", "ipa": "ios"}


def platform_of(target: str) -> str:
    """Flet's platform of a target, as `[tool.flet.<platform>]` names it: `android` for `apk`."""
    family = target.split("-", 1)[0]
    return _PLATFORMS.get(family, family)


def inputs_of(project: Project) -> Inputs:
    """The normalised inputs. A platform's own requirement has the PEP 508 marker `extra == "<platform>"`.

    Raises BuilderError (project) for a requirement that is no PEP 508 string.
    """
    settings = project.settings
    requires = [*_normal(project.requires)]
    for platform in sorted({platform_of(target) for target in settings.targets}):
        requires += _normal(project.platform_requires.get(platform, ()), platform)
    return Inputs(
        requires=_sorted(requires),
        constraints=_sorted(_normal(project.constraints)),
        hashes=_sorted(project.hashes),
        indexes=project.indexes,
        package_indexes=_sorted(f"{name} {url}" for name, url in project.package_indexes.items()),
        default_index=project.default_index,
        prereleases=project.prereleases,
        targets=_sorted(settings.targets),
        declared=settings.declared,
        python=settings.python,
        client=settings.client,
        runtime=settings.runtime,
        desktop_flavor=project.setting("desktop_flavor", "linux"),
        sdist=_sorted(canonicalize_name(name) for name in (*settings.sdist, *_source_packages(project))),
        exclude_newer=settings.exclude_newer,
    )


def _source_packages(project: Project) -> Iterable[str]:
    """What Flet's key `source_packages` names, for all platforms or for one that is built."""
    for target in project.settings.targets:
        yield from project.setting("source_packages", target)


def differences(old: Inputs, new: Inputs) -> tuple[str, ...]:
    """Each way in which the inputs changed, as a short fact; empty where they are the same."""
    found = _requirements(old.requires, new.requires)
    for field, what in _LISTS.items():
        before, after = getattr(old, field), getattr(new, field)
        found += [f"{what} `{item}` was added" for item in after if item not in before]
        found += [f"{what} `{item}` was removed" for item in before if item not in after]
        if sorted(before) == sorted(after) and before != after:
            found.append(f"the order of each {what} changed")
    for field, what in _VALUES.items():
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            found.append(f"{what} was `{_word(before)}` and is `{_word(after)}`")
    return tuple(found)


_LISTS = {
    "constraints": "constraint",
    "overrides": "override",
    "hashes": "hash",
    "indexes": "index",
    "package_indexes": "package's own index",
    "targets": "target",
    "sdist": "sdist permission",
}
_VALUES = {
    "default_index": "the default index",
    "prereleases": "prereleases",
    "declared": "declared targets",
    "python": "python",
    "client": "client",
    "runtime": "runtime",
    "desktop_flavor": "desktop_flavor",
    "exclude_newer": "exclude-newer",
}


def _word(value: object) -> str:
    return {True: "on", False: "off", "": "not set"}.get(value, str(value)) if isinstance(value, bool | str) else ""


def _requirements(old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    """What changed in the requirements; one gone and one come of the same project is a change of it."""
    gone = [text for text in old if text not in new]
    come = [text for text in new if text not in old]
    found = []
    for text in come:
        twin = next((other for other in gone if _name(other) == _name(text)), None)
        if twin is None:
            found.append(f"requirement `{text}` was added")
        else:
            gone.remove(twin)
            found.append(f"requirement `{twin}` became `{text}`")
    return found + [f"requirement `{text}` was removed" for text in gone]


def _name(text: str) -> str:
    try:
        return Requirement(text).name
    except InvalidRequirement:
        return text


def _normal(texts: Iterable[str], platform: str = "") -> list[str]:
    found = []
    for text in texts:
        requirement = _parsed(text)
        name = canonicalize_name(requirement.name)
        if name in _TOOLS:
            continue
        requirement.name = "flet" if name in CLIENTS else name
        if requirement.name == "flet":
            requirement.extras = set()  # each of them is a client or a tool
        found.append(_marked(requirement, platform))
    return found


def _marked(requirement: Requirement, platform: str) -> str:
    if not platform:
        return str(requirement)
    own = f"({requirement.marker}) and " if requirement.marker else ""
    requirement.marker = None
    space = " " if requirement.url else ""  # PEP 508: a URL ends at a space
    return f'{requirement}{space}; {own}extra == "{platform}"'


def _parsed(text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise BuilderError(
            f"the requirement `{text}` can't be read: {str(error).splitlines()[0]}",
            hint="write it as PEP 508 says, such as `httpx>=0.28` or `app @ https://host/app-1-py3-none-any.whl`",
            code=Exit.PROJECT,
        ) from error


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))
