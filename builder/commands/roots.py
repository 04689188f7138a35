"""The toolchain that a new lock names: the old lock's, this builder's table, or the Debian archive's newest files."""

from collections.abc import Mapping

from builder import data, toolchain
from builder.commands import Context
from builder.lock import TOOLCHAIN, Lock, Need, Origin, Pin
from builder.network.http import Http
from builder.sources import debian
from builder.toolchain import Recipe

NAME = "python-3.12"  # the toolchain of every lock
_DEB = "deb:"
_SUITES = {NAME: "bookworm"}  # the Debian release that a toolchain's packages are of


def wanted(old: Lock | None, *, upgrade: bool, names: tuple[str, ...]) -> bool:
    """Whether a lock's toolchain is to move: all is, it is, or one of its packages."""
    pins = toolchain.pins_of(old) if old else ()
    return upgrade or bool({TOOLCHAIN, *(pin.name for pin in pins)} & set(names))


def kept(old: Lock | None) -> Recipe:
    """The old lock's toolchain, so that a newer builder's table alone moves nothing; without one, the table's."""
    shipped = toolchain.load(NAME)
    pins = toolchain.pins_of(old) if old and old.toolchain.name == NAME else ()
    if old is None or {pin.name for pin in pins} != {pin.name for pin in shipped.pins}:
        return shipped
    same = {pin.sha256 for pin in pins} == {pin.sha256 for pin in shipped.pins}
    return toolchain.with_pins(shipped, pins, shipped.nar if same else old.toolchain.nar)


def newest(context: Context, recipe: Recipe, http: Http, origins: Mapping[str, Origin], keyring: bytes) -> Recipe:
    """The recipe with the files that its suite's signed index has now, and the NAR sha256 of the root they make.

    Raises BuilderError: fetch; mismatch where a signature or hash is wrong; lock where a package is not there.
    """
    pins = {pin.name: pin for pin in recipe.pins} | {pin.name: pin for pin in _signed(recipe, http, keyring)}
    moved = {pin.sha256 for pin in pins.values()} != {pin.sha256 for pin in recipe.pins}
    found = toolchain.with_pins(recipe, tuple(pins.values()), recipe.nar)
    if not moved:
        return found
    nar = _made(context, found, http, origins)
    return toolchain.with_pins(recipe, tuple(pins.values()), nar)


def keys() -> bytes:
    """The keys that Debian signs its archives with (OpenPGP certificates, armoured)."""
    return data.root().joinpath(debian.KEYRING).read_bytes()


def _signed(recipe: Recipe, http: Http, keyring: bytes) -> tuple[Pin, ...]:
    """The recipe's Debian packages as the archive has them; what comes from elsewhere stays as it is."""
    needs = [
        Need(source=pin.source, name=pin.name.removeprefix(_DEB), path=_SUITES[recipe.name], targets=(TOOLCHAIN,))
        for pin in recipe.pins
        if pin.name.startswith(_DEB)
    ]
    return debian.resolve_signed(tuple(needs), http, keyring)


def _made(context: Context, recipe: Recipe, http: Http, origins: Mapping[str, Origin]) -> str:
    """Fetch the recipe's files, make the root and put it into the store; gives its NAR sha256."""
    from builder.fetch import fetch
    from builder.sources import places

    store = context.store
    context.say(f"make  toolchain {recipe.name} of the newest packages")
    fetch(recipe.pins, store, places(origins, http), http, context.progress)
    with store.workspace() as folder:
        toolchain.assemble(recipe, {pin.sha256: store.file(pin.sha256) for pin in recipe.pins}, folder / "root")
        return store.put_under_digest(folder / "root")
