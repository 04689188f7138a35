"""Flet's web client: what stays of it, how it is mended, what is refused."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Wheel = Callable[..., Path]
WORKER = "load('micropip');\nrun();\n"


def lock(**packages: str) -> str:
    """A pyodide-lock.json that gives each file a sha256."""
    held = {name: {"file_name": f"{name}.whl", "sha256": sha256} for name, sha256 in packages.items()}
    return json.dumps({"info": {"python": "3.12.7"}, "packages": held})


FILES = {
    "index.html": "upstream's",
    "main.dart.js": "js",
    "main.dart.js.map": "map",
    "python-worker.js": WORKER,
    "canvaskit/canvaskit.js": "k",
    "canvaskit/canvaskit.js.symbols": "s",
    "assets/FontManifest.json": '[{"family":"Icons","fonts":[]}]',
    "pyodide/pyodide.js": "p",
    "pyodide/pyodide.d.ts": "t",
    "pyodide/python.exe": "MZ",
    "pyodide/micropip.whl": "<html>404</html>",
    "pyodide/pyodide-lock.json": lock(micropip="0" * 64),
}


def patch(text: str = WORKER, **more: Any) -> dict[str, Any]:
    """A patch of python-worker.js as it is in FILES."""
    before = hashlib.sha256(text.encode()).hexdigest()
    after = hashlib.sha256(b"run();\n").hexdigest()
    replace = [{"search": r"load\('micropip'\);\n", "text": "", "pad": ""}]
    return {"file": "python-worker.js", "before": before, "after": after, "replace": replace, **more}


@pytest.fixture
def client(inside: Any, wheel: Wheel) -> Callable[..., Path]:
    """Runs web_client.py on FILES with changes; keywords are settings."""

    def run(changes: dict[str, str | None] | None = None, npm: Path | None = None, **more: Any) -> Path:
        files = {name: text for name, text in {**FILES, **(changes or {})}.items() if text is not None}
        made = wheel("flet_web", {"flet_web/__init__.py": "", **{f"flet_web/web/{k}": v for k, v in files.items()}})
        settings = {
            "wheel": made.name,
            "drop": ["index.html", "**.map", "**.symbols"],
            "require": ["main.dart.js"],
            "python": "3.12.7",
            "npm": npm.name if npm else "",
            "pyodide": ["pyodide.js", "pyodide-lock.json"],
            "fonts": {"Roboto": "fonts/roboto.woff2"},
            "patches": [],
            "stubs": {"stub.js": "stub.txt"},
            **more,
        }
        inputs = {"client.json": json.dumps(settings), "stub.txt": "stub();\n", made.name: made}
        return inside.run("web_client.py", {**inputs, **({npm.name: npm} if npm else {})})

    return run


def names(folder: Path) -> list[str]:
    """The files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_only_what_a_browser_loads_stays(client: Callable[..., Path]) -> None:
    """Maps, symbols, types, programs and unused wheels go; so do the package's Python files."""
    assert names(client()) == [
        "assets/FontManifest.json",
        "canvaskit/canvaskit.js",
        "main.dart.js",
        "pyodide/pyodide-lock.json",
        "pyodide/pyodide.js",
        "python-worker.js",
        "stub.js",
    ]


def test_fonts_are_listed_once(client: Callable[..., Path]) -> None:
    """A family is added to FontManifest.json unless it is there."""
    out = client({"assets/FontManifest.json": '[{"family":"Roboto","fonts":[]}]'}, fonts={"Roboto": "r", "Noto": "n"})
    assert json.loads((out / "assets" / "FontManifest.json").read_text()) == [
        {"family": "Roboto", "fonts": []},
        {"family": "Noto", "fonts": [{"asset": "n"}]},
    ]


def test_broken_wheel_of_pyodide_is_refused_if_it_would_stay(
    client: Callable[..., Path], step_failed: type[Exception]
) -> None:
    """flet-web 0.82.2 ships an error page as micropip: every file that pyodide-lock.json names is checked."""
    files = ["pyodide.js", "pyodide-lock.json", "micropip.whl"]
    with pytest.raises(step_failed, match=r"`micropip.whl` is a web page, not an archive"):
        client(pyodide=files)
    with pytest.raises(step_failed, match=r"`micropip.whl` has not the sha256 that pyodide-lock.json gives"):
        client({"pyodide/micropip.whl": "PK.."}, pyodide=files)
    good = lock(micropip=hashlib.sha256(b"PK..").hexdigest())
    changes = {"pyodide/micropip.whl": "PK..", "pyodide/pyodide-lock.json": good}
    assert "pyodide/micropip.whl" in names(client(changes, pyodide=files))


def test_missing_files_are_named(client: Callable[..., Path], step_failed: type[Exception]) -> None:
    """A client that lacks what a page loads is not one that this builder knows."""
    with pytest.raises(step_failed, match=r"lacks `main.dart.js`, `pyodide/pyodide.js`"):
        client({"main.dart.js": None, "pyodide/pyodide.js": None})


def test_another_python_is_refused(client: Callable[..., Path], step_failed: type[Exception]) -> None:
    """Byte code and wheels were chosen for one Python; Pyodide must have that."""
    with pytest.raises(step_failed, match=r"this Pyodide has Python 3.12.7, not 3.13.2"):
        client(python="3.13.2")


def test_known_file_is_mended_to_the_expected_bytes(client: Callable[..., Path], step_failed: type[Exception]) -> None:
    """The sha256 after a patch is known where the one before is."""
    assert (client(patches=[patch()]) / "python-worker.js").read_text() == "run();\n"
    with pytest.raises(step_failed, match=r"the mended `python-worker.js` has sha256 .*, not 0000"):
        client(patches=[patch(after="0" * 64)])


def test_unknown_file_is_mended_if_what_is_searched_is_there_once(
    client: Callable[..., Path], inside: Any, step_failed: type[Exception]
) -> None:
    """Another version of a file is mended, or refused with what was looked for."""
    other = "load('micropip');\nmore();\n"
    client(patches=[patch()])
    assert "mended" not in inside.said
    assert (client({"python-worker.js": other}, patches=[patch()]) / "python-worker.js").read_text() == "more();\n"
    assert "mended python-worker.js, though it is not the one of the tested version" in inside.said
    for text, count in (("run();\n", 0), (WORKER * 2, 2)):
        with pytest.raises(step_failed, match=rf"holds {count} times, not once, what is to be mended"):
            client({"python-worker.js": text}, patches=[patch()])


def test_padded_text_keeps_the_length(client: Callable[..., Path]) -> None:
    """A string of a wasm module has its length written before it."""
    piece = {"search": "https://[a-z.]+/", "text": "x.js?", "pad": "."}
    out = client({"main.dart.js": "a https://cdn.test/ b"}, patches=[patch(file="main.dart.js", replace=[piece])])
    assert (out / "main.dart.js").read_text() == "a x.js?............ b"


def test_pyodide_of_npm_replaces_the_wheels_own(client: Callable[..., Path], tmp_path: Path) -> None:
    """All of the wheel's folder goes, and only the listed files of the package come."""
    package = tmp_path / "pyodide-0.27.7.tgz"
    with tarfile.open(package, "w:gz") as archive:
        for name, text in {"pyodide.mjs": "new", "pyodide-lock.json": lock(), "console.html": ""}.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    out = client(npm=package, pyodide=["pyodide.mjs", "pyodide-lock.json"])
    assert [name for name in names(out) if "pyodide" in name] == ["pyodide/pyodide-lock.json", "pyodide/pyodide.mjs"]
    assert (out / "pyodide" / "pyodide.mjs").read_text() == "new"


def test_tampered_client_is_refused(inside: Any, wheel: Wheel, step_failed: type[Exception]) -> None:
    """The files that stay are checked against the wheel's RECORD."""
    name = "flet_web/web/main.dart.js"
    made = wheel("flet_web", {name: "js"}, {name: f"{name},sha256={'A' * 43},2"})
    settings = {"wheel": made.name, "drop": [], "pyodide": [], "npm": ""}
    with pytest.raises(step_failed, match=r"`flet_web/web/main.dart.js` of .* is not what its RECORD says"):
        inside.run("web_client.py", {"client.json": json.dumps(settings), made.name: made})


def test_output_is_settled(client: Callable[..., Path], contents: Callable[[Path], Any]) -> None:
    """Two runs give the same bytes and plain modes."""
    first, second = contents(client()), contents(client())
    assert first == second
    assert {mode for mode, _ in first.values()} == {0o644, 0o755}
