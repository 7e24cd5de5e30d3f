"""`iterativectl viewer stop`."""

from __future__ import annotations

import click

from iterativectl.cli import options
from iterativectl.cli import viewer as shared
from iterativectl.cli.invocation import current


@click.command(name="stop")
@options.json_output
@options.common
def command() -> None:
    """Stop the viewer of this workspace. Where none runs, that is fine, too. Runs go on."""
    from iterativectl.cli import viewer_view as view

    invocation = current()
    stopped = shared.local(invocation).stop()
    if invocation.as_json:
        invocation.print_json("viewer_stop/1", **view.stop_data(stopped))
    else:
        invocation.out.show(view.stop_line(stopped))
