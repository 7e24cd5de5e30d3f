"""`iterativectl project list`."""

from __future__ import annotations

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import current


@click.command(name="list")
@options.json_output
@options.common
def command() -> None:
    """List the projects of the workspace and how they stand."""
    from iterativectl.cli import status_view
    from iterativectl.cli.blocks import Line, table
    from iterativectl.cli.workspace import project_names
    from iterativectl.overview import overview

    invocation = current()
    workspace = invocation.workspace()
    views = [overview(workspace.project(name)) for name in project_names(workspace)]
    if invocation.as_json:
        projects = [status_view.data(view) for view in views]
        invocation.print_json("projects/1", workspace=str(workspace.root), projects=projects)
        return
    if not views:
        cure = "`iterativectl project create NAME` makes one."
        invocation.out.show(Line(f"No projects in {workspace.projects}. {cure}"))
        return
    rows = [status_view.list_row(view) for view in views]
    invocation.out.show(table(("project", "iterations", "score", "status"), rows))
