"""A signed statement: a DSSE envelope (Dead Simple Signing Envelope v1) on one line, as in-toto bundles are.

None of the signatures draws lots, so the same key gives the same bytes.
"""

import base64
import hashlib
import re
from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from builder.errors import BuilderError, Exit
from builder.model import canonical

PAYLOAD = "application/vnd.in-toto+json"
_KEY = re.compile(rb"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----", re.DOTALL)
_LEAST = 2048  # bits of an RSA key
_CURVES: dict[str, type[hashes.HashAlgorithm]] = {
    "secp256r1": hashes.SHA256,
    "secp384r1": hashes.SHA384,
    "secp521r1": hashes.SHA512,
}

Key = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def envelope(payload: bytes, key: Key) -> bytes:
    """The envelope of an in-toto statement, with a newline at its end."""
    signature = {"keyid": keyid(key), "sig": _base64(_signature(key, _encoding(payload)))}
    body = {"payloadType": PAYLOAD, "payload": _base64(payload), "signatures": [signature]}
    return canonical(body) + b"\n"


def keyid(key: Key) -> str:
    """What names a key: the sha256 (hex) of its public half, as DER (SubjectPublicKeyInfo, RFC 5280)."""
    return hashlib.sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def load(pem: bytes, password: Callable[[], str], where: str) -> Key:
    """The private key in a PEM file; the password is asked for only where it is encrypted.

    Raises BuilderError (signing) where the file holds no such key, or not one alone.
    """
    found = _KEY.findall(pem)
    if len(found) != 1:
        raise _refused(f"`{where}` has {len(found)} private keys", "name a PEM file with one private key")
    key: object
    try:
        key = load_pem_private_key(pem, None)
    except TypeError:  # it is encrypted
        key = _decrypted(pem, password(), where)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refused(f"`{where}` holds no private key that can be read", "name a PEM file with one") from error
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return key
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _LEAST:
        return key
    raise _refused(
        f"the key of `{where}` is none that provenance is signed with",
        "name an Ed25519 key, an ECDSA key on P-256, P-384 or P-521, or an RSA key of 2048 bits or more",
    )


def _decrypted(pem: bytes, password: str, where: str) -> object:
    try:
        return load_pem_private_key(pem, password.encode())
    except (ValueError, TypeError) as error:
        raise _refused(f"the password does not open `{where}`", "give the right one") from error


def _encoding(payload: bytes) -> bytes:
    """What is signed (PAE, pre-authentication encoding): type and payload, each with its length before it."""
    kind = PAYLOAD.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _signature(key: Key, message: bytes) -> bytes:
    match key:
        case ed25519.Ed25519PrivateKey():
            return key.sign(message)
        case ec.EllipticCurvePrivateKey():
            return key.sign(message, ec.ECDSA(_CURVES[key.curve.name](), deterministic_signing=True))  # RFC 6979
        case _:
            return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _refused(what: str, mend: str) -> BuilderError:
    return BuilderError(what, hint=mend, code=Exit.SIGNING)
