"""`builder verify` on steps that leak in every way that it knows, and on sound ones."""

import hashlib
import json
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from builder import lockfile, plan, project, scripts
from builder.commands.deliver import expected
from builder.plan import Built, Plan, Step, Tree
from builder.verification.causes import CHANCE
from builder.verification.variations import VARIATIONS

from .worlds import BUILDER, ROOT, World, committed

pytestmark = pytest.mark.real

Browse = Callable[[Path], AbstractContextManager[Any]]
Figures = Callable[..., None]
LEAKY = Path(__file__).parent / "leaky"
# Step -> each variation, a word of its cause, the place that differs.
LEAKS = {
    "address": [("addresses", "address in memory", "objects")],
    "backend": [(CHANCE, "where builder's store is", "mounts")],
    "chance": [("chance", "random numbers are drawn", "salt")],
    "clock": [("clock", "reads the clock", "version.json")],
    "cpus": [("processors", "processors", "parts")],
    "dates": [("dates", "date of an input", "dates")],
    "dump": [("path", "working folder", "environment"), ("environment", "whole environment", "environment")],
    "file_date": [("clock", "made or packed", "packed.zip > made.txt")],
    "gzip_date": [("clock", "made or packed", "data.gz")],
    "hostname": [("host name", "name of the machine", "about")],
    "inode": [("inodes", "inode numbers", "inodes")],
    "kernel": [("kernel", "version of the kernel", "config.h")],
    "modes": [("modes", "umask", "inputs.tar > main.py")],
    "order": [("order", "file system lists", "list")],
    "path_pyc": [("path", "co_filename", "module.pyc > its code")],
    "pid": [("processes", "number of a process", "log")],
    "race": [(CHANCE, "from run to run", "seed")],
    "user": [("user", "user", "own.tar.gz > own.tar > empty")],
    "uuid4": [("chance", "UUID", "manifest.xml")],
    "zip_date": [("clock", "made or packed", "dated.zip > folder/member.txt")],
}
BEYOND = {
    "hash": ("hash seed", "order of a set", "set"),
    "home": ("home", "home folder", "settings.ini"),
    "locales": ("locale", "locale", "locale"),
    "zone": ("time zone", "local time", "when"),
}


def plan_of(app: Path, names: Iterable[str]) -> Plan:
    """A plan of these scripts, each a step of its own, and of one that merges what they write."""
    inputs = {"app": Tree(tree="app")}
    steps = [Step(name=name, scripts=(f"{name}.py", "start.py"), inputs=inputs) for name in names]
    merged = Step(
        name="all",
        scripts=scripts.closure(plan.MERGE),
        args=tuple(step.name for step in steps),
        inputs={step.name: Built(step=step.name) for step in steps},
    )
    texts = folder_of(steps)
    planned = Plan(
        target="web",
        artifact=".",
        toolchain=lockfile.load(app).toolchain.nar,
        project=dict(project.load(app, {}, print).inputs()),
        scripts={name: hash_of(text) for name, text in texts.items()} | {n: scripts.sha256(n) for n in merged.scripts},
        pins={},
        steps=(*steps, merged),
    )
    inside = app / "builder.plan" / "inside"
    for name, text in texts.items():
        (inside / name).write_bytes(text)
    (app / "builder.plan" / "web.json").write_bytes(plan.dump(planned))
    return planned


def folder_of(steps: Iterable[Step]) -> dict[str, bytes]:
    return {step.scripts[0]: (LEAKY / step.scripts[0]).read_bytes() for step in steps} | {
        "start.py": scripts.text("start.py")
    }


def hash_of(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def verified(world: World, *options: str, target: str = "web") -> dict[str, Any]:
    """What is found of the one target with bubblewrap alone, whose exit code must say the same."""
    programs = world.app.parent / "bin"
    programs.mkdir(exist_ok=True)
    for name in ("bwrap", "true"):  # the second is what builder tries the first with
        (programs / name).unlink(missing_ok=True)
        (programs / name).symlink_to(shutil.which(name) or f"/usr/bin/{name}")
    done = world.run("verify", target, "--offline", "--json", *options, PATH=str(programs))
    assert done.returncode in (0, 8), done.stderr
    (result,) = json.loads(done.stdout)
    assert result["equal"] == (done.returncode == 0)
    return dict(result)


@pytest.fixture(scope="module")
def seeded(fetched: Path) -> Path:
    """A store that has libfaketime as well."""
    app = ROOT / "fixtures" / "counter"
    done = subprocess.run([BUILDER, "fetch", app, "-t", "web", "--verify"], check=False)
    assert done.returncode == 0
    return fetched


@pytest.fixture
def world(tmp_path: Path, seeded: Path) -> World:
    return World(tmp_path, seeded)


def told(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(leak["step"], leak["variation"]) for leak in result["leaks"]]


@pytest.mark.reliability
def test_each_leak_is_caught_and_named(world: World, figures: Figures) -> None:
    """The step, the variation, the cause in words and the very member are told, of all steps in one verification."""
    plan_of(world.app, [*LEAKS, "clean"])
    result = verified(world)
    assert sorted(told(result)) == sorted((step, name) for step, leaks in LEAKS.items() for name, _, _ in leaks)
    found = {(leak["step"], leak["variation"]): leak for leak in result["leaks"]}
    for step, leaks in LEAKS.items():
        for name, cause, place in leaks:
            leak = found[step, name]
            assert re.search(cause, leak["cause"]["text"]), (step, leak["cause"])
            assert leak["cause"]["mend"]
            assert " > ".join(leak["differences"][0]["place"]) == place
            kept = Path(leak["kept"])
            file = leak["differences"][0]["place"][0]
            assert (kept / "first" / file).read_bytes() != (kept / "then" / file).read_bytes()
    rows = {row["variation"]: row["verdict"] for row in result["rows"]}
    assert {name for name, verdict in rows.items() if verdict == "differs"} == {name for _, name in told(result)}
    assert not list((world.store / "work").iterdir())
    figures("leaks planted", len(LEAKS))
    figures("leaks named", len({step for step, _ in found}))


def test_what_the_contract_fixes_may_be_relied_on(world: World) -> None:
    """Steps that read TZ, LC_ALL, HOME and the hash seed are sound, unless more than the contract is asked for."""
    plan_of(world.app, [*BEYOND, "clean"])
    assert verified(world)["equal"]
    result = verified(world, "--beyond")
    assert sorted(told(result)) == sorted((step, name) for step, (name, _, _) in BEYOND.items())
    for leak in result["leaks"]:
        _, cause, place = BEYOND[leak["step"]]
        assert cause in leak["cause"]["text"]
        assert leak["differences"][0]["place"][0] == place


CASES = [("counter", "web"), ("counter", "apk")]
CASES += [("counter-desktop", target) for target in expected(ROOT / "fixtures" / "counter-desktop")]


@pytest.mark.reliability
@pytest.mark.parametrize(
    ("fixture", "target"), [CASES[0], *(pytest.param(*case, marks=pytest.mark.thorough) for case in CASES[1:])]
)
def test_a_fixture_is_the_same_with_all_varied(
    tmp_path: Path, seeded: Path, fixture: str, target: str, figures: Figures
) -> None:
    """By the committed plan, offline; the table says of each variation that it is equal."""
    subprocess.run([BUILDER, "fetch", ROOT / "fixtures" / fixture, "-t", target], check=True)
    world = World(tmp_path, seeded, fixture)
    done = world.run("verify", target, "--offline", "--beyond")
    assert done.returncode == 0, done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("  ") and not line.startswith("  backend")]
    assert len(lines) == 1 + len(VARIATIONS)
    assert all("  equal  " in line for line in lines)
    figures("variations tried", len(lines))
    figures("artifacts equal")
    recorded = world.run("verify", target, "--offline", "--recorded", "--json").stdout
    assert committed(fixture, target) in recorded


def test_a_recorded_digest_that_no_build_has_is_a_difference(world: World) -> None:
    """Exit code 8, and both digests; nothing is blamed on a variation."""
    expected = world.app / "builder.expected.toml"
    expected.write_text(expected.read_text().replace(committed("counter"), "00" * 32))
    result = verified(world, "--recorded")
    assert not result["equal"]
    assert (result["wanted"], result["digest"]) == ("00" * 32, committed("counter"))
    assert result["leaks"] == []
    assert any("00" * 32 in note for note in result["notes"])


def test_a_published_folder_is_compared(world: World, tmp_path: Path) -> None:
    """An equal one is equal; another one is shown to the line of the file in the archive."""
    site = tmp_path / "published"
    assert world.run("build", "web", "--frozen", "--offline", "-o", str(site)).returncode == 0
    assert verified(world, "--against", str(site))["equal"]
    page = site / "index.html"
    page.write_text(page.read_text().replace("<title>", "<title>Other "))
    (leak,) = verified(world, "--against", str(site))["leaks"]
    assert leak["files"] == ["index.html"]
    assert "Other" in leak["differences"][0]["first"]
    assert "same inputs" in leak["cause"]["text"]


def test_a_signed_apk_is_compared_without_its_key(world: World, tmp_path: Path) -> None:
    """Its signature is put on the rebuilt one; a published APK of another commit names the file in it."""
    assert world.run("build", "apk", "--frozen", "--offline", "--debug").returncode == 0
    signed = tmp_path / "published.apk"
    shutil.copy(world.app / "build" / "apk" / "counter.apk", signed)
    result = verified(world, "--against", str(signed), target="apk")
    assert result["equal"]
    assert any("signature" in note for note in result["notes"])
    with (world.app / "main.py").open("a") as file:
        file.write("# another commit\n")
    result = verified(world, "--against", str(signed), target="apk")
    assert [leak["step"] for leak in result["leaks"]] == ["(the artifact)"]
    assert any("app" in file for leak in result["leaks"] for spot in leak["differences"] for file in spot["place"])


def test_a_step_that_fails_when_varied_is_a_finding(world: World) -> None:
    """Not an error: it is told in which surroundings it fails."""
    plan_of(world.app, ["fails"])
    result = verified(world)
    assert told(result) == [("fails", "user")]
    assert "KeyError" in result["leaks"][0]["differences"][0]["then"]


def test_an_interrupt_leaves_nothing(world: World) -> None:
    """Exit code 130, no workspace, and the user's store as it was."""
    command = [BUILDER, "verify", "web", "--offline"]
    process = subprocess.Popen(command, cwd=world.app, env=world.env, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    for line in process.stderr:
        if line.startswith("vary"):
            break
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert not list((world.store / "work").iterdir())
    assert verified(world)["equal"]


@pytest.mark.thorough
def test_targets_families_and_none_are_understood(world: World) -> None:
    """Without a plan that is committed it says so; two targets are two results."""
    done = world.run("verify", "web", "apk", "--offline", "--json")
    assert [result["target"] for result in json.loads(done.stdout)] == ["web", "apk"]
    shutil.rmtree(world.app / "builder.plan")
    done = world.run("verify", "web", "--offline")
    assert done.returncode == 4
    assert "no committed plan" in done.stderr


def test_the_report_stands_alone_in_a_browser(world: World, tmp_path: Path, browse: Browse) -> None:
    """One file that asks nothing of anyone, with headings, a table and every leak; nothing is cut off."""
    plan_of(world.app, ["clean", "hostname", "zip_date"])
    site = tmp_path / "site"
    site.mkdir()
    verified(world, "--report", str(site / "index.html"))
    with browse(site) as page:
        page.call("Page.navigate", url="http://127.0.0.1:8000/")
        page.wait("heading", 30, lambda: page.evaluate("document.querySelector('h1')?.textContent"))
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.evaluate("document.querySelectorAll('h3').length") == 2
        assert page.evaluate("[...document.querySelectorAll('thead th')].every((cell) => cell.scope === 'col')")
        assert page.evaluate("document.querySelector('.differs').textContent") == "differs"
        assert "dated.zip > folder/member.txt" in page.evaluate("document.body.textContent")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert [url for url in page.requests if not url.endswith(("/", "/favicon.ico"))] == []
        colours = "getComputedStyle(document.body).color + getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(colours)
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        assert page.evaluate(colours) != light


def test_where_nothing_can_be_varied_it_says_why(world: World, tmp_path: Path) -> None:
    """Each backend with its reason, and the mend; a build by a fixed sandbox alone would prove nothing."""
    done = world.run("verify", "web", "--offline", PATH=str(tmp_path / "none"))
    assert done.returncode == 9
    assert "bwrap: `bwrap` is not installed" in done.stderr
    assert "nix: its sandbox can't be varied" in done.stderr
