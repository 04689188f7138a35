"""What the package managers of this machine are told about mirrors: pip, uv, npm, Maven and apt.

Each function gives (where it stands, URL) pairs, the strongest first; URLs may hold credentials.
"""

import configparser
import re
from collections.abc import Iterator, Mapping
from email import message_from_string
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

from builder.errors import BuilderError, Exit

Stated = Iterator[tuple[str, str]]

_VANISHING = ("-security", "-updates", "/updates")  # suites of apt whose files do not stay


def pip_indexes(environ: Mapping[str, str], home: Path, etc: Path, prefix: Path) -> Stated:
    """The simple index that uv or pip is told to use."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        yield name, re.sub(r"^[\w.-]+=", "", environ.get(name, ""))  # uv allows `name=url`
    for path in _pip_files(environ, home, etc, prefix):
        parser = _ini(path, _text(path))
        for section in ("install", "global"):
            for key in ("index-url", "index_url"):
                yield str(path), _said(parser, section, key)


def npm_registries(environ: Mapping[str, str], home: Path, etc: Path) -> Stated:
    """The registry that npm is told to use."""
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        yield name, environ.get(name, "")
    user = environ.get("NPM_CONFIG_USERCONFIG") or environ.get("npm_config_userconfig")
    for path in (Path(user) if user else home / ".npmrc", etc / "npmrc"):
        parser = _ini(path, "[npm]\n" + _text(path))
        yield str(path), _expanded(_said(parser, "npm", "registry").strip("\"'"), environ)


def maven_mirrors(environ: Mapping[str, str], home: Path) -> Stated:
    """The mirror of Maven's `central` in the user's settings.xml."""
    path = home / ".m2" / "settings.xml"
    text = _text(path)
    if not text:
        return
    try:
        root = ElementTree.fromstring(text.lstrip("\ufeff"))
    except ElementTree.ParseError as error:
        raise _broken(path) from error
    for mirror in root.iterfind("{*}mirrors/{*}mirror"):
        covered = [part.strip() for part in (mirror.findtext("{*}mirrorOf") or "").split(",")]
        if "!central" not in covered and {"central", "*", "external:*"} & set(covered):
            yield str(path), _expanded((mirror.findtext("{*}url") or "").strip(), environ)


def apt_archives(etc: Path) -> Stated:
    """The Debian archives that apt is told to use, leaving out those of security updates."""
    apt = etc / "apt"
    lists = sorted((apt / "sources.list.d").glob("*.list"))
    stanzas = sorted((apt / "sources.list.d").glob("*.sources"))
    for path in chain([apt / "sources.list"], lists):
        yield from ((str(path), uri) for uri in _one_line(_text(path)))
    for path in stanzas:
        yield from ((str(path), uri) for uri in _deb822(_text(path)))


def _pip_files(environ: Mapping[str, str], home: Path, etc: Path, prefix: Path) -> list[Path]:
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == "/dev/null":  # pip's way to read no file at all
        return []
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return [
        *([Path(named)] if named else []),
        prefix / "pip.conf",
        home / "Library/Application Support/pip/pip.conf",
        config / "pip/pip.conf",
        home / ".pip/pip.conf",
        etc / "pip.conf",
        etc / "xdg/pip/pip.conf",
    ]


def _one_line(text: str) -> Iterator[str]:
    """sources.list(5), one-line style: `deb [options] uri suite [component ...]`."""
    for line in text.splitlines():
        fields = re.sub(r"\[[^]]*\]", " ", line.partition("#")[0]).split()
        if len(fields) > 2 and fields[0] == "deb" and _stays(fields[1], fields[2:3]):
            yield fields[1]


def _deb822(text: str) -> Iterator[str]:
    """sources.list(5), deb822 style: stanzas of `Field: values`."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", lines):
        fields = message_from_string(stanza.lstrip("\n"))
        off = str(fields.get("Enabled", "yes")).strip().lower() in ("no", "false", "0", "off")
        if off or "deb" not in str(fields.get("Types", "")).split():
            continue
        for uri in str(fields.get("URIs", "")).split():
            if _stays(uri, str(fields.get("Suites", "")).split()):
                yield uri


def _stays(uri: str, suites: list[str]) -> bool:
    plain = uri.startswith(("http://", "https://")) and uri.rstrip("/").endswith("/debian")
    return plain and any(not suite.endswith(_VANISHING) for suite in suites)


def _text(path: Path) -> str:
    """What a configuration file says; "" where there is none that can be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _ini(path: Path, text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(
        interpolation=None,
        strict=False,
        allow_no_value=True,
        delimiters=("=",) if text.startswith("[npm]") else ("=", ":"),
    )
    try:
        parser.read_string(text)
    except (configparser.Error, AttributeError) as error:  # the second for a line that goes on a key without a value
        raise _broken(path) from error
    return parser


def _said(parser: configparser.ConfigParser, section: str, key: str) -> str:
    """The value of a key; "" where there is none, also where the key stands there without one."""
    return parser.get(section, key, fallback="") or ""


def _expanded(value: str, environ: Mapping[str, str]) -> str:
    """`${NAME}` (npm) and `${env.NAME}` (Maven) replaced by what the environment says."""
    return re.sub(r"\$\{(?:env\.)?([^}]+)\}", lambda found: environ.get(found[1], found[0]), value)


def _broken(path: Path) -> BuilderError:
    return BuilderError(  # without the parser's words: they quote lines, which may hold a password
        f"`{path}` can't be read as the configuration that it should be",
        hint="mend that file, or name the mirror with BUILDER_MIRROR_<ALIAS>",
        code=Exit.FETCH,
    )
