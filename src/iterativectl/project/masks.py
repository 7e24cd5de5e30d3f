"""The masks of a project: which there are, and which are in play."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from iterativectl.config.aigen import ALL_MASKS
from iterativectl.config.types import Masking
from iterativectl.errors import ConfigError, Problem
from iterativectl.project.layout import ProjectPaths

LONE_MASK = "mask"  # the name of input/mask.png
MASK_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def usual(project: ProjectPaths, name: str) -> Path:
    """Where a mask lies that AIGen.yaml does not list."""
    return project.lone_mask if name == LONE_MASK else project.mask(name)


def found(project: ProjectPaths, masking: Masking) -> dict[str, Path]:
    """Every mask by name: those that AIGen.yaml lists, in its order, then input/mask.png, then input/masks/.

    A listed file need not be there. Files whose name cannot be a mask's are left out.
    """
    masks = {mask.name: project.root / mask.file for mask in masking.masks}
    if project.lone_mask.is_file():
        masks.setdefault(LONE_MASK, project.lone_mask)
    listed = set(masks.values())
    for path in sorted(project.masks.glob("*.png")) if project.masks.is_dir() else ():
        if MASK_NAME.fullmatch(path.stem) and path.stem != ALL_MASKS and path not in listed:
            masks.setdefault(path.stem, path)
    return masks


def in_play(masking: Masking, masks: Mapping[str, Path]) -> tuple[str, ...]:
    """The names of the masks that a run uses, in order; () for none. Raises ConfigError for an unknown one.

    Without an active mask input/mask.png counts, where it is there: it has no other purpose.
    """
    active = masking.active_mask
    if not masking.enabled:
        return ()
    if active is None:
        return (LONE_MASK,) if LONE_MASK in masks else ()
    if active == ALL_MASKS and masks:
        return tuple(masks)
    if active in masks:
        return (active,)
    known = f"There are: {', '.join(masks)}, all." if masks else "This project has no mask."
    raise ConfigError(
        [Problem(where="AIGen.yaml", path="masking.active_mask", message=f"there is no mask {active!r}")],
        f"{known} `iterativectl mask create` makes one; a picture in input/masks/ is one too.",
    )
