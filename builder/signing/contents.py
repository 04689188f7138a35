"""The digest of all of an APK but its signing block: a hash of the hashes of its chunks of 1 MiB.

Source: "Integrity-protected contents" of the APK Signature Scheme v2.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from itertools import chain

from builder.signing.apkfile import Apk

_CHUNK = 1 << 20  # bytes


def digests(apk: Apk, zeros: int, names: Iterable[str]) -> dict[str, bytes]:
    """The digest by each of these hashes of hashlib, with that many zeros between members and signing block."""
    members = chain(apk.pieces(), (bytes(zeros),))
    hashes: dict[str, list[bytes]] = {name: [] for name in names}
    for section in (members, (apk.directory,), (apk.end_for(apk.body + zeros),)):
        for chunk in _chunks(section):
            for name, found in hashes.items():
                found.append(_hash(name, b"\xa5", len(chunk), chunk))
    return {name: _hash(name, b"\x5a", len(found), b"".join(found)) for name, found in hashes.items()}


def _hash(name: str, kind: bytes, number: int, data: bytes) -> bytes:
    state = hashlib.new(name, kind + struct.pack("<L", number))
    state.update(data)
    return state.digest()


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        held += piece
        while len(held) >= _CHUNK:
            yield held[:_CHUNK]
            held = held[_CHUNK:]
    if held:
        yield held
