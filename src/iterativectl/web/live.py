"""Following a run: server-sent events (WHATWG HTML, section 9.2), made of the run's files as they grow.

An event's id is its byte offset in events.jsonl, so that a browser that comes back goes on exactly there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from iterativectl.project.layout import ProjectPaths, RunPaths
from iterativectl.web import lookup
from iterativectl.web.run import number_of
from iterativectl.web.site import site_of

AGAIN_SECONDS = 5  # after which a page that was turned away may try again
Messages = AsyncGenerator[bytes, None]


class EventStream(Response):
    """An answer without an end. It ends when the browser goes, or when the server says that it has."""

    media_type = "text/event-stream"

    def __init__(self, messages: Callable[[], Messages]) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})  # nginx passes it on at once
        del self.headers["content-length"]
        self._messages = messages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until one of the two is over."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        sending = asyncio.ensure_future(self._send(send))
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.wait({sending, gone})
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send) -> None:
        messages = self._messages()
        try:
            async for message in messages:
                await send({"type": "http.response.body", "body": message, "more_body": True})
        except OSError:
            return  # the browser has gone
        finally:
            await messages.aclose()


async def stream(request: Request) -> Response:
    """What happens in a run, as it happens."""
    project, paths = await run_in_threadpool(_found, request)
    site = site_of(request)
    # Windows of one browser say the same here. It has few connections: one window more would never load.
    reader = (request.client.host if request.client else "", request.headers.get("user-agent", ""))
    if site.streams.full(reader):
        raise HTTPException(503, headers={"Retry-After": str(AGAIN_SECONDS)})
    after = number_of(request.headers.get("last-event-id", ""), "Last-Event-ID", -1, 2**53)
    if after < 0:
        after = number_of(request.query_params.get("after", ""), "after", 0, 2**53)

    async def messages() -> Messages:
        with site.streams.following(project, paths, site.shelf, reader) as follower:
            async for message in follower.messages(after):
                yield message

    return EventStream(messages)


def _found(request: Request) -> tuple[ProjectPaths, RunPaths]:
    paths = lookup.run_of(request)
    lookup.inside(paths.events, paths.project)
    return lookup.project_of(request), paths


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


ROUTES: Sequence[BaseRoute] = (Route("/api/p/{project}/r/{run}/stream", stream),)
