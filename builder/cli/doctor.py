"""The verb `doctor`."""

from pathlib import Path

import typer

from builder.errors import Exit
from builder.terminal.arguments import App, Verbose
from builder.terminal.begin import context_of
from builder.terminal.guard import guarded


@guarded
def doctor(path: App = Path(), verbose: Verbose = 0) -> None:
    """Say what works on this machine, what does not, and the mend."""
    from builder.commands import doctor as command

    findings = command.run(context_of(path, "doctor", verbose))
    for finding in findings:
        print(f"{'ok     ' if finding.works else 'FAILS  '}{finding.what}: {finding.detail}")
        if not finding.works:
            print(f"       mend: {finding.mend}")
    if not any(finding.works for finding in findings if finding.what.startswith("backend ")):
        raise typer.Exit(Exit.SANDBOX)
