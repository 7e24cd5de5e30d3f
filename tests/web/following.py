"""A viewer that listens on this machine, and a reader of its streams that waits for one message at a time."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.web.trees import PATIENCE, TOKEN, at_work

from iterativectl.web.guard import cookie_name, cookie_value
from iterativectl.web.server import Server
from iterativectl.web.site import Site
from iterativectl.web.streams import Streams


@dataclass(frozen=True)
class Message:
    """One message of a stream; `comment` where it is none."""

    kind: str
    data: dict[str, Any]
    id: str | None = None
    comment: str = ""


@dataclass
class Listener:
    """An open stream."""

    connection: http.client.HTTPConnection
    reply: http.client.HTTPResponse
    ended: bool = field(default=False)

    def next(self) -> Message | None:
        """The next message; None at the end of the stream."""
        lines: list[str] = []
        while line := self.reply.readline():
            text = line.decode("utf-8").rstrip("\n")
            if not text:
                return _message(lines)
            lines.append(text)
        self.ended = True
        return None

    def until(self, kind: str) -> Message:
        """The next message of a kind: event, state, retry or comment."""
        while (found := self.next()) is not None:
            if found.kind == kind:
                return found
        raise AssertionError(f"the stream ended before any {kind}")

    def close(self) -> None:
        self.connection.close()
        self.reply.close()


@dataclass(frozen=True)
class Listening:
    """A viewer at work."""

    site: Site
    server: Server
    port: int
    opened: list[Listener] = field(default_factory=list)

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """Ask for something; the answer is open."""
        return self.listen(path, **headers).reply

    def listen(self, path: str, **headers: str) -> Listener:
        """Open a stream; each is another browser's, unless a User-Agent is said."""
        headers = {"User-Agent": f"browser {len(self.opened)}", **headers}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        cookie = f"{cookie_name(f'127.0.0.1:{self.port}')}={cookie_value(TOKEN)}"
        connection.request("GET", path, headers={"Cookie": cookie, **headers})
        listener = Listener(connection, connection.getresponse())
        self.opened.append(listener)
        return listener

    def settled(self, streams: int) -> bool:
        """Whether so many streams are open, now or soon."""
        end = time.monotonic() + PATIENCE
        while self.site.streams.open != streams and time.monotonic() < end:
            time.sleep(0.01)
        return self.site.streams.open == streams


@contextmanager
def listening_viewer(root: Path, streams: Streams | None = None) -> Iterator[Listening]:
    """A viewer of a workspace, until the block is left."""
    with at_work(root, streams) as (site, server, port):
        viewer = Listening(site, server, port)
        try:
            yield viewer
        finally:
            for opened in viewer.opened:
                opened.close()


def _message(lines: list[str]) -> Message:
    fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
    if "retry" in fields:
        return Message("retry", {}, fields["retry"])
    if not fields:
        return Message("comment", {}, comment=lines[0] if lines else "")
    return Message(fields["event"], json.loads(fields["data"]), fields.get("id"))
