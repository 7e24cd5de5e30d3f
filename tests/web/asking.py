"""Requests as bytes on the wire could make them, to every route there is, and what every answer must be like.

A client library would mend a wrong Host header or an odd path; here nothing is mended. Every answer is looked
at by `faults`, whatever the test is about.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import unquote

from starlette.routing import Route
from starlette.types import ASGIApp, Message
from tests.web.trees import ADDRESS, ORIGIN, TOKEN

from iterativectl.web import guard
from iterativectl.web.guard import Guard

T = TypeVar("T")
PATIENCE = 20.0  # seconds for one answer
STREAM_SECONDS = 0.15  # then the browser of a stream leaves
COOKIE = f"{guard.cookie_name(ADDRESS)}={guard.cookie_value(TOKEN)}"
READ = {"host": ADDRESS, "cookie": COOKIE}
WRITE = {
    **READ,
    "origin": ORIGIN,
    "content-type": "application/json",
    "x-iterativectl": "viewer",
}
SAMPLES = {"project": "example", "n": "1", "name": "style.css"}  # of a route's parameters
TYPES = (
    *("application/json", "text/html", "text/plain", "text/css", "text/javascript", "text/event-stream"),
    *("image/png", "image/jpeg", "image/webp", "image/svg+xml"),
)
AS_DOWNLOADS = ("application/zip", "text/csv", "application/octet-stream", "application/x-ndjson")
PROMISES = {
    "content-security-policy": (
        "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request: the target as it stands in the request line, headers in order."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def having(self, **headers: str | None) -> Asked:
        """With these headers instead (`_` for `-`); None takes one out."""
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = [pair for pair in self.headers if pair[0] not in changed]
        new = [(name, value) for name, value in changed.items() if value is not None]
        return replace(self, headers=(*kept, *new))

    def also(self, name: str, value: str) -> Asked:
        """With one header more, though there be one of that name."""
        return replace(self, headers=(*self.headers, (name, value)))

    @property
    def scope(self) -> dict[str, Any]:
        """As uvicorn would hand it on."""
        path, _, query = self.target.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": ("127.0.0.1", 8420),
            "client": ("127.0.0.1", 50000),
            "scheme": "http",
            "root_path": "",
            "method": self.method,
            "path": unquote(path),
            "raw_path": path.encode("utf-8"),
            "query_string": query.encode("latin-1", "replace"),
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers],
        }


@dataclass
class Answer:
    """What came back. `headers` in lower case; of several of one name the last."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


def asked(method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Asked:
    """A request that is let in, unless other headers are given."""
    usual = READ if method in ("GET", "HEAD") else WRITE
    return Asked(
        method=method,
        target=target,
        headers=tuple((usual if headers is None else headers).items()),
        body=body,
    )


def answers(app: ASGIApp, requests: Iterable[Asked]) -> list[Answer]:
    """The answers to some requests, one after the other, in one event loop."""

    async def all_of_them() -> list[Answer]:
        return [await asyncio.wait_for(_answer(app, each), PATIENCE) for each in requests]

    return in_a_loop(all_of_them())


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns. In a thread of its own: this one may have a loop, a browser's, already."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


async def _answer(app: ASGIApp, request: Asked) -> Answer:
    found = Answer()
    ended = asyncio.Event()
    sent = iter([{"type": "http.request", "body": request.body, "more_body": False}])

    async def receive() -> Message:
        for message in sent:
            return message
        streams = found.type == "text/event-stream"
        try:
            await asyncio.wait_for(ended.wait(), STREAM_SECONDS if streams else PATIENCE)
        except asyncio.TimeoutError:
            pass
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            found.status = message["status"]
            found.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            found.body += message.get("body", b"")
            if not message.get("more_body", False):
                ended.set()

    try:
        await app(request.scope, receive, send)
    except Exception:  # noqa: BLE001 - raised once more for the server's log, after it was answered
        if found.status != 500:
            raise
    return found


def faults(request: Asked, answer: Answer) -> list[str]:
    """What an answer lacks, or says too much of."""
    headers = answer.headers
    found = [
        f"{name}: {headers.get(name)!r}" for name, value in PROMISES.items() if headers.get(name) != value
    ]
    if "camera=()" not in headers.get("permissions-policy", ""):
        found.append("no permissions-policy")
    if not 200 <= answer.status < 600:
        found.append(f"status {answer.status}")
    found += [
        f"{name} is there" for name in headers if name.startswith("access-control-") or name == "server"
    ]
    found += _type_faults(answer)
    if TOKEN.encode() in answer.body or any(TOKEN in value for value in headers.values()):
        found.append("the token is in the answer")
    if b"Traceback" in answer.body:
        found.append("a traceback is in the answer")
    shown = f"{request.method} {request.target[:100]} -> {answer.status}"
    return [f"{shown}: {fault}" for fault in found]


def _type_faults(answer: Answer) -> Iterator[str]:
    kept = answer.headers.get("cache-control", "")
    if answer.type in ("application/json", "text/html", "text/event-stream") and kept != "no-store":
        yield f"{answer.type} may be kept: {kept!r}"
    if not kept:
        yield "nothing says whether it may be kept"
    if answer.status in (303, 304) or not answer.body:
        return
    attached = answer.headers.get("content-disposition", "").startswith("attachment; filename=")
    if answer.type not in TYPES and not (attached and answer.type in AS_DOWNLOADS):
        yield f"it is of type {answer.type!r}"
    if answer.type == "image/svg+xml" and b"<script" in answer.body:
        yield "a drawing with a script"
    if answer.type == "application/json" and not attached:
        try:
            value = json.loads(answer.body)
        except ValueError:
            yield "it is not the JSON that it says it is"
        else:
            wants = {"code", "message", "hint"}
            if answer.status >= 400 and not (
                isinstance(value, dict) and wants <= set(value.get("error", {}))
            ):
                yield f"an error without {', '.join(sorted(wants))}"


@dataclass(frozen=True)
class Known:
    """A route of the application: a method and the path with its parameters."""

    method: str
    path: str

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"{(\w+)(?::\w+)?}", self.path)

    def target(self, values: Mapping[str, str]) -> str:
        """An address of it; `sample` for parameters that `values` does not know."""
        return re.sub(r"{(\w+)(?::\w+)?}", lambda found: values.get(found.group(1), "sample"), self.path)


def known(app: Guard) -> list[Known]:
    """Every route there is, read off the application's own table: what is added later is in it, too."""
    routes = app.app.routes  # type: ignore[attr-defined]
    assert all(isinstance(route, Route) for route in routes), "a route of a kind that is not listed here"
    return [
        Known(method, route.path)
        for route in routes
        for method in sorted(route.methods)
        if method != "HEAD" or "GET" not in route.methods
    ]


def is_a_page(path: str) -> bool:
    """Whether it is an address that shows the one page, whatever it names."""
    return not path.startswith(("/api/", "/pictures/", "/static/"))


def without_faults(requests: Sequence[Asked], found: Sequence[Answer]) -> None:
    """Assert that every answer is as it must be."""
    assert len(requests) == len(found)
    said = [
        fault for request, answer in zip(requests, found, strict=True) for fault in faults(request, answer)
    ]
    assert said == []
