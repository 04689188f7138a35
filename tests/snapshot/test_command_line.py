"""What the command line says: exit code, stdout and stderr of every verb and every error that needs no network."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

Arrange = Callable[[Any], object]

APP = '[project]\nname = "app"\nversion = "1"\ndependencies = ["flet==0.82.2"]\n'


def nothing(world: Any) -> None:
    """An empty folder."""


def counter(world: Any) -> None:
    world.counter()


def project(text: str) -> Arrange:
    """An app with a main.py and that pyproject.toml."""
    return lambda world: world.write("main.py", "").write("pyproject.toml", text)


def edited(name: str, old: str, new: str) -> Arrange:
    """The counter, with one file changed."""
    return lambda world: world.counter().edit(name, old, new)


def without(name: str) -> Arrange:
    """The counter, with one file gone."""

    def arrange(world: Any) -> None:
        world.counter()
        (world.app / name).unlink()

    return arrange


def git(*arguments: str) -> Arrange:
    """The counter in a git repository, after one more git command."""

    def arrange(world: Any) -> None:
        world.counter()
        world.monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
        for command in (["init", "-q"], ["add", "."], list(arguments)):
            subprocess.run(["git", *command], cwd=world.app, check=True, capture_output=True)

    return arrange


def untracked(world: Any) -> None:
    """The counter in git, with a file that git does not know."""
    git("status")(world)
    world.write("secret.py", "")


def no_programs(world: Any) -> None:
    """The counter, where nothing is installed."""
    world.counter()
    world.monkeypatch.setenv("PATH", "")


def full_of_nothing(world: Any) -> None:
    """A store that is a file."""
    world.counter()
    world.store.touch()


CASES: dict[str, tuple[Arrange, tuple[str, ...]]] = {
    "no arguments": (nothing, ()),
    "help": (nothing, ("--help",)),
    "unknown verb": (nothing, ("bild",)),
    "unknown option": (nothing, ("lock", "--fast")),
    "init makes an app": (nothing, ("init", "--name", "hello")),
    "init adopts an app": (project("# mine\n" + APP), ("init",)),
    "init twice": (counter, ("init",)),
    "init of a broken pyproject": (project("[project"), ("init",)),
    "no such folder": (nothing, ("lock", "elsewhere")),
    "no entry point": (lambda world: world.write("pyproject.toml", APP), ("lock",)),
    "broken pyproject": (project("[project]\nname = \n"), ("lock", "--check")),
    "unknown builder key": (project(APP + "[tool.builder]\ntarget = []\n"), ("lock", "--check")),
    "wrong builder value": (project(APP + '[tool.builder]\npython = "2.7"\n'), ("lock", "--check")),
    "unknown target in settings": (project(APP + '[tool.builder]\ntargets = ["wep"]\n'), ("lock", "--check")),
    "unknown flet key": (edited("pyproject.toml", "product", "prodct"), ("lock", "--check")),
    "wrong flet value": (edited("pyproject.toml", '"Counter"', "3"), ("lock", "--check")),
    "flet key not honoured yet": (edited("pyproject.toml", "product", "template.url"), ("lock", "--check")),
    "flet key never honoured": (edited("pyproject.toml", "product", "target_arch"), ("lock", "--check")),
    "html renderer": (counter, ("build", "web", "--web-renderer", "html")),
    "broken requirement": (project(APP.replace("flet==", "flet=")), ("lock",)),
    "no lock": (project(APP), ("build", "web")),
    "no lock to check": (project(APP), ("lock", "--check")),
    "two ways over an air gap": (counter, ("fetch", "--bundle", "../a.bundle", "--mirror", "../mirror")),
    "bundle into the app": (counter, ("fetch", "--bundle", "a.bundle")),
    "mirror into the app": (counter, ("fetch", "--mirror", "mirror")),
    "no such bundle": (counter, ("fetch", "--from", "none.bundle")),
    "another file as bundle": (counter, ("fetch", "--from", "builder.lock")),
    "no lock to fetch": (project(APP), ("fetch",)),
    "lock fits": (counter, ("lock", "--check")),
    "stale lock checked": (edited("pyproject.toml", "flet==0.82.2", "flet==0.82.1"), ("lock", "--check")),
    "stale lock built": (edited("pyproject.toml", "flet==0.82.2", "flet"), ("build", "web")),
    "lock from the future": (edited("builder.lock", "version = 1\n", "version = 2\n"), ("build", "web")),
    "lock from the future locked": (edited("builder.lock", "version = 1\n", "version = 2\n"), ("lock",)),
    "lock that is no TOML": (edited("builder.lock", "[inputs]", "[inputs"), ("build", "web")),
    "edited hash": (edited("builder.lock", 'index" },', '" },'), ("build", "web")),
    "cut hash": (edited("builder.lock", 'sha256 = "', 'sha256 = "0'), ("build", "web")),
    "unknown target": (counter, ("build", "wep")),
    "target without a builder": (counter, ("build", "aab")),
    "unavailable target": (lambda world: world.counter("counter-1.0"), ("build", "linux-x86_64")),
    "unavailable target fetched": (lambda world: world.counter("counter-1.0"), ("fetch", "-t", "linux-x86_64")),
    "family of which nothing is locked": (lambda world: world.counter("counter-1.0"), ("build", "linux")),
    "unknown backend": (counter, ("build", "web", "--backend", "docker")),
    "offline with an empty store": (counter, ("build", "web", "--offline")),
    "no network": (counter, ("build", "web")),
    "no network to lock": (project(APP), ("lock",)),
    "frozen without a plan": (without("builder.plan/web.json"), ("build", "web", "--frozen")),
    "frozen with a stale plan": (edited("pyproject.toml", '"Counter"', '"Other"'), ("build", "web", "--frozen")),
    "frozen with a broken plan": (edited("builder.plan/web.json", '"steps"', '"stepz"'), ("build", "web", "--frozen")),
    "frozen with untracked files": (untracked, ("build", "web", "--frozen")),
    "not the committed plan": (edited("pyproject.toml", '"Counter"', '"Other"'), ("build", "web", "--offline")),
    "untracked files": (untracked, ("build", "web", "--offline")),
    "app without git installed": (no_programs, ("build", "web", "--offline")),
    "store that can't be written": (full_of_nothing, ("build", "web")),
    "plan of an unknown target": (counter, ("plan", "wep")),
    "tree": (lambda world: world.counter("counter-1.0"), ("tree", "-t", "web")),
    "tree of an unknown target": (counter, ("tree", "-t", "wep")),
    "run of what can't be run": (counter, ("run", "linux-x86_64")),
    "sign what is no APK": (lambda world: world.write("a-unsigned.apk", "no"), ("sign", "a-unsigned.apk", "--debug")),
    "sign what has no name": (lambda world: world.write("a.apk", "no"), ("sign", "a.apk", "--debug")),
    "sign what is missing": (nothing, ("sign", "a-unsigned.apk")),
    "link that leaves the app": (
        lambda w: w.counter() and (w.app / "x").symlink_to("/etc"),
        ("build", "web", "--offline"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_command_line_says(case: str, world: Any, snapshot: Any) -> None:
    """Each case's exit code, results and talk stay as they are."""
    arrange, argv = CASES[case]
    arrange(world)
    assert world.run(*argv) == snapshot


def test_plan_prints_the_committed_plan(world: Any) -> None:
    """`builder plan` of an unchanged project is the committed file, byte for byte, with nothing beside it."""
    world.counter()
    committed = (world.app / "builder.plan" / "web.json").read_text()
    assert world.run("plan", "web") == f"exit code 0\n----- stdout\n{committed}----- stderr\n"


@pytest.mark.parametrize("mirror", ["", '[tool.builder.mirrors]\npypi = "http://127.0.0.1:2/mine/"\n'])
def test_doctor_names_the_registries_that_a_lock_would_ask(mirror: str, world: Any) -> None:
    """The app's own mirrors come before the machine's configuration; a project that can't be read has none."""
    world.monkeypatch.delenv("BUILDER_MIRROR_PYPI")
    world.monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:2/pip/")
    project(APP + mirror)(world)
    place = "mine" if mirror else "pip"
    assert f"ok     registry pypi: http://127.0.0.1:2/{place}/\n" in world.run("doctor")
    world.write("pyproject.toml", "[project")
    assert "ok     registry pypi: http://127.0.0.1:2/pip/\n" in world.run("doctor")


def test_doctor_says_what_is_missing(world: Any) -> None:
    """Without any program no backend works: exit code 9, and each line has its mend."""
    world.monkeypatch.setenv("PATH", "")
    said = world.run("doctor")
    assert said.startswith("exit code 9\n")
    assert said.count("FAILS") == said.count("mend:") > 0
