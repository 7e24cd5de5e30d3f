"""One HTTP exchange with a model's server: a deadline for all of it, and transport errors in our own words.

Plain `requests`: it is the client whose bodies, headers and failures we can read in full (errors arrive
with status 200, in four shapes, and as HTML from proxies).
"""

from __future__ import annotations

import email.utils
import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests import exceptions
from requests.auth import HTTPBasicAuth
from requests.utils import get_auth_from_url

from iterativectl.vision.errors import ProviderError
from iterativectl.vision.keys import Scrubber, without_user_info
from iterativectl.vision.wire import to_json_bytes

CONNECT_SECONDS = 10.0
LOOK_SECONDS = 15.0  # for the small GET requests of a check
LARGEST_BODY = 32 * 1024 * 1024  # bytes; OpenRouter's list of models is about 1 MB
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MILLISECONDS = 1e11  # an epoch time above this is in milliseconds (as seconds it would be the year 5138)
# urllib3's reasons for a connection that never came to be; requests wraps them all in one class
_NEVER_CONNECTED = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.SSLError,
    urllib3.exceptions.ProxyError,
)
_NO_SUCH_HOST = getattr(urllib3.exceptions, "NameResolutionError", ())  # urllib3 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. Header names are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 are replaced."""
        return self.body.decode("utf-8", errors="replace")

    def page_text(self) -> str:
        """What a body says that is not the JSON awaited: the title of an HTML page, else its first words."""
        title = re.search(r"<title[^>]*>([^<]{1,120})", self.text, re.IGNORECASE)
        if title:
            return f"an HTML page, {' '.join(title[1].split())!r}"
        return " ".join(self.text.split())[:160] or "an empty body"

    def json(self) -> Any:
        """The body as JSON. Raises ValueError (also for nesting that is too deep)."""
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


@dataclass(frozen=True, kw_only=True)
class Server:
    """A model's server. `base_url` has no slash at its end; `key` "" is not sent.

    The key goes into `key_header`: behind "Bearer " in Authorization, bare in any other.
    """

    provider: str
    base_url: str
    key: str = field(default="", repr=False)
    key_header: str = "Authorization"
    timeout_seconds: float
    session: requests.Session = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    unreachable_hint: str = ""

    @property
    def address(self) -> str:
        """The address for messages, without user-info."""
        return without_user_info(self.base_url)

    @property
    def loopback(self) -> bool:
        """Whether the server is on this machine."""
        return (urlsplit(self.base_url).hostname or "") in LOOPBACK

    @property
    def scrub(self) -> Scrubber:
        """What keeps the secrets of this server out of texts."""
        written = urlsplit(self.base_url).password or ""
        return Scrubber((self.key, written, get_auth_from_url(self.base_url)[1]))

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Send JSON. Raises ProviderError when no whole answer came within the deadline."""
        return self._exchange("POST", path, self.timeout_seconds, body)

    def look(self, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """GET, or POST where the question has a body. Raises ProviderError after LOOK_SECONDS."""
        method = "GET" if body is None else "POST"
        return self._exchange(method, path, min(LOOK_SECONDS, self.timeout_seconds), body)

    def _exchange(
        self, method: str, path: str, seconds: float, body: Mapping[str, Any] | None = None
    ) -> Answer:
        deadline = time.monotonic() + seconds
        try:
            with self.session.request(
                method,
                self.base_url + path,
                data=None if body is None else to_json_bytes(body),
                headers={"Content-Type": "application/json", **self.headers},
                auth=self._authorise,
                timeout=(min(CONNECT_SECONDS, seconds), seconds),
                allow_redirects=False,  # a redirected POST becomes a GET, and the key would go elsewhere
                stream=True,
                proxies={"http": "", "https": ""} if self.loopback else None,
            ) as response:
                return Answer(
                    status=response.status_code,
                    headers=response.headers,
                    body=_read(response.raw, deadline),
                )
        except (exceptions.RequestException, urllib3.exceptions.HTTPError, _TooSlow) as error:
            raise self._failure(error, seconds) from None  # the cause may quote headers

    def _authorise(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the key. Being `auth`, it also keeps requests from putting a .netrc entry in its place."""
        user, password = get_auth_from_url(self.base_url)
        if self.key:
            bearer = self.key_header == "Authorization"
            request.headers[self.key_header] = f"Bearer {self.key}" if bearer else self.key
        elif user or password:
            HTTPBasicAuth(user, password)(request)
        return request

    def _failure(self, error: Exception, seconds: float) -> ProviderError:
        where = f"{self.provider} at {self.address}"
        if isinstance(error, exceptions.ReadTimeout | urllib3.exceptions.ReadTimeoutError | _TooSlow):
            return ProviderError(
                "overloaded",
                f"{where} did not answer within {seconds:g} s",
                "A model that is being loaded can need minutes: raise timeout_seconds in AIVis.yaml.",
            )
        if _never_connected(error):
            return ProviderError(
                "unreachable", f"{where} cannot be reached ({_cause(error)})", self.unreachable_hint
            )
        if isinstance(error, ValueError):  # requests' own: InvalidURL, MissingSchema, InvalidHeader
            return ProviderError(
                "bad_request",
                f"nothing can be sent to {where} ({type(error).__name__})",
                "Check base_url in AIVis.yaml: it is like http://localhost:11434.",
            )
        if isinstance(error, _TooLong):
            return ProviderError("bad_reply", f"{where} sent more than {LARGEST_BODY} bytes")
        return ProviderError("overloaded", f"{where} closed the connection ({_cause(error)})")


class _TooSlow(Exception):
    """The deadline passed while the body was still coming."""


class _TooLong(urllib3.exceptions.HTTPError):
    """The body is larger than any reply of ours."""


def _read(raw: Any, deadline: float) -> bytes:
    """The whole body. A server that drips bytes would never trip a read time-out: hence read1."""
    read = getattr(raw, "read1", raw.read)
    pieces: list[bytes] = []
    size = 0
    while piece := read(65536, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_BODY:
            raise _TooLong
        if time.monotonic() > deadline:
            raise _TooSlow
    return b"".join(pieces)


def _reason(error: Exception) -> object:
    """What lies at the bottom of requests' and urllib3's wrapping."""
    inner = error.args[0] if error.args else None
    return getattr(inner, "reason", None) or inner


def _never_connected(error: Exception) -> bool:
    if isinstance(error, exceptions.ConnectTimeout | exceptions.SSLError | exceptions.ProxyError):
        return True
    return isinstance(_reason(error), _NEVER_CONNECTED)


def _cause(error: Exception) -> str:
    """A short name of the cause; the texts of these exceptions quote addresses and internals."""
    reason = _reason(error)
    if isinstance(reason, _NO_SUCH_HOST):
        return "no such host"
    if isinstance(error, exceptions.SSLError) or isinstance(reason, urllib3.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, exceptions.ProxyError) or isinstance(reason, urllib3.exceptions.ProxyError):
        return "the proxy did not answer"
    if isinstance(error, exceptions.ConnectTimeout):
        return "timed out"
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return "connection refused"
    return "connection lost"


def wait_seconds(headers: Mapping[str, str]) -> float | None:
    """How long the server asks to wait: retry-after-ms, Retry-After (seconds or date), X-RateLimit-Reset.

    Dates are read against the server's own Date header where there is one: its clock may not be ours.
    None: it does not say, or not in a way that can be read.
    """
    found = {name.lower(): value.strip() for name, value in headers.items()}
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        number = _number(found.get(name, ""))
        if number is not None:
            return max(0.0, number * scale)
    now = _date(found.get("date", "")) or time.time()
    at = _date(found.get("retry-after", ""))
    if at is None:
        at = _number(found.get("x-ratelimit-reset", ""))
        if at is not None and at > _MILLISECONDS:
            at /= 1000.0
    return None if at is None else max(0.0, at - now)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _date(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
