"""The verb `sign`."""

from pathlib import Path
from typing import Annotated

import typer

from builder import project
from builder.terminal.arguments import App, Verbose
from builder.terminal.begin import context_of, prompt, warn
from builder.terminal.guard import guarded


@guarded
def sign(
    file: Annotated[Path, typer.Argument(help="The unsigned APK, or a provenance (`.provenance.json`).")],
    path: App = Path(),
    out: Annotated[Path | None, typer.Option(help="What is written.", show_default="beside FILE")] = None,
    key_store: Annotated[Path | None, typer.Option(help="PKCS#12, JKS or PEM file with the key.")] = None,
    key_alias: Annotated[str, typer.Option(help="Name of the key in it.", show_default="upload")] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="Its first line opens the key store, its second the key.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Sign with your debug key, made when first used.")] = False,
    copy_from: Annotated[Path | None, typer.Option(help="Put the signature of this published APK on FILE.")] = None,
    fingerprint: Annotated[str, typer.Option(help="The sha256 that the certificate must have.")] = "",
    verbose: Verbose = 0,
) -> None:
    """Sign an APK or a provenance; prints the path of what was written.

    PATH is the app whose [tool.flet.android.signing] counts.
    """
    from builder.commands import endorse
    from builder.commands import sign as command

    context = context_of(path, "sign", verbose)
    request = command.Request(file, out, key_store, key_alias, password_file, debug, copy_from, fingerprint)
    if endorse.is_meant(file):
        print(endorse.run(context, request, prompt()))
        return
    known = request.complete or not (context.root / project.PYPROJECT).exists()
    found = None if known else project.load(context.root, {}, warn, context.environ)
    print(command.run(context, command.completed(context, found, request), prompt()).path)
