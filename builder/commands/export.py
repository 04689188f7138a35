"""`builder export`: targets in a format for who has no builder, in build/export/<format>/."""

import functools
import tomllib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from builder import committed, itself, process, scripts, toolchain
from builder.backends import AUTO
from builder.commands import Context, build, deliver, supply
from builder.errors import BuilderError, Exit
from builder.exports import EXPORTS, Checkout, Export, Material
from builder.lock import Lock, Pin
from builder.ownimage import Contents
from builder.plan import APP, FOLDER, SCRIPTS, Plan
from builder.project import PYPROJECT, Project

_THREADS = 8  # that ask a registry where files are


@dataclass(frozen=True)
class Request:
    """What is to be exported."""

    format: str
    targets: tuple[str, ...]
    frozen: bool  # of the committed plan, and only of what is committed
    output: Path | None  # folder instead of build/export/<format>
    git: str = ""  # URL that the app's files are taken from at the commit of now; "": the export holds them
    pins: bool = True  # False: leave them out, of a format that holds them


def run(context: Context, project: Project, request: Request) -> Path:
    """Write the export; gives its folder. Raises BuilderError with the exit code of what went wrong."""
    chosen = EXPORTS[request.format]
    _check(request, chosen)
    place = request.output or context.root / "build" / "export" / request.format
    deliver.check_place(context, place)
    given = material(context, project, request)
    with context.store.locked("store", shared=True), context.store.workspace() as folder:
        made = folder / "export"
        made.mkdir()
        chosen.write(given, made)
        return deliver.place(context, made, place)


def _check(request: Request, chosen: Export) -> None:
    """Raise BuilderError (usage) for what a format can't do."""
    for target in request.targets:
        if why := chosen.refusal(target):
            raise BuilderError(
                f"`{target}` can't be exported as {request.format}: {why}",
                hint="export another target, or build this one with `builder build`",
                code=Exit.USAGE,
            )
    if len(request.targets) != 1 and not chosen.many:
        raise BuilderError(
            f"the format {request.format} holds one target, not {len(request.targets)}",
            hint="name one target",
            code=Exit.USAGE,
        )
    if not request.pins and not chosen.many:
        raise BuilderError(
            f"the format {request.format} needs the pins", hint="leave --without-pins out", code=Exit.USAGE
        )
    if request.git and not chosen.from_git:
        raise BuilderError(
            f"the format {request.format} can't name a git repository", hint="leave --git out", code=Exit.USAGE
        )


def material(context: Context, project: Project, request: Request) -> Material:
    """What the export is made of. Raises BuilderError where lock or plan are missing or stale."""
    asked = {target: build.Request(target, AUTO, request.frozen, request.output, {}) for target in request.targets}
    every = {target: build.made_of(context, project, one) for target, one in asked.items()}
    target, made = next(iter(every.items()))
    lock = made.lock
    recipe = committed.recipe(context.root, lock) if request.frozen else toolchain.of(lock)
    return Material(
        target=target,
        project=project,
        lock=lock,
        plan=made.plan,
        recipe=recipe,
        scripts=lambda: _scripts(context, made.plan, frozen=request.frozen),
        tree=functools.cache(lambda: context.store.output(build.stage(context, asked[target], made.plan)[APP])),
        urls=_urls(context, project, lock),
        stated=_stated(context.root / PYPROJECT),
        released=_git(context, "log", "-1", "--format=%cs", "--", "."),
        checkout=_checkout(context, request.git) if request.git else None,
        image=_image(context, project, every, recipe, pins=request.pins),
        say=context.say,
    )


def _image(
    context: Context, project: Project, made: Mapping[str, build.Made], recipe: toolchain.Recipe, *, pins: bool
) -> Callable[[Path], Contents]:
    """What gives the contents of builder's image for some targets."""
    plans = {target: one.plan for target, one in made.items()}
    lock = next(iter(made.values())).lock

    def found(folder: Path) -> Contents:
        from builder.commands import image  # here: only an image wants it

        wanted = {sha256 for planned in plans.values() for sha256 in planned.pins} if pins else set()
        given = image.contents(context, project, lock, plans, recipe, wanted)
        wheel = itself.wheel(folder)
        return replace(given, wheels={**given.wheels, wheel.name: wheel})

    return found


def _scripts(context: Context, planned: Plan, *, frozen: bool) -> dict[str, bytes]:
    if frozen:  # `made_of` checked those that the plan names; what makes the toolchain has the digest of that as guard
        return {path.name: path.read_bytes() for path in sorted((context.root / FOLDER / SCRIPTS).glob("*.py"))}
    return {name: scripts.text(name) for name in sorted({*planned.scripts, *scripts.closure("root.py")})}


def _stated(path: Path) -> dict[str, Any]:
    """[project] of a pyproject.toml that was read before; nothing where there is no such file."""
    found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return dict(found.get("project", {}))


def _checkout(context: Context, url: str) -> Checkout:
    """The commit that is checked out. Raises BuilderError (project) where the app's files are not those of a commit."""
    commit, folder = _git(context, "rev-parse", "HEAD"), _git(context, "rev-parse", "--show-prefix")
    changed = _git(context, "diff", "--name-only", "--relative", "HEAD").splitlines()
    changed += supply.app_tree(context).untracked
    if not commit or changed:
        raise BuilderError(
            f"git has no commit with just these files: `{changed[0]}` differs" if commit else "git has no commit",
            hint="commit the app and push it, or leave --git out",
            code=Exit.PROJECT,
        )
    return Checkout(url, commit, folder.rstrip("/") or ".")


def _git(context: Context, *arguments: str) -> str:
    """What git prints in the app's folder; "" where there is no git, no repository or no commit."""
    command = ["git", "-c", "log.showSignature=false", *arguments]
    try:
        done = process.run(command, cwd=context.root, env=context.environ)
    except FileNotFoundError:
        return ""
    return done.out.strip() if done.code == 0 else ""


def _urls(context: Context, project: Project, lock: Lock) -> Callable[[Iterable[Pin]], Mapping[str, tuple[str, ...]]]:
    """Where pins are: as committed for Nix, else as this machine would fetch them; without passwords."""
    known = committed.origins(context.root)

    def found(pins: Iterable[Pin]) -> Mapping[str, tuple[str, ...]]:
        from builder.network.mirrors import redacted
        from builder.sources import places

        urls = places(lock.sources, supply.http(context, project, lock.sources))

        def one(pin: Pin) -> tuple[str, ...]:
            return tuple(known.get(pin.sha256, ())) or (redacted(next(urls(pin))),)

        wanted = list(pins)
        with ThreadPoolExecutor(_THREADS) as pool:
            return dict(zip((pin.sha256 for pin in wanted), pool.map(one, wanted), strict=True))

    return found
