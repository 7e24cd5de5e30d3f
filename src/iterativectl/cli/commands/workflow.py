"""`iterativectl workflow ...`."""

from __future__ import annotations

import click

from iterativectl.cli.lazy import Entry, LazyGroup

_AT = "iterativectl.cli.commands.workflow_"

COMMANDS = {
    "list": Entry(_AT + "list", "List the workflows: shipped, the workspace's, the project's."),
    "show": Entry(_AT + "show", "What a workflow does, needs and suits, and the settings to begin with."),
    "check": Entry(_AT + "check", "Whether a workflow can be read and, with --server, run."),
}


@click.group(name="workflow", cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """ComfyUI graphs: which there are, what they need, whether a server can run them."""
