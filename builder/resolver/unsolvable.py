"""Why requirements can't be met together: what uv says, reduced to who wants what of which package."""

import re

from packaging.markers import Marker

from builder.fletkeys.key import PLATFORMS
from builder.model import PYODIDE
from builder.resolver.graph import ROOT
from builder.resolver.wheels import desktop

_WHERE = re.compile(r"for split \(markers: (.+?)\) cause: ")
_PREMISE = re.compile(r"\b[Bb]ecause (.+?),? we can conclude that ")
_WORDS = (
    (r"(?<=[\w\]])\{[^{}]*\}", ""),  # `numpy{sys_platform == 'linux'}==1.26.4`
    (r"no `[^`]*`-compatible wheels", "no usable wheels"),  # between the quotes: the markers of all targets
    (r" \(e\.g\., `cp\d+`\)", ""),  # of the interpreter that runs uv, not of a target
    (r"\bwe know from \(\d+\) that ", ""),  # a numbered line that is not shown
    (r"\byour project\b", "the project"),
)
_BROWSER = {"sys_platform": "emscripten", "platform_system": "Emscripten", "platform_machine": "wasm32"}


def reasons(said: str, python: str) -> tuple[str, ...]:
    """What does not go together, one fact each, of what uv wrote; all of that in one line where it has another form.

    `python` is the version that is locked for, such as `3.12`: to uv, which is told of it by a marker, it is a range.
    """
    flat = " ".join(said.split())
    for pattern, word in _WORDS:
        flat = re.sub(pattern, word, flat)
    flat = re.sub(r"the requested Python version \([^)]*\)", f"Python {python}", flat)
    facts = dict.fromkeys(_PREMISE.findall(flat))
    for platform in PLATFORMS:  # uv is asked for a platform's own requirements as an extra
        facts.pop(f"the project requires {ROOT}[{platform}]", None)
        facts = {fact.replace(f"{ROOT}[{platform}]", f"`tool.flet.{platform}.dependencies`"): None for fact in facts}
    return tuple(facts) or (flat,)


def where(said: str, targets: tuple[str, ...], python: str) -> tuple[str, ...]:
    """The targets that it is about; none where it is about all of them."""
    found = _WHERE.search(" ".join(said.split()))
    if not found:
        return ()
    marker = Marker(found[1])
    some = tuple(target for target in targets if marker.evaluate(_environment(target, python)))
    return () if some == targets else some


def _environment(target: str, python: str) -> dict[str, str]:
    of = "linux-x86_64" if target in PYODIDE else target
    markers = dict(desktop(of, f"{python}.0").markers)
    return markers | _BROWSER if target in PYODIDE else markers
