"""`iterativectl mask show --project NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import current
from iterativectl.errors import UsageError

if TYPE_CHECKING:
    from iterativectl.drawing import Canvas


@click.command(name="show")
@options.project
@click.option("--name", metavar="NAME", help="The mask. Not needed where one is in play, or there is one.")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(),
    help="Where the picture goes (PNG). Else working/masks/NAME_overlay.png in the project.",
)
@options.json_output
@options.common
def command(project: str | None, name: str | None, out: str | None) -> None:
    """Write a picture that shows what a mask lets change: as drawn, after grow, and the feather band.

    The picture is at most 1600 pixels wide or high. Outside the band every pixel stays as it is.
    """
    from iterativectl import drawing
    from iterativectl.cli import mask_view
    from iterativectl.cli.blocks import Line

    invocation = current()
    canvas = drawing.canvas(invocation.project(project))
    chosen = name or _only_one(canvas)
    mask = canvas.seen(chosen)
    path = invocation.env.cwd / Path(out).expanduser() if out else canvas.project.mask_overlay(chosen)
    if path.suffix.lower() != ".png":
        raise UsageError(f"--out {out}: the overlay is a PNG", "Give it a name that ends in .png.")
    drawing.show(canvas, mask, path)
    data = mask_view.seen(canvas, mask)
    if invocation.as_json:
        body = {"overlay": str(path), "file": canvas.relative(mask.path), **data, "notes": list(mask.notes)}
        invocation.print_json("mask_overlay/1", project=canvas.project.name, mask=chosen, **body)
        return
    if invocation.verbosity >= 0:
        invocation.err.show(*(Line(f"Note: {note}", "unsure") for note in mask.notes))
    invocation.out.show(Line(str(path), whole=True), *mask_view.seen_blocks(canvas, mask))


def _only_one(canvas: Canvas) -> str:
    """The mask that is meant without a name."""
    active = canvas.active()
    if len(active) == 1:
        return active[0]
    if len(canvas.masks) == 1:
        return next(iter(canvas.masks))
    if canvas.masks:
        raise UsageError("which mask? Give --name NAME.", f"There are: {', '.join(canvas.masks)}.")
    raise UsageError("this project has no mask", "`mask create` makes one.")
