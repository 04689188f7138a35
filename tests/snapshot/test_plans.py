"""Plans as text: what is committed with the fixtures, and what a project's settings change of a plan."""

import difflib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder import committed, fletline, lockfile, planning, project, toolchain
from builder.errors import BuilderError
from builder.lock import Inputs, Lock, Pin, Sdist, Toolchain
from builder.plan import FOLDER, Built, Pinned, Plan, Tree
from builder.requirements import Context

FIXTURES = Path(__file__).parents[2] / "fixtures"
APPS = sorted(path.parent.name for path in FIXTURES.glob("*/builder.lock"))
NASTY = """Ann & Bob's "<b>Shop</b>" </script><!-- \\\\1 {{ 7 * 7 }} {% raw %} ${x} \N{PILE OF POO}"""

ODD = json.dumps(NASTY, ensure_ascii=False)  # a TOML string as well


def buildable() -> list[tuple[str, str]]:
    """Each fixture with each target that this builder can build of it."""
    return [(app, target) for app in APPS for target in planning.buildable(lockfile.load(FIXTURES / app))]


# --- committed ----------------------------------------------------------------------------------------------------


def planned(app: str, target: str) -> Plan:
    """The plan of a fixture, made now."""
    root = FIXTURES / app
    return planning.plan_of(project.load(root, {}, pytest.fail), lockfile.load(root), target)


@pytest.mark.parametrize(("app", "target"), buildable())
def test_the_committed_plan_is_the_one_made_now(app: str, target: str) -> None:
    """What changes in a plan shows in a pull request, as the fixture's committed file."""
    made = committed.files({target: planned(app, target)}, b"")[f"{target}.json"].decode()
    assert (FIXTURES / app / FOLDER / f"{target}.json").read_text() == made, "run `builder lock` of the fixture"


@pytest.mark.parametrize("app", APPS)
def test_all_that_is_committed_is_what_is_written_now(app: str) -> None:
    """Each script and the toolchain's recipe as builder has them, nothing more and nothing less."""
    folder, lock = FIXTURES / app / FOLDER, lockfile.load(FIXTURES / app)
    plans = {target: planned(app, target) for target in planning.buildable(lock)}
    wanted = committed.files(plans, toolchain.dump(toolchain.load(lock.toolchain.name)))
    held = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert sorted(held) == sorted(wanted)
    for name, text in wanted.items():
        assert held[name] == text.decode(), f"{name}: run `builder lock` of the fixture"


@pytest.mark.parametrize(("app", "target"), buildable())
def test_a_committed_plan_is_not_stale(app: str, target: str) -> None:
    """`--frozen` takes it, with the lock that is committed beside it."""
    root = FIXTURES / app
    found = project.load(root, {}, pytest.fail)
    assert committed.stale(committed.load(root, target), found.inputs(), lockfile.load(root)) == ""


# --- settings -----------------------------------------------------------------------------------------------------

PLAIN = """
[project]
name = "shop"
version = "1.2.3"
dependencies = ["flet"]
"""

SETTINGS = {
    "renderer canvaskit": '[tool.flet.web]\nrenderer = "canvaskit"',
    "renderer skwasm": '[tool.flet.web]\nrenderer = "skwasm"',
    "renderer auto": '[tool.flet.web]\nrenderer = "auto"',
    "base url": '[tool.flet.web]\nbase_url = "/shop/"',
    "base url without slashes": '[tool.flet.web]\nbase_url = "shop"',
    "hash routes": '[tool.flet.web]\nroute_url_strategy = "hash"',
    "colours and short name": '[tool.flet.web]\npwa_background_color = "#000"\npwa_theme_color = "red"\n'
    'pwa_short_name = "S"',
    "names": f"description = {ODD}\n[tool.flet]\nproduct = {ODD}",  # PLAIN ends in [project]
    "exclude and include": '[tool.flet.app]\nexclude = ["tests", "*.psd"]\ninclude = [".well-known"]',
    "no default excludes": "[tool.flet.app]\ndefault_excludes = false",
    "module and path": '[tool.flet.app]\nmodule = "start"\npath = "src"',
    "cleanup of the app": "[tool.flet.cleanup]\napp = true",
    "cleanup of files": '[tool.flet.cleanup]\napp_files = ["**/*.md"]\npackage_files = ["**/tests"]',
    "no cleanup": "[tool.flet.cleanup]\npackages = false",
    "compile off": "[tool.flet.compile]\napp = false\npackages = false",
    "compile on": "[tool.flet.compile]\napp = true\npackages = true",
    "python 3.14": '[tool.builder]\npython = "3.14"',
}


def pin(name: str, version: str, file: str, source: str = "pypi") -> Pin:
    """A pin of the web whose bytes nobody has: pins may move without noise in the snapshots."""
    sha256 = name.encode().hex().ljust(64, "0")[:64]
    return Pin(name=name, version=version, source=source, file=file, sha256=sha256, hash="index", targets=("web",))


def lock(line: str, python: str) -> Lock:
    """A lock of an app that requires Flet and one package, whose versions stand for the line's."""
    flet = f"{line}.99"
    packages = [pin(name, flet, f"{name.replace('-', '_')}-{flet}-py3-none-any.whl") for name in ("flet", "flet-web")]
    packages += [pin("msgpack", "1", "msgpack-1.tar.gz"), pin("extra", "2", "extra-2-py3-none-any.whl")]
    pyodide = fletline.of(flet).pyodide.get(python)
    npm = [] if pyodide is None or pyodide.bundled else [pin("pyodide", "3", "pyodide-3.tgz", "npm")]
    return Lock(
        inputs=Inputs(requires=("flet",), targets=("web",), python=python, client="prebuilt", runtime="none"),
        toolchain=Toolchain(name="python", nar="0" * 64),
        packages=tuple(packages),
        pins=tuple(npm),
    )


def plan(line: str, settings: str = "", warn: Callable[[str], None] = pytest.fail) -> Plan:
    """The plan of the web for a project with these settings."""
    texts = {"pyproject.toml": PLAIN + settings}
    found = project.parse("shop", {}, Context(lambda name: _read(texts, name), {}, warn))
    return planning.plan_of(found, lock(line, found.settings.python or "3.12"), "web")


def _read(texts: dict[str, str], name: str) -> bytes:
    if name not in texts:
        raise FileNotFoundError(name)
    return texts[name].encode()


def text_of(planned: Plan) -> str:
    """A plan to be read: no hashes, each text as it is."""
    head = {"contract": planned.contract, "target": planned.target, "artifact": planned.artifact}
    lines = [_json(head | {"environment": planned.environment, "project": planned.project})]
    for step in planned.steps:
        lines.append(f"=== {step.name}: {' '.join((step.scripts[0], *step.args))}")
        for name, source in step.inputs.items():
            match source:
                case Pinned(pin=sha256):
                    lines.append(f"in/{name} <- pin {planned.pins[sha256].file}")
                case Built(step=earlier):
                    lines.append(f"in/{name} <- step {earlier}")
                case Tree(tree=tree):
                    lines.append(f"in/{name} <- tree {tree}")
        for name, text in step.files.items():
            lines += [f"--- in/{name}", re.sub("^ *var flet = .*", _one_by_one, text.rstrip("\n"), flags=re.MULTILINE)]
    return re.sub(r"[0-9a-f]{64}", "SHA256", "\n".join(lines)) + "\n"


def _one_by_one(line: re.Match[str]) -> str:
    """The object that Flet's scripts read, with one setting a line."""
    return line[0].replace(', "', ',\n      "')


def changes(before: str, after: str) -> str:
    """The lines that differ, each group between one line before and one after it."""
    _, _, *lines = [*difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")] or ["", ""]
    return "".join(f"{'@@' if line.startswith('@@') else line}\n" for line in lines)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)


@pytest.mark.parametrize("line", fletline.lines())
def test_the_plan_of_a_plain_project(line: str, snapshot: Any) -> None:
    """All of it: steps, inputs, texts."""
    assert text_of(plan(line)) == snapshot


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("line", fletline.lines())
def test_what_settings_change_of_a_plan(line: str, settings: str, snapshot: Any) -> None:
    """The difference to the plan of a plain project, or the refusal; each settings' warnings beside it."""
    warned: list[str] = []
    try:
        found = changes(text_of(plan(line)), text_of(plan(line, SETTINGS[settings], warned.append)))
    except BuilderError as error:
        found = f"error: {error.message}\nhint: {error.hint}\n"
    assert found + "".join(f"warning: {text}\n" for text in warned) == snapshot


def test_what_a_source_distribution_adds_to_a_plan(snapshot: Any) -> None:
    """A step that builds its wheel, of the archive and what its build requires; the packages get that wheel."""
    found = project.parse("shop", {}, Context(lambda name: _read({"pyproject.toml": PLAIN}, name), {}, pytest.fail))
    plain = lock(fletline.lines()[0], "3.12")
    tools = (pin("setuptools", "4", "setuptools-4-py3-none-any.whl"), pin("wheel", "5", "wheel-5-py3-none-any.whl"))
    odd = Sdist(file="odd-1.tar.gz", requires=("setuptools>=4",), wheels=tuple(tool.file for tool in tools))
    more = {"packages": (*plain.packages, pin("odd", "1", odd.file)), "sdists": (odd,), "pins": (*plain.pins, *tools)}
    before, after = (planning.plan_of(found, made, "web") for made in (plain, plain.model_copy(update=more)))
    assert changes(text_of(before), text_of(after)) == snapshot


@pytest.mark.parametrize("name", ["index.html", "manifest.json"])
@pytest.mark.parametrize("line", fletline.lines())
def test_the_page_of_an_app_with_odd_names(line: str, name: str, snapshot: Any) -> None:
    """Quotes, markup, template language and characters beyond ASCII reach the browser as text."""
    text = plan(line, SETTINGS["names"]).step("app").files[name]
    assert "<b>" not in text
    assert text == snapshot
