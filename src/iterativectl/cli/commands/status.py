"""`iterativectl status --project NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iterativectl.cli import options
from iterativectl.cli.invocation import current

if TYPE_CHECKING:
    from iterativectl.overview import Overview


@click.command(name="status")
@options.project
@options.json_output
@options.common
def command(project: str | None) -> None:
    """Where a project stands: its run, the best picture criterion by criterion, what it spent.

    Reads files only: a run that is going on is not disturbed.
    """
    from iterativectl.overview import overview

    invocation = current()
    view = overview(invocation.project(project))
    if invocation.as_json:
        _as_json(view)
    else:
        _as_text(view)


def _as_text(view: Overview) -> None:
    from iterativectl.cli import status_view

    current().out.show(*status_view.blocks(view))


def _as_json(view: Overview) -> None:
    from iterativectl.cli import status_view

    current().print_json("status/1", **status_view.data(view))
