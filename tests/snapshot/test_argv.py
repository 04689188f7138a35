"""The command line of the sandbox: all that a step is shown and allowed stands in it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder import ocicall
from builder.backends import Chain, Surroundings, Work, bwrap, nix, oci
from builder.errors import BuilderError
from builder.plan import ENVIRONMENT, Built, Pinned, Plan, Step, Tree

STORE = Path("/store")
SHA256 = "ab" * 32
STEPS = {
    "nothing but a script": Step(name="stdlib", scripts=("stdlib.py", "bytecode.py"), args=("json", "--all")),
    "every kind of input": Step(
        name="app",
        scripts=("web_app.py",),
        inputs={
            "stdlib": Built(step="stdlib"),
            "app": Tree(tree="app"),
            "a file with spaces.whl": Pinned(pin=SHA256),
        },
        files={"app.json": "{}\n", "index.html": "<html>"},
    ),
    "arguments that look like options": Step(name="odd", scripts=("odd.py",), args=("--bind", "/", "/", "--", "$(id)")),
}
PLACES = {"stdlib": "outputs/1", "app": "outputs/2", "a file with spaces.whl": f"files/{SHA256}"}


HOST = {"PATH": "/home/me/bin", "HOME": "/home/me", "NIX_REMOTE": "/home/me/nix"}


def chain(step: Step) -> Chain:
    """A plan of that step alone."""
    plan = Plan(target="web", artifact=".", toolchain="cd" * 32, project={}, scripts={}, pins={}, steps=(step,))
    return Chain(plan, {"app": STORE / "outputs" / "2"}, STORE / "files", lambda name: b"", (step.name,))


@pytest.mark.parametrize("name", STEPS)
def test_the_command_line_of_a_step(name: str, snapshot: Any) -> None:
    """One argument a line, so that each flag that comes or goes is one line of a pull request."""
    step = STEPS[name]
    inputs = {key: STORE / PLACES[key] for key in step.inputs}
    work = Work(step, STORE / "temp" / "1", inputs, STORE / "outputs" / "root", ENVIRONMENT, HOST, chain(step))
    assert "\n".join(bwrap.argv(work)) == snapshot


def test_the_command_line_of_a_step_in_other_surroundings(tmp_path: Path, snapshot: Any) -> None:
    """What `builder verify` varies, and nothing of the sandbox less: the root is made of its parts, and closed."""
    for name in ("usr/lib", "etc", "run"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "etc" / "hosts").touch()
    (tmp_path / "bin").symlink_to("usr/bin")
    step = STEPS["every kind of input"]
    work = Work(step, STORE / "temp" / "1", {"app": STORE / "app"}, tmp_path, ENVIRONMENT, HOST, chain(step))
    around = Surroundings(
        place="/elsewhere",
        shown_at="/run/builder/step",
        hostname="other",
        user=4711,
        group=4712,
        environment={"TZ": "BVZ", "MORE": "1"},
        files={"/etc/ld.so.preload": STORE / "preload"},
        before=("/usr/bin/python3", "arrange.py"),
    )
    text = "\n".join(bwrap.argv(replace(work, surroundings=around)))
    assert text.replace(str(tmp_path), "/toolchain") == snapshot


def test_the_host_is_not_in_it() -> None:
    """No PATH of the host, no folder but the store's, no host variable."""
    step = STEPS["every kind of input"]
    argv = bwrap.argv(Work(step, STORE / "work", {}, STORE / "root", ENVIRONMENT, HOST, chain(step)))
    assert not [word for word in argv if word.startswith("/home")]
    shown = [argv[at + 1] for at, word in enumerate(argv) if word in ("--bind", "--ro-bind", "--dev-bind")]
    assert shown
    assert all(Path(place).is_relative_to(STORE) for place in shown)


def test_the_command_line_of_nix(snapshot: Any) -> None:
    """The store of the user's choice is NIX_REMOTE's to name; the sandbox is asked for, and nothing is substituted."""
    argv = nix.argv(STORE / "temp" / "nix", HOST)
    assert "\n".join(argv[: argv.index("substitute") + 2]) == snapshot  # what follows is of the machine and its user


ENGINES = {
    "podman": ocicall.podman("podman", "podman version 4.3.1", (1024, -1)),
    "docker": ocicall.docker("/opt/docker", "Docker version 28.2.2", "1000:100"),
}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_command_line_of_a_container(engine: str, snapshot: Any) -> None:
    """Podman's and docker's differ in what each of them adds by itself, and in who the caller is inside."""
    step = STEPS["every kind of input"]
    inputs = {key: STORE / PLACES[key] for key in step.inputs}
    work = Work(step, STORE / "temp" / "1", inputs, STORE / "outputs" / "root", ENVIRONMENT, HOST, chain(step))
    assert "\n".join(oci.argv(work, ENGINES[engine])) == snapshot


def test_a_container_is_shown_no_name_that_its_command_line_can_not_hold() -> None:
    """A mount is a line of CSV: with a comma in its name another folder would be shown."""
    step = STEPS["nothing but a script"]
    work = Work(step, STORE / "a,b", {}, STORE / "root", ENVIRONMENT, HOST, chain(step))
    with pytest.raises(BuilderError, match="a comma"):
        oci.argv(work, ENGINES["podman"])
