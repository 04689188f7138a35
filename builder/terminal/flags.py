"""Flet's own options on a command: made from the one table of keys."""

import inspect
from collections.abc import Callable
from typing import Annotated, ParamSpec

import typer

from builder.fletkeys.options import options

P = ParamSpec("P")


def with_flet_options(*platforms: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Give a command that takes `**options` one option for each key that one of the platforms reads."""

    def decorate(command: Callable[P, None]) -> Callable[P, None]:
        own = [p for p in inspect.signature(command).parameters.values() if p.kind is not p.VAR_KEYWORD]
        taken = {parameter.name for parameter in own}
        flet = [
            inspect.Parameter(
                option.parameter,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[option.type, typer.Option(option.flag, help=option.help)],
            )
            for option in {o.parameter: o for platform in platforms for o in options(platform)}.values()
            if option.parameter not in taken
        ]
        command.__signature__ = inspect.Signature([*own, *flet])  # type: ignore[attr-defined]  # what typer reads
        return command

    return decorate
