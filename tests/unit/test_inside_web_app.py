"""The web site: which files of an app reach it, where, and as what bytes."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

APP = {
    "main.py": "import helper\n",
    "helper.py": "x = 1\n",
    "data/words.txt": "words",
    "assets/logo.png": "png",
    "requirements.txt": "flet\n",
    "pyproject.toml": "[project]\n",
    "builder.lock": "",
    "builder.plan/web.json": "",
    ".env": "SECRET=1",
    ".git/config": "",
    "__pycache__/main.pyc": "",
    "pkg/__pycache__/a.pyc": "",
    "pkg/a.py": "",
    "pkg/.hidden": "",
    "venv/pyvenv.cfg": "",
    "venv/lib/x.py": "",
    "build/web/index.html": "",
    "__pypackages__/old.py": "",
}
CLIENT = {"python.js": "js", "favicon.png": "flet's", "icons/icon-192.png": "flet's", "canvaskit/canvaskit.js": "k"}


def write(folder: Path, files: dict[str, str]) -> Path:
    """A folder with some files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def site(inside: Any, tmp_path: Path) -> Callable[..., Path]:
    """Runs web_app.py on an app and lays what it gives over the client; keywords are settings."""
    packages = inside.run(
        "layer.py", {"packages": write(tmp_path / "packages", {"six.py": "six"})}, ["packages", "__pypackages__/"]
    )
    client = write(tmp_path / "client", CLIENT)

    def run(app: Path, umask: int = 0o022, **more: Any) -> Path:
        settings = {
            "path": ".",
            "module": "main",
            "exclude": [],
            "include": [],
            "defaults": True,
            "cleanup": [],
            "compile": False,
            **more,
        }
        inputs = {"app.json": json.dumps(settings), "index.html": "<p>page", "manifest.json": "{}"}
        own = inside.run("web_app.py", {**inputs, "app": app, "client": client, "layer": packages}, umask=umask)
        return inside.run("merge.py", {"client": client, "own": own}, ["client", "own"], umask=umask)

    return run


def packed(out: Path) -> list[str]:
    """The names in app.tar.gz."""
    with tarfile.open(out / "app.tar.gz") as archive:
        return archive.getnames()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["data/words.txt", "helper.py", "main.py", "pkg/.hidden", "pkg/a.py"]),
        ({"exclude": ["data", "./pkg\\a.py"]}, ["helper.py", "main.py", "pkg/.hidden"]),
        ({"exclude": ["words.txt", "da"]}, ["data/words.txt", "helper.py", "main.py", "pkg/.hidden", "pkg/a.py"]),
        ({"include": [".env"]}, [".env", "data/words.txt", "helper.py", "main.py", "pkg/.hidden", "pkg/a.py"]),
        (
            {"exclude": [".env"], "include": [".env"]},
            ["data/words.txt", "helper.py", "main.py", "pkg/.hidden", "pkg/a.py"],
        ),
        ({"include": ["requirements.txt"], "exclude": ["pkg", "data"]}, ["helper.py", "main.py"]),
        ({"cleanup": ["**.txt", "helper.*"]}, ["main.py", "pkg/.hidden", "pkg/a.py"]),
    ],
    ids=["defaults", "exclude", "exact", "include", "exclude-wins", "never", "cleanup"],
)
def test_app_is_packed_by_flets_rules(
    site: Callable[..., Path], tmp_path: Path, settings: dict[str, Any], expected: list[str]
) -> None:
    """Secrets, environments and caches are left out by default; what would make the client install is never packed."""
    assert packed(site(write(tmp_path / "app", APP), **settings)) == ["__pypackages__/six.py", *expected]


def test_default_excludes_can_be_turned_off(site: Callable[..., Path], tmp_path: Path) -> None:
    """Then only `build`, assets, old packages and the files that name requirements are left out."""
    found = packed(site(write(tmp_path / "app", APP), defaults=False))
    assert {".env", ".git/config", "__pycache__/main.pyc", "venv/lib/x.py"} <= set(found)
    assert not {"requirements.txt", "pyproject.toml", "build/web/index.html", "__pypackages__/old.py"} & set(found)


def test_app_path_is_the_root_of_what_is_packed(site: Callable[..., Path], tmp_path: Path) -> None:
    """`app.path` names the folder of the program; its assets are served too."""
    app = write(tmp_path / "app", {"src/main.py": "", "src/assets/a.txt": "a", "other.py": "", "assets/b.txt": "b"})
    out = site(app, path="src")
    assert packed(out) == ["__pypackages__/six.py", "main.py"]
    assert (out / "a.txt").is_file()
    assert not (out / "b.txt").exists()


def test_pages_client_and_assets_lie_at_the_root(site: Callable[..., Path], tmp_path: Path) -> None:
    """Assets may replace the client's icons, and exclude works below assets."""
    files = {"main.py": "", "assets/favicon.png": "mine", "assets/icons/icon-192.png": "mine", "assets/raw/x.psd": ""}
    out = site(write(tmp_path / "app", files), exclude=["assets/raw"])
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == [
        "app.tar.gz",
        "canvaskit/canvaskit.js",
        "favicon.png",
        "icons/icon-192.png",
        "index.html",
        "manifest.json",
        "python.js",
    ]
    assert (out / "favicon.png").read_text() == (out / "icons" / "icon-192.png").read_text() == "mine"
    assert (out / "index.html").read_text() == "<p>page"


@pytest.mark.parametrize(
    "name", ["index.html", "python.js", "app.tar.gz", "canvaskit/canvaskit.js", "python.js/x", "canvaskit"]
)
def test_asset_may_not_hide_the_client(
    site: Callable[..., Path], tmp_path: Path, step_failed: type[Exception], name: str
) -> None:
    """A name that the site needs is refused, whether as file or as folder."""
    app = write(tmp_path / "app", {"main.py": "", f"assets/{name}": "mine"})
    with pytest.raises(step_failed, match=rf"`assets/{name}` would replace a file of Flet's client"):
        site(app)


def test_missing_module_is_named(site: Callable[..., Path], tmp_path: Path, step_failed: type[Exception]) -> None:
    """An excluded or absent entry module is found while building, not in the browser."""
    app = write(tmp_path / "app", APP)
    with pytest.raises(step_failed, match=r"the app as packed has no `start.py`"):
        site(app, module="start")
    with pytest.raises(step_failed, match=r"the app as packed has no `main.py`"):
        site(app, exclude=["main.py"])
    assert "pkg/a.py" in packed(site(app, module="pkg.a"))


def test_app_is_compiled_and_errors_name_file_and_line(
    site: Callable[..., Path], tmp_path: Path, step_failed: type[Exception]
) -> None:
    """Byte code replaces the sources; an app's own file that does not compile is an error."""
    app = write(tmp_path / "app", {"main.py": "x = 1\n", "sub/a.py": "y = 2\n"})
    assert packed(site(app, compile=True)) == ["__pypackages__/six.py", "main.pyc", "sub/a.pyc"]
    write(app, {"sub/a.py": "y = 2\nz = (\n"})
    with pytest.raises(step_failed, match=r"sub/a.py:2: .*\n.*`sub/a.py` of the app can't be compiled"):
        site(app, compile=True)


def test_links_inside_the_app_are_followed_and_others_refused(
    site: Callable[..., Path], tmp_path: Path, step_failed: type[Exception]
) -> None:
    """A link that leaves the app would bring in what no one reviewed; one that leads up would never end."""
    app = write(tmp_path / "app", {"main.py": "", "lib/a.py": "a"})
    (app / "alias").symlink_to("lib")
    (app / "copy.py").symlink_to("lib/a.py")
    (app / "lib" / "up").symlink_to("..")
    assert packed(site(app)) == ["__pypackages__/six.py", "alias/a.py", "copy.py", "lib/a.py", "main.py"]
    write(tmp_path, {"secret.txt": "secret"})
    (app / "leak").symlink_to("../secret.txt")
    with pytest.raises(step_failed, match="`leak` links to something outside of the app"):
        site(app)
    assert "leak" not in packed(site(app, exclude=["leak"]))


def test_archive_is_one_plain_tar(site: Callable[..., Path], tmp_path: Path) -> None:
    """Its layers read as one archive, with fixed dates, owners and modes, and a gzip header that names nothing."""
    out = site(write(tmp_path / "app", APP))
    data = (out / "app.tar.gz").read_bytes()
    assert data[3:9] == b"\0\0\0\0\0\2"
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        members = archive.getmembers()
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(315532800, 0, 0, "", "", 0o644)}


def test_same_app_gives_the_same_bytes(
    site: Callable[..., Path],
    tmp_path: Path,
    contents: Callable[[Path], Any],
    shuffled: Callable[[Path], Path],
) -> None:
    """Neither the order in which files were made, nor their dates, modes or place, nor the umask reach the site."""
    app = write(tmp_path / "app", APP)
    first, second = site(app, compile=True), site(shuffled(app), umask=0o077, compile=True)
    assert contents(first) == contents(second)
    assert {mode for mode, _ in contents(first).values()} == {0o644, 0o755}
