"""Key stores: one file for each kind, found by their first bytes, not their names."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm

from builder.signing import refused
from builder.signing.identity import Identity

_KINDS = ("pem", "jks", "pkcs12")
_LARGEST = 16 << 20  # bytes
_MEND = "name a key store: PKCS#12 (which keytool makes), JKS, or PEM with key and certificate"


@dataclass(frozen=True)
class Wanted:
    """Which key is wanted, and how its passwords are come by; neither is asked for where nothing is encrypted."""

    where: str  # the key store's path, for people
    alias: str
    store_password: Callable[[], str]
    key_password: Callable[[], str]


@dataclass(frozen=True)
class KeyStore:
    """One kind of key store; `load` raises BuilderError (signing), ValueError where the bytes are broken."""

    holds: Callable[[bytes], bool]  # whether the bytes are of this kind
    load: Callable[[bytes, Wanted], Identity]


def load(path: Path, wanted: Wanted) -> Identity:
    """The wanted key of a key store. Raises BuilderError (signing)."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise refused(f"the key store `{wanted.where}` can't be read: {error.strerror}", _MEND) from error
    for name in _KINDS:
        kind: KeyStore = import_module(f"{__name__}.{name}").KEY_STORE
        if len(data) <= _LARGEST and kind.holds(data):
            try:
                return kind.load(data, wanted)
            except (ValueError, UnsupportedAlgorithm) as error:
                raise refused(f"the key store `{wanted.where}` is broken: {error}", "restore it from a copy") from error
    raise refused(f"`{wanted.where}` is no key store that builder can read", _MEND)


def wrong_password(wanted: Wanted, what: str = "key store") -> Exception:
    """The error of a password that does not open something."""
    return refused(
        f"the password does not open the {what} of `{wanted.where}`",
        "give the right one: FLET_ANDROID_SIGNING_KEY_STORE_PASSWORD, FLET_ANDROID_SIGNING_KEY_PASSWORD (where the key"
        " has its own), --password-file, or the prompt",
    )


def no_such_key(wanted: Wanted, aliases: list[str]) -> Exception:
    """The error of an alias that no key has."""
    have = ", ".join(f"`{alias}`" for alias in aliases) or "none"
    return refused(
        f"`{wanted.where}` has no key `{wanted.alias}`; its keys: {have}",
        "name one with --key-alias, or `key_alias` in [tool.flet.android.signing]",
    )
