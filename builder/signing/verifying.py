"""Whether the signatures of an APK are right, and whose they are: schemes v2, v3 and v3.1.

Source: "Verification" of the APK Signature Scheme v2 and v3.
"""

import struct
from collections.abc import Container

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from builder.signing import refused
from builder.signing.algorithms import KNOWN
from builder.signing.apkfile import Apk
from builder.signing.contents import digests
from builder.signing.encoding import Reader, pairs
from builder.signing.identity import spki
from builder.signing.schemes import STRIPPING, V2, V3

_V31 = 0x1B93AD61
_SCHEMES = {V2: "v2", V3: "v3", _V31: "v3.1"}


def verified(apk: Apk) -> x509.Certificate:
    """The certificate of who signed an APK, whose signatures are all right. Raises BuilderError (signing)."""
    try:
        return _verified(apk)
    except (ValueError, UnsupportedAlgorithm, struct.error) as error:
        why = "it is cut short" if isinstance(error, struct.error) else error
        raise refused(
            f"the signature of `{apk.path}` is not right: {why}", "get the signed APK anew, as it was published"
        ) from error


def _verified(apk: Apk) -> x509.Certificate:
    held = pairs(apk.block) if apk.block else {}
    found = {}
    for scheme in (scheme for scheme in _SCHEMES if scheme in held):
        signers = Reader(Reader(held[scheme]).value()).values()
        if not signers:
            raise ValueError(f"scheme {_SCHEMES[scheme]} has no signer")
        found[scheme] = tuple(_signer(apk, signer, scheme, held) for signer in signers)
    if not found:
        raise ValueError("it has none of scheme v2 or v3")
    return (found.get(V3) or next(iter(found.values())))[0]


def _signer(apk: Apk, signer: bytes, scheme: int, held: Container[int]) -> x509.Certificate:
    reader = Reader(signer)
    data = reader.value()
    if scheme != V2:
        levels = (reader.number(), reader.number())
    signatures, public = Reader(reader.value()).numbered(), reader.value()
    known = {number: signature for number, signature in signatures.items() if number in KNOWN}
    key = load_der_public_key(public)
    if not known or not all(KNOWN[number].fits(key, signature, data) for number, signature in known.items()):
        raise ValueError(f"that of scheme {_SCHEMES[scheme]} is not by the key that it names")
    signed = Reader(data)
    contents = Reader(signed.value()).numbered()
    certificates = [x509.load_der_x509_certificate(der) for der in Reader(signed.value()).values()]
    if not certificates or spki(certificates[0].public_key()) != public:
        raise ValueError(f"the certificate of scheme {_SCHEMES[scheme]} is not of its key")
    if scheme != V2 and levels != (signed.number(), signed.number()):
        raise ValueError(f"scheme {_SCHEMES[scheme]} contradicts itself")
    if scheme == V2 and STRIPPING in signed.value() and V3 not in held:
        raise ValueError("that of scheme v3 was taken away")
    if contents.keys() != signatures.keys():
        raise ValueError(f"scheme {_SCHEMES[scheme]} has other digests than signatures")
    actual = digests(apk, 0, {KNOWN[number].digest for number in known})
    if any(contents[number] != actual[KNOWN[number].digest] for number in known):
        raise ValueError(f"scheme {_SCHEMES[scheme]} signs other contents")
    return certificates[0]
