"""Rules of verifying that need no sandbox: words, causes, the table, the report, what a step is arranged."""

import html.parser
import json
import subprocess
import sys
from pathlib import Path

import pytest

from builder.commands.verify import targets, words
from builder.errors import BuilderError, Exit
from builder.store import Store
from builder.verification import arrange, diffoscope, fresh, library, report
from builder.verification.causes import CHANCE, Cause, explain, suspects
from builder.verification.compare import Difference
from builder.verification.result import Leak, Result, Row
from builder.verification.variations import VARIATIONS

COUNTER = Path(__file__).parents[2] / "fixtures" / "counter"
EVIL = "<script>alert(1)</script>&\"'"


def spot(kind: str = "content", then: str = "", first: str = "", told: str = "line 1", *place: str) -> Difference:
    return Difference(place or ("file",), kind, told, first, then)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], ((), Path())),
        (["web"], (("web",), Path())),
        (["web", "linux"], (("web", "linux"), Path())),
        (["web", "linux-x86_64", "../app"], (("web", "linux-x86_64"), Path("../app"))),
        (["."], ((), Path())),
        (["./web"], ((), Path("web"))),
    ],
    ids=str,
)
def test_the_last_word_is_the_folder_unless_it_is_a_target(given: list[str], found: object) -> None:
    """Which may be a family."""
    assert words(given) == found


def test_a_family_is_all_of_it_that_is_locked() -> None:
    """Each target once, in the order of the words; a target that is not locked stays, for the build to refuse."""
    assert targets(COUNTER, ("linux", "web", "linux-x86_64")) == ("linux-aarch64", "linux-x86_64", "web")
    assert targets(COUNTER, ("ipa",)) == ("ipa",)
    assert {"apk", "web"} <= set(targets(COUNTER, ()))


@pytest.mark.parametrize(
    ("difference", "first"),
    [
        (spot(then="built on builder-verify-host"), "host name"),
        (spot(then="/elsewhere/builder-verify/x.py"), "path"),
        (spot("date", told="the date in the member's header"), "clock"),
        (spot("mode"), "modes"),
        (spot("owner"), "user"),
        (spot("order"), "order"),
        (spot(then="mtime 1234567890"), "dates"),
        (spot(then="2027-11-22T10:00:00Z"), "clock"),
        (spot(then="TERM=builder-verify-terminal"), "environment"),
        (spot(then="TZ=BVZ"), "time zone"),
    ],
)
def test_bytes_speak_of_what_was_varied(difference: Difference, first: str) -> None:
    """So that it is tried first."""
    assert suspects([difference])[0] == first


def test_bytes_that_say_nothing_accuse_nobody() -> None:
    """Then halves are tried."""
    assert suspects([spot(then="ab cd")]) == ()


@pytest.mark.parametrize(
    ("difference", "word"),
    [
        (spot("packing", told="how its members are packed in the zip: they are the same"), "zlib"),
        (spot(told="the highest bit of bytes alone (marshal's FLAG_REF in byte code)"), "reference counts"),
        (spot(then="123e4567-e89b-12d3-a456-426614174000"), "UUID"),
        (spot("order"), "order"),
        (spot("owner"), "owner"),
        (spot("mode"), "umask"),
        (spot("date"), "date"),
        (spot(then="at 2027-01-01"), "clock"),
        (spot(first="/".join(("/home/me/store", "work", "1-2", "in"))), "builder's store"),
        (spot(then="xy"), "from run to run"),
    ],
)
def test_what_no_variation_explains_is_guessed_from_the_bytes(difference: Difference, word: str) -> None:
    """In plain words, with a mend."""
    cause = explain(CHANCE, difference)
    assert word in cause.text
    assert cause.mend


def test_each_variation_has_a_cause_and_a_mend() -> None:
    """Names are what rows and options call them, so each is there once."""
    assert len({variation.name for variation in VARIATIONS}) == len(VARIATIONS)
    for variation in VARIATIONS:
        cause = explain(variation.name, spot())
        assert cause == Cause(variation.cause, variation.mend)
        assert cause.text.startswith("the step")


def result() -> Result:
    difference = Difference(
        (f"a.zip{EVIL}", "m"), "date", "the date", EVIL, "then", 10, ("00000000  50 4b", "00000000  50 4c")
    )
    leak = Leak("step", "clock", ("a.zip", "b"), Cause("it reads the `clock`", EVIL), (difference,), "/kept/here")
    rows = (Row("clock", "now", "later", "differs", f"step `{EVIL}`"), Row("path", "/build", "/x", "equal"))
    return Result("web", False, "a first build", "00" * 32, "11" * 32, rows, (leak,), (EVIL,), 4, 1.234)


class Tags(html.parser.HTMLParser):
    """The tags and attributes of a page, which must close what it opens."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_holds_no_markup_of_what_it_shows_and_refers_to_nothing() -> None:
    """Names and bytes of artifacts may be anyone's; the one link is diffoscope's page beside it."""
    tags = Tags()
    text = report.page([result()], {"/kept/here": "page.diffoscope-1.html"})
    tags.feed(text)
    assert tags.open == []
    assert "script" not in {tag for tag, _ in tags.seen}
    links = [attributes.get("href") or attributes.get("src") for _, attributes in tags.seen]
    assert [link for link in links if link] == ["page.diffoscope-1.html"]
    assert "url(" not in text
    assert "@import" not in text


def test_json_and_table_say_the_same() -> None:
    """The table is cut to a terminal's width, JSON is whole."""
    found = result()
    table = "\n".join(found.lines())
    assert "web: DIFFERS (a first build)" in table
    assert "offset 10 (and 1 files more)" in table
    told = json.loads(json.dumps(found.json()))
    assert told["rows"][0] == {
        "variation": "clock",
        "first": "now",
        "then": "later",
        "verdict": "differs",
        "why": f"step `{EVIL}`",
    }
    assert told["leaks"][0]["differences"][0]["place"] == [f"a.zip{EVIL}", "m"]
    assert told["seconds"] == 1.2


def test_diffoscope_is_asked_where_it_is_installed(tmp_path: Path) -> None:
    """With limits, on the files that are kept; without it there is no page and no error."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "diffoscope"
    said: list[str] = []
    assert diffoscope.pages(tmp_path / "r.html", [result()], {"PATH": str(program.parent)}, said.append) == {}
    python = f"#!{sys.executable}\nimport sys\n"
    program.write_text(
        f"{python}open(sys.argv[sys.argv.index('--html') + 1], 'w').write(' '.join(sys.argv))\nexit(1)\n"
    )
    program.chmod(0o755)
    pages = diffoscope.pages(tmp_path / "r.html", [result()], {"PATH": str(program.parent)}, said.append)
    assert pages == {"/kept/here": "r.diffoscope-1.html"}
    written = (tmp_path / "r.diffoscope-1.html").read_text()
    assert written.endswith("/kept/here/first /kept/here/then")
    assert "--max-report-size" in written
    program.write_text(f"{python}sys.stderr.write('no memory')\nsys.exit(2)\n")
    (tmp_path / "r.diffoscope-1.html").unlink()
    assert diffoscope.pages(tmp_path / "r.html", [result()], {"PATH": str(program.parent)}, said.append) == {}
    assert "no memory" in said[-1]


def arranged(tmp_path: Path, script: str, **settings: str) -> dict[str, str]:
    """What a script of a step writes to `out`, run by arrange.py in a folder below another one."""
    source, place = tmp_path / "work", tmp_path / "place"
    for folder in (source / "in" / "folder", source / "out", place):
        folder.mkdir(parents=True)
    (source / "in" / "step.py").write_text(script)
    (source / "in" / "folder" / "tool").write_text("x")
    (source / "in" / "folder" / "tool").chmod(0o755)
    (source / "in" / "link").symlink_to("folder/tool")
    words = [sys.executable, *arrange.FLAGS, "in/step.py", "argument", "-B"]
    done = subprocess.run(
        [sys.executable, *arrange.FLAGS, arrange.__file__, source, place, *words],
        cwd=place,
        env={f"VARY_{name.upper()}": value for name, value in settings.items()} | {"FAKETIME_SHARED": "x", "KEPT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 5, 137), done.stderr
    found = {path.name: path.read_text() for path in (source / "out").iterdir()}
    return found | {"code": str(done.returncode)}


def test_a_step_is_given_copies_and_its_output_comes_back(tmp_path: Path) -> None:
    """With its own arguments, links and modes, and no variable of ours."""
    script = """
import os, sys
with open("out/seen", "w") as out:
    names = sorted(name for name in os.environ if not name.startswith("LC_"))
    out.write(f"{sys.argv[1:]} {names} {os.readlink('in/link')} {oct(os.stat('in/link').st_mode)}")
os.symlink("seen", "out/link")
"""
    found = arranged(tmp_path, script)
    assert found["seen"] == "['argument', '-B'] ['KEPT'] folder/tool 0o100755"
    assert (tmp_path / "work" / "out" / "link").is_symlink()


@pytest.mark.parametrize(
    ("settings", "script", "seen"),
    [
        ({"modes": "own"}, "oct(os.stat('in/link').st_mode & 0o777)", "0o700"),
        ({"dates": "1234567890"}, "os.stat('in/folder').st_mtime", "1234567890.0"),
        ({}, "os.stat('in/folder/tool').st_mtime", "315532800.0"),
        ({"affinity": "1"}, "len(os.sched_getaffinity(0))", "1"),
        ({"personality": str(arrange.OLD_KERNEL)}, "os.uname().release.split('.')[0]", "2"),
    ],
    ids=str,
)
def test_a_step_finds_what_is_varied(tmp_path: Path, settings: dict[str, str], script: str, seen: str) -> None:
    """Modes, dates, processors, the kernel's version."""
    found = arranged(tmp_path, f"import os\nopen('out/seen', 'w').write(str({script}))", **settings)
    assert found["seen"] == seen


@pytest.mark.parametrize(("end", "code"), [("raise SystemExit(5)", "5"), ("import os; os.kill(os.getpid(), 9)", "137")])
def test_the_end_of_a_step_is_that_of_the_program(tmp_path: Path, end: str, code: str) -> None:
    """Its exit code, or 128 and its signal; nothing comes back then."""
    assert arranged(tmp_path, f"open('out/half', 'w').close()\n{end}") == {"code": code}


def test_a_fresh_store_takes_only_what_is_right(tmp_path: Path) -> None:
    """Files are hashed before they are linked; a damaged one is an error that names it."""
    store = Store(tmp_path / "store")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "python").write_text("x")
    toolchain = store.put_under_digest(tmp_path / "root")
    sha256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"  # of the letter x
    store.file(sha256).write_text("x")
    found = fresh.seeded(tmp_path / "fresh", store, [sha256], toolchain)
    assert found.verified(sha256)
    assert found.holds(toolchain)
    assert found.file(sha256).samefile(store.file(sha256))
    other = Store(tmp_path / "store")
    other.file(sha256).unlink()
    other.file(sha256).write_text("y")
    with pytest.raises(BuilderError, match="not what the lock names") as caught:
        fresh.seeded(tmp_path / "second", other, [sha256], toolchain)
    assert caught.value.code == Exit.MISMATCH


def test_the_library_is_pinned_whole() -> None:
    """By name, size and sha256, from an archive that mirrors serve."""
    pin = library.pin()
    assert (pin.source, pin.hash, pin.name) == ("debian", "table", "deb:libfaketime")
    assert pin.size
