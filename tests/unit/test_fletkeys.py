"""The one table of Flet keys, and what is made of it."""

import inspect
import json
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from builder.errors import BuilderError, Exit
from builder.fletkeys import BY_NAME, KEYS, folders, nearest, platform_of, written
from builder.fletkeys.key import LINES, PLATFORMS
from builder.fletkeys.options import from_options, options
from builder.fletkeys.page import page
from builder.fletkeys.parse import parse, warn_of_variables
from builder.fletkeys.values import check
from builder.model import PREBUILT

# every option of `flet build` in 0.82.2 and 1.0.5, less those of its own help and positional arguments
FLET_OPTIONS = """
--android-adaptive-icon-background --android-extract-packages --android-features --android-legacy-packaging
--android-meta-data --android-permissions --android-signing-key-alias --android-signing-key-password
--android-signing-key-store --android-signing-key-store-password --arch --artifact --base-url --build-number
--build-version --bundle-id --cleanup-app --cleanup-app-files --cleanup-package-files --cleanup-packages --clear-cache
--company --compile-app --compile-packages --copyright --deep-linking-host --deep-linking-scheme --description --exclude
--flutter-build-args --include --info-plist --ios-export-method --ios-provisioning-profile --ios-signing-certificate
--ios-team-id --linux-categories --macos-distribution --macos-entitlements --macos-installer-identity
--macos-notary-profile --macos-provisioning-profile --macos-signing-identity --module-name --no-android-splash --no-cdn
--no-default-excludes --no-ios-splash --no-rich-output --no-wasm --no-web-splash --org --output --permissions --product
--project --pwa-background-color --pwa-short-name --pwa-theme-color --python-version --route-url-strategy
--show-platform-matrix --skip-flutter-doctor --source-packages --splash-color --splash-dark-color --split-per-abi
--swift-package-manager --template --template-dir --template-ref --verbose --web-renderer --yes
"""


def told(table: Any, **given: Any) -> tuple[dict[str, Any], list[str]]:
    """The values of a table with options on top (dots as double underscores), and the warnings."""
    warnings: list[str] = []
    return parse(table, {name.replace("__", "."): value for name, value in given.items()}, warnings.append), warnings


def test_every_option_of_flet_is_in_the_table() -> None:
    """A command line for `flet build` finds each of its options here."""
    assert sorted(key.option.split("/")[0] for key in KEYS if key.option) == FLET_OPTIONS.split()


def test_names_options_and_parameters_are_unique() -> None:
    """No two keys share a name, an option or a Python parameter."""
    for part in ("name", "parameter", "option"):
        held = [value for key in KEYS if (value := getattr(key, part))]
        assert len(held) == len(set(held)), part
    assert not set(written()) & {"metadata"}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: str(key.name))
def test_the_table_agrees_with_itself(key: Any) -> None:
    """Each default passes the key's own check; lines and platforms are known; the help is one sentence."""
    for line in LINES:
        value = key.value_for(line)
        assert value is None or check(key, value, key.name, Exit.PROJECT) == value
    assert set(key.defaults) | set(key.lines) <= set(LINES)
    assert set(key.platforms) <= set(PLATFORMS)
    assert key.help
    assert not key.help.endswith(".")


def test_a_key_that_is_a_table_of_keys_is_no_value() -> None:
    """A name either holds keys or a value, never both."""
    assert not folders() & set(written())


def test_the_page_is_the_table() -> None:
    """docs/reference/flet-keys.md is what `python -m builder.fletkeys` writes."""
    committed = Path(__file__).parents[2] / "docs" / "reference" / "flet-keys.md"
    assert committed.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("target", PREBUILT)
def test_each_target_has_a_platform(target: str) -> None:
    """Keys are looked up by platform, whatever target is built."""
    assert platform_of(target) in PLATFORMS


def test_a_platform_of_its_own_is_a_key_too() -> None:
    """[tool.flet.web.app] exclude is kept beside [tool.flet.app] exclude."""
    found, warnings = told({"app": {"exclude": ["a"]}, "web": {"app": {"exclude": "b"}, "base_url": "x"}})
    assert found == {"app.exclude": ["a"], "web.app.exclude": ["b"], "web.base_url": "/x/"}
    assert warnings == []


def test_an_option_takes_the_place_of_every_platform() -> None:
    """The command line comes before [tool.flet.<platform>]; entries of a table are merged, as Flet does."""
    found, _ = told(
        {"app": {"exclude": ["a"]}, "web": {"app": {"exclude": ["b"]}}, "ios": {"info": {"A": "1", "B": "2"}}},
        app__exclude=["c"],
        info={"B": "3"},
    )
    assert found == {"app.exclude": ["c"], "ios.info": {"A": "1", "B": "3"}, "info": {"B": "3"}}


@pytest.mark.parametrize(
    ("variable", "key", "option"),
    [
        ("FLET_WEB_RENDERER", "web.renderer", "--web-renderer"),
        ("FLET_WEB_ROUTE_URL_STRATEGY", "web.route_url_strategy", "--route-url-strategy"),
    ],
)
def test_a_variable_that_flet_reads_warns_where_it_would_count(variable: str, key: str, option: str) -> None:
    """Not where the key is written, be it by an option, nor where the variable is empty: Flet ignores it there too."""
    warnings: list[str] = []
    warn_of_variables({key: "x"}, {variable: "skwasm"}, warnings.append)
    warn_of_variables({}, {variable: ""}, warnings.append)
    assert warnings == []
    warn_of_variables({"product": "x"}, {variable: "skwasm"}, warnings.append)
    assert warnings == [f"{variable} is set, which builder does not read; write `tool.flet.{key}`, or use {option}"]


def test_unknown_keys_warn_with_the_nearest() -> None:
    """A typing error is told with the key that was meant; `metadata` is Flet's own and silent."""
    found, warnings = told({"metadata": {"x": 1}, "web": {"bas_url": "/"}, "apk": {"a": {"b": 1}}})
    assert found == {}
    assert (
        warnings[0]
        == "`tool.flet.web.bas_url` is not known to builder; the nearest known key is `tool.flet.web.base_url`"
    )
    assert warnings[1].startswith("`tool.flet.apk` is not known")
    assert nearest("") in written()


def test_a_key_that_is_not_honoured_warns_once() -> None:
    """It is checked and kept, and told once however often it is written."""
    found, warnings = told(
        {"template": {"url": "a"}, "ios": {"flutter": {"build_args": ["b"]}}, "flutter": {"build_args": "c"}}
    )
    assert len(found) == 3
    assert warnings == [
        "`tool.flet.template.url` is not honoured yet by builder",
        "`tool.flet.ios.flutter.build_args` is not honoured yet by builder",
    ]
    assert told({}, template__ref="x")[1] == ["`--template-ref` is not honoured yet by builder"]


def test_a_key_that_counts_elsewhere_says_where() -> None:
    """`org` is not the web's: below [tool.flet.web] it warns, at the top and for Android it does not."""
    assert told({"org": "a", "android": {"org": "b"}})[1] == []
    said = "`tool.flet.web.org` changes nothing: builder honours it for android, linux, macos, windows"
    assert told({"web": {"org": "b"}})[1] == [said]


@pytest.mark.parametrize(
    "key", [key for key in KEYS if key.instead and key.table == "tool.flet"], ids=lambda key: key.name
)
def test_a_key_that_builder_never_honours_says_what_it_does_instead(key: Any) -> None:
    """Only where its value asks for something else: the default is what happens anyway."""
    text = key.choices[-1] if key.choices else "x"
    other: Any = {"bool": not key.default, "list": ["x"], "table": {"x": "y"}, "text": text}[key.kind]
    assert told(nested(key.name, other))[1] == [f"`tool.flet.{key.name}` changes nothing: {key.instead}"]
    if key.default is not None:
        assert told(nested(key.name, key.value_for("1.0")))[1] == []


def nested(name: str, value: Any) -> Any:
    """A table with one value at a dotted name."""
    for part in reversed(name.split(".")):
        value = {part: value}
    return value


def test_without_webassembly_the_renderer_is_canvaskit() -> None:
    """web.wasm = false leaves no other; with skwasm it is a contradiction."""
    assert told({"web": {"wasm": False}})[0] == {"web.wasm": False, "web.renderer": "canvaskit"}
    assert told({"web": {"wasm": False, "renderer": "auto"}})[0]["web.renderer"] == "canvaskit"
    assert told({"web": {"wasm": True, "renderer": "skwasm"}})[0]["web.renderer"] == "skwasm"
    with pytest.raises(BuilderError, match="skwasm"):
        told({"web": {"wasm": False, "renderer": "skwasm"}})


def test_an_older_name_is_read_as_the_key() -> None:
    """Aliases give the key's own name."""
    assert told({"web": {"splash": {"icon_bgcolor": "#fff"}}})[0] == {"web.splash.icon_background": "#ffffff"}


def test_builder_never_loads_from_foreign_hosts() -> None:
    """web.cdn = true warns and has no effect; false says what is so."""
    assert told({"web": {"cdn": False}}) == ({"web.cdn": False}, [])
    found, warnings = told({"web": {"cdn": True}})
    assert found == {"web.cdn": False}
    assert "foreign hosts" in warnings[0]


@pytest.mark.parametrize(
    ("table", "says", "mend"),
    [
        ({"web": {"renderer": "html"}}, "`tool.flet.web.renderer` is `html`: Flet dropped", "canvaskit"),
        ({"web": {"renderer": "gl"}}, "is `gl`, which is no choice", "canvaskit"),
        ({"web": {"base_url": "https://h/x"}}, "is no path of a URL", "/app/"),
        ({"web": {"base_url": "/a/../b"}}, "a step `.` or `..`", "/app/"),
        ({"web": {"cdn": "no"}}, "is text, not true or false", "without quotes"),
        ({"build_number": True}, "is true or false, not a whole number", "whole number"),
        ({"product": 5}, "is a number, not text", "in quotes"),
        ({"product": "a\0"}, "control character", "remove"),
        ({"app": {"exclude": [1]}}, "is a list, not a list of texts", '["one", "two"]'),
        ({"app": "src"}, "`tool.flet.app` is not a table", "[tool.flet.app]"),
        ({"permissions": ["fly"]}, "is `fly`", "camera"),
        ({"icon_background": "red"}, "is `red`, which is no colour", "#rrggbb"),
        ({"web": {"splash": {"color": "#12345"}}}, "is no colour", "#rrggbb"),
        ({"ios": {"info": {"x": float("nan")}}}, "not finite", "finite"),
        ({"android": {"permission": [1]}}, "is a list, not a table", "{ name = true }"),
        (5, "`tool.flet` is not a table", "[tool.flet]"),
    ],
)
def test_a_wrong_value_names_file_key_and_mend(table: Any, says: str, mend: str) -> None:
    """What Flet would stumble over later stops here, with exit code 3."""
    with pytest.raises(BuilderError) as caught:
        told(table)
    assert caught.value.message.startswith("`pyproject.toml`: ")
    assert says in caught.value.message
    assert mend in caught.value.hint
    assert caught.value.code == Exit.PROJECT


def test_a_wrong_option_is_a_matter_of_usage() -> None:
    """A wrong value on the command line names the option, with exit code 2."""
    with pytest.raises(BuilderError, match="`--web-renderer` is `html`") as caught:
        told({}, web__renderer="html")
    assert caught.value.code == Exit.USAGE


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("web.base_url", "", "/"),
        ("web.base_url", "a/b", "/a/b/"),
        ("cleanup.app_files", "a, *.b ,", ["a", "*.b"]),
        ("target_arch", "x86_64", ["x86_64"]),
        ("splash.color", "#ABC", "#aabbcc"),
        ("icon_background", "0175C2", "#0175c2"),
    ],
)
def test_a_value_has_one_form(key: str, value: Any, wanted: Any) -> None:
    """Base URLs get their slashes, one string stands for a list of it."""
    assert check(BY_NAME[key], value, key, Exit.PROJECT) == wanted


PARTS = st.sampled_from(sorted({part for name in written() for part in name.split(".")}))
LEAVES = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.dates(), st.lists(st.text(max_size=3))
)
TABLES = st.recursive(LEAVES, lambda inner: st.dictionaries(PARTS, inner, max_size=3), max_leaves=8)


@given(st.dictionaries(PARTS, TABLES), st.dictionaries(st.sampled_from(sorted(BY_NAME)), LEAVES, max_size=2))
def test_no_value_breaks_the_reader(table: dict[str, Any], given: dict[str, Any]) -> None:
    """Whatever known keys hold, the outcome is JSON-able values or one error."""
    try:
        found = parse(table, given, lambda line: None)
    except BuilderError as error:
        assert error.hint
    else:
        json.dumps(found, allow_nan=False).encode()


def command(platform: str) -> tuple[typer.Typer, list[dict[str, Any]]]:
    """A command with the options of a platform, and what it was given."""
    seen: list[dict[str, Any]] = []
    app = typer.Typer()

    def build(**given: Any) -> None:
        seen.append(from_options(given))

    build.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                option.parameter,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[option.type, typer.Option(option.flag, help=option.help)],
            )
            for option in options(platform)
        ]
    )
    app.command()(build)
    return app, seen


def test_options_of_the_table_work_in_typer() -> None:
    """Each kind of option arrives under its key, and none that was not given."""
    app, seen = command("web")
    line = "--base-url /x --no-cdn --no-compile-app --exclude a --exclude b --build-number 4 --cleanup-app"
    done = CliRunner().invoke(app, line.split())
    assert done.exit_code == 0, done.output
    assert seen == [
        {"web.base_url": "/x", "web.cdn": False, "compile.app": False, "app.exclude": ["a", "b"], "build_number": 4,
         "cleanup.app": True}
    ]  # fmt: skip


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_platform_has_a_help(platform: str) -> None:
    """The help holds every option of the platform, and none of what the command decides itself."""
    flags = {option.flag for option in options(platform)}
    assert CliRunner().invoke(command(platform)[0], ["--help"]).exit_code == 0
    assert "--exclude" in flags
    assert "--output" not in flags
    assert ("--base-url" in flags) == (platform == "web")


def test_entries_of_a_table_are_name_and_value() -> None:
    """`name=true` gives a table; without `=` it is a matter of usage."""
    assert from_options({"info": ["A=true", "B=x=y"], "project": None, "app_exclude": []}) == {
        "info": {"A": True, "B": "x=y"}
    }
    with pytest.raises(BuilderError, match="not name=value") as caught:
        from_options({"android_permission": ["CAMERA"]})
    assert caught.value.code == Exit.USAGE
