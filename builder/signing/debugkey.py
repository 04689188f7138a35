"""The debug key of a user: made once, kept in the store, good for trying an app on a device and for nothing else."""

import contextlib
import datetime
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from builder import whole
from builder.signing import refused
from builder.signing.identity import Identity
from builder.signing.keystores import Wanted, load

# As of the debug keys that Android's own tools make.
_NAME = ((NameOID.COMMON_NAME, "Android Debug"), (NameOID.ORGANIZATION_NAME, "Android"), (NameOID.COUNTRY_NAME, "US"))
_BEGIN, _END = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in (2000, 2100))


def debug_key(path: Path) -> Identity:
    """The debug key that a file holds, which is made where there is none. Raises BuilderError (signing)."""
    try:
        if not path.exists():
            _make(path)
    except OSError as error:
        raise refused(
            f"the debug key `{path}` can't be written: {error.strerror}", "allow or free that place, or sign with a key"
        ) from error
    return load(path, Wanted(str(path), "", _none, _none))


def _make(path: Path) -> None:
    """Write a new key, unless another process is faster."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    for left in (temporary, *whole.leftovers(path)):
        left.unlink(missing_ok=True)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(_pem())
            stream.flush()
            os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)


def _pem() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(*part) for part in _NAME])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), serial_number=1)
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def _none() -> str:
    return ""  # it has no password: who can read the file can read all that is the user's
