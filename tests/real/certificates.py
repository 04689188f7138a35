"""Certificates that tests sign with."""

import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID


def certificate(key: Any, name: str = "Me") -> x509.Certificate:
    """A certificate of a key, signed by itself, of this century."""
    begin = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder(named, named, key.public_key(), serial_number=7)
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
