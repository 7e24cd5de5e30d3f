"""The fake's outside: a listening socket, HTTP/1.1 with keep-alive, and the routes of ComfyUI."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import struct
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes import comfyui_rules as rules
from tests.fakes import comfyui_ws
from tests.fakes.comfyui_engine import Engine, Item
from tests.fakes.comfyui_switches import Switches

BROKE = (500, "text/plain; charset=utf-8", b"500 Internal Server Error\n\nServer got itself in trouble")
TOO_LARGE = b"<html><h1>413 Request Entity Too Large</h1></html>"  # nginx's
LOGIN = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
JSON = "application/json; charset=utf-8"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset instead of a farewell
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Reply = tuple[int, str, bytes]


@dataclass(frozen=True)
class Request:
    """One HTTP request as it came; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Drop(Exception):
    """Close the connection with a reset instead of answering."""


class Server:
    """Listens, reads requests, answers them. `log` keeps every request."""

    def __init__(self, engine: Engine, switches: Switches, generation: str, known: dict[str, Any]) -> None:
        self.engine, self.switches = engine, switches
        self.generation, self.known = generation, known
        self.log: list[Request] = []
        self.prefix = ""
        self.tls: ssl.SSLContext | None = None
        self.max_body = 100 << 20
        self.last_request = time.monotonic()
        self.port = 0
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        engine.restart = self.restart
        self._listen()

    # -- life

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def down(self) -> None:
        """As a killed process: no new connections, the open ones reset."""
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for sock in list(self._open):
            _reset(sock)
        self.engine.sockets.clear()

    def up(self) -> None:
        """A new process on the same port: files are kept, queue and history are not."""
        self.engine.begin()
        self._listen()

    def plug_in(self) -> None:
        """The same process on the same port, within reach again."""
        self._listen()

    def restart(self, seconds: float) -> None:
        """Down at once, up again after `seconds`."""
        self.engine.counters["restarts"] += 1
        with self.engine.lock:
            self.engine.life += 1
            self.engine.lock.notify_all()
        self.down()
        timer = threading.Timer(seconds, self.up)
        timer.daemon = True
        timer.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.add(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        sock = plain
        try:
            if self.tls:
                sock = self.tls.wrap_socket(plain, server_side=True)
                self._open.discard(plain)
                self._open.add(sock)
            stream = sock.makefile("rb")
            while request := _read(stream):
                if not self._answer(sock, request):
                    return
        except Drop:
            _reset(sock)
        except (OSError, ValueError):
            pass  # the client is gone
        finally:
            self._open.discard(sock)
            with contextlib.suppress(OSError):
                sock.close()

    def _answer(self, sock: socket.socket, request: Request) -> bool:
        """Answer one request; False when the connection is not to be used again."""
        own = request.path.startswith("/__fake__")
        if not own:
            self.last_request = time.monotonic()
            self.log.append(request)
            self.engine.counters[f"{request.method} {'/'.join(request.path.split('/')[:2])}"] += 1
            freeze = self.switches.take("server", "freeze")
            if freeze:
                time.sleep(freeze.seconds)
        refusal = None if own else self._refusal(request)
        path = request.path.removeprefix(self.prefix).removeprefix("/api") or "/"
        if refusal is None and path == "/ws" and "upgrade" in request.headers:
            self._websocket(sock, request)
            return False
        status, kind, body = refusal or self._routed(request, path)
        if path == "/view" and status == 200 and self._spoiled(sock, kind, body):
            return False
        _send(sock, status, kind, body)
        return status != 500

    def _refusal(self, request: Request) -> Reply | None:
        wanted = self.switches.on("auth", "header_on_ws")
        if wanted and request.headers.get("authorization") != wanted.argument:
            return 401, "text/html", LOGIN
        if self.switches.on("auth", "forbidden"):
            return 403, "", b""
        origin = request.headers.get("origin", "null")
        if origin != "null" and urlsplit(origin).netloc != request.headers.get("host"):
            return 403, "", b""
        if not request.path.startswith(self.prefix):
            return 404, "text/html", b"<html>no such site</html>"
        if len(request.body) > self.max_body:
            words = f"Maximum request body size {self.max_body} exceeded."
            return 413, "text/plain; charset=utf-8", words.encode()
        return None

    def _routed(self, request: Request, path: str) -> Reply:
        head, _, rest = path.lstrip("/").partition("/")
        route = self._routes().get((request.method, head))
        if route is None or (request.path.startswith("/jobs")):
            return 404, "", b""
        try:
            return route(request, unquote(rest))
        except (rules.Broken, ValueError, TypeError, AttributeError, KeyError):
            return BROKE

    def _routes(self) -> dict[tuple[str, str], Callable[[Request, str], Reply]]:
        routes = {
            ("GET", "system_stats"): self._system_stats,
            ("GET", "features"): lambda *_: _json(
                {"supports_preview_metadata": True, "max_upload_size": 104857600}
            ),
            ("GET", "object_info"): self._object_info,
            ("GET", "prompt"): lambda *_: _json({"exec_info": {"queue_remaining": self.engine.remaining()}}),
            ("POST", "prompt"): self._prompt,
            ("GET", "queue"): self._queue,
            ("POST", "queue"): self._edit_queue,
            ("GET", "history"): self._history,
            ("POST", "interrupt"): self._interrupt,
            ("POST", "free"): self._free,
            ("GET", "view"): self._view,
            ("POST", "upload"): self._upload,
            ("GET", "__fake__"): lambda *_: _json(dict(self.engine.counters)),
            ("POST", "__fake__"): self._control,
        }
        if self.generation == "B":
            routes["GET", "jobs"] = self._jobs
        return routes

    # -- the routes

    def version(self) -> str:
        fault = self.switches.on("server", "version")
        return fault.argument if fault else {"A": "0.3.64", "B": "0.33.0"}[self.generation]

    def _system_stats(self, *_: Any) -> Reply:
        system = {
            "os": "posix",
            "comfyui_version": self.version(),
            "python_version": "3.11.7",
            "argv": ["main.py"],
        }
        return _json({"system": system, "devices": [{"name": "cpu", "type": "cpu", "index": None}]})

    def _object_info(self, request: Request, name: str) -> Reply:
        if not name:
            return _json(self.known)
        return _json({name: self.known[name]} if name in self.known else {})

    def _prompt(self, request: Request, _: str) -> Reply:
        canned = self._canned_prompt()
        if canned:
            return canned
        body = request.json()
        count = self.engine.number
        self.engine.number += 1
        if not isinstance(body, dict) or "prompt" not in body:
            error = {"type": "no_prompt", "message": "No prompt provided", "details": "No prompt provided"}
            return _json({"error": {**error, "extra_info": {}}, "node_errors": {}}, 400)
        prompt_id = body.get("prompt_id") or str(uuid.uuid4())
        if self.generation == "B" and not _UUID.fullmatch(str(prompt_id)):
            details = (
                "prompt_id must be a UUID string in canonical lowercase hyphenated form; "
                "omit it to let the server generate one"
            )
            error = {
                "type": "invalid_prompt_id",
                "message": "prompt_id must be a valid UUID",
                "details": details,
            }
            return _json({"error": {**error, "extra_info": {}}, "node_errors": {}}, 400)
        if self.switches.take("prompt", "ignore_prompt_id"):
            prompt_id = str(uuid.uuid4())
        number = float(body["number"]) if "number" in body else -count if body.get("front") else count
        return self._validated(body, str(prompt_id), number)

    def _validated(self, body: dict[str, Any], prompt_id: str, number: float) -> Reply:
        try:
            outputs, errors = rules.validate(
                body["prompt"], self.known, self.generation, self.engine.has_input
            )
        except rules.Refused as refused:
            return _json(refused.body, 400)
        if self.switches.take("prompt", "200_node_errors"):
            errors = self._left_out(body["prompt"], outputs[-1])
        elif self.switches.take("prompt", "other_node_errors"):
            errors = {"77": {**self._left_out(body["prompt"], "78")["1"], "class_type": "PreviewImage"}}
        extra = dict(body.get("extra_data") or {})
        if "client_id" in body:
            extra["client_id"] = body["client_id"]
        if self.generation == "B":
            extra["create_time"] = int(time.time() * 1000)
        self.engine.put(Item(number, prompt_id, body["prompt"], extra, outputs))
        if self.switches.take("prompt", "reset_after_accept"):
            raise Drop
        return _json({"prompt_id": prompt_id, "number": number, "node_errors": errors})

    def _left_out(self, prompt: Mapping[str, Any], output: str) -> dict[str, Any]:
        words = "image - Invalid image file: gone.png"
        fault = {"type": "custom_validation_failed", "message": "Custom validation failed for node"}
        fault |= {"details": words, "extra_info": {"input_name": "image"}}
        return {"1": {"errors": [fault], "dependent_outputs": [output], "class_type": "LoadImage"}}

    def _canned_prompt(self) -> Reply | None:
        if self.switches.take("prompt", "reset_before_accept"):
            raise Drop
        if self.switches.take("prompt", "500"):
            return BROKE
        if self.switches.take("prompt", "400"):
            error = {"type": "no_prompt", "message": "No prompt provided", "details": "No prompt provided"}
            return _json({"error": {**error, "extra_info": {}}, "node_errors": {}}, 400)
        if self.switches.take("prompt", "413"):
            return 413, "text/html", TOO_LARGE
        if self.switches.take("prompt", "302"):
            return 302, "text/html", b""
        if self.switches.take("prompt", "exec_info"):  # a proxy made a GET of it
            return _json({"exec_info": {"queue_remaining": self.engine.remaining()}})
        return (200, "text/html", LOGIN) if self.switches.take("prompt", "html") else None

    def _queue(self, *_: Any) -> Reply:
        with self.engine.lock:
            running = [self.engine.running.listed()] if self.engine.running else []
            pending = [item.listed() for item in reversed(self.engine.pending)]
        return _json({"queue_running": running, "queue_pending": pending})

    def _edit_queue(self, request: Request, _: str) -> Reply:
        body = request.json()
        if body.get("clear"):
            self.engine.counters["queue_clears"] += 1
            self.engine.delete([item.prompt_id for item in self.engine.pending])
        self.engine.delete(body.get("delete") or [])
        return 200, "", b""

    def _history(self, request: Request, prompt_id: str) -> Reply:
        if self.switches.take("history", "500"):
            return BROKE
        with self.engine.lock:
            history = dict(self.engine.history)
        if prompt_id:
            return _json({prompt_id: history[prompt_id]} if prompt_id in history else {})
        return _json(history)

    def _interrupt(self, request: Request, _: str) -> Reply:
        try:
            body = request.json()
        except ValueError:
            body = {}
        prompt_id = body.get("prompt_id")
        if tuple(int(part) for part in self.version().split(".")) < (0, 3, 57):
            prompt_id = None  # an old release stops whatever runs
        if not prompt_id:
            self.engine.counters["global_interrupts"] += 1
        self.engine.stop(prompt_id or None)
        return 200, "", b""

    def _free(self, request: Request, _: str) -> Reply:
        body = request.json()
        self.engine.counters["frees"] += 1
        if body.get("free_memory"):
            self.engine.cache = {}
        return 200, "", b""

    def _view(self, request: Request, _: str) -> Reply:
        query = request.query
        key = (query.get("type", "output"), query.get("subfolder", ""), query.get("filename", ""))
        content = self.engine.files.get(key)
        if content is None or self.switches.take("view", "404"):
            return 404, "", b""
        if self.switches.take("view", "wrong_type"):
            return 200, "image/jpeg", b"\xff\xd8\xff\xe0" + content[:500]
        if self.switches.take("view", "html"):
            return 200, "text/html; charset=utf-8", LOGIN
        return 200, "image/png", content

    def _spoiled(self, sock: socket.socket, kind: str, body: bytes) -> bool:
        """A picture that breaks off, or that comes slowly. True when the connection is at its end."""
        if self.switches.take("view", "cut"):
            sock.sendall(_head(200, kind, len(body)) + body[: len(body) // 2])
            return True
        slow = self.switches.take("view", "slow")
        if slow:
            sock.sendall(_head(200, kind, len(body)))
            for start in range(0, len(body), len(body) // 8 + 1):
                time.sleep(slow.seconds / 8)
                sock.sendall(body[start : start + len(body) // 8 + 1])
        return slow is not None

    def _upload(self, request: Request, kind: str) -> Reply:
        if self.switches.take("upload", "413"):
            return 413, "text/plain", b"Maximum request body size 104857600 exceeded."
        if self.switches.take("upload", "413_html"):
            return 413, "text/html", TOO_LARGE
        parts = _parts(request)
        fields = {name: content.decode() for name, (file_name, content) in parts.items() if file_name is None}
        name, content = parts.get("image", (None, b""))
        folder = fields.get("subfolder", "")
        kind = fields.get("type", "input")
        if not name or ".." in f"{folder}/{name}".split("/") or folder.startswith("/"):
            return 400, "", b""
        if "/" in name or kind not in ("input", "temp", "output"):
            return BROKE
        name = self._stored(kind, folder, name, content, fields.get("overwrite") in ("true", "1"))
        self.engine.counters["uploads"] += 1
        if self.switches.take("upload", "reset_after_store"):
            raise Drop
        return _json({"name": name, "subfolder": folder, "type": kind})

    def _stored(self, kind: str, folder: str, name: str, content: bytes, overwrite: bool) -> str:
        self.engine.counters["overwrites"] += overwrite
        if self.switches.take("upload", "forgets"):
            return name
        stem, dot, ending = name.rpartition(".")
        taken, count = name, 0
        if self.switches.take("upload", "rename"):
            taken, count = f"{stem} (1){dot}{ending}", 1
        while not overwrite and self.engine.files.get((kind, folder, taken), content) != content:
            count += 1
            taken = f"{stem} ({count}){dot}{ending}"
        self.engine.files[kind, folder, taken] = content
        if self.switches.take("upload", "half"):  # killed while it wrote
            self.engine.files[kind, folder, taken] = content[: len(content) // 2]
            raise Drop
        return taken

    def _jobs(self, request: Request, job: str) -> Reply:
        if job:
            return _json({"error": "Job not found"}, 404)
        page = {"offset": 0, "limit": None, "total": 0, "has_more": False}
        return _json({"jobs": [], "pagination": page})

    def _control(self, request: Request, command: str) -> Reply:
        """For tests in other processes: `/__fake__/switch` {"ws": "silent"}, `/__fake__/restart`."""
        if command == "switch":
            for group, text in request.json().items():
                self.switches.set(group, text)
        elif command == "restart":
            self.restart(0.2)
        return _json({})

    # -- the socket

    def _websocket(self, sock: socket.socket, request: Request) -> None:
        self.engine.counters["sockets"] += 1
        if self.switches.take("ws", "refused"):
            _send(sock, 503, "text/plain", b"no sockets here")
            return
        if self.switches.take("ws", "half_open"):
            while sock.recv(1 << 16):
                pass  # neither answers nor closes
            return
        if self.switches.take("ws", "302"):
            _send(sock, 302, "text/html", LOGIN)
            return
        limit, words = self.switches.take("ws", "close_after"), self.switches.take("ws", "mute_after")
        sid = request.query.get("clientId") or uuid.uuid4().hex
        sock.sendall(comfyui_ws.accept_reply(request.headers["sec-websocket-key"]))
        connection = comfyui_ws.Connection(
            sock, sid, int(limit.argument) if limit else None, int(words.argument) if words else None
        )
        status = {"exec_info": {"queue_remaining": self.engine.remaining()}}
        connection.send("status", {"status": status, "sid": sid})
        self.engine.sockets[sid] = connection
        connection.read_until_closed()
        self.engine.sockets.pop(sid, None)  # also a newer one of the same id: as the real one does


def _reset(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        sock.close()


def _read(stream: Any) -> Request | None:
    line = stream.readline().decode("latin-1").split()
    if len(line) != 3:
        return None
    headers = {}
    while (header := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    parts = urlsplit(line[1])
    query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
    return Request(line[0], parts.path, query, headers, body)


def _parts(request: Request) -> dict[str, tuple[str | None, bytes]]:
    """A multipart form: field -> (file name or None, content)."""
    match = re.search(r"boundary=\"?([^\";]+)", request.headers.get("content-type", ""))
    if not match:
        return {}
    found = {}
    for part in request.body.split(b"--" + match[1].encode())[1:-1]:
        head, _, content = part.removesuffix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'[ ;]name="([^"]*)"', head)
        file_name = re.search(rb'filename="([^"]*)"', head)
        if name:
            found[name[1].decode()] = (file_name[1].decode() if file_name else None, content)
    return found


def _json(value: Any, status: int = 200) -> Reply:
    return status, JSON, json.dumps(value).encode()


def _head(status: int, kind: str, size: int) -> bytes:
    lines = [f"HTTP/1.1 {status} Fake", f"Content-Length: {size}", "Server: Python/3.11 aiohttp/3.14.5"]
    if kind:
        lines.append(f"Content-Type: {kind}")
    if status == 302:
        lines.append("Location: https://login.example/start?next=secret")
    if status == 500:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _send(sock: socket.socket, status: int, kind: str, body: bytes) -> None:
    sock.sendall(_head(status, kind, len(body)) + body)
