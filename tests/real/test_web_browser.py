"""The built site in a real browser without a network: it draws, a click changes it, and it asks no other host."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real

FIXTURES = Path(__file__).parents[2] / "fixtures"
SITE = "http://127.0.0.1:8000"
NAME = """Ann & Bob's "<b>Shop</b>" </script>"""

Browse = Callable[[Path], AbstractContextManager[Any]]


def build(app: Path, *options: str) -> Path:
    """The site of an app, built by the builder of this environment."""
    builder = str(Path(sys.executable).with_name("builder"))
    if not (app / "builder.lock").is_file():
        subprocess.run([builder, "lock"], cwd=app, check=True)
    subprocess.run([builder, "build", "web", *options], cwd=app, check=True)
    return app / "build" / "web"


def copy(fixture: str, tmp_path: Path) -> Path:
    """A copy of a fixture that may be changed and built in."""
    return Path(shutil.copytree(FIXTURES / fixture, tmp_path / "app", ignore=shutil.ignore_patterns("build")))


def foreign(page: Any) -> list[str]:
    """What page and workers asked of anything but the site."""
    asked = [*page.requests, *page.workers]
    return [url for url in asked if not url.startswith((f"{SITE}/", "data:", f"blob:{SITE}/"))]


def assert_counts(page: Any, base: str) -> None:
    """The app draws, its button works, and everything came from the site."""
    page.call("Page.navigate", url=SITE + base)
    page.wait("Python", 90, lambda: any("Python worker initialized" in line for line in page.log))
    page.wait("drawn app", 30, lambda: page.show_semantics() or "Count: 0" in page.texts())
    page.pump(1)
    before = page.screenshot()
    page.click(*page.texts()["more"])
    page.wait("counted click", 10, lambda: "Count: 1" in page.texts())
    page.pump(1)
    assert page.screenshot() != before
    assert f"{SITE}{base}app.tar.gz" in page.workers  # proves that workers are watched
    assert f"{SITE}{base}logo.png" in page.requests
    assert foreign(page) == []
    assert page.failures == []
    assert [line for line in page.log if line.startswith(("exception", "error"))] == []


@pytest.mark.parametrize("fixture", ["counter", "counter-1.0"])
def test_counter_runs_without_a_network(fixture: str, tmp_path: Path, browse: Browse) -> None:
    """Both Flet lines, as `builder build web` makes them with nothing set, at the root of a plain file server."""
    with browse(build(copy(fixture, tmp_path))) as page:
        assert_counts(page, "/")
        assert page.evaluate("document.title") == "Counter"


@pytest.mark.parametrize("fixture", ["counter", "counter-1.0"])
@pytest.mark.parametrize("renderer", ["canvaskit", "skwasm"])
def test_counter_runs_in_a_folder_with_each_renderer(
    fixture: str, renderer: str, tmp_path: Path, browse: Browse
) -> None:
    """Below a base URL, with only one renderer's files, hash routes, byte code, and a name full of markup."""
    options = ["--base-url", "sub/dir", "--web-renderer", renderer, "--route-url-strategy", "hash", "--product", NAME]
    site = build(copy(fixture, tmp_path), *options, "--compile-app", "--compile-packages")
    root = tmp_path / "root"
    shutil.copytree(site, root / "sub" / "dir")
    with browse(root) as page:
        assert_counts(page, "/sub/dir/")


def test_counter_runs_on_python_3_14(tmp_path: Path, browse: Browse) -> None:
    """Flet 1.0's own Pyodide, whose packages are sources."""
    app = copy("counter-1.0", tmp_path)
    (app / "builder.lock").unlink(missing_ok=True)
    shutil.rmtree(app / "builder.plan", ignore_errors=True)
    tables = '[tool.builder]\npython = "3.14"\ntargets = ["web"]\n'
    (app / "pyproject.toml").write_text(f'[project]\nname = "counter"\ndependencies = ["flet==1.0.5"]\n\n{tables}')
    with browse(build(app)) as page:
        assert_counts(page, "/")


def test_requests_to_other_hosts_are_seen(tmp_path: Path, browse: Browse) -> None:
    """What the tests above rule out is found where it happens: by the page, and by a worker."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "worker.js").write_text("fetch('http://worker.test/x').catch(() => postMessage(1));")
    script = "<script>new Worker('worker.js').onmessage = () => document.title = 'done';</script>"
    (tmp_path / "site" / "index.html").write_text(f"<script src='http://page.test/x.js'></script>{script}")
    with browse(tmp_path / "site") as page:
        page.call("Page.navigate", url=f"{SITE}/")
        page.wait("answer of the worker", 20, lambda: page.evaluate("document.title") == "done")
        assert sorted(foreign(page)) == ["http://page.test/x.js", "http://worker.test/x"]
        for url in foreign(page):  # the browser says so in its own time
            page.wait(f"failure of {url}", 10, lambda url=url: any(line.endswith(url) for line in page.failures))
