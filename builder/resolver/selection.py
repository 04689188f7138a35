"""Of what the resolver found, the one file of each package that a target uses."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit, urlunsplit

from packaging.pylock import Package, PackageArchive, PackageSdist, PackageWheel

from builder import sdists
from builder.errors import BuilderError, Exit
from builder.lock import Inputs, Known
from builder.resolver.distribution import ALIAS, NONE, Distribution
from builder.resolver.graph import ROOT, Key
from builder.resolver.resolution import Resolution
from builder.resolver.wheels import Environment, best, summary, tags_of

PYPI = "pypi"
DIRECT = "direct-"  # with a project's name: the alias of a wheel that is required by its URL


@dataclass(frozen=True)
class Chosen:
    """One file for one target; its hash or size may be still unknown."""

    key: Key
    source: str  # alias
    base: str  # URL of the source, without credentials; "" for a well-known registry
    file: str
    url: str
    sha256: str  # "" where the index gives none
    size: int | None
    hash: Known
    path: str = ""  # below the source's base, where that has folders


@dataclass(frozen=True)
class Missing:
    """A package that has no file for a target."""

    key: Key
    required_by: tuple[str, ...]
    files: tuple[str, ...]  # what it has instead
    base: str  # URL of its index; "" for the default one
    elsewhere: str = ""  # what the Pyodide distribution has of it, as the end of a sentence

    def __str__(self) -> str:
        by = ", ".join("the project" if name == ROOT else f"`{name}`" for name in self.required_by)
        return (
            f"`{self.key.name}` {self.key.version} (required by {by}) has {summary(self.files)}, none for this target"
            f"{self.elsewhere}"
        )


@dataclass(frozen=True)
class Rules:
    """What of the project decides over files."""

    hashes: Mapping[str, frozenset[str]]  # project -> the author's own sha256 values
    indexes: Mapping[str, str]  # URL without credentials -> alias
    sdist: frozenset[str]  # projects that may come as a source archive for the target
    distribution: Distribution = NONE  # what has wheels of packages of the default index that lack one for the target

    def source(self, index: str | None) -> tuple[str, str]:
        """Alias and base of the index that a package came from."""
        url = plain(index or "")
        alias = self.indexes.get(url, PYPI)
        return (alias, "") if alias == PYPI else (alias, url)


def rules(inputs: Inputs, default: str, target: str) -> Rules:
    """The rules of a project for one target; `default` is the URL of the default index."""
    hashes: dict[str, set[str]] = {}
    for text in inputs.hashes:
        name, _, sha256 = text.partition(" ")
        hashes.setdefault(name, set()).add(sha256.removeprefix("sha256:").lower())
    every = dict.fromkeys([*inputs.indexes, *sorted(inputs.own_indexes().values())])
    indexes = {plain(url): f"index-{number}" for number, url in enumerate(every, 1)}
    return Rules(
        {name: frozenset(values) for name, values in hashes.items()},
        {**indexes, plain(default): PYPI},
        frozenset({*inputs.sdist, *sdists.covered(target)}),
    )


def plain(url: str) -> str:
    """A URL without credentials, query and fragment, with a slash at its end."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/") + "/", "", ""))


def select(
    resolution: Resolution, needed: Mapping[Key, tuple[str, ...]], environment: Environment, rules: Rules
) -> tuple[tuple[Chosen, ...], tuple[Missing, ...]]:
    """The file of each needed package, and those packages that have none.

    Raises BuilderError (mismatch) where the author's own hashes allow none of the index's files.
    """
    chosen, missing = [], []
    for key, required_by in needed.items():
        file = _file(resolution.packages[key], environment, rules)
        if file is None:
            package = resolution.packages[key]
            names = tuple(sorted(_files(package)))
            base = rules.source(package.index)[1]
            elsewhere = "" if base else rules.distribution.told(key.name)
            missing.append(Missing(key, required_by, names, base, elsewhere))
        else:
            chosen.append(replace(file, hash="first-use") if key in resolution.unhashed else file)
    return tuple(chosen), tuple(missing)


def _file(package: Package, environment: Environment, rules: Rules) -> Chosen | None:
    if package.vcs is not None or package.directory is not None:
        raise direct(package.name)
    files = _files(package)
    own = rules.hashes.get(package.name, frozenset())
    fitting = {name: file for name, file in files.items() if not own or _sha256(file) in (*own, "")}
    file = _usable(package.name, fitting, environment, rules)
    if file is None and (other := _usable(package.name, files, environment, rules)):
        raise BuilderError(
            f"the index has `{_name(other)}` with sha256 {_sha256(other)}, which is none of the project's own "
            f"hashes of `{package.name}`",
            hint="correct the `--hash` in requirements.txt, or ask the index's owner why the file changed",
            code=Exit.MISMATCH,
        )
    return _distributed(package, rules) if file is None else _chosen(package, file, rules)


def _distributed(package: Package, rules: Rules) -> Chosen | None:
    """The wheel that the Pyodide distribution has of this very version of a package of the default index."""
    wheel = rules.distribution.usable(package.name)
    if wheel is None or wheel.version != str(package.version) or rules.source(package.index) != (PYPI, ""):
        return None
    key, path = Key(package.name, wheel.version), rules.distribution.path
    return Chosen(key, ALIAS, "", wheel.file, "", wheel.sha256, None, "table", path)


def _usable(
    name: str, files: Mapping[str, PackageWheel | PackageSdist | PackageArchive], environment: Environment, rules: Rules
) -> PackageWheel | PackageSdist | PackageArchive | None:
    """The best wheel, else the source archive where it is allowed."""
    wheel = best(files, environment)
    if wheel is not None or name not in rules.sdist:
        return wheel
    return next((file for filename, file in sorted(files.items()) if not tags_of(filename)), None)


def _chosen(package: Package, file: PackageWheel | PackageSdist | PackageArchive, rules: Rules) -> Chosen:
    key, url, sha256 = Key(package.name, str(package.version or "")), file.url or "", _sha256(file)
    if isinstance(file, PackageArchive):
        base = plain(url.rpartition("/")[0])
        return Chosen(key, f"{DIRECT}{package.name}", base, _name(file), url, sha256, file.size, "first-use")
    alias, base = rules.source(package.index)
    return Chosen(key, alias, base, _name(file), url, sha256, file.size, "index" if sha256 else "first-use")


def direct(name: str) -> BuilderError:
    """The refusal of a requirement that is a folder or a repository: neither has bytes that a hash could fix."""
    return BuilderError(
        f"`{name}` is required from a folder or a repository, which can't be pinned to its bytes",
        hint=f"build a wheel of it (`pip wheel --no-deps`), put that on an index or a web server, "
        f"and require it as `{name} @ https://host/file.whl` or by its version",
        code=Exit.LOCK,
    )


def _files(package: Package) -> dict[str, PackageWheel | PackageSdist | PackageArchive]:
    others = (package.sdist, package.archive)
    every = [*(package.wheels or ()), *(file for file in others if file is not None)]
    return {_name(file): file for file in every}


def _name(file: PackageWheel | PackageSdist | PackageArchive) -> str:
    if isinstance(file, PackageArchive):
        return unquote(urlsplit(file.url or "").path.rpartition("/")[2])
    return file.filename


def _sha256(file: PackageWheel | PackageSdist | PackageArchive) -> str:
    return file.hashes.get("sha256", "")
