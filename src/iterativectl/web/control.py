"""Asking a run that is going on to pause, to resume or to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from iterativectl.errors import UsageError
from iterativectl.project import control
from iterativectl.showing.run import state_facts
from iterativectl.web import lookup, replies
from iterativectl.web.site import site_of


async def ask(request: Request) -> Response:
    """Write the request, if a process is there to hear it."""
    return await run_in_threadpool(_ask, request, await replies.body_of(request))


def _ask(request: Request, body: Mapping[str, Any]) -> Response:
    project, paths = lookup.project_of(request), lookup.run_of(request)
    site, wanted = site_of(request), body.get("request")
    if set(body) != {"request"} or wanted not in control.REQUESTS:
        known = ", ".join(control.REQUESTS)
        raise UsageError(f"a run can be asked for one of: {known}", "Load the page again.")
    before = state_facts(project, paths.run_id, site.shelf)
    if not before["held"]:
        raise replies.Conflict(_nobody(before), before)
    now = site.world.clock.now().isoformat(timespec="seconds")
    control.ask(project.control, paths.run_id, cast(control.Request, wanted), now)
    after = state_facts(project, paths.run_id, site.shelf)
    if not after["held"]:  # it ended just now: the request must not wait for the next start
        control.take_back(project.control, paths.run_id)
        raise replies.Conflict(_nobody(after), after)
    return replies.data(after)


def _nobody(state: Mapping[str, Any]) -> str:
    """Why nobody would hear it."""
    if not state["latest"]:
        return "This run is over: a later one has begun."
    return f"No run is going on here, so nobody would hear it. This one: {state['words']}."


ROUTES: Sequence[BaseRoute] = (Route("/api/p/{project}/r/{run}/control", ask, methods=["POST"]),)
