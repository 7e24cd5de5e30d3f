"""HTTP to one server: limits on every wait, and one place that says what went wrong.

Requests run in a thread of their own while the caller's `attend` is called, because a busy ComfyUI may take
more than a minute to answer a GET and a person must be able to stop meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import requests

from iterativectl.clock import Clock
from iterativectl.errors import GenerationError, ServerUnavailable
from iterativectl.generation.comfyui import waiting
from iterativectl.generation.comfyui.waiting import Attend, Pace

CHUNK = 1 << 16
_NEVER = ("NewConnectionError", "NameResolutionError")  # urllib3's: there was no connection to send on


class Unreachable(Exception):
    """No usable answer came. `sent` is False when the request certainly never arrived.

    `silent`: there was a connection and no word on it, as from a server that is busy loading a model.
    """

    def __init__(self, reason: str, *, sent: bool, silent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.silent = silent


class Silent(ServerUnavailable):
    """The server takes connections and does not answer: it may be busy, or frozen."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply. `body` is b"" for a streamed one; `sent` is how many bytes the request's own body had."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent: int = 0

    @property
    def is_html(self) -> bool:
        """A page for people: a login or a proxy's error page, never ComfyUI's API."""
        kind = self.headers.get("Content-Type", "").lower()
        return "text/html" in kind or self.body[:15].lower().startswith((b"<!doctype html", b"<html"))

    def text(self) -> str:
        """The beginning of the body, for a message."""
        return self.body[:300].decode("utf-8", "replace").strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is and how it is spoken to.

    `base_url` has no user part and no slash at the end; a path prefix (a proxy's) stays in front of every
    route. `verify`: a certificate file, or True for the usual ones. `missing` names environment variables
    that the headers need and that are not set. `partner_key` is for paid nodes only: comfyui/partner.py.
    """

    base_url: str
    headers: Mapping[str, str]
    verify: str | bool = True
    missing: tuple[str, ...] = ()
    partner_key: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """The host name alone."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether what is sent stays on this machine."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


class Transport:
    """Sends requests to one address. Not for use from several threads at once."""

    def __init__(self, address: Address, pace: Pace, clock: Clock) -> None:
        self.address = address
        self.pace = pace
        self.clock = clock
        self._session = self._new_session()

    def hurried(self) -> Transport:
        """The same with the short limits of a cancellation."""
        limit = self.pace.cancel_request
        return Transport(
            self.address, replace(self.pace, connect=limit, read=limit, overall=limit, retries=()), self.clock
        )

    def again(self) -> Transport:
        """Another one to the same server: for another thread."""
        return Transport(self.address, self.pace, self.clock)

    def elsewhere(self, base_url: str) -> Transport:
        """One to a server that is not in the settings any more: it is told no header of theirs."""
        return Transport(Address(base_url=base_url, headers={}), self.pace, self.clock)

    def request(self, method: str, route: str, attend: Attend, **options: Any) -> Answer:
        """Send once and read the whole answer. Raises Unreachable; never follows a redirect elsewhere."""
        session = self._session

        def send() -> Answer:
            reply = self._send(session, method, route, options)
            return Answer(reply.status_code, reply.headers, reply.content, len(reply.request.body or b""))

        pace = self.pace
        try:
            answer = waiting.attended(send, attend, self.clock, limit=pace.overall, every=pace.attend)
        except waiting.TimedOut as error:
            self._session = self._new_session()
            raise Unreachable(str(error), sent=True, silent=True) from error
        except (requests.RequestException, OSError) as error:
            raise _unreachable(error) from error
        except BaseException:
            self._session = self._new_session()  # the old one's connection may still be in use
            raise
        _raise_for(answer, self.address, route)
        return answer

    def stream(self, route: str, attend: Attend, **options: Any) -> tuple[Answer, Iterator[bytes]]:
        """GET whose body comes in pieces. Raises Unreachable, also while the pieces are read."""
        session = self._session
        pace = self.pace

        def send() -> requests.Response:
            return self._send(session, "GET", route, {**options, "stream": True})

        try:
            reply = waiting.attended(send, attend, self.clock, limit=pace.overall, every=pace.attend)
        except waiting.TimedOut as error:
            raise Unreachable(str(error), sent=True, silent=True) from error
        except (requests.RequestException, OSError) as error:
            raise _unreachable(error) from error
        answer = Answer(reply.status_code, reply.headers, b"" if reply.ok else reply.raw.read(4096))
        _raise_for(answer, self.address, route)
        return answer, self._pieces(reply, attend)

    def _pieces(self, reply: requests.Response, attend: Attend) -> Iterator[bytes]:
        try:
            yield from waiting.pieces(lambda: reply.iter_content(CHUNK), attend, self.clock, self.pace)
        except (waiting.TimedOut, requests.RequestException, OSError) as error:
            raise Unreachable(f"the picture broke off: {_reason(error)}", sent=True) from error
        finally:
            reply.close()

    def _send(
        self, session: requests.Session, method: str, route: str, options: Mapping[str, Any]
    ) -> requests.Response:
        limits = {"timeout": (self.pace.connect, self.pace.read), "allow_redirects": False}
        url = f"{self.address.base_url}{route}"
        reply = session.request(method, url, **limits, **options)  # type: ignore[arg-type]
        following = reply.next if method == "GET" else None
        if following is None or not _same_server(following.url or "", url):
            return reply
        return session.get(following.url or "", **limits, stream=options.get("stream", False))  # type: ignore[arg-type]

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # a .netrc would replace the configured Authorization header
        if not self.address.is_loopback:
            session.proxies.update(requests.utils.get_environ_proxies(self.address.base_url))
        session.verify = self.address.verify
        session.headers.update(self.address.headers)
        return session


class Lines:
    """Connections to one server, kept for the next one that needs one; each is used by one at a time."""

    def __init__(self, make: Callable[[], Transport]) -> None:
        self._make = make
        self._idle: list[Transport] = []

    @contextmanager
    def one(self) -> Iterator[Transport]:
        """A transport for as long as the block lasts. For use from several threads."""
        try:
            transport = self._idle.pop()
        except IndexError:
            transport = self._make()
        try:
            yield transport
        finally:
            self._idle.append(transport)


def parsed(answer: Answer, address: Address) -> Any:
    """The JSON of an answer; NaN, which ComfyUI may echo, is read as null."""
    try:
        return json.loads(answer.body, parse_constant=lambda _: None)
    except ValueError as error:
        words = answer.text()[:120]
        raise ServerUnavailable(
            f"{address.base_url} does not answer as ComfyUI does (HTTP {answer.status}: {words!r})",
            "Check comfyui.host, port and url in AIGen.yaml.",
        ) from error


def _same_server(there: str, here: str) -> bool:
    return urlsplit(there)[:2] == urlsplit(here)[:2]


def _raise_for(answer: Answer, address: Address, route: str) -> None:
    """Raise what a status means before anything is parsed. ComfyUI's own 4xx and 500 pass."""
    status = answer.status
    if status in (401, 403, 407) or 300 <= status < 400:
        raise _login(answer, address)
    if status == 413:
        raise _too_large(answer, address, route)
    if status in (502, 503, 504):
        raise Unreachable(f"a proxy before it answers HTTP {status}", sent=True)
    if answer.is_html:
        raise ServerUnavailable(
            f"{address.base_url} answers with a web page instead of ComfyUI's API (HTTP {status})",
            "That is a login page or a proxy: set comfyui.headers, or correct comfyui.url in AIGen.yaml.",
        )


def _login(answer: Answer, address: Address) -> ServerUnavailable:
    if answer.status == 403 and address.is_loopback:
        return ServerUnavailable(
            f"{address.base_url} refuses the request (HTTP 403)",
            "A local ComfyUI does this when Host and Origin differ: look for a proxy or tunnel before it.",
        )
    where = answer.headers.get("Location", "").partition("?")[0]
    what = f"redirects to {where}" if 300 <= answer.status < 400 else f"answers HTTP {answer.status}"
    return ServerUnavailable(
        f"{address.base_url} wants a login: it {what}",
        'Set comfyui.headers in AIGen.yaml, e.g. {Authorization: "env:COMFYUI_AUTH"}, or its final address.',
    )


def _too_large(answer: Answer, address: Address, route: str) -> GenerationError:
    words = "It is a proxy that says so." if answer.is_html else answer.text()
    size = f"{answer.sent / 1e6:.1f} MB" if answer.sent >= 50_000 else f"{answer.sent} bytes"
    return GenerationError(
        f"{address.base_url} does not take the {size} sent to {route} (HTTP 413). {words}".strip(),
        "Start ComfyUI with a larger --max-upload-size (in MB; default 100), raise the limit of a proxy "
        "before it (nginx: client_max_body_size), or use a smaller picture.",
    )


def _unreachable(error: Exception) -> Exception:
    if isinstance(error, requests.exceptions.SSLError):
        return ServerUnavailable(
            f"the server's certificate is not trusted: {_reason(error)}",
            "Set REQUESTS_CA_BUNDLE to the file with its authority's certificate.",
        )
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return ServerUnavailable(f"not an address: {error}", "Correct comfyui.url in AIGen.yaml.")
    never = isinstance(error, requests.exceptions.ConnectTimeout) or any(
        sign in repr(error) for sign in _NEVER
    )
    return Unreachable(
        _reason(error), sent=not never, silent=isinstance(error, requests.exceptions.ReadTimeout)
    )


def _reason(error: BaseException) -> str:
    """The innermost reason, without the URL and the object addresses that requests puts around it."""
    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    while error.args and isinstance(error.args[-1], BaseException):
        error = error.args[-1]
    inner = getattr(error, "reason", None)
    if isinstance(inner, BaseException):
        return _reason(inner)
    return str(error).rpartition(": ")[2] or type(error).__name__
