"""`iterativectl comfyui status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iterativectl.cli import comfyui as shared
from iterativectl.cli import options
from iterativectl.cli.invocation import Invocation, current
from iterativectl.errors import ExitCode, IterativeError

if TYPE_CHECKING:
    from iterativectl.cli.comfyui_view import View


@click.command(name="status")
@options.project
@shared.port_option
@options.json_output
@options.common
def command(project: str | None, port: int | None) -> int:
    """Whether a ComfyUI answers, whose it is, and what it does: version, memory, queue, models.

    Works for a server on another machine, too. Exit code 4 when no ComfyUI answers.
    """
    from iterativectl.cli import comfyui_view

    invocation = current()
    view = _look(invocation, shared.meant(invocation, project, port, shared.started_here))
    if invocation.as_json:
        invocation.print_json("comfyui_status/1", **comfyui_view.data(view))
    else:
        invocation.out.show(*comfyui_view.blocks(view))
    return ExitCode.OK if view.server is not None else ExitCode.PAUSED


def _look(invocation: Invocation, place: shared.Meant) -> View:
    """What is written down, what the system says of it, what answers."""
    from iterativectl.cli.comfyui_view import View
    from iterativectl.processes import record, state, target

    now = invocation.env.clock.now()
    heard = place.local.listen()
    here = target.is_here(place.local.url)
    recorded = place.local.recorded() if here else None
    standing = record.standing(recorded) if recorded else None
    word = state.state_of(heard, recorded, standing, now) if here else state.state_elsewhere(heard)
    notes = state.in_words(word, heard, recorded, standing)
    server = None
    if heard.word == "wanted":
        try:
            server = place.server.status()
        except IterativeError as error:
            notes.append(f"It does not tell about itself: {error.message}")
    elif word == "stopped" and here:
        notes.append(f"`iterativectl comfyui start{place.options}` starts it.")
    return View(
        url=place.local.url,
        state=word,
        record=recorded if standing == "alive" else None,
        log=str(place.local.paths.log),
        server=server,
        notes=tuple(notes),
        now=now,
    )
