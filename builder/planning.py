"""Plan = f(Project, Lock): one target's steps with all that they name."""

from builder import plan, scripts
from builder.errors import BuilderError, Exit
from builder.lock import Lock
from builder.model import PREBUILT
from builder.plan import Built, File, Pinned, Plan, Step
from builder.project import Project
from builder.settings import FAMILIES
from builder.targets import TARGETS, family

STDLIB = "stdlib"  # name of the step, of its script, and under `in/` where start.py looks


def plan_of(project: Project, lock: Lock, target: str) -> Plan:
    """The plan of a target. Raises BuilderError (lock) where the lock lacks the target or a pin of it. Pure."""
    _refuse(lock, target)
    chosen = TARGETS[family(target)]
    steps = _started(chosen.steps(project, lock, target))
    held = lock.by_sha256()
    used = {source.pin for step in steps for source in step.inputs.values() if isinstance(source, Pinned)}
    names = {name for step in steps for name in step.scripts}
    return Plan(
        target=target,
        artifact=chosen.artifact(project, target),
        toolchain=lock.toolchain.nar,
        project=project.inputs(),
        scripts={name: scripts.sha256(name) for name in sorted(names)},
        pins={
            sha256: File(file=held[sha256].file, store=plan.store_name(held[sha256].file), size=held[sha256].size)
            for sha256 in sorted(used)
        },
        steps=steps,
    )


def _refuse(lock: Lock, target: str) -> None:
    """Say why a target can't be planned, if it can't."""
    if family(target) not in TARGETS.names():
        raise BuilderError(
            f"this builder can't build `{target}`",
            hint=f"it builds: {', '.join(TARGETS.names())}",
            code=Exit.USAGE,
        )
    if target in lock.unavailable:
        raise BuilderError(
            f"`{target}` could not be locked: {lock.unavailable[target]}",
            hint="mend that and run `builder lock`, or build another target",
            code=Exit.LOCK,
        )
    if target not in lock.inputs.targets:
        raise BuilderError(
            f"builder.lock does not hold the target `{target}`",
            hint=f"add it to [tool.builder] targets and run `builder lock`; it holds {', '.join(lock.inputs.targets)}",
            code=Exit.LOCK,
        )


def _started(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps, each with the byte code of the standard library, which a first step makes for all plans."""
    first = Step(name=STDLIB, scripts=scripts.closure(f"{STDLIB}.py"), args=scripts.stdlib())
    started = {STDLIB: Built(step=STDLIB)}
    return (first, *(step.model_copy(update={"inputs": {**step.inputs, **started}}) for step in steps))


def named(lock: Lock, name: str) -> tuple[str, ...]:
    """The targets that a name stands for: itself, or for a family such as `linux` all of it that the lock holds.

    Raises BuilderError (lock) for a family of which it holds none.
    """
    if name in PREBUILT or name not in FAMILIES:
        return (name,)
    found = tuple(target for target in buildable(lock) if family(target) == name)
    if found:
        return found
    whys = [f"`{target}`: {why}" for target, why in lock.unavailable.items() if family(target) == name]
    raise BuilderError(
        f"builder.lock holds no target of `{name}`" + (f"; {'; '.join(whys)}" if whys else ""),
        hint=f'add "{name}" to [tool.builder] targets and run `builder lock`',
        code=Exit.LOCK,
    )


def buildable(lock: Lock) -> tuple[str, ...]:
    """The targets of a lock that this release of builder can build, in the lock's order."""
    return tuple(t for t in lock.inputs.targets if family(t) in TARGETS.names() and t not in lock.unavailable)
