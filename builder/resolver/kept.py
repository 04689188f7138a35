"""What a new lock takes over from the old one, so that nothing moves without being asked to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from builder.errors import BuilderError, Exit
from builder.lock import TOOLCHAIN, Lock, Pin, Sdist
from builder.resolver.graph import Key


@dataclass(frozen=True)
class Kept:
    """The old lock's pins that may be kept, and all that it knew of files."""

    packages: tuple[Pin, ...] = ()
    pins: tuple[Pin, ...] = ()
    known: tuple[Pin, ...] = ()  # all old pins, those to be upgraded too
    sdists: tuple[Sdist, ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)  # target -> why it could not be locked

    @property
    def versions(self) -> frozenset[Key]:
        """The versions of Python packages to keep."""
        return frozenset(Key(pin.name, pin.version) for pin in self.packages)

    def package(self, name: str, version: str, target: str) -> Pin | None:
        """The old pin of that version of a Python package for a target."""
        return next((p for p in self.packages if (p.name, p.version) == (name, version) and target in p.targets), None)

    def pin(self, name: str, source: str, target: str) -> Pin | None:
        """The old pin of anything else for a target."""
        return next((p for p in self.pins if (p.name, p.source) == (name, source) and target in p.targets), None)

    def sdist(self, file: str, sha256: str) -> Sdist | None:
        """What the old lock says of how those bytes are built."""
        known = any((pin.file, pin.sha256) == (file, sha256) for pin in self.known)
        return next((sdist for sdist in self.sdists if known and sdist.file == file), None)

    def wheels(self, sdist: Sdist) -> frozenset[Key]:
        """The versions to keep of what a source distribution is built with."""
        return frozenset(Key(pin.name, pin.version) for pin in self.pins if pin.file in sdist.wheels)

    def size(self, sha256: str) -> int | None:
        """The size that the old lock has for those bytes."""
        return next((pin.size for pin in self.known if pin.sha256 == sha256 and pin.size is not None), None)

    def check(self, place: tuple[str, str, str], sha256: str) -> None:
        """Raise BuilderError (mismatch) where the old lock has other bytes for a file: published ones never change.

        The place is the alias of the file's source, its folder there, its name.
        """
        source, _, file = place
        for pin in self.known:
            if (pin.source, pin.path, pin.file) == place and pin.sha256 != sha256:
                raise BuilderError(
                    f"`{file}` of `{source}` has sha256 {sha256} now; builder.lock has {pin.sha256}",
                    hint="ask the index's owner why a published file changed; "
                    "if that is right, delete builder.lock and run `builder lock`",
                    code=Exit.MISMATCH,
                )


def keep(old: Lock | None, upgrade: bool, names: Collection[str], held: Collection[str] = ()) -> Kept:
    """What to keep of an old lock: only `held` on an upgrade of all, else all but `names`.

    Raises BuilderError (usage) for a name that the old lock has no pin of.
    """
    if old is None:
        return Kept()
    wanted = {canonicalize_name(name) for name in names}
    known = (*old.packages, *old.pins)
    unknown = wanted - {canonicalize_name(pin.name) for pin in known} - {TOOLCHAIN}
    if unknown:
        raise BuilderError(
            f"builder.lock has no package `{min(unknown)}` to upgrade",
            hint="`builder tree` shows what it has",
            code=Exit.USAGE,
        )
    if upgrade:
        return Kept(
            packages=tuple(pin for pin in old.packages if pin.name in held),
            pins=tuple(pin for pin in old.pins if pin.name in held),
            known=known,
        )
    return Kept(
        packages=tuple(pin for pin in old.packages if pin.name not in wanted),
        pins=tuple(pin for pin in old.pins if canonicalize_name(pin.name) not in wanted),
        known=known,
        sdists=old.sdists,
        unavailable={} if wanted else old.unavailable,
    )
