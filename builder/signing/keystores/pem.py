"""PEM (RFC 7468): a private key, encrypted or not, and its certificates in one file; there are no aliases."""

import re

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from builder.signing import refused
from builder.signing.identity import Identity, identity
from builder.signing.keystores import KeyStore, Wanted, wrong_password

_KEY = re.compile(rb"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----", re.DOTALL)
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def _holds(data: bytes) -> bool:
    return b"-----BEGIN " in data


def _load(data: bytes, wanted: Wanted) -> Identity:
    keys = [match[0] for match in _KEY.finditer(data)]
    if len(keys) != 1:
        raise refused(
            f"`{wanted.where}` has {len(keys)} private keys", "put one private key and its certificate into the file"
        )
    try:
        key = load_pem_private_key(keys[0], None)
    except TypeError:  # it is encrypted
        key = _decrypted(keys[0], wanted)
    return identity(key, [x509.load_pem_x509_certificate(text) for text in _CERTIFICATE.findall(data)], wanted.where)


def _decrypted(text: bytes, wanted: Wanted) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(text, wanted.key_password().encode())
    except ValueError as error:
        raise wrong_password(wanted, "key") from error


KEY_STORE = KeyStore(holds=_holds, load=_load)
