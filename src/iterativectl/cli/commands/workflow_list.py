"""`iterativectl workflow list`."""

from __future__ import annotations

from dataclasses import dataclass

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import current
from iterativectl.cli.workflows import Shelved
from iterativectl.errors import IterativeError


@dataclass(frozen=True, slots=True)
class Row:
    """A workflow as the list shows it; `problem` says why it cannot be read."""

    shelved: Shelved
    title: str
    family: tuple[str, ...]
    strategies: tuple[str, ...]
    problem: str = ""


@click.command(name="list")
@options.project
@options.json_output
@options.common
def command(project: str | None) -> None:
    """List the workflows that ship, and those in the workspace's and the project's own workflow/ folder.

    A file of the project's goes before one of the same name elsewhere.
    """
    from iterativectl.cli import workflows
    from iterativectl.cli.blocks import Cell, Line, table

    invocation = current()
    paths = workflows.project_meant(invocation, project)
    rows = [_row(shelved) for shelved in workflows.shelf(invocation, paths)]
    if invocation.as_json:
        invocation.print_json("workflows/1", workflows=[_data(row) for row in rows])
        return
    all_shipped = all(row.shelved.home == "shipped" for row in rows)
    shown = [
        (
            row.shelved.name,
            ", ".join(row.strategies),
            ", ".join(row.family),
            "" if all_shipped else row.shelved.home,
            Cell(row.problem, "bad") if row.problem else Cell(row.title),
        )
        for row in rows
    ]
    invocation.out.show(table(("name", "strategy", "models", "from", "what it does"), shown))
    hint = "`iterativectl workflow show NAME` tells what it needs, and the settings to begin with."
    invocation.err.show(Line(hint, "quiet"))


def _row(shelved: Shelved) -> Row:
    from iterativectl import compose
    from iterativectl.cli.workflows import problem_of

    try:
        told = shelved.sidecar()
        if told is not None:
            return Row(shelved, told.title, told.family, told.strategies)
        inspection = compose.inspect_workflow(shelved.content(), shelved.path.name, {}).inspection
    except IterativeError as error:
        return Row(shelved, "", (), (), problem_of(error))
    return Row(shelved, "", (), (inspection.strategy,))


def _data(row: Row) -> dict[str, object]:
    return {
        "name": row.shelved.name,
        "workflow_file": row.shelved.setting,
        "from": row.shelved.home,
        "path": str(row.shelved.path),
        "title": row.title,
        "family": row.family,
        "strategies": row.strategies,
        "problem": row.problem or None,
    }
