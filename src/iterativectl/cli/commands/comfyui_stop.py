"""`iterativectl comfyui stop`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iterativectl.cli import comfyui as shared
from iterativectl.cli import options
from iterativectl.cli.invocation import Invocation, current

if TYPE_CHECKING:
    from iterativectl.processes.comfyui import Stopped


@click.command(name="stop")
@options.project
@shared.port_option
@shared.force_option
@options.json_output
@options.common
def command(project: str | None, port: int | None, force: bool) -> None:
    """Stop the ComfyUI that was started here. Where there is none, that is fine, too.

    A ComfyUI that somebody else started is never touched, and no process that cannot be told to be the one
    that was started. While jobs of other people wait in its queue, --force is needed.
    """
    invocation = current()
    place = shared.meant(invocation, project, port, shared.started_here)
    stopped = stop(invocation, place, force)
    if invocation.as_json:
        from iterativectl.cli.comfyui_view import stop_data

        invocation.print_json("comfyui_stop/1", address=place.local.url, **stop_data(stopped))


def stop(invocation: Invocation, place: shared.Meant, force: bool) -> Stopped:
    """Stop it and, for people, say how that went. Raises UsageError for an address of another machine."""
    from iterativectl.cli.comfyui_view import stop_line
    from iterativectl.processes import target

    target.target(place.local.url)
    stopped = place.local.stop(place.server.jobs_of_others, force=force)
    if not invocation.as_json:
        answers = stopped.outcome in ("nothing", "elsewhere") and place.local.listen().word != "nothing"
        invocation.out.show(stop_line(stopped, place.local.url, answers))
    return stopped
