"""Signatures of APKs: the same bytes every time, right or refused; keys, passwords, and what is left after an error."""

import contextlib
import datetime
import hashlib
import json
import multiprocessing
import os
import pty
import random
import shutil
import struct
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from builder import cli
from builder.commands import Context, sign
from builder.errors import BuilderError, Exit
from builder.project import Project
from builder.signing import apkfile, debugkey, encoding, identity, keystores, schemes, verifying
from builder.store import Store

KEYS = Path(__file__).parent / "key_stores"  # made by keytool of Java 17, and good for nothing else
STORE_PASSWORD, KEY_PASSWORD = "FLET_ANDROID_SIGNING_KEY_STORE_PASSWORD", "FLET_ANDROID_SIGNING_KEY_PASSWORD"
OPEN = {STORE_PASSWORD: "secret1"}
CONTENTS = {"assets/web/app.tar.gz": bytes(range(256)) * 9000, "classes.dex": b"dex\n035", "lib/x86/a.so": b"\x7fELF"}

Unsigned = Callable[..., Path]
Sign = Callable[..., sign.Signed]


def certificate(key: Any, name: str = "Me", days: int = 9999, by: Any = None, issuer: str = "") -> x509.Certificate:
    """A certificate of a key, signed by itself or another, that began long ago."""
    begin = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    algorithm = None if isinstance(by or key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return (
        x509.CertificateBuilder(_name(issuer or name), _name(name), key.public_key(), serial_number=7)
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=days * 5))
        .sign(by or key, algorithm)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(key: Any, *certificates: x509.Certificate, password: bytes = b"") -> bytes:
    """A PEM file: certificates first, then the key, as openssl may leave them."""
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates) + key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, how
    )


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """A context whose talk is in `said`."""
    said: list[str] = []
    return Context(root=tmp_path / "app", store=Store(tmp_path / "store"), environ=dict(OPEN), say=said.append)


@pytest.fixture
def signs(context: Context, tmp_path: Path) -> Sign:
    """Signs a file with a key store of these bytes or at that path; other keywords are those of a request."""

    def run(
        file: Path,
        keys: bytes | Path | None = None,
        environ: dict[str, str] | None = None,
        ask: sign.Ask | None = None,
        **more: Any,
    ) -> sign.Signed:
        if isinstance(keys, bytes):
            (tmp_path / "keys").write_bytes(keys)
            keys = tmp_path / "keys"
        world = context if environ is None else replace(context, environ=environ)
        return sign.run(world, sign.Request(file, key_store=keys, **more), ask)

    return run


def store_of(
    key: Any, *certificates: x509.Certificate, password: bytes = b"secret1", alias: bytes = b"upload"
) -> bytes:
    """A PKCS#12 key store."""
    own, *others = certificates or (certificate(key),)
    return pkcs12.serialize_key_and_certificates(alias, key, own, others, BestAvailableEncryption(password))


# --- signatures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "number"),
    [
        (lambda: rsa.generate_private_key(65537, 2048), 0x0103),
        (lambda: ec.generate_private_key(ec.SECP256R1()), 0x0201),
        (lambda: ec.generate_private_key(ec.SECP384R1()), 0x0202),
    ],
    ids=["RSA", "P-256", "P-384"],
)
def test_every_run_gives_the_same_bytes_which_verify(
    make: Callable[[], Any], number: int, unsigned_apk: Unsigned, signs: Sign, tmp_path: Path
) -> None:
    """With keys whose signatures usually draw lots, too; only a block is added, by the algorithm of apksigner."""
    keys, unsigned = store_of(make()), unsigned_apk(files=CONTENTS)
    first, second = signs(unsigned, keys), signs(unsigned, keys, out=tmp_path / "again.apk")
    assert first.path == tmp_path / "counter.apk"
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.digest == hashlib.sha256(first.path.read_bytes()).hexdigest()
    apk, before = apkfile.load(first.path), apkfile.load(unsigned)
    assert first.fingerprint == identity.fingerprint(verifying.verified(apk))
    assert b"".join(apk.pieces()).rstrip(b"\0") == b"".join(before.pieces()).rstrip(b"\0")
    assert (apk.directory, apk.body % 4096, (apk.body + len(apk.block)) % 4096) == (before.directory, 0, 0)
    assert apk.block.count(struct.pack("<L", number)) >= 2
    with zipfile.ZipFile(first.path) as archive:
        assert archive.testzip() is None


def test_chain_of_certificates_is_taken_in_its_order(
    unsigned_apk: Unsigned, signs: Sign, ec_key: Any, rsa_key: Any
) -> None:
    """The key's own first, then who signed it; strangers are left out."""
    own = certificate(ec_key, "App", by=rsa_key, issuer="Root")
    root, stranger = certificate(rsa_key, "Root"), certificate(ec.generate_private_key(ec.SECP256R1()), "Stranger")
    apk = apkfile.load(signs(unsigned_apk(), pem(ec_key, stranger, root, own)).path)
    assert verifying.verified(apk) == own
    assert root.public_bytes(Encoding.DER) in apk.block
    assert stranger.public_bytes(Encoding.DER) not in apk.block


def test_any_changed_byte_is_found(unsigned_apk: Unsigned, signs: Sign, ec_key: Any, tmp_path: Path) -> None:
    """In the members, the zeros after them, the directory or the end record."""
    signed = signs(unsigned_apk(files=CONTENTS), store_of(ec_key)).path
    whole, apk = signed.read_bytes(), apkfile.load(signed)
    chance = random.Random(1)
    block = range(apk.body, apk.body + len(apk.block))
    places = [4, apk.body - 1, block.stop + 20, len(whole) - 8, len(whole) - 1]
    places += [place for place in (chance.randrange(len(whole)) for _ in range(60)) if place not in block]
    for place in places:
        (tmp_path / "bad.apk").write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(BuilderError) as caught:
            verifying.verified(apkfile.load(tmp_path / "bad.apk"))
        assert caught.value.code == Exit.SIGNING


def test_broken_signing_block_is_an_error_of_the_file(
    unsigned_apk: Unsigned, signs: Sign, ec_key: Any, tmp_path: Path
) -> None:
    """Whatever byte of it is changed: the signature is refused, or the byte says nothing of it."""
    signed = signs(unsigned_apk(), store_of(ec_key)).path
    apk, whole = apkfile.load(signed), signed.read_bytes()
    right = verifying.verified(apk)
    chance = random.Random(2)
    refused = 0
    for place in [*range(0, 1400, 7), *(chance.randrange(len(apk.block)) for _ in range(60))]:
        broken = bytearray(whole)
        broken[apk.body + place] ^= chance.choice([1, 0x80, 0xFF])
        (tmp_path / "bad.apk").write_bytes(broken)
        try:
            assert verifying.verified(apkfile.load(tmp_path / "bad.apk")) == right
        except BuilderError as error:
            assert error.code == Exit.SIGNING
            refused += 1
    assert refused > 150


def test_newer_scheme_can_not_be_taken_away(unsigned_apk: Unsigned, signs: Sign, ec_key: Any, tmp_path: Path) -> None:
    """What v2 signs says that v3 is there, too."""
    apk = apkfile.load(signs(unsigned_apk(), store_of(ec_key)).path)
    held = encoding.pairs(apk.block)
    apkfile.write(apk, encoding.block([(schemes.V2, held[schemes.V2])]), tmp_path / "old.apk")
    with pytest.raises(BuilderError, match="that of scheme v3 was taken away"):
        verifying.verified(apkfile.load(tmp_path / "old.apk"))


# --- what can't be signed -------------------------------------------------------------------------------------------


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def _before(path: Path) -> None:
    path.write_bytes(b"dex\n035\0" + path.read_bytes())


def _unaligned(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("AndroidManifest.xml", "x")
        archive.writestr("y.png", "y")


def _foreign(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda path: path.write_bytes(b""), "is no APK: it is no zip archive, or is cut short"),
        (lambda path: path.write_bytes(b"PK\3\4" * 40), "is no APK: it is no zip archive, or is cut short"),
        (_cut, "is no APK: it is no zip archive, or is cut short"),
        (_before, "is no APK: its end record does not fit it"),
        (_foreign, "is no APK: it has no AndroidManifest.xml"),
        (_unaligned, "is not aligned: the data of `AndroidManifest.xml` begins in the wrong place"),
        (Path.unlink, "can't be read: No such file or directory"),
    ],
    ids=["empty", "no zip", "cut short", "something before it", "another zip", "not aligned", "missing"],
)
def test_what_is_no_unsigned_apk_is_refused(
    change: Callable[[Path], Any], why: str, unsigned_apk: Unsigned, signs: Sign, ec_key: Any, tmp_path: Path
) -> None:
    """And nothing is left of the attempt; an APK that was signed before stays as it was."""
    unsigned = unsigned_apk()
    change(unsigned)
    (tmp_path / "counter.apk").write_text("earlier")
    with pytest.raises(BuilderError, match=why) as caught:
        signs(unsigned, store_of(ec_key))
    assert caught.value.code == Exit.SIGNING
    assert (tmp_path / "counter.apk").read_text() == "earlier"
    assert list(tmp_path.glob(".counter*")) == []


def test_signed_apk_is_not_signed_again(unsigned_apk: Unsigned, signs: Sign, ec_key: Any, tmp_path: Path) -> None:
    """Whose signature would be lost is not asked for."""
    signed = signs(unsigned_apk(), store_of(ec_key)).path
    with pytest.raises(BuilderError, match="is signed already"):
        signs(signed, store_of(ec_key), out=tmp_path / "twice.apk")


def test_apk_that_has_no_room_for_a_signature(unsigned_apk: Unsigned) -> None:
    """Its end record holds an offset of 4 bytes."""
    apk = apkfile.load(unsigned_apk())
    assert apk.end_for(0xFFFFFFFF)
    with pytest.raises(BuilderError, match="would have more than 4 GiB with a signature"):
        apk.end_for(1 << 32)


def test_place_that_can_not_be_written(unsigned_apk: Unsigned, signs: Sign, ec_key: Any, tmp_path: Path) -> None:
    """A folder that is missing, or that is where the file should be."""
    unsigned = unsigned_apk()
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "missing" / "x.apk", tmp_path / "folder"):
        with pytest.raises(BuilderError, match="can't be written") as caught:
            signs(unsigned, store_of(ec_key), out=place)
        assert caught.value.code == Exit.SIGNING
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]


def test_name_of_the_signed_apk_is_needed(unsigned_apk: Unsigned, signs: Sign, ec_key: Any, tmp_path: Path) -> None:
    """No file is replaced by itself."""
    other = unsigned_apk().rename(tmp_path / "other.apk")
    with pytest.raises(BuilderError, match=r"does not end in `-unsigned.apk`"):
        signs(other, store_of(ec_key))
    with pytest.raises(BuilderError, match="would be replaced by itself") as caught:
        signs(other, store_of(ec_key), out=Path(os.path.relpath(other)))
    assert caught.value.code == Exit.USAGE


# --- keys -----------------------------------------------------------------------------------------------------------


def _weak() -> bytes:
    key = rsa.generate_private_key(65537, 1024)
    return pem(key, certificate(key))


def _edwards() -> bytes:
    key = ed25519.Ed25519PrivateKey.generate()
    return pem(key, certificate(key))


def _koblitz() -> bytes:
    key = ec.generate_private_key(ec.SECP256K1())
    return pem(key, certificate(key))


def _expired() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return store_of(key, certificate(key, days=10))


def _bare() -> bytes:
    return pem(ec.generate_private_key(ec.SECP256R1()))


def _someone_elses() -> bytes:
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    return pem(key, certificate(other))


def _two() -> bytes:
    return _bare() + _bare()


def _no_key() -> bytes:
    own = certificate(ec.generate_private_key(ec.SECP256R1()))
    encrypted = BestAvailableEncryption(b"secret1")
    return pkcs12.serialize_key_and_certificates(None, None, None, [own], encrypted)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        (_weak, "has 1024 bits; Android wants 2048 or more"),
        (_edwards, "is neither an RSA nor an EC key"),
        (_koblitz, "is on the curve secp256k1, which Android does not know"),
        (_expired, "expired on 2001-02-20"),
        (_bare, "has no certificate of its key"),
        (_someone_elses, "has no certificate of its key"),
        (_two, "has 2 private keys"),
        (_no_key, "has no key `upload`; its keys: none"),
        (lambda: b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "has 0 private keys"),
        (lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "is broken"),
        (lambda: b"", "is no key store that builder can read"),
        (lambda: b"\x89PNG\r\n", "is no key store that builder can read"),
        (lambda: b"\x30\x82\x01\x00junk", "is broken"),
        (lambda: b"\xce\xce\xce\xce\0\0\0\2", "is a JCEKS key store"),
    ],
)
def test_key_that_can_not_sign_is_refused(
    keys: Callable[[], bytes], why: str, unsigned_apk: Unsigned, signs: Sign, tmp_path: Path
) -> None:
    """With what is wrong with it, and nothing is written."""
    with pytest.raises(BuilderError, match=why) as caught:
        signs(unsigned_apk(), keys())
    assert caught.value.code == Exit.SIGNING
    assert caught.value.hint
    assert not (tmp_path / "counter.apk").exists()


def test_missing_key_store_is_named(unsigned_apk: Unsigned, signs: Sign, tmp_path: Path) -> None:
    """As it was written."""
    with pytest.raises(BuilderError, match=r"the key store `.*/gone.p12` can't be read: No such file"):
        signs(unsigned_apk(), tmp_path / "gone.p12")


def test_without_any_key_the_choices_are_told(unsigned_apk: Unsigned, signs: Sign) -> None:
    """No debug key is taken for want of a real one."""
    with pytest.raises(BuilderError, match="no key store is named") as caught:
        signs(unsigned_apk())
    assert "--debug" in caught.value.hint


def test_jks_of_java_8_is_read(unsigned_apk: Unsigned, signs: Sign) -> None:
    """With a password of the key's own, an alias in other letters, and entries that are no keys."""
    keys = KEYS / "java8.jks"
    both = {STORE_PASSWORD: "store-pw", KEY_PASSWORD: "key-pw"}
    unsigned = unsigned_apk()
    assert signs(unsigned, keys, both, alias="UPLOAD").fingerprint.startswith("19c6cf42547c")
    assert signs(unsigned, keys, {STORE_PASSWORD: "store-pw"}, alias="second").fingerprint.startswith("9d95df3a5cc1")
    with pytest.raises(BuilderError, match="does not open the key `upload` of"):
        signs(unsigned, keys, {STORE_PASSWORD: "store-pw"})
    with pytest.raises(BuilderError, match="does not open the key store of"):
        signs(unsigned, keys, {STORE_PASSWORD: "key-pw"})
    with pytest.raises(BuilderError, match="has no key `trusted`; its keys: `second`, `upload`"):
        signs(unsigned, keys, both, alias="trusted")


def test_damaged_jks_is_refused(unsigned_apk: Unsigned, signs: Sign) -> None:
    """A store whose own hash is right may still be cut short, or have entries of another kind."""
    body, unsigned = (KEYS / "java8.jks").read_bytes()[:-20], unsigned_apk()
    prefix = "store-pw".encode("utf-16-be") + b"Mighty Aphrodite"
    for wrong in (*(body[:length] for length in range(4, len(body), 97)), body[:15] + b"\7" + body[16:]):
        with pytest.raises(BuilderError, match="is broken"):
            signs(unsigned, wrong + hashlib.sha1(prefix + wrong).digest(), {STORE_PASSWORD: "store-pw"})


def test_pkcs12_of_two_keys_says_how_to_take_one_out(unsigned_apk: Unsigned, signs: Sign) -> None:
    """The first is read; the other is not taken for it."""
    keys, unsigned = KEYS / "two-keys.p12", unsigned_apk()
    assert signs(unsigned, keys)
    with pytest.raises(BuilderError, match="has more than one key, of which builder can read `upload` only") as caught:
        signs(unsigned, keys, alias="second")
    assert "-srcalias second" in caught.value.hint
    with pytest.raises(BuilderError, match="has no key `third`; its keys: `upload`"):
        signs(unsigned, keys, alias="third")


def test_key_store_without_aliases_has_one_key(unsigned_apk: Unsigned, signs: Sign, ec_key: Any) -> None:
    """openssl gives no name where none is asked for; a PEM file has none."""
    nameless = pkcs12.serialize_key_and_certificates(
        None, ec_key, certificate(ec_key), None, BestAvailableEncryption(b"secret1")
    )
    unsigned = unsigned_apk()
    for keys in (nameless, pem(ec_key, certificate(ec_key))):
        assert signs(unsigned, keys, alias="anything")


# --- passwords ------------------------------------------------------------------------------------------------------


def test_passwords_stand_in_for_each_other(unsigned_apk: Unsigned, signs: Sign, ec_key: Any) -> None:
    """As in Flet; a file counts instead of the environment, not beside it."""
    unsigned, own = unsigned_apk(), certificate(ec_key)
    stores = (store_of(ec_key), pem(ec_key, own, password=b"secret1"))
    for name in (STORE_PASSWORD, KEY_PASSWORD):
        for keys in stores:
            assert signs(unsigned, keys, {name: "secret1"})


def test_password_file(unsigned_apk: Unsigned, signs: Sign, tmp_path: Path, ec_key: Any) -> None:
    """First line the store's, second the key's; other line ends and a missing second line are fine."""
    unsigned, file = unsigned_apk(), tmp_path / "password.txt"
    for text in ("store-pw\nkey-pw\n", "store-pw\r\nkey-pw"):
        file.write_bytes(text.encode())
        assert signs(unsigned, KEYS / "java8.jks", {STORE_PASSWORD: "other"}, password_file=file)
    file.write_text("secret1\n")
    assert signs(unsigned, store_of(ec_key), {}, password_file=file)
    for wrong in (tmp_path / "gone", tmp_path):
        with pytest.raises(BuilderError, match=r"the password file `.*` can't be read"):
            signs(unsigned, store_of(ec_key), password_file=wrong)


def test_password_is_asked_for_once_and_only_where_it_is_needed(
    unsigned_apk: Unsigned, signs: Sign, ec_key: Any
) -> None:
    """And where nobody can be asked, the variable is named."""
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "store-pw"

    unsigned = unsigned_apk()
    assert signs(unsigned, KEYS / "java8.jks", {}, ask, alias="second")
    assert [question.rpartition("/")[2] for question in asked] == ["java8.jks: "]
    assert signs(unsigned, pem(ec_key, certificate(ec_key)), {}, ask)
    assert len(asked) == 1
    with pytest.raises(BuilderError, match=r"no password for `.*` is given, and nobody can be asked") as caught:
        signs(unsigned, KEYS / "java8.jks", {})
    assert STORE_PASSWORD in caught.value.hint


@pytest.mark.parametrize("keys", ["java8.jks", "two-keys.p12"])
def test_passwords_are_told_nowhere(
    keys: str,
    unsigned_apk: Unsigned,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not in what is printed, the log or any other file, whether they are right or wrong."""
    unsigned = unsigned_apk()
    monkeypatch.setenv("BUILDER_HOME", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    argv = ("sign", str(unsigned), "--key-store", str(KEYS / keys), "-vv")
    right = {"java8.jks": ("store-pw", "key-pw"), "two-keys.p12": ("secret1", "secret1")}[keys]
    for (store, key), code in ((right, Exit.OK), (("canary-one", "canary-two"), Exit.SIGNING)):
        monkeypatch.setenv(STORE_PASSWORD, store)
        monkeypatch.setenv(KEY_PASSWORD, key)
        assert cli.main(argv) == code
        printed = capsys.readouterr()
        told = printed.out.encode() + printed.err.encode()
        told += b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert store.encode() not in told
        assert key.encode() not in told


def test_prompt_needs_a_terminal(
    unsigned_apk: Unsigned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with exit code 10 instead of waiting, and prints no path."""
    monkeypatch.setenv("BUILDER_HOME", str(tmp_path / "store"))
    monkeypatch.delenv(STORE_PASSWORD, raising=False)
    monkeypatch.delenv(KEY_PASSWORD, raising=False)
    assert cli.main(("sign", str(unsigned_apk()), "--key-store", str(KEYS / "java8.jks"))) == Exit.SIGNING
    printed = capsys.readouterr()
    assert "nobody can be asked" in printed.err
    assert printed.out == ""


def test_password_is_typed_at_a_terminal_and_not_shown(unsigned_apk: Unsigned, tmp_path: Path) -> None:
    """Where no variable has it."""
    argv = [str(Path(sys.executable).with_name("builder")), "sign", str(unsigned_apk())]
    argv += ["--key-store", str(KEYS / "two-keys.p12")]
    child, terminal = pty.fork()
    if child == 0:
        os.execve(argv[0], argv, {"BUILDER_HOME": str(tmp_path / "store")})
    said = b""
    while b"two-keys.p12: " not in said:
        said += os.read(terminal, 4096)
    os.write(terminal, b"secret1\n")
    with contextlib.suppress(OSError):  # what reading the terminal of a program that ended gives
        while more := os.read(terminal, 4096):
            said += more
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, said
    os.close(terminal)
    assert b"signed by CN=One" in said
    assert b"secret1" not in said


# --- which key ------------------------------------------------------------------------------------------------------


def test_options_come_before_the_project_and_that_before_variables(context: Context) -> None:
    """A path in pyproject.toml is relative to it; the alias is `upload` where nobody says another."""
    environ = {"FLET_ANDROID_SIGNING_KEY_STORE": "env.p12", "FLET_ANDROID_SIGNING_KEY_ALIAS": "env"}
    world = replace(context, environ=environ)
    written = {"android.signing.key_store": "../keys/w.p12", "android.signing.key_alias": "written"}
    project = Project.model_construct(flet=written)
    request = sign.Request(Path("x-unsigned.apk"))

    def chosen(world: Context, project: Project | None, **more: Any) -> tuple[Path | None, str]:
        found = sign.completed(world, project, replace(request, **more))
        return found.key_store, found.alias

    given = {"key_store": Path("given.p12"), "alias": "given"}
    assert chosen(world, project, **given) == (Path("given.p12"), "given")
    assert chosen(world, project) == (context.root / "../keys/w.p12", "written")
    assert chosen(world, None) == (context.root / "env.p12", "env")
    assert chosen(context, None) == (None, "upload")
    assert chosen(world, project, debug=True) == (None, "")
    assert not sign.completed(context, None, request).complete


def test_key_of_the_project_is_taken(
    unsigned_apk: Unsigned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """PATH is the app's folder; stdout is the signed file's path alone."""
    monkeypatch.setenv("BUILDER_HOME", str(tmp_path / "store"))
    monkeypatch.setenv(STORE_PASSWORD, "store-pw")
    monkeypatch.delenv(KEY_PASSWORD, raising=False)
    app = tmp_path / "app"
    app.mkdir()
    shutil.copy(KEYS / "java8.jks", tmp_path / "my.jks")
    (app / "main.py").touch()
    table = '[tool.flet.android.signing]\nkey_store = "../my.jks"\nkey_alias = "second"\n'
    (app / "pyproject.toml").write_text(f'[project]\nname = "app"\nversion = "1"\n{table}')
    assert cli.main(("sign", str(unsigned_apk()), str(app))) == Exit.OK
    printed = capsys.readouterr()
    assert printed.out == f"{tmp_path / 'counter.apk'}\n"
    assert "signed by CN=Second, certificate sha256 9d95df3a5cc1" in printed.err


def test_certificate_can_be_pinned(unsigned_apk: Unsigned, signs: Sign, ec_key: Any, tmp_path: Path) -> None:
    """With or without colons; another one, or what is no sha256, ends before anything is written."""
    unsigned, keys = unsigned_apk(), store_of(ec_key)
    right = signs(unsigned, keys).fingerprint
    colons = ":".join(right[place : place + 2] for place in range(0, 64, 2)).upper()
    for pin in (right, colons):
        assert signs(unsigned, keys, fingerprint=pin).fingerprint == right
    for pin, why in (("0" * 64, f"has sha256 {right}, not 0000"), ("12:34", "is no sha256 of a certificate")):
        with pytest.raises(BuilderError, match=why) as caught:
            signs(unsigned, keys, fingerprint=pin, out=tmp_path / "not.apk")
        assert caught.value.code == Exit.SIGNING
    assert not (tmp_path / "not.apk").exists()


# --- the debug key --------------------------------------------------------------------------------------------------


def test_debug_key_is_made_once_for_its_user_alone(unsigned_apk: Unsigned, signs: Sign, context: Context) -> None:
    """Another APK later has the same certificate; a warning says what it is not for."""
    before = os.umask(0)
    try:
        first = signs(unsigned_apk("one"), debug=True)
    finally:
        os.umask(before)
    file = context.store.root / "keys" / "android-debug.pem"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert signs(unsigned_apk("two"), debug=True).fingerprint == first.fingerprint
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    name = verifying.verified(apkfile.load(first.path)).subject.rfc4514_string()
    assert name == "C=US,O=Android,CN=Android Debug"


def _fingerprint(path: str) -> str:
    return identity.fingerprint(debugkey.debug_key(Path(path)).certificates[0])


def test_debug_key_is_one_however_many_ask_at_once(tmp_path: Path) -> None:
    """The first to finish makes it; the others take that."""
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert len(set(pool.map(_fingerprint, [str(tmp_path / "keys" / "debug.pem")] * 8))) == 1


def test_debug_key_that_can_not_be_kept(unsigned_apk: Unsigned, signs: Sign, context: Context) -> None:
    """Its place is named; so is a file there that is none."""
    context.store.root.mkdir()
    (context.store.root / "keys").touch()
    with pytest.raises(BuilderError, match=r"the debug key `.*/android-debug.pem` can't be written"):
        signs(unsigned_apk(), debug=True)
    (context.store.root / "keys").unlink()
    (context.store.root / "keys").mkdir()
    (context.store.root / "keys" / "android-debug.pem").write_text("")
    with pytest.raises(BuilderError, match=r"`.*/android-debug.pem` is no key store"):
        signs(Path(context.root.parent / "counter-unsigned.apk"), debug=True)


# --- published signatures -------------------------------------------------------------------------------------------


def test_published_signature_fits_the_same_apk(
    unsigned_apk: Unsigned, signs: Sign, ec_key: Any, tmp_path: Path
) -> None:
    """Rebuilt elsewhere it becomes the published file, byte for byte, without the key."""
    published = signs(unsigned_apk(files=CONTENTS), store_of(ec_key)).path.rename(tmp_path / "published.apk")
    rebuilt = unsigned_apk("rebuilt", CONTENTS)
    copied = signs(rebuilt, copy_from=published)
    assert copied.path.read_bytes() == published.read_bytes()
    assert signs(rebuilt, copy_from=published, fingerprint=copied.fingerprint) == copied
    with pytest.raises(BuilderError, match="not 0000"):
        signs(rebuilt, copy_from=published, fingerprint="0" * 64)


def test_what_is_told_of_the_unsigned_apk_is_told_of_the_signed_one(
    unsigned_apk: Unsigned, signs: Sign, ec_key: Any, tmp_path: Path
) -> None:
    """Beside it; by who rebuilt it and copied the signature too, the same bytes. Of another APK nothing stays."""
    unsigned = unsigned_apk(files=CONTENTS)
    digest = {"sha256": hashlib.sha256(unsigned.read_bytes()).hexdigest()}
    definition = {"externalParameters": {}, "resolvedDependencies": []}
    told = {"subject": [{"name": unsigned.name, "digest": digest}], "predicate": {"buildDefinition": definition}}
    beside = unsigned.parent.with_name(f"{unsigned.parent.name}.provenance.json")
    beside.write_text(json.dumps(told))
    signed = signs(unsigned, store_of(ec_key))
    place = signed.path.with_name(f"{signed.path.name}.provenance.json")
    mine = place.read_bytes()
    assert json.loads(mine)["subject"] == [{"name": signed.path.name, "digest": {"sha256": signed.digest}}]
    published = signed.path.rename(tmp_path / "published.apk")
    place.unlink()
    signs(unsigned, copy_from=published)
    assert place.read_bytes() == mine
    beside.unlink()
    signs(unsigned, store_of(ec_key))
    assert not place.exists()


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({**CONTENTS, "classes.dex": b"dex\n036"}, "`classes.dex` has other contents"),
        ({**CONTENTS, "b": b"", "c": b""}, "`b` is in the rebuilt one only, `c` is in the rebuilt one only"),
        ({}, "`assets/web/app.tar.gz` is in the published one only, .*, `lib/x86/a.so` is in the published one only"),
        (dict.fromkeys("abcde", b""), "and 5 files more"),
    ],
)
def test_what_differs_from_the_published_apk_is_named(
    files: dict[str, bytes], why: str, unsigned_apk: Unsigned, signs: Sign, ec_key: Any, tmp_path: Path
) -> None:
    """Nothing is written: the signature would be wrong."""
    published = signs(unsigned_apk(files=CONTENTS), store_of(ec_key)).path
    with pytest.raises(BuilderError, match=why) as caught:
        signs(unsigned_apk("other", files), copy_from=published)
    assert caught.value.code == Exit.SIGNING
    assert not (tmp_path / "other.apk").exists()


def test_published_signature_must_be_right(unsigned_apk: Unsigned, signs: Sign, ec_key: Any, tmp_path: Path) -> None:
    """An APK without one, one of another APK, and one that was tampered with are refused."""
    unsigned = unsigned_apk(files=CONTENTS)
    published = signs(unsigned, store_of(ec_key)).path
    with pytest.raises(BuilderError, match="is not right: it has none of scheme v2 or v3"):
        signs(unsigned, copy_from=unsigned)
    data = bytearray(published.read_bytes())
    data[data.index(b"dex\n035")] ^= 1
    published.write_bytes(data)
    with pytest.raises(BuilderError, match="is not right: scheme v2 signs other contents"):
        signs(unsigned, copy_from=published, out=tmp_path / "out.apk")
    with pytest.raises(BuilderError, match=r"`.*gone.apk` can't be read"):
        signs(unsigned, copy_from=tmp_path / "gone.apk", out=tmp_path / "out.apk")


def test_v1_signature_can_not_be_copied(unsigned_apk: Unsigned, signs: Sign, ec_key: Any) -> None:
    """It is a set of members, which the rebuilt APK lacks."""
    jar = {"META-INF/MANIFEST.MF": b"", "META-INF/CERT.SF": b"", "META-INF/CERT.EC": b""}
    published = signs(unsigned_apk(files={**CONTENTS, **jar}), store_of(ec_key)).path
    with pytest.raises(BuilderError, match=r"it has a v1 signature .*, which builder can't copy"):
        signs(unsigned_apk("rebuilt", CONTENTS), copy_from=published)


def test_wanted_key_is_described_without_its_passwords() -> None:
    """Where a traceback shows it."""
    wanted = keystores.Wanted("x", "upload", lambda: "canary", lambda: "canary")
    assert "canary" not in repr(wanted)
