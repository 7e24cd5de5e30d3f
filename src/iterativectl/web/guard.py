"""Who is let in: the outermost layer of the viewer, around every request and every answer.

Other pages in the same browser, and names that are made to point at this machine (DNS rebinding), can send
requests here. So, in this order and whatever the address is: the Host header must be exactly one of ours;
another site, known by its Origin or by what the browser says of it, may link here, but neither embed nor
fetch anything; the cookie must be there, which the token in the first address gave; a write must come from
our own page and be something that a form cannot send. Every answer, the refusals and the accidents among
them, says what a browser may do with it. Nothing is logged here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iterativectl.web import replies
from iterativectl.web.site import Site

READING = ("GET", "HEAD")
METHODS = (*READING, "POST")
LONGEST_ADDRESS = 4096  # bytes; ours are shorter than 500. Python refuses numbers of more digits than 4300
CONTROLS = re.compile("[\x00-\x1f\x7f]")  # in no name of ours
MARK = ("x-iterativectl", "viewer")  # a header that a form cannot send
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("img", "script", "style", "connect")),
        *(f"{kind} 'none'" for kind in ("frame-ancestors", "base-uri", "form-action")),
    )
)
SAFETY = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
NEVER_KEPT = ("application/json", "text/html", "text/event-stream")
NOT_IN = "This browser has not been let in."
HOW = "`iterativectl viewer status --open` opens the viewer with what lets a browser in."


class Guard:
    """An ASGI application around another one. `app` is the one inside."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        if not site.token:
            raise ValueError("a viewer without a token would let everybody in")
        self.app = app
        self._site = site
        self._cookie = cookie_value(site.token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})  # there are none here
        else:
            answer = self._refusal(Request(scope)) or self.app
            await answer(scope, receive, _with_safety(send))

    def _refusal(self, request: Request) -> Response | None:
        """What is answered instead; None for a request that goes on."""
        host = self._host(request)
        if host is None:
            return _refused(request, 403, "not_here", "This is not an address of the viewer.")
        if request.method not in METHODS:
            reply = _refused(request, 405, "method", f"{request.method} is not answered here.")
            reply.headers["Allow"] = ", ".join(METHODS)
            return reply
        if _length(request) > LONGEST_ADDRESS:
            return _refused(request, 414, "too_long", "The address is too long.")
        if CONTROLS.search(request.scope["path"]):
            return _refused(request, 404, "not_there", "There is no such thing here.")
        strange = not set(request.headers.getlist("origin")) <= set(origins(host))  # a link sends none
        if strange or (_from_elsewhere(request) and not _is_a_link(request)):
            return _refused(request, 403, "elsewhere", "Another site may link here, and nothing else.")
        return self._entry(request, host) or self._wrong_write(request, host)

    def _host(self, request: Request) -> str | None:
        """The Host header, if there is exactly one and it is exactly one of ours."""
        given = request.headers.getlist("host")
        return given[0] if len(given) == 1 and given[0] in self._site.hosts else None

    def _entry(self, request: Request, host: str) -> Response | None:
        """Take the token of an address into a cookie; without the cookie, say how to get in."""
        name = cookie_name(host)
        if request.method in READING and "token" in request.query_params:
            rightly = all(_same(given, self._site.token) for given in request.query_params.getlist("token"))
            if rightly or self._is_in(request, name):
                return self._let_in(request, name if rightly else None)
        if self._is_in(request, name):
            return None
        if _from_elsewhere(request):
            return _once_more(request)
        return _refused(request, 401, "not_let_in", NOT_IN, HOW)

    def _let_in(self, request: Request, name: str | None) -> Response:
        """To the same page without the token, with the cookie."""
        reply = Response(status_code=303, headers={"Location": clean_address(request.scope)})
        if name is not None:
            reply.set_cookie(name, self._cookie, path="/", httponly=True, samesite="strict")
        return reply

    def _is_in(self, request: Request, name: str) -> bool:
        return any(_same(given, self._cookie) for given in _cookies(request.headers, name))

    def _wrong_write(self, request: Request, host: str) -> Response | None:
        """Why a write is refused; None for a right one, and for reading."""
        if request.method in READING:
            return None
        if request.headers.getlist("origin") not in [[origin] for origin in origins(host)]:
            return _refused(request, 403, "origin", "Only the viewer's own page may write.")
        if not is_json(request.headers.getlist("content-type")):
            return _refused(request, 415, "type", "Only application/json is read here.")
        if request.headers.getlist(MARK[0]) != [MARK[1]]:
            return _refused(request, 403, "mark", f"The header {MARK[0]}: {MARK[1]} is missing.")
        return None


def cookie_name(host: str) -> str:
    """The cookie's name, with the port of a Host header: cookies do not tell one port from another."""
    _, _, port = host.rpartition("]")[2].partition(":")
    return f"iterativectl-viewer-{port or '80'}"


def cookie_value(token: str) -> str:
    """What the cookie holds: not the token itself, which a person may have chosen, but what shows it."""
    return hmac.new(token.encode(), b"iterativectl viewer cookie", hashlib.sha256).hexdigest()


def origins(host: str) -> tuple[str, ...]:
    """The Origins of a page that this Host header shows: behind a name there may be a proxy with TLS."""
    local = host in LOOPBACK or host.startswith(tuple(f"{name}:" for name in LOOPBACK))
    return (f"http://{host}",) if local else (f"http://{host}", f"https://{host}")


def is_json(given: list[str]) -> bool:
    """Whether the Content-Type headers are one application/json, with no parameter but charset=utf-8."""
    if len(given) != 1:
        return False
    kind, *parameters = (part.strip().lower() for part in given[0].split(";"))
    return kind == "application/json" and all(
        part in ("charset=utf-8", 'charset="utf-8"') for part in parameters
    )


def clean_address(scope: Scope) -> str:
    """Path and query of a request without its token; never another machine's, as `//name` would be."""
    path = "/" + quote(scope["path"].lstrip("/"), safe="/~")
    given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    query = urlencode([(key, value) for key, value in given if key != "token"])
    return f"{path}?{query}" if query else path


def _same(given: str, wanted: str) -> bool:
    """Compared in a time that tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())


def _length(request: Request) -> int:
    return len(request.scope["path"]) + len(request.scope["query_string"])


def _from_elsewhere(request: Request) -> bool:
    """Whether the browser says that another site's page is behind it; another port is another site."""
    return request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def _is_a_link(request: Request) -> bool:
    """Whether it fills a whole tab, as a link does, and not a frame, a script, a picture of another page."""
    return (
        request.method in READING
        and request.headers.get("sec-fetch-mode") == "navigate"
        and request.headers.get("sec-fetch-dest") == "document"
    )


def _once_more(request: Request) -> Response:
    """A strict cookie does not come along with a link on another site: this page asks again, as our own."""
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0">'
        '<title>Viewer</title><p><a href="">Open the viewer</a></p></html>'
    )


def _refused(request: Request, status: int, code: str, message: str, hint: str = "") -> Response:
    """For programs as JSON, for people as a page or a line."""
    if request.scope["path"].startswith("/api/"):
        return replies.data({"error": {"code": code, "message": message, "hint": hint}}, status)
    if status != 401:
        return PlainTextResponse(f"{message}\n", status)
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Not let in</title>'
        f"<h1>{message}</h1><p>In a terminal, in your workspace:</p>"
        "<pre>iterativectl viewer status --open</pre>"
        "<p>It opens the viewer with what lets a browser in. The viewer lets nobody else look.</p></html>",
        status,
    )


def _cookies(headers: Headers, name: str) -> Iterable[str]:
    """The values of the cookies of this name. Other programs of this machine send theirs along."""
    for line in headers.getlist("cookie"):
        for part in line.split(";"):
            key, _, value = part.partition("=")
            if key.strip() == name:
                yield value.strip()


def _with_safety(send: Send) -> Send:
    """`send`, with what every answer says. What a handler says of these things does not count."""

    async def safely(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SAFETY.items():
                headers[name] = value
            kind = headers.get("content-type", "").partition(";")[0]
            if kind in NEVER_KEPT or "cache-control" not in headers:
                headers["Cache-Control"] = "no-store"
        await send(message)

    return safely
