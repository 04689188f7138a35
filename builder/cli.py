"""The command line: parses, calls one command, prints. stdout carries results only; talk goes to stderr."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from builder import noop, project
from builder.backends import AUTO
from builder.errors import Exit
from builder.fletkeys.options import from_options
from builder.terminal import talk
from builder.terminal.arguments import App, Backend, Offline, Verbose
from builder.terminal.begin import context_of, is_frozen, prompt, showing, warn
from builder.terminal.flags import with_flet_options
from builder.terminal.guard import guarded, say

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Reproducible, offline builds of Flet apps from a lock of every outside byte.",
)


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

    command.run(context_of(path, "init", verbose).root, name=name, nix=nix, say=say)


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

    context = context_of(path, "lock", verbose)
    found = project.load(context.root, {}, warn, context.environ)
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

    context = context_of(path, "fetch", verbose)
    found = project.load(context.root, {}, warn, context.environ)
    with talk.bar(sys.stderr) as progress:
        files, size = command.run(showing(context, progress), found, tuple(target or ()), nix=nix)
    say(f"the store holds {files} files, {size / 1e6:.1f} MB, all as locked")
    if nix:
        say("the Nix store holds those of the targets, and the toolchain that the others make")


@app.command()
@guarded
@with_flet_options("android", "linux", "web")
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
    debug: Annotated[bool, typer.Option("--debug", help="Sign an APK with your debug key, to try it.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print target, path, digest, key and backend as JSON.")] = False,
    verbose: Verbose = 0,
    **options: Any,
) -> None:
    """Build TARGET in a sandbox without network; prints the artifact's path."""
    from builder.commands import build as command
    from builder.commands import deliver, sign

    context = context_of(path, "build", verbose, offline=offline)
    given = from_options(options)
    found = project.load(context.root, given, warn, context.environ)
    frozen = is_frozen(context, frozen, given)
    request = command.Request(target, backend, frozen, output and output.absolute(), given, keep_failed)
    with talk.bar(sys.stderr) as progress:
        outcome = command.run(showing(context, progress), found, request)
    if record:
        deliver.record(context.root, target, outcome.digest)
    elif outcome.expected and not given:
        same = "equals" if outcome.expected == outcome.digest else f"DIFFERS from {outcome.expected},"
        say(f"digest {outcome.digest} {same} the one committed with the app")
    signed = sign.beside(context, found, outcome.path, debug=debug, ask=prompt())
    place = signed.path if signed else None
    stdout = f"{outcome.json(place) if json else outcome.path}\n" + (f"{place}\n" if place and not json else "")
    sys.stdout.write(stdout)
    # What a variable says can't be known without reading the project; a signature is made anew.
    if not verbose and not found.variables and not signed:
        command.remember(context, outcome, noop.name(sys.argv[1:], str(Path.cwd()), os.environ), {"stdout": stdout})


@app.command()
@guarded
@with_flet_options("android", "linux", "web")
def plan(
    target: Annotated[str, typer.Argument(help="What to plan, such as `web`.")],
    path: App = Path(),
    verbose: Verbose = 0,
    **options: Any,
) -> None:
    """Print the plan of TARGET as JSON: its steps, their inputs and texts; runs nothing."""
    from builder import lockfile, planning
    from builder import plan as plans

    context = context_of(path, "plan", verbose)
    given = from_options(options)
    found = project.load(context.root, given, warn, context.environ)
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

    context = context_of(path, "tree", verbose)
    for line in command.run(lockfile.load(context.root), target or ""):
        print(line)


@app.command(name="run")
@guarded
def run_command(
    target: Annotated[str, typer.Argument(help="What to run: `web` or `apk`.")],
    path: App = Path(),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 8000,
    device: Annotated[str, typer.Option(help="Serial number of the device for `apk`, as `adb devices` shows it.")] = "",
    offline: Offline = False,
    verbose: Verbose = 0,
) -> None:
    """Build TARGET and run it: `web` is served on 127.0.0.1, `apk` started by adb, until Ctrl-C."""
    from builder.commands import build as command
    from builder.commands import run as running

    context = context_of(path, "run", verbose, offline=offline)
    running.check(target)
    found = project.load(context.root, {}, warn, context.environ)
    with talk.bar(sys.stderr) as progress:
        request = command.Request(target, AUTO, is_frozen(context, False, {}), None, {})
        outcome = command.run(showing(context, progress), found, request)
    if target == running.APK:
        raise typer.Exit(running.on_device(context, found, outcome.path, device))
    server = running.server(outcome.path, port)
    print(running.address(server, outcome.path), flush=True)
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

    context = context_of(path, "shell", verbose, offline=offline)
    found = project.load(context.root, {}, warn, context.environ)
    with talk.bar(sys.stderr) as progress:
        opened = command.prepare(showing(context, progress), found, step, backend)
    with opened as code:
        raise typer.Exit(code())


@app.command()
@guarded
def sign(
    file: Annotated[Path, typer.Argument(help="The unsigned APK.")],
    path: App = Path(),
    out: Annotated[Path | None, typer.Option(help="The signed APK.", show_default="without `-unsigned`")] = None,
    key_store: Annotated[Path | None, typer.Option(help="PKCS#12, JKS or PEM file with the key.")] = None,
    key_alias: Annotated[str, typer.Option(help="Name of the key in it.", show_default="upload")] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="Its first line opens the key store, its second the key.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Sign with your debug key, made when first used.")] = False,
    copy_from: Annotated[Path | None, typer.Option(help="Put the signature of this published APK on FILE.")] = None,
    fingerprint: Annotated[str, typer.Option(help="The sha256 that the certificate must have.")] = "",
    verbose: Verbose = 0,
) -> None:
    """Sign an APK; prints the signed one's path.

    PATH is the app whose [tool.flet.android.signing] counts.
    """
    from builder.commands import sign as command

    context = context_of(path, "sign", verbose)
    request = command.Request(file, out, key_store, key_alias, password_file, debug, copy_from, fingerprint)
    known = request.complete or not (context.root / project.PYPROJECT).exists()
    found = None if known else project.load(context.root, {}, warn, context.environ)
    print(command.run(context, command.completed(context, found, request), prompt()).path)


@app.command()
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
