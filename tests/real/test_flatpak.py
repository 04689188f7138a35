"""The Flatpak of an app, by flatpak-builder: it fetches, builds without network, and gives builder's own files."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder import committed, lockfile, nar

from .desktop import missing, sandboxed, screen
from .flatpaks import Flatpak, contents, lay_out, mirrors, served, wanted
from .worlds import BUILDER, ROOT

pytestmark = pytest.mark.real

TARGET, ID = "linux-x86_64", "com.flet.counter"
GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_COMMITTER_DATE": "2026-01-02T12:00:00Z"}
GIT |= {f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

NEWER = 'value "1.5" for key "Version"'  # of the Desktop Entry Specification than desktop-file-validate 0.26 knows


@dataclass(frozen=True)
class Made:
    """One app, exported and built."""

    app: Path
    flatpak: Flatpak
    site: Path  # folder that can be served as the mirrors
    export: Path
    built: Path  # what flatpak-builder made of it
    from_git: Path  # the same with --git, by one that was offline, and whose server was gone


def run(app: Path, *argv: str, **environment: str) -> str:
    """What a program prints in the app's folder."""
    done = subprocess.run(
        argv, cwd=app, env={**os.environ, **GIT, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(app: Path) -> None:
    """Put the app into a git repository of its own."""
    run(app, "git", "init", "-q", "-b", "main")
    run(app, "git", "add", ".")
    run(app, "git", "commit", "-q", "-m", "The app")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]) -> Made:
    """The fixture's Flatpak, made twice."""
    for name in ("flatpak", "flatpak-builder", "git"):
        tool(name)
    folder = tmp_path_factory.mktemp("flatpak")
    app, site = folder / "app", folder / "site"
    shutil.copytree(ROOT / "fixtures" / "counter-desktop", app, ignore=shutil.ignore_patterns("build"))
    commit(app)
    run(app, BUILDER, "fetch", "--target", TARGET)
    locked = lockfile.load(app)
    store = Path(os.environ["BUILDER_HOME"])
    flatpak = Flatpak(folder / "flatpak", store / "outputs" / locked.toolchain.nar)
    lay_out(wanted(locked, TARGET), store / "files", site)
    with served(site) as url:
        export = exported(app, folder / "export", "--frozen", **mirrors(url))
        built = flatpak.build(export / f"{ID}.json", "built")
        named = exported(app, folder / "named", "--git", app.as_uri(), **mirrors(url))
        flatpak.build(named / f"{ID}.json", "none", "--download-only")
    from_git = flatpak.build(named / f"{ID}.json", "from-git", "--disable-download")
    return Made(app, flatpak, site, export, built, from_git)


def exported(app: Path, place: Path, *options: str, **environment: str) -> Path:
    """The folder of an export."""
    return Path(run(app, BUILDER, "export", "flatpak", TARGET, "-o", str(place), *options, **environment))


def test_the_manifest_names_every_file_by_its_hash(made: Made) -> None:
    """As flatpak-builder reads it, every pin of the plan and of the toolchain, on one of the app's mirrors."""
    read = json.loads(made.flatpak.run("flatpak-builder", "--show-manifest", str(made.export / f"{ID}.json")))
    sources = [source for source in read["modules"][0]["sources"] if source.get("url")]
    locked, planned = lockfile.load(made.app), committed.load(made.app, TARGET)
    assert {source["sha256"] for source in sources} == {
        *planned.pins, *(pin.sha256 for pin in locked.pins_of("toolchain"))
    }  # fmt: skip
    assert all(source["url"].startswith("http://127.0.0.1:") for source in sources)
    assert {source["x-size"] for source in sources} <= {pin.size for pin in wanted(locked, TARGET)}


def test_its_files_are_those_of_the_artifact(made: Made) -> None:
    """The same folder, file by file, that `builder build` gives on the same machine in its own sandbox."""
    artifact = Path(run(made.app, BUILDER, "build", TARGET, "--frozen"))
    assert nar.sha256(made.built / "files" / "lib" / "counter") == nar.sha256(artifact / "counter")


def test_a_build_offline_and_from_git_gives_the_same_files(made: Made) -> None:
    """A checkout at the commit, with lock and plan in it, is the app as well as its copied files are."""
    one, other = contents(made.built / "files"), contents(made.from_git / "files")
    assert one.pop("manifest.json") != other.pop("manifest.json")  # flatpak-builder puts it there
    assert one == other
    assert (made.built / "metadata").read_bytes() == (made.from_git / "metadata").read_bytes()


def test_the_same_export_has_the_same_bytes(made: Made, tmp_path: Path) -> None:
    """No clock and no order is in it, nor a password of a mirror; a plan that is made in memory gives the same."""
    with served(made.site) as url:
        one = contents(exported(made.app, tmp_path / "one", "--frozen", **mirrors(url)))
        two = contents(exported(made.app, tmp_path / "two", "--frozen", **mirrors(url)))
        secret = mirrors(url.replace("//", "//user:secret@"))
        other = contents(exported(made.app, tmp_path / "other", **secret))
    assert one == two
    assert {name: one[name] for name in other} == other  # all but scripts of other targets, which are committed too


@pytest.mark.parametrize(
    ("program", "file"),
    [
        (("desktop-file-validate",), f"applications/{ID}.desktop"),
        (("appstreamcli", "validate", "--no-net"), f"metainfo/{ID}.metainfo.xml"),
    ],
    ids=["desktop file", "metainfo"],
)
def test_the_desktops_own_programs_find_no_fault(
    program: tuple[str, ...], file: str, made: Made, tool: Callable[[str], str], tmp_path: Path
) -> None:
    """Older flatpak-builders move the metainfo to the place that it had before."""
    tool(program[0])
    share = made.built / "files" / "share"
    found = share / file if (share / file).exists() else share / "appdata" / f"{ID}.appdata.xml"
    copy = tmp_path / Path(file).name
    shutil.copy(found, copy)
    done = subprocess.run([*program, str(copy)], capture_output=True, text=True, check=False)
    faults = [line for line in done.stdout.splitlines() if NEWER not in line]
    assert done.returncode == 0 or faults == [], done.stdout


def test_flatpak_shows_the_app_to_the_desktop(made: Made) -> None:
    """Desktop entry and icons under its id; the command and what it may do."""
    shown = made.built / "export" / "share"
    assert 'Exec="counter"\n' in (shown / "applications" / f"{ID}.desktop").read_text()
    assert (shown / "icons" / "hicolor" / "512x512" / "apps" / f"{ID}.png").is_file()
    metadata = (made.built / "metadata").read_text()
    assert "command=counter\n" in metadata
    assert "devices=dri;\n" in metadata


def test_the_apps_interpreter_runs_in_flatpaks_sandbox(made: Made) -> None:
    """On the runtime, with the packages of the lock."""
    python = "/app/lib/counter/lib/python/bin/python3.12"
    code = "import flet, sys; print(flet.__version__, sys.prefix)"
    said = made.flatpak.run("flatpak", "build", str(made.built), python, "-I", "-B", "-c", code)
    assert said == "0.82.2 /app/lib/counter/lib/python\n"


def test_the_app_of_the_flatpak_draws_its_window(made: Made, tmp_path: Path) -> None:
    """Started as Flatpak does, by the link in bin, with its files read-only."""
    if lacking := missing():
        if os.environ.get("BUILDER_REQUIRE_TOOLS") == "1":
            pytest.fail(lacking)
        pytest.skip(lacking)
    with screen(tmp_path) as display:
        command = sandboxed(
            made.built / "files",
            "/opt/an app/bin/counter",
            home=tmp_path / "home",
            shared=(display.socket,),
            DISPLAY=f":{display.number}",
        )
        app = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            display.window("Counter")
            display.wait("picture of the app", lambda: display.pixel(640, 300) == (220, 40, 90))
        finally:
            app.terminate()
            app.wait()


def test_another_toolchain_than_the_plans_builds_nothing(made: Made, tmp_path: Path) -> None:
    """What unpacks the toolchain is the SDK's own Python; that it came out right is checked before any step."""
    work = tmp_path / "work"
    shutil.copytree(made.export, work)
    plan = work / "builder.plan" / f"{TARGET}.json"
    locked = lockfile.load(made.app)
    plan.write_text(plan.read_text().replace(locked.toolchain.nar, "0" * 64))
    (work / "pins").mkdir()
    for pin in locked.pins_of("toolchain"):
        (work / "pins" / pin.sha256).symlink_to(Path(os.environ["BUILDER_HOME"]) / "files" / pin.sha256)
    done = subprocess.run(
        [sys.executable, "build.py", TARGET, "app"], cwd=work, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"error: the toolchain came out with NAR sha256 {locked.toolchain.nar}, not {'0' * 64}" in done.stderr
    assert not (work / "made").exists()
