"""Locks made with the real uv against small indexes on this machine."""

import base64
import datetime
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass, field

import pytest
from packaging.utils import parse_wheel_filename
from uv import find_uv_bin

from builder import fletline, lockfile
from builder.commands import Context, check, locking, supply
from builder.commands import lock as command
from builder.errors import BuilderError, Exit
from builder.inputs import differences, inputs_of
from builder.network.http import Http
from builder.project import Project, load
from builder.resolver import builds, distribution, extensions, resolve
from builder.resolver.bounds import Bounds, bounds, held
from builder.resolver.graph import Key
from builder.resolver.kept import keep
from builder.resolver.question import Uv
from builder.resolver.selection import Chosen
from builder.resolver.wheels import browser
from builder.resolver.world import World
from builder.settings import Settings
from builder.sources.pypi import project_files
from builder.store import Store
from builder.toolchain import load as load_recipe
from builder.updates import Update

RECIPE = load_recipe("python-3.12").model_copy(update={"nar": "a" * 64, "parts": ()})
DESKTOP = ("linux-aarch64", "linux-x86_64", "macos-arm64", "macos-x86_64", "windows-x86_64")
JSON = "application/vnd.pypi.simple.v1+json"


def archive(name, version, requires=(), extras=(), names=()):
    """The bytes of a wheel that holds nothing but its metadata, and empty files of some names."""
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    body = "".join(f"Provides-Extra: {extra}\n" for extra in extras)
    body += "".join(f"Requires-Dist: {text}\n" for text in requires)
    data = io.BytesIO()
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    with zipfile.ZipFile(data, "w") as opened:
        for file, text in (("METADATA", head + body), ("WHEEL", "Wheel-Version: 1.0\n"), ("RECORD", "")):
            opened.writestr(zipfile.ZipInfo(f"{folder}/{file}"), text)
        for file in names:
            opened.writestr(zipfile.ZipInfo(file), b"")
    return data.getvalue()


@dataclass
class Index:
    """A simple index on a server of a test."""

    server: object
    reply: type
    form: str = "html"  # or "json", or "json without sizes"
    hashed: bool = True
    login: str = ""  # `user:password@`, as a URL has it
    files: dict = field(default_factory=dict)  # project -> file -> bytes
    yanked: set = field(default_factory=set)
    uploaded: dict = field(default_factory=dict)  # file -> instant; others were there from the start

    @property
    def url(self):
        """The URL of the index."""
        return f"{self.server.url.replace('://', f'://{self.login}')}simple/"

    def add(self, name, version, tags=("py3-none-any",), requires=(), extras=(), names=()):
        """Publish wheels, with empty files of some names in them."""
        for tag in tags:
            file = f"{name.replace('-', '_')}-{version}-{tag}.whl"
            self.put(name, file, archive(name, version, requires, extras, names))

    def put(self, name, file, data):
        """Publish any file."""
        self.files.setdefault(name, {})[file] = data
        self.server.routes[f"/files/{file}"] = data
        self.server.routes[f"/simple/{name}/"] = self.page(name)

    def page(self, name):
        """The page of a project as the server answers it."""
        body = (self._json if self.form.startswith("json") else self._html)(name)
        kind = JSON if self.form.startswith("json") else "text/html"
        return self.reply(body.encode(), headers={"Content-Type": kind})

    def _html(self, name):
        links = []
        for file, data in self.files[name].items():
            mark = f"#sha256={hashlib.sha256(data).hexdigest()}" if self.hashed else ""
            yanked = ' data-yanked=""' if file in self.yanked else ""
            links.append(f'<a href="../../files/{file}{mark}"{yanked}>{file}</a><br>')
        return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"

    def _json(self, name):
        rows = []
        for file, data in self.files[name].items():
            hashes = {"sha256": hashlib.sha256(data).hexdigest()} if self.hashed else {}
            size = {} if "without" in self.form else {"size": len(data)}
            time = self.uploaded.get(file, "2020-01-01T00:00:00Z")
            rows.append({"filename": file, "url": f"../../files/{file}", "hashes": hashes, "upload-time": time, **size})
        return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": rows})


def publish(index):
    """What a lock of flet 0.82.2 needs."""
    index.add(
        "flet",
        "0.82.2",
        requires=[
            "msgpack>=1",
            'httpx; platform_system != "Pyodide"',
            'flet-web==0.82.2; extra == "all" or extra == "web"',
            'flet-desktop==0.82.2; sys_platform == "win32" and extra == "all"',
        ],
        extras=["all", "web"],
    )
    index.add("flet-web", "0.82.2", requires=["fastapi"])
    index.add(
        "flet-desktop", "0.82.2", ["py3-none-win_amd64", "py3-none-macosx_12_0_arm64", "py3-none-macosx_12_0_x86_64"]
    )
    light = [f"py3-none-manylinux_2_{minor}_{machine}" for minor in (28, 35) for machine in ("x86_64", "aarch64")]
    index.add("flet-desktop-light", "0.82.2", light)
    native = ["manylinux_2_17_x86_64", "manylinux_2_17_aarch64", "win_amd64", "macosx_11_0_arm64", "macosx_10_9_x86_64"]
    index.add("msgpack", "1.1.0", [f"{tag}-{tag}-{platform}" for tag in ("cp312", "cp314") for platform in native])
    index.put("msgpack", "msgpack-1.1.0.tar.gz", b"source of msgpack")
    index.add("httpx", "0.28.0", requires=["idna"])
    index.add("idna", "3.10")
    return index


@pytest.fixture
def new_index(serve, reply):
    """Make indexes that hold Flet."""
    return lambda **more: publish(Index(serve(), reply, **more))


@pytest.fixture
def index(new_index):
    """One index that holds Flet."""
    return new_index()


@pytest.fixture
def locked(tmp_path):
    """Lock requirements against an index."""

    def made(
        index,
        *requires,
        old=None,
        upgrade=False,
        names=(),
        exclude_newer="",
        settings=None,
        credentials=None,
        held=(),
        bounds=None,
        **more,
    ):
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "UV_HTTP_RETRIES": "0"}
        http = Http(lambda alias: {"pypi": index.url}[alias], environ=environ, sleep=lambda seconds: None)
        made_of = requires or ("flet==0.82.2",)
        project = Project(name="app", version="1", requires=made_of, settings=settings or Settings(), **more)
        world = World(
            http=http,
            uv=Uv(find_uv_bin(), environ, tmp_path / "cache", index.url, credentials or {}),
            kept=keep(old, upgrade, names, held),
            recipe=RECIPE,
            exclude_newer=exclude_newer or (bounds.exclude_newer if bounds else ""),
            bounds=bounds or Bounds(),
        )
        return resolve.resolve(inputs_of(project), world)

    return made


def own_heads(index):
    """How often builder, not uv, asked for a size."""
    return sum((asked.method, asked.headers["user-agent"]) == ("HEAD", "builder") for asked in index.server.asked)


def files(answer, name):
    """The files that a lock has of a project, with their targets."""
    return {pin.file: pin.targets for pin in answer.lock.packages if pin.name == name}


def versions(answer):
    """The version of each package in a lock."""
    return {pin.name: pin.version for pin in answer.lock.packages}


def targets(*names):
    """Settings that declare targets."""
    return Settings(targets=list(names), declared=True)


def test_every_target_gets_what_it_needs_and_no_more(index, locked):
    """A lock holds each target's own wheels and client; the web needs no httpx, no client's dependency is in it."""
    answer = locked(index, "flet[all]==0.82.2")
    assert answer.lock.unavailable == {}
    assert versions(answer).keys() == {
        "flet", "flet-desktop", "flet-desktop-light", "flet-web", "httpx", "idna", "msgpack",
    }  # fmt: skip
    assert files(answer, "httpx") == {"httpx-0.28.0-py3-none-any.whl": DESKTOP}
    assert files(answer, "idna") == {"idna-3.10-py3-none-any.whl": DESKTOP}
    assert files(answer, "msgpack")["msgpack-1.1.0.tar.gz"] == ("apk", "web")
    assert files(answer, "flet-web") == {"flet_web-0.82.2-py3-none-any.whl": ("apk", "web")}
    assert files(answer, "flet-desktop-light") == {
        "flet_desktop_light-0.82.2-py3-none-manylinux_2_28_aarch64.whl": ("linux-aarch64",),
        "flet_desktop_light-0.82.2-py3-none-manylinux_2_28_x86_64.whl": ("linux-x86_64",),
    }
    assert {pin.hash for pin in answer.lock.packages} == {"index"}


def test_cpython_of_the_desktop_is_of_the_table(index, locked):
    """Each desktop target has its CPython 3.12 with a hash that builder's tables know."""
    pins = {pin.targets: pin for pin in locked(index).lock.pins if pin.name == "cpython"}
    assert pins.keys() == {(target,) for target in DESKTOP}
    assert all(pin.version.startswith("3.12.") and pin.hash == "table" and pin.size is None for pin in pins.values())
    assert "x86_64-unknown-linux-gnu-install_only_stripped" in pins[("linux-x86_64",)].file


def test_the_app_may_need_on_the_web_what_flet_does_not(index, locked):
    """The cut dependency of Flet stays where somebody else requires it."""
    answer = locked(index, "flet==0.82.2", "httpx")
    assert "web" in files(answer, "httpx")["httpx-0.28.0-py3-none-any.whl"]
    assert "web" in files(answer, "idna")["idna-3.10-py3-none-any.whl"]


@pytest.mark.parametrize("form", ["html", "json", "json without sizes"])
def test_mirrors_of_any_kind_give_the_same_bytes(new_index, locked, form):
    """Two mirrors with the same files, as HTML and in another form, give one lock, and neither is named in it."""
    first, second = new_index(), new_index(form=form)
    one, two = (lockfile.dump(locked(index).lock) for index in (first, second))
    assert one == two
    assert "127.0.0.1" not in one
    assert "size = " in one


def test_a_known_size_is_not_asked_for_again(index, locked):
    """The old lock tells sizes that the index does not."""
    old = locked(index).lock
    heads = own_heads(index)
    again = locked(index, old=old)
    assert heads > 0
    assert own_heads(index) == heads
    assert again.lock == old


def test_old_versions_stay_until_asked(index, locked):
    """A newer version alone changes nothing but what is told; an upgrade takes all of them, or only the one named."""
    old = locked(index).lock
    index.add("httpx", "0.29.0", requires=["idna"])
    index.add("idna", "3.11")
    kept = locked(index, old=old)
    assert kept.lock == old
    assert set(kept.newer) == {"httpx 0.29.0", "idna 3.11"}
    one = versions(locked(index, old=old, names=["idna"]))
    assert (one["httpx"], one["idna"]) == ("0.28.0", "3.11")
    every = locked(index, old=old, upgrade=True)
    assert (versions(every)["httpx"], versions(every)["idna"], every.newer) == ("0.29.0", "3.11", ())


def test_old_versions_stay_with_prereleases_on(index, locked):
    """The resolver takes the old versions whatever the project's options are."""
    index.add("httpx", "0.29.0rc1", requires=["idna"])
    old = locked(index, prereleases=True).lock
    assert "0.29.0rc1" in {pin.version for pin in old.packages}
    index.add("httpx", "0.29.0rc2", requires=["idna"])
    assert locked(index, old=old, prereleases=True).lock == old


def test_what_is_too_new_is_not_taken(new_index, locked):
    """Files that were published after an instant do not exist for the lock; the old versions stay as without it."""
    index = new_index(form="json")
    index.uploaded["idna-3.11-py3-none-any.whl"] = "2026-02-01T00:00:00Z"
    index.add("idna", "3.11")
    assert versions(locked(index))["idna"] == "3.11"
    old = locked(index, exclude_newer="2026-01-01T00:00:00Z").lock
    assert {pin.version for pin in old.packages if pin.name == "idna"} == {"3.10"}
    assert versions(locked(index, old=old, exclude_newer="2026-03-01T00:00:00Z"))["idna"] == "3.10"


def test_a_new_requirement_moves_nothing_else(index, locked):
    """The old versions are kept when a requirement comes."""
    old = locked(index).lock
    index.add("idna", "3.11")
    index.add("six", "1.17.0")
    found = versions(locked(index, "flet==0.82.2", "six", old=old))
    assert (found["six"], found["idna"]) == ("1.17.0", "3.10")


def test_an_unknown_name_to_upgrade_is_refused(index, locked):
    """A typo after --upgrade-package is an error."""
    with pytest.raises(BuilderError) as caught:
        locked(index, old=locked(index).lock, names=["nothing"])
    assert caught.value.code == Exit.USAGE


def test_a_default_target_without_wheel_is_recorded(index, locked):
    """The reason names package, version, who requires it and what there is; other targets lock."""
    index.add("native", "2.0", ["cp312-cp312-win_amd64"])
    index.add("middle", "1.0", requires=["native"])
    answer = locked(index, "flet==0.82.2", "middle")
    assert answer.lock.unavailable.keys() == {"apk", "web", *DESKTOP} - {"windows-x86_64"}
    assert answer.lock.unavailable["web"] == (
        "`native` 2.0 (required by `middle`) has wheels of cp312 for win amd64, none for this target"
    )
    assert {target for pin in answer.lock.packages for target in pin.targets} == {"windows-x86_64"}


def test_a_declared_target_without_wheel_is_an_error(index, locked):
    """What the author asked for must lock; the mend names the choices."""
    index.add("native", "2.0", ["cp312-cp312-win_amd64"])
    with pytest.raises(BuilderError) as caught:
        locked(index, "flet==0.82.2", "native", settings=targets("web", "windows"))
    assert caught.value.code == Exit.LOCK
    assert "`web` can't be locked: `native` 2.0 (required by the project)" in caught.value.message
    assert all(word in caught.value.hint for word in ("sdist", "targets", "client"))


def test_an_older_version_with_a_wheel_serves_its_target(index, locked):
    """Where only an older version has a wheel for a target, that target gets it and the others keep the newest."""
    index.add("native", "1.0", ["cp312-cp312-win_amd64", "cp312-cp312-pyodide_2024_0_wasm32"])
    index.add("native", "2.0", ["cp312-cp312-win_amd64"])
    answer = locked(index, "flet==0.82.2", "native", settings=targets("web", "windows"))
    assert files(answer, "native") == {
        "native-1.0-cp312-cp312-pyodide_2024_0_wasm32.whl": ("web",),
        "native-2.0-cp312-cp312-win_amd64.whl": ("windows-x86_64",),
    }


def test_a_source_archive_is_taken_only_where_it_is_allowed(index, locked, in_tree):
    """Without permission a package of nothing but source fails; with it the archive is pinned."""
    index.add("pure", "1.0", ["cp312-cp312-win_amd64"])
    index.put("pure", "pure-1.0.tar.gz", in_tree("pure-1.0").read_bytes())
    assert "web" in locked(index, "flet==0.82.2", "pure").lock.unavailable
    answer = locked(index, "flet==0.82.2", "pure", settings=Settings(sdist=["pure"]))
    assert answer.lock.unavailable == {}
    assert "web" in files(answer, "pure")["pure-1.0.tar.gz"]
    assert [(sdist.file, sdist.requires, sdist.wheels) for sdist in answer.lock.sdists] == [("pure-1.0.tar.gz", (), ())]


@pytest.fixture
def publish_sdist(index, sdist):
    """Publish `odd` 1.0, a source distribution, and setuptools with what it depends on."""

    def put(pyproject=""):
        index.put("odd", "odd-1.0.tar.gz", sdist("odd-1.0", {"pyproject.toml": pyproject}).read_bytes())

    for version in ("79.0", "80.0"):
        index.add("setuptools", version)
    index.add("wheel", "0.45.0", requires=["packaging"])
    index.add("packaging", "25.0")
    return put


def system(*requires):
    """A [build-system] table."""
    return f"[build-system]\nrequires = {json.dumps(requires)}\n"


def with_odd(**more):
    """Settings of an app that may be given `odd` as source."""
    return {"settings": Settings(sdist=["odd"], **more)}


APP = ("flet==0.82.2", "odd")
TOOLS = ("packaging-25.0-py3-none-any.whl", "setuptools-80.0-py3-none-any.whl", "wheel-0.45.0-py3-none-any.whl")


def tools(answer):
    """The wheels that builds require, with their targets."""
    named = {name for sdist in answer.lock.sdists for name in sdist.wheels}
    return {pin.file: pin.targets for pin in answer.lock.pins if pin.file in named}


def test_what_an_sdist_is_built_with_is_pinned_but_no_package(index, locked, publish_sdist):
    """Without a [build-system] that is setuptools, and wheel with what it depends on (PEP 517)."""
    publish_sdist()
    answer = locked(index, *APP, **with_odd())
    (built,) = answer.lock.sdists
    assert (built.file, built.requires, built.wheels) == ("odd-1.0.tar.gz", ("setuptools>=40.8.0", "wheel"), TOOLS)
    assert tools(answer) == dict.fromkeys(TOOLS, tuple(sorted({*DESKTOP, "apk", "web"})))
    assert not {"setuptools", "wheel", "packaging"} & versions(answer).keys()
    assert all(pin.sha256 and pin.size and pin.hash == "index" for pin in answer.lock.pins if pin.file in TOOLS)


def test_what_a_build_requires_is_settled_for_the_toolchain(index, locked, publish_sdist):
    """CPython 3.12 on Linux x86_64: markers are gone, other machines' wheels are not taken, one of glibc 2.36 is."""
    tags = ["cp312-cp312-manylinux_2_36_x86_64", "cp312-cp312-manylinux_2_17_aarch64", "cp311-cp311-win_amd64"]
    index.add("native", "1.0", tags)
    texts = ["native; python_version == '3.12'", "nosuch; sys_platform == 'emscripten'", "setuptools<80"]
    publish_sdist(system(*texts))
    answer = locked(index, *APP, **with_odd(targets=["web"], declared=True))
    assert answer.lock.sdists[0].requires == ("native", "setuptools<80")
    assert tools(answer) == {
        "native-1.0-cp312-cp312-manylinux_2_36_x86_64.whl": ("web",),
        "setuptools-79.0-py3-none-any.whl": ("web",),
    }


def test_a_recipe_wins_over_a_build(index, locked, publish_sdist):
    """msgpack's files are taken from its source distribution on the web, whatever that requires to be built."""
    publish_sdist()
    assert locked(index, settings=Settings(sdist=["msgpack"])).lock.sdists == ()


def test_what_builds_is_kept_until_asked(index, locked, publish_sdist):
    """A newer setuptools alone moves nothing, and the archive is not read again; each way to upgrade moves it."""
    publish_sdist()
    old = locked(index, *APP, **with_odd()).lock
    index.add("setuptools", "81.0")
    index.server.asked.clear()
    kept = locked(index, *APP, old=old, **with_odd())
    assert lockfile.dump(kept.lock) == lockfile.dump(old)
    assert "setuptools 81.0" in kept.newer
    assert index.server.count("/files/odd-1.0.tar.gz") == 0
    for how in ({"names": ["setuptools"]}, {"upgrade": True}):
        assert "setuptools-81.0-py3-none-any.whl" in tools(locked(index, *APP, old=old, **how, **with_odd()))


def test_two_builds_may_require_two_versions(index, locked, publish_sdist, sdist):
    """Each source distribution has its own; the app may have a third."""
    publish_sdist()
    index.put("old", "old-2.0.tar.gz", sdist("old-2.0", {"pyproject.toml": system("setuptools<80")}).read_bytes())
    index.add("setuptools", "78.0")
    settings = Settings(sdist=["odd", "old"])
    answer = locked(index, *APP, "old", "setuptools<79", settings=settings)
    assert {built.file: built.wheels for built in answer.lock.sdists} == {
        "odd-1.0.tar.gz": TOOLS,
        "old-2.0.tar.gz": ("setuptools-79.0-py3-none-any.whl",),
    }
    assert versions(answer)["setuptools"] == "78.0"
    assert lockfile.parse(lockfile.dump(answer.lock).encode()).sdists == answer.lock.sdists
    assert locked(index, *APP, "old", "setuptools<79", old=answer.lock, settings=settings).lock == answer.lock


def test_mirrors_give_the_same_builds(new_index, locked, sdist):
    """One that tells sizes, and one that does not."""
    dumps = []
    made = sdist("odd-1.0", {"pyproject.toml": system("setuptools")}).read_bytes()
    for form in ("html", "json"):
        index = new_index(form=form)
        index.put("odd", "odd-1.0.tar.gz", made)
        index.add("setuptools", "80.0")
        dumps.append(lockfile.dump(locked(index, *APP, **with_odd()).lock))
    assert dumps[0] == dumps[1]
    assert "127.0.0.1" not in dumps[0]


@pytest.mark.parametrize(
    ("pyproject", "reason"),
    [
        (system("nosuch>1"), "can't be had: nosuch was not found in the package registry"),
        (system("onlysource"), "can't be had: onlysource==1.0 has no usable wheels"),
        (system("young"), "its build requires `young` 1.0, which has wheels of cp312 for manylinux x86_64"),
        (system("a b"), "its build requires `a b`, which is no requirement (PEP 508)"),
        (system("a @ https://host.invalid/a-1-py3-none-any.whl"), "by its URL, which builder does not follow"),
        ("[build-system]\n", "its [build-system] has no `requires`"),
        ("[build-system", "its pyproject.toml is not TOML"),
    ],
    ids=["absent", "source only", "newer glibc", "no requirement", "url", "no requires", "no toml"],
)
def test_an_sdist_whose_build_can_not_be_locked_is_told(index, locked, publish_sdist, pyproject, reason):
    """A target that needs it is recorded with the reason, and an error where it is declared; nothing of it is run."""
    publish_sdist(pyproject)
    index.put("onlysource", "onlysource-1.0.tar.gz", b"")
    index.add("young", "1.0", ["cp312-cp312-manylinux_2_39_x86_64"])
    index.add("odd", "1.0", ["cp312-cp312-win_amd64"])
    answer = locked(index, *APP, **with_odd())
    assert answer.lock.unavailable.keys() == {"apk", "web", *DESKTOP} - {"windows-x86_64"}
    assert answer.lock.unavailable["web"].startswith("`odd-1.0.tar.gz` can't be built: ")
    assert reason in answer.lock.unavailable["web"]
    assert (answer.lock.sdists, tools(answer)) == ((), {})
    with pytest.raises(BuilderError) as caught:
        locked(index, *APP, **with_odd(targets=["web"], declared=True))
    assert caught.value.code == Exit.LOCK


def test_an_sdist_with_other_bytes_than_the_index_states_is_refused(index, reply, locked, publish_sdist):
    """It is hashed before it is read."""
    publish_sdist()
    index.add("odd", "1.0", ["cp312-cp312-win_amd64"])
    index.server.routes["/files/odd-1.0.tar.gz"] = b"other"
    with pytest.raises(BuilderError) as caught:
        locked(index, *APP, **with_odd())
    assert caught.value.code == Exit.MISMATCH


def test_builds_are_settled_for_the_toolchain_that_there_is():
    """Its CPython and its glibc (Debian's) are those that wheels are chosen for."""
    held = {pin.name: pin.version for pin in load_recipe("python-3.12").pins}
    assert held["org.bytedeco:cpython"].split("-")[0] == builds.PYTHON
    assert held["deb:libc6"].split("-")[0] == f"2.{builds.GLIBC}"


def test_extras_and_markers_are_followed_for_each_target(index, locked):
    """An extra's dependency and one with a marker reach only the targets that they hold on."""
    index.add("tool", "1.0", requires=['idna; extra == "names"', 'six; sys_platform == "emscripten"'], extras=["names"])
    index.add("six", "1.17.0")
    answer = locked(index, "flet==0.82.2", "tool[names]")
    assert files(answer, "six") == {"six-1.17.0-py3-none-any.whl": ("apk", "web")}
    assert len(files(answer, "idna")["idna-3.10-py3-none-any.whl"]) == 7


def test_a_platforms_own_requirement_reaches_that_platform_only(index, locked):
    """What [tool.flet.android] asks for is in the APK and not on the web, though both run Pyodide."""
    index.add("six", "1.17.0")
    index.add("repath", "0.9.0")
    answer = locked(index, platform_requires={"android": ("six",), "linux": ("repath",)})
    assert files(answer, "six") == {"six-1.17.0-py3-none-any.whl": ("apk",)}
    assert files(answer, "repath") == {"repath-0.9.0-py3-none-any.whl": ("linux-aarch64", "linux-x86_64")}


def test_requirements_without_solution_are_an_error_of_the_lock(index, locked):
    """Who wants what is said, and nothing of how the resolver was asked."""
    with pytest.raises(BuilderError) as caught:
        locked(index, "flet==0.82.2", "idna>4")
    assert caught.value.code == Exit.LOCK
    assert "the project depends on idna>4" in caught.value.message
    assert "sys_platform" not in caught.value.message


def test_requirements_of_one_platform_without_solution_name_their_table(index, locked):
    """What is said names the table that the requirement stands in."""
    with pytest.raises(BuilderError) as caught:
        locked(index, platform_requires={"windows": ("idna>4",)})
    assert "`tool.flet.windows.dependencies` depends on idna>4" in caught.value.message


def test_requirements_without_solution_on_one_target_name_it(index, locked):
    """Where the resolver looks at targets apart, the one that has no solution is said."""
    with pytest.raises(BuilderError) as caught:
        locked(index, "flet==0.82.2", "idna==3.10; sys_platform != 'win32'", "idna<3; sys_platform == 'win32'")
    assert caught.value.message.startswith("the requirements of `windows-x86_64` can't be met together:")


def test_a_package_of_sources_only_names_the_setting(index, locked):
    """That a wheel is missing has a mend of its own."""
    index.put("six", "six-1.17.0.tar.gz", b"source of six")
    with pytest.raises(BuilderError) as caught:
        locked(index, "flet==0.82.2", "six")
    assert (caught.value.code, "no usable wheels" in caught.value.message) == (Exit.LOCK, True)
    assert "`sdist` in `[tool.builder]`" in caught.value.hint


def test_an_index_that_is_away_is_an_error_of_fetching(index, locked, serve):
    """No answer from the index is told as such."""
    index.server.routes.clear()
    index.server.routes["/simple/flet/"] = index.reply(b"", 503)
    with pytest.raises(BuilderError) as caught:
        locked(index)
    assert caught.value.code == Exit.FETCH


def test_the_authors_hash_chooses_and_refuses(index, locked):
    """A hash of the author's own is held to; where the index has other bytes the lock fails."""
    right = hashlib.sha256(index.files["idna"]["idna-3.10-py3-none-any.whl"]).hexdigest()
    assert versions(locked(index, hashes=(f"idna {right}",)))["idna"] == "3.10"
    with pytest.raises(BuilderError) as caught:
        locked(index, hashes=("idna " + "0" * 64,))
    assert caught.value.code == Exit.MISMATCH
    assert right in caught.value.message


def test_a_published_file_that_changed_is_refused(index, locked):
    """An index that now has other bytes under an old name is not believed."""
    old = locked(index).lock
    index.put("idna", "idna-3.10-py3-none-any.whl", archive("idna", "3.10", ["six"]))
    index.add("six", "1.17.0")
    with pytest.raises(BuilderError) as caught:
        locked(index, old=old)
    assert caught.value.code == Exit.MISMATCH


def test_an_index_without_hashes_is_used_and_said(new_index, locked):
    """A plain listing of files gives pins whose hash is of the first use."""
    answer = locked(new_index(hashed=False))
    assert {pin.name: pin.hash for pin in answer.lock.packages if pin.hash != "first-use"} == {}
    assert all(pin.size for pin in answer.lock.packages)


def test_a_private_index_has_an_alias_of_its_own(index, serve, reply, locked):
    """What comes from the project's own index is pinned to it, without credentials; the rest is not."""
    private = Index(serve(), reply)
    private.add("secret", "1.0")
    answer = locked(index, "flet==0.82.2", "secret", indexes=(private.url,), credentials={private.url: "user:word"})
    assert {pin.name: pin.source for pin in answer.lock.packages}["secret"] == "index-1"
    assert {pin.name: pin.source for pin in answer.lock.packages}["flet"] == "pypi"
    assert answer.lock.sources["index-1"].base == private.url
    assert "word" not in lockfile.dump(answer.lock)
    assert any(asked.headers.get("authorization") for asked in private.server.asked)


def test_the_first_index_that_has_a_name_wins(index, serve, reply, locked):
    """A newer version on the default index does not take the place of a private package."""
    private = Index(serve(), reply)
    private.add("six", "1.0")
    index.add("six", "9.9")
    assert versions(locked(index, "flet==0.82.2", "six", indexes=(private.url,)))["six"] == "1.0"


def test_a_package_with_an_index_of_its_own_comes_from_no_other(index, serve, reply, locked):
    """Also where only another package requires it, and whatever the others have; that index is asked for no other."""
    private = Index(serve(), reply)
    private.add("inner", "1.0", requires=["six"])
    private.add("six", "9.9")
    index.add("inner", "99.0")
    index.add("outer", "1.0", requires=["inner"])
    index.add("six", "1.16.0")
    named = {"package_indexes": {"inner": private.url}, "credentials": {private.url: "user:word"}}
    first = locked(index, "flet==0.82.2", "outer", **named)
    assert {name: versions(first)[name] for name in ("inner", "outer", "six")} == {
        "inner": "1.0",
        "outer": "1.0",
        "six": "1.16.0",
    }
    assert {pin.name for pin in first.lock.packages if pin.source == "index-1"} == {"inner"}
    asked = {one.path for one in private.server.asked if one.path.startswith("/simple/")}
    assert asked == {"/simple/inner/"}
    assert any(one.headers.get("authorization") for one in private.server.asked)
    assert first.lock.sources["index-1"].base == private.url
    assert "word" not in lockfile.dump(first.lock)
    private.add("inner", "2.0", requires=["six"])
    assert versions(locked(index, "flet==0.82.2", "outer", old=first.lock, **named))["inner"] == "1.0"


def test_a_package_that_its_own_index_lacks_is_not_taken_from_another(index, serve, reply, locked):
    """The lock fails: the public package of that name may be anybody's."""
    private = Index(serve(), reply)
    private.add("other", "1.0")
    index.add("inner", "99.0")
    with pytest.raises(BuilderError) as caught:
        locked(index, "flet==0.82.2", "inner", package_indexes={"inner": private.url})
    assert caught.value.code == Exit.LOCK
    assert "inner was not found" in caught.value.message


def test_an_index_in_the_place_of_the_default_one_serves_all(index, new_index, locked):
    """With the default index replaced, clients too come from the project's own, and the default one is not asked."""
    own = new_index()
    answer = locked(index, indexes=(own.url,), default_index=False)
    assert {pin.source for pin in answer.lock.packages} == {"index-1"}
    assert index.server.asked == []


def test_a_wheel_by_its_url_is_pinned(index, locked):
    """A direct reference to a wheel has a source of its own and a hash of the first use."""
    index.add("loose", "1.0")
    url = f"{index.server.url}files/loose-1.0-py3-none-any.whl"
    answer = locked(index, "flet==0.82.2", f"loose @ {url}")
    pin = next(pin for pin in answer.lock.packages if pin.name == "loose")
    assert (pin.source, pin.file, pin.hash) == ("direct-loose", "loose-1.0-py3-none-any.whl", "first-use")
    assert answer.lock.sources["direct-loose"].base == f"{index.server.url}files/"
    assert pin.sha256 == hashlib.sha256(index.files["loose"][pin.file]).hexdigest()


@pytest.mark.parametrize("url", ["git+https://host/app.git", "file:wheels/app-1.0-py3-none-any.whl"])
def test_a_folder_or_repository_is_refused(index, locked, url):
    """What has no bytes to pin is refused before anything is asked."""
    with pytest.raises(BuilderError) as caught:
        locked(index, "flet==0.82.2", f"app @ {url}")
    assert caught.value.code == Exit.LOCK
    assert index.server.asked == []


def test_a_yanked_version_is_noted(index, locked):
    """A version that was withdrawn is locked where it is asked for, with a warning."""
    index.yanked.add("idna-3.10-py3-none-any.whl")
    index.add("idna", "3.10")
    assert any("yanked" in text for text in locked(index, "flet==0.82.2", "idna==3.10").warnings)


def test_a_flet_that_no_line_knows_is_refused_and_an_untested_one_warns(index, locked):
    """An unknown line is an error of the lock; another version of a known line is only noted."""
    index.add("flet", "9.9.0", requires=["msgpack"])
    with pytest.raises(BuilderError) as caught:
        locked(index, "flet==9.9.0")
    assert (caught.value.code, "9.9.0" in caught.value.message) == (Exit.LOCK, True)
    index.add("flet", "0.82.1", requires=["msgpack"])
    index.add("flet-web", "0.82.1")
    answer = locked(index, "flet==0.82.1", settings=targets("web"))
    assert any("0.82.1 was not tested" in text for text in answer.warnings)


def test_bytedeco_lacks_a_target_and_the_reason_names_the_other_runtime(index, locked):
    """No CPython for a declared target is told before anything is asked, with the runtime that has one."""
    settings = Settings(targets=["macos-arm64"], declared=True, runtime="bytedeco")
    with pytest.raises(BuilderError) as caught:
        locked(index, settings=settings)
    assert 'runtime = "python-build-standalone"' in caught.value.message
    assert index.server.asked == []


def test_python_3_14_has_no_desktop(index, locked):
    """Only the web of a line whose Pyodide is 3.14 locks with it; flet 0.82 has none."""
    with pytest.raises(BuilderError) as caught:
        locked(index, settings=Settings(python="3.14"))
    assert "Python 3.12 only" in caught.value.message


def test_what_moved_is_told(index, locked):
    """A person reads what came, moved and went, and what could be newer."""
    old = locked(index).lock
    index.add("httpx", "0.29.0")
    answer = locked(index, old=old, upgrade=True)
    added, updated, removed = command.changes(old, answer.lock)
    assert (added, updated, removed) == ((), ("httpx 0.28.0 -> 0.29.0",), ("idna 3.10",))
    result = command.LockResult(answer.lock, True, added, updated, removed, ("six 2",))
    assert command.told(result) == (
        "updated httpx 0.28.0 -> 0.29.0",
        "removed idna 3.10",
        "1 newer version exists: six 2",
        f"builder.lock written: {len(answer.lock.by_sha256())} files for 7 targets",
    )


def test_check_is_offline_and_names_the_change(index, locked, tmp_path):
    """A lock fits the project that it was made of; of another one the error says what changed."""
    lockfile.save(tmp_path, locked(index).lock)
    check.run(tmp_path, Project(name="app", version="1", requires=("flet==0.82.2",)))
    with pytest.raises(BuilderError) as caught:
        check.run(tmp_path, Project(name="app", version="1", requires=("flet==0.82.2", "six")))
    assert caught.value.code == Exit.LOCK
    assert "requirement `six` was added" in caught.value.message


def canary(touched):
    """A source archive that carries its own build backend (PEP 517); any run of it leaves a file."""
    backend = f"open({str(touched)!r}, 'w').close()\n"
    project = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as opened:
        for name, body in (("own.py", backend), ("setup.py", backend), ("pyproject.toml", project)):
            entry = tarfile.TarInfo(f"canary-1.0/{name}")
            entry.size = len(body)
            opened.addfile(entry, io.BytesIO(body.encode()))
    return data.getvalue()


@pytest.mark.parametrize("settings", [Settings(), Settings(sdist=["msgpack"])], ids=["none", "another"])
def test_a_build_script_is_not_run(index, locked, tmp_path, settings):
    """Locking a package of nothing but source never runs its code on this machine."""
    index.put("canary", "canary-1.0.tar.gz", canary(tmp_path / "touched"))
    with pytest.raises(BuilderError) as caught:
        locked(index, "flet==0.82.2", "canary", settings=settings)
    assert "canary" in caught.value.message
    assert not (tmp_path / "touched").exists()


def test_a_permission_is_for_its_own_package_only(index, locked, tmp_path):
    """`sdist` lets the metadata of what it names be built, and takes no wheel from the targets that have one."""
    plainly = locked(index, settings=Settings()).lock
    allowed = locked(index, settings=Settings(sdist=["msgpack"])).lock
    assert allowed.packages == plainly.packages
    index.put("canary", "canary-1.0.tar.gz", canary(tmp_path / "touched"))
    with pytest.raises(BuilderError):
        locked(index, "flet==0.82.2", "canary", settings=Settings(sdist=["canary"]))
    assert (tmp_path / "touched").exists()


def test_a_known_source_archive_is_not_built_either(index, locked, tmp_path):
    """A newer msgpack of nothing but source is passed over: builder takes its files from the archive, unrun."""
    index.put("msgpack", "msgpack-9.0.tar.gz", canary(tmp_path / "touched"))
    assert versions(locked(index))["msgpack"] == "1.1.0"
    assert not (tmp_path / "touched").exists()


def basic(password):
    """What a server that wants a password is sent."""
    return "Basic " + base64.b64encode(f"user:{password}".encode()).decode()


def guard(server, reply, password):
    """Let all of a server's pages and files be read with a password only."""
    wanted, denied = basic(password), reply(b"", 401, {"WWW-Authenticate": "Basic"})
    for path, answer in list(server.routes.items()):
        kept = reply(answer) if isinstance(answer, bytes) else answer
        server.routes[path] = lambda asked, kept=kept: kept if asked.headers.get("authorization") == wanted else denied


def test_a_default_index_with_a_password_is_used(index, reply, locked):
    """The password in a mirror's URL, percent-encoded there, reaches the resolver and no lock."""
    guard(index.server, reply, "p@ss/word")
    index.login = "user:p%40ss%2Fword@"
    lock = locked(index).lock
    assert lock.unavailable == {}
    assert not [text for text in ("p@ss", "p%40ss", "user") if text in lockfile.dump(lock)]


def test_a_users_own_uv_settings_change_nothing(index, locked, tmp_path):
    """Neither ~/.config/uv/uv.toml nor variables of uv reach the resolver."""
    (tmp_path / ".config" / "uv").mkdir(parents=True)
    (tmp_path / ".config" / "uv" / "uv.toml").write_text('resolution = "lowest"\nno-index = true\n')
    index.add("idna", "3.11")
    assert versions(locked(index))["idna"] == "3.11"


def test_pages_are_asked_for_anew_and_published_files_are_not(index, locked):
    """A second lock sees what the index has new, and reads no wheel of it again."""
    locked(index)
    index.server.asked.clear()
    index.add("idna", "3.12")
    assert versions(locked(index))["idna"] == "3.12"
    asked = [asked.path for asked in index.server.asked if asked.headers["user-agent"].startswith("uv")]
    assert "/simple/flet/" in asked
    assert {path for path in asked if path.startswith("/files/")} == {"/files/idna-3.12-py3-none-any.whl"}


SECRET = "hunter-2-of-a-test"


@pytest.fixture
def app(tmp_path, index, serve, reply):
    """An app that requires a package of a private index, whose password stands in requirements.txt."""
    private = Index(serve(), reply)
    private.add("secret", "1.0")
    guard(private.server, reply, SECRET)
    root = tmp_path / "app"
    root.mkdir()
    (root / "main.py").write_text("")
    (root / "pyproject.toml").write_text('[project]\nname = "app"\nversion = "1"\ndynamic = ["dependencies"]\n')
    login = private.url.replace("://", f"://user:{SECRET}@")
    (root / "requirements.txt").write_text(f"--extra-index-url {login}\nflet==0.82.2\nsecret\n")
    return root


def builder(*argv, index, root, before=(), **more):
    """Run the command as a user does, with other programs before it on the command line."""
    home = root.parent / "home"
    home.mkdir(exist_ok=True)
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "BUILDER_HOME": str(root.parent / "store")}
    environ |= {"BUILDER_MIRROR_PYPI": index.url, "UV_HTTP_RETRIES": "0"} | more
    command = [*before, sys.executable, "-m", "builder.entry", *argv]
    return subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)


def leaks(root):
    """The files of the app, the store and the home that hold the password in any form, but the author's own."""
    forms = [text.encode() for text in (SECRET, basic(SECRET).removeprefix("Basic "))]
    every = (path for path in root.parent.rglob("*") if path.is_file() and path.name != "requirements.txt")
    return [str(path) for path in every if any(form in path.read_bytes() for form in forms)]


@pytest.mark.parametrize("version", ["1.0", "99.0"])
def test_a_public_package_of_a_private_ones_name_is_not_taken(app, index, version):
    """The first index that has the name wins, whatever others have: no dependency confusion, at lock or later."""
    index.add("secret", version, names=["evil.py"])
    for argv in (("lock",), ("lock", "--upgrade"), ("lock", "--upgrade-package", "secret")):
        done = builder(*argv, index=index, root=app)
        assert done.returncode == 0, done.stderr
        (pin,) = (pin for pin in lockfile.load(app).packages if pin.name == "secret")
        assert (pin.version, pin.sha256) == ("1.0", hashlib.sha256(archive("secret", "1.0")).hexdigest())
        assert pin.source != "pypi"


def test_a_private_package_that_is_gone_is_not_replaced_by_a_public_one(app, index):
    """It is an error to fetch it: a pin is asked for from its own source alone."""
    assert builder("lock", index=index, root=app).returncode == 0
    index.put("secret", "secret-1.0-py3-none-any.whl", archive("secret", "1.0"))
    (pin,) = (pin for pin in lockfile.load(app).packages if pin.name == "secret")
    index.server.asked.clear()
    context = Context(app, Store(app.parent / "empty"), {"HOME": str(app.parent / "home")}, lambda line: None)
    lock = lockfile.load(app)
    supply.provide(context, load(app, {}, lambda line: None, context.environ), lock, [pin])
    assert [asked.path for asked in index.server.asked] == []


def test_a_private_index_is_locked_and_fetched_from(app, index):
    """The password reaches the resolver and the fetcher; no file, log or message has it."""
    done = builder("lock", "-vv", index=index, root=app)
    assert (done.returncode, SECRET in done.stdout + done.stderr) == (0, False), done.stderr
    lock = lockfile.load(app)
    (pin,) = (pin for pin in lock.packages if pin.name == "secret")
    context = Context(app, Store(app.parent / "store"), {"HOME": str(app.parent / "home")}, lambda line: None)
    supply.provide(context, load(app, {}, lambda line: None, context.environ), lock, [pin])
    assert context.store.verified(pin.sha256)
    assert leaks(app) == []


def test_what_a_killed_lock_left_goes_with_the_next(app, index):
    """A scratch project may hold a password; that of a builder at work stays, and what is no scratch project."""
    home = app.parent / "home"
    home.mkdir(exist_ok=True)
    kept, gone = (home / f"builder-lock-{os.getppid()}-a", home / "builder-lock-mine"), home / "builder-lock-4194999-b"
    for folder in (*kept, gone):
        folder.mkdir()
        (folder / "pyproject.toml").write_text("x")
    assert builder("lock", index=index, root=app, TMPDIR=str(home)).returncode == 0
    assert set(home.glob("builder-lock-*")) == set(kept)


@pytest.mark.reliability
@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare (Debian: util-linux)")
@pytest.mark.parametrize("place", ["store", "home"])
@pytest.mark.parametrize("size", ["4k", "64k", "1m"])
def test_a_lock_on_a_small_disk(app, index, place, size, figures):
    """An error with its mend and no lock, or a whole one; the next lock is what it would have been."""
    folder = app.parent / place
    folder.mkdir(exist_ok=True)
    mount = f"mount -t tmpfs -o size={size} none '{folder}' && exec \"$@\""
    small = ("unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    done = builder("lock", index=index, root=app, before=small, TMPDIR=str(app.parent / "home"))
    figures("faults injected")
    assert "Traceback" not in done.stderr, done.stderr
    assert ("hint: " in done.stderr) == (done.returncode != 0), done.stderr
    assert (app / "builder.lock").exists() == (done.returncode == 0)
    assert builder("lock", index=index, root=app).returncode == 0
    assert [path.name for path in app.iterdir() if path.name.startswith(".")] == []


def test_a_wrong_password_is_told_without_it(app, index):
    """What the server refuses is a lock or fetch error that shows no password."""
    wrong = (app / "requirements.txt").read_text().replace(SECRET, f"{SECRET}x")
    (app / "requirements.txt").write_text(wrong)
    done = builder("lock", "-vv", index=index, root=app)
    assert done.returncode in (Exit.LOCK, Exit.FETCH)
    assert "hint: " in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert leaks(app) == []


def flet_1_0(index, serve):
    """A line of Flet whose desktop clients are archives of its own releases, and the server of these."""
    index.add("flet", "1.0.5", requires=["msgpack"])
    index.add("flet-web", "1.0.5")
    return serve()


def test_a_declared_desktop_of_flet_1_0_is_locked_from_its_releases(index, serve, app):
    """The archive is downloaded once to know its bytes, and its hash is said to be of the first use."""
    releases = flet_1_0(index, serve)
    archives = fletline.of("1.0.5").archives
    publish_clients(releases)
    answer = declared(index, app, releases.url)
    pins = {pin.file: pin for pin in answer.pins if pin.source == "flet-releases"}
    assert pins.keys() == {archives["linux-x86_64"]}
    (pin,) = pins.values()
    assert (pin.hash, pin.path, pin.sha256) == (
        "first-use", "v1.0.5/", hashlib.sha256(f"client {pin.file}".encode()).hexdigest(),
    )  # fmt: skip
    assert "127.0.0.1" not in lockfile.dump(answer)
    assert answer.sources["flet-releases"].base.endswith("/download/")


def publish_clients(releases, text="client"):
    """Serve an archive for each target."""
    for file in fletline.of("1.0.5").archives.values():
        releases.routes[f"/v1.0.5/{file}"] = f"{text} {file}".encode()


def test_every_desktop_of_flet_1_0_has_its_archive(index, serve, app):
    """Those that one file serves share its pin; the flavor of Linux's client chooses another file."""
    releases = flet_1_0(index, serve)
    publish_clients(releases)
    names = {
        pin.file: pin.targets for pin in declared(index, app, releases.url, DESKTOP).pins if pin.name == "flet-client"
    }
    assert names == {
        "flet-linux-debian10-light-amd64.tar.gz": ("linux-x86_64",),
        "flet-linux-debian10-light-arm64.tar.gz": ("linux-aarch64",),
        "flet-macos.tar.gz": ("macos-arm64", "macos-x86_64"),
        "flet-windows.zip": ("windows-x86_64",),
    }
    full = declared(index, app, releases.url, DESKTOP, flet='desktop_flavor = "full"')
    assert {pin.file for pin in full.pins if pin.name == "flet-client"} == {
        "flet-linux-debian12-amd64.tar.gz",
        "flet-linux-debian12-arm64.tar.gz",
        "flet-macos.tar.gz",
        "flet-windows.zip",
    }


def test_an_archive_that_is_locked_is_not_asked_for_again(index, serve, app):
    """Whatever its place serves now; one more target that uses it gets the same bytes."""
    releases = flet_1_0(index, serve)
    publish_clients(releases)
    first = declared(index, app, releases.url, ["macos-x86_64"])
    publish_clients(releases, "changed")
    second = declared(index, app, releases.url, ["macos-x86_64", "macos-arm64"])
    assert releases.count("/v1.0.5/flet-macos.tar.gz") == 1
    (old,), (new,) = ([pin for pin in lock.pins if pin.name == "flet-client"] for lock in (first, second))
    assert (new.sha256, new.hash, new.targets) == (old.sha256, "first-use", ("macos-arm64", "macos-x86_64"))


def test_a_published_archive_that_changed_is_not_taken(index, serve, app):
    """Asked for once more on request, it must still be what it was; one of another version may be anything."""
    releases = flet_1_0(index, serve)
    publish_clients(releases)
    declared(index, app, releases.url)
    before = (app / "builder.lock").read_bytes()
    publish_clients(releases, "changed")
    with pytest.raises(BuilderError, match=r"builder\.lock has") as caught:
        declared(index, app, releases.url, wish=command.Wish(packages=("flet-client",)))
    assert caught.value.code == Exit.MISMATCH
    assert (app / "builder.lock").read_bytes() == before
    index.add("flet", "1.0.6", requires=["msgpack"])
    index.add("flet-web", "1.0.6")
    file = fletline.of("1.0.6").archives["linux-x86_64"]
    releases.routes[f"/v1.0.6/{file}"] = b"another client"
    moved = declared(index, app, releases.url, version="1.0.6")
    assert {(pin.version, pin.path) for pin in moved.pins if pin.file == file} == {("1.0.6", "v1.0.6/")}


def test_the_full_client_of_linux_is_a_wheel_of_its_own(index, locked):
    """Of 0.82.2, and only where Flet's key asks for it: the one for systems with today's mpv; Windows has no other."""
    full = [f"py3-none-manylinux_2_{minor}_{machine}" for minor in (28, 36, 39) for machine in ("x86_64", "aarch64")]
    index.add("flet-desktop", "0.82.2", full)
    names = targets("linux-x86_64", "windows-x86_64")
    light = locked(index, settings=names).lock
    assert {pin.name for pin in light.packages_of("linux-x86_64")} >= {"flet-desktop-light"}
    answer = locked(index, settings=names, flet={"desktop_flavor": "full"}, old=light)
    assert files(answer, "flet-desktop") == {
        "flet_desktop-0.82.2-py3-none-manylinux_2_36_x86_64.whl": ("linux-x86_64",),
        "flet_desktop-0.82.2-py3-none-win_amd64.whl": ("windows-x86_64",),
    }
    assert "flet-desktop-light" not in versions(answer)
    assert answer.lock.inputs.desktop_flavor == "full"
    changed = differences(light.inputs, answer.lock.inputs)
    assert changed == ("desktop_flavor was `light` and is `full`",)


def extend(index, name):
    """Publish a package with a Flutter extension."""
    dart = name.replace("-", "_")
    files_of = [f"{dart}/__init__.py", f"flutter/{dart}/pubspec.yaml", f"flutter/{dart}/lib/{dart}.dart"]
    index.add(name, "0.82.2", requires=["flet==0.82.2"], names=files_of)


def test_a_wheel_for_a_newer_glibc_is_not_taken(index, locked):
    """The error says which package, for which target, what there is, and who wants it."""
    index.add("fast", "1.0", ["cp312-cp312-manylinux_2_34_x86_64", "cp312-cp312-win_amd64"])
    index.add("uses", "1.0", requires=["fast"])
    with pytest.raises(BuilderError) as caught:
        locked(index, "flet==0.82.2", "uses", settings=targets("linux-x86_64", "windows-x86_64"))
    assert caught.value.message == (
        "`linux-x86_64` can't be locked: `fast` 1.0 (required by `uses`) has wheels of cp312 for "
        "manylinux x86_64 (glibc 2.34 or newer), win amd64, none for this target"
    )
    assert "require another version" in caught.value.hint and "`sdist`" in caught.value.hint
    assert locked(index, "flet==0.82.2", "uses").lock.unavailable.keys() >= {"linux-x86_64", "linux-aarch64"}


def test_extensions_that_a_client_has_are_locked(index, locked):
    """Charts are in each client; video is in all but Linux's light one."""
    extend(index, "flet-charts")
    extend(index, "flet-video")
    answer = locked(index, "flet==0.82.2", "flet-charts", "flet-video")
    assert answer.lock.unavailable.keys() == {"linux-x86_64", "linux-aarch64"}
    assert answer.lock.unavailable["linux-x86_64"] == (
        "`flet-video` 0.82.2 has the Flutter extension `flet_video`, which Flet's full client for Linux has: "
        'set `desktop_flavor = "full"` in [tool.flet]'
    )
    full = [f"py3-none-manylinux_2_28_{machine}" for machine in ("x86_64", "aarch64")]
    index.add("flet-desktop", "0.82.2", full)
    again = locked(index, "flet==0.82.2", "flet-charts", "flet-video", flet={"desktop_flavor": "full"})
    assert again.lock.unavailable == {}


def test_an_extension_that_no_client_has_is_an_error(index, locked):
    """It says which, what clients have, and which strategy could; a package that only needs Flet passes."""
    extend(index, "flet-odd")
    index.add("helpers", "1.0", requires=["flet-odd"])
    index.add("themes", "1.0", requires=["flet"])
    with pytest.raises(BuilderError) as caught:
        locked(index, "flet==0.82.2", "helpers", "themes", settings=targets("web", "linux-x86_64"))
    assert caught.value.code == Exit.LOCK
    for target in ("web", "linux-x86_64"):
        assert (
            f"`{target}` can't be locked: `flet-odd` 0.82.2 has the Flutter extension `flet_odd`"
            in caught.value.message
        )
    assert "strategy `source`" in caught.value.message
    assert "flet_lottie, flet_map" in caught.value.message
    assert locked(index, "flet==0.82.2", "themes").lock.unavailable == {}


@pytest.mark.parametrize(("stated", "code"), [("", Exit.FETCH), ("0" * 64, Exit.MISMATCH)])
def test_what_is_looked_into_is_checked_first(server, stated, code):
    """A page that a server sends in a wheel's place is named by the wheel's name, as are other bytes."""
    file = "flet_odd-1.0-py3-none-any.whl"
    server.routes[f"/{file}"] = b"<html>gone</html>"
    http = Http({}.__getitem__, environ={})
    wheel = Chosen(Key("flet-odd", "1.0"), "pypi", "", file, f"{server.url}{file}", stated, None, "index")
    with pytest.raises(BuilderError, match=r"flet_odd-1\.0-py3-none-any\.whl") as caught:
        extensions.held_by(wheel, http)
    assert caught.value.code == code


def test_releases_that_cannot_be_reached_name_the_ways_out(index, serve, app):
    """A flet whose clients are wheels, and the variable of a mirror."""
    flet_1_0(index, serve)
    with pytest.raises(BuilderError) as caught:
        declared(index, app, "http://127.0.0.1:1/")
    assert caught.value.code == Exit.FETCH
    told = f"{caught.value.message} {caught.value.hint}"
    assert "0.82.2" in told and "BUILDER_MIRROR_FLET_RELEASES" in told


NOTHING = command.Wish()


def declared(index, root, releases, names=("linux-x86_64",), *, flet="", version="1.0.5", wish=NOTHING):
    """The lock of an app that requires flet 1.0.5 and declares desktops, with these releases."""
    (root / "requirements.txt").unlink(missing_ok=True)
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "app"\nversion = "1"\ndependencies = ["flet=={version}"]\n'
        f"[tool.builder]\ntargets = {list(names)}\n[tool.flet]\n{flet}\n"
    )
    environ = {"PATH": os.environ["PATH"], "HOME": str(root.parent), "UV_HTTP_RETRIES": "0"}
    environ |= {"BUILDER_MIRROR_PYPI": index.url, "BUILDER_MIRROR_FLET_RELEASES": releases}
    context = Context(root, Store(root.parent / "store"), environ, lambda line: None)
    return locking.run(context, load(root, {}, lambda line: None, environ), wish).lock


LINUX = "cp312-cp312-manylinux_2_17_x86_64"


def test_the_pyodide_distribution_has_what_the_index_has_not(index, locked):
    """The version that it has is taken for Pyodide with what that version requires; others keep the newest."""
    index.add("numpy", "2.0.2", [LINUX])
    index.add("numpy", "9.0", [LINUX])
    index.add("pandas", "2.2.3", [LINUX], requires=["numpy>=1.26", "pytz"])
    index.add("pandas", "9.0", [LINUX], requires=["numpy>=9"])
    index.add("pytz", "2024.1")
    answer = locked(index, "flet==0.82.2", "pandas", settings=targets("linux-x86_64", "web"))
    taken = {pin.name: pin for pin in answer.lock.packages if "web" in pin.targets}
    native = "cp312-cp312-pyodide_2024_0_wasm32.whl"
    assert (taken["numpy"].file, taken["pandas"].file) == (f"numpy-2.0.2-{native}", f"pandas-2.2.3-{native}")
    assert {taken[name].source for name in ("numpy", "pandas")} == {"pyodide"}
    assert (taken["numpy"].path, taken["numpy"].hash) == ("v0.27.7/full/", "table")
    assert answer.lock.sources["pyodide"].kind == "url"
    assert taken["pytz"].source == "pypi"
    assert files(answer, "numpy")[f"numpy-9.0-{LINUX}.whl"] == ("linux-x86_64",)
    assert (
        locked(index, "flet==0.82.2", "pandas", settings=targets("linux-x86_64", "web"), old=answer.lock).lock
        == answer.lock
    )


def test_the_error_says_why_the_pyodide_distribution_does_not_help(index, locked):
    """It has another version than the project asks for, or its wheel needs what builder can't put in."""
    index.add("numpy", "9.0", [LINUX])
    index.add("scipy", "1.14.1", [LINUX])
    with pytest.raises(BuilderError, match=r"none for this target; Pyodide 0.27.7 has only 2.0.2"):
        locked(index, "flet==0.82.2", "numpy>=9", settings=targets("web"))
    with pytest.raises(BuilderError, match=r"Pyodide 0.27.7 has 1.14.1, which links to `openblas`"):
        locked(index, "flet==0.82.2", "scipy", settings=targets("web"))


def test_a_package_of_an_index_of_the_projects_own_is_not_taken_from_pyodide(index, new_index, locked):
    """The same name may be another package there."""
    own = new_index()
    own.add("numpy", "2.0.2", [LINUX])
    with pytest.raises(BuilderError, match="none for this target") as caught:
        locked(index, "flet==0.82.2", "numpy", settings=targets("web"), indexes=(own.url,))
    assert "Pyodide" not in caught.value.message


def test_browsers_and_desktops_may_need_resolutions_of_their_own(index, locked):
    """A requirement of Windows and of Pyodide makes uv look at Pyodide alone, where it finds no wheel of msgpack."""
    index.add("tzdata", "2024.1")
    markers = ("sys_platform == 'win32'", "sys_platform == 'emscripten'")
    index.add("zones", "1.0", requires=[f"tzdata; {marker}" for marker in markers])
    answer = locked(index, "flet==0.82.2", "zones")
    assert files(answer, "tzdata") == {"tzdata-2024.1-py3-none-any.whl": ("apk", "web", "windows-x86_64")}
    assert "msgpack-1.1.0.tar.gz" in files(answer, "msgpack")


@pytest.mark.parametrize("line", fletline.lines())
def test_the_table_of_each_pyodide_fits_it(line):
    """Each wheel is one that this Pyodide can load, under its canonical name and version."""
    for pyodide in fletline.of(f"{line}.0").pyodide.values():
        held = distribution.of(pyodide.version)
        assert held.wheels
        supported = set(browser(pyodide).tags)
        for name, wheel in held.wheels.items():
            project, version, _, tags = parse_wheel_filename(wheel.file)
            assert (project, str(version)) == (name, wheel.version)
            assert tags & supported


# --- upgrades within [tool.builder.update] ------------------------------------------------------------------------

NOW = datetime.datetime(2026, 6, 30, tzinfo=datetime.UTC)


def bounded(index, old, table, names=(), now=NOW):
    """What `lock --upgrade` takes of that table on that day."""
    http = Http(lambda alias: index.url, environ={}, sleep=lambda seconds: None)
    update = Update.model_validate(table)
    found = bounds(update, old, names, now, lambda pin: project_files(pin.name, index.url, http))
    return {"upgrade": not names, "names": names, "bounds": found, "held": held(update, old)}


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({}, "2.0"),
        ({"allow": "minor"}, "1.9"),
        ({"allow": "patch"}, "1.2.5"),
        ({"allow": "never"}, "1.2.3"),
        ({"packages": {"addon": {"allow": "never"}}}, "1.2.3"),
        ({"allow": "patch", "packages": {"Addon": {"allow": "major"}}}, "2.0"),
        ({"packages": {"addon": {"pin": "1.2.*"}}}, "1.2.5"),
        ({"packages": {"addon": {"pin": "<1.9"}}}, "1.2.5"),
        ({"packages": {"addon": {"exclude": ["2.0.*", "1.9"]}}}, "1.2.5"),
        ({"cooldown": 30}, "1.9"),  # 2.0 was published on the day before
        ({"cooldown": 30, "packages": {"addon": {"cooldown": 0}}}, "2.0"),
        ({"packages": {"addon": {"cooldown": 30}}}, "1.9"),
    ],
    ids=str,
)
def test_an_upgrade_goes_as_far_as_the_policy_allows(new_index, locked, table, expected):
    """The rule of the package, else of all; a version that is too young waits."""
    index, settings = new_index(form="json"), targets("linux-x86_64")
    index.add("addon", "1.2.3")
    old = locked(index, "flet==0.82.2", "addon", settings=settings).lock
    index.uploaded["addon-2.0-py3-none-any.whl"] = "2026-06-29T12:00:00.123Z"
    for version in ("1.2.5", "1.9", "2.0"):
        index.add("addon", version)
    answer = locked(index, "flet==0.82.2", "addon", old=old, settings=settings, **bounded(index, old, table))
    assert versions(answer)["addon"] == expected


@pytest.mark.parametrize("names", [(), ("addon",)], ids=["all", "one"])
def test_what_is_locked_already_stays_in_reach_of_a_cooldown(new_index, locked, names):
    """A young version that somebody took by hand is not taken back; a younger one is not taken."""
    index, settings = new_index(form="json"), targets("linux-x86_64")
    index.add("addon", "1.0")
    index.uploaded = {f"addon-{major}.0-py3-none-any.whl": f"2026-06-2{major}T12:00:00.123456Z" for major in (2, 3)}
    index.add("addon", "2.0")
    old = locked(index, "flet==0.82.2", "addon", settings=settings).lock
    index.add("addon", "3.0")
    bound = bounded(index, old, {"cooldown": 30}, names)
    answer = locked(index, "flet==0.82.2", "addon", old=old, settings=settings, **bound)
    assert versions(answer)["addon"] == "2.0"


def test_without_a_word_of_upgrading_there_are_no_bounds(new_index, locked):
    """A new requirement comes in its newest version, and what was locked stays."""
    index, settings = new_index(form="json"), targets("linux-x86_64")
    index.add("addon", "1.0")
    old = locked(index, "flet==0.82.2", "addon", settings=settings).lock
    index.add("addon", "2.0")
    settings = settings.model_copy(update={"update": Update(allow="never")})
    assert versions(locked(index, "flet==0.82.2", "addon", old=old, settings=settings))["addon"] == "1.0"
    assert (
        differences(
            old.inputs, inputs_of(Project(name="a", version="1", requires=("flet==0.82.2", "addon"), settings=settings))
        )
        == ()
    )
