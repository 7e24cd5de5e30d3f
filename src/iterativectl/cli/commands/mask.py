"""`iterativectl mask ...`."""

from __future__ import annotations

import click

from iterativectl.cli.lazy import Entry, LazyGroup

_AT = "iterativectl.cli.commands."

COMMANDS = {
    "create": Entry(_AT + "mask_create", "Draw a mask: a box, a polygon, a colour, words, or a picture."),
    "show": Entry(_AT + "mask_show", "Write a picture that shows a mask with its grown edge and feather."),
    "list": Entry(_AT + "mask_list", "List a project's masks: size, place, whether in play, criteria."),
}


@click.group(name="mask", cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """Masks: which part of the picture may change. White is edited, everything else stays as it is."""
