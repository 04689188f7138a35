"""A published signature on a rebuilt APK: it fits where, and only where, the rebuilt APK is the published one unsigned.

Own code, as apksigcopier's licence (GPL) does not allow builder's; see docs/adr.
"""

import re

from builder.signing import refused
from builder.signing.apkfile import Apk
from builder.signing.encoding import PAGE

_JAR = re.compile(r"META-INF/([^/]+\.(SF|RSA|DSA|EC)|MANIFEST\.MF)")


def copied(unsigned: Apk, signed: Apk) -> bytes:
    """What is to stand after an unsigned APK's members to make it the signed one, byte for byte.

    Raises BuilderError (signing) naming what differs, where it is another.
    """
    zeros = signed.body - unsigned.body
    if not signed.block:
        raise refused(f"`{signed.path}` has no signature of scheme v2 or v3", "name the APK as it was published")
    if not (0 <= zeros < PAGE and _same(unsigned, signed, zeros)):
        raise refused(
            f"`{signed.path}` is not `{unsigned.path}` with a signature: {_difference(unsigned, signed)}",
            "build from the commit that was released, with the builder.plan/ in it (`builder build apk --frozen`)",
        )
    return bytes(zeros) + signed.block


def _same(unsigned: Apk, signed: Apk, zeros: int) -> bool:
    if unsigned.directory != signed.directory or unsigned.end_for(0) != signed.end_for(0):
        return False
    mine, other = unsigned.pieces(), signed.pieces()
    rest = b""
    for piece in other:
        own = next(mine, b"")
        if not piece.startswith(own):
            return False
        rest += piece[len(own) :]
    return rest == bytes(zeros)


def _difference(unsigned: Apk, signed: Apk) -> str:
    """What sets two APKs apart, for people."""
    mine, other = unsigned.entries, signed.entries
    extra = sorted(other.keys() - mine.keys())
    if extra and all(map(_JAR.fullmatch, extra)):
        return f"it has a v1 signature (`{extra[0]}`), which builder can't copy"
    told = [f"`{name}` is in the published one only" for name in extra]
    told += [f"`{name}` is in the rebuilt one only" for name in sorted(mine.keys() - other.keys())]
    shared = sorted(mine.keys() & other.keys())
    told += [f"`{name}` has other contents" for name in shared if mine[name].contents != other[name].contents]
    if len(told) > 3:
        told[3:] = [f"and {len(told) - 3} files more"]
    return ", ".join(told) or "the same files are packed in another way"
