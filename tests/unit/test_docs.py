"""Rules of the documentation: what it points to and what it tells to type is there."""

import re
from pathlib import Path

import pytest
import typer.main
import yaml

from builder import cli
from builder.errors import Exit
from builder.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
REFERENCE = ROOT / "docs" / "reference"

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@pages
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    """To a file or folder of this repository."""
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    local = [link.partition("#")[0] for link in links if "://" not in link and not link.startswith("#")]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pages
def test_every_command_that_is_shown_is_one(page: Path) -> None:
    """`builder <verb>` in code, whether between backticks or on a line of its own."""
    text = page.read_text()
    code = [*re.findall(r"`([^`\n]+)`", text), *re.findall(r"^ {4}(.+)$", text, re.MULTILINE)]
    shown = {verb for part in code for verb in re.findall(r"(?:^|&& |── )builder ([a-z]+)", part)}
    assert shown <= set(cli.VERBS)


def test_every_page_is_in_the_table_of_contents() -> None:
    """But the decisions, which are listed by their folder."""
    contents = (ROOT / "docs" / "README.md").read_text()
    listed = {(ROOT / "docs" / link).resolve() for link in re.findall(r"\]\(([^)\s]+\.md)\)", contents)}
    assert {page for page in PAGES if page.parent.name not in ("adr", "docs") and page.parent != ROOT} <= listed


def test_the_command_line_page_has_every_verb_option_and_exit_code() -> None:
    """Flet's own options have a page of their own."""
    text = (REFERENCE / "command-line.md").read_text()
    own = {
        flag
        for verb, command in typer.main.get_group(cli.application(cli.VERBS)).commands.items()
        for parameter in command.params
        for flag in parameter.opts
        if flag.startswith("--") and (verb not in ("build", "plan") or flag in text)
    }
    assert [verb for verb in sorted(cli.VERBS) if f"`builder {verb}" not in text] == []
    assert [flag for flag in sorted(own) if flag not in text] == []
    assert [code for code in Exit if f"\n| {code.value} |" not in text] == []


def test_the_settings_page_has_every_key() -> None:
    """Of [tool.builder]."""
    text = (REFERENCE / "settings.md").read_text()
    keys = [field.alias or name for name, field in Settings.model_fields.items() if name != "declared"]
    assert [key for key in keys if f"\n| `{key}` |" not in text] == []


# --- pipelines --------------------------------------------------------------------------------------------------


def _fenced(language: str) -> list[str]:
    """The blocks of a language on the page of pipelines."""
    return re.findall(
        rf"^```{language}\n(.*?)^```$", (ROOT / "docs/how-to/ci.md").read_text(), re.MULTILINE | re.DOTALL
    )


def _commands() -> list[str]:
    """Every line that a pipeline of that page runs."""
    lines: list[str] = []
    for pipeline in map(yaml.safe_load, _fenced("yaml")):
        for job in (pipeline.get("jobs") or pipeline).values():
            steps = [step.get("run", "") for step in job.get("steps", ())]
            for text in (*job.get("before_script", ()), *job.get("script", ()), *steps):
                lines += text.splitlines()
    for pipeline in _fenced("groovy"):
        lines += re.findall(r"^ +sh '([^']+)'$", pipeline, re.MULTILINE)
    return lines


def test_every_pipeline_can_be_read() -> None:
    """YAML by its parser; of a Jenkinsfile all that is opened is closed, in order."""
    assert len(_fenced("yaml")) == 3
    (jenkinsfile,) = _fenced("groovy")
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", jenkinsfile)
    while (less := re.sub(r"\{[^{}]*\}|\([^()]*\)|\[[^\[\]]*\]", "", bare)) != bare:
        bare = less
    assert bare.strip() == "pipeline"
    assert re.search(r"^pipeline \{\n.* agent .* stages .*^\}$", jenkinsfile, re.MULTILINE | re.DOTALL)


def test_every_command_of_a_pipeline_is_one() -> None:
    """Verb, options and arguments, as the command line itself takes them."""
    group = typer.main.get_group(cli.application(cli.VERBS))
    own = [line.split()[1:] for line in _commands() if line.startswith("builder ")]
    assert {words[0] for words in own} == {"lock", "fetch", "build", "verify", "gc"}
    for verb, *words in own:
        group.commands[verb].make_context(verb, words)


def test_every_pipeline_checks_builds_offline_and_verifies() -> None:
    """In this order, after the lock was checked."""
    text = "\n".join(_commands())
    for command in ("lock --check", "fetch ", "build web --frozen --offline", "verify web --recorded --offline"):
        assert len(re.findall(rf"^builder {command}", text, re.MULTILINE)) == 4, command
