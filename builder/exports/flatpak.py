"""A manifest for flatpak-builder: it fetches each pin by its sha256, then runs the plan's steps without network."""

import json
import posixpath
import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder import appstream, data, nar, plan, templates, toolchain
from builder.clients import prebuilt
from builder.errors import BuilderError, Exit
from builder.exports import Export, Material
from builder.lock import Pin

_BUILD, _NAR, _SOURCES, _FLATHUB = "build.py", "nar.py", "sources.json", "flathub.json"
_APP = "app"  # folder of the app's files
_SETTINGS = "app.json"  # text of the step that makes the app's part: names of folder, launcher and desktop entry
_PLACEHOLDERS = ("com.flet.", "com.example.", "org.example.")  # of nobody who publishes
# What flatpak-builder else does to files after the build; the app's are to stay what the plan makes.
_UNTOUCHED = {"no-debuginfo": True, "strip": False}
_SWITCHES = {  # how an author says on another platform that an app never uses the network
    "android.permission": "android.permission.INTERNET",
    "macos.entitlement": "com.apple.security.network.client",
}


def refusal(target: str) -> str:
    """Why a target can't be a Flatpak; "" where it can."""
    if not target.startswith("linux-"):
        return "a Flatpak is a Linux app"
    if target != "linux-x86_64":
        return "steps run on x86_64, and flatpak-builder runs on the kind of processor that it builds for"
    return ""


def write(material: Material, folder: Path) -> None:
    """The manifest and all that it names but the pins. Raises BuilderError (project) for an id that Flatpak refuses."""
    if rooted := [step.name for step in material.plan.steps if step.root]:
        raise BuilderError(
            f"step `{rooted[0]}` needs the toolchain as its real root, which flatpak-builder can't give",
            hint="build it with `builder build`",
            code=Exit.USAGE,
        )
    settings = app_settings(material)
    identifier = settings["id"]
    _check(identifier)
    said = appstream.values(material.project, material.stated, identifier, material.released)
    texts = {
        f"{identifier}.json": manifest(material, settings),
        _SOURCES: sources(material),
        _FLATHUB: {"only-arches": ["x86_64"]},
    }
    for name, value in texts.items():
        (folder / name).write_bytes(plan.json_of(value))
    own = material.tree() / f"{identifier}.metainfo.xml"
    metainfo = own.read_bytes() if own.is_file() else appstream.render(said).encode()
    (folder / own.name).write_bytes(metainfo)
    (folder / _BUILD).write_text(templates.render(f"flatpak/{_BUILD}"), encoding="utf-8")
    shutil.copyfile(nar.__file__, folder / _NAR)
    _write_plan(material, folder / plan.FOLDER)
    if not material.checkout:
        shutil.copytree(material.tree(), folder / _APP, symlinks=True)
    for want in [*([] if own.is_file() else appstream.wants(said)), *_wants(material, identifier)]:
        material.say(f"note: Flathub wants {want}")


def app_settings(material: Material) -> dict[str, Any]:
    """What the plan says of the app's own folder: its name, its launcher, its identifier."""
    found: dict[str, Any] = json.loads(next(s.files[_SETTINGS] for s in material.plan.steps if _SETTINGS in s.files))
    return found


def manifest(material: Material, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest: one module, which runs every step (flatpak-manifest(5))."""
    table, app, folder = data.table("flatpak.toml"), {"type": "dir", "path": _APP}, _APP
    if git := material.checkout:
        app, folder = {"type": "git", "url": git.url, "commit": git.commit}, f"{_APP}/{git.folder}"
    module = {
        "name": re.sub(r"[^A-Za-z0-9._-]", "-", settings["folder"]),
        "buildsystem": "simple",
        "build-options": _UNTOUCHED,
        "build-commands": [shlex.join(["python3", _BUILD, material.target, posixpath.normpath(folder)])],
        "no-python-timestamp-fix": True,
        "sources": [
            _SOURCES,
            app | {"dest": _APP},
            {"type": "dir", "path": plan.FOLDER, "dest": plan.FOLDER},
            *({"type": "file", "path": file} for file in (_BUILD, _NAR, f"{settings['id']}.metainfo.xml")),
        ],
    }
    return {
        "id": settings["id"],
        "runtime": table["runtime"],
        "runtime-version": table["version"],
        "sdk": table["sdk"],
        "command": settings["launcher"],
        "finish-args": finish_args(material),
        "modules": [module],
    }


def finish_args(material: Material) -> list[str]:
    """What the app may do: Flet's groups of permissions, and the packages whose native part needs more; sorted."""
    table, project = data.table("flatpak.toml"), material.project
    line = prebuilt.line_of(material.lock, material.target).line
    groups = project.setting("permissions", "linux", line)
    packages = {pin.name for pin in material.lock.packages_of(material.target)}
    off = [key for key, switch in _SWITCHES.items() if project.flet.get(key, {}).get(switch) is False]
    found = [
        *table["always"],
        *([] if off else table["network"]),
        *(argument for group in groups for argument in table["permissions"][group]),
        *(argument for package in sorted(packages) for argument in table["packages"].get(package, [])),
    ]
    return sorted(set(found) - ({"--device=dri"} if "--device=all" in found else set()))


def sources(material: Material) -> list[dict[str, Any]]:
    """Each file that the plan and its toolchain name: found in pins/ under its sha256; sorted by name."""
    held = material.lock.by_sha256()
    pins = {pin.sha256: pin for pin in (*(held[key] for key in material.plan.pins), *toolchain.pins_of(material.lock))}
    wanted = sorted(pins.values(), key=lambda pin: (pin.file, pin.sha256))
    urls = material.urls(wanted)
    return [_source(pin, urls[pin.sha256]) for pin in wanted]


def _source(pin: Pin, urls: tuple[str, ...]) -> dict[str, Any]:
    found = {
        "type": "file",
        "url": urls[0],
        "sha256": pin.sha256,
        "dest": "pins",
        "dest-filename": pin.sha256,
    }
    more = {"mirror-urls": list(urls[1:])} if urls[1:] else {}
    size = {"x-size": pin.size} if pin.size is not None else {}  # flatpak-builder leaves what begins with x- alone
    return found | more | size


def _write_plan(material: Material, folder: Path) -> None:
    """The plan, the toolchain's recipe and every script that they need."""
    inside = folder / plan.SCRIPTS
    inside.mkdir(parents=True)
    (folder / f"{material.target}.json").write_bytes(plan.dump(material.plan))
    (folder / "toolchain.json").write_bytes(toolchain.dump(material.recipe))
    for name, text in material.scripts().items():
        (inside / name).write_bytes(text)


def _check(identifier: str) -> None:
    """Raise BuilderError (project) for an id that Flatpak does not take (flatpak_is_valid_name)."""
    *_, last = parts = identifier.split(".")
    right = len(parts) >= 3 and len(identifier) <= 255
    right = right and all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", part) for part in parts[:-1])
    if not right or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", last):
        raise BuilderError(
            f"`{identifier}` is no id of a Flatpak",
            hint="set `bundle_id` or `org` in [tool.flet] so that it has three parts or more, such as"
            " org.example.counter, with `-` in the last one alone; then run `builder lock`",
            code=Exit.PROJECT,
        )


def _wants(material: Material, identifier: str) -> list[str]:
    """What Flathub asks for beside the metainfo."""
    metainfo = f"{identifier}.metainfo.xml"
    found = []
    if not (material.tree() / metainfo).is_file():
        found.append(f"a screenshot: copy `{metainfo}` beside pyproject.toml, and add it there")
    if not material.checkout:
        found.append("the app's files from their public repository: name it with --git")
    if identifier.startswith(_PLACEHOLDERS):
        found.append(f"an id below a domain of yours, not `{identifier}`: set `org` or `bundle_id` in [tool.flet]")
    if not {"icon", "icon_linux"} & set(material.project.images):
        found.append("an icon of 256 pixels a side or more: put `icon.png` into the app's assets")
    return found


EXPORT = Export(refusal=refusal, write=write, from_git=True)
