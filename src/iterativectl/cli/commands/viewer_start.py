"""`iterativectl viewer start`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iterativectl.cli import options
from iterativectl.cli import viewer as shared
from iterativectl.cli.invocation import Invocation, current
from iterativectl.errors import ExitCode

if TYPE_CHECKING:
    from iterativectl.processes.launch import Launch
    from iterativectl.processes.viewer import LocalViewer, Started, Stopped


@click.command(name="start")
@shared.page_arguments
@shared.place_options
@shared.open_option
@click.option("--foreground", is_flag=True, help="Run here until Ctrl-C, for containers and services.")
@options.json_output
@options.common
def command(
    project: str | None,
    run: str | None,
    port: int | None,
    host: str | None,
    allowed: tuple[str, ...],
    open_it: bool,
    foreground: bool,
) -> int:
    """Start the viewer in the background and print the address that lets a browser in.

    With PROJECT, and RUN_ID or `latest`, the address is that page's. Where the viewer runs already, nothing
    is started. Exit code 4: it does not answer yet.
    """
    invocation = current()
    page = shared.page_of(invocation, project, run)
    wish = shared.Wish(port=port, host=host, allowed=allowed)
    if foreground:
        from iterativectl.cli.viewer_here import run_here

        return run_here(invocation, wish, page, open_it)
    return begin(invocation, wish, page, open_it)


def begin(invocation: Invocation, wish: shared.Wish, page: str, open_it: bool) -> int:
    """Start it unless it runs, wait for its answer, and say how that went."""
    from iterativectl.cli.blocks import Line
    from iterativectl.web import address

    local = shared.local(invocation)
    token = address.token(invocation.env.environ)

    def launch() -> Launch:
        place = shared.place_of(invocation, wish)
        shared.warn_of_others(invocation, place)
        return shared.launch_at(place, invocation, token)

    started = local.start(token, launch)
    if started.outcome != "started" and wish.given and invocation.verbosity >= 0:
        text = f"Note: it was not started now: {', '.join(wish.given)} was not used (`viewer restart` would)"
        invocation.err.show(Line(text, "unsure"))
    return finish(invocation, local, started, page, open_it)


def finish(
    invocation: Invocation,
    local: LocalViewer,
    started: Started,
    page: str,
    open_it: bool,
    stopped: Stopped | None = None,
) -> int:
    """Wait for the answer, say how it stands, open it. `stopped`: the one before it."""
    from iterativectl.cli import viewer_view as view
    from iterativectl.processes.viewer import WAIT_SECONDS

    answers = started.outcome == "running"
    if not answers:
        answers = local.wait(started.record, WAIT_SECONDS, lambda waited: None) == "ready"
    shown = view.View(
        state="running" if answers else "starting",
        record=started.record,
        entrance=shared.entrance(started.record.address, page, local.token()),
        workspace=str(invocation.workspace().root),
        log=str(local.paths.log),
    )
    if invocation.as_json:
        body = {"outcome": started.outcome, **view.data(shown)}
        if stopped is None:
            invocation.print_json("viewer_start/1", **body)
        else:
            invocation.print_json("viewer_restart/1", stopped=view.stop_data(stopped), started=body)
    else:
        invocation.out.show(*view.started_blocks(started, shown, invocation.env.clock.now()))
    if open_it and answers and shown.entrance:
        shared.open_browser(invocation, shown.entrance)
    return ExitCode.OK if answers else ExitCode.PAUSED
