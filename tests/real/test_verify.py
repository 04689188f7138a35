"""`builder verify` on steps that leak in every way that it knows, and on sound ones."""

import json
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from builder import lockfile, plan, project, scripts
from builder.plan import Built, Plan, Step, Tree
from builder.verification.causes import CHANCE

from .worlds import World

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("verify")]

LEAKY = Path(__file__).parent / "leaky"
# Step -> variation, a word of its cause, the place that differs.
LEAKS = {
    "address": ("addresses", "address in memory", "objects"),
    "backend": (CHANCE, "where builder's store is", "mounts"),
    "chance": ("chance", "random numbers are drawn", "salt"),
    "clock": ("clock", "reads the clock", "version.json"),
    "cpus": ("processors", "processors", "parts"),
    "dates": ("dates", "date of an input", "dates"),
    "dump": ("environment", "whole environment", "environment"),
    "file_date": ("clock", "made or packed", "packed.zip > made.txt"),
    "gzip_date": ("clock", "made or packed", "data.gz"),
    "hostname": ("host name", "name of the machine", "about"),
    "inode": ("inodes", "inode numbers", "inodes"),
    "kernel": ("kernel", "version of the kernel", "config.h"),
    "modes": ("modes", "umask", "inputs.tar > main.py"),
    "order": ("order", "file system lists", "list"),
    "path_pyc": ("path", "co_filename", "module.pyc > its code"),
    "pid": ("processes", "number of a process", "log"),
    "race": (CHANCE, "from run to run", "seed"),
    "user": ("user", "user", "own.tar.gz > own.tar > empty"),
    "uuid4": ("chance", "UUID", "manifest.xml"),
    "zip_date": ("clock", "made or packed", "dated.zip > folder/member.txt"),
}
BEYOND = {
    "hash": ("hash seed", "order of a set", "set"),
    "home": ("home", "home folder", "settings.ini"),
    "locales": ("locale", "locale", "locale"),
    "zone": ("time zone", "local time", "when"),
}


def plan_of(app: Path, names: Iterable[str]) -> Plan:
    """A plan of these scripts, each a step of its own, and of one that merges what they write."""
    inputs = {"app": Tree(tree="app")}
    steps = [Step(name=name, scripts=(f"{name}.py", "start.py"), inputs=inputs) for name in names]
    merged = Step(
        name="all",
        scripts=scripts.closure(plan.MERGE),
        args=tuple(step.name for step in steps),
        inputs={step.name: Built(step=step.name) for step in steps},
    )
    texts = folder_of(steps)
    planned = Plan(
        target="web",
        artifact=".",
        toolchain=lockfile.load(app).toolchain.nar,
        project=dict(project.load(app, {}, print).inputs()),
        scripts={name: hash_of(text) for name, text in texts.items()} | {n: scripts.sha256(n) for n in merged.scripts},
        pins={},
        steps=(*steps, merged),
    )
    inside = app / "builder.plan" / "inside"
    for name, text in texts.items():
        (inside / name).write_bytes(text)
    (app / "builder.plan" / "web.json").write_bytes(plan.dump(planned))
    return planned


def folder_of(steps: Iterable[Step]) -> dict[str, bytes]:
    return {step.scripts[0]: (LEAKY / step.scripts[0]).read_bytes() for step in steps} | {
        "start.py": scripts.text("start.py")
    }


def hash_of(text: bytes) -> str:
    import hashlib

    return hashlib.sha256(text).hexdigest()


def verified(world: World, *options: str, **env: str) -> dict[str, Any]:
    """What is found of the one target, whose exit code must say the same."""
    done = world.run("verify", "web", "--offline", "--json", *options, **env)
    assert done.returncode in (0, 8), done.stderr
    (result,) = json.loads(done.stdout)
    assert result["equal"] == (done.returncode == 0)
    return dict(result)


@pytest.fixture
def library(world: World, fetched: Path) -> None:
    """The world's store has libfaketime."""


def test_each_leak_is_caught_and_named(world: World) -> None:
    """The step, the variation, the cause in words and the very member are told, of all steps in one verification."""
    plan_of(world.app, LEAKS)
    result = verified(world)
    found = {leak["step"]: leak for leak in result["leaks"]}
    told = {
        step: (leak["variation"], leak["cause"]["text"], " > ".join(leak["differences"][0]["place"]))
        for step, leak in found.items()
    }
    print(json.dumps(told, indent=1))
    named = [(leak["step"], leak["variation"]) for leak in result["leaks"]]
    assert named == [(step, LEAKS[step][0]) for step in LEAKS]
    for step, (_, cause, place) in LEAKS.items():
        assert re.search(cause, told[step][1]), step
        assert told[step][2] == place
