"""One target made ready to be verified: what it is made of, where it is built again, and what can be varied."""

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from builder import execute
from builder.backends import AUTO, BACKENDS, Backend, choose
from builder.commands import Context, build, supply, uses
from builder.commands.build import Made
from builder.errors import BuilderError, Exit
from builder.execute import Artifact, Supplies
from builder.plan import Plan
from builder.project import Project
from builder.store import Store
from builder.verification import fresh, library
from builder.verification.diagnosis import Bench
from builder.verification.variations import CLOCK, VARIATIONS, Variation


@dataclass(frozen=True)
class Request:
    """What is to be verified, and by what."""

    targets: tuple[str, ...]
    backend: str = AUTO
    against: Path | None = None  # a published artifact, in place of a first build
    recorded: bool = False  # the committed digest, in place of a first build
    beyond: bool = False  # vary what the sandbox contract fixes, too


@dataclass(frozen=True)
class Case:
    """One target, ready to be built in any store."""

    context: Context
    project: Project
    request: Request
    target: str
    made: Made
    backend: Backend
    folder: Path  # to work in
    trees: dict[str, str]  # symbolic tree -> NAR sha256
    faketime: Path | None  # libfaketime
    lacking: str  # why there is none

    @property
    def asked(self) -> build.Request:
        """The build of the committed plan."""
        return build.Request(self.target, self.backend.name, True, None, {})

    @property
    def planned(self) -> Plan:
        """The committed plan."""
        return self.made.plan

    @property
    def varied(self) -> list[Variation]:
        """What can be varied, and is wanted."""
        wanted = [variation for variation in VARIATIONS if self.request.beyond or not variation.beyond]
        return [variation for variation in wanted if self.faketime or not variation.library]

    @functools.cached_property
    def supplies(self) -> Supplies:
        """What a build in the user's store is given."""
        return build.supplies(self.context, self.made, self.asked, self.trees)

    @property
    def kept(self) -> str:
        """The name under which the store keeps what differs."""
        return f"verify-{self.target}"

    @property
    def bench(self) -> Bench:
        """Where single steps are run again."""
        place = self.context.store.root / "failed" / self.kept
        store, say = self.context.store, self.context.say
        return Bench(self.planned, store, self.backend, self.supplies, self.faketime, self.folder, place, say)

    def first(self) -> Artifact:
        """The build as everybody has it, in the user's store."""
        return execute.build(self.planned, self.context.store, lambda: self.backend, self.supplies, self.context.say)

    def elsewhere(self, name: str) -> tuple[Store, Supplies]:
        """A fresh store with its own copy of the app, and what a build in it is given."""
        store = fresh.seeded(self.folder / name, self.context.store, self.planned.pins, self.planned.toolchain)
        there = replace(self.context, store=store, offline=True)
        trees = build.stage(replace(there, say=lambda line: None), self.asked, self.planned)
        return store, build.supplies(there, self.made, self.asked, trees)


@contextlib.contextmanager
def case_of(context: Context, project: Project, request: Request, backend: Backend) -> Iterator[Case]:
    """The one target of a request, with all that its build takes in the user's store. Raises as a build does."""
    target = request.targets[0]
    asked = build.Request(target, backend.name, True, None, {})
    made = build.made_of(context, project, asked)
    trees = build.stage(context, asked, made.plan)
    with context.store.workspace() as folder:
        uses.build_of(context, made.plan, trees)
        faketime, lacking = _library(context, project, made, folder)
        case = Case(context, project, request, target, made, backend, folder, trees, faketime, lacking)
        case.supplies.pins(set(made.plan.pins))
        case.supplies.toolchain()
        yield case
        if (folder / "kept").is_dir():
            context.store.keep_failed(case.kept, folder / "kept")


def backend_of(name: str, context: Context) -> Backend:
    """The backend whose surroundings are varied. Raises BuilderError (sandbox) where none can."""
    tried = [choose(name, context.environ)] if name != AUTO else [BACKENDS[found] for found in BACKENDS.names()]
    why = {}
    for backend in tried:
        why[backend.name] = backend.refusal(context.environ) if backend.varies else "its sandbox can't be varied"
        if not why[backend.name]:
            return backend
    raise BuilderError(
        f"nothing can be varied here: {'; '.join(f'{found}: {reason}' for found, reason in why.items())}",
        hint=BACKENDS["bwrap"].mend,
        code=Exit.SANDBOX,
    )


def _library(context: Context, project: Project, made: Made, folder: Path) -> tuple[Path | None, str]:
    """libfaketime out of its pinned package; None, and why, where it can't be had."""
    try:
        supply.provide(context, project, made.lock, [library.pin()])
    except BuilderError as error:
        if error.code != Exit.FETCH:
            raise
        context.say(f"note: the {CLOCK} is not varied: {error.message}")
        return None, f"libfaketime can't be had: {error.message}"
    return library.unpacked(context.store, folder), ""
