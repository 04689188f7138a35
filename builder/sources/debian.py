"""Debian's main archive: a signed InRelease names the package index by hash, and that names each package by hash.

The chain is that of apt ("Debian repository format"): OpenPGP signature, sha256 of Packages.xz, sha256 of a file.
"""

import hashlib
import lzma
import re
from collections.abc import Iterator

from builder import data
from builder.errors import BuilderError, Exit
from builder.lock import Need, Pin
from builder.network.http import Http
from builder.sources import Source, below

KEYRING = "debian-archive-keyring.asc"  # below toolchains/: the keys that Debian signs its archives with
_INDEX = "main/binary-amd64/Packages.xz"  # steps are x86_64-linux in every lock
_RELEASE_LIMIT = 8 << 20  # bytes
_INDEX_LIMIT = 64 << 20  # bytes, packed
_TEXT_LIMIT = 512 << 20  # bytes, unpacked
_MEMORY = 256 << 20  # bytes that unpacking may need
_VANISHING = ("-security", "-updates", "-proposed-updates", "-backports")


def resolve(needs: tuple[Need, ...], http: Http) -> tuple[Pin, ...]:
    """Each package as its suite's signed index has it; a need's path is the suite, its version may be empty.

    Raises BuilderError: fetch; mismatch for a signature or hash that is wrong; lock for a package that is not there.
    """
    return resolve_signed(needs, http, data.root().joinpath(KEYRING).read_bytes())


def resolve_signed(needs: tuple[Need, ...], http: Http, keyring: bytes) -> tuple[Pin, ...]:
    """The same for an archive whose signatures are by a key of this keyring (OpenPGP certificates, armoured)."""
    places = sorted({(need.source, need.path) for need in needs})
    indexes = {place: _index(*place, http, keyring) for place in places}
    return tuple(_pin(need, indexes[need.source, need.path]) for need in needs)


def locate(pin: Pin, base: str, http: Http) -> str:
    """Base, folder of the pool, file."""
    return below(base, pin.path, pin.file)


def _index(source: str, suite: str, http: Http, keyring: bytes) -> bytes:
    """The text of a suite's package index, once signature and hash are right."""
    if not re.fullmatch(r"[a-z][a-z0-9.-]*", suite) or suite.endswith(_VANISHING):
        raise BuilderError(
            f"`{suite}` is no suite of Debian to pin from",
            hint="name a release's main archive, such as `bookworm`; files of the others vanish",
            code=Exit.LOCK,
        )
    folder = f"{http.base(source)}dists/{suite}/"
    release = _verified(http.read(f"{folder}InRelease", limit=_RELEASE_LIMIT), suite, keyring)
    sha256, size = _stated(release, suite)
    packed = http.read(folder + _INDEX, limit=_INDEX_LIMIT)
    found = hashlib.sha256(packed).hexdigest()
    if (found, len(packed)) != (sha256, size):
        raise BuilderError(
            f"`{_INDEX}` of Debian `{suite}` has {len(packed)} bytes and sha256 {found}, "
            f"its signed InRelease states {size} and {sha256}",
            hint="try again: a mirror may be in the middle of an update; else choose another mirror",
            code=Exit.MISMATCH,
        )
    return _unpacked(packed, suite)


def _verified(message: bytes, suite: str, keyring: bytes) -> str:
    """What of an InRelease is signed, and nothing else of it. Raises BuilderError (mismatch)."""
    import pysequoia  # here: only who locks Debian packages needs it

    certificates = pysequoia.Cert.split_bytes(keyring)
    try:
        found = pysequoia.verify(message, lambda _: certificates)
    except RuntimeError as error:  # the library has no error of its own
        raise _unsigned(suite, str(error).splitlines()[0]) from error
    if not found.valid_sigs or found.bytes is None:
        raise _unsigned(suite, "it has no signature")
    release = bytes(found.bytes).decode("utf-8", "replace")
    names = {value for key, value in _fields(release) if key in ("Suite", "Codename")}
    if suite not in names:
        raise _unsigned(suite, f"it is the one of {' or '.join(sorted(names)) or 'no suite'}")
    return release


def _unsigned(suite: str, why: str) -> BuilderError:
    return BuilderError(
        f"the InRelease of Debian `{suite}` is not signed as it must be: {why}",
        hint="use another mirror, or a newer builder if Debian has new keys",
        code=Exit.MISMATCH,
    )


def _stated(release: str, suite: str) -> tuple[str, int]:
    """The sha256 and size that a release states for its index."""
    section = release.partition("\nSHA256:\n")[2]
    row = re.search(rf"^ ([0-9a-f]{{64}}) +([0-9]+) {re.escape(_INDEX)}$", section, re.MULTILINE)
    if row is None:
        raise _missing(f"the InRelease of Debian `{suite}` names no `{_INDEX}`")
    return row[1], int(row[2])


def _unpacked(packed: bytes, suite: str) -> bytes:
    try:
        unpack = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
        text = unpack.decompress(packed, _TEXT_LIMIT)
    except lzma.LZMAError as error:
        raise _missing(f"`{_INDEX}` of Debian `{suite}` is no xz file: {error}") from error
    if not unpack.eof:
        raise _missing(f"`{_INDEX}` of Debian `{suite}` is cut, or larger than {_TEXT_LIMIT} bytes")
    return text


def _pin(need: Need, index: bytes) -> Pin:
    found = [_whole(dict(_fields(stanza)), need) for stanza in _stanzas(need.name, index)]
    fitting = [fields for fields in found if need.version in ("", fields["Version"])]
    if not fitting:
        versions = ", ".join(fields["Version"] for fields in found)
        raise _missing(f"Debian `{need.path}` has no `{need.name}` {need.version}".rstrip(), versions)
    if len(fitting) > 1:
        versions = ", ".join(fields["Version"] for fields in fitting)
        raise _missing(f"Debian `{need.path}` has more than one `{need.name}`", versions)
    fields = fitting[0]
    path, slash, file = fields["Filename"].rpartition("/")
    return Pin(
        name=f"deb:{need.name}",
        version=fields["Version"],
        source=need.source,
        path=path + slash,
        file=file,
        size=int(fields["Size"]),
        sha256=fields["SHA256"],
        hash="signed",
        targets=need.targets,
    )


def _whole(fields: dict[str, str], need: Need) -> dict[str, str]:
    """The fields of a package, if all that a pin is made of is there and can be one. Raises BuilderError (lock)."""
    place = fields.get("Filename", "")
    plain = all(part not in ("", ".", "..") for part in place.split("/")) and "\\" not in place and place.isprintable()
    numbers = re.fullmatch("[0-9]{1,15}", fields.get("Size", "")) and re.fullmatch(
        "[0-9a-f]{64}", fields.get("SHA256", "")
    )
    if not (plain and numbers and fields.get("Version")):
        raise _missing(f"Debian `{need.path}` describes `{need.name}` wrongly")
    return fields


def _stanzas(name: str, index: bytes) -> Iterator[str]:
    """The paragraphs of an index that describe a package; in each, its name is the first field (deb822)."""
    text = b"\n\n" + index
    head = f"\n\nPackage: {name}\n".encode()
    at = text.find(head)
    while at >= 0:
        end = text.find(b"\n\n", at + 2)
        yield text[at + 2 : end if end >= 0 else len(text)].decode("utf-8", "replace")
        at = text.find(head, at + 2)


def _fields(stanza: str) -> Iterator[tuple[str, str]]:
    """The one-line fields of a paragraph."""
    for line in stanza.splitlines():
        key, colon, value = line.partition(": ")
        if colon and not key.startswith((" ", "\t")):
            yield key, value.strip()


def _missing(fact: str, versions: str = "") -> BuilderError:
    choices = f"choose one of its versions: {versions}" if versions else "choose another suite or package"
    return BuilderError(fact, hint=choices, code=Exit.LOCK)


SOURCE = Source(resolve=resolve, locate=locate)
