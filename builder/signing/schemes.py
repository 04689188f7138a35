"""Signing blocks: an APK signed by schemes v2 and v3, as apksigner would write them for an app of Android 7 and later.

Source: "APK Signature Scheme v2" and "v3" of Android's documentation. RSA gives apksigner's own bytes.
"""

import struct

from cryptography.hazmat.primitives.serialization import Encoding

from builder.signing.algorithms import chosen
from builder.signing.apkfile import Apk
from builder.signing.contents import digests
from builder.signing.encoding import PAGE, block, numbered, prefixed, sequence
from builder.signing.identity import Identity, spki

V2, V3 = 0x7109871A, 0xF05368C0
# What v2 says of v3, so that nobody can take v3 away: id of the attribute, number of the scheme.
STRIPPING = prefixed(struct.pack("<LL", 0xBEEFF00D, 3))
_LEVELS = struct.pack("<LL", 24, 0x7FFFFFFF)  # API levels of the v3 signer: those that know its algorithm


def signed(apk: Apk, identity: Identity) -> bytes:
    """What is to stand after an APK's members: zeros up to a whole page, then the signing block."""
    zeros = -apk.body % PAGE
    algorithm = chosen(identity.key)
    found = digests(apk, zeros, {algorithm.digest})
    contents = prefixed(numbered([(algorithm.number, found[algorithm.digest])]))
    certificates = prefixed(sequence(one.public_bytes(Encoding.DER) for one in identity.certificates))
    v2 = contents + certificates + prefixed(STRIPPING) + prefixed(b"")
    v3 = contents + certificates + _LEVELS + prefixed(b"")
    return bytes(zeros) + block([(V2, _signer(v2, b"", identity)), (V3, _signer(v3, _LEVELS, identity))])


def _signer(data: bytes, levels: bytes, identity: Identity) -> bytes:
    algorithm = chosen(identity.key)
    signature = prefixed(numbered([(algorithm.number, algorithm.sign(identity.key, data))]))
    signer = prefixed(data) + levels + signature + prefixed(spki(identity.key.public_key()))
    return prefixed(sequence([signer]))
