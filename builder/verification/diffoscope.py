"""diffoscope's own page for what differs, where it is installed: it reads more formats than builder does."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from builder import process
from builder.verification.result import Result

_LIMITS = ("--max-report-size", "12345678", "--max-diff-block-lines", "128")  # as F-Droid's rebuilders have them
_EQUAL, _DIFFERENT = 0, 1  # exit codes; another one is a fault of its own


def pages(
    report: Path, results: Sequence[Result], environ: Mapping[str, str], say: Callable[[str], None]
) -> dict[str, str]:
    """Write a page beside a report for each folder of kept files; gives folder -> name of the page."""
    found: dict[str, str] = {}
    kept = [leak.kept for result in results for leak in result.leaks if leak.kept]
    for number, folder in enumerate(dict.fromkeys(kept)):
        page = report.with_name(f"{report.stem}.diffoscope-{number + 1}.html")
        argv = ["diffoscope", *_LIMITS, "--html", str(page), str(Path(folder, "first")), str(Path(folder, "then"))]
        try:
            done = process.run(argv, env={"PATH": environ.get("PATH", ""), "LC_ALL": "C.UTF-8"})
        except FileNotFoundError:
            return {}
        if done.code in (_EQUAL, _DIFFERENT) and page.is_file():
            found[folder] = page.name
        else:
            say(f"note: diffoscope ended with {done.code}: {done.err.strip().splitlines()[-1:]}")
    return found
