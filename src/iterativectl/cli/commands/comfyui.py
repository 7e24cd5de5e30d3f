"""`iterativectl comfyui ...`."""

from __future__ import annotations

import click

from iterativectl.cli.lazy import Entry, LazyGroup

_AT = "iterativectl.cli.commands.comfyui_"

COMMANDS = {
    "start": Entry(_AT + "start", "Start a local ComfyUI and wait until it answers."),
    "stop": Entry(_AT + "stop", "Stop the ComfyUI that was started here, and no other."),
    "restart": Entry(_AT + "restart", "Stop it, and start it as it was started."),
    "status": Entry(_AT + "status", "Whether a ComfyUI answers: version, memory, queue, models."),
    "logs": Entry(_AT + "logs", "What the ComfyUI that was started here wrote."),
}


@click.group(name="comfyui", cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """A ComfyUI on this machine: start it, look after it, stop it. `status` works for any ComfyUI.

    It runs on when this program ends. Only what was started here, and can still be told to be that process,
    is ever stopped.
    """
