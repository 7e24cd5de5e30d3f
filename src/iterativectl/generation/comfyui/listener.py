"""A WebSocket to ComfyUI, for progress only: nothing that matters depends on it.

Its own thread reads all the time, because a client that stops reading can hold up the server's messages to
everybody. Nothing is replayed, so it is opened before the job is sent.
"""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import websocket

from iterativectl.clock import Clock
from iterativectl.generation.comfyui import frames
from iterativectl.generation.comfyui.transport import Address
from iterativectl.generation.comfyui.waiting import Attend, Pace


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the server; type "" says that no more will come."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)


class Listener:
    """Messages of one connection. `is_open` turns False when it ends; the job goes on without it.

    `previews`: of the pictures that come the newest one is kept, until `take_picture`.
    """

    def __init__(self, address: Address, client_id: str, pace: Pace, *, previews: bool = False) -> None:
        self._previews = previews
        self._picture: bytes | None = None
        self._address = address
        self._pace = pace
        self._url = f"{address.base_url.replace('http', 'ws', 1)}/ws?clientId={client_id}"
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._connected = threading.Event()
        self._connection: websocket.WebSocket | None = None
        self._closing = False
        self.is_open = False

    def open(self, attend: Attend, clock: Clock) -> bool:
        """Connect, for a few seconds at most. False: there will be no progress messages."""
        threading.Thread(target=self._run, daemon=True, name="comfyui-progress").start()
        deadline = clock.monotonic() + self._pace.handshake
        while not self._connected.wait(self._pace.attend):
            attend()
            if clock.monotonic() > deadline:
                break
        self.is_open = self._connection is not None
        return self.is_open

    def receive(self, seconds: float) -> Message | None:
        """The next message, or None when none came in that time."""
        try:
            message = self._messages.get(timeout=max(seconds, 0.0005))
        except queue.Empty:
            return None
        if not message.type:
            self.is_open = False
        return message

    def take_picture(self) -> bytes | None:
        """The newest binary message, once; None when none came since."""
        message, self._picture = self._picture, None
        return message

    def close(self) -> None:
        """End the connection at once, without waiting for the server's farewell."""
        self._closing = True
        connection = self._connection
        if connection is None:
            return
        try:
            connection.send_close()
            if connection.sock:
                connection.sock.shutdown(socket.SHUT_RDWR)
        except (OSError, websocket.WebSocketException):
            return  # it is gone already

    def _run(self) -> None:
        try:
            connection = self._connect()
        except (OSError, ValueError, websocket.WebSocketException):
            self._connected.set()
            return
        self._connection = connection
        self._connected.set()
        try:
            while not self._closing:
                self._take(connection)
        except (OSError, ValueError, websocket.WebSocketException):
            pass  # closed, reset or not the protocol: all mean that no more will come
        finally:
            self._messages.put(Message(""))
            connection.shutdown()  # type: ignore[no-untyped-call]

    def _connect(self) -> websocket.WebSocket:
        verify = self._address.verify
        connection = websocket.create_connection(
            self._url,
            timeout=self._pace.handshake,
            header=[f"{name}: {value}" for name, value in self._address.headers.items()],
            suppress_origin=True,  # ComfyUI refuses an Origin that differs from its Host
            redirect_limit=0,  # headers go to no other host
            skip_utf8_validation=True,
            sslopt={"ca_certs": verify} if isinstance(verify, str) else {},
        )
        if connection.handshake_response is None or connection.handshake_response.status != 101:
            connection.shutdown()  # type: ignore[no-untyped-call]
            raise websocket.WebSocketException("the server did not switch to the WebSocket protocol")
        if self._previews:
            connection.send(json.dumps(frames.ASKS))
        return connection

    def _take(self, connection: websocket.WebSocket) -> None:
        """Read one frame. What is neither a message nor a wanted picture is dropped; silence is no fault."""
        try:
            code, content = connection.recv_data()
        except websocket.WebSocketTimeoutException:
            return
        if code == websocket.ABNF.OPCODE_CLOSE:
            raise websocket.WebSocketConnectionClosedException("closed by the server")
        if code == websocket.ABNF.OPCODE_BINARY and self._previews:
            self._picture = content
        if code != websocket.ABNF.OPCODE_TEXT:
            return
        message = json.loads(content)
        if isinstance(message, dict) and isinstance(message.get("data"), dict) and message.get("type"):
            self._messages.put(Message(str(message["type"]), message["data"]))
