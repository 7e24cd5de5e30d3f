"""The viewer as one application: the table of its routes, and what is done about errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from iterativectl.errors import IterativeError
from iterativectl.web import (
    control,
    exports,
    human,
    jobs,
    live,
    masking,
    masks,
    pages,
    pictures,
    projects,
    replies,
    rules,
    run,
    seeding,
)
from iterativectl.web.freshness import Freshness
from iterativectl.web.guard import Guard
from iterativectl.web.site import Site
from iterativectl.web.thumbnails import Thumbnails

ROUTES: Sequence[Sequence[BaseRoute]] = (
    jobs.ROUTES,
    human.ROUTES,
    projects.ROUTES,
    run.ROUTES,
    live.ROUTES,
    control.ROUTES,
    seeding.ROUTES,
    exports.ROUTES,
    masks.ROUTES,
    masking.ROUTES,
    rules.ROUTES,
    pictures.ROUTES,
    pages.ROUTES,
)  # one line a module; pages comes last, for it answers whatever is left


def make_app(site: Site) -> Guard:
    """The viewer of a workspace, guarded."""
    handlers = {
        IterativeError: _told,
        replies.Conflict: _conflict,
        HTTPException: _http,
        Exception: _bug,
    }
    app = Starlette(
        routes=[route for routes in ROUTES for route in routes],
        exception_handlers=handlers,
        lifespan=_alive,
    )
    app.router.redirect_slashes = False  # an address is right or it is not there
    app.state.site = site
    app.state.lists = Freshness(site.workspace)
    app.state.thumbnails = Thumbnails(site.workspace.thumbnails)
    return Guard(app, site)


@asynccontextmanager
async def _alive(app: Starlette) -> AsyncIterator[None]:
    """What is at work ends with the viewer."""
    app.state.lists.begin()
    yield
    app.state.lists.close()
    app.state.site.jobs.close()


async def _told(_: Request, error: Exception) -> Response:
    assert isinstance(error, IterativeError)
    return replies.told(error)


async def _conflict(_: Request, error: Exception) -> Response:
    assert isinstance(error, replies.Conflict)
    return replies.conflict(error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and pages.is_for_a_person(request):
        return pages.not_there(request)
    return replies.failed(request, error)


async def _bug(request: Request, error: Exception) -> Response:
    """A fault of ours: its traceback goes to the log, not to the page."""
    return replies.status(request, 500)
