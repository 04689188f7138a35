"""The signature algorithms that Android knows, by their numbers in a signing block; none of them draws lots."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_LEAST = 2048  # bits of an RSA key


@dataclass(frozen=True)
class Algorithm:
    """A signature algorithm; `digest` is the hash of the contents that goes with it, as hashlib names it."""

    number: int
    digest: str
    parameters: Callable[[], tuple[Any, ...]]  # what `cryptography` wants to know for signing and verifying

    def sign(self, key: PrivateKey, data: bytes) -> bytes:
        """The signature of some bytes."""
        return key.sign(data, *self.parameters())

    def fits(self, key: object, signature: bytes, data: bytes) -> bool:
        """Whether a signature of some bytes is that of a public key."""
        if not isinstance(key, ec.EllipticCurvePublicKey if self.number >> 8 == 2 else rsa.RSAPublicKey):
            return False
        try:
            key.verify(signature, data, *self.parameters())
        except InvalidSignature:
            return False
        return True


def _pkcs1(size: type[hashes.HashAlgorithm]) -> Callable[[], tuple[Any, ...]]:
    return lambda: (padding.PKCS1v15(), size())


def _pss(size: type[hashes.HashAlgorithm]) -> Callable[[], tuple[Any, ...]]:
    return lambda: (padding.PSS(padding.MGF1(size()), padding.PSS.DIGEST_LENGTH), size())


def _ecdsa(size: type[hashes.HashAlgorithm]) -> Callable[[], tuple[Any, ...]]:
    return lambda: (ec.ECDSA(size(), deterministic_signing=True),)  # RFC 6979


# Android's numbers; DSA and the ones for fs-verity are not among them, and no APK is signed with those alone.
KNOWN = {
    algorithm.number: algorithm
    for algorithm in (
        Algorithm(0x0101, "sha256", _pss(hashes.SHA256)),
        Algorithm(0x0102, "sha512", _pss(hashes.SHA512)),
        Algorithm(0x0103, "sha256", _pkcs1(hashes.SHA256)),
        Algorithm(0x0104, "sha512", _pkcs1(hashes.SHA512)),
        Algorithm(0x0201, "sha256", _ecdsa(hashes.SHA256)),
        Algorithm(0x0202, "sha512", _ecdsa(hashes.SHA512)),
    )
}


def unfit(key: object) -> str:
    """Why a private key can't sign an APK; else ""."""
    if isinstance(key, rsa.RSAPrivateKey):
        return f"has {key.key_size} bits; Android wants {_LEAST} or more" if key.key_size < _LEAST else ""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        known = key.curve.name in _CURVES
        return "" if known else f"is on the curve {key.curve.name}, which Android does not know"
    return "is neither an RSA nor an EC key"


def chosen(key: PrivateKey) -> Algorithm:
    """The algorithm that apksigner takes for a key: SHA-512 with RSA of more than 3072 and EC of more than 256 bits."""
    if isinstance(key, rsa.RSAPrivateKey):
        return KNOWN[0x0103 if key.key_size <= 3072 else 0x0104]
    return KNOWN[0x0201 if key.key_size <= 256 else 0x0202]
