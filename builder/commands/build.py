"""`builder build`: from the committed plan, or a plan made in memory, to the artifact in build/<target>/."""

import contextlib
import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from builder import backends, committed, execute, lockfile, noop, plan, planning, scripts, tree
from builder.backends import Backend
from builder.commands import Context, attest, check, supply, uses
from builder.commands.deliver import EXPECTED, check_place, expected, place
from builder.errors import BuilderError, Exit
from builder.execute import Artifact, Supplies
from builder.lock import FILENAME, Lock
from builder.plan import APP, FOLDER, IMAGES, SCRIPTS, Plan
from builder.project import PYPROJECT, REQUIREMENTS, Project
from builder.provenance.statement import Built, Subject, sha256

_TREES: Mapping[str, Callable[[Mapping[str, Path]], Mapping[str, Path]]] = {APP: dict, IMAGES: tree.images}


@dataclass(frozen=True)
class Request:
    """One target to be built."""

    target: str
    backend: str
    frozen: bool  # run the committed plan, refuse files that git does not track
    output: Path | None  # folder for the artifact instead of build/<target>
    options: Mapping[str, object]  # command-line options of Flet keys
    keep_failed: bool = False  # keep the folder of a step that fails


@dataclass(frozen=True)
class Made:
    """What a build is made from."""

    project: Project
    lock: Lock
    plan: Plan


@dataclass(frozen=True)
class Outcome:
    """What a build gave: where it lies, and what names it."""

    path: Path
    target: str
    digest: str  # sha256 of a file; NAR sha256 of a folder
    key: str
    backend: str  # that ran steps; "" where all was there already
    expected: str  # the digest that is committed with the app; "" where none is
    tree: str  # NAR sha256 of the app's files that it was made from
    watched: Mapping[str, str]  # sha256 of each other file that decided about it, as it was before
    beside: Mapping[str, str]  # sha256 of what is told of it, in the files beside it

    def json(self, signed: Path | None = None) -> str:
        """One line of JSON for --json; `signed` is the artifact with a signature."""
        fields = {"target": self.target, "path": str(self.path), "digest": self.digest, "key": self.key}
        return json.dumps(
            fields
            | {"backend": self.backend or None, "expected": self.expected or None}
            | ({"signed": str(signed)} if signed else {})
        )


def run(context: Context, project: Project, request: Request) -> Outcome:
    """Build one target. Raises BuilderError with the exit code of what went wrong."""
    watched = noop.digests(_watched(context, project, request.target))
    wanted = expected(context.root).get(request.target, "")
    backends.check(request.backend)
    if request.output:
        check_place(context, request.output)
    made = made_of(context, project, request)
    planned = made.plan
    with context.store.locked("store", shared=True):
        staged = stage(context, request, planned)
        named = watched[str(context.root / FILENAME)], sha256(planned)
        uses.build_of(context, planned, staged, (attest.key(*named),))
        outside = supplies(context, made, request, staged)
        artifact = execute.build(planned, context.store, picking(context, request), outside, context.say)
        folder = request.output or context.root / "build" / request.target
        path = place(context, artifact.path, folder)
        built = Built(made.lock, named[0], planned, named[1], staged[APP], artifact.key, request.options)
        attest.write(context, project, _subject(artifact, request.target), built, folder)
    uses.forget_older(context, request.target)
    told = noop.digests([str(place) for place in attest.places(folder)])
    return Outcome(
        path, request.target, artifact.digest, artifact.key, artifact.backend, wanted, staged[APP], watched, beside=told
    )


def made_of(context: Context, project: Project, request: Request) -> Made:
    """The lock that is there, and the plan: the committed one, or one made of project and lock. Raises BuilderError."""
    locked = lockfile.load(context.root)
    return Made(project, locked, _plan(context, project, locked, request))


def remember(context: Context, outcome: Outcome, record: str, stdout: Mapping[str, str]) -> None:
    """Keep what tells the same command, run again, that there is nothing to do.

    Nothing is kept where something changed since the build read it: the artifact is of what was there before.
    """
    names = sorted(supply.app_tree(context).files)
    inputs = noop.inputs(context.root, names, tree.folders(context.root), list(outcome.watched))
    if inputs["tree"] != outcome.tree or inputs["files"] != outcome.watched:
        return
    content = {
        "root": str(context.root),
        "tree": names,
        "inputs": inputs,
        "artifact": str(outcome.path),
        "digest": outcome.digest,
        "beside": dict(outcome.beside),
        **stdout,
    }
    with contextlib.suppress(OSError):  # without it the next build only takes longer
        noop.record(context.store.state(f"{record}.json"), content)


def _watched(context: Context, project: Project, target: str) -> list[str]:
    """The files beside the app's own that decide about a build."""
    named = {PYPROJECT, REQUIREMENTS, FILENAME, EXPECTED, f"{FOLDER}/{target}.json", *project.read}
    own = {context.root / name for name in named} | {*(context.root / FOLDER / SCRIPTS).glob("*.py")}
    return sorted(str(path) for path in own | {*tree.git_files(context.root, context.home)})


def _plan(context: Context, project: Project, locked: Lock, request: Request) -> Plan:
    if request.frozen:
        planned = committed.load(context.root, request.target)
        why = committed.stale(planned, project.inputs(), locked)
        if why:
            raise BuilderError(
                f"the committed plan of `{request.target}` is stale: {why}",
                hint="run `builder lock` and commit the result",
                code=Exit.LOCK,
            )
        committed.check_scripts(context.root, planned)
        return planned
    check.run(context.root, project)
    planned = planning.plan_of(project, locked, request.target)
    if committed.wanted(context.root) and not request.options:
        _say_difference(context, planned)
    return planned


def _say_difference(context: Context, planned: Plan) -> None:
    try:
        same = committed.load(context.root, planned.target) == planned
    except BuilderError:
        same = False
    if not same:
        context.say(f"note: this is not the committed plan of `{planned.target}`; `builder lock` would write this one")


def stage(context: Context, request: Request, planned: Plan) -> dict[str, str]:
    """The NAR sha256 of the app's tree, and of each other that the plan is given; the store then holds them."""
    found = supply.app_tree(context)
    if any(path.is_relative_to(context.store.root) for path in found.files.values()):
        raise BuilderError(
            f"the store `{context.store.root}` is in the app, and would be built into it",
            hint="name a place outside of the app with BUILDER_HOME, or have git ignore that folder",
            code=Exit.PROJECT,
        )
    if found.untracked and request.frozen:
        raise BuilderError(
            f"git does not track {_some(found.untracked)}",
            hint="`git add` or ignore them; a frozen build takes only what is committed",
            code=Exit.PROJECT,
        )
    if found.untracked:
        context.say(f"warning: git does not track {_some(found.untracked)}; they are built in all the same")
    wanted = sorted({APP, *plan.trees(planned)})
    return {name: supply.stage(context, _TREES[name](found.files)) for name in wanted}


def picking(context: Context, request: Request) -> Callable[[], Backend]:
    """What chooses the backend of a request, when it is first asked."""
    return functools.cache(lambda: backends.choose(request.backend, context.environ))


def supplies(context: Context, made: Made, request: Request, staged: Mapping[str, str]) -> Supplies:
    """What the build takes from outside the plan; `staged` is what `stage` gave."""
    pins = {pin.sha256: pin for pin in (*made.lock.packages, *made.lock.pins)}
    project, locked = made.project, made.lock
    return Supplies(
        scripts=committed.script(context.root, made.plan) if request.frozen else scripts.text,
        trees=staged,
        pins=lambda wanted: supply.provide(context, project, locked, [pins[sha256] for sha256 in sorted(wanted)]),
        toolchain=lambda: supply.toolchain_root(context, project, locked, frozen=request.frozen),
        host=context.environ,
        keep_failed=request.keep_failed,
    )


def _subject(artifact: Artifact, target: str) -> Subject:
    """What provenance calls an artifact: the same wherever it is delivered to."""
    folder = artifact.path.is_dir()
    return Subject(target if folder else artifact.path.name, artifact.digest, folder)


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
