"""`builder sign` of a provenance: a DSSE envelope beside it, signed with a key that no build ever sees."""

import json
from collections.abc import Callable
from pathlib import Path

from builder import whole
from builder.commands import Context
from builder.commands.attest import PROVENANCE
from builder.commands.sign import Request
from builder.errors import BuilderError, Exit
from builder.provenance.dsse import envelope, keyid, load
from builder.provenance.statement import STATEMENT
from builder.signing import refused

ENVELOPE = ".intoto.jsonl"  # one envelope a line, as in-toto's bundles are called
KEY, PASSWORD = "BUILDER_PROVENANCE_KEY", "BUILDER_PROVENANCE_KEY_PASSWORD"

Ask = Callable[[str], str]


def is_meant(file: Path) -> bool:
    """Whether a file is to be signed as provenance, by its name."""
    return file.name.endswith(PROVENANCE)


def run(context: Context, request: Request, ask: Ask | None) -> Path:
    """Write the envelope of a provenance; gives its path. Raises BuilderError (usage, signing)."""
    _check_options(request)
    place = request.out or request.file.with_name(request.file.name.removesuffix(PROVENANCE) + ENVELOPE)
    payload = _statement(request.file)
    named = request.key_store or (Path(context.environ[KEY]) if context.environ.get(KEY) else None)
    if named is None:
        raise refused("no key is named", f"name a PEM file with --key-store, or with the variable {KEY}")
    key = load(_read(named, "key"), lambda: _password(context, request, named, ask), str(named))
    try:
        whole.write(place, envelope(payload, key))
    except OSError as error:
        raise refused(f"`{place}` can't be written: {error.strerror}", "name another place with --out") from error
    context.say(f"signed with the key {keyid(key)}")
    return place


def _check_options(request: Request) -> None:
    wrong = {"--debug": request.debug, "--copy-from": request.copy_from, "--key-alias": request.alias}
    wrong |= {"--fingerprint": request.fingerprint}
    for option, given in wrong.items():
        if given:
            raise BuilderError(
                f"{option} is for APKs, and `{request.file.name}` is a provenance",
                hint="name a PEM file with --key-store alone",
                code=Exit.USAGE,
            )


def _statement(file: Path) -> bytes:
    """The bytes of a provenance. Raises BuilderError (signing) where a file is none."""
    payload = _read(file, "provenance")
    try:
        right = json.loads(payload)["_type"] == STATEMENT
    except (ValueError, KeyError, TypeError, RecursionError):
        right = False
    if not right:
        raise refused(f"`{file}` is no in-toto statement", "name a file that `builder build` wrote")
    return payload


def _password(context: Context, request: Request, key: Path, ask: Ask | None) -> str:
    """The first line of the password file, else the variable, else what a person answers."""
    if request.password_file:
        lines = _read(request.password_file, "password file").decode("utf-8", "replace").splitlines()
        return next(iter(lines), "")
    if PASSWORD in context.environ:
        return context.environ[PASSWORD]
    if ask is None:
        raise refused(
            f"no password for `{key}` is given, and nobody can be asked",
            f"set {PASSWORD}, or name a file with --password-file",
        )
    return ask(f"password of {key}: ")


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise refused(
            f"the {what} `{path}` can't be read: {error.strerror}", "name a file that you may read"
        ) from error
