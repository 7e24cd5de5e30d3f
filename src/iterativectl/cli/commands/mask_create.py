"""`iterativectl mask create --project NAME --name NAME ...`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import Invocation, current
from iterativectl.cli.mask_wish import Wish

if TYPE_CHECKING:
    from iterativectl.cli.mask_sources import Drawn
    from iterativectl.drawing import Canvas, Kept
    from iterativectl.images.regions import Combining

# As in judging.conventions, which is not imported for --help; a test compares them.
FAMILIES = ("qwen2.5-vl", "qwen2-vl", "qwen3-vl", "gemini", "thousandths")


@click.command(name="create")
@options.project
@click.option("--name", required=True, metavar="NAME", help="The mask's name: letters, digits, _ and -.")
@click.option(
    "--box",
    "boxes",
    multiple=True,
    metavar="X,Y,W,H",
    help="A rectangle, in pixels of the upright picture or in per cent (10%,20%,30%,40%). May be repeated.",
)
@click.option(
    "--polygon",
    "polygons",
    multiple=True,
    metavar="X1,Y1,...",
    help="The corners of a polygon, at least three. May be repeated.",
)
@click.option(
    "--text",
    metavar="TEXT",
    help='What to find, such as "the jacket": the judge of AIVis.yaml says where, the pixels say how far.',
)
@click.option(
    "--color-range",
    "colours",
    multiple=True,
    metavar="COLOUR",
    help="Everything of a colour: a name (blue), #rrggbb, or #rrggbb..#rrggbb. May be repeated.",
)
@click.option(
    "--at",
    "points",
    multiple=True,
    metavar="X,Y",
    help="The connected area that has the colour of this point, as a magic wand takes it. May be repeated.",
)
@click.option(
    "--file",
    metavar="PICTURE",
    type=click.Path(),
    help="A mask that exists: white is edited, or what is transparent. It is scaled to the input.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, max=200),
    metavar="DELTA_E",
    help="How far from the colour of #rrggbb or --at, in CIE Lab delta E. Without it, 20.",
)
@click.option(
    "--refine/--no-refine",
    default=None,
    help="Cut along the thing's own outline inside each box. Always with --text, unless --no-refine.",
)
@click.option(
    "--family",
    type=click.Choice(FAMILIES),
    metavar="NAME",
    help=f"How the model writes boxes, if its name does not say: {', '.join(FAMILIES)}.",
)
@click.option("--invert", is_flag=True, help="Everything but the region.")
@click.option(
    "--grow",
    type=click.IntRange(min=-4096, max=4096),
    default=0,
    metavar="PX",
    help="Grow the region for good; below 0 it shrinks. masking.grow in AIGen.yaml comes on top of it.",
)
@click.option("--add", "how", flag_value="add", help="Add the region to the mask that is there.")
@click.option("--subtract", "how", flag_value="subtract", help="Take the region away from it.")
@click.option("--force", is_flag=True, help="Replace a mask that is there. The old one is kept in any case.")
@options.json_output
@options.common
def command(
    project: str | None, name: str, how: Combining | None, invert: bool, grow: int, force: bool, **wish: Any
) -> None:
    """Draw the mask NAME for a project's picture: input/masks/NAME.png, white where it may be edited.

    Give one of --box, --polygon, --text, --color-range, --at and --file. The order is: draw, --invert,
    --grow, then --add or --subtract. `mask show` lets you look at it.
    """
    from iterativectl import drawing
    from iterativectl.cli import mask_sources

    asked = Wish(**wish)
    source = asked.source()
    invocation = current()
    workspace, paths = invocation.workspace(), invocation.project(project)
    canvas = drawing.canvas(paths)
    combining: Combining = how or "replace"
    drawing.target(canvas, name, combining, force)
    if source == "--text" and invocation.verbosity >= 0 and not invocation.as_json:
        from iterativectl.cli.blocks import Line

        invocation.err.show(Line(f"Asking the judge where '{asked.text}' is ...", "quiet"))
    drawn = mask_sources.draw(source, asked, canvas, workspace, invocation)
    inside = ~drawn.inside if invert else drawn.inside
    kept = drawing.keep(canvas, name, drawing.grown(inside, grow), combining, invocation.env.clock.now())
    if drawn.located is not None:
        from iterativectl import pointing

        pointing.write_down(canvas, name, asked.text or "", drawn.located)
    _tell(invocation, canvas, name, kept, drawn)


def _tell(invocation: Invocation, canvas: Canvas, name: str, kept: Kept, drawn: Drawn) -> None:
    from iterativectl.cli import mask_view
    from iterativectl.cli.blocks import Line

    if invocation.as_json:
        invocation.print_json("mask/1", **mask_view.made(canvas, name, kept, drawn))
        return
    if invocation.verbosity >= 0:
        invocation.err.show(*(Line(f"Note: {note}", "unsure") for note in drawn.notes))
    invocation.out.show(*mask_view.made_blocks(canvas, name, kept, drawn))
