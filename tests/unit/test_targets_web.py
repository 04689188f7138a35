"""The plan of the web target: what is planned from project and lock, and how names reach the page."""

import html.parser
import json
import re
from typing import Any

import pytest

from builder import fletline
from builder.errors import BuilderError, Exit
from builder.lock import Inputs, Lock, Pin, Sdist, Toolchain
from builder.plan import Built, Pinned, Step, Tree
from builder.project import Project
from builder.targets import TARGETS

NASTY = """Ann & Bob's "<b>Shop</b>" </script> \\1 {{ 7 * 7 }} \N{PILE OF POO}"""


def pin(name: str, file: str, **more: Any) -> Pin:
    """A pin of the web target whose sha256 follows from its name."""
    sha256 = name.encode().hex().ljust(64, "0")[:64]
    values = {"name": name, "version": "1.0", "source": "pypi", "file": file, "sha256": sha256, "hash": "index"}
    return Pin(**{**values, "targets": ("web",), **more})


def lock(version: str = "1.0.5", python: str = "3.12", *more: Pin) -> Lock:
    """A lock of an app that requires only Flet."""
    wheels = {name: f"{name.replace('-', '_')}-{version}-py3-none-any.whl" for name in ("flet", "flet-cli", "flet-web")}
    packages = [pin(name, file, version=version) for name, file in wheels.items()]
    packages += [pin("msgpack", "msgpack-1.1.2.tar.gz"), pin("repath", "repath-0.9.0-py3-none-any.whl"), *more]
    return Lock(
        inputs=Inputs(requires=("flet",), targets=("web",), python=python, client="prebuilt", runtime="none"),
        toolchain=Toolchain(name="python-3.12", nar="0" * 64),
        packages=tuple(packages),
        pins=(pin("pyodide", "pyodide-0.27.7.tgz", source="npm"),),
    )


def project(name: str = "shop", **flet: Any) -> Project:
    """A project with some Flet keys; `web__renderer` stands for `web.renderer`."""
    written = {key.replace("__", "."): value for key, value in flet.items()}
    return Project(name=name, version="1.0", requires=("flet",), flet=written)


def planned(version: str = "1.0.5", python: str = "3.12", **flet: Any) -> dict[str, Step]:
    """The steps of the web target by name."""
    return {step.name: step for step in TARGETS["web"].steps(project(**flet), lock(version, python), "web")}


def settings(step: Step, name: str) -> dict[str, Any]:
    """One of a step's settings files."""
    values: dict[str, Any] = json.loads(step.files[name])
    return values


@pytest.mark.parametrize("version", ["0.82.2", "1.0.5"])
def test_only_the_last_step_reads_the_app(version: str) -> None:
    """A changed line of the app makes nothing but the site anew."""
    steps = planned(version)
    assert list(steps) == ["client", "packages", "layer", "app", "site"]
    trees = [name for name, step in steps.items() if any(isinstance(source, Tree) for source in step.inputs.values())]
    assert trees == ["app"]
    assert steps["app"].inputs == {
        "app": Tree(tree="app"),
        "client": Built(step="client"),
        "layer": Built(step="layer"),
    }


@pytest.mark.parametrize("key", ["product", "description", "app__exclude", "web__base_url", "app__module"])
def test_what_the_app_says_of_itself_does_not_reach_client_and_packages(key: str) -> None:
    """Their outputs are shared by all apps with the same pins."""
    value: Any = ["tests"] if key == "app__exclude" else "/x/" if key == "web__base_url" else "other"
    plain, other = planned(), planned(**{key: value})
    for name in ("client", "packages", "layer"):
        assert plain[name] == other[name]


def test_flets_own_clients_and_tools_are_not_packed() -> None:
    """flet-web is the client, flet-cli is never needed; msgpack comes from its sdist by recipe."""
    step = planned()["packages"]
    assert settings(step, "install.json")["wheels"] == [
        "flet-1.0.5-py3-none-any.whl",
        "repath-0.9.0-py3-none-any.whl",
    ]
    assert settings(step, "install.json")["sdists"] == {"msgpack-1.1.2.tar.gz": ["msgpack"]}
    assert set(step.inputs) == {"flet-1.0.5-py3-none-any.whl", "repath-0.9.0-py3-none-any.whl", "msgpack-1.1.2.tar.gz"}


def sdists(*files: str) -> Lock:
    """A lock with source distributions that builder has no recipe for; the first one's build requires two wheels."""
    tools = (pin("setuptools", "setuptools-80.0-py3-none-any.whl"), pin("wheel", "wheel-0.45-py3-none-any.whl"))
    other = lock("1.0.5", "3.12", *(pin(file.split("-")[0], file) for file in files))
    wheels = tuple(tool.file for tool in tools)
    built = [Sdist(file=file, requires=(), wheels=() if place else wheels) for place, file in enumerate(files)]
    return other.model_copy(update={"sdists": tuple(built), "pins": (*other.pins, *tools)})


def test_each_sdist_without_recipe_is_a_step() -> None:
    """It has what that build requires and nothing else; msgpack's recipe wins over a build."""
    steps = {step.name: step for step in TARGETS["web"].steps(project(), sdists("odd-1.0.tar.gz", "b-1.zip"), "web")}
    assert list(steps) == ["client", "wheel-odd", "wheel-b", "packages", "layer", "app", "site"]
    odd, other = steps["wheel-odd"], steps["wheel-b"]
    wheels = ["setuptools-80.0-py3-none-any.whl", "wheel-0.45-py3-none-any.whl"]
    assert set(odd.inputs) == {"odd-1.0.tar.gz", *wheels}
    assert set(other.inputs) == {"b-1.zip"}
    assert all(isinstance(source, Pinned) for source in (*odd.inputs.values(), *other.inputs.values()))
    assert settings(odd, "build.json") == {"sdist": "odd-1.0.tar.gz", "name": "odd", "version": "1.0", "wheels": wheels}


def test_built_wheels_are_installed_and_what_builds_them_is_not() -> None:
    """The packages have the steps' wheels in the place of the source distributions."""
    steps = {step.name: step for step in TARGETS["web"].steps(project(), sdists("odd-1.0.tar.gz"), "web")}
    packages = steps["packages"]
    assert packages.inputs["wheel-odd"] == Built(step="wheel-odd")
    assert settings(packages, "install.json")["built"] == ["wheel-odd"]
    assert settings(packages, "install.json")["sdists"] == {"msgpack-1.1.2.tar.gz": ["msgpack"]}
    assert not [name for name in packages.inputs if name.startswith(("odd", "setuptools", "wheel-0"))]


def test_sdist_whose_build_is_not_locked_is_refused() -> None:
    """A lock that was made before builds were; the error names the file and the mend."""
    other = lock("1.0.5", "3.12", pin("odd", "odd-1.0.tar.gz"))
    with pytest.raises(BuilderError, match=r"does not say what `odd-1.0.tar.gz` is built with") as caught:
        TARGETS["web"].steps(project(), other, "web")
    assert caught.value.code == Exit.LOCK
    assert "builder lock" in caught.value.hint


@pytest.mark.parametrize(
    ("version", "python", "npm", "loader"),
    [
        ("0.82.2", "3.12", "", "pyodide.js"),
        ("1.0.5", "3.12", "pyodide-0.27.7.tgz", "pyodide.mjs"),
        ("1.0.5", "3.14", "", "pyodide.mjs"),
    ],
)
def test_pyodide_follows_line_and_python(version: str, python: str, npm: str, loader: str) -> None:
    """It comes with the client, or from npm where the client's has another Python."""
    steps = planned(version, python)
    client = settings(steps["client"], "client.json")
    assert client["npm"] == npm
    assert client["python"].startswith(f"{python}.")
    assert loader in client["pyodide"]
    assert ("pyodide-0.27.7.tgz" in steps["client"].inputs) is bool(npm)
    assert config(steps["app"])["pyodideUrl"] == f"/pyodide/{loader}"


def test_python_without_pyodide_is_refused() -> None:
    """The hint names the Pythons that the line can run."""
    with pytest.raises(BuilderError, match=r"no Pyodide of Flet 0.82 has Python 3.14") as caught:
        planned("0.82.2", "3.14")
    assert "3.12" in caught.value.hint


def test_byte_code_only_for_the_toolchains_python() -> None:
    """Python 3.14 gets sources, since the toolchain's interpreter is 3.12."""
    for python, expected in (("3.12", True), ("3.14", False)):
        steps = planned("1.0.5", python, compile__app=True, compile__packages=True)
        assert settings(steps["packages"], "install.json")["compile"] is expected
        assert settings(steps["app"], "app.json")["compile"] is expected


@pytest.mark.parametrize(
    ("renderer", "dropped", "mended"),
    [
        ("auto", set(), {"main.dart.js", "main.dart.wasm"}),
        ("canvaskit", {"main.dart.wasm", "canvaskit/skwasm.*"}, {"main.dart.js"}),
        ("skwasm", {"main.dart.js", "canvaskit/chromium"}, {"main.dart.wasm"}),
    ],
)
def test_one_renderer_drops_the_files_of_the_other(renderer: str, dropped: set[str], mended: set[str]) -> None:
    """The page asks for the renderer whose files stayed: a mismatch would be a blank page."""
    steps = planned(web__renderer=renderer)
    client = settings(steps["client"], "client.json")
    files = {"main.dart.js", "main.dart.wasm", "canvaskit/chromium", "canvaskit/skwasm.*"}
    assert set(client["drop"]) & files >= dropped
    assert {patch["file"] for patch in client["patches"]} == mended
    assert mended <= set(client["require"])
    assert config(steps["app"])["webRenderer"] == renderer


def config(step: Step) -> dict[str, Any]:
    """The object that Flet's scripts read in the page."""
    found = re.search(r"var flet = (.*);", step.files["index.html"])
    assert found
    values: dict[str, Any] = json.loads(found[1])
    return values


class Parsed(html.parser.HTMLParser):
    """A page's title, base and meta contents, as a browser reads them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.meta: dict[str, str] = {}
        self.base = self.title = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what is asked for below."""
        self.tags.append(tag)
        values = {key: value or "" for key, value in attrs}
        if tag == "base":
            self.base = values["href"]
        if "name" in values:
            self.meta[values["name"]] = values["content"]

    def handle_data(self, data: str) -> None:
        """The title is the text after its tag."""
        if self.tags and self.tags[-1] == "title" and not self.title:
            self.title = data


@pytest.mark.parametrize("version", ["0.82.2", "1.0.5"])
def test_names_reach_the_page_as_text(version: str) -> None:
    """Quotes, markup, templates and emoji of a name are shown, not run, in HTML and in JSON."""
    plain, step = planned(version)["app"], planned(version, product=NASTY, description=NASTY)["app"]
    page = Parsed(step.files["index.html"])
    assert page.title == page.meta["apple-mobile-web-app-title"] == page.meta["description"] == NASTY
    assert [tag for tag in page.tags if tag != "meta"] == [
        tag for tag in Parsed(plain.files["index.html"]).tags if tag != "meta"
    ]
    manifest = json.loads(step.files["manifest.json"])
    assert manifest["name"] == manifest["short_name"] == manifest["description"] == NASTY


@pytest.mark.parametrize("version", ["0.82.2", "1.0.5"])
def test_every_url_is_of_the_site_below_its_base(version: str) -> None:
    """No address of another host stands in page or manifest; a base URL reaches all that scripts load."""
    step = planned(version, web__base_url="/sub/dir/")["app"]
    for text in (step.files["index.html"], step.files["manifest.json"]):
        assert "://" not in text
    assert Parsed(step.files["index.html"]).base == "/sub/dir/"
    urls = {key: value for key, value in config(step).items() if key.endswith("Url") or key == "assetBase"}
    assert len(urls) == 6
    assert all(value.startswith("/sub/dir/") for value in urls.values())
    assert config(step)["noCdn"] is True


def test_manifest_holds_what_the_author_set() -> None:
    """Short name and colours of the installed app."""
    flet = {"web__pwa_short_name": "Sh", "web__pwa_theme_color": "#123456", "web__pwa_background_color": "#abcdef"}
    manifest = json.loads(planned(**flet)["app"].files["manifest.json"])
    assert (manifest["short_name"], manifest["theme_color"], manifest["background_color"]) == (
        "Sh",
        "#123456",
        "#abcdef",
    )
    assert "description" not in manifest


def test_app_keys_reach_the_site_step() -> None:
    """Excludes, includes, cleanup and module, as the author wrote them."""
    flet = {
        "app__exclude": ["a"],
        "app__include": [".b"],
        "app__default_excludes": False,
        "cleanup__app_files": ["**.md"],
    }
    found = settings(planned(**flet)["app"], "app.json")
    assert (found["exclude"], found["include"], found["defaults"], found["module"]) == (["a"], [".b"], False, "main")
    assert {"**.md", "**.pyi"} <= set(found["cleanup"])
    assert settings(planned()["app"], "app.json")["cleanup"] == []


def test_plan_names_no_path_of_a_machine() -> None:
    """All inputs are pins, earlier steps or the app's tree; keys need nothing else."""
    for step in planned().values():
        assert all(isinstance(source, Pinned | Built | Tree) for source in step.inputs.values())
        assert not any(text.startswith("/") for text in step.args)
    assert planned() == planned()


@pytest.mark.parametrize("line", fletline.lines())
def test_table_of_a_line_is_of_one_piece(line: str) -> None:
    """Each patch compiles, its file belongs to the client, each Python has the loader, each renderer has files."""
    table = fletline.of(f"{line}.0")
    for patch in table.web.patches:
        assert patch.before != patch.after
        assert all(re.compile(piece.search) and len(piece.pad) <= 1 for piece in patch.replace)
    assert set(table.web.pyodide) == set(table.pyodide)
    assert all(table.web.loader in files for files in table.web.pyodide.values())
    assert set(table.web.renderers) == {"canvaskit", "skwasm"}
