"""`iterativectl mask list --project NAME`."""

from __future__ import annotations

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import current


@click.command(name="list")
@options.project
@options.json_output
@options.common
def command(project: str | None) -> None:
    """List a project's masks: size, place, whether in play, the criteria that count with each, problems."""
    from iterativectl import drawing
    from iterativectl.cli import mask_view
    from iterativectl.cli.blocks import Line, table

    invocation = current()
    paths = invocation.project(project)
    canvas = drawing.canvas(paths)
    rules = drawing.rules(paths)
    entries = [mask_view.entry(canvas, rules, name) for name in canvas.masks]
    problems = mask_view.problems(canvas, rules)
    if invocation.as_json:
        body = {"project": paths.name, "picture": list(canvas.size), "masks": entries, "problems": problems}
        invocation.print_json("masks/1", **body)
        return
    if entries:
        columns = ("mask", "share", "place", "state", "file", "criteria")
        invocation.out.show(table(columns, [mask_view.row(entry) for entry in entries]))
    else:
        cure = f"`iterativectl mask create --project {paths.name} --name NAME ...` makes one."
        invocation.out.show(Line(f"{paths.name} has no mask: the whole picture may change. {cure}"))
    invocation.out.show(*(Line(f"Problem: {problem}", "bad") for problem in problems))
