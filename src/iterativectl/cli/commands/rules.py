"""`iterativectl rules ...`."""

from __future__ import annotations

import click

from iterativectl.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "check": Entry(
        "iterativectl.cli.commands.rules_check", "Check a project's rules and what belongs to them."
    ),
}


@click.group(name="rules", cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """What a project's picture must satisfy."""
