"""The plan that is committed beside the lock: one JSON a target, the scripts that they name, the toolchain's recipe.

With it an upgrade of builder changes nothing until someone runs `builder lock`, and every line that runs can be read.
"""

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from builder import data, plan, scripts, whole
from builder.errors import BuilderError, Exit
from builder.lock import Lock
from builder.plan import FOLDER, SCRIPTS, Plan
from builder.toolchain import Recipe

NIX = "nix"  # folder of what plain Nix reads the plans with; its being there says that it is wanted
ORIGINS = "origins.json"
_INPUTS = "inputs.json"
_RECIPE = "toolchain.json"


def load(root: Path, target: str) -> Plan:
    """The committed plan of a target. Raises BuilderError (lock) where there is none or it is broken."""
    path = root / FOLDER / f"{target}.json"
    try:
        planned = parse(path.read_bytes(), path.name)
    except FileNotFoundError as error:
        raise BuilderError(
            f"there is no committed plan `{FOLDER}/{target}.json`",
            hint=f"run `builder init`, then `builder lock`, and commit {FOLDER}/",
            code=Exit.LOCK,
        ) from error
    except OSError as error:
        raise _broken(f"{target}.json", f"it can't be read: {error.strerror}") from error
    if planned.contract > plan.CONTRACT:
        raise BuilderError(
            f"`{FOLDER}/{target}.json` wants sandbox contract {planned.contract}; this builder knows {plan.CONTRACT}",
            hint="install a newer builder, or run `builder lock` with this one",
            code=Exit.LOCK,
        )
    why = f"it is the plan of `{planned.target}`" if planned.target != target else plan.flaw(planned)
    if why:
        raise _broken(f"{target}.json", why)
    return planned


def parse(data: bytes, name: str) -> Plan:
    """The plan in the bytes of a committed file of that name, whatever it asks for. Raises BuilderError (lock)."""
    try:
        return Plan.model_validate_json(data)
    except ValidationError as error:
        raise _broken(name, str(error.errors()[0]["msg"])) from error


def recipe(root: Path, lock: Lock) -> Recipe:
    """The committed recipe of the toolchain. Raises BuilderError (lock) where it is broken or not of the lock."""
    try:
        found = Recipe.model_validate_json((root / FOLDER / _RECIPE).read_bytes())
    except ValidationError as error:
        raise _broken(_RECIPE, str(error.errors()[0]["msg"])) from error
    except OSError as error:
        raise _broken(_RECIPE, f"it can't be read: {error.strerror}") from error
    if found.nar != lock.toolchain.nar:
        raise _broken(_RECIPE, "it makes another root than the one that builder.lock names")
    return found


def script(root: Path, planned: Plan) -> Callable[[str], bytes]:
    """What gives the committed bytes of each script of a plan; they must have the hashes that the plan states."""

    def read(name: str) -> bytes:
        path = root / FOLDER / SCRIPTS / name
        text = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(text).hexdigest() != planned.scripts.get(name):
            raise _broken(f"{SCRIPTS}/{name}", f"it is not the script that {planned.target}.json names")
        return text

    return read


def check_scripts(root: Path, planned: Plan) -> None:
    """Raise BuilderError (lock) for a committed script of a plan that is not the one it names, needed now or not."""
    read = script(root, planned)
    for name in sorted({name for step in planned.steps for name in step.scripts}):
        read(name)


def stale(planned: Plan, project: Mapping[str, object], lock: Lock) -> str:
    """Why a committed plan may not run any more: what of the project changed, or which pin is gone; "" if it may."""
    changed = _changed(planned.project, project)
    if changed:
        return f"the project's {', '.join(f'`{key}`' for key in changed)} changed since"
    held = lock.by_sha256()
    gone = [file.file for sha256, file in sorted(planned.pins.items()) if sha256 not in held]
    if gone:
        return f"builder.lock no longer pins {', '.join(gone)}"
    return "" if planned.toolchain == lock.toolchain.nar else "builder.lock names another toolchain"


def wanted(root: Path) -> bool:
    """Whether the app commits its plans: its folder builder.plan is there."""
    return (root / FOLDER).is_dir()


def nix_wanted(root: Path) -> bool:
    """Whether the app commits what plain Nix reads its plans with."""
    return (root / FOLDER / NIX).is_dir()


def nix_files(root: Path, read: Iterable[str], origins: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
    """What builder.plan/ holds for plain Nix: its expressions, what tells a stale plan, and where each pin was.

    `read` are the files that made the project; `origins` gives the URLs of each sha256.
    """
    inputs = {name: digests(root / name) for name in sorted({*read}) if not name.startswith(("/", "../"))}
    found = {f"{NIX}/{name}": text for name, text in data.nix().items()}
    return found | {_INPUTS: plan.json_of(inputs), ORIGINS: plan.json_of(dict(origins))}


def origins(root: Path) -> dict[str, list[str]]:
    """The URLs that are committed for each sha256; none where the file is absent or broken."""
    try:
        found: dict[str, list[str]] = json.loads((root / FOLDER / ORIGINS).read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def files(plans: Mapping[str, Plan], recipe: bytes) -> dict[str, bytes]:
    """What builder.plan/ holds for these plans: path below it -> bytes."""
    found = {f"{target}.json": plan.dump(planned) for target, planned in plans.items()}
    names = {name for planned in plans.values() for name in planned.scripts}
    names |= set(scripts.closure("root.py"))
    return found | {f"{SCRIPTS}/{name}": scripts.text(name) for name in sorted(names)} | {_RECIPE: recipe}


def save(root: Path, content: Mapping[str, bytes]) -> list[str]:
    """Make builder.plan/ hold just this (dot files and others' files stay); gives the paths that changed."""
    folder = root / FOLDER
    changed = []
    for name, text in sorted(content.items()):
        path = folder / name
        if path.is_file() and path.read_bytes() == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        whole.write(path, text)
        changed.append(name)
    for path in sorted([*folder.glob("*.json"), *folder.glob(f"{SCRIPTS}/*.py"), *folder.glob(f"{NIX}/*.*")]):
        name = path.relative_to(folder).as_posix()
        if name not in content:
            path.unlink()
            changed.append(name)
    return changed


def digests(path: Path) -> dict[str, str]:
    """The sha256 of a file ("" where there is none) and, of pyproject.toml, that of the tables that builder reads.

    plan.nix compares both: a comment that changed makes no plan stale. Tables with a date, which Nix can't read, or a
    float, which it writes otherwise, have no digest: there every change of the file counts.
    """
    if not path.is_file():
        return {"bytes": ""}
    text = path.read_bytes()
    found = {"bytes": hashlib.sha256(text).hexdigest()}
    if path.suffix == ".toml":
        table = tomllib.loads(text.decode())
        tool = table.get("tool", {})
        read = [table.get("project"), *(tool.get(name) for name in ("builder", "flet", "poetry"))]
        if _same_in_nix(read):
            tables = json.dumps(read, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            found["tables"] = hashlib.sha256(tables.encode()).hexdigest()
    return found


def _same_in_nix(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_same_in_nix, value.values()))
    return all(map(_same_in_nix, value)) if isinstance(value, list) else isinstance(value, str | int | None)


def _changed(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """The dotted names of what differs between two tables."""
    found = []
    for key in sorted({*before, *now}):
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += [f"{key}.{name}" for name in _changed(old, new)]
        elif old != new:
            found.append(key)
    return found


def _broken(name: str, why: str) -> BuilderError:
    return BuilderError(
        f"`{FOLDER}/{name}` is broken: {why}",
        hint="restore it from version control, or run `builder lock`",
        code=Exit.LOCK,
    )
