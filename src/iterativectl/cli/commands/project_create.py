"""`iterativectl project create NAME`."""

from __future__ import annotations

from pathlib import Path

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import current


@click.command(name="create")
@click.argument("name", metavar="NAME")
@click.option(
    "--input",
    "picture",
    metavar="PICTURE",
    type=click.Path(),
    help="The picture to change: PNG, JPEG, WebP, TIFF, BMP or GIF. Without it, an example portrait.",
)
@click.option(
    "--from",
    "source",
    metavar="PROJECT",
    shell_complete=options.complete_projects,
    help="Copy that project's settings, picture, masks and workflows, not the template. Keys stay behind.",
)
@options.json_output
@options.common
def command(name: str, picture: str | None, source: str | None) -> None:
    """Make the project NAME in projects/. Nothing is ever overwritten.

    The picture becomes an upright sRGB input/input.png; the original is kept beside it. The template's rules
    ask for business attire: they show every key, and are there to be changed.
    """
    from iterativectl.cli.blocks import Line
    from iterativectl.cli.workspace import require_project
    from iterativectl.project.create import create

    invocation = current()
    env = invocation.env
    workspace = invocation.workspace()
    made = create(
        workspace,
        name,
        input=env.cwd / Path(picture) if picture else None,
        source_project=require_project(workspace, source, env.cwd) if source else None,
        now=env.clock.now(),
    )
    project = made.project
    if invocation.as_json:
        invocation.print_json("project/1", project=name, path=str(project.root), notes=list(made.notes))
        return
    invocation.err.show(*(Line(f"Note: {note}", "unsure") for note in made.notes))
    invocation.out.show(
        Line(f"Made the project {name} in {project.root}", "head"),
        Line(f"1. Say what the picture must satisfy: {project.rules}", indent=1, whole=True),
        Line(
            f"2. How pictures are made, and who judges: {project.aigen.name}, {project.aivis.name} beside it",
            indent=1,
        ),
        Line(
            f"3. iterativectl rules check --project {name}, then iterativectl doctor --project {name}",
            indent=1,
        ),
        Line(
            f"4. iterativectl run --project {name}   (--embedded: a rehearsal)",
            indent=1,
            whole=True,
        ),
    )
