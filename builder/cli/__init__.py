"""The command line, one module a verb: parses, calls one command, prints.

stdout carries results only; talk goes to stderr. Nothing else of builder prints or exits.
"""

import importlib
from collections.abc import Iterable, Sequence

import typer

from builder.errors import Exit

VERBS = (
    "init",
    "lock",
    "fetch",
    "build",
    "verify",
    "plan",
    "tree",
    "outdated",
    "diff",
    "audit",
    "run",
    "shell",
    "sign",
    "export",
    "doctor",
    "gc",
    "store",
)  # in the order of --help


def main(argv: Sequence[str]) -> int:
    """The exit code of a command line."""
    named = [verb for verb in VERBS if [verb] == list(argv[:1])]
    try:
        application(named or VERBS)(list(argv), prog_name="builder")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else Exit.USAGE
    return Exit.OK


def application(verbs: Iterable[str]) -> typer.Typer:
    """The command line with these verbs: to read all of them takes longer than most commands need."""
    app = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help="Reproducible, offline builds of Flet apps from a lock of every outside byte.",
    )
    app.callback()(lambda: None)  # else typer would take a single verb for the whole command line
    for verb in verbs:
        app.command(name=verb)(getattr(importlib.import_module(f"builder.cli.{verb}"), verb))
    return app
