"""Rules of where a source is looked for."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from builder.errors import BuilderError, Exit
from builder.lock import Origin
from builder.network.mirrors import Bases, redacted, variable

WELL_KNOWN = ("pypi", "npm", "maven", "debian")


class Machine:
    """A machine whose configuration files lie in a test's folder."""

    def __init__(self, root: Path) -> None:
        self.home, self.etc, self.prefix = root / "home", root / "etc", root / "venv"

    def write(self, path: str, text: str) -> None:
        """A configuration file: `home/…`, `etc/…` or `venv/…`."""
        place = self.home.parent / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def base(self, alias: str, settings: dict[str, str] | None = None, **environ: str) -> str:
        """Where a source is, with that environment."""
        origins = {"corp": Origin(kind="pypi", base="https://corp.invalid/simple/")}
        return Bases(settings or {}, environ, self.home, origins, self.etc, self.prefix).base(alias)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("alias", WELL_KNOWN)
def test_a_library_knows_where_a_well_known_registry_is(machine: Machine, alias: str) -> None:
    """Without any configuration there is still an https base, and it ends in a slash."""
    base = machine.base(alias)
    assert urlsplit(base).scheme == "https"
    assert urlsplit(base).hostname
    assert base.endswith("/")


@pytest.mark.parametrize("alias", [*WELL_KNOWN, "corp", "debian-snapshot", "a.b"])
def test_the_environment_wins_over_everything(machine: Machine, alias: str) -> None:
    """BUILDER_MIRROR_<ALIAS> is stronger than the settings, which are stronger than all else."""
    settings = {alias: "https://setting.invalid/x"}
    environ = {"PIP_INDEX_URL": "https://pip.invalid/", "npm_config_registry": "https://npm.invalid/"}
    assert machine.base(alias, settings, **environ) == "https://setting.invalid/x/"
    environ[variable(alias)] = "https://env.invalid/"
    assert machine.base(alias, settings, **environ) == "https://env.invalid/"


def test_the_variable_of_an_alias_is_upper_case_with_underscores() -> None:
    """`debian-snapshot` is BUILDER_MIRROR_DEBIAN_SNAPSHOT."""
    assert variable("debian-snapshot") == "BUILDER_MIRROR_DEBIAN_SNAPSHOT"


def test_another_source_lives_where_the_lock_says(machine: Machine) -> None:
    """An alias of [sources] has its base there."""
    assert machine.base("corp") == "https://corp.invalid/simple/"


def test_an_unknown_source_names_the_setting(machine: Machine) -> None:
    """An alias that nobody knows is a fetch error that names both settings."""
    with pytest.raises(BuilderError) as caught:
        machine.base("debian-snapshot")
    assert caught.value.code == Exit.FETCH
    assert "BUILDER_MIRROR_DEBIAN_SNAPSHOT" in caught.value.hint
    assert "[tool.builder.mirrors]" in caught.value.hint


PIP = "[global]\nindex-url = https://{}.invalid/simple\n"


@pytest.mark.parametrize(
    "path",
    ["venv/pip.conf", "home/.config/pip/pip.conf", "home/.pip/pip.conf", "etc/pip.conf", "etc/xdg/pip/pip.conf"],
)
def test_pip_configuration_names_the_index(machine: Machine, path: str) -> None:
    """Each of pip's files is read."""
    machine.write(path, PIP.format("mirror"))
    assert machine.base("pypi") == "https://mirror.invalid/simple/"


def test_the_stronger_pip_file_wins(machine: Machine, tmp_path: Path) -> None:
    """PIP_CONFIG_FILE, the environment's own, the user's, the machine's: in this order."""
    machine.write("etc/pip.conf", PIP.format("machine"))
    machine.write("home/xdg/pip/pip.conf", PIP.format("user"))
    xdg = str(machine.home / "xdg")
    assert machine.base("pypi") == "https://machine.invalid/simple/"
    assert machine.base("pypi", XDG_CONFIG_HOME=xdg) == "https://user.invalid/simple/"
    machine.write("venv/pip.conf", PIP.format("venv"))
    assert machine.base("pypi", XDG_CONFIG_HOME=xdg) == "https://venv.invalid/simple/"
    machine.write("named.conf", PIP.format("named"))
    assert machine.base("pypi", PIP_CONFIG_FILE=str(tmp_path / "named.conf")) == "https://named.invalid/simple/"
    assert "invalid" not in machine.base("pypi", PIP_CONFIG_FILE="/dev/null")


@pytest.mark.parametrize("section", ["[global]", "[install]"])
@pytest.mark.parametrize("key", ["index-url", "index_url"])
def test_pip_spellings(machine: Machine, section: str, key: str) -> None:
    """Both sections, both spellings, a percent sign, and other keys beside."""
    machine.write("etc/pip.conf", f"{section}\ncert = /x\n{key}: https://u:p%40@m.invalid/simple/\n")
    assert machine.base("pypi") == "https://u:p%40@m.invalid/simple/"


@pytest.mark.parametrize(
    ("environ", "host"),
    [
        ({"UV_DEFAULT_INDEX": "https://a.invalid/", "UV_INDEX_URL": "https://b.invalid/"}, "a"),
        ({"UV_DEFAULT_INDEX": "corp=https://a.invalid/"}, "a"),
        ({"UV_INDEX_URL": "https://b.invalid/", "PIP_INDEX_URL": "https://c.invalid/"}, "b"),
        ({"PIP_INDEX_URL": "https://c.invalid/"}, "c"),
        ({"UV_DEFAULT_INDEX": " ", "PIP_INDEX_URL": "https://c.invalid/"}, "c"),
    ],
)
def test_uv_then_pip_variables(machine: Machine, environ: dict[str, str], host: str) -> None:
    """uv's variables are stronger than pip's, and an empty one counts as not set."""
    machine.write("etc/pip.conf", PIP.format("file"))
    assert machine.base("pypi", **environ) == f"https://{host}.invalid/"


@pytest.mark.parametrize("path", ["home/.npmrc", "etc/npmrc"])
def test_npm_configuration_names_the_registry(machine: Machine, path: str) -> None:
    """npm's files are read, with their tokens beside and their variables in place."""
    machine.write(path, "fund=false\n//m.invalid/:_authToken=abc\nregistry=https://${WHERE}.invalid/npm\n; a comment\n")
    assert machine.base("npm", WHERE="m") == "https://m.invalid/npm/"
    assert machine.base("npm", npm_config_registry="https://e.invalid") == "https://e.invalid/"


SETTINGS = """<settings xmlns="urn:settings"><mirrors>
<mirror><id>a</id><mirrorOf>{}</mirrorOf><url>https://m.invalid/maven</url></mirror></mirrors></settings>"""


@pytest.mark.parametrize(
    ("of", "used"),
    [("central", True), ("*", True), ("external:*", True), ("x, central", True), ("*,!central", False), ("x", False)],
)
def test_maven_mirrors(machine: Machine, of: str, used: bool) -> None:
    """A mirror in settings.xml counts if it stands for central."""
    machine.write("home/.m2/settings.xml", SETTINGS.format(of))
    assert (machine.base("maven") == "https://m.invalid/maven/") == used


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("deb http://m.invalid/debian bookworm main", True),
        ("deb [arch=amd64 signed-by=/x] http://m.invalid/debian/ bookworm main # x", True),
        ("# deb http://m.invalid/debian bookworm main", False),
        ("deb-src http://m.invalid/debian bookworm main", False),
        ("deb http://m.invalid/debian bookworm-updates main", False),
        ("deb http://m.invalid/debian-security bookworm-security main", False),
        ("deb file:/srv/debian bookworm main", False),
    ],
)
def test_apt_lines(machine: Machine, text: str, used: bool) -> None:
    """apt's one-line entries count if they name a Debian archive whose files stay."""
    machine.write("etc/apt/sources.list", text + "\n")
    assert (machine.base("debian") == "http://m.invalid/debian/") == used


@pytest.mark.parametrize(
    ("change", "used"),
    [
        ({}, True),
        ({"Types": "deb-src"}, False),
        ({"Enabled": "no"}, False),
        ({"Suites": "bookworm-updates bookworm-security"}, False),
        ({"URIs": "http://m.invalid/ubuntu"}, False),
    ],
)
def test_apt_stanzas(machine: Machine, change: dict[str, str], used: bool) -> None:
    """So do those in deb822 style, comments and a second stanza beside."""
    fields = {"Types": "deb", "URIs": "http://m.invalid/debian", "Suites": "bookworm bookworm-updates"} | change
    stanza = "".join(f"{key}: {value}\n# comment\n" for key, value in fields.items())
    other = "Types: deb\nURIs: http://s.invalid/debian-security\nSuites: bookworm-security\n"
    machine.write("etc/apt/sources.list.d/debian.sources", f"{other}\n{stanza}")
    assert (machine.base("debian") == "http://m.invalid/debian/") == used


@pytest.mark.parametrize(
    "value",
    [
        "ftp://u:canary@h/",
        "u:canary@h/simple",
        "https://u:can/ary@h/",
        "https://u:canary@/",
        "https://u:canary@h:port/",
        "https://h/?token=canary",
        "https://u:canary@h/a b",
        "canary",
    ],
)
def test_what_is_no_url_is_refused_and_not_shown(machine: Machine, value: str) -> None:
    """The error names the setting, and shows nothing of a value that may hold a password."""
    with pytest.raises(BuilderError) as caught:
        machine.base("pypi", BUILDER_MIRROR_PYPI=value)
    assert "BUILDER_MIRROR_PYPI" in caught.value.message
    assert "can" not in (caught.value.message + caught.value.hint).replace("can't", "")


@pytest.mark.parametrize(
    ("alias", "path", "text"),
    [
        ("pypi", "etc/pip.conf", "index-url = canary\n"),
        ("maven", "home/.m2/settings.xml", "<settings><password>canary</settings>"),
    ],
)
def test_a_broken_file_is_named_and_not_quoted(machine: Machine, alias: str, path: str, text: str) -> None:
    """A configuration file that can't be parsed is an error that names it and shows nothing of it."""
    machine.write(path, text)
    with pytest.raises(BuilderError) as caught:
        machine.base(alias)
    assert path in caught.value.message
    assert "canary" not in str(caught.value.message) + caught.value.hint


@pytest.mark.parametrize(
    "url", ["https://u:p@h/x", "https://u:p@@h/x", "https://p@h/x", "https://h/x?sig=p", "https://u:p@h/x#y"]
)
def test_redacted_urls_hold_no_secret(url: str) -> None:
    """User, password, query and fragment are gone."""
    assert redacted(url) == "https://h/x"
