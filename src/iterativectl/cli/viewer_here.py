"""`viewer start --foreground`: the viewer in this process, until Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iterativectl.cli import viewer as shared
from iterativectl.cli.invocation import Invocation
from iterativectl.errors import ExitCode

if TYPE_CHECKING:
    from iterativectl.web.address import Place


def run_here(invocation: Invocation, wish: shared.Wish, page: str, open_it: bool) -> int:
    """Answer until Ctrl-C, which is how a person leaves, not a failure. Raises UsageError, PortTaken."""
    from iterativectl.cli.logs import logging_on
    from iterativectl.processes import listeners
    from iterativectl.processes.errors import PortTaken
    from iterativectl.web import address, server
    from iterativectl.web.site import Site

    place = shared.place_of(invocation, wish)
    token = address.token(invocation.env.environ)
    try:
        listener = server.listening(place.host, place.port)
    except OSError as error:
        who = listeners.who_has(place.port)
        raise PortTaken(f"{place.url} was taken meanwhile by {who}: {error.strerror}") from error
    with listener:
        if invocation.verbosity >= 0:
            _tell(invocation, place, shared.entrance(place.url, page, token))
        if open_it:
            shared.open_browser(invocation, shared.entrance(place.url, page, token))
        site = Site(workspace=invocation.workspace(), world=invocation.world, token=token, hosts=place.hosts)
        with logging_on(invocation.env.stderr, invocation.env.environ, invocation.verbosity != 0):
            server.serve(site, listener)
    return ExitCode.OK


def _tell(invocation: Invocation, place: Place, entrance: str) -> None:
    """Where it is, for people and programs. In the background nothing is told: a log keeps no token."""
    from iterativectl.cli.blocks import Line

    shared.warn_of_others(invocation, place)
    if invocation.as_json:
        invocation.print_json("viewer_start/1", outcome="foreground", address=place.url, entrance=entrance)
        return
    invocation.out.show(
        Line(f"The viewer answers at {place.url} until Ctrl-C.", "good"),
        Line(f"Open {entrance}", indent=1, whole=True),
    )
