"""`iterativectl comfyui logs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iterativectl.cli import comfyui as shared
from iterativectl.cli import options
from iterativectl.cli.invocation import Invocation, current
from iterativectl.errors import ExitCode, IterativeError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


@click.command(name="logs")
@options.project
@shared.port_option
@click.option(
    "-n",
    "--lines",
    default=50,
    show_default=True,
    type=click.IntRange(min=0),
    help="The last N lines.",
    metavar="N",
)
@click.option("-f", "--follow", is_flag=True, help="Go on until it ends, or Ctrl-C.")
@click.option("--previous", is_flag=True, help="The log of the start before.")
@options.json_output
@options.common
def command(project: str | None, port: int | None, lines: int, follow: bool, previous: bool) -> int:
    """What the ComfyUI that was started here wrote: the last lines, and where the file is."""
    from iterativectl.processes import logs

    invocation = current()
    if follow and (invocation.as_json or previous):
        raise UsageError(f"--follow and {'--previous' if previous else '--json'} do not go together")
    place = shared.meant(invocation, project, port, shared.last_logged)
    paths = place.local.paths
    path = paths.previous_log if previous else paths.log
    if not path.exists():
        raise IterativeError(
            f"there is no log at {path}",
            f"No {'earlier ' if previous else ''}ComfyUI was started here at {place.local.url}; "
            "one that was started otherwise keeps its own.",
        )
    end = logs.size(path)
    found = logs.tail(path, lines, end)
    if invocation.as_json:
        invocation.print_json("comfyui_logs/1", address=place.local.url, path=str(path), lines=found)
        return ExitCode.OK
    _show(invocation, path, found)
    if follow:
        _follow(invocation, place, end)
    return ExitCode.OK


def _show(invocation: Invocation, path: Path, found: list[str]) -> None:
    from iterativectl.cli.blocks import Line, clean, count

    if invocation.verbosity >= 0:
        invocation.err.show(Line(f"{path}, the last {count(len(found), 'line')}:", "quiet", whole=True))
    invocation.out.write("".join(f"{clean(line)}\n" for line in found))


def _follow(invocation: Invocation, place: shared.Meant, end: int) -> None:
    """New lines until the process ends. Ctrl-C is how a person leaves, not a failure."""
    from iterativectl.cli.blocks import Line, clean
    from iterativectl.processes import logs

    def alive() -> bool:
        return place.local.living() is not None

    try:
        for line in logs.follow(place.local.paths.log, end, alive, invocation.env.clock):
            invocation.out.write(f"{clean(line)}\n")
    except KeyboardInterrupt:
        invocation.env.deafen()
        if invocation.err.is_tty:
            invocation.err.write("\n")
        return
    if invocation.verbosity >= 0:
        invocation.err.show(Line(f"No ComfyUI that was started here runs at {place.local.url}.", "quiet"))
