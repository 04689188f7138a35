"""Facts of a line of Flet releases (`0.82`, `1.0`): which client, Pyodide, Flutter; data in toolchains/flet."""

from packaging.version import Version

from builder import data
from builder.errors import BuilderError, Exit
from builder.lock import Flutter
from builder.model import Model, Sha256


class Pyodide(Model):
    """One Pyodide that a line's client can start."""

    version: str
    python: str  # full version of its CPython
    platform: str  # platform tag of its wheels
    markers: dict[str, str] = {}  # PEP 508 environment values beyond the usual ones of Emscripten
    bundled: bool  # True: the client's wheel ships it; False: the npm package `pyodide` is used
    without: tuple[str, ...] = ()  # dependencies of flet that its markers mean to leave out here, but do not


class Replacement(Model):
    """One piece of a file that is put in the place of what a regular expression finds; it must find it once."""

    search: str
    text: str
    pad: str = ""  # one character that fills the text up to the length of what it replaces


class Patch(Model):
    """A mend of one file of the compiled client."""

    file: str
    why: str
    before: Sha256  # of the file in the tested version
    after: Sha256  # of that file when mended
    replace: tuple[Replacement, ...]


class Web(Model):
    """How the line's compiled web client is pruned, mended and started."""

    page: str  # template of index.html
    loader: str  # the file of Pyodide that the client's worker loads
    require: tuple[str, ...]
    drop: tuple[str, ...]  # glob patterns
    fonts: dict[str, str]  # family -> file below assets/
    stubs: dict[str, str]  # file of the site -> template
    renderers: dict[str, tuple[str, ...]]  # renderer -> glob patterns of the files that only it loads
    pyodide: dict[str, tuple[str, ...]]  # Python `major.minor` -> the files that stay of Pyodide's folder
    patches: tuple[Patch, ...]


class Line(Model):
    """What is known of one line of Flet releases."""

    line: str
    tested: tuple[str, ...]
    flutter: Flutter
    wheels: dict[str, str] = {}  # client, as `client` names it -> project whose wheel holds it
    archives: dict[str, str] = {}  # target, or with its flavor `linux-x86_64-full` -> file of Flet's own release
    glibc: dict[str, int] = {}  # client -> minor version that its wheel may ask for, where that is not the usual one
    compiled: dict[str, tuple[str, ...]]  # client -> the Flutter extensions in it; `every`: those of all clients
    pyodide: dict[str, Pyodide] = {}  # Python `major.minor` -> the Pyodide of it
    web: Web

    def wheel(self, target: str, flavor: str) -> str:
        """The project whose wheel holds a target's client; "" where no wheel does."""
        return self.wheels.get(client(target, flavor), "")

    def archive(self, target: str, flavor: str) -> str:
        """The file of Flet's own release that holds a target's client; "" where none does."""
        return self.archives.get(target.replace(family(target), client(target, flavor), 1), "")

    def extensions(self, target: str, flavor: str) -> tuple[str, ...]:
        """The Flutter extensions that are compiled into a target's client, by the names of their Dart packages."""
        return tuple(sorted({*self.compiled["every"], *self.compiled.get(client(target, flavor), ())}))


def family(target: str) -> str:
    """`linux` for `linux-x86_64`."""
    return target.split("-", 1)[0]


def client(target: str, flavor: str) -> str:
    """The name of a target's client: its family; `linux-full` for the flavor `full`, which only Linux tells apart."""
    return "linux-full" if (family(target), flavor) == ("linux", "full") else family(target)


def of(version: str) -> Line:
    """The line of a Flet version. Raises BuilderError (lock) for one that no line covers."""
    parsed = Version(version)
    name = f"{parsed.major}.{parsed.minor}"
    if name not in lines():
        raise BuilderError(
            f"flet {version} belongs to no line that this builder knows",
            hint=f"require a version of one of these lines: {', '.join(lines())}",
            code=Exit.LOCK,
        )
    return Line.model_validate(data.table(f"flet/{name}.toml"))


def lines() -> tuple[str, ...]:
    """The lines that builder knows, oldest first."""
    return tuple(sorted(data.names("flet"), key=Version))
