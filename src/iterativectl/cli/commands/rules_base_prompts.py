"""`iterativectl rules base-prompts --project NAME`."""

from __future__ import annotations

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import current


@click.command(name="base-prompts")
@options.project
@click.option(
    "--apply", "apply", is_flag=True, help="Write it into rules.yaml. The old file is kept beside it."
)
@click.option("--fresh", is_flag=True, help="Ask anew, also what was answered (and paid for) before.")
@options.json_output
@options.common
def command(project: str | None, apply: bool, fresh: bool) -> None:
    """Have the model of AIVis.yaml write the prompts that a run begins with.

    They are made from the picture in words and the criteria: one pair for the whole picture, one for each
    mask that the rules name, in sentences or phrases as the workflow's model likes them. The terms of the
    criteria hold, whatever the model wrote. stdout gets a diff of rules.yaml; with --apply it is written.
    """
    from iterativectl import suggesting
    from iterativectl.cli import rules_view

    invocation = current()
    workspace, paths = invocation.workspace(), invocation.project(project)
    rules_view.announce(invocation, "Asking the judge for prompts ...")
    found = suggesting.propose_prompts(workspace, paths, fresh, invocation.world)
    backup = rules_view.write(invocation, found.draft, paths) if apply else None
    if invocation.as_json:
        invocation.print_json("base_prompts/1", **rules_view.prompts(found, paths, apply, backup))
        return
    rules_view.show_diff(invocation, found.draft)
    invocation.err.show(*rules_view.prompts_blocks(found, invocation.verbosity))
    if invocation.verbosity >= 0:
        invocation.err.show(*rules_view.ending(found.draft, paths, ("base-prompts", ""), apply, backup))
