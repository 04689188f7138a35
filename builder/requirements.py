"""requirements.txt as pip reads it, with the files that it includes."""

import codecs
import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from optparse import OptionParser, Values
from typing import NoReturn

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from builder.references import Place, Read, reference, without_credentials, wrong

_BOMS = (  # a longer mark goes before one that it begins with
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_EFFECT = ("no_binary", "trusted_host", "use_feature", "config_settings")


@dataclass(frozen=True)
class Asked:
    """What a requirements file asks for; lists are gathered while it is read."""

    requires: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)  # `name sha256`
    index: list[str] = field(default_factory=list)  # of -i, the last one counts
    extra: list[str] = field(default_factory=list)  # of --extra-index-url
    pre: list[bool] = field(default_factory=list)
    credentials: dict[str, str] = field(default_factory=dict)  # URL -> `user:password`


@dataclass(frozen=True)
class Context:
    """What reading a requirements file takes besides its name."""

    read: Read
    environ: Mapping[str, str]
    warn: Callable[[str], None]


def asked(path: str, context: Context) -> Asked:
    """What the file at a path, relative to the app, and all files that it includes ask for.

    Raises BuilderError (project) naming file and line.
    """
    found = Asked()
    _file(path, (), "requires", context, found)
    return found


def names_any(data: bytes) -> bool:
    """Whether a requirements file has any line that is not only a comment."""
    return any(line for _, line in _lines(decoded(data, Place("`requirements.txt`"))))


def located(requires: Iterable[str], locations: Mapping[str, object], place: Place) -> Asked:
    """Of some requirements those that a table of package -> URL or path names, each from there.

    Extras and markers stay. Raises BuilderError (project) for a location that is no text, or no URL or path.
    """
    known = {str(canonicalize_name(name)): location for name, location in locations.items()}
    found = Asked()
    for wanted in map(Requirement, requires):
        location = known.get(wanted.name)
        if location is None:
            continue
        if not isinstance(location, str):
            raise wrong(place, f"has no text for `{wanted.name}`", "write the URL of a wheel in quotes")
        extras = f"[{','.join(sorted(wanted.extras))}]" if wanted.extras else ""
        marker = f" ; {wanted.marker}" if wanted.marker else ""
        named = reference(f"{wanted.name}{extras} @ {location}{marker}", place)
        found.requires.append(named.requirement)
        found.hashes.extend(named.hashes)
        found.credentials.update(named.credentials)
    return found


def over(asked: Asked, others: Asked) -> Asked:
    """What is asked for, with the requirements of others in the place of those of the same names."""
    names = {Requirement(text).name for text in others.requires}
    kept = [text for text in asked.requires if Requirement(text).name not in names]
    return replace(
        asked,
        requires=[*kept, *others.requires],
        hashes=[*asked.hashes, *others.hashes],
        credentials={**asked.credentials, **others.credentials},
    )


def decoded(data: bytes, place: Place) -> str:
    """The text of a file, by its byte order mark or its PEP 263 line, else UTF-8. Raises BuilderError (project)."""
    mark = next(((mark, name) for mark, name in _BOMS if data.startswith(mark)), (b"", "utf-8"))
    stated = re.search(rb"^[ \t]*#.*?coding[:=][ \t]*([-\w.]+)", b"\n".join(data.split(b"\n", 2)[:2]), re.MULTILINE)
    encoding = stated[1].decode("ascii", "replace") if stated and not mark[0] else mark[1]
    try:
        return data[len(mark[0]) :].decode(encoding)
    except (ValueError, LookupError) as error:
        raise wrong(place, f"is not {encoding}", "save it as UTF-8") from error


def _file(path: str, above: tuple[str, ...], kind: str, context: Context, found: Asked) -> None:
    """Read one file; `kind` says where its requirements go."""
    place = Place(f"`{path}`")
    if path in above:
        raise wrong(place, "includes itself", f"remove one of the lines that include it ({' → '.join(above)} → {path})")
    try:
        text = decoded(context.read(path), place)
    except (OSError, ValueError) as error:
        by = f", which `{above[-1]}` includes," if above else ""
        raise wrong(
            place, f"{by} can't be read".strip(", "), "mend the line that includes it, or add the file"
        ) from error
    for number, line in _lines(text):
        place = Place(f"`{path}` line {number}", posixpath.dirname(path), context.read)
        _line(line, place, (*above, path), kind, context, found)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line that says something: continued lines as one, without comments."""
    parts: list[str] = []
    first = 0
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        first = first or number
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            parts.append(line[:-1])
            continue
        whole = re.sub(r"(^|\s)\s*#.*$", "", "".join([*parts, " " if comment else "", line])).strip()
        if whole:
            yield first, whole
        parts, first = [], 0


def _line(line: str, place: Place, files: tuple[str, ...], kind: str, context: Context, found: Asked) -> None:
    expanded = re.sub(r"\$\{([A-Z0-9_]+)\}", lambda match: context.environ.get(match[1], match[0]), line)
    if any(0xD800 <= ord(char) <= 0xDFFF for char in expanded):
        raise wrong(place, "is not UTF-8 once its variables are filled in", "mend the variable's value")
    text, options = _split(expanded, line, place)
    for name in _WITHOUT_EFFECT:
        if getattr(options, name):
            context.warn(f"{place.text}: `--{name.replace('_', '-')}` has no effect in builder")
    if options.editable:
        mend = "write it without -e: a locked app holds files, not links to a folder that changes"
        raise wrong(place, f"`{line}` is editable", mend)
    if text:
        _requirement(text, options, place, kind, found)
        return
    _indexes(options, place, found)
    for option, inner in (("requirement", "requires"), ("constraint", "constraints")):
        for name in getattr(options, option) or []:
            _file(_inner(name, place), files, inner, context, found)


def _requirement(text: str, options: Values, place: Place, kind: str, found: Asked) -> None:
    named = reference(text, place)
    getattr(found, kind).append(named.requirement)
    found.credentials.update(named.credentials)
    found.hashes.extend(named.hashes)
    for value in options.hash or []:
        if not re.fullmatch(r"sha256:[0-9a-fA-F]{64}", value):
            mend = "write --hash=sha256:… with 64 hexadecimal digits, as `pip hash` prints it"
            raise wrong(place, f"`--hash={value}` is no sha256", mend)
        found.hashes.append(f"{named.name} {value.removeprefix('sha256:').lower()}")


def _indexes(options: Values, place: Place, found: Asked) -> None:
    if options.no_index or options.find_links:
        mend = "remove it, and name a folder or server with `[tool.builder.mirrors]`"
        raise wrong(place, "`--no-index` and `--find-links` are not honoured by builder", mend)
    for urls, into in ((options.index_url, found.index), (options.extra_index_url, found.extra)):
        for url in urls or []:
            clean, secret = without_credentials(url, place)
            into.append(clean)
            found.credentials.update({clean: secret} if secret else {})
    if options.pre:
        found.pre.append(True)


def _inner(name: str, place: Place) -> str:
    """The path, relative to the app, of a file that another includes."""
    path = posixpath.normpath(posixpath.join(place.folder, name.replace("\\", "/")))
    if "://" in name or path.startswith("/") or "\0" in path:
        raise wrong(place, f"`{name}` does not lie in the app", "copy the file into the app and include it from there")
    return path


class _Parser(OptionParser):
    """An option parser that raises ValueError instead of leaving the program."""

    def error(self, msg: str) -> NoReturn:
        raise ValueError(msg)


def _parser() -> _Parser:
    parser = _Parser(add_help_option=False)
    for flags in (
        ["-r", "--requirement"], ["-c", "--constraint"], ["-e", "--editable"], ["-f", "--find-links"],
        ["-i", "--index-url", "--pypi-url"], ["--extra-index-url"], ["--hash"], ["--no-binary"], ["--only-binary"],
        ["--trusted-host"], ["--use-feature"], ["-C", "--config-settings", "--config-setting"],
    ):  # fmt: skip
        name = next(flag for flag in flags if flag.startswith("--"))
        parser.add_option(*flags, action="append", dest=name.strip("-").replace("-", "_"))
    for flag in ("--pre", "--no-index", "--prefer-binary", "--require-hashes"):
        parser.add_option(flag, action="store_true", default=False)
    return parser


def _split(expanded: str, line: str, place: Place) -> tuple[str, Values]:
    """The requirement of a line, and its options; what comes after the first option is options."""
    words = expanded.split(" ")
    first = next((number for number, word in enumerate(words) if word.startswith("-")), len(words))
    try:
        options, rest = _parser().parse_args(shlex.split(" ".join(words[first:])))
    except ValueError as error:
        raise wrong(
            place, f"`{line}` is not understood: {error}", "remove the option, or write it as pip does"
        ) from error
    if rest:
        raise wrong(place, f"`{line}` has `{rest[0]}` after its options", "write one requirement or option a line")
    return " ".join(words[:first]).strip(), options
