"""The lock: what `builder.lock` holds, as frozen data; `builder/lockfile.py` reads and writes it."""

from typing import Literal

from pydantic import Field

from builder.model import Model, Sha256

FILENAME = "builder.lock"
VERSION = 1
TOOLCHAIN = "toolchain"  # the name that stands for the toolchain where pins name their targets
BOOTSTRAP = "bootstrap"  # the same for what makes the toolchain where nothing else is: only plain Nix wants it

Known = Literal["index", "signed", "table", "first-use"]


class Pin(Model):
    """One outside file fixed to its bytes. Every source ends in this same shape."""

    name: str  # the project of a wheel (PEP 503 name), else what it is, such as `cpython` or `deb:libc6`
    version: str
    source: str  # alias of the place it comes from; where that is stands in client configuration or [sources]
    path: str = ""  # folder below the source's base, only where the source has a canonical one
    file: str = Field(pattern=r"^[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]{0,254}$")  # one entry of a folder
    size: int | None = Field(default=None, ge=0)  # bytes; None until somebody told
    sha256: Sha256
    hash: Known  # how the hash came to be known
    targets: tuple[str, ...]  # sorted; ("toolchain",) for the toolchain's own, ("bootstrap",) for its maker


class Need(Model):
    """An outside file that a target wants, not yet looked up."""

    source: str  # alias
    name: str  # project, `group:artifact`, npm package, Debian package, or for `url` what the file is
    version: str = ""
    path: str = ""  # for `url`: folder below the source's base
    file: str = ""  # which file, where name and version leave more than one
    targets: tuple[str, ...]


class Sdist(Model):
    """A source distribution that is built: what its build requires (PEP 518), and the wheels that were found for that.

    The wheels are among the lock's pins, not its packages: they are never installed into an app.
    """

    file: str
    requires: tuple[str, ...]  # PEP 508, sorted, without markers: those that hold in the toolchain
    wheels: tuple[str, ...]  # file names, sorted; what the required ones depend on is among them


class Origin(Model):
    """Where a source that is no well-known registry lives."""

    kind: str  # module of builder/sources that can read it
    base: str  # URL that ends in a slash


class Flutter(Model):
    """The Flutter SDK that made the client. The prebuilt client does not fetch it."""

    version: str
    framework: str  # git revision
    engine: str  # git revision
    dart: str = ""
    archive: str = ""  # path of the Linux SDK archive below Flutter's release storage
    sha256: Sha256 | Literal[""] = ""  # of that archive, where it is known


class Toolchain(Model):
    """The root that steps run in, fixed to the sha256 of its NAR."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")  # of a file that builder ships
    nar: Sha256


class Inputs(Model):
    """Everything of the project that the lock follows, normalised; a stale lock says which of these changed."""

    requires: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()  # `name sha256`, the author's own
    indexes: tuple[str, ...] = ()  # of requirements.txt, first index first
    package_indexes: tuple[str, ...] = Field(default=(), alias="package-indexes")  # `name URL`, the only one of each
    default_index: bool = Field(default=True, alias="default-index")  # False: the first of `indexes` is in its place
    prereleases: bool = False
    targets: tuple[str, ...]
    declared: bool = False  # True: the author named the targets, so each must lock
    python: str
    client: str
    runtime: str
    desktop_flavor: str = Field(default="light", alias="desktop-flavor")  # of Linux's client: light or full
    sdist: tuple[str, ...] = ()
    exclude_newer: str = Field(default="", alias="exclude-newer")  # an instant, RFC 3339

    def own_indexes(self) -> dict[str, str]:
        """Package -> URL of the only index that it comes from, of those that have one."""
        return dict(text.split(" ", 1) for text in self.package_indexes)


class Lock(Model):
    """Every outside byte that any target of the project needs."""

    inputs: Inputs
    sources: dict[str, Origin] = {}
    flutter: Flutter | None = None
    toolchain: Toolchain
    packages: tuple[Pin, ...] = ()  # Python packages, the client's wheels among them
    sdists: tuple[Sdist, ...] = ()  # of the packages, those that are built
    pins: tuple[Pin, ...] = ()  # all else
    unavailable: dict[str, str] = {}  # target -> why it could not be locked

    def packages_of(self, target: str) -> tuple[Pin, ...]:
        """The Python packages that a target uses, sorted as in the lock."""
        return tuple(pin for pin in self.packages if target in pin.targets)

    def pins_of(self, target: str) -> tuple[Pin, ...]:
        """All other pins that a target uses, sorted as in the lock."""
        return tuple(pin for pin in self.pins if target in pin.targets)

    def by_sha256(self) -> dict[str, Pin]:
        """Each pin under its hash."""
        return {pin.sha256: pin for pin in (*self.pins, *self.packages)}
