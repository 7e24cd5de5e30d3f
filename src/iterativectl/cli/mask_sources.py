"""The ways to draw a mask, by the option that chooses them. A further one is a function and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from iterativectl import drawing, pointing
from iterativectl.cli import shapes
from iterativectl.cli.invocation import Invocation
from iterativectl.cli.mask_wish import Wish
from iterativectl.drawing import Canvas
from iterativectl.errors import ImageError, UsageError
from iterativectl.images import colours, regions
from iterativectl.images.masks import read_mask
from iterativectl.images.regions import Inside
from iterativectl.judging.locating import Located
from iterativectl.project.layout import WorkspacePaths


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """A region before it is inverted, grown and kept. `located` where a model was asked."""

    inside: Inside
    notes: tuple[str, ...] = ()
    located: Located | None = None


def draw(source: str, wish: Wish, canvas: Canvas, workspace: WorkspacePaths, invocation: Invocation) -> Drawn:
    """Draw what was asked for. Raises UsageError, ImageError, and for --text what pointing.locate raises."""
    if source == "--text":
        return _by_text(wish, canvas, workspace, invocation)
    if source == "--file":
        return _by_file(wish, canvas, invocation.env.cwd)
    return _DRAWN_HERE[source](wish, canvas)


def _by_boxes(wish: Wish, canvas: Canvas) -> Drawn:
    drawn = [shapes.box(text, canvas.size) for text in wish.boxes]
    names = [f"box {text}" for text in wish.boxes]
    inside, notes = drawing.outlined(canvas, drawn, names=names, wanted=bool(wish.refine))
    return Drawn(inside=inside, notes=notes)


def _by_polygons(wish: Wish, canvas: Canvas) -> Drawn:
    inside = np.zeros(canvas.size[::-1], np.bool_)
    for text in wish.polygons:
        inside |= regions.polygon(canvas.size, shapes.corners(text, canvas.size))
    if not inside.any():
        raise UsageError("the polygon holds no pixel of the picture", _size(canvas))
    return Drawn(inside=inside)


def _by_colours(wish: Wish, canvas: Canvas) -> Drawn:
    inside = np.zeros(canvas.size[::-1], np.bool_)
    for text in wish.colours:
        inside |= shapes.by_colour(text, canvas.pixels, wish.tolerance)
    tidied = colours.tidied(inside)
    if not tidied.any():
        cure = "A larger --tolerance takes more; --at X,Y takes the colour that is there."
        raise UsageError(f"nothing in the picture is {' or '.join(wish.colours)}", cure)
    return Drawn(inside=tidied)


def _by_points(wish: Wish, canvas: Canvas) -> Drawn:
    tolerance = colours.TOLERANCE if wish.tolerance is None else wish.tolerance
    inside = np.zeros(canvas.size[::-1], np.bool_)
    for text in wish.points:
        inside |= colours.joined(canvas.pixels, shapes.point(text, canvas.size), tolerance)
    return Drawn(inside=colours.tidied(inside) | inside)


_DRAWN_HERE: Mapping[str, Callable[[Wish, Canvas], Drawn]] = {
    "--box": _by_boxes,
    "--polygon": _by_polygons,
    "--color-range": _by_colours,
    "--at": _by_points,
}


def _by_file(wish: Wish, canvas: Canvas, cwd: Path) -> Drawn:
    path = cwd / Path(wish.file or "").expanduser()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    picture = read_mask(data, canvas.size, name=path.name)
    if picture.inside is None:
        raise ImageError(
            f"{path.name} is white everywhere: that is the same as no mask", "Paint what stays black."
        )
    return Drawn(inside=picture.inside, notes=picture.notes)


def _by_text(wish: Wish, canvas: Canvas, workspace: WorkspacePaths, invocation: Invocation) -> Drawn:
    located = pointing.locate(workspace, canvas, wish.text or "", wish.family, invocation.world)
    inside, notes = pointing.drawn(canvas, located, refine=wish.refine is not False)
    return Drawn(inside=inside, notes=notes, located=located)


def _size(canvas: Canvas) -> str:
    return f"The picture is {canvas.size[0]} x {canvas.size[1]} pixels."
