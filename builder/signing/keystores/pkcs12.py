"""PKCS#12 (RFC 7292): what keytool has made since Java 9, whatever the file is called, and what openssl exports."""

from cryptography.hazmat.primitives.serialization import pkcs12

from builder.signing import refused
from builder.signing.identity import Identity, identity
from builder.signing.keystores import KeyStore, Wanted, no_such_key, wrong_password


def _holds(data: bytes) -> bool:
    return data[:1] == b"\x30"


def _load(data: bytes, wanted: Wanted) -> Identity:
    try:
        found = pkcs12.load_pkcs12(data, wanted.store_password().encode())
    except ValueError as error:
        if "password" not in str(error):
            raise
        raise wrong_password(wanted) from error
    if found.key is None or found.cert is None:
        raise no_such_key(wanted, [])
    own = _alias(found.cert)
    if own and own != wanted.alias.lower():
        _refuse(found, own, wanted)
    certificates = [found.cert, *found.additional_certs]
    return identity(found.key, [one.certificate for one in certificates], wanted.where)


def _refuse(found: pkcs12.PKCS12KeyAndCertificates, own: str, wanted: Wanted) -> None:
    """Raise BuilderError (signing) for another alias than that of the one key that `cryptography` reads."""
    others = [alias for one in found.additional_certs if (alias := _alias(one))]
    if wanted.alias.lower() in others:
        raise refused(
            f"`{wanted.where}` has more than one key, of which builder can read `{own}` only",
            f"copy the wanted one: keytool -importkeystore -srckeystore {wanted.where} -srcalias {wanted.alias}"
            " -destkeystore one.p12 -deststoretype pkcs12",
        )
    raise no_such_key(wanted, [own])


def _alias(certificate: pkcs12.PKCS12Certificate) -> str:
    """The name of a key, as Java compares them; "" where it has none, as openssl may leave it."""
    return (certificate.friendly_name or b"").decode(errors="replace").lower()


KEY_STORE = KeyStore(holds=_holds, load=_load)
