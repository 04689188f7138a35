"""The verb `audit`."""

import json as text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder import project
from builder.errors import Exit
from builder.terminal.arguments import App, Offline, Verbose
from builder.terminal.begin import context_of, warn
from builder.terminal.guard import guarded, say

if TYPE_CHECKING:
    from builder.commands.audit import Held, Report


@guarded
def audit(
    target: Annotated[str, typer.Argument(help="Target or family; `all` for every one that is locked.")] = "all",
    path: App = Path(),
    osv: Annotated[
        Path | None, typer.Option(help="Advisories of the OSV schema: a JSON file, or a folder or zip of such.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Pass over this advisory; may be repeated.")
    ] = None,
    offline: Offline = False,
    json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
    verbose: Verbose = 0,
) -> None:
    """Say what is in the locked files: compiled programs, licences, flaws. Ends with 4 where the lock should change."""
    from builder.commands import audit as command

    context = context_of(path, "audit", verbose, offline=offline)
    found = project.load(context.root, {}, warn, context.environ)
    report = command.run(context, found, command.Request(target, osv, tuple(ignore or ())))
    for line in [_json(report)] if json else _lines(report):
        print(line)
    if report.bad:
        say("the lock should change: `builder lock --upgrade-package NAME` moves what is named above")
        raise typer.Exit(Exit.LOCK)


def _lines(report: "Report") -> list[str]:
    """The report for people: compiled programs, licences, findings."""
    lines = ["compiled programs"]
    for one in report.held:
        if one.binaries:
            lines.append(f"  {one.pin.file} ({_for(one)}): {_counted(one)}")
            lines += [f"    {b.kind:7} {b.size:>11}  {b.path}" for b in one.binaries]
    lines += ["licences"]
    said = {(one.facts.licence or one.facts.stated or "?", one.pin.name, one.pin.version) for one in report.held}
    lines += [f"  {name} {version}: {licence}" for licence, name, version in sorted(said, key=lambda row: row[1:])]
    lines += ["findings"] if report.findings else ["no findings"]
    return lines + [f"  {finding.kind}: {finding.what}: {finding.detail}" for finding in report.findings]


def _for(one: "Held") -> str:
    return f"tool of {', '.join(one.targets)}" if one.tool else ", ".join(one.targets)


def _counted(one: "Held") -> str:
    kinds = [binary.kind for binary in one.binaries]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted({*kinds}))


def _json(report: "Report") -> str:
    files: list[dict[str, Any]] = [
        {
            "file": one.pin.file,
            "name": one.pin.name,
            "version": one.pin.version,
            "sha256": one.pin.sha256,
            "hash": one.pin.hash,
            "targets": list(one.targets),
            "tool": one.tool,
            "read": one.read,
            "licence": one.facts.licence or None,
            "stated": one.facts.stated or None,
            "binaries": [vars(binary) for binary in one.binaries],
        }
        for one in report.held
    ]
    findings = [vars(finding) for finding in report.findings]
    return text.dumps({"targets": list(report.targets), "files": files, "findings": findings}, indent=1)
