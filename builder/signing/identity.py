"""Who signs: a private key with the certificates that name it."""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate

from builder.signing import refused
from builder.signing.algorithms import PrivateKey, unfit


@dataclass(frozen=True)
class Identity:
    """A key that Android takes, and its certificates, its own first."""

    key: PrivateKey = field(repr=False)
    certificates: tuple[Certificate, ...]


def identity(key: object, certificates: Iterable[Certificate], where: str) -> Identity:
    """A key and what certifies it, in the order of who signed whom; other certificates are left out.

    Raises BuilderError (signing) where Android would not take the key, or no certificate is its own.
    """
    if why := unfit(key):
        raise refused(f"the key of `{where}` {why}", "sign with an RSA key of 2048 to 4096 bits, or an EC key on P-256")
    chain, others = [], list(certificates)
    public = spki(key.public_key())  # type: ignore[attr-defined]  # `unfit` knows it has one
    wanted = next((other for other in others if spki(other.public_key()) == public), None)
    while wanted is not None:
        chain.append(wanted)
        others.remove(wanted)
        wanted = next((other for other in others if _signed(chain[-1], other)), None)
    if not chain:
        raise refused(f"`{where}` has no certificate of its key", "put the key's own certificate into it")
    return Identity(key, tuple(chain))  # type: ignore[arg-type]  # `unfit` knows its type


def check_date(found: Identity, now: datetime.datetime, where: str) -> None:
    """Raise BuilderError (signing) for a certificate that has expired; app stores take no update signed with it."""
    end = found.certificates[0].not_valid_after_utc
    if end < now:
        raise refused(
            f"the certificate of `{where}` expired on {end:%Y-%m-%d}",
            "sign with a key whose certificate is valid; Google Play wants one until 2033 at least",
        )


def check_fingerprint(certificate: Certificate, wanted: str) -> None:
    """Raise BuilderError (signing) where a certificate has another sha256 than the wanted one, if one is wanted."""
    plain = wanted.replace(":", "").replace(" ", "").lower()
    if wanted and not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise refused(
            f"`{wanted}` is no sha256 of a certificate", "write its 64 hexadecimal digits, with colons or not"
        )
    if wanted and plain != fingerprint(certificate):
        raise refused(
            f"the certificate has sha256 {fingerprint(certificate)}, not {plain}",
            "sign with the key that was meant, or name the right fingerprint",
        )


def fingerprint(certificate: Certificate) -> str:
    """The sha256 (hex) of a certificate."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def spki(key: object) -> bytes:
    """A public key as DER (SubjectPublicKeyInfo, RFC 5280)."""
    der: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return der


def _signed(certificate: Certificate, issuer: Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True
