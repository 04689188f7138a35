"""What a second build is compared with: a first build, a recorded digest, or a published artifact, signed or not."""

from dataclasses import dataclass
from pathlib import Path

from builder import noop
from builder.errors import BuilderError, Exit
from builder.execute import Artifact
from builder.signing import apkfile, copying, verifying
from builder.verification.causes import explain
from builder.verification.compare import differences, differing
from builder.verification.result import Leak

_FILES = 8  # that are looked into


@dataclass(frozen=True)
class Wanted:
    """What the artifact of a second build should be."""

    told: str  # for people
    digest: str  # sha256 of a file, NAR sha256 of a folder
    path: Path | None = None  # where its bytes are; None where only a digest is known
    artifact: Artifact | None = None  # where it is a first build
    signed: bool = False  # an APK with a signature, which another can't have

    def difference(self, found: Path) -> tuple[str, bool]:
        """What is to be said of an artifact, and whether it is another one than wanted."""
        if self.signed and self.path:
            try:
                copying.copied(apkfile.load(found), apkfile.load(self.path))
            except BuilderError as error:
                return error.message, True
            return "with the signature of the published APK the rebuilt one equals it, byte for byte", False
        return "", noop.digest(found) != self.digest


def of_file(path: Path) -> Wanted:
    """A published artifact. Raises BuilderError: usage where there is none, signing where its signature is broken."""
    if not path.exists():
        raise BuilderError(f"there is no `{path}`", hint="name the published file or folder", code=Exit.USAGE)
    signed = False
    if path.suffix == ".apk":
        apk = apkfile.load(path)
        signed = bool(apk.block)
        if signed:
            verifying.verified(apk)
    return Wanted(f"`{path}`", noop.digest(path), path, signed=signed)


def leak(wanted: Path, found: Path) -> Leak:
    """How a published artifact differs from what every build here gives."""
    files = differing(wanted, found) if wanted.is_dir() == found.is_dir() else ("",)
    spots = tuple(
        spot
        for file in files[:_FILES]
        for spot in differences(file or wanted.name, *((p / file if file else p) for p in (wanted, found)))
    )
    return Leak(
        "(the artifact)",
        "what was published",
        tuple(file or wanted.name for file in files),
        explain("", spots[0]),
        spots,
    )
