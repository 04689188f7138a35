"""One run of uv for all targets: which version of what, and every file of these versions."""

import json
import re
import sys
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.pylock import Package, Pylock

from builder import process
from builder.errors import BuilderError, Exit
from builder.inputs import CLIENTS
from builder.lock import Inputs
from builder.model import DESKTOP, PYODIDE
from builder.resolver import graph, unsolvable
from builder.resolver.graph import ROOT, Graph, Key
from builder.resolver.wheels import condition

# What of the caller's uv settings may reach uv: how to connect, never what to resolve.
_PASSED = ("UV_KEYRING_PROVIDER", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES")
# Locks, leaves uv.lock behind and writes a pylock.toml to stdout.
_EXPORT = ("--format", "pylock.toml", "--all-extras", "--no-emit-project", "--no-header")
_DEFAULT = "default"  # name of the default index in uv's settings
_TRIES = re.compile(r"Request failed after \d+ retries in [\d.]+s")  # another time with each run
_PLATFORM = {"android": "emscripten", "web": "emscripten", "linux": "linux", "windows": "win32", "macos": "darwin"}


@dataclass(frozen=True)
class Uv:
    """How to run uv here."""

    program: str  # path of the executable
    environ: Mapping[str, str]  # the caller's
    cache: Path  # uv's own, absolute
    index: str  # URL of the default index, with its credentials
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)  # URL -> `user:password`

    def secret(self, url: str) -> str:
        """A URL of the project's own with its credentials in it."""
        return url.replace("://", f"://{self.credentials[url]}@", 1) if url in self.credentials else url


@dataclass(frozen=True)
class Question:
    """What is asked of the resolver."""

    inputs: Inputs
    targets: tuple[str, ...]
    preferred: frozenset[Key] = frozenset()  # kept where the inputs allow
    limits: tuple[str, ...] = ()  # further constraints, PEP 508
    beside: tuple[str, ...] = DESKTOP  # what Pyodide's targets are looked at together with
    exclude_newer: str = ""  # instant, RFC 3339
    exceptions: Mapping[str, str] = field(default_factory=dict)  # package -> its own such instant


@dataclass(frozen=True)
class Resolution:
    """What uv answered."""

    packages: Mapping[Key, Package]
    graph: Graph
    unhashed: frozenset[Key]  # whose index tells no hashes: uv read the files to know them
    newer: tuple[str, ...] | None  # `name version` of each newer one that the index has; None: not known
    warnings: tuple[str, ...]


def resolve(question: Question, uv: Uv) -> Resolution:
    """The versions that satisfy all of the question's targets at once.

    Raises BuilderError (lock) where there are none, (fetch) where the index can't be asked.
    """
    with TemporaryDirectory(prefix="builder-lock-") as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_text(_project(question, uv), encoding="utf-8")
        if question.preferred:
            (root / "uv.lock").write_text(_preferences(question, uv.index), encoding="utf-8")
        (root / "uv.toml").write_text(_settings(question, uv), encoding="utf-8")
        environment = _environment(question, uv) | {"UV_CONFIG_FILE": str(root / "uv.toml")}
        done = process.run([uv.program, "export", "--no-progress", *_EXPORT], cwd=root, env=environment)
        if done.code != 0:
            raise _failure(question, done.code, done.err)
        with ThreadPoolExecutor(1) as pool:
            newer = pool.submit(_newer, uv, root, environment)
            table = tomllib.loads((root / "uv.lock").read_text(encoding="utf-8"))
            packages = _packages(done.out)
            return Resolution(packages, graph.parse(table), _unhashed(table), newer.result(), _warnings(done.err))


def _project(question: Question, uv: Uv) -> str:
    """The scratch pyproject.toml. Only builder's own interpreter is at hand, so Python's version is a marker."""
    inputs = question.inputs
    extras = {
        name: [_reachable(_placed(text, name), uv) for text in texts] for name, texts in _platforms(inputs).items()
    }
    common = [_reachable(text, uv) for text in inputs.requires if "extra ==" not in text]
    # Trap: uv takes a package without sdist for unusable where only Pyodide's wheels fit, for it does not know their
    # tags; beside the desktop's systems it keeps them.
    targets = {*question.targets, *(question.beside if set(question.targets) & set(PYODIDE) else ())}
    where = " or ".join(sorted({f"({condition(target)})" for target in targets}))
    space = f"python_full_version == '{inputs.python}.*' and ({where})"
    lines = [
        "[project]",
        f'name = "{ROOT}"',
        'version = "0"',
        'requires-python = ">=3.11"',
        f"dependencies = {_toml(common)}",
        "[project.optional-dependencies]",
        *(f"{name} = {_toml(texts)}" for name, texts in sorted(extras.items())),
        "[tool.uv]",
        "package = false",
        f"environments = {_toml([space])}",
        f"constraint-dependencies = {_toml([*inputs.constraints, *question.limits])}",
        f"override-dependencies = {_toml(list(inputs.overrides))}",
        f"exclude-dependencies = {_toml([*CLIENTS, 'flet-cli'])}",
    ]
    return "\n".join(lines) + "\n"


def _settings(question: Question, uv: Uv) -> str:
    """The scratch uv.toml: with it uv looks for no other, as with UV_NO_CONFIG; URLs with passwords stay out of it.

    A file that the default index has published never changes, so uv need not ask whether it did; pages are asked for.
    """
    lines = [f"exclude-newer-package = {_inline(question.exceptions)}"] if question.exceptions else []
    if not question.inputs.default_index:
        return "".join(f"{line}\n" for line in lines)
    url = urlsplit(uv.index)._replace(netloc=urlsplit(uv.index).netloc.rpartition("@")[2]).geturl()
    lines += ["[[index]]", f"name = {_toml(_DEFAULT)}", f"url = {_toml(url)}", "default = true"]
    return "\n".join([*lines, 'cache-control = { files = "max-age=31536000, immutable" }']) + "\n"


def _inline(values: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{name} = {_toml(value)}" for name, value in sorted(values.items())) + " }"


def _platforms(inputs: Inputs) -> dict[str, list[str]]:
    """The requirements of each platform's own, by platform."""
    found: dict[str, list[str]] = {}
    for text in inputs.requires:
        if "extra ==" in text:
            found.setdefault(text.rsplit('"', 2)[1], []).append(text)
    return found


def _placed(text: str, platform: str) -> str:
    """A platform's requirement with the marker of its system in place of the extra's."""
    return text.replace(f'extra == "{platform}"', f'sys_platform == "{_PLATFORM.get(platform, platform)}"')


def _reachable(text: str, uv: Uv) -> str:
    """A requirement whose URL, if it has one, holds the credentials that it takes."""
    for url in uv.credentials:
        text = text.replace(f" @ {url}", f" @ {uv.secret(url)}")
    return text


def _preferences(question: Question, index: str) -> str:
    """A uv.lock of nothing but versions: uv keeps them where it can. Its options must be those of the run."""
    parts = ['version = 1\nrequires-python = ">=3.11"\n']
    options = {"prerelease-mode": "allow"} if question.inputs.prereleases else {}
    options |= {"exclude-newer": question.exclude_newer} if question.exclude_newer else {}
    if options:
        parts.append("[options]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in options.items()))
    if question.exceptions:
        rows = "".join(f"{name} = {_toml(value)}\n" for name, value in sorted(question.exceptions.items()))
        parts.append(f"[options.exclude-newer-package]\n{rows}")
    for name, version in sorted(question.preferred):
        source = f"source = {{ registry = {_toml(index.rstrip('/'))} }}"
        parts.append(f"[[package]]\nname = {_toml(name)}\nversion = {_toml(version)}\n{source}\n")
    return "\n".join(parts)


def _environment(question: Question, uv: Uv) -> dict[str, str]:
    """uv's variables: URLs go here and not into arguments, which are logged."""
    kept = {
        name: value
        for name, value in uv.environ.items()
        if name in _PASSED or not name.startswith(("UV_", "PYTHON", "VIRTUAL_ENV", "CONDA_"))
    }
    certificates = uv.environ.get("SSL_CERT_FILE") or uv.environ.get("PIP_CERT", "")
    indexes = [uv.secret(url) for url in question.inputs.indexes]
    found = {
        **kept,
        "UV_CACHE_DIR": str(uv.cache),
        "UV_NO_BUILD": "1",  # else uv runs a package's build script on the host; not in [tool.uv], which is not read
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
        "NO_COLOR": "1",
    }
    found |= _login(uv.index) if question.inputs.default_index else {"UV_DEFAULT_INDEX": indexes.pop(0)}
    found |= {"SSL_CERT_FILE": certificates} if certificates else {}
    found |= {"UV_INDEX": " ".join(indexes)} if indexes else {}
    # Beside UV_NO_BUILD this only lets the source archives of those packages count; their wheels are locked too.
    found |= {"UV_NO_BINARY_PACKAGE": " ".join(question.inputs.sdist)} if question.inputs.sdist else {}
    found |= {"UV_PRERELEASE": "allow"} if question.inputs.prereleases else {}
    found |= {"UV_EXCLUDE_NEWER": question.exclude_newer} if question.exclude_newer else {}
    return found


def _login(index: str) -> dict[str, str]:
    """The credentials in the default index's URL, as uv takes them for an index that its settings name."""
    parts = urlsplit(index)
    found = {"USERNAME": parts.username, "PASSWORD": parts.password}
    return {f"UV_INDEX_{_DEFAULT.upper()}_{name}": unquote(value) for name, value in found.items() if value is not None}


def _packages(pylock: str) -> dict[Key, Package]:
    """Each package with all of its files, as the text of a pylock.toml (PEP 751) has them."""
    packages = Pylock.from_dict(tomllib.loads(pylock)).packages
    return {Key(package.name, str(package.version or "")): package for package in packages}


def _unhashed(table: dict[str, Any]) -> frozenset[Key]:
    """The packages of a uv.lock that have a file without hash."""
    return frozenset(
        Key(row["name"], row.get("version", ""))
        for row in table.get("package", ())
        if any("hash" not in file for file in (*row.get("wheels", ()), *filter(None, [row.get("sdist")])))
    )


def _newer(uv: Uv, root: Path, environment: Mapping[str, str]) -> tuple[str, ...] | None:
    """What the index pages of this same run show as newer, without asking again."""
    tree = [uv.program, "tree", "--outdated", "--offline", "--frozen", "--universal", "--quiet"]
    done = process.run(tree, cwd=root, env=environment)
    if done.code != 0:
        return None
    found = set()
    for line in done.out.splitlines():
        head, mark, latest = line.partition(" (latest: v")
        if mark:
            found.add(f"{head.split()[-2].split('[')[0]} {latest.split(')')[0]}")
    return tuple(sorted(found))


def _warnings(err: str) -> tuple[str, ...]:
    """What uv warned of, such as a yanked version."""
    return tuple(line.removeprefix("warning: ") for line in err.splitlines() if line.startswith("warning: "))


def _failure(question: Question, code: int, err: str) -> BuilderError:
    """uv ends with 1 where there is no solution, with 2 where something kept it from looking."""
    said = [line for line in err.splitlines() if not line.startswith("Using CPython")]
    text = _TRIES.sub("Request failed", "\n".join(said).split("\nhint: ")[0]).strip().removeprefix("error: ")
    if code == 1 and "unexpected JSON" not in text:
        return _unsolvable(question, text)
    return BuilderError(
        f"the resolver could not finish: {text}",
        hint="check the network and the index (`[tool.builder.mirrors]`, BUILDER_MIRROR_PYPI, pip's configuration)",
        code=Exit.FETCH,
    )


def _unsolvable(question: Question, text: str) -> BuilderError:
    """Who wants what of which package; a fact a line."""
    python = question.inputs.python
    facts = unsolvable.reasons(text, python)
    some = unsolvable.where(text, question.targets, python)
    of = f" of {', '.join(f'`{target}`' for target in some)}" if some else ""
    wheels = "take a version that has wheels, or allow its source archive with `sdist` in `[tool.builder]`; else "
    return BuilderError(
        "\n  ".join([f"the requirements{of} can't be met together:", *facts]),
        hint=f"{wheels if any('usable wheels' in fact for fact in facts) else ''}change the requirements that the text "
        "names, or the targets in `[tool.builder]`",
        code=Exit.LOCK,
    )


def _toml(value: str | list[str]) -> str:
    """A TOML string or list of strings: JSON's form is one."""
    return json.dumps(value, ensure_ascii=False)
