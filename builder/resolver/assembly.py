"""From chosen files to pins: sizes and hashes filled in, one pin for all targets that share a file."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from builder.errors import BuilderError, Exit
from builder.lock import Origin, Pin
from builder.network.http import Http
from builder.resolver.kept import Kept
from builder.resolver.selection import DIRECT, Chosen, Rules

_AT_ONCE = 8


def pins(chosen: Mapping[str, Iterable[Chosen]], kept: Kept, rules: Rules, http: Http) -> tuple[Pin, ...]:
    """The pins of the chosen files of each target.

    Raises BuilderError (mismatch) where a hash is not the author's or not the one that the old lock has.
    """
    targets: dict[tuple[str, str, str], set[str]] = {}
    files: dict[tuple[str, str, str], Chosen] = {}
    for target, used in chosen.items():
        for file in used:
            place = (file.source, file.file, file.sha256)
            targets.setdefault(place, set()).add(target)
            files[place] = file if file.size is not None else files.get(place, file)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        known = list(pool.map(lambda file: _known(file, kept, http), files.values()))
    for file in known:
        kept.check((file.source, file.path, file.file), file.sha256)
        _own(file, rules)
    return tuple(_pin(file, targets[place]) for place, file in zip(files, known, strict=True))


def origins(chosen: Iterable[Chosen]) -> dict[str, Origin]:
    """Where the sources live that are no well-known registry."""
    return {
        file.source: Origin(kind="url" if file.source.startswith(DIRECT) else "pypi", base=file.base)
        for file in chosen
        if file.base
    }


def _known(file: Chosen, kept: Kept, http: Http) -> Chosen:
    """The file with its hash, and with its size where anybody tells it."""
    if not file.sha256:
        taken = http.take(file.url)
        return replace(file, sha256=taken.sha256, size=taken.size)
    if file.size is not None:
        return file
    size = kept.size(file.sha256)
    return replace(file, size=_size(file.url, http) if size is None and file.url else size)


def _size(url: str, http: Http) -> int | None:
    """What the file's server tells; a size is only a comfort, so a server that does not answer fails nothing."""
    try:
        return http.size(url)
    except BuilderError:
        return None


def _own(file: Chosen, rules: Rules) -> None:
    own = rules.hashes.get(file.key.name)
    if own and file.sha256 not in own:
        raise BuilderError(
            f"`{file.file}` has sha256 {file.sha256}, which is none of the project's own hashes of `{file.key.name}`",
            hint="correct the `--hash` in requirements.txt, or ask why the file changed",
            code=Exit.MISMATCH,
        )


def _pin(file: Chosen, targets: Iterable[str]) -> Pin:
    return Pin(
        name=file.key.name,
        version=file.key.version,
        source=file.source,
        path=file.path,
        file=file.file,
        size=file.size,
        sha256=file.sha256,
        hash=file.hash,
        targets=tuple(sorted(targets)),
    )
