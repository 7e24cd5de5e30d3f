"""A gate before a server: every request passes it, and a test may act before its reply passes, or after.

It speaks as much HTTP as it must: heads, Content-Length, and raw bytes after an upgrade.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Passing:
    """A request at the gate, before or after its reply. `what`: method and path, without ids."""

    what: str
    body: bytes
    after: bool


Act = Callable[[Passing], None]


class Gate:
    """Listens on 127.0.0.1 and passes everything on to the server at `url`."""

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (target.hostname or "", target.port or 80)
        self.act: Act = lambda passing: None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{target.path}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Gate:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), client:
            server = socket.create_connection(self._target, timeout=30)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with server, client.makefile("rb") as asking, server.makefile("rb") as answering:
                while self._one(client, server, asking, answering):
                    pass

    def _one(self, client: socket.socket, server: socket.socket, asking: Stream, answering: Stream) -> bool:
        """Pass one request and its reply; False when the connection is at its end."""
        request = _message(asking)
        server.sendall(request)
        reply = _message(answering)
        what, body = _what(request), request.partition(b"\r\n\r\n")[2]
        self.act(Passing(what, body, after=False))
        client.sendall(reply)
        self.act(Passing(what, body, after=True))
        if reply.startswith(b"HTTP/1.1 101"):
            self._raw(client, server, asking, answering)
            return False
        return b"connection: close" not in reply.split(b"\r\n\r\n")[0].lower()

    def _raw(self, client: socket.socket, server: socket.socket, asking: Stream, answering: Stream) -> None:
        """Both directions as they come, until one end closes."""

        def pump(source: Stream, target: socket.socket) -> None:
            with contextlib.suppress(OSError, ValueError):
                while piece := source.read1(65536):
                    target.sendall(piece)
            for end in (client, server):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

        back = threading.Thread(target=pump, args=(answering, client), daemon=True)
        back.start()
        pump(asking, server)
        back.join(timeout=5)


class Stream:
    """What is used of a socket's file (a name for the type only)."""

    def readline(self) -> bytes: ...

    def read(self, size: int) -> bytes: ...

    def read1(self, size: int) -> bytes: ...


def _message(stream: Stream) -> bytes:
    """One HTTP message, head and body. EOFError where none comes."""
    head, length = b"", 0
    while True:
        line = stream.readline()
        if not line:
            raise EOFError
        head += line
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
        if line in (b"\r\n", b"\n"):
            return head + (stream.read(length) if length else b"")


def _what(request: bytes) -> str:
    """Method and path, without what differs between two runs of the same work."""
    method, target, _ = request.split(b"\r\n", 1)[0].decode().split(" ", 2)
    path = urlsplit(target).path
    return f"{method} {'/history/ID' if path.startswith('/history/') else path}"
