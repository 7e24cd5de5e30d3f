"""`iterativectl init [DIR]`."""

from __future__ import annotations

from pathlib import Path

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import current


@click.command(name="init")
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(file_okay=False))
@options.json_output
@options.common
def command(directory: str) -> None:
    """Make a workspace in DIR (or here): projects/ with the example, prompts.yaml, rules/, workflow/.

    Nothing that is there is overwritten: on a workspace it puts back what is missing.
    """
    from iterativectl.cli.blocks import Line
    from iterativectl.project.workspace import make_workspace

    invocation = current()
    root = (invocation.env.cwd / Path(directory).expanduser()).resolve()
    made = make_workspace(root)
    if invocation.as_json:
        invocation.print_json("init/1", workspace=str(root), created=list(made.created), kept=list(made.kept))
        return
    what = f"{len(made.created)} files" + (f", {len(made.kept)} kept as they were" if made.kept else "")
    invocation.out.show(
        Line(
            f"Workspace {root}: {what}." if made.created else f"Workspace {root}: everything is there.",
            "head",
        ),
        Line(f"Next: cd {root} && iterativectl run --project example", indent=1),
    )
