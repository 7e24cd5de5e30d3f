"""`iterativectl viewer status`."""

from __future__ import annotations

import click

from iterativectl.cli import options
from iterativectl.cli import viewer as shared
from iterativectl.cli.invocation import current
from iterativectl.errors import ExitCode


@click.command(name="status")
@shared.page_arguments
@shared.open_option
@options.json_output
@options.common
def command(project: str | None, run: str | None, open_it: bool) -> int:
    """Whether the viewer runs, and the address that lets a browser in. Exit code 4: it does not answer."""
    from iterativectl.cli import viewer_view as view
    from iterativectl.processes.record import standing

    invocation = current()
    local = shared.local(invocation)
    page = shared.page_of(invocation, project, run)
    found = local.recorded()
    now = standing(found) if found is not None else None
    alive = found if now == "alive" else None
    state = view.state_of(found, now, local.listen(alive) if alive else None)
    shown = view.View(
        state=state,
        record=alive,
        entrance=shared.entrance(alive.address, page, local.token()) if alive else None,
        workspace=str(invocation.workspace().root),
        log=str(local.paths.log),
        notes=view.notes_of(found, now),
    )
    if invocation.as_json:
        invocation.print_json("viewer_status/1", **view.data(shown))
    else:
        invocation.out.show(*view.status_blocks(shown, invocation.env.clock.now()))
    if open_it and state == "running" and shown.entrance:
        shared.open_browser(invocation, shown.entrance)
    return ExitCode.OK if state == "running" else ExitCode.PAUSED
