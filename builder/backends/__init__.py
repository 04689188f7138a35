"""Where a step runs, one module a place; every place shows the step the same sandbox."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builder.errors import BuilderError, Exit
from builder.folder import Folder
from builder.plan import Plan, Step

AUTO = "auto"
_CHOICE = ("bwrap", "nix", "oci")  # what `auto` tries, in this order


@dataclass(frozen=True)
class Chain:
    """The plan that a step is of, for a backend with a store of its own: there a step follows from the steps before."""

    plan: Plan
    trees: Mapping[str, Path]  # symbolic tree -> absolute path
    files: Path  # folder that holds every pin of the plan under its sha256
    script: Callable[[str], bytes]  # text of a script by name
    wanted: tuple[str, ...]  # the plan's steps that are to run, in order
    made: dict[str, str] = field(default_factory=dict)  # of these, what is made: step -> the backend's name for it


@dataclass(frozen=True)
class Surroundings:
    """What a step can see around it beside its inputs, as agreed; `builder verify` gives others.

    A backend that can give others says so with `varies`. Paths are those that the step sees.
    """

    place: str = "/build"  # the working folder
    shown_at: str = "/build"  # where the step's folder is shown; elsewhere if `before` fills the place from it
    on: Path | None = None  # then: the folder of this machine that the place is; None: it is in memory
    hostname: str = "localhost"
    user: int = 1000
    group: int = 100
    environment: Mapping[str, str] = field(default_factory=dict)  # over and beside the step's
    files: Mapping[str, Path] = field(default_factory=dict)  # further files of this machine, read-only
    before: tuple[str, ...] = ()  # the program that ends by running the words after it; none: they run at once


AS_AGREED = Surroundings()


@dataclass(frozen=True)
class Work:
    """One step made ready: all of its inputs lie on this machine."""

    step: Step
    folder: Path  # absolute, on disk: holds `out` (empty) and `in` with the step's texts and scripts
    inputs: Mapping[str, Path]  # name under `in/` -> absolute path of a file or folder, to be shown read-only
    toolchain: Path  # absolute path of the root
    environment: Mapping[str, str]  # the step's whole environment
    host: Mapping[str, str]  # the host's environment, for the backend's own program
    chain: Chain
    keep: bool = False  # keep what a failed step leaves, where that is not in `folder`
    surroundings: Surroundings = AS_AGREED

    @property
    def words(self) -> tuple[str, ...]:
        """What the interpreter is given: its flags, start.py, the step's script and arguments."""
        return ("-P", "-s", "-S", "-B", "in/inside/start.py", *self.step.scripts[:1], *self.step.args)


@dataclass(frozen=True)
class Backend:
    """One place that can run steps."""

    name: str
    refusal: Callable[[Mapping[str, str]], str]  # (environment of the host) -> why it can't run here, "" where it can
    mend: str  # what makes it work
    run: Callable[[Work, Callable[[str], None]], None]  # the step's output lines go to the second; raises BuilderError
    version: Callable[[Mapping[str, str]], str]  # (environment of the host) -> what `doctor` says of its program
    command: Callable[[Work], list[str]]  # what runs the step, as typed into `shell`
    shell: Callable[[Work], list[str]]  # the command line of a shell where the step would run
    chained: bool = False  # True: may build the steps before anew, so it wants every pin of the plan
    varies: bool = False  # True: heeds the `surroundings` of a step; False: gives what is agreed, whatever they say


BACKENDS = Folder(__name__, Backend)


def show_inputs(work: Work) -> None:
    """Put links to a step's inputs where a sandbox would show them."""
    for name, path in work.inputs.items():
        shown = work.folder / "in" / name
        if shown.is_dir() and not shown.is_symlink():
            shown.rmdir()
        else:
            shown.unlink()
        shown.symlink_to(path)


def last(said: str) -> str:
    """The last line that says something."""
    return next((line for line in reversed(said.splitlines()) if line.strip()), "it said nothing")


def failed(step: str, code: int, said: str) -> BuilderError:
    """The error of a step that ended with an exit code other than 0; `said` is all that it wrote."""
    return BuilderError(
        f"step `{step}` failed with exit code {code}: {last(said)}",
        hint="mend what it names; `-vv` shows all that the step wrote",
        code=Exit.STEP,
    )


def check(name: str) -> None:
    """Raise BuilderError (usage) for a backend that there is not."""
    if name not in (AUTO, *BACKENDS.names()):
        raise BuilderError(
            f"there is no backend `{name}`",
            hint=f"choose one of: {', '.join((AUTO, *BACKENDS.names()))}",
            code=Exit.USAGE,
        )


def choose(name: str, host: Mapping[str, str]) -> Backend:
    """The backend of that name; for `auto` the first that can run here: bubblewrap, Nix, containers.

    Raises BuilderError (sandbox) where `auto` finds none.
    """
    if name != AUTO:
        return BACKENDS[name]
    refusals = {}
    for found in _CHOICE:
        refusals[found] = BACKENDS[found].refusal(host)
        if not refusals[found]:
            return BACKENDS[found]
    raise BuilderError(
        f"no backend can run steps here: {'; '.join(f'{found}: {why}' for found, why in refusals.items())}",
        hint=f"{'; or '.join(BACKENDS[found].mend for found in _CHOICE)}; `builder doctor` looks at each",
        code=Exit.SANDBOX,
    )
