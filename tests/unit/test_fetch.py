"""Rules of fetching pins into the store."""

import hashlib
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.errors import BuilderError, Exit
from builder.fetch import Progress, fetch
from builder.lock import Pin
from builder.network.http import Http
from builder.store import Store

BODY = bytes(range(256)) * 2048  # 512 KiB: several chunks


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def pin(file: str = "a.whl", body: bytes = BODY, *, size: int | None = -1, source: str = "pypi") -> Pin:
    """The pin of a file."""
    sha256 = hashlib.sha256(body).hexdigest()
    return Pin(
        name="a",
        version="1",
        source=source,
        file=file,
        size=len(body) if size == -1 else size,
        sha256=sha256,
        hash="index",
        targets=("web",),
    )


class Client:
    """A client whose mirror is one server."""

    def __init__(self, url: str, store: Store) -> None:
        self.url, self.store = url, store
        self.slept: list[float] = []
        self.http = Http(lambda alias: url, environ={}, sleep=self.slept.append)

    def fetch(self, *pins: Pin, progress: Progress | None = None) -> None:
        """Fetch from the server's root."""
        extra: dict[str, Any] = {"progress": progress} if progress else {}
        fetch(pins, self.store, lambda pin: [self.url + pin.file], self.http, **extra)

    def failure(self, *pins: Pin) -> BuilderError:
        """The error of a fetch."""
        with pytest.raises(BuilderError) as caught:
            self.fetch(*pins)
        assert caught.value.hint
        return caught.value


@pytest.fixture
def client(server: Any, store: Store) -> Client:
    return Client(server.url, store)


def leftovers(store: Store) -> list[str]:
    """What lies in the store besides whole files and locks."""
    found = (path for path in store.root.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if path.parent.name not in ("files", "locks"))


# --- all is well ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [-1, None])
@pytest.mark.parametrize("body", [BODY, b"x", b""])
def test_pins_get_into_the_store(client: Client, server: Any, body: bytes, size: int | None) -> None:
    """Whole, under their sha256, with nothing left over, whether their size was known or not."""
    wanted = pin(body=body, size=size)
    server.routes["/a.whl"] = body
    client.fetch(wanted)
    assert client.store.file(wanted.sha256).read_bytes() == body
    assert leftovers(client.store) == []


def test_what_the_store_has_is_not_asked_for(client: Client, server: Any) -> None:
    """A file is fetched once, and two pins of the same bytes are one file."""
    server.routes["/a.whl"] = BODY
    client.fetch(pin(), pin())
    client.fetch(pin())
    Client(server.url, Store(client.store.root)).fetch(pin())
    assert server.count("/a.whl") == 1


def test_a_damaged_file_is_fetched_again(client: Client, server: Any) -> None:
    """A file whose bytes changed since is replaced."""
    server.routes["/a.whl"] = BODY
    client.store.file(pin().sha256).write_bytes(b"damaged")
    client.fetch(pin())
    assert client.store.file(pin().sha256).read_bytes() == BODY
    assert leftovers(client.store) == []


def test_progress_ends_with_everything(client: Client, server: Any) -> None:
    """The last word is all bytes and no file left; sizes that were not known are counted as they come."""
    pins = [pin(f"{number}.whl", BODY + bytes([number]), size=-1 if number % 2 else None) for number in range(10)]
    server.routes = {f"/{number}.whl": BODY + bytes([number]) for number in range(10)}
    told: list[tuple[int, int, int]] = []
    client.fetch(*pins, progress=lambda done, total, left: told.append((done, total, left)))
    assert told[-1] == (10 * (len(BODY) + 1), 10 * (len(BODY) + 1), 0)
    assert all(done <= total for done, total, _ in told)


# --- breaks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("etag", ['"1"', ""])
def test_a_cut_download_goes_on_where_it_broke(client: Client, server: Any, reply: Any, ranged: Any, etag: str) -> None:
    """After a cut at 25 % the rest is asked for by Range, with If-Range where there is an ETag."""
    cut = reply(BODY, cut=len(BODY) // 4, headers={"ETag": etag} if etag else {})
    whole = ranged(BODY, etag)
    server.routes["/a.whl"] = lambda asked: whole(asked) if "range" in asked.headers else cut
    client.fetch(pin())
    assert leftovers(client.store) == []
    assert int(server.asked[1].headers["range"][len("bytes=") : -1]) > len(BODY) // 8
    assert server.asked[1].headers.get("if-range", "") == etag


@pytest.mark.parametrize("kept", [1, len(BODY) // 2, len(BODY) - 1, len(BODY), len(BODY) + 1])
def test_a_part_of_an_earlier_run_is_used(client: Client, server: Any, ranged: Any, kept: int) -> None:
    """Whatever its length; a whole one is not asked for, one too long is dropped."""
    server.routes["/a.whl"] = ranged(BODY)
    client.store.partial(pin().sha256).write_bytes((BODY + b"x")[:kept])
    client.fetch(pin())
    assert client.store.file(pin().sha256).read_bytes() == BODY
    assert leftovers(client.store) == []
    wanted = [f"bytes={kept}-"] if kept < len(BODY) else [] if kept == len(BODY) else [""]
    assert [asked.headers.get("range", "") for asked in server.asked] == wanted


@pytest.mark.parametrize("size", [-1, None])
def test_a_wrong_part_is_dropped(client: Client, server: Any, ranged: Any, size: int | None) -> None:
    """Where the joined bytes are wrong, all is fetched anew before anybody is blamed."""
    server.routes["/a.whl"] = ranged(BODY)
    client.store.partial(pin().sha256).write_bytes(b"wrong")
    client.fetch(pin(size=size))
    assert client.store.file(pin().sha256).read_bytes() == BODY


def test_a_part_longer_than_the_file_is_dropped(client: Client, server: Any, ranged: Any) -> None:
    """416 makes builder ask anew; the size is not known here."""
    server.routes["/a.whl"] = ranged(BODY)
    client.store.partial(pin().sha256).write_bytes(BODY + b"x")
    client.fetch(pin(size=None))
    assert client.store.file(pin().sha256).read_bytes() == BODY


def test_a_changed_etag_starts_anew(client: Client, server: Any, ranged: Any) -> None:
    """If-Range makes the server give the whole file, which replaces the part."""
    server.routes["/a.whl"] = ranged(BODY, '"new"')
    part = client.store.partial(pin().sha256)
    part.write_bytes(b"wrong")
    part.with_name(part.name + ".etag").write_text('"old"')
    client.fetch(pin())
    assert [asked.headers.get("if-range") for asked in server.asked] == ['"old"']


def test_a_server_without_range_starts_anew(client: Client, server: Any, reply: Any) -> None:
    """A 200 answer to a Range replaces the part."""
    server.routes["/a.whl"] = [reply(BODY, cut=len(BODY) // 2), reply(BODY)]
    client.fetch(pin())
    assert client.store.file(pin().sha256).read_bytes() == BODY


def test_a_server_that_always_cuts_is_given_up_on(client: Client, server: Any, reply: Any) -> None:
    """The error says so, no file appears, and the part stays for the next run."""
    server.routes["/a.whl"] = reply(BODY, cut=len(BODY) // 2)
    error = client.failure(pin())
    assert error.code == Exit.FETCH
    assert "broke" in error.message
    assert not client.store.file(pin().sha256).exists()
    assert client.store.partial(pin().sha256).stat().st_size > 0


def test_running_in_circles_is_no_progress(client: Client, server: Any, reply: Any) -> None:
    """A server without Range that cuts now sooner, now later, is given up on as well."""
    cuts = iter([100_000, 200_000] * 50)
    server.routes["/a.whl"] = lambda asked: reply(BODY, cut=next(cuts))
    assert "broke" in client.failure(pin()).message
    assert len(server.asked) < 10


def test_slow_progress_is_progress(client: Client, server: Any, reply: Any, ranged: Any) -> None:
    """A server that cuts each answer, but gives some each time, is asked until all is there."""
    step = 70_000

    def answer(asked: Any) -> Any:
        whole = ranged(BODY)(asked)
        return reply(whole.body, whole.status, whole.headers, cut=step) if len(whole.body) > step else whole

    server.routes["/a.whl"] = answer
    client.fetch(pin())
    assert len(server.asked) >= len(BODY) // step


# --- lies -------------------------------------------------------------------------------------------------------


def wrong(body: bytes) -> bytes:
    return b"X" + body[1:]


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (wrong(BODY), "", hashlib.sha256(wrong(BODY)).hexdigest()),
        (BODY[:1000], "", "1000 bytes (cut short)"),
        (BODY + b"x" * 70_000, "", f"more than {len(BODY)} bytes"),
        (b"<!DOCTYPE html>not found", "text/html", "HTML page with status 200"),
        (b"  <html>log in</html>", "", "HTML page with status 200"),
    ],
    ids=["wrong", "cut", "long", "page", "unnamed page"],
)
def test_a_mirror_that_lies_is_told_apart(
    client: Client, server: Any, reply: Any, body: bytes, kind: str, said: str
) -> None:
    """The error names file, source, URL, both hashes or sizes, and where the bytes were set aside."""
    server.routes["/a.whl"] = reply(body, headers={"Content-Type": kind} if kind else {})
    error = client.failure(pin())
    assert error.code == Exit.MISMATCH
    aside = client.store.rejected(pin().sha256)
    for words in ("`a.whl`", "`pypi`", server.url + "a.whl", pin().sha256, str(len(BODY)), said, str(aside)):
        assert words in error.message
    assert "BUILDER_MIRROR_PYPI" in error.hint
    assert aside.read_bytes() == body[: len(BODY) + 1]
    assert not client.store.file(pin().sha256).exists()
    assert leftovers(client.store) == [str(aside)]


def test_a_mended_mirror_leaves_no_trace(client: Client, server: Any) -> None:
    """After success what was set aside is gone."""
    server.routes["/a.whl"] = wrong(BODY)
    client.failure(pin())
    server.routes["/a.whl"] = BODY
    client.fetch(pin())
    assert leftovers(client.store) == []


def test_all_mismatches_are_reported_and_weigh_more(client: Client, server: Any) -> None:
    """Wrong files are all listed in one error, missing ones beside them, and good ones are kept."""
    pins = [pin(f"{number}.whl", BODY + bytes([number])) for number in range(8)]
    server.routes = {f"/{number}.whl": wrong(BODY + bytes([number])) for number in range(4)}
    server.routes |= {f"/{number}.whl": BODY + bytes([number]) for number in range(4, 6)}
    error = client.failure(*pins)
    assert error.code == Exit.MISMATCH
    assert "4 of 8 files are not what builder.lock says" in error.message
    assert "2 of 8 files could not be fetched" in error.message
    for number in range(4):
        assert f"`{number}.whl`" in error.message
        assert pins[number].sha256 in error.message
    assert [client.store.file(one.sha256).exists() for one in pins] == [False] * 4 + [True] * 2 + [False] * 2


def test_credentials_are_in_no_report(server: Any, store: Store) -> None:
    """URLs in a mismatch and in a failure hold no password."""
    server.routes["/a.whl"] = wrong(BODY)
    client = Client(server.url.replace("//", "//u:canary@"), store)
    error = client.failure(pin(), pin("b.whl", b"b"))
    assert "127.0.0.1" in error.message
    assert "canary" not in error.message + error.hint


# --- places -----------------------------------------------------------------------------------------------------


def test_a_file_that_is_gone_is_found_in_its_second_place(server: Any, client: Client) -> None:
    """The second URL is asked for only where the first has nothing, and its part goes on there."""
    server.routes["/second/a.whl"] = BODY
    urls = [server.url + "a.whl", server.url + "second/a.whl"]
    fetch([pin()], client.store, lambda pin: urls, client.http)
    assert client.store.file(pin().sha256).exists()


def test_a_file_that_is_gone_everywhere_is_said_to_be_gone(client: Client, server: Any) -> None:
    """The error has the places and how to get a newer file."""
    error = client.failure(pin(source="debian"))
    assert "is gone from `debian`" in error.message
    assert server.url + "a.whl" in error.message
    assert "--upgrade-package a" in error.hint


def test_a_second_place_without_a_base_names_its_setting(client: Client, server: Any) -> None:
    """What would help is the hint."""

    def locate(pin: Pin) -> Iterator[str]:
        yield server.url + pin.file
        raise BuilderError("no base", hint="set BUILDER_MIRROR_X", code=Exit.FETCH)

    with pytest.raises(BuilderError) as caught:
        fetch([pin()], client.store, locate, client.http)
    assert caught.value.hint == "set BUILDER_MIRROR_X"
    assert "is gone" in caught.value.message


def test_a_mismatch_is_not_papered_over_by_a_second_place(client: Client, server: Any) -> None:
    """Wrong bytes end the search."""
    server.routes = {"/a.whl": wrong(BODY), "/b.whl": BODY}
    with pytest.raises(BuilderError) as caught:
        fetch([pin()], client.store, lambda pin: [server.url + "a.whl", server.url + "b.whl"], client.http)
    assert caught.value.code == Exit.MISMATCH


# --- offline ----------------------------------------------------------------------------------------------------


def test_offline_names_what_is_missing_and_what_is_damaged(store: Store, server: Any) -> None:
    """Missing files are a fetch error; a damaged one is a mismatch with both hashes."""
    http = Http(lambda alias: server.url, environ={}, offline=True)
    with pytest.raises(BuilderError) as caught:
        fetch([pin(f"{n}.whl", bytes([n])) for n in range(9)], store, lambda pin: [server.url], http)
    assert (caught.value.code, "and 4 more" in caught.value.message) == (Exit.FETCH, True)
    store.file(pin().sha256).write_bytes(b"damaged")
    with pytest.raises(BuilderError) as caught:
        fetch([pin()], store, lambda pin: [server.url], http)
    assert caught.value.code == Exit.MISMATCH
    assert hashlib.sha256(b"damaged").hexdigest() in caught.value.message
    assert pin().sha256 in caught.value.message
    assert not server.asked


# --- the machine ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_said_to_be_full(client: Client, server: Any) -> None:
    """The error says what is full and how to go elsewhere."""
    server.routes["/a.whl"] = BODY
    client.store.partial(pin().sha256).symlink_to("/dev/full")
    error = client.failure(pin())
    assert "the disk is full" in error.message
    assert "BUILDER_HOME" in error.hint


def _process(url: str, root: Path, go: Any, count: int) -> None:
    http = Http(lambda alias: url, environ={})
    pins = [pin(f"{number}.whl", BODY + bytes([number])) for number in range(count)]
    go.wait()
    fetch(pins, Store(root), lambda pin: [url + pin.file], http)


@pytest.mark.reliability
def test_many_processes_fetch_each_file_once(server: Any, tmp_path: Path, figures: Any) -> None:
    """Eight at once with an empty store: all succeed, and the server is asked once a file."""
    count = 5
    server.routes = {f"/{number}.whl": BODY + bytes([number]) for number in range(count)}
    context = multiprocessing.get_context("fork")
    go = context.Event()
    started = [context.Process(target=_process, args=(server.url, tmp_path / "store", go, count)) for _ in range(8)]
    for process in started:
        process.start()
    go.set()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0] * 8
    assert [server.count(f"/{number}.whl") for number in range(count)] == [1] * count
    figures("faults injected", len(started))
    assert leftovers(Store(tmp_path / "store")) == []


SCRIPT = """
    import sys
    from pathlib import Path
    from builder.fetch import fetch
    from builder.network.http import Http
    from builder.lock import Pin
    from builder.store import Store

    url, root, pin = sys.argv[1], Path(sys.argv[2]), Pin.model_validate_json(sys.argv[3])
    try:
        fetch([pin], Store(root), lambda pin: [url + pin.file], Http(lambda alias: url, environ={}))
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_stopped_fetch_is_resumed(server: Any, store: Store, reply: Any, ranged: Any, number: int, code: int) -> None:
    """Ctrl-C or kill in mid-file leaves a part, from which the next run goes on; no lock stays."""
    half = reply(BODY[: len(BODY) // 2], headers={"ETag": '"1"', "Content-Length": str(len(BODY))})
    whole = ranged(BODY)
    server.routes["/a.whl"] = lambda asked: whole(asked) if "range" in asked.headers else half
    argv = [sys.executable, "-c", textwrap.dedent(SCRIPT), server.url, str(store.root), pin().model_dump_json()]
    process = subprocess.Popen(argv, stderr=subprocess.PIPE)
    part = store.partial(pin().sha256)
    until(lambda: part.exists() and part.stat().st_size > len(BODY) // 4)
    start = time.monotonic()
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (code, b"")
    assert time.monotonic() - start < 3
    Client(server.url, store).fetch(pin())
    assert "range" in server.asked[-1].headers
    assert leftovers(store) == []


def until(true: Callable[[], bool]) -> None:
    """Wait a little for something to become true."""
    for _ in range(1000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not become true in 10 s")
