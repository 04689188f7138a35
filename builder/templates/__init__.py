"""Texts rendered at plan time; an undefined name is an error."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("builder", "templates"),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith((".html", ".xml", ".plist")),
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **values: Any) -> str:
    """The text of a template of this package; values in .html, .xml and .plist are escaped."""
    return _environment().get_template(template).render(**values)
