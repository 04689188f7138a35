"""What was found as one HTML page that refers to nothing else, for people and for keeping."""

from collections.abc import Mapping, Sequence

from builder.templates import render
from builder.verification.result import Result


def page(results: Sequence[Result], beside: Mapping[str, str]) -> str:
    """The page; `beside` gives the name of diffoscope's page for a folder of kept files."""
    equal = all(result.equal for result in results)
    return render("verify/report.html", results=results, equal=equal, beside=beside)
