"""Compiles Java for Android: `dex.py PACKAGE API RUNTIME COMPILER DEXER` gives out/classes.dex.

Every in/*.java is compiled, named by its class: `android.webkit.WebView.java`. The classes of PACKAGE and below go into
classes.dex; all others only stand for what a device has (there is no android.jar). API is the lowest level of Android
that has to run it; RUNTIME (a wheel), COMPILER (ecj) and DEXER (dx) are names below in/.
"""

import sys
from pathlib import Path

import archive
import java
import wheel

_SOURCES, _CLASSES, _DEXED, _HOME = (Path(name) for name in ("sources", "classes", "dexed", "runtime"))
_COMPILER = "org.eclipse.jdt.internal.compiler.batch.Main"
_DEXER = "com.android.dx.command.Main"


def main(package: str, api: str, runtime: str, compiler: str, dexer: str) -> None:
    """Lay out, compile, keep the package's own classes, dex."""
    below = Path(*package.split("."))
    try:
        java.unpack(Path("in", runtime), _HOME)
        names = lay_out(Path("in"), _SOURCES)
        compile_classes(Path("in", compiler), names)
        if not (_CLASSES / below).is_dir():
            sys.exit(f"error: no class of the package {package} is among the sources")
        (_DEXED / below).parent.mkdir(parents=True)
        (_CLASSES / below).rename(_DEXED / below)
        made = [f"--min-sdk-version={api}", "--output=out/classes.dex", str(_DEXED)]
        java.run(_HOME, Path("in", dexer), _DEXER, ["--dex", *made])
    except (java.Failed, wheel.Invalid, archive.Refused) as error:
        said = str(error).strip()
        print(said, file=sys.stderr)
        sys.exit(f"error: {last(said)}")


def lay_out(given: Path, place: Path) -> list[str]:
    """Put each source where its package wants it; the new paths, sorted."""
    found = []
    for file in sorted(given.glob("*.java")):
        path = place.joinpath(*file.name.removesuffix(".java").split(".")).with_suffix(".java")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.read_bytes())
        found.append(str(path))
    return sorted(found)


def compile_classes(compiler: Path, names: list[str]) -> None:
    """Compile sources as Java 8, the newest that the dexer reads, with line numbers for a crash's trace."""
    level = ["-source", "1.8", "-target", "1.8", "-encoding", "UTF-8"]
    quiet = ["-nowarn", "-proc:none", "-g:lines,source"]
    java.run(_HOME, compiler, _COMPILER, [*level, *quiet, "-d", str(_CLASSES), *names])


def last(said: str) -> str:
    """What a compiler wrote, in the one line that a failed step is told by: its first error."""
    lines = said.splitlines()
    for number, line in enumerate(lines):
        if ". ERROR in " in line:
            place = line.partition(". ERROR in ")[2]
            what = next((text for text in lines[number + 1 :] if text and text[0] not in "\t -^"), "")
            return f"{place}: {what}"
    return lines[-1] if lines else "the program said nothing"


if __name__ == "__main__":
    main(*sys.argv[1:])
