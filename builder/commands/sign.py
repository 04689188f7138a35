"""`builder sign`: a signed APK out of an unsigned one, with a key, the debug key, or a signature that was published."""

import datetime
import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from builder.commands import Context, attest
from builder.errors import BuilderError, Exit
from builder.model import UNSIGNED
from builder.project import Project
from builder.signing import refused
from builder.signing.apkfile import check_unsigned, load, write
from builder.signing.copying import copied
from builder.signing.debugkey import debug_key
from builder.signing.identity import Identity, check_date, check_fingerprint, fingerprint
from builder.signing.keystores import Wanted
from builder.signing.keystores import load as load_key
from builder.signing.schemes import signed
from builder.signing.verifying import verified

ALIAS = "upload"  # as of Flet
_PREFIX = "FLET_ANDROID_SIGNING_"  # of Flet's variables

Ask = Callable[[str], str]  # asks a person for a password, without showing it


@dataclass(frozen=True)
class Request:
    """What is to be signed, and with what: one of key store, debug key and published APK."""

    file: Path
    out: Path | None = None  # else the file's name without `-unsigned`
    key_store: Path | None = None
    alias: str = ""
    password_file: Path | None = None  # first line: of the key store; second, if any: of the key
    debug: bool = False
    copy_from: Path | None = None
    fingerprint: str = ""  # sha256 that the certificate must have; "": any

    @property
    def complete(self) -> bool:
        """Whether it is said what to sign with."""
        return self.debug or self.copy_from is not None or self.key_store is not None


@dataclass(frozen=True)
class Signed:
    """A signed APK."""

    path: Path
    digest: str  # sha256 of the file
    fingerprint: str  # sha256 of the certificate


def completed(context: Context, project: Project | None, request: Request) -> Request:
    """A request with the key that [tool.flet.android.signing], else Flet's variables, name, where it names none."""
    written = project.flet if project else {}

    def setting(name: str) -> str:
        return str(written.get(f"android.signing.{name}") or context.environ.get(f"{_PREFIX}{name.upper()}") or "")

    if request.debug or request.copy_from:
        return request
    named = setting("key_store")
    store = request.key_store or (context.root / Path(named).expanduser() if named else None)
    return replace(request, key_store=store, alias=request.alias or setting("key_alias") or ALIAS)


def run(context: Context, request: Request, ask: Ask | None) -> Signed:
    """Sign, or put a published signature on; `ask` is None where nobody can be asked. Raises BuilderError (signing)."""
    place = _place(request)
    apk = load(request.file)
    check_unsigned(apk)
    if request.copy_from:
        published = load(request.copy_from)
        certificate = verified(published)
        check_fingerprint(certificate, request.fingerprint)
        after = copied(apk, published)
    else:
        identity = _identity(context, request, ask)
        certificate = identity.certificates[0]
        check_fingerprint(certificate, request.fingerprint)
        after = signed(apk, identity)
    digest = write(apk, after, place)
    attest.write_signed(request.file, place, digest, fingerprint(certificate))
    context.say(f"signed by {certificate.subject.rfc4514_string()}, certificate sha256 {fingerprint(certificate)}")
    context.say(f"digest {digest}")
    return Signed(place, digest, fingerprint(certificate))


def beside(context: Context, project: Project, artifact: Path, *, debug: bool, ask: Ask | None) -> Signed | None:
    """Sign what a build gave, if it can be signed and a key is named. Raises BuilderError (usage, signing)."""
    if not artifact.name.endswith(UNSIGNED):
        if debug:
            raise BuilderError(
                f"`{artifact.name}` is not signed with a debug key", hint="leave --debug out", code=Exit.USAGE
            )
        return None
    request = completed(context, project, Request(file=artifact, debug=debug))
    return run(context, request, ask) if request.complete else None


def _place(request: Request) -> Path:
    name = request.file.name
    if request.out is None and not name.endswith(UNSIGNED):
        raise BuilderError(
            f"`{name}` does not end in `{UNSIGNED}`, so the signed APK has no name",
            hint="name it with --out",
            code=Exit.USAGE,
        )
    place = request.out or request.file.with_name(f"{name.removesuffix(UNSIGNED)}.apk")
    if place.exists() and request.file.exists() and place.samefile(request.file):
        raise BuilderError(
            f"`{place}` would be replaced by itself, signed", hint="name another file with --out", code=Exit.USAGE
        )
    return place


def _identity(context: Context, request: Request, ask: Ask | None) -> Identity:
    if request.debug:
        context.say("warning: this is the debug key of this user: good for trying the app, not for publishing it")
        return debug_key(context.store.root / "keys" / "android-debug.pem")
    if request.key_store is None:
        raise refused(
            "no key store is named",
            "name one with --key-store or `key_store` in [tool.flet.android.signing]; --debug takes a debug key",
        )
    where = str(request.key_store)
    found = load_key(request.key_store, _wanted(context, request, ask))
    check_date(found, datetime.datetime.now(datetime.UTC), where)
    return found


def _wanted(context: Context, request: Request, ask: Ask | None) -> Wanted:
    """The key, with its passwords from file, environment or prompt; each stands in for the other, as in Flet."""
    store, key = _passwords(context, request)

    @functools.cache
    def asked() -> str:
        if ask is None:
            raise refused(
                f"no password for `{request.key_store}` is given, and nobody can be asked",
                f"set {_PREFIX}KEY_STORE_PASSWORD, or name a file with --password-file",
            )
        return ask(f"password of {request.key_store}: ")

    where = str(request.key_store)
    return Wanted(where, request.alias or ALIAS, lambda: store or key or asked(), lambda: key or store or asked())


def _passwords(context: Context, request: Request) -> tuple[str, str]:
    """Of the key store and of the key, empty where not given."""
    names = (f"{_PREFIX}KEY_STORE_PASSWORD", f"{_PREFIX}KEY_PASSWORD")
    if request.password_file is None:
        return context.environ.get(names[0], ""), context.environ.get(names[1], "")
    try:
        lines = request.password_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise refused(
            f"the password file `{request.password_file}` can't be read", "name a text file that you may read"
        ) from error
    store, key, *_ = [*lines, "", ""]
    return store, key
