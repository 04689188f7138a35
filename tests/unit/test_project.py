"""What the author wrote, as one frozen thing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import BuilderError, Exit
from builder.project import Project, load, parse
from builder.requirements import Context

EXAMPLE = """
[project]
name = "counter"
version = "2.0.0"
description = "Counts"
requires-python = ">=3.10"
dependencies = ["flet", "Repath>=0.9"]

[dependency-groups]
dev = ["flet-cli", { include-group = "test" }]
test = ["pytest"]

[tool.uv]
package = false

[tool.flet.metadata]
title = "Counter"
controls = ["Text", "IconButton"]

[tool.flet.app]
path = "src"
exclude = ["docs"]

[tool.flet.web]
base_url = "count"
app.exclude = []

[tool.flet.android]
dependencies = ["pyjnius"]

[tool.builder]
targets = ["web"]
mirrors = { pypi = "https://mirror.example.com/simple/" }
"""

Make = Callable[..., Project]


@pytest.fixture
def warnings() -> list[str]:
    """What was warned of."""
    return []


@pytest.fixture
def environ() -> dict[str, str]:
    """The environment that projects are loaded in."""
    return {}


@pytest.fixture
def make(tmp_path: Path, warnings: list[str], environ: dict[str, str]) -> Make:
    """The project of an app with these files; a main.py is always there."""

    def make(pyproject: str | None = None, options: dict[str, Any] | None = None, **files: str) -> Project:
        held = {"main.py": "", **{name.replace("__", "/"): text for name, text in files.items()}}
        if pyproject is not None:
            held["pyproject.toml"] = pyproject
        for name, text in held.items():
            path = tmp_path / "my app" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return load(tmp_path / "my app", options or {}, warnings.append, environ)

    return make


def test_a_usual_pyproject_is_read_without_a_word(make: Make, warnings: list[str]) -> None:
    """Flet's own examples, dependency groups and other tools' tables give no warning."""
    found = make(EXAMPLE, **{"src__main.py": ""})
    assert (found.name, found.version, found.description) == ("counter", "2.0.0", "Counts")
    assert found.requires == ("flet", "repath>=0.9")
    assert found.platform_requires == {"android": ("pyjnius",)}
    assert (found.path, found.module) == ("src", "main")
    assert found.settings.targets == ("web",)
    assert warnings == []


def test_what_flet_would_take_from_the_environment_changes_nothing(
    make: Make, warnings: list[str], environ: dict[str, str]
) -> None:
    """A lock and a plan are of what is committed; the variable is warned of, not dropped in silence."""
    silent = make()
    environ["FLET_WEB_RENDERER"] = "skwasm"
    assert make() == silent
    assert [text.partition(" ")[0] for text in warnings] == ["FLET_WEB_RENDERER"]


def test_a_folder_with_only_main_needs_nothing_but_flet(make: Make) -> None:
    """Without pyproject.toml and requirements.txt the folder gives the name."""
    found = make()
    assert (found.name, found.version, found.requires) == ("my app", "1.0.0", ("flet",))


@pytest.mark.parametrize(
    ("pyproject", "requirements", "wanted", "warned"),
    [
        ('[project]\ndependencies = ["a"]\n[tool.poetry.dependencies]\nb = "*"', "c", ("a",), True),
        ('[project]\ndependencies = []\n[tool.poetry.dependencies]\nb = "*"', "# c", ("b",), False),
        ("[project]\nname = 'x'", "c", ("c",), False),
        ("[project]\ndependencies = []", "--pre", ("flet",), False),
        ("[tool.poetry.dependencies]\npython = '^3.10'", "", ("flet",), False),
    ],
)
def test_the_first_place_that_names_dependencies_wins(
    make: Make, warnings: list[str], pyproject: str, requirements: str, wanted: tuple[str, ...], warned: bool
) -> None:
    """[project], else [tool.poetry], else requirements.txt, else flet; a second place that names any is told."""
    assert make(pyproject, **{"requirements.txt": requirements}).requires == wanted
    assert any("`requirements.txt` is not read" in line for line in warnings) is warned


def test_poetry_gives_name_version_and_description(make: Make) -> None:
    """[tool.poetry] counts where [project] is silent."""
    found = make('[tool.poetry]\nname = "p"\nversion = "3"\ndescription = "d"\n[project]\nversion = "4"')
    assert (found.name, found.version, found.description) == ("p", "4", "d")


def test_indexes_tell_whether_the_default_one_is_replaced(make: Make) -> None:
    """The last -i comes first and replaces the default index; --extra-index-url alone does not."""
    extra = make(**{"requirements.txt": "--extra-index-url https://b/\nflet"})
    both = make(**{"requirements.txt": "--extra-index-url https://b/\n-i https://a/\n-i https://c/\nflet"})
    assert (extra.indexes, extra.default_index) == (("https://b/",), True)
    assert (both.indexes, both.default_index) == (("https://c/", "https://b/"), False)


def test_credentials_are_in_no_record(tmp_path: Path) -> None:
    """They are for the one who fetches; neither repr nor inputs nor JSON holds them."""
    (tmp_path / "main.py").touch()
    (tmp_path / "requirements.txt").write_text("-i https://me:${KEY}@host/simple\nfoo @ https://${KEY}@h/foo.whl")
    (tmp_path / "pyproject.toml").write_text("[tool.builder.index]\nacme = 'https://you:s3cret@own/simple/'")
    found = load(tmp_path, {}, lambda line: None, {"KEY": "s3cret"})
    assert set(found.credentials.values()) == {"me:s3cret", "s3cret", "you:s3cret"}
    assert found.inputs()["package_indexes"] == {"acme": "https://own/simple/"}
    assert "s3cret" not in repr(found) + found.model_dump_json() + json.dumps(found.inputs())


def test_a_setting_follows_flets_precedence(make: Make) -> None:
    """Command line, then the platform, then the app, then the default; an empty platform value clears the app's."""
    found = make(EXAMPLE, **{"src__main.py": ""})
    assert found.setting("app.exclude", "web") == []
    assert found.setting("app.exclude", "linux-x86_64") == ["docs"]
    assert found.setting("web.base_url", "web") == "/count/"
    assert found.setting("web.route_url_strategy", "web") == "path"
    given = make(EXAMPLE, {"app.exclude": ["x"]})
    assert [given.setting("app.exclude", platform) for platform in ("web", "apk")] == [["x"], ["x"]]


def test_a_default_follows_the_flet_line(make: Make) -> None:
    """Byte code and the renderer changed their defaults between the lines."""
    found = make()
    assert [found.setting("compile.app", "web", line) for line in ("0.82", "1.0")] == [False, True]
    assert [found.setting("web.renderer", "web", line) for line in ("0.82", "1.0")] == ["auto", "canvaskit"]


def test_names_fall_back_to_the_project(make: Make) -> None:
    """Product and artifact are the project's name, the short name the product's, until someone says otherwise."""
    found = make("[project]\nname = 'a'\nversion = '5'\n[tool.flet]\nweb.artifact = 'w'")
    keys = ("project", "product", "artifact", "web.pwa_short_name", "description", "build_version")
    assert [found.setting(key, "web") for key in keys] == ["a", "a", "w", "a", "", "5"]
    given = make("[project]\nname = 'a'", {"project": "b", "build_version": "6", "description": "d", "product": "P"})
    assert (given.name, given.version, given.description) == ("b", "6", "d")
    assert given.setting("web.pwa_short_name", "web") == "P"


def test_naming_files_to_remove_turns_the_removal_on(make: Make) -> None:
    """As Flet does, whatever the key itself says."""
    found = make("[tool.flet.cleanup]\napp = false\npackages = false\n[tool.flet.web.cleanup]\napp_files = '*.md'")
    assert [found.setting("cleanup.app", platform) for platform in ("web", "linux")] == [True, False]
    assert found.setting("cleanup.packages", "web") is False


def test_inputs_hold_what_decides_a_plan_and_no_default(make: Make) -> None:
    """Mirrors are not in it, and what stands at its default is not, so that a new release makes no plan stale."""
    found = make(EXAMPLE, **{"src__main.py": ""}).inputs()
    assert json.loads(json.dumps(found)) == found
    assert found["settings"] == {"targets": ["web"], "declared": True}
    assert set(make("[tool.builder.mirrors]\npypi = 'https://h/'").inputs()) == {"name", "version", "requires"}


@pytest.mark.parametrize(
    "change",
    [
        "[project]\nname = 'b'",
        "[project]\ndependencies = ['flet<1']",
        "[tool.flet]\nproduct = 'P'",
        "[tool.builder]\npython = '3.14'",
        "[tool.flet.web]\ndependencies = ['a']",
        "[tool.builder]\nexclude-newer = 2026-01-01",
    ],
)
def test_inputs_follow_each_thing_that_was_written(make: Make, change: str) -> None:
    """Whatever could change a plan changes its record."""
    assert make(change).inputs() != make("").inputs()


@pytest.mark.parametrize(
    ("pyproject", "says", "mend"),
    [
        ("x = ", "`pyproject.toml`: is not TOML: Invalid value (at ", "mend"),
        ("\n\n[project\n", "line 3", "mend"),
        ("project = 5", "`project` is not a table", "[project]"),
        ("tool = 5", "`tool` is not a table", "[tool]"),
        ("[project]\nname = 5", "`project.name` is a number, not text", "in quotes"),
        ("[project]\nversion = 1.0", "`project.version` is a number", "in quotes"),
        ("[project]\ndependencies = 'flet'", "`project.dependencies`: is not a list", "flet"),
        ("[project]\ndependencies = ['=> 3']", "`project.dependencies`: `=> 3` is no requirement", "PEP 508"),
        ("[project]\nrequires-python = 'new'", "is no version specifier", ">=3.12"),
        ("[tool.flet.app]\npath = '../x'", "leaves the app", "src"),
        ("[tool.flet.app]\npath = '/x'", "leaves the app", "src"),
        ("[tool.flet.app]\nmodule = 'a/b'", "is no module", "main"),
        ("[tool.flet.app]\nmodule = 'start'", "no entry point `start.py`", "add that file"),
        ("[tool.flet.app]\npath = 'gone'", "no entry point `gone/main.py`", '[tool.flet.app] path = "."'),
        (
            "[project]\ndependencies = ['flet']\n[tool.flet]\ndev_packages = { flet = 5 }",
            "`tool.flet.dev_packages`: has no text for `flet`",
            "URL",
        ),
        ("[tool.flet.web]\ndependencies = ['a b']", "`tool.flet.web.dependencies`: `a b`", "PEP 508"),
    ],
)
def test_a_broken_project_is_one_error_with_its_mend(make: Make, pyproject: str, says: str, mend: str) -> None:
    """The message names file, key and fact; the exit code is 3."""
    with pytest.raises(BuilderError) as caught:
        make(pyproject)
    assert says in caught.value.message
    assert mend in caught.value.hint
    assert caught.value.code == Exit.PROJECT


def test_a_package_may_come_from_elsewhere(make: Make) -> None:
    """`dev_packages` moves what the project or a platform requires, with its extras and marker, and nothing else."""
    wheel = "https://host/a-1-py3-none-any.whl"
    text = f"""
[project]
dependencies = ["flet", "A.b[x]>=1; python_version > '3'"]
[tool.flet.dev_packages]
"a_b" = "{wheel}"
absent = "{wheel}"
c = "https://u:p@host/c.whl#sha256={"ab" * 32}"
[tool.flet.web]
dependencies = ["C>3", "d"]
"""
    found = make(text)
    assert found.requires == (f'a-b[x] @ {wheel} ; python_version > "3"', "flet")
    assert found.platform_requires == {"web": (f"c @ https://host/c.whl#sha256={'ab' * 32}", "d")}
    assert found.hashes == (f"c {'ab' * 32}",)
    assert set(found.credentials.values()) == {"u:p"}


def test_a_module_may_be_written_with_its_ending(make: Make) -> None:
    """`main.py` means `main`; dots lead into folders."""
    assert make("[tool.flet.app]\nmodule = 'main.py'").module == "main"
    assert make("[tool.flet.app]\nmodule = 'pkg.start'", **{"pkg__start.py": ""}).module == "pkg.start"


def test_no_folder_and_no_app_lead_to_init(tmp_path: Path) -> None:
    """Both say what is missing and how to start."""
    for root in (tmp_path / "gone", tmp_path):
        with pytest.raises(BuilderError) as caught:
            load(root, {}, lambda line: None)
        assert "builder init" in caught.value.hint
        assert caught.value.code == Exit.PROJECT


def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    """A folder of that name, or no right to read it, is no traceback."""
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(BuilderError, match=r"`pyproject.toml`: can't be read"):
        load(tmp_path, {}, lambda line: None)


PIECES = st.sampled_from(
    ["[project]\n", "[tool.flet]\n", "[tool.flet.web]\n", "[tool.builder]\n", "[tool.poetry.dependencies]\n", "name = ",
     "dependencies = ", "'flet'\n", "['a', 'b >']\n", "5\n", "nan\n", "2026-01-01\n", "{ a = 1 }\n", "version = ",
     "targets = ", "app.path = ", "exclude = ", "permissions = ", "'../x'\n", "true\n", "\n", "x = ", "''\n",
     "'\\u0000'\n", '"\\u0000"\n', "requires-python = ", "exclude-newer = ", "python = ", "mirrors = ", "sdist = ",
     "client = "]
)  # fmt: skip


@given(st.one_of(st.binary(), st.text().map(str.encode), st.lists(PIECES).map(lambda parts: "".join(parts).encode())))
def test_no_pyproject_breaks_the_reader(data: bytes) -> None:
    """Whatever the file holds, the outcome is a project whose record is JSON, or one error."""

    def read(name: str) -> bytes:
        if name != "pyproject.toml":
            raise FileNotFoundError(name)
        return data

    try:
        found = parse("app", {}, Context(read, {}, lambda line: None))
    except BuilderError as error:
        assert error.hint
    else:
        json.dumps(found.inputs(), allow_nan=False).encode()


def test_images_of_icons_and_splash_screens_are_noted(tmp_path: Path) -> None:
    """Without their endings, each once, those of a platform too; other assets and other folders are not."""
    assets = tmp_path / "src" / "assets"
    (assets / "icon_ios.png").mkdir(parents=True)
    for name in (
        "icon.png",
        "icon.webp",
        "icon_web.SVG",
        "Icon.png",
        "splash_dark_android.jpg",
        "icon_x.png",
        "icon.txt",
        "logo.png",
    ):
        (assets / name).touch()
    (tmp_path / "src" / "main.py").touch()
    (tmp_path / "pyproject.toml").write_text('[tool.flet.app]\npath = "src"')
    found = load(tmp_path, {}, lambda warning: None)
    assert found.images == ("icon", "icon_web", "splash_dark_android")
    assert found.inputs()["images"] == ["icon", "icon_web", "splash_dark_android"]
