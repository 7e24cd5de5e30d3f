"""An in-thread HTTP server that stands in for a vision provider: answers, and misbehaves when told to.

It listens on 127.0.0.1, port 0, and ends with its `with` block. Canned answers (`server.script`) are served
first, one a request for an answer; then `answer(asked)` is called and wrapped in the provider's format.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a provider was asked: the text (labels included), the PNGs in order, the schema or None."""

    model: str
    prompt: str
    images: tuple[bytes, ...]
    schema: Mapping[str, Any] | None
    number: int  # of this request, from 1


@dataclass(frozen=True, kw_only=True)
class Received:
    """One HTTP request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, kw_only=True)
class Canned:
    """A scripted answer. `fault`: drop (no answer), cut (half of it), drip (a byte every 20 ms), silent."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = ""
    fault: str = ""
    delay: float = 0.0

    def payload(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


class JudgeServer:
    """Base of the fakes. Subclasses give `ask_path`, `asked`, `wrapped` and `look`."""

    ask_paths: tuple[str, ...] = ()
    prefix = ""

    def __init__(self, answer: Callable[[Asked], str] | None = None) -> None:
        self.answer = answer or (
            lambda asked: json.dumps(instance(asked.schema)) if asked.schema else "a picture"
        )
        self.script: deque[Canned] = deque()
        self.requests: list[Received] = []
        self.released = threading.Event()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The base URL for AIVis.yaml."""
        host, port = self._server.server_address[:2]
        return f"http://{host}:{port}{self.prefix}"

    @property
    def asked_count(self) -> int:
        """How many requests for an answer came, failed ones included."""
        return sum(request.path in self.ask_paths for request in self.requests)

    @property
    def last(self) -> Any:
        """The body of the last request for an answer."""
        return next(r.body for r in reversed(self.requests) if r.path in self.ask_paths)

    def __enter__(self) -> JudgeServer:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def wrapped(self, asked: Asked, text: str) -> Mapping[str, Any]:
        raise NotImplementedError

    def asked(self, path: str, body: Any, number: int) -> Asked:
        raise NotImplementedError

    def look(self, path: str, body: Any) -> Canned:
        raise NotImplementedError

    def take(self, received: Received) -> Canned:
        """Write a request down and answer it."""
        with self._lock:
            self.requests.append(received)
        return self.respond(received.path, received.body)

    def respond(self, path: str, body: Any) -> Canned:
        """What is answered to a request."""
        if path not in self.ask_paths:
            return self.look(path, body)
        if self.script:
            return self.script.popleft()
        asked = self.asked(path, body, self.asked_count)
        return Canned(body=self.wrapped(asked, self.answer(asked)))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, fake: JudgeServer) -> None:
        self.fake = fake
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        canned = self.server.fake.take(
            Received(
                method=self.command,
                path=self.path,
                headers=dict(self.headers),
                body=json.loads(raw) if raw else None,
            )
        )
        with contextlib.suppress(ConnectionError):
            self._send(canned)

    do_GET = do_POST

    def _send(self, canned: Canned) -> None:
        self.server.fake.released.wait(10 if canned.fault == "silent" else canned.delay)
        if canned.fault in ("drop", "silent"):
            self._reset()
            return
        payload = canned.payload()
        self.send_response_only(canned.status)  # no Date of its own: a script may send one
        for name, value in {**canned.headers, "Content-Length": str(len(payload))}.items():
            self.send_header(name, value)
        self.end_headers()
        if canned.fault == "cut":
            self.wfile.write(payload[: len(payload) // 2])
            self._reset()
        elif canned.fault == "drip":
            self._drip(payload)
        else:
            self.wfile.write(payload)

    def _drip(self, payload: bytes) -> None:
        for byte in payload:
            if self.server.fake.released.wait(0.02):
                return
            self.wfile.write(bytes([byte]))

    def _reset(self) -> None:
        """Close with a RST, as a crashed server does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def instance(schema: Mapping[str, Any]) -> Any:
    """A value that fits a schema: the first of an enum, else yes-like and harmless."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: instance(part) for name, part in schema.get("properties", {}).items()}
    return {"array": [], "string": "none", "number": 1, "integer": 1, "boolean": True}.get(kind)
