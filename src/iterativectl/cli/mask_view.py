"""Masks as data and as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iterativectl import drawing
from iterativectl.cli.blocks import Block, Cell, Line, count
from iterativectl.config.aigen import ALL_MASKS
from iterativectl.config.types import Rules
from iterativectl.drawing import Canvas, Kept, Seen
from iterativectl.images.regions import Box, extent, share

if TYPE_CHECKING:
    from iterativectl.cli.mask_sources import Drawn


def made(canvas: Canvas, name: str, kept: Kept, drawn: Drawn) -> dict[str, Any]:
    """A mask that was written, as data."""
    located = drawn.located
    return {
        "project": canvas.project.name,
        "mask": name,
        "file": canvas.relative(kept.path),
        "share": round(kept.share, 6),
        "box": kept.box.as_list(),
        "picture": list(canvas.size),
        "backup": canvas.relative(kept.backup) if kept.backup else None,
        "located": None
        if located is None
        else {
            "by": located.by,
            "family": located.family,
            "seen": located.seen,
            "boxes": [{"label": spot.label, "box": spot.box.as_list()} for spot in located.spots],
        },
        "notes": list(drawn.notes),
    }


def made_blocks(canvas: Canvas, name: str, kept: Kept, drawn: Drawn) -> list[Block]:
    """A mask that was written, and what can be done with it."""
    project = canvas.project.name
    blocks: list[Block] = [Line(f"Made the mask {name}: {canvas.relative(kept.path)}", "head")]
    if drawn.located is not None:
        boxes = count(len(drawn.located.spots), "place")
        seen = f": {drawn.located.seen}" if drawn.located.seen else ""
        blocks.append(Line(f"{drawn.located.by} named {boxes}{seen}", indent=1))
    blocks.append(Line(f"{place(kept.share, kept.box)}, of {canvas.size[0]} x {canvas.size[1]} px", indent=1))
    if kept.backup is not None:
        blocks.append(Line(f"The mask before it is kept: {canvas.relative(kept.backup)}", indent=1))
    blocks += [
        Line(f"Look at it: iterativectl mask show --project {project} --name {name}", indent=1, whole=True),
        Line(f"Use it once: iterativectl run --project {project} --mask {name}", indent=1, whole=True),
    ]
    if name not in canvas.active():
        blocks.append(Line(f"Use it always: masking: {{active_mask: {name}}} in AIGen.yaml", indent=1))
    if not canvas.masking.enabled:
        blocks.append(Line("AIGen.yaml says masking.enabled: false: no mask counts now", "unsure", indent=1))
    return blocks


def seen(canvas: Canvas, mask: Seen) -> dict[str, Any]:
    """A mask that was looked at, as data. `reach` is the box around all that may change at all."""
    box = extent(mask.drawn)
    return {
        "share": round(share(mask.drawn), 6),
        "box": box.as_list() if box else None,
        "grow": canvas.masking.grow,
        "feather": canvas.masking.feather,
        "changing": round(share(mask.region.support), 6),
        "reach": list(mask.region.box),
        "active": mask.name in canvas.active(),
    }


def seen_blocks(canvas: Canvas, mask: Seen) -> list[Block]:
    """A mask that was looked at, in lines."""
    drawn, masking = extent(mask.drawn), canvas.masking
    where = f"as drawn {place(share(mask.drawn), drawn)}" if drawn else ""
    left, top, width, height = mask.region.box
    reach = Box(left=left, top=top, right=left + width, bottom=top + height)
    blocks: list[Block] = [
        Line(f"{mask.name}: {where}", indent=1),
        Line(
            f"with grow {masking.grow} px and feather {masking.feather} px, of AIGen.yaml: "
            f"{place(share(mask.region.support), reach)}",
            indent=1,
        ),
    ]
    if not masking.enabled:
        blocks.append(Line("masking.enabled is false in AIGen.yaml: no mask counts now", "unsure", indent=1))
    elif mask.name not in canvas.active():
        blocks.append(
            Line(f"not in play: --mask {mask.name} on run, or masking.active_mask", "quiet", indent=1)
        )
    return blocks


def entry(canvas: Canvas, rules: Rules, name: str) -> dict[str, Any]:
    """One mask of the list, as data; what cannot be told of a mask that cannot be used is null."""
    problem = drawing.problem(canvas, name)
    known = None if problem else canvas.seen(name)
    data = seen(canvas, known) if known else dict.fromkeys(_UNKNOWN)
    return {
        "name": name,
        "file": canvas.relative(canvas.masks[name]),
        **data,
        "active": name in canvas.active(),
        "enabled": canvas.masking.enabled,
        "criteria": [criterion.field for criterion in rules.in_force(name)],
        "own_criteria": any(mask.name == name for mask in rules.masks),
        "notes": list(known.notes) if known else [],
        "problem": problem,
    }


_UNKNOWN = ("share", "box", "grow", "feather", "changing", "reach", "active")


def row(entry: dict[str, Any]) -> list[Cell | str]:
    """A mask's row."""
    if entry["problem"]:
        return [Cell(entry["name"], "bad"), "", "", Cell("unusable", "bad"), entry["file"], ""]
    x, y, width, height = entry["box"]
    state = Cell("in play", "good") if entry["active"] else Cell("" if entry["enabled"] else "off", "quiet")
    fields = ", ".join(entry["criteria"]) or "none"
    criteria = fields if entry["own_criteria"] else f"all ({len(entry['criteria'])})"
    place = f"{width} x {height} at {x}, {y}"
    return [entry["name"], percent(entry["share"]), place, state, entry["file"], criteria]


def problems(canvas: Canvas, rules: Rules) -> list[str]:
    """What is wrong with a project's masks, in sentences."""
    found = [drawing.problem(canvas, name) for name in canvas.masks]
    active = canvas.masking.active_mask
    if canvas.masking.enabled and active not in (None, ALL_MASKS, *canvas.masks):
        found.append(f"AIGen.yaml makes '{active}' the active mask, and there is none of that name")
    for mask in rules.masks:
        if mask.name not in canvas.masks:
            found.append(
                f"rules.yaml has criteria for the mask '{mask.name}', and there is none of that name"
            )
    return [problem for problem in found if problem]


def place(part: float, box: Box) -> str:
    """`12.3 % of the picture, 300 x 500 px at 120, 40`."""
    return f"{percent(part)} of the picture, {box.width} x {box.height} px at {box.left}, {box.top}"


def percent(part: float) -> str:
    """A share for people: 12.3 %, 0.02 %."""
    return f"{100 * part:.2f} %" if part < 0.01 else f"{100 * part:.1f} %"
