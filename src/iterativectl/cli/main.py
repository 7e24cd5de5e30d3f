"""The command line's front door: the table of commands, and the only place that prints an error or exits.

Two lines on the terminal (what happened, what to do), everything in the project's logs/app.log. `--help`
imports click and the standard library, nothing else of the program's weight.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress

import click

from iterativectl import __version__
from iterativectl.cli import options, signals
from iterativectl.cli.env import Env
from iterativectl.cli.invocation import Invocation
from iterativectl.cli.lazy import Entry, LazyGroup
from iterativectl.errors import ExitCode, IterativeError, RunInterrupted, StorageError

PROGRAM = "iterativectl"
COMPLETION_VARIABLE = "_ITERATIVECTL_COMPLETE"
_AT = "iterativectl.cli.commands."

COMMANDS = {
    "run": Entry(_AT + "run", "Work on a project until its picture passes, or nothing is left to try."),
    "variants": Entry(_AT + "variants", "Make the picture in several ways, to see which one suits it."),
    "judge": Entry(_AT + "judge", "Judge pictures by a project's rules; none is made. For scripts and CI."),
    "calibrate": Entry(_AT + "calibrate", "Compare the judge with your own eyes, and see what to change."),
    "report": Entry(_AT + "report", "A run on one page, or its pictures and figures in a file."),
    "status": Entry(_AT + "status", "Where a project stands: the run, its best picture, what it spent."),
    "project": Entry(_AT + "project", "Make a project, or list them."),
    "rules": Entry(_AT + "rules", "Check a project's rules, and have more of them proposed."),
    "mask": Entry(_AT + "mask", "Draw a mask (which part of the picture may change), show it, list them."),
    "workflow": Entry(_AT + "workflow", "List ComfyUI workflows, see what one needs, check one."),
    "doctor": Entry(_AT + "doctor", "Look for what is missing or wrong, and say what to do."),
    "comfyui": Entry(_AT + "comfyui", "Start and stop a ComfyUI on this machine, and see how one is."),
    "viewer": Entry(_AT + "viewer", "See runs as they happen, compare pictures, rank them: in your browser."),
    "init": Entry(_AT + "init", "Make a workspace: a folder for projects, with an example."),
    "completion": Entry(
        _AT + "completion", "Print the script that lets a shell complete commands and names."
    ),
}


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"{PROGRAM} {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    name=PROGRAM,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with: iterativectl run --project example",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version."
)
@options.common
def cli() -> None:
    """Change this picture in these ways and in no others.

    A project says in written criteria what its picture must satisfy. The program makes pictures, has a model
    judge each one, learns from the verdicts, and stops with the picture that passes.
    """


def entry() -> None:
    """Where the installed command and `python -m iterativectl` start."""
    signals.listen()
    code: int = ExitCode.INTERRUPTED
    try:
        code = main(sys.argv[1:], Env.of_process(signals.deafen))
    except KeyboardInterrupt:
        signals.deafen()
    signals.hold()
    sys.exit(code)


def main(argv: Sequence[str], env: Env) -> int:
    """Run one command line in the given surroundings and return its exit code. Never raises, never exits."""
    invocation = Invocation(env)
    with invocation.cleanup, redirect_stdout(env.stdout), redirect_stderr(env.stderr):
        try:
            return _invoke(argv, invocation)
        except KeyboardInterrupt:
            env.deafen()
            return _told(invocation, RunInterrupted("Interrupted."))
        except IterativeError as error:
            if error.exit_code == ExitCode.INTERRUPTED:
                env.deafen()
            return _told(invocation, error)
        except Exception as error:  # noqa: BLE001 - the last stop: whatever arrives here is a bug, and says so
            return _bug(invocation, error)


def _invoke(argv: Sequence[str], invocation: Invocation) -> int:
    instruction = invocation.env.environ.get(COMPLETION_VARIABLE)
    if instruction:
        from click.shell_completion import shell_complete

        return shell_complete(cli, {"obj": invocation}, PROGRAM, COMPLETION_VARIABLE, instruction)
    try:
        with cli.make_context(PROGRAM, list(argv), obj=invocation) as context:
            code = cli.invoke(context)
    except click.ClickException as error:
        return _usage(invocation, error)
    except click.exceptions.Exit as request:
        return request.exit_code
    except BrokenPipeError:
        from iterativectl.cli.screen import silence

        silence(invocation.env.stdout)
        return ExitCode.OK
    return int(code) if isinstance(code, int) else ExitCode.OK


def _usage(invocation: Invocation, error: click.ClickException) -> int:
    from iterativectl.errors import UsageError

    ctx = getattr(error, "ctx", None)
    hint = f"See `{ctx.command_path} --help`." if ctx is not None else ""
    return _told(invocation, UsageError(error.format_message(), hint))


def _told(invocation: Invocation, error: IterativeError) -> int:
    """Print an error for people, and as data where JSON was asked for; the log gets all of it."""
    from iterativectl.cli.telling import error_blocks

    _log(invocation, error, "told")
    interrupted = error.exit_code == ExitCode.INTERRUPTED
    if interrupted and invocation.err.is_tty:
        invocation.err.write("\n")  # the terminal has just shown ^C
    invocation.err.show(*error_blocks(error, invocation.env.environ))
    if invocation.as_json:
        data = {"code": error.code, "message": error.message, "hint": error.hint}
        with suppress(StorageError):  # stdout itself may be what failed
            invocation.print_json("error/1", **data, exit_code=int(error.exit_code))
    return int(error.exit_code)


def _bug(invocation: Invocation, error: Exception) -> int:
    from iterativectl.cli.telling import bug_blocks

    _log(invocation, error, "bug")
    invocation.err.show(*bug_blocks(error, invocation.log, invocation.env.environ))
    return ExitCode.BUG


def _log(invocation: Invocation, error: Exception, what: str) -> None:
    """All of an error in the project's log, where a project is known."""
    if invocation.log is not None:
        from iterativectl.cli.logs import log_error

        log_error(error, what)
