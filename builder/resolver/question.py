"""What uv is asked, as the scratch project that it is given, and its environment."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from builder.inputs import CLIENTS
from builder.lock import Inputs
from builder.model import DESKTOP, PYODIDE
from builder.resolver.graph import ROOT, Key
from builder.resolver.wheels import condition

# What of the caller's uv settings may reach uv: how to connect, never what to resolve.
_PASSED = ("UV_KEYRING_PROVIDER", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES")
_DEFAULT = "default"  # name of the default index in uv's settings
_OWN = "own"  # of the group of packages that have an index of their own, and the beginning of those indexes' names
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


def files(question: Question, uv: Uv) -> dict[str, str]:
    """The scratch project: file -> text."""
    found = {"pyproject.toml": _project(question, uv), "uv.toml": _settings(question, uv)}
    return found | ({"uv.lock": _preferences(question, uv.index)} if question.preferred else {})


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
        *_own_indexes(inputs),
    ]
    return "\n".join(lines) + "\n"


def _own_indexes(inputs: Inputs) -> list[str]:
    """The packages that come from one index alone, which is asked for no other; nothing where there are none.

    Trap: such a source counts for what the project itself names; a group that is not exported names them all.
    """
    own = inputs.own_indexes()
    names = {url: name for name, url in _names(inputs).items()}
    sources = [f"{_toml(name)} = {{ index = {_toml(names[url])} }}" for name, url in sorted(own.items())]
    tables = [
        f"[[tool.uv.index]]\nname = {_toml(name)}\nurl = {_toml(url)}\nexplicit = true" for url, name in names.items()
    ]
    groups = ["[dependency-groups]", f"{_OWN} = {_toml(sorted(own))}"]
    return [*groups, "[tool.uv.sources]", *sources, *tables] if own else []


def _names(inputs: Inputs) -> dict[str, str]:
    """Name in uv's settings -> URL, of the indexes that only serve packages of their own."""
    return {f"{_OWN}-{number}": url for number, url in enumerate(sorted(set(inputs.own_indexes().values())), 1)}


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
    own = question.inputs.own_indexes()
    for name, version in sorted(question.preferred):
        source = f"source = {{ registry = {_toml(own.get(name) or index.rstrip('/'))} }}"
        parts.append(f"[[package]]\nname = {_toml(name)}\nversion = {_toml(version)}\n{source}\n")
    return "\n".join(parts)


def environment(question: Question, uv: Uv) -> dict[str, str]:
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
    found |= _login(_DEFAULT, uv.index) if question.inputs.default_index else {"UV_DEFAULT_INDEX": indexes.pop(0)}
    for name, url in _names(question.inputs).items():
        found |= _login(name, uv.secret(url))
    found |= {"SSL_CERT_FILE": certificates} if certificates else {}
    found |= {"UV_INDEX": " ".join(indexes)} if indexes else {}
    # Beside UV_NO_BUILD this only lets the source archives of those packages count; their wheels are locked too.
    found |= {"UV_NO_BINARY_PACKAGE": " ".join(question.inputs.sdist)} if question.inputs.sdist else {}
    found |= {"UV_PRERELEASE": "allow"} if question.inputs.prereleases else {}
    found |= {"UV_EXCLUDE_NEWER": question.exclude_newer} if question.exclude_newer else {}
    return found


def _login(name: str, url: str) -> dict[str, str]:
    """The credentials in an index's URL, as uv takes them for an index that its settings call so."""
    parts = urlsplit(url)
    found = {"USERNAME": parts.username, "PASSWORD": parts.password}
    place = f"UV_INDEX_{name.upper().replace('-', '_')}"
    return {f"{place}_{what}": unquote(value) for what, value in found.items() if value is not None}


def _toml(value: str | list[str]) -> str:
    """A TOML string or list of strings: JSON's form is one."""
    return json.dumps(value, ensure_ascii=False)
