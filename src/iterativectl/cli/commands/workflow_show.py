"""`iterativectl workflow show FILE`."""

from __future__ import annotations

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import current
from iterativectl.errors import UsageError, WorkflowRejected


@click.command(name="show")
@click.argument("file", metavar="FILE")
@options.project
@options.json_output
@options.common
def command(file: str, project: str | None) -> None:
    """What a workflow does, which model files it needs and where people get them, and how it was read.

    FILE is a name from `workflow list`, a path, or a PNG that ComfyUI saved. The settings shown are for
    AIGen.yaml.
    """
    from iterativectl import compose
    from iterativectl.cli import workflow_view, workflows

    invocation = current()
    paths = workflows.project_meant(invocation, project)
    shelved = workflows.meant(invocation, paths, file)
    told = shelved.sidecar()
    try:
        inspection = compose.inspect_workflow(shelved.content(), shelved.path.name, {}).inspection
    except WorkflowRejected as error:
        hint = f"{error.hint} `iterativectl workflow check --project NAME` takes roles: from AIGen.yaml."
        raise UsageError(error.message, hint) from error
    if invocation.as_json:
        invocation.print_json("workflow/1", **workflow_view.data(shelved, told, inspection))
    else:
        invocation.out.show(*workflow_view.blocks(shelved, told, inspection))
