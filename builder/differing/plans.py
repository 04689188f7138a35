"""How two plans differ: what of the project, which scripts, pins and steps."""

from collections.abc import Iterator, Mapping
from typing import Any

from builder.differing import Change, Kind, of_tables
from builder.model import canonical
from builder.plan import Input, Plan, Step


def changes(old: Plan, new: Plan) -> tuple[Change, ...]:
    """Each way in which a plan differs from an earlier one."""
    single = {"target", "artifact", "contract", "toolchain"}
    before, after = ({key: str(value) for key, value in plan.model_dump(include=single).items()} for plan in (old, new))
    found = [*of_tables("", before, after)]
    found += of_tables("variable", old.environment, new.environment)
    found += of_tables("project", _flat(old.project), _flat(new.project))
    found += of_tables("script", old.scripts, new.scripts)
    found += of_tables("pin", _pins(old), _pins(new))
    found += _steps(old, new)
    return tuple(found)


def _flat(value: Any, path: str = "") -> dict[str, str]:
    """Nested tables as dotted keys, with their values as JSON."""
    if not isinstance(value, Mapping):
        return {path: canonical(value).decode()}
    return {key: text for name in value for key, text in _flat(value[name], f"{path}.{name}".strip(".")).items()}


def _pins(plan: Plan) -> dict[str, str]:
    """File name -> sha256; of two files of one name the later hash is shown."""
    return {file.file: sha256 for sha256, file in plan.pins.items()}


def _steps(old: Plan, new: Plan) -> Iterator[Change]:
    before, after = ({step.name: step for step in plan.steps} for plan in (old, new))
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield Change("removed", f"step {name}")
        elif name not in before:
            yield Change("added", f"step {name}")
        else:
            yield from _step(before[name], after[name])
    common = [name for name in before if name in after], [name for name in after if name in before]
    if common[0] != common[1]:
        yield Change("changed", "order of the steps", ", ".join(common[0]), ", ".join(common[1]))


def _step(old: Step, new: Step) -> Iterator[Change]:
    what = f"step {old.name}:"
    for field in ("args", "scripts", "root"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield Change("changed", f"{what} {field}", canonical(before).decode(), canonical(after).decode())
    inputs = [{key: _word(source) for key, source in step.inputs.items()} for step in (old, new)]
    yield from of_tables(f"{what} input", *inputs)
    for name in sorted({*old.files, *new.files}):
        if old.files.get(name) != new.files.get(name):
            lines = [
                text.count("\n") + 1 if text is not None else 0 for text in (old.files.get(name), new.files.get(name))
            ]
            kind: Kind = "added" if name not in old.files else "removed" if name not in new.files else "changed"
            yield Change(kind, f"{what} text {name}", *(f"{count} lines" if count else "" for count in lines))


def _word(source: Input) -> str:
    """Where a step's input comes from."""
    return next(f"{kind} {value}" for kind, value in source.model_dump().items())
