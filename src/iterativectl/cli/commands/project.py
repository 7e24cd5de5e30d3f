"""`iterativectl project ...`."""

from __future__ import annotations

import click

from iterativectl.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "create": Entry(
        "iterativectl.cli.commands.project_create", "Make a project from the template or another one."
    ),
    "list": Entry("iterativectl.cli.commands.project_list", "List the projects and how they stand."),
}


@click.group(name="project", cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """Projects: what is wanted, of which picture, and all the runs."""
