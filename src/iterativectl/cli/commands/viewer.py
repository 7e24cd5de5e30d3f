"""`iterativectl viewer ...`."""

from __future__ import annotations

import click

from iterativectl.cli.lazy import Entry, LazyGroup

_AT = "iterativectl.cli.commands.viewer_"

COMMANDS = {
    "start": Entry(_AT + "start", "Start the viewer, and print the address that lets a browser in."),
    "stop": Entry(_AT + "stop", "Stop it."),
    "restart": Entry(_AT + "restart", "Stop it, and start it as it was started."),
    "status": Entry(_AT + "status", "Whether it runs, and its address once more."),
}


@click.group(name="viewer", cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """A page in your browser: runs as they happen, pictures compared, ranking, rules, masks.

    It reads the workspace's files and runs on when this program ends; runs do not need it. Only this machine
    reaches it, and only with the address that `start` prints.
    """
