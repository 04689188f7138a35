"""Signatures of APKs: APK Signature Scheme v2 and v3, outside the sandbox, the same bytes on every run."""

from builder.errors import BuilderError, Exit


def refused(fact: str, hint: str) -> BuilderError:
    """The error of whatever can't be signed."""
    return BuilderError(fact, hint=hint, code=Exit.SIGNING)
