"""The server's side of a WebSocket, as far as ComfyUI uses it (RFC 6455, no fragments, no extensions)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
from typing import Any

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def accept_reply(key: str) -> bytes:
    """The handshake's answer to a Sec-WebSocket-Key."""
    token = base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        f"Sec-WebSocket-Accept: {token}\r\n\r\n"
    ).encode()


class Connection:
    """One open WebSocket. `muted`: nothing is sent any more, though it stays open."""

    def __init__(
        self, sock: socket.socket, sid: str, close_after: int | None = None, mute_after: int | None = None
    ) -> None:
        self.sock = sock
        self.sid = sid
        self.muted = False
        self.metadata = False  # the client reads previews with metadata
        self._first = True
        self._left, self._words = close_after, mute_after
        self._lock = threading.Lock()

    def send(self, kind: str, data: dict[str, Any]) -> None:
        """Send one JSON message."""
        self.frame(TEXT, json.dumps({"type": kind, "data": data}).encode())

    def frame(self, code: int, content: bytes) -> None:
        """Send one frame; errors of a client that is gone are not ours."""
        if self.muted:
            return
        size = len(content)
        head = bytes([0x80 | code])
        if size < 126:
            head += bytes([size])
        elif size < 1 << 16:
            head += bytes([126]) + struct.pack(">H", size)
        else:
            head += bytes([127]) + struct.pack(">Q", size)
        with self._lock, contextlib.suppress(OSError):
            self.sock.sendall(head + content)
            self._count()

    def picture(self, file: bytes, about: dict[str, Any]) -> None:
        """A JPEG of the sampler's: with what it is about for a client that can read that."""
        if self.metadata:
            said = json.dumps(about).encode()
            self.frame(BINARY, struct.pack(">II", 4, len(said)) + said + file)
        else:
            self.frame(BINARY, struct.pack(">II", 1, 1) + file)

    def _count(self) -> None:
        if self._words is not None:
            self._words -= 1
            self.muted = self._words <= 0
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self.muted = True
                self.sock.shutdown(socket.SHUT_RDWR)

    def read_until_closed(self) -> None:
        """Take what the client sends; answers pings, ends at its close frame or when it is gone."""
        with contextlib.suppress(OSError, EOFError):
            while True:
                code, content = self._read_frame()
                if code == CLOSE:
                    self.frame(CLOSE, content)
                    return
                if code == PING:
                    self.frame(PONG, content)
                if code == TEXT and self._first:
                    self._first = False
                    self._flags(content)

    def _flags(self, content: bytes) -> None:
        """A first message may say what the client can do; the real one passes over anything else."""
        with contextlib.suppress(ValueError, AttributeError):
            said = json.loads(content)
            if said.get("type") == "feature_flags":
                self.metadata = said["data"].get("supports_preview_metadata") is True
                self.send("feature_flags", {"supports_preview_metadata": True})

    def _read_frame(self) -> tuple[int, bytes]:
        first, second = self._exactly(2)
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self._exactly(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._exactly(8))[0]
        mask = self._exactly(4) if second & 0x80 else b"\0\0\0\0"
        content = self._exactly(size)
        return first & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(content))

    def _exactly(self, count: int) -> bytes:
        content = b""
        while len(content) < count:
            piece = self.sock.recv(count - len(content))
            if not piece:
                raise EOFError
            content += piece
        return content
