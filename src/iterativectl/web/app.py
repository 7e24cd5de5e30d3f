"""The viewer as one application: the table of its routes, and what is done about errors."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from iterativectl.errors import IterativeError
from iterativectl.web import pages, replies
from iterativectl.web.site import Site

ROUTES: Sequence[Sequence[BaseRoute]] = (
    pages.ROUTES,
)  # one line a module; pages comes last, for it answers whatever is left


def make_app(site: Site) -> Starlette:
    """The viewer of a workspace."""
    app = Starlette(
        routes=[route for routes in ROUTES for route in routes],
        exception_handlers={IterativeError: _told, replies.Conflict: _conflict},
    )
    app.state.site = site
    return app


async def _told(_: Request, error: Exception) -> Response:
    assert isinstance(error, IterativeError)
    return replies.told(error)


async def _conflict(_: Request, error: Exception) -> Response:
    assert isinstance(error, replies.Conflict)
    return replies.conflict(error)
