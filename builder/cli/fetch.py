"""The verb `fetch`."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from builder import project
from builder.commands import Context
from builder.errors import BuilderError, Exit
from builder.project import Project
from builder.terminal import talk
from builder.terminal.arguments import App, Verbose
from builder.terminal.begin import context_of, showing, warn
from builder.terminal.guard import guarded, say


@guarded
def fetch(
    path: App = Path(),
    target: Annotated[
        list[str] | None, typer.Option("--target", "-t", help="Only this target or family; may be repeated.")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option("--bundle", metavar="FILE", help="Write them into one file, for an air gap.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Take them out of such a file; open no connection.")
    ] = None,
    mirror: Annotated[
        Path | None, typer.Option("--mirror", metavar="FOLDER", help="Add them to a folder that any server can serve.")
    ] = None,
    nix: Annotated[bool, typer.Option("--nix", help="Put them into the Nix store as well.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Also what `builder verify` needs.")] = False,
    nix_export: Annotated[
        Path | None, typer.Option("--nix-export", metavar="FOLDER", help="Add them to a binary cache for Nix.")
    ] = None,
    verbose: Verbose = 0,
) -> None:
    """Fetch every pin and make the toolchain, so that builds need no network."""
    from builder.commands import fetch as command

    _refuse_two({"--bundle": bundle, "--from": source, "--mirror": mirror, "--nix-export": nix_export})
    context = context_of(path, "fetch", verbose, offline=source is not None)
    found = project.load(context.root, {}, warn, context.environ)
    targets = tuple(target or ())
    for place in filter(None, (bundle, mirror, nix_export)):
        command.check_place(context, place.absolute())
    with talk.bar(sys.stderr) as progress:
        context = showing(context, progress)
        if source:
            targets = _taken(context, found, targets, source)
        files, size = command.run(context, found, targets, verify=verify)
    say(f"the store holds {files} files, {size / 1e6:.1f} MB, all as locked")
    if bundle:
        _bundle(context, found, targets, bundle)
    if mirror:
        _mirror(context, found, targets, mirror)
    if nix or nix_export:
        paths = command.into_nix(context, found, targets)
        say("the Nix store holds those of the targets, and the toolchain that the others make")
        if nix_export:
            print(command.out_of_nix(context, paths, nix_export.absolute()))


def _refuse_two(given: Mapping[str, object]) -> None:
    named = [option for option, value in given.items() if value is not None]
    if len(named) > 1:
        raise BuilderError(
            f"{' and '.join(named)} are different things to do",
            hint="run `builder fetch` once with each",
            code=Exit.USAGE,
        )


def _taken(context: Context, found: Project, targets: tuple[str, ...], file: Path) -> tuple[str, ...]:
    from builder.commands import bundle as command

    return command.take(context, found, targets, file.absolute())


def _bundle(context: Context, found: Project, targets: tuple[str, ...], file: Path) -> None:
    from builder.commands import bundle as command

    written = command.write(context, found, targets, file.absolute())
    say(f"the bundle has {written.files} files, {written.size / 1e6:.1f} MB, sha256 {written.sha256}")
    print(file.absolute())


def _mirror(context: Context, found: Project, targets: tuple[str, ...], folder: Path) -> None:
    from builder.commands import mirror as command

    for name, base in command.write(context, found, targets, folder.absolute()).items():
        print(f"{name}={base}")
