"""What the author wrote: pyproject.toml and requirements.txt, as frozen data."""

import os
import posixpath
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import Field

from builder import fletkeys, poetry, requirements, settings
from builder.errors import BuilderError, Exit
from builder.fletkeys.key import LINES, PLATFORMS
from builder.fletkeys.parse import parse as parse_flet
from builder.fletkeys.parse import warn_of_variables
from builder.fletkeys.values import check
from builder.model import Model
from builder.references import Place, reference, without_credentials, wrong
from builder.requirements import Asked, Context
from builder.settings import Settings

PYPROJECT = "pyproject.toml"
REQUIREMENTS = "requirements.txt"

Warn = Callable[[str], None]

_IMAGE = re.compile(
    rf"((?:icon|splash|splash_dark)(?:_(?:{'|'.join(PLATFORMS)}))?)\.(?i:png|webp|jpe?g|gif|bmp|tiff?|svg)"
    r"|(icon(?:_macos)?\.icns|icon(?:_windows)?\.ico)"
)

_ELSE = {
    "web.pwa_short_name": "product",
    "web.pwa_background_color": "splash.color",
}  # key -> what it is unless written


class Project(Model):
    """An app as its author described it, checked and in its one form."""

    name: str
    version: str
    description: str = ""
    requires: tuple[str, ...]  # PEP 508, canonical names, sorted
    platform_requires: dict[str, tuple[str, ...]] = Field(default={})  # platform -> what it needs on top
    constraints: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()  # `name sha256`, the author's own, sorted
    indexes: tuple[str, ...] = ()  # URLs without credentials, first index first
    package_indexes: dict[str, str] = Field(default={})  # package -> URL, without credentials, of its only index
    default_index: bool = True  # False: the first of `indexes` takes the place of the default one
    prereleases: bool = False
    module: str = "main"
    path: str = "."  # of the program, relative to the app
    images: tuple[
        str, ...
    ] = ()  # of icons and splash screens in the program's assets: names without endings, but for .icns and .ico; sorted
    flet: dict[str, Any] = Field(default={})  # dotted name -> value, only what was written or given as an option
    settings: Settings = Settings()
    credentials: dict[str, str] = Field(default={}, exclude=True, repr=False)  # URL -> `user:password`, never written
    read: tuple[str, ...] = Field(default=(), exclude=True, repr=False)  # files that it was read from, from the root
    variables: bool = Field(default=False, exclude=True, repr=False)  # True: requirements name environment variables

    def setting(self, key: str, platform: str, line: str = LINES[-1]) -> Any:
        """The effective value of a Flet key for a platform or target, else its default under a Flet line."""
        known = fletkeys.BY_NAME[key]
        files = {"cleanup.app": "cleanup.app_files", "cleanup.packages": "cleanup.package_files"}.get(key)
        if files and self.setting(files, platform, line):
            return True  # naming files turns it on, whatever the key says, as Flet does
        for name in (f"{fletkeys.platform_of(platform)}.{key}", key):
            if name in self.flet:
                return self.flet[name]
        if key in ("project", "product", "artifact"):
            return self.name
        if key in _ELSE:
            return self.setting(_ELSE[key], platform, line)
        named = {"description": self.description, "build_version": self.version}
        return named.get(key, known.value_for(line))

    def inputs(self) -> dict[str, Any]:
        """All that decides a plan, as JSON-able data; what is left at its default is absent."""
        written = self.model_dump(
            mode="json", by_alias=True, exclude_defaults=True, exclude={"settings": {"mirrors", "update"}}
        )
        return {key: value for key, value in written.items() if value != {}}


def load(root: Path, options: Mapping[str, Any], warn: Warn, environ: Mapping[str, str] | None = None) -> Project:
    """The project in a folder, with options of the command line (dotted Flet key -> value) on top.

    `environ` fills the variables of requirements.txt. Raises BuilderError (project; usage for a wrong option).
    """
    if not os.path.isdir(root):  # Path.is_dir raises for a name that is too long
        raise BuilderError(
            f"there is no folder `{root}`",
            hint="name the folder that holds the app, or run `builder init` to make one",
            code=Exit.PROJECT,
        )
    read: dict[str, bytes] = {}

    def reading(name: str) -> bytes:
        read[name] = (root / name).read_bytes()
        return read[name]

    project = parse(root.resolve().name, options, Context(reading, environ or {}, warn))
    _check_entry(root, project)
    images = _images(root / project.path / "assets")
    variables = any(b"${" in text for text in read.values())
    return project.model_copy(update={"read": tuple(sorted(read)), "images": images, "variables": variables})


def parse(folder: str, options: Mapping[str, Any], context: Context) -> Project:
    """The project that the files which `context.read` gives describe; pure but for that."""
    data = _toml(_optional(PYPROJECT, context))
    stated, tool = _table(data, "project"), _table(data, "tool")
    poet = _table(tool, "poetry", "tool.poetry")
    flet = parse_flet(tool.get("flet", {}), options, context.warn)
    warn_of_variables(flet, context.environ, context.warn)
    asked = _developed(_asked(stated, poet, context), flet, context)
    extra = {name: flet[f"{name}.dependencies"] for name in PLATFORMS if f"{name}.dependencies" in flet}
    listed = {name: _listed(texts, f"tool.flet.{name}.dependencies", context) for name, texts in extra.items()}
    wanted = {name: _developed(found, flet, context) for name, found in listed.items()}
    own = settings.parse(tool.get("builder", {}), requires_python(data))
    indexes = {name: without_credentials(url, _place("tool.builder.index", context)) for name, url in own.index.items()}
    secrets = [*(found.credentials for found in (asked, *wanted.values())), dict(filter(all, indexes.values()))]
    return Project(
        name=flet.get("project") or _word(stated, poet, "name") or _utf8(folder) or "app",
        version=flet.get("build_version") or _word(stated, poet, "version") or "1.0.0",
        description=flet.get("description", _word(stated, poet, "description")),
        requires=_unique(asked.requires) or ("flet",),
        platform_requires={name: _unique(found.requires) for name, found in wanted.items() if found.requires},
        constraints=_unique(asked.constraints),
        hashes=_unique([name for found in (asked, *wanted.values()) for name in found.hashes]),
        indexes=tuple(dict.fromkeys([*asked.index[-1:], *asked.extra])),
        package_indexes={name: url for name, (url, _) in indexes.items()},
        default_index=not asked.index,
        prereleases=bool(asked.pre),
        module=_module(flet.get("app.module", "main")),
        path=_path(flet.get("app.path", ".")),
        flet=flet,
        settings=own,
        credentials={url: secret for found in secrets for url, secret in found.items()},
    )


def requires_python(data: dict[str, Any]) -> SpecifierSet:
    """The Pythons that the content of a pyproject.toml allows. Raises BuilderError (project)."""
    text = _word(_table(data, "project"), {}, "requires-python")
    try:
        return SpecifierSet(text)
    except InvalidSpecifier as error:
        place = Place(f"`{PYPROJECT}`: `project.requires-python`")
        raise wrong(place, f"`{text}` is no version specifier", "write it such as >=3.12") from error


def _asked(stated: dict[str, Any], poet: dict[str, Any], context: Context) -> Asked:
    """The requirements of the first place that names any."""
    found = _listed(stated.get("dependencies", []), "project.dependencies", context)
    if not found.requires and "dependencies" in poet:
        place = "tool.poetry.dependencies"
        found = _listed(poetry.requirements(poet["dependencies"], _place(place, context)), place, context)
    text = _optional(REQUIREMENTS, context)
    if text is None:
        return found
    if not found.requires:
        return requirements.asked(REQUIREMENTS, context)
    if requirements.names_any(text):
        context.warn(f"`{REQUIREMENTS}` is not read: `{PYPROJECT}` names the dependencies")
    return found


def _developed(asked: Asked, flet: Mapping[str, Any], context: Context) -> Asked:
    """What is asked for, with the packages that `dev_packages` names from where that says."""
    place = _place("tool.flet.dev_packages", context)
    return requirements.over(asked, requirements.located(asked.requires, flet.get("dev_packages", {}), place))


def _listed(texts: Any, name: str, context: Context) -> Asked:
    """The requirements of a list in pyproject.toml."""
    place = _place(name, context)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise wrong(place, "is not a list of texts", 'write a list such as ["flet"]')
    found = Asked()
    for text in texts:
        named = reference(text, place)
        found.requires.append(named.requirement)
        found.hashes.extend(named.hashes)
        found.credentials.update(named.credentials)
    return found


def _place(name: str, context: Context) -> Place:
    return Place(f"`{PYPROJECT}`: `{name}`", read=context.read)


def _optional(name: str, context: Context) -> bytes | None:
    """The bytes of a file, None where it is missing."""
    try:
        return context.read(name)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise wrong(
            Place(f"`{name}`"), f"can't be read: {error.strerror}", "check what it is, and its rights"
        ) from error


def _toml(data: bytes | None) -> dict[str, Any]:
    try:
        return tomllib.loads((data or b"").decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise wrong(Place(f"`{PYPROJECT}`"), f"is not TOML: {error}", "mend that place") from error


def _table(data: dict[str, Any], key: str, name: str = "") -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise wrong(Place(f"`{PYPROJECT}`"), f"`{name or key}` is not a table", f"write its keys below [{name or key}]")
    return value


def _word(stated: dict[str, Any], poet: dict[str, Any], key: str) -> str:
    """A text of [project], else of [tool.poetry], else ""."""
    for table, name in ((stated, "project"), (poet, "tool.poetry")):
        if table.get(key) not in (None, ""):
            place = f"`{PYPROJECT}`: `{name}.{key}`"
            return str(check(fletkeys.BY_NAME["project"], table[key], place, Exit.PROJECT))
    return ""


def _unique(texts: list[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))


def _utf8(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


def _module(value: str) -> str:
    """A module's name, also of `main.py`."""
    name = value.removesuffix(".py")
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)*", name):
        place = Place(f"`{PYPROJECT}`: `tool.flet.app.module`")
        raise wrong(place, f"`{value}` is no module", 'write its name, such as module = "main"')
    return name


def _path(value: str) -> str:
    path = posixpath.normpath(value.replace("\\", "/"))
    if path.startswith(("/", "../")) or path == ".." or re.match(r"[A-Za-z]:", path) or "\0" in path:
        place = Place(f"`{PYPROJECT}`: `tool.flet.app.path`")
        raise wrong(place, f"`{value}` leaves the app", 'write a folder below it, such as path = "src"')
    return path


def _check_entry(root: Path, project: Project) -> None:
    file = f"{project.module.replace('.', '/')}.py"
    wanted = posixpath.normpath(posixpath.join(project.path, file))
    if _is_file(root / wanted):
        return
    mend = "add that file, or name another with `path` and `module` in [tool.flet.app]"
    others = [folder for folder in (".", "src", "app") if _is_file(root / folder / file)]
    if others:
        mend = f'add to {PYPROJECT}: [tool.flet.app] path = "{others[0]}"'
    elif not any((root / name).exists() for name in (PYPROJECT, REQUIREMENTS)):
        mend = "run `builder init` to start an app there, or name the folder that holds one"
    raise BuilderError(f"`{root}` has no entry point `{wanted}`", hint=mend, code=Exit.PROJECT)


def _images(assets: Path) -> tuple[str, ...]:
    """The images that Flet makes icons and splash screens of, drawings too, so that what reads them can say no."""
    try:
        names = [entry.name for entry in assets.iterdir() if entry.is_file()]
    except OSError:  # there is no such folder
        return ()
    return tuple(sorted({found[1] or found[2] for name in names if (found := _IMAGE.fullmatch(name))}))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name that is too long
        return False
