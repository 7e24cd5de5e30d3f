"""`iterativectl viewer restart`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iterativectl.cli import options
from iterativectl.cli import viewer as shared
from iterativectl.cli.invocation import Invocation, current

if TYPE_CHECKING:
    from iterativectl.processes.launch import Launch
    from iterativectl.processes.record import Record


@click.command(name="restart")
@shared.place_options
@shared.open_option
@options.json_output
@options.common
def command(port: int | None, host: str | None, allowed: tuple[str, ...], open_it: bool) -> int:
    """Stop the viewer and start it at the same address, or at the one that the options name.

    Where none runs it is started. Browsers are let in anew: the address that is printed has a new token.
    """
    from iterativectl.cli import viewer_view as view
    from iterativectl.cli.commands.viewer_start import finish
    from iterativectl.web import address

    invocation = current()
    wish = shared.Wish(port=port, host=host, allowed=allowed)
    local = shared.local(invocation)
    before = local.recorded()
    stopped = local.stop()
    if not invocation.as_json:
        invocation.out.show(view.stop_line(stopped))
    token = address.token(invocation.env.environ)
    started = local.start(token, lambda: _launch(invocation, wish, before, token))
    return finish(invocation, local, started, "/", open_it, stopped)


def _launch(invocation: Invocation, wish: shared.Wish, before: Record | None, token: str) -> Launch:
    """As it was, unless something else is wished for."""
    from iterativectl.processes.launch import Launch

    if before is not None and not wish.given:
        environ = shared.child_environ(invocation, token)
        return Launch(command=before.command, cwd=Path(before.cwd), environ=environ, address=before.address)
    place = shared.place_of(invocation, wish)
    shared.warn_of_others(invocation, place)
    return shared.launch_at(place, invocation, token)
