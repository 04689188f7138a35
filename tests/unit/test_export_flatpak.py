"""The export `flatpak`: what an app may do, ids that Flatpak refuses, what software centres are told."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder import lockfile, planning, project, scripts, toolchain
from builder.commands import Context, export
from builder.errors import BuilderError, Exit
from builder.exports import EXPORTS, Checkout, Material
from builder.exports.flatpak import finish_args
from builder.lock import Lock, Pin
from builder.store import Store

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "fixtures" / "counter-desktop"
TARGET = "linux-x86_64"
SHOWN = ["--device=dri", "--share=ipc", "--socket=fallback-x11", "--socket=wayland"]
FULL = {
    "license": "MIT",
    "authors": [{"email": "a@b.example"}, {"name": "Ada"}],
    "urls": {"Homepage": "https://app.example/?a&b", "Bug Tracker": "https://app.example/bugs", "x": "file:///x"},
}


def urls(pins: Iterable[Pin]) -> dict[str, tuple[str, ...]]:
    """Two places for each pin."""
    return {pin.sha256: (f"https://one.example/{pin.file}", f"https://two.example/{pin.file}") for pin in pins}


def material(tree: Path, said: Callable[[str], None] = lambda line: None, **flet: Any) -> Material:
    """What the fixture's export is made of, with other Flet keys; `tree` is an app's folder."""
    locked = lockfile.load(FIXTURE)
    found = project.load(FIXTURE, {}, lambda line: None)
    found = found.model_copy(update={"flet": {**found.flet, **flet}})
    planned = planning.plan_of(found, locked, TARGET)
    return Material(
        target=TARGET,
        project=found,
        lock=locked,
        plan=planned,
        recipe=toolchain.of(locked),
        scripts=lambda: {name: scripts.text(name) for name in planned.scripts},
        tree=lambda: tree,
        urls=urls,
        stated={},
        released="",
        checkout=None,
        image=lambda folder: pytest.fail("a Flatpak is no image"),
        say=said,
    )


def written(given: Material, folder: Path) -> Path:
    """The folder of an export."""
    folder.mkdir()
    EXPORTS["flatpak"].write(given, folder)
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An app's folder."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("")
    return tmp_path / "app"


@pytest.mark.parametrize(
    ("flet", "more"),
    [
        ({}, ["--share=network"]),
        ({"permissions": ("microphone",)}, ["--share=network", "--socket=pulseaudio"]),
        ({"permissions": ("biometric",)}, ["--share=network"]),
        ({"permissions": ("photo_library",)}, ["--filesystem=xdg-pictures", "--share=network"]),
        ({"permissions": ("location",)}, ["--share=network", "--system-talk-name=org.freedesktop.GeoClue2"]),
        ({"android.permission": {"android.permission.INTERNET": False}}, []),
        ({"macos.entitlement": {"com.apple.security.network.client": False}}, []),
    ],
    ids=str,
)
def test_an_app_may_do_what_flets_permissions_say(flet: dict[str, Any], more: list[str], tree: Path) -> None:
    """Beside showing a window; the network is open, as on every other platform, unless the author closes it on one."""
    assert finish_args(material(tree, **flet)) == sorted([*SHOWN, *more])


def test_a_camera_takes_every_device(tree: Path) -> None:
    """Flatpak has nothing smaller; the GPU is one of them then."""
    found = finish_args(material(tree, permissions=("camera",)))
    assert "--device=all" in found
    assert "--device=dri" not in found


def test_a_package_with_a_native_part_takes_what_that_needs(tree: Path) -> None:
    """Secrets lie with a service of the session."""
    given = material(tree)
    first = given.lock.packages[0]
    lock: Lock = given.lock.model_copy(
        update={"packages": (*given.lock.packages, first.model_copy(update={"name": "flet-secure-storage"}))}
    )
    assert "--talk-name=org.freedesktop.secrets" in finish_args(replace(given, lock=lock))


@pytest.mark.parametrize("name", ["org.counter", "org.my-company.counter"])
def test_an_id_that_flatpak_refuses_is_an_error(name: str, tree: Path, tmp_path: Path) -> None:
    """Elsewhere it may be one."""
    with pytest.raises(BuilderError, match="is no id of a Flatpak") as caught:
        written(material(tree, bundle_id=name), tmp_path / "out")
    assert caught.value.code == Exit.PROJECT
    assert "org.example.counter" in caught.value.hint


def test_an_id_may_have_a_hyphen_in_its_last_part(tree: Path, tmp_path: Path) -> None:
    """And underscores everywhere."""
    assert (written(material(tree, bundle_id="org.a_b.c-d"), tmp_path / "out") / "org.a_b.c-d.json").is_file()


@pytest.mark.parametrize("target", ["web", "apk", "windows-x86_64", "macos-arm64", "linux-aarch64"])
def test_other_targets_are_refused(target: str) -> None:
    """A Flatpak is a Linux app, and its steps run where the pinned toolchain does."""
    assert EXPORTS["flatpak"].refusal(target)
    assert not EXPORTS["flatpak"].refusal(TARGET)


def test_each_source_has_every_place_of_its_file(tree: Path, tmp_path: Path) -> None:
    """The first one, then those to be tried when it fails."""
    given = material(tree)
    found = json.loads((written(given, tmp_path / "out") / "sources.json").read_text())
    assert len({source["sha256"] for source in found}) == len(found)
    for source in found:
        pin = given.lock.by_sha256()[source["sha256"]]
        assert [source["url"], *source["mirror-urls"]] == list(urls([pin])[pin.sha256])
        assert (source["x-size"], source["dest-filename"]) == (pin.size, pin.sha256)


def test_what_flathub_wants_is_said_and_exported_without(tree: Path, tmp_path: Path) -> None:
    """Someone may publish elsewhere."""
    said: list[str] = []
    given = material(tree, said.append, description="", bundle_id="com.flet.counter")
    out = written(replace(given, project=given.project.model_copy(update={"images": ()})), tmp_path / "out")
    assert all(line.startswith("note: Flathub wants ") for line in said)
    for word in (
        "`license`",
        "`description`",
        "`authors`",
        "`Homepage`",
        "git",
        "screenshot",
        "`org`",
        "icon",
        "--git",
    ):
        assert [line for line in said if word in line], word
    metainfo = ET.parse(out / "com.flet.counter.metainfo.xml").getroot()
    assert metainfo.find("project_license") is None
    assert metainfo.findtext("summary") == metainfo.findtext("name") == "Counter"


def test_metainfo_says_what_the_author_wrote(tree: Path, tmp_path: Path) -> None:
    """Nothing is asked for that is there; markup in it is text."""
    said: list[str] = []
    given = material(tree, said.append, bundle_id="org.own.app", product='A & <b> "c"', description="Counts\n up. ")
    checkout = Checkout("https://git.example/app", "0" * 40, ".")
    out = written(replace(given, stated=FULL, released="2026-01-02", checkout=checkout), tmp_path / "out")
    assert [line.partition(":")[2].partition(":")[0] for line in said] == [" Flathub wants a screenshot"]
    metainfo = ET.parse(out / "org.own.app.metainfo.xml").getroot()
    values = {name: metainfo.findtext(name) for name in ("id", "name", "summary", "project_license", "developer/name")}
    assert list(values.values()) == ["org.own.app", 'A & <b> "c"', "Counts up", "MIT", "Ada"]
    assert {url.get("type"): url.text for url in metainfo.iter("url")} == {
        "bugtracker": "https://app.example/bugs", "homepage": "https://app.example/?a&b"
    }  # fmt: skip
    release = metainfo.find("releases/release")
    assert release is not None
    assert release.attrib == {"version": "1.0.0", "date": "2026-01-02"}
    assert not (out / "app").exists()


def test_the_authors_own_metainfo_is_taken_as_it_is(tree: Path, tmp_path: Path) -> None:
    """There screenshots can be."""
    said: list[str] = []
    (tree / "org.own.app.metainfo.xml").write_text("<mine/>")
    out = written(material(tree, said.append, bundle_id="org.own.app"), tmp_path / "out")
    assert (out / "org.own.app.metainfo.xml").read_text() == "<mine/>"
    assert not [line for line in said if "license" in line or "screenshot" in line]


def test_names_reach_the_shell_quoted(tree: Path, tmp_path: Path) -> None:
    """Of a folder in a repository, too."""
    given = replace(material(tree), checkout=Checkout("https://git.example/app", "0" * 40, "apps/my app; rm"))
    manifest = json.loads((written(given, tmp_path / "out") / "com.flet.counter.json").read_text())
    [module] = manifest["modules"]
    assert module["build-commands"] == [f"python3 build.py {TARGET} 'app/apps/my app; rm'"]
    assert module["sources"][1] == {
        "type": "git", "url": "https://git.example/app", "commit": "0" * 40, "dest": "app"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "why"),
    [(None, "git has no commit"), ("main.py", "`main.py` differs"), ("new.py", "`new.py` differs")],
    ids=["no commit", "a changed file", "an untracked file"],
)
def test_git_is_named_only_for_files_that_it_has(change: str | None, why: str, tmp_path: Path) -> None:
    """Else flatpak-builder would fetch another app than the one that was exported."""
    app = tmp_path / "app"
    app.mkdir()
    for name in ("builder.lock", "pyproject.toml", "main.py"):
        (app / name).write_bytes((FIXTURE / name).read_bytes())
    env = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": str(tmp_path)}
    env |= {f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    if change:
        for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
            subprocess.run(["git", *command], cwd=app, env=env, check=True)
        with (app / change).open("a") as file:
            file.write("# more\n")
    context = Context(app, Store(tmp_path / "store"), env, lambda line: None)
    request = export.Request("flatpak", (TARGET,), False, None, "https://git.example/app")
    with pytest.raises(BuilderError, match=why) as caught:
        export.run(context, project.load(app, {}, lambda line: None), request)
    assert caught.value.code == Exit.PROJECT


def test_what_exports_needs_no_module_that_only_unix_has() -> None:
    """So that it can be read where no step can run."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('fcntl', 'pwd', 'grp', 'resource', 'termios', 'sh')))\n"
        "import builder.cli.export, builder.commands.export, builder.exports.flatpak"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
