"""`iterativectl rules ...`."""

from __future__ import annotations

import click

from iterativectl.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "check": Entry(
        "iterativectl.cli.commands.rules_check", "Check a project's rules and what belongs to them."
    ),
    "suggest": Entry(
        "iterativectl.cli.commands.rules_suggest", "Have a model propose criteria and questions, as a diff."
    ),
    "base-prompts": Entry(
        "iterativectl.cli.commands.rules_base_prompts", "Have a model write the prompts to begin with."
    ),
}


@click.group(name="rules", cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """What a project's picture must satisfy."""
