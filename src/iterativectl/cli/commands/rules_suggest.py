"""`iterativectl rules suggest --project NAME`."""

from __future__ import annotations

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import current


@click.command(name="suggest")
@options.project
@click.option(
    "--goal",
    default="",
    metavar="TEXT",
    help='What you want, in a sentence: "the room furnished for an estate agent, nothing else changed".',
)
@click.option(
    "--apply", "apply", is_flag=True, help="Write it into rules.yaml. The old file is kept beside it."
)
@click.option("--fresh", is_flag=True, help="Ask anew, also what was answered (and paid for) before.")
@options.json_output
@options.common
def command(project: str | None, goal: str, apply: bool, fresh: bool) -> None:
    """Have the model of AIVis.yaml propose criteria and questions that the rules lack.

    It sees the input picture, the goal, the rules, config/rules_guidelines.md, your notes on pictures, and
    how the criteria fared in the last runs. What it proposes is held to docs/rules.md: mended or dropped,
    with the reason. stdout gets a diff of rules.yaml; with --apply it is written, comments and order kept.
    """
    from iterativectl import suggesting
    from iterativectl.cli import rules_view

    invocation = current()
    workspace, paths = invocation.workspace(), invocation.project(project)
    rules_view.announce(invocation, "Asking the judge what the rules lack ...")
    found = suggesting.suggest(workspace, paths, goal, fresh, invocation.world)
    backup = rules_view.write(invocation, found.draft, paths) if apply else None
    if invocation.as_json:
        invocation.print_json("rules_suggestion/1", **rules_view.suggestion(found, paths, apply, backup))
        return
    rules_view.show_diff(invocation, found.draft)
    invocation.err.show(*rules_view.suggestion_blocks(found, invocation.verbosity))
    if invocation.verbosity >= 0:
        invocation.err.show(*rules_view.ending(found.draft, paths, ("suggest", goal), apply, backup))
