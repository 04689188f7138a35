"""Rules of Debian archives: nothing is believed that no known key signed."""

import hashlib
import lzma
from typing import Any

import pysequoia
import pytest

from builder import data
from builder.errors import BuilderError, Exit
from builder.lock import Need, Pin
from builder.network.http import Http
from builder.sources import SOURCES, debian

INDEX = "main/binary-amd64/Packages.xz"
PACKAGES = f"""Package: libdemo
Version: 1:2.0-1
Architecture: amd64
Description: a package
 of more than one line
 Version: 9
Filename: pool/main/d/demo/libdemo_2.0-1_amd64.deb
Size: 1234
SHA256: {"ab" * 32}

Package: libdemo-dev
Version: 3
Filename: pool/main/d/demo/libdemo-dev_3_amd64.deb
Size: 5
SHA256: {"cd" * 32}

Package: twice
Version: 1
Filename: pool/main/t/twice/twice_1_amd64.deb
Size: 6
SHA256: {"11" * 32}

Package: twice
Version: 2+b1
Filename: pool/main/t/twice/twice_2+b1_amd64.deb
Size: 7
SHA256: {"22" * 32}
"""


class Archive:
    """A Debian archive with one suite, signed by a key of its own."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.key = pysequoia.Tsk.generate("Archive <archive@example.invalid>")
        self.other = pysequoia.Tsk.generate("Other <other@example.invalid>")
        self.http = Http(lambda alias: f"{server.url}debian/", environ={}, sleep=lambda seconds: None)
        self.publish()

    @property
    def keyring(self) -> bytes:
        return str(self.key.extract_certificate()).encode()

    def publish(self, packages: bytes = PACKAGES.encode(), **changes: Any) -> None:
        """Serve an index and the InRelease that names it; `changes` lie about it."""
        packed = changes.get("packed", lzma.compress(packages))
        sha256, size = hashlib.sha256(packed).hexdigest(), len(packed)
        row = changes.get("row", f" {sha256} {size:>9} {INDEX}")
        release = f"Origin: Debian\nSuite: {changes.get('suite', 'stable')}\nCodename: demo\n"
        release += f"MD5Sum:\n {'0' * 32} 1 {INDEX}\nSHA256:\n {'9' * 64} 1 contrib/binary-amd64/Packages.xz\n{row}\n"
        signer = changes.get("key", self.key).signer()
        message = pysequoia.sign(signer, release.encode(), mode=pysequoia.SignatureMode.CLEAR)
        self.release(changes.get("edit", lambda text: text)(message))
        self.server.routes[f"/debian/dists/demo/{INDEX}"] = changes.get("served", packed)

    def release(self, message: bytes) -> None:
        """Serve these bytes as the InRelease."""
        self.server.routes["/debian/dists/demo/InRelease"] = message

    def pins(self, *names: str, suite: str = "demo") -> tuple[Pin, ...]:
        """The pins of packages, each written `name` or `name=version`."""
        needs = []
        for name, _, version in (text.partition("=") for text in names):
            needs.append(Need(source="debian", name=name, version=version, path=suite, targets=("toolchain",)))
        return debian.resolve_signed(tuple(needs), self.http, self.keyring)

    def failure(self, *names: str, suite: str = "demo") -> BuilderError:
        with pytest.raises(BuilderError) as caught:
            self.pins(*names, suite=suite)
        assert caught.value.hint
        return caught.value


@pytest.fixture
def archive(server: Any) -> Archive:
    return Archive(server)


def test_package_is_pinned_as_the_signed_index_has_it(archive: Archive) -> None:
    """Version, folder, file, size and hash come from the index; the pin says that it was signed."""
    (pin,) = archive.pins("libdemo")
    assert pin == Pin(
        name="deb:libdemo",
        version="1:2.0-1",
        source="debian",
        path="pool/main/d/demo/",
        file="libdemo_2.0-1_amd64.deb",
        size=1234,
        sha256="ab" * 32,
        hash="signed",
        targets=("toolchain",),
    )


def test_index_is_asked_for_once(archive: Archive) -> None:
    """Two packages of a suite cost one InRelease and one index."""
    assert [pin.version for pin in archive.pins("libdemo", "libdemo-dev=3")] == ["1:2.0-1", "3"]
    assert [asked.path.rpartition("/")[2] for asked in archive.server.asked] == ["InRelease", "Packages.xz"]


def test_pin_lies_below_its_folder(archive: Archive) -> None:
    """The URL of a file is base, folder and name, with `+` and `~` as they are."""
    (pin,) = archive.pins("twice=2+b1")
    url = SOURCES["debian"].locate(pin, "http://mirror.invalid/debian/", archive.http)
    assert url == "http://mirror.invalid/debian/pool/main/t/twice/twice_2+b1_amd64.deb"


BAD_RELEASES = {
    "edited": {"edit": lambda text: text.replace(b"Origin: Debian", b"Origin: Debiam")},
    "unsigned": {"edit": lambda text: text.split(b"-----BEGIN PGP SIGNATURE")[0]},
    "error page": {"edit": lambda text: b"<!DOCTYPE html><title>Not found</title>"},
    "empty": {"edit": lambda text: b""},
    "cut": {"edit": lambda text: text[:-60]},
}


@pytest.mark.parametrize("changes", BAD_RELEASES.values(), ids=BAD_RELEASES)
def test_release_that_is_not_as_signed_is_refused(archive: Archive, changes: dict[str, Any]) -> None:
    """An InRelease without a good signature is a mismatch, and the index is not even asked for."""
    archive.publish(**changes)
    assert archive.failure("libdemo").code == Exit.MISMATCH
    assert [asked.path.rpartition("/")[2] for asked in archive.server.asked] == ["InRelease"]


def test_release_by_an_unknown_key_is_refused(archive: Archive) -> None:
    """A good signature by a key that is not in the keyring counts for nothing."""
    archive.publish(key=archive.other)
    error = archive.failure("libdemo")
    assert error.code == Exit.MISMATCH
    assert "is not signed as it must be" in error.message


def test_release_of_another_suite_is_refused(archive: Archive) -> None:
    """A mirror can't pass off the signed InRelease of another suite; Suite and Codename both name one."""
    archive.server.routes["/debian/dists/bookworm/InRelease"] = archive.server.routes["/debian/dists/demo/InRelease"]
    error = archive.failure("libdemo", suite="bookworm")
    assert (error.code, "demo or stable" in error.message) == (Exit.MISMATCH, True)
    archive.server.routes["/debian/dists/stable/InRelease"] = archive.server.routes["/debian/dists/demo/InRelease"]
    archive.server.routes[f"/debian/dists/stable/{INDEX}"] = archive.server.routes[f"/debian/dists/demo/{INDEX}"]
    assert archive.pins("libdemo", suite="stable")[0].version == "1:2.0-1"


def test_only_what_is_signed_is_read(archive: Archive) -> None:
    """Rows before or after the signed part, with another hash, change nothing."""
    row = b"SHA256:\n " + b"0" * 64 + b" 1 " + INDEX.encode() + b"\n"
    archive.publish(edit=lambda text: b"\n" + row + b"\n" + text + b"\n" + row)
    assert archive.pins("libdemo")[0].sha256 == "ab" * 32


@pytest.mark.parametrize("served", [b"other", lzma.compress(b"other"), b""], ids=["other", "xz", "empty"])
def test_index_with_other_bytes_is_refused(archive: Archive, served: bytes) -> None:
    """An index whose hash or size is not the signed one is a mismatch that names both."""
    archive.publish(served=served)
    error = archive.failure("libdemo")
    assert error.code == Exit.MISMATCH
    assert hashlib.sha256(served).hexdigest() in error.message


@pytest.mark.parametrize("packed", [b"no xz", lzma.compress(PACKAGES.encode())[:-9]], ids=["no xz", "cut"])
def test_index_that_is_signed_but_broken_is_refused(archive: Archive, packed: bytes) -> None:
    """A signature does not make an index of what is none."""
    archive.publish(packed=packed)
    assert archive.failure("libdemo").code == Exit.LOCK


def test_release_without_the_index_is_refused(archive: Archive) -> None:
    """A suite that has no amd64 index is named as such."""
    archive.publish(row=f" {'9' * 64} 1 main/binary-arm64/Packages.xz")
    assert INDEX in archive.failure("libdemo").message


@pytest.mark.parametrize(
    ("name", "fact", "mend"),
    [
        ("gone", "Debian `demo` has no `gone`", "another suite"),
        ("libdem", "Debian `demo` has no `libdem`", "another suite"),
        ("libdemo=1", "Debian `demo` has no `libdemo` 1", "1:2.0-1"),
        ("twice", "Debian `demo` has more than one `twice`", "1, 2+b1"),
    ],
)
def test_package_that_cannot_be_pinned_is_named(archive: Archive, name: str, fact: str, mend: str) -> None:
    """An unknown package, or version, or one of two, is a lock error that says what there is."""
    error = archive.failure(name)
    assert (error.code, error.message) == (Exit.LOCK, fact)
    assert mend in error.hint


@pytest.mark.parametrize("suite", ["bookworm-security", "bookworm-updates", "", "../x", "a b"])
def test_suite_whose_files_vanish_is_refused(archive: Archive, suite: str) -> None:
    """Only a release's main archive may be pinned; nothing is asked for otherwise."""
    assert archive.failure("libdemo", suite=suite).code == Exit.LOCK
    assert archive.server.asked == []


def test_missing_suite_is_a_fetch_error(archive: Archive) -> None:
    """A server without the suite is told apart from one that lies."""
    assert archive.failure("libdemo", suite="trixie").code == Exit.FETCH


def test_keyring_holds_the_keys_of_debian() -> None:
    """The keys that ship are those that sign bookworm's and trixie's archives."""
    text = data.root().joinpath(debian.KEYRING).read_bytes()
    fingerprints = {cert.fingerprint for cert in pysequoia.Cert.split_bytes(text)}
    assert {
        "b8b80b5b623eab6ad8775c45b7c5d7d6350947f8",
        "4d64fec119c2029067d6e791f8d2585b8783d481",
        "04b54c3cdca79751b16bc6b5225629df75b188bd",
        "41587f7db8c774bccf131416762f67a0b2c39de4",
    } <= fingerprints


def test_shipped_keyring_believes_no_other_key(archive: Archive) -> None:
    """`resolve` knows Debian's keys only."""
    with pytest.raises(BuilderError, match="is not signed as it must be"):
        debian.resolve((Need(source="debian", name="libdemo", path="demo", targets=("web",)),), archive.http)
