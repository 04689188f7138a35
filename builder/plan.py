"""The plan: the steps of one target as data, their keys, and the plan that is committed beside the lock."""

import json
import re
from typing import Any

from pydantic import Field

from builder.model import Model, Sha256, digest

CONTRACT = 1  # what a step may see and rely on; a change of it changes every key
FOLDER = "builder.plan"
MERGE = "merge.py"  # the script that lays folders over each other; linking the same files does as well
SCRIPTS = "inside"  # the folder of a plan's scripts, and the name under `in/` at which a step finds them
APP, IMAGES = "app", "images"
TREES = (APP, IMAGES)  # the user's trees that a step can be given: all of the app's files; its icons and splash images
_NO_NAME = re.compile(r"[/\\\x00-\x1f\x7f]")

ENVIRONMENT = {
    "HOME": "/nowhere",
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "315532800",  # 1980-01-01, the earliest date a zip can hold
    "TZ": "UTC",
}


class Pinned(Model):
    """A step's input that is a pinned file."""

    pin: Sha256


class Built(Model):
    """A step's input that is the output of an earlier step."""

    step: str


class Tree(Model):
    """A step's input that is a tree of the user's, hashed when the build starts."""

    tree: str


Input = Pinned | Built | Tree


class Step(Model):
    """One script of `builder/inside` on named inputs, run in the sandbox, giving one output folder."""

    name: str
    scripts: tuple[str, ...] = Field(min_length=1)  # the one that runs, then every one that it imports
    args: tuple[str, ...] = ()
    inputs: dict[str, Input] = {}  # found at in/NAME, read-only
    files: dict[str, str] = {}  # texts, found at in/NAME as well
    root: bool = False  # True: needs the toolchain as its real root, not only its interpreter


class File(Model):
    """How a plan calls a pin: its file name, and that name as a Nix store can hold it."""

    file: str
    store: str
    size: int | None = None  # bytes


class Plan(Model):
    """The steps of one target in order; what the last one gives is the artifact."""

    contract: int = CONTRACT
    target: str
    artifact: str  # path below the last step's output; "." is the whole folder
    toolchain: Sha256  # NAR sha256 of the root
    environment: dict[str, str] = ENVIRONMENT
    project: dict[str, Any]  # the project inputs that made the plan
    scripts: dict[str, Sha256]  # every script that a step names
    pins: dict[Sha256, File]
    steps: tuple[Step, ...] = Field(min_length=1)

    def step(self, name: str) -> Step:
        """The step of that name."""
        return next(step for step in self.steps if step.name == name)


def keys(plan: Plan, trees: dict[str, str]) -> dict[str, str]:
    """The key of each step: what names its output in the store.

    `trees` gives the NAR sha256 of each symbolic tree. No backend, no step name and no place enters a key.
    """
    found: dict[str, str] = {}
    for step in plan.steps:
        inputs = {name: _digest_of(source, found, trees) for name, source in step.inputs.items()}
        found[step.name] = digest(
            {
                "contract": plan.contract,
                "toolchain": plan.toolchain,
                "environment": plan.environment,
                "scripts": [plan.scripts[name] for name in step.scripts],
                "args": step.args,
                "files": step.files,
                "inputs": inputs,
                "root": step.root,
            }
        )
    return found


def following(plan: Plan, trees: dict[str, str]) -> tuple[str, ...]:
    """The keys of the steps that a tree of the user's goes into, in the plan's order: a change of it makes new ones."""
    found: dict[str, str] = {}
    known = keys(plan, trees)
    for step in plan.steps:
        if any(isinstance(s, Tree) or (isinstance(s, Built) and s.step in found) for s in step.inputs.values()):
            found[step.name] = known[step.name]
    return tuple(found.values())


def trees(plan: Plan) -> tuple[str, ...]:
    """The user's trees that the steps of a plan are given, sorted."""
    given = {source.tree for step in plan.steps for source in step.inputs.values() if isinstance(source, Tree)}
    return tuple(sorted(given))


def flaw(plan: Plan) -> str:
    """Why a plan that came from outside can't be run: a name that leaves its folder, or that nothing has; else "".

    A builder that runs it would write texts and read scripts wherever such a name points, on the host.
    """
    earlier: set[str] = set()
    for step in plan.steps:
        why = _flaw_of_step(step, plan, earlier)
        if why:
            return f"step `{step.name}` {why}"
        earlier.add(step.name)
    if plan.artifact != "." and not all(_plain(part) for part in plan.artifact.split("/")):
        return f"its artifact `{plan.artifact}` is no path below a step's output"
    return ""


def dump(plan: Plan) -> bytes:
    """A plan as the JSON that is committed: sorted, indented, with a newline at its end."""
    return json_of(plan.model_dump(mode="json", exclude_defaults=False))


def store_name(file: str) -> str:
    """A file name as a Nix store path may hold it: only [A-Za-z0-9+._?=-], not starting with a dot."""
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "+._?=-") else "-" for char in file)
    return kept.lstrip(".")[:200] or "pin"


def _flaw_of_step(step: Step, plan: Plan, earlier: set[str]) -> str:
    named = [*step.inputs, *step.files, *step.scripts]
    wrong = [name for name in named if not _plain(name) or name == SCRIPTS] + sorted({*step.inputs} & {*step.files})
    if wrong:
        return f"can't be given `{wrong[0]}`"
    if step.name in earlier:
        return "is there twice"
    unknown = [name for name in step.scripts if name not in plan.scripts]
    for source in step.inputs.values():
        match source:
            case Pinned(pin=sha256) if sha256 not in plan.pins:
                unknown.append(sha256)
            case Built(step=name) if name not in earlier:
                unknown.append(name)
            case Tree(tree=name) if name not in TREES:
                unknown.append(name)
    return f"names `{unknown[0]}`, which the plan does not have before it" if unknown else ""


def _plain(name: str) -> bool:
    """Whether a name is that of one entry of a folder."""
    return name not in ("", ".", "..") and len(name.encode()) <= 255 and not _NO_NAME.search(name)


def json_of(value: Any) -> bytes:
    """JSON as it is committed: sorted, indented, with a newline at its end."""
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def _digest_of(source: Input, built: dict[str, str], trees: dict[str, str]) -> dict[str, str]:
    match source:
        case Pinned(pin=sha256):
            return {"pin": sha256}
        case Built(step=name):
            return {"step": built[name]}
        case Tree(tree=name):
            return {"tree": trees[name]}
