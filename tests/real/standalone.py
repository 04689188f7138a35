"""A real CPython packed as python-build-standalone packs it (its `install_only_stripped` archives), and its table."""

import hashlib
import io
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pbs_installer import _versions
from pbs_installer._utils import PythonVersion
from pytest import MonkeyPatch

from builder.resolver.runtimes import ORIGINS, STANDALONE

TAG = "20990101"
FILE = f"cpython-3.12.1+{TAG}-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"
PATH = f"/{TAG}/{FILE}"  # below the source's base; builder asks for `+` as it is
_JAR = "org/bytedeco/cpython/linux-x86_64/"
_MOVED = {
    "libpython3.12.so.1.0": "lib/libpython3.12.so.1.0",
    "libffi.so.7": "lib/python3.12/lib-dynload/libffi.so.7",  # python-build-standalone links it in
}
_LINKS = {
    "bin/python": "python3.12",
    "bin/python3": "python3.12",
    "lib/libpython3.12.so": "libpython3.12.so.1.0",
    "share/man/man1/python3.1": "python3.12.1",
    "share/terminfo/x/xterm-debian": "../x/xterm",
}
# What lies beside: never to be in an app. Some file systems hold only one of each pair of terminals.
_BESIDE = (
    "include/python3.12/Python.h",
    "lib/libpython3.so",
    "lib/itcl4.2.4/itcl.tcl",
    "lib/pkgconfig/python-3.12.pc",
    "lib/tk8.6/tk.tcl",
    "share/man/man1/python3.12.1",
    "share/terminfo/E/Eterm",
    "share/terminfo/e/eterm",
    "share/terminfo/x/xterm",
)


@dataclass(frozen=True)
class Table:
    """One CPython in the table of pbs-installer."""

    data: bytes

    @property
    def sha256(self) -> str:
        """What the table states."""
        return hashlib.sha256(self.data).hexdigest()

    def put(self, monkeypatch: MonkeyPatch) -> None:
        """Make it all that the table holds."""
        url = f"{ORIGINS[STANDALONE].base}{TAG}/{FILE.replace('+', '%2B')}"
        row = {("linux", "x86_64", True): (url, self.sha256)}
        monkeypatch.setattr(_versions, "PYTHON_VERSIONS", {PythonVersion("cpython", 3, 12, 1): row})


def packed(jar: Path) -> Table:
    """The interpreter of a bytedeco jar for Linux in that form: modes, symlinks, a hard link, folders as members."""
    files: dict[str, bytes] = dict.fromkeys(_BESIDE, b"beside")
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            own = name.removeprefix(_JAR)
            if own != name and not own.endswith("/") and own.startswith(("bin/", "lib/python3.12/", *_MOVED)):
                files[_MOVED.get(own, own)] = archive.read(name)
    for link in _LINKS:
        files.pop(link, None)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz", compresslevel=1) as tar:
        folders = {str(parent) for name in (*files, *_LINKS) for parent in Path(name).parents}
        for folder in sorted(folders):
            tar.addfile(_member(f"python/{folder}".removesuffix("/."), tarfile.DIRTYPE, 0o755))
        for name, content in sorted(files.items()):
            member = _member(f"python/{name}", tarfile.REGTYPE, 0o755 if name.startswith("bin/") else 0o644)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, target in sorted(_LINKS.items()):
            link = _member(f"python/{name}", tarfile.SYMTYPE, 0o777)
            link.linkname = target
            tar.addfile(link)
        hard = _member("python/share/terminfo/x/xterm-old", tarfile.LNKTYPE, 0o644)
        hard.linkname = "python/share/terminfo/x/xterm"
        tar.addfile(hard)
    return Table(data.getvalue())


def _member(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.uid, member.uname = kind, mode, 1001, "runner"
    member.mtime = 1_700_000_000
    return member
