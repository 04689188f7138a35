"""What is left of uv's words where requirements can't be met together: each text is one that uv 0.13 wrote."""

import pytest

from builder.model import PREBUILT
from builder.resolver.unsolvable import reasons, where

LINUX = "python_full_version == '3.12.*' and platform_machine == 'x86_64' and sys_platform == 'linux'"
EVERY = (
    "(python_full_version == '3.12.*' and platform_machine == 'arm64' and sys_platform == 'darwin') or "
    "(python_full_version == '3.12.*' and platform_machine == 'x86_64' and sys_platform == 'darwin') or "
    "(python_full_version == '3.12.*' and platform_machine == 'aarch64' and sys_platform == 'linux') or "
    f"({LINUX}) or (python_full_version == '3.12.*' and platform_machine == 'AMD64' and sys_platform == 'win32') or "
    "(python_full_version == '3.12.*' and sys_platform == 'emscripten')"
)
END = "we can conclude that your project's requirements are unsatisfiable."


def said(cause: str, markers: str = EVERY) -> str:
    return f"No solution found when resolving dependencies for split (markers: {markers})\n  cause: {cause}"


CASES = {
    "two that exclude each other": (
        "Because flet<=0.82.2 depends on msgpack>=1.1.0 and your project depends on flet==0.82.2, we\n"
        "         can conclude that your project depends on msgpack>=1.1.0.\n"
        f"         And because your project depends on msgpack<1, {END}",
        (
            "flet<=0.82.2 depends on msgpack>=1.1.0 and the project depends on flet==0.82.2",
            "the project depends on msgpack<1",
        ),
    ),
    "markers of a requirement": (
        "Because your project depends on numpy{sys_platform == 'linux'}==1.26.4 and numpy{platform_machine ==\n"
        f"         'x86_64'}}<1.26, {END}",
        ("the project depends on numpy==1.26.4 and numpy<1.26",),
    ),
    "a platform's own requirement": (
        "Because app[web] depends on numpy{sys_platform == 'emscripten'}==2.0.0 and your project depends on "
        "numpy==1.26.4, we can conclude that your project and app[web] are incompatible.\n"
        f"         And because your project requires app[web], {END}",
        ("`tool.flet.web.dependencies` depends on numpy==2.0.0 and the project depends on numpy==1.26.4",),
    ),
    "markers of the wheels that are missing": (
        f"Because torch==2.0.0 has no `{EVERY}`-compatible wheels and your project depends on torch==2.0.0, {END}",
        ("torch==2.0.0 has no usable wheels and the project depends on torch==2.0.0",),
    ),
    "another Python": (
        "Because the requested Python version (>=3.11) does not satisfy Python>=3.13 and audioop-lts>=0.2.0 depends "
        "on Python>=3.13, we can conclude that audioop-lts>=0.2.0 cannot be used.\n"
        f"         And because your project depends on audioop-lts>=0.2, {END}",
        (
            "Python 3.12 does not satisfy Python>=3.13 and audioop-lts>=0.2.0 depends on Python>=3.13",
            "the project depends on audioop-lts>=0.2",
        ),
    ),
    "lists and numbered lines": (
        "Because foo2<=1.0.0 depends on b2>=1,<2 and only the following versions of foo2 are available:\n"
        "             foo2<=1.0.0\n             foo2>=1.1.0\n"
        "         we can conclude that foo2<1.1.0 cannot be used. (1)\n\n"
        "         Because all versions of x2 depend on y2>=2,<3 and foo2>=1.1.0 depends on x2, we can conclude that "
        "foo2>=1.1.0 depends on y2>=2,<3.\n"
        "         And because we know from (1) that foo2<1.1.0 cannot be used, we can conclude that all versions of "
        "foo2 cannot be used.\n"
        f"         And because your project depends on foo2, {END}",
        (
            "foo2<=1.0.0 depends on b2>=1,<2 and only the following versions of foo2 are available: "
            "foo2<=1.0.0 foo2>=1.1.0",
            "all versions of x2 depend on y2>=2,<3 and foo2>=1.1.0 depends on x2",
            "foo2<1.1.0 cannot be used",
            "the project depends on foo2",
        ),
    ),
}


@pytest.mark.parametrize(("cause", "expected"), CASES.values(), ids=CASES.keys())
def test_the_facts_are_left_and_no_markers(cause: str, expected: tuple[str, ...]) -> None:
    """Package, requirement, and who wants it; what uv concludes from them is left out."""
    assert reasons(said(cause), "3.12") == expected


def test_a_text_of_another_form_is_kept() -> None:
    """A later uv may word it otherwise: then all of it is shown, in one line."""
    assert reasons("No solution:\n  your project is\n  hopeless", "3.12") == ("No solution: the project is hopeless",)


@pytest.mark.parametrize(
    ("markers", "expected"),
    [
        (EVERY, ()),
        (LINUX, ("linux-x86_64",)),
        ("python_full_version == '3.12.*' and sys_platform == 'emscripten'", ("web", "apk")),
        ("platform_system != 'Pyodide' and sys_platform == 'win32'", ("windows-x86_64",)),
    ],
)
def test_the_targets_that_it_is_about_are_known(markers: str, expected: tuple[str, ...]) -> None:
    """None are named where it is about all of them."""
    assert where(said("Because a, we can conclude that b.", markers), PREBUILT, "3.12") == expected


def test_a_text_that_names_no_target_is_about_all() -> None:
    """As where there is one platform only."""
    assert where("No solution found\n  cause: Because a, we can conclude that b.", PREBUILT, "3.12") == ()
