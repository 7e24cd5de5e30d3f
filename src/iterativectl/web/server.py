"""The viewer as a server: it listens, answers until it is told to end, and ends at once.

Streams to open pages have no end of their own. When the server ends, each is told that its browser has gone,
which a stream understands, and its answer is finished in order.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iterativectl.web.app import make_app
from iterativectl.web.site import Site

ENDING_SECONDS = 1  # for answers under way
LARGEST_HEAD = 64 * 1024  # bytes; every program of this machine that has a page leaves cookies
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Finishing:
    """An ASGI application around another one, whose open answers can be ended: `end()`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._over = asyncio.Event()

    def end(self) -> None:
        """From now on every reading request hears that its browser has gone. Called in the event loop."""
        self._over.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["method"] == "POST":  # what writes is written to its end
            await self._app(scope, receive, send)
            return
        state = {"begun": False, "open": True}

        async def watched(message: Message) -> None:
            state["begun"] = True
            state["open"] = message["type"] == "http.response.start" or message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, self._or_end(receive), watched)
        except asyncio.CancelledError:
            if not self._over.is_set():
                raise
        if self._over.is_set() and state["begun"] and state["open"]:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _or_end(self, receive: Receive) -> Receive:
        async def heard() -> Message:
            message = asyncio.ensure_future(receive())
            over = asyncio.ensure_future(self._over.wait())
            try:
                await asyncio.wait({message, over}, return_when=asyncio.FIRST_COMPLETED)
                return message.result() if message.done() else {"type": "http.disconnect"}
            finally:
                message.cancel()
                over.cancel()

        return heard


class Server(uvicorn.Server):
    """Uvicorn, on a socket that listens already. It leaves signals alone."""

    def __init__(self, site: Site) -> None:
        self.guard = make_app(site)
        self._app = Finishing(self.guard)
        super().__init__(
            uvicorn.Config(
                self._app,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="on",
                access_log=False,  # addresses hold the token once
                log_config=None,
                proxy_headers=False,
                server_header=False,
                h11_max_incomplete_event_size=LARGEST_HEAD,
                timeout_graceful_shutdown=ENDING_SECONDS,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End: open streams first."""
        self._app.end()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the caller's."""
        yield


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 is any free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    # Connections have it from here. Without it the second half of a short answer waits 40 ms for the browser.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(site: Site, listener: socket.socket) -> None:
    """Answer until SIGINT, SIGTERM or SIGHUP. In the main thread only."""
    server = Server(site)
    with _ended_by_signals(server):
        server.run(sockets=[listener])


@contextmanager
def _ended_by_signals(server: Server) -> Iterator[None]:
    """The first signal ends it in order, a second one at once. What was switched off (nohup) stays off."""

    def end(number: int, frame: FrameType | None) -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    before: dict[signal.Signals, Callable[..., object] | int | None] = {}
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
