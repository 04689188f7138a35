"""The programs of a Windows app: its launcher and Flet's client, with the app's icon, names and version in both.

Reads in/programs.json:
  client    file name of what holds Flet's client
  distlib, pe_tools, grope   file names of what holds the launcher, and of what writes its resources
  pillow    file name of the wheel that reads images; "" where the app has no icon
  path      folder of the program, below in/app
  launcher  file name of the launcher
  version   four numbers
  strings   name of a string of the version resource -> text
Also reads in/shebang and in/main.py. Leaves out/<launcher> and out/lib/client/flet.exe.

An app without icon has Flet's, which its client has. Resources come before the overlay: what the launcher starts
follows the program as a line and a zip, whose place it reads from the end of its own file.
"""

import importlib
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import archive
import images
import tree
import wheel
import windows_client
import windows_icon

_STUB = "distlib/w64.exe"  # of a program with windows: it opens no console
_ICON, _GROUP, _VERSION = 3, 14, 16  # types of resources (winuser.h)
_MAIN_ICON = 101  # where both programs look for their own
_ENGLISH, _UNICODE = 0x0409, 1200  # language and code page, which Explorer asks for first
_RESOURCES = 2  # IMAGE_DIRECTORY_ENTRY_RESOURCE
_LIBRARIES = Path("libraries")


def main() -> None:
    """Take both programs, write the same resources into each, and append to the launcher what it starts."""
    settings = json.loads(Path("in", "programs.json").read_text(encoding="utf-8"))
    out, client = Path("out"), Path("out", "lib", "client", "flet.exe")
    try:
        use(settings)
        stub = (_LIBRARIES / _STUB).read_bytes()
        flet = program_of(Path("in", settings["client"]))
        icon = icon_of(settings) or resources(flet, "flet.exe")
    except (images.Refused, wheel.Invalid, archive.Refused) as error:
        sys.exit(f"error: {error}")
    client.parent.mkdir(parents=True)
    client.write_bytes(edited(flet, "flet.exe", icon, settings))
    launcher = edited(stub, settings["launcher"], icon, settings)
    (out / settings["launcher"]).write_bytes(launcher + Path("in", "shebang").read_bytes() + overlay())
    for program in (client, out / settings["launcher"]):
        program.chmod(0o755)
    tree.settle(out)


def use(settings: dict[str, Any]) -> None:
    """Unpack the libraries and let them be imported; raises wheel.Invalid or archive.Refused."""
    wheel.unpack(Path("in", settings["distlib"]), _LIBRARIES / "0", want=lambda name: name if name == _STUB else None)
    (_LIBRARIES / "0" / "distlib").rename(_LIBRARIES / "distlib")
    wheel.unpack(Path("in", settings["pe_tools"]), _LIBRARIES / "1")
    archive.unpack(Path("in", settings["grope"]), _LIBRARIES / "2", want=_below_top)
    sys.path[:0] = [str((_LIBRARIES / name).resolve()) for name in ("1", "2")]
    if settings["pillow"]:
        images.use_pillow(Path("in", settings["pillow"]))


def program_of(client: Path) -> bytes:
    """Flet's own program out of its client; raises wheel.Invalid or archive.Refused."""
    windows_client.unpack(client, _LIBRARIES / "3", lambda name: name == windows_client.PROGRAM)
    program = _LIBRARIES / "3" / windows_client.PROGRAM
    if not program.is_file():
        raise wheel.Invalid(f"the client of `{client.name}` has no `{program.name}`: it is of another Flet")
    return program.read_bytes()


def icon_of(settings: dict[str, Any]) -> dict[int, Any] | None:
    """The app's icon as resources, by type; None where it has none."""
    if not settings["pillow"]:
        return None
    entries = windows_icon.find(Path("in", "app", settings["path"], "assets"))
    found = {number: {_ENGLISH: entry.data} for number, entry in enumerate(entries, 1)}
    return {_ICON: found, _GROUP: {_MAIN_ICON: {_ENGLISH: windows_icon.group(entries)}}}


def resources(program: bytes, name: str) -> dict[int, Any]:
    """The resources of a program: type -> name -> language -> bytes."""
    found: dict[int, Any] | None = _module("pe_parser").parse_pe(program).parse_resources()
    if found is None or not {_ICON, _GROUP, _VERSION} <= found.keys():
        sys.exit(f"error: `{name}` has no icon or no version: it is of another kind than this builder knows")
    return found


def edited(program: bytes, name: str, icon: dict[int, Any], settings: dict[str, Any]) -> bytes:
    """A program with another icon and version, everything else as it was."""
    found = resources(program, name)
    found |= {kind: icon[kind] for kind in (_ICON, _GROUP)}
    old = next(iter(next(iter(found[_VERSION].values())).values()))
    found[_VERSION] = {1: {_ENGLISH: version(old, name, settings)}}
    image = _module("pe_parser").parse_pe(program)
    if image.has_trailer() or not image.is_dir_safely_resizable(_RESOURCES):
        sys.exit(f"error: `{name}` can't be given other resources: it is of another kind than this builder knows")
    packed = _module("rsrc").pe_resources_prepack(found)
    place = image.resize_directory(_RESOURCES, packed.size)
    image.set_directory(_RESOURCES, packed.pack(place))
    return bytes(image.to_bytes(update_checksum=True))


def version(old: Any, name: str, settings: dict[str, Any]) -> bytes:
    """The version resource (VS_VERSIONINFO) that says of a program what is the app's."""
    info = _module("version_info").parse_version_info(old)
    fixed = info.get_fixed_info()
    fixed.set_file_version(*settings["version"])
    fixed.set_product_version(*settings["version"])
    info.set_fixed_info(fixed)
    strings = {"InternalName": Path(name).stem, "OriginalFilename": name, **settings["strings"]}
    info.set_string_file_info({(_ENGLISH, _UNICODE): strings})
    return bytes(info.pack())


def overlay() -> bytes:
    """The zip of main.py as __main__.py, which the launcher's interpreter runs."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(zipfile.ZipInfo("__main__.py", (1980, 1, 1, 0, 0, 0)), Path("in", "main.py").read_bytes())
    return packed.getvalue()


def _below_top(member: str) -> str | None:
    """The packages of a source distribution."""
    name = member.partition("/")[2]
    return name if name.startswith("grope/") else None


def _module(name: str) -> Any:
    """A module of pe_tools; no `import` names it, since what scripts import is the standard library or each other."""
    return importlib.import_module(f"pe_tools.{name}")


if __name__ == "__main__":
    main()
