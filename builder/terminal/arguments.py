"""Arguments and options that more than one command has."""

from pathlib import Path
from typing import Annotated

import typer

App = Annotated[Path, typer.Argument(help="Folder of the app.", show_default="this folder")]
Verbose = Annotated[int, typer.Option("-v", count=True, help="Show every command; -vv its output too.")]
Offline = Annotated[bool, typer.Option("--offline", help="Open no connection.")]
Backend = Annotated[
    str, typer.Option(help="Where steps run: `bwrap`, `nix`; `auto` is bwrap where it works, else nix.")
]
