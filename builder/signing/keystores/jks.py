"""JKS: the key stores of Java up to 8. Read here, for no kept library reads them; see docs/adr.

Source: sun.security.provider.JavaKeyStore and KeyProtector of OpenJDK.
"""

import hashlib
import hmac
import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key

from builder.signing import refused
from builder.signing.identity import Identity, identity
from builder.signing.keystores import KeyStore, Wanted, no_such_key, wrong_password

_MAGIC, _JCEKS = b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"
_KEY, _CERTIFICATE = 1, 2  # kinds of entries
_PROTECTOR = bytes.fromhex("060a2b060104012a02110101")  # 1.3.6.1.4.1.42.2.17.1.1 as DER
_SALT = _SHA1 = 20  # bytes


@dataclass(frozen=True)
class _Entry:
    alias: str
    protected: bytes  # EncryptedPrivateKeyInfo
    certificates: tuple[bytes, ...]


def _holds(data: bytes) -> bool:
    return data[:4] in (_MAGIC, _JCEKS)


def _load(data: bytes, wanted: Wanted) -> Identity:
    if data[:4] == _JCEKS:
        raise refused(
            f"`{wanted.where}` is a JCEKS key store, which builder does not read",
            f"convert it: keytool -importkeystore -srckeystore {wanted.where} -destkeystore upload.p12"
            " -deststoretype pkcs12",
        )
    body, digest = data[:-_SHA1], data[-_SHA1:]
    password = wanted.store_password().encode("utf-16-be")
    if not hmac.compare_digest(hashlib.sha1(password + b"Mighty Aphrodite" + body).digest(), digest):
        raise wrong_password(wanted)
    try:
        entries = {entry.alias.lower(): entry for entry in _entries(body)}
    except struct.error as error:
        raise ValueError("it is cut short") from error
    if wanted.alias.lower() not in entries:
        raise no_such_key(wanted, sorted(entries))
    entry = entries[wanted.alias.lower()]
    key = load_der_private_key(_plain(entry.protected, wanted), None)
    return identity(key, map(x509.load_der_x509_certificate, entry.certificates), wanted.where)


def _entries(data: bytes) -> Iterator[_Entry]:
    """The private keys of a key store."""
    version, count = struct.unpack_from(">LL", data, 4)
    place = 12

    def take(form: str) -> bytes:
        nonlocal place
        length: int = struct.unpack_from(form, data, place)[0]
        begin = place + struct.calcsize(form)
        place = begin + length
        if place > len(data):
            raise ValueError("it is cut short")
        return data[begin:place]

    def certificate() -> bytes:
        if version == 2:
            take(">H")  # its type, X.509
        return take(">L")

    for _ in range(count):
        kind: int = struct.unpack_from(">L", data, place)[0]
        place += 4
        alias = take(">H").decode()
        place += 8  # date
        if kind == _KEY:
            protected = take(">L")
            chain: int = struct.unpack_from(">L", data, place)[0]
            place += 4
            yield _Entry(alias, protected, tuple(certificate() for _ in range(chain)))
        elif kind == _CERTIFICATE:
            certificate()
        else:
            raise ValueError(f"it has an entry of the unknown kind {kind}")


def _plain(protected: bytes, wanted: Wanted) -> bytes:
    """The key, as DER (PKCS#8): salt, key under a stream of hashes, hash of password and key."""
    algorithm, data = _octets(protected)
    if not algorithm.startswith(_PROTECTOR):
        raise ValueError("its key is encrypted in an unknown way")
    password = wanted.key_password().encode("utf-16-be")
    salt, secret, digest = data[:_SALT], data[_SALT:-_SHA1], data[-_SHA1:]
    stream: list[bytes] = []
    while len(stream) * _SHA1 < len(secret):
        salt = hashlib.sha1(password + salt).digest()
        stream.append(salt)
    plain = bytes(map(int.__xor__, secret, itertools.chain.from_iterable(stream)))
    if not hmac.compare_digest(hashlib.sha1(password + plain).digest(), digest):
        raise wrong_password(wanted, f"key `{wanted.alias}`")
    return plain


def _octets(protected: bytes) -> tuple[bytes, bytes]:
    """Algorithm and encrypted data of an EncryptedPrivateKeyInfo (RFC 5958)."""
    whole, _ = _der(protected, 0x30)
    algorithm, rest = _der(whole, 0x30)
    return algorithm, _der(rest, 0x04)[0]


def _der(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The contents of the DER value that bytes begin with, and what follows it."""
    if len(data) < 2 or data[0] != tag:
        raise ValueError("its key is encoded in an unknown way")
    length, begin = data[1], 2
    if length & 0x80:
        begin += length & 0x7F
        length = int.from_bytes(data[2:begin])
    return data[begin : begin + length], data[begin + length :]


KEY_STORE = KeyStore(holds=_holds, load=_load)
