"""The command line: parses, calls one command, prints. stdout carries results only; talk goes to stderr."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from builder import noop, project
from builder.backends import AUTO
from builder.commands import Context
from builder.errors import BuilderError, Exit
from builder.fletkeys.options import from_options
from builder.store import Store
from builder.terminal import log, talk
from builder.terminal.flags import with_flet_options
from builder.terminal.guard import guarded, say
from builder.terminal.progress import Progress, silent

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Reproducible, offline builds of Flet apps from a lock of every outside byte.",
)

App = Annotated[Path, typer.Argument(help="Folder of the app.", show_default="this folder")]
Verbose = Annotated[int, typer.Option("-v", count=True, help="Show every command; -vv its output too.")]
Offline = Annotated[bool, typer.Option("--offline", help="Open no connection.")]
Backend = Annotated[
    str, typer.Option(help="Where steps run: `bwrap`, `nix`; `auto` is bwrap where it works, else nix.")
]


def run(argv: Sequence[str]) -> int:
    """The exit code of a command line."""
    try:
        app(list(argv), prog_name="builder")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else Exit.USAGE
    return Exit.OK


@app.command()
@guarded
def init(
    path: App = Path(),
    name: Annotated[str | None, typer.Option(help="Name of a new app.", show_default="the folder's")] = None,
    nix: Annotated[bool, typer.Option("--nix", help="Write a flake too: plain `nix build` then builds it.")] = False,
    verbose: Verbose = 0,
) -> None:
    """Make a new app, or adopt the one in PATH: [tool.builder] and the folder for committed plans."""
    from builder.commands import init as command

    command.run(_context(path, "init", verbose).root, name=name, nix=nix, say=say)


@app.command()
@guarded
def lock(
    path: App = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Only say, offline, whether the lock fits the project.")
    ] = False,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Take the newest versions that the project allows.")
    ] = False,
    upgrade_package: Annotated[
        list[str] | None, typer.Option(help="Upgrade this package only; may be repeated.")
    ] = None,
    exclude_newer: Annotated[str, typer.Option(help="Take nothing that was published after this instant.")] = "",
    verbose: Verbose = 0,
) -> None:
    """Pin every outside byte in builder.lock, and write the committed plans where builder.plan/ is."""
    from builder.commands import check as checking

    context = _context(path, "lock", verbose)
    found = project.load(context.root, {}, _warn, context.environ)
    if check:
        checking.run(context.root, found)
        return
    from builder.commands import lock as command
    from builder.commands import locking

    locking.run(context, found, command.Wish(upgrade, tuple(upgrade_package or ()), exclude_newer))


@app.command()
@guarded
def fetch(
    path: App = Path(),
    target: Annotated[
        list[str] | None, typer.Option("--target", "-t", help="Only this target; may be repeated.")
    ] = None,
    nix: Annotated[bool, typer.Option("--nix", help="Put them into the Nix store as well.")] = False,
    verbose: Verbose = 0,
) -> None:
    """Fetch every pin and make the toolchain, so that builds need no network."""
    from builder.commands import fetch as command

    context = _context(path, "fetch", verbose)
    found = project.load(context.root, {}, _warn, context.environ)
    with talk.bar(sys.stderr) as progress:
        files, size = command.run(_with(context, progress), found, tuple(target or ()), nix=nix)
    say(f"the store holds {files} files, {size / 1e6:.1f} MB, all as locked")
    if nix:
        say("the Nix store holds those of the targets, and the toolchain that the others make")


@app.command()
@guarded
@with_flet_options("web")
def build(
    target: Annotated[str, typer.Argument(help="What to build, such as `web`.")],
    path: App = Path(),
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for the artifact.")] = None,
    backend: Backend = AUTO,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Run the committed plan, and only what is committed.")
    ] = False,
    offline: Offline = False,
    record: Annotated[
        bool, typer.Option("--record", help="Write the digest that this app is expected to have.")
    ] = False,
    keep_failed: Annotated[bool, typer.Option("--keep-failed", help="Keep the folder of a step that fails.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print target, path, digest, key and backend as JSON.")] = False,
    verbose: Verbose = 0,
    **options: Any,
) -> None:
    """Build TARGET in a sandbox without network; prints the artifact's path."""
    from builder.commands import build as command
    from builder.commands import deliver

    context = _context(path, "build", verbose, offline=offline)
    given = from_options(options)
    found = project.load(context.root, given, _warn, context.environ)
    frozen = _frozen(context, frozen, given)
    request = command.Request(target, backend, frozen, output and output.absolute(), given, keep_failed)
    with talk.bar(sys.stderr) as progress:
        outcome = command.run(_with(context, progress), found, request)
    if record:
        deliver.record(context.root, target, outcome.digest)
    elif outcome.expected and not given:
        same = "equals" if outcome.expected == outcome.digest else f"DIFFERS from {outcome.expected},"
        say(f"digest {outcome.digest} {same} the one committed with the app")
    stdout = f"{outcome.json() if json else outcome.path}\n"
    sys.stdout.write(stdout)
    if not verbose and not found.variables:  # what a variable says can't be known without reading the project
        command.remember(context, outcome, noop.name(sys.argv[1:], str(Path.cwd()), os.environ), {"stdout": stdout})


@app.command()
@guarded
@with_flet_options("web")
def plan(
    target: Annotated[str, typer.Argument(help="What to plan, such as `web`.")],
    path: App = Path(),
    verbose: Verbose = 0,
    **options: Any,
) -> None:
    """Print the plan of TARGET as JSON: its steps, their inputs and texts; runs nothing."""
    from builder import lockfile, planning
    from builder import plan as plans

    context = _context(path, "plan", verbose)
    given = from_options(options)
    found = project.load(context.root, given, _warn, context.environ)
    sys.stdout.write(plans.dump(planning.plan_of(found, lockfile.load(context.root), target)).decode())


@app.command()
@guarded
def tree(
    path: App = Path(),
    target: Annotated[str | None, typer.Option("--target", "-t", help="Only this target.")] = None,
    verbose: Verbose = 0,
) -> None:
    """Show what the lock holds for each target."""
    from builder import lockfile
    from builder.commands import tree as command

    context = _context(path, "tree", verbose)
    for line in command.run(lockfile.load(context.root), target or ""):
        print(line)


@app.command(name="run")
@guarded
def run_command(
    target: Annotated[str, typer.Argument(help="What to run: `web`.")],
    path: App = Path(),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 8000,
    offline: Offline = False,
    verbose: Verbose = 0,
) -> None:
    """Build TARGET and run it: `web` is served on 127.0.0.1 until Ctrl-C."""
    from builder.commands import build as command
    from builder.commands import run as serving

    context = _context(path, "run", verbose, offline=offline)
    if target != "web":
        raise BuilderError(
            f"`{target}` can't be run here",
            hint="run `builder build` for it; `builder run web` serves a site",
            code=Exit.USAGE,
        )
    found = project.load(context.root, {}, _warn, context.environ)
    with talk.bar(sys.stderr) as progress:
        request = command.Request(target, AUTO, _frozen(context, False, {}), None, {})
        outcome = command.run(_with(context, progress), found, request)
    try:
        server = serving.server(outcome.path, port)
    except OSError as error:
        raise BuilderError(
            f"port {port} can't be used: {error.strerror}", hint="choose another with --port", code=Exit.USAGE
        ) from error
    print(serving.address(server, outcome.path), flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt as error:
        say(f"no longer served; the site stays in {outcome.path}")
        raise typer.Exit(Exit.INTERRUPTED) from error


@app.command()
@guarded
def shell(
    step: Annotated[str, typer.Argument(help="TARGET/STEP, such as `web/app`; `builder plan` names the steps.")],
    path: App = Path(),
    backend: Backend = AUTO,
    offline: Offline = False,
    verbose: Verbose = 0,
) -> None:
    """Open a shell in the sandbox of a step, with its inputs in place."""
    from builder.commands import shell as command

    context = _context(path, "shell", verbose, offline=offline)
    found = project.load(context.root, {}, _warn, context.environ)
    with talk.bar(sys.stderr) as progress:
        opened = command.prepare(_with(context, progress), found, step, backend)
    with opened as code:
        raise typer.Exit(code())


@app.command()
@guarded
def doctor(path: App = Path(), verbose: Verbose = 0) -> None:
    """Say what works on this machine, what does not, and the mend."""
    from builder.commands import doctor as command

    findings = command.run(_context(path, "doctor", verbose))
    for finding in findings:
        print(f"{'ok     ' if finding.works else 'FAILS  '}{finding.what}: {finding.detail}")
        if not finding.works:
            print(f"       mend: {finding.mend}")
    if not any(finding.works for finding in findings if finding.what.startswith("backend ")):
        raise typer.Exit(Exit.SANDBOX)


def _context(path: Path, command: str, verbose: int, *, offline: bool = False) -> Context:
    try:
        root, store = path.absolute(), Store(noop.store_root(os.environ))
    except FileNotFoundError as error:
        raise BuilderError(
            "this folder is gone", hint="change to one that is there, and run the command again", code=Exit.USAGE
        ) from error
    log.start(store.log(f"{command}.log"), verbose, sys.stderr)
    return Context(root=root, store=store, environ=dict(os.environ), say=say, offline=offline)


def _with(context: Context, progress: Progress | None) -> Context:
    return replace(context, progress=progress or silent)


def _frozen(context: Context, asked: bool, given: Mapping[str, object]) -> bool:
    """--frozen, or CI=true where the app commits its plans; options make another plan than the committed one."""
    if asked and given:
        raise BuilderError(
            f"--frozen runs the committed plan, which {', '.join(f'`{key}`' for key in given)} can't change",
            hint="write it into [tool.flet], run `builder lock` and commit, or leave --frozen out",
            code=Exit.USAGE,
        )
    in_ci = context.environ.get("CI", "").lower() in ("1", "true")
    return asked or (in_ci and not given and (context.root / "builder.plan").is_dir())


def _warn(line: str) -> None:
    say(f"warning: {line}")
