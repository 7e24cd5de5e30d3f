"""`iterativectl comfyui start`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iterativectl.cli import comfyui as shared
from iterativectl.cli import options
from iterativectl.cli.invocation import Invocation, current
from iterativectl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from iterativectl.processes.comfyui import Started, Stopped
    from iterativectl.processes.launch import Launch


@click.command(name="start")
@options.project
@shared.port_option
@click.option("--path", metavar="DIR", help="ComfyUI's folder. Else comfyui.path, COMFYUI_PATH, comfy-cli's.")
@click.option(
    "--python", metavar="FILE", help="The Python to run it with. Else comfyui.python, its own .venv."
)
@shared.wait_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGUMENTS]")
@options.json_output
@options.common
def command(
    project: str | None,
    port: int | None,
    path: str | None,
    python: str | None,
    wait: float,
    arguments: tuple[str, ...],
) -> int:
    """Start a local ComfyUI and wait until it answers. It runs on when this program ends.

    Where there is one already, nothing is started. What follows `--` goes to ComfyUI, after comfyui.args of
    AIGen.yaml, for instance `-- --cpu`. Exit code 4: it does not answer yet, and goes on starting.
    """
    if arguments and not arguments[0].startswith("-"):
        raise UsageError(
            f"what is '{arguments[0]}'?", "Arguments for ComfyUI follow `--` and begin with a dash."
        )
    invocation = current()
    place = shared.meant(invocation, project, port)
    started = place.local.start(lambda: _launch(invocation, place, path, python, arguments))
    if arguments and started.outcome != "started":
        _note(invocation, "it was not started now: the arguments were not used")
    return finish(invocation, place, started, wait)


def finish(
    invocation: Invocation,
    place: shared.Meant,
    started: Started,
    wait: float,
    stopped: Stopped | None = None,
) -> int:
    """Wait for the answer where there is none yet, and say how it stands. `stopped`: the one before it."""
    from iterativectl.cli import comfyui_view as view

    answers, seconds = True, 0.0
    if started.record is not None and started.outcome != "running":
        answers, seconds = shared.wait_for(invocation, place, started.record, wait)
    if invocation.as_json:
        log = str(place.local.paths.log)
        body = view.start_data(started.record, started.outcome, log, answers, seconds)
        if stopped is None:
            invocation.print_json("comfyui_start/1", address=place.local.url, **body)
        else:
            both = {"stopped": view.stop_data(stopped), "started": body}
            invocation.print_json("comfyui_restart/1", address=place.local.url, **both)
    else:
        _as_text(invocation, place, started, answers, seconds)
    return ExitCode.OK if answers else ExitCode.PAUSED


def _launch(
    invocation: Invocation,
    place: shared.Meant,
    path: str | None,
    python: str | None,
    arguments: tuple[str, ...],
) -> Launch:
    """What to start, by the options, the project's settings, and what is found. Raises UsageError."""
    from iterativectl.processes import comfyui, installation, target
    from iterativectl.processes.installation import Named

    cwd, environ, settings = invocation.env.cwd, invocation.env.environ, place.settings
    at = target.target(place.local.url)
    named = [
        Named(path=path, by="--path", base=cwd) if path else None,
        Named(path=settings.path, by="comfyui.path in AIGen.yaml", base=place.base)
        if settings.path
        else None,
    ]
    pythons = [
        Named(path=python, by="--python", base=cwd) if python else None,
        Named(path=settings.python, by="comfyui.python in AIGen.yaml", base=place.base)
        if settings.python
        else None,
    ]
    found = installation.find(named, environ, cwd)
    runs_it = installation.python_for(found, next(filter(None, pythons), None), environ)
    if invocation.verbosity > 0:
        version = f"ComfyUI {found.version}".strip()
        _note(invocation, f"{version} in {found.root} ({found.by}), Python {runs_it.path} ({runs_it.by})")
    if not at.listen.startswith("127.") and at.listen != "::1":
        _note(invocation, f"it listens at {at.listen}: other machines reach it there, and it has no login")
    return comfyui.plan(found, runs_it, at, (*settings.args, *arguments), environ)


def _note(invocation: Invocation, text: str) -> None:
    from iterativectl.cli.blocks import Line

    if invocation.verbosity >= 0:
        invocation.err.show(Line(f"Note: {text}", "unsure"))


def _as_text(
    invocation: Invocation, place: shared.Meant, started: Started, answers: bool, seconds: float
) -> None:
    from iterativectl.cli.blocks import Line
    from iterativectl.cli.comfyui_view import since
    from iterativectl.cli.live import duration

    url, record = place.local.url, started.record
    if record is None:
        text = f"Already there: a ComfyUI that was not started from here answers at {url}."
        invocation.out.show(Line(text, "good"))
    elif started.outcome == "running":
        ago = since(record.started_at, invocation.env.clock.now())
        invocation.out.show(
            Line(f"Already there: ComfyUI at {url}, started {ago} (pid {record.pid}).", "good")
        )
    elif answers:
        invocation.out.show(
            Line(f"ComfyUI answers at {url} after {duration(seconds)} (pid {record.pid}).", "good"),
            Line(f"`iterativectl comfyui stop{place.options}` stops it.", "quiet", 1),
        )
    else:
        invocation.out.show(
            Line(f"ComfyUI is still starting after {duration(seconds)} (pid {record.pid}).", "unsure"),
            Line(f"`iterativectl comfyui start{place.options}` goes on waiting for it.", indent=1),
        )
