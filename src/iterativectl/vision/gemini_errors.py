"""The errors of Gemini: {"error": {"code", "message", "status", "details"}}, sometimes in a list. Pure.

What decides, in this order: whether a part of the request is rejected, the text where it says more than the
status, the status. Two kinds of 429 do not pass soon: a day's quota, and no quota at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from iterativectl.vision import google
from iterativectl.vision.errors import Kind, ProviderError
from iterativectl.vision.transport import Answer, wait_seconds

_LONGEST_TEXT = 400  # characters of a server's message that are shown
_STATUS: dict[int, Kind] = {
    401: "auth",
    402: "billing",
    403: "auth",
    404: "not_found",
    408: "overloaded",
    409: "overloaded",
    413: "too_large",
    429: "rate_limit",
}
_TEXTS: tuple[tuple[str, Kind], ...] = (
    (r"api[ _]key[ _](not[ _]valid|invalid|expired)|api key expired", "auth"),
    (r"location is not supported|service_disabled", "auth"),
    (r"billing|prepayment|out of (money|credit)", "billing"),
    (r"token count .{0,60}exceeds|maximum number of tokens|payload size exceeds", "too_large"),
    (r"image input modality is not enabled|does not support image|no support for image", "not_found"),
)
_NO_QUOTA = re.compile(r"\blimit: 0\b")
_DAILY = re.compile(r"per[ _-]?day", re.IGNORECASE)
_THINKING_OFF = re.compile(
    r"budget .{0,40}(invalid|not supported|must be)|thinking mode|can('t|not) be (disabled|set to 0)"
    r"|setting thinking_budget|thinking[ _]level .{0,60}not supported",
    re.IGNORECASE,
)
_REJECTED = re.compile(
    r"unknown name|cannot find field|not supported|unsupported|does(n't| not) support|not enabled|invalid",
    re.IGNORECASE,
)
# What a message may call the part that we sent under the name on the left (the API's own spelling first).
_CALLED = {
    "responseJsonSchema": r"response_?json_?schema|too many states|schema",
    "responseSchema": r"response_?schema|too many states|schema",
    "responseMimeType": r"response_?mime_?type|json mode",
    "thinkingConfig": r"thinking",
    "temperature": r"\btemperature\b",
    "seed": r"\bseed\b",
}
_HINTS: dict[str, str] = {
    "auth": "Check the key: GEMINI_API_KEY, what it may do, and whether Gemini is offered where you are.",
    "billing": "Set up billing or add credit at Google AI Studio, then run again.",
    "not_found": "Check `model` in AIVis.yaml: `iterativectl doctor` lists near names.",
    "too_large": "Lower max_image_px in AIVis.yaml.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error body. `words` are its machine words; `wait` in seconds."""

    message: str
    words: tuple[str, ...] = ()
    status: int | None = None
    wait: float | None = None


def find_fault(body: Any) -> Fault | None:
    """The error in a body; None where there is none."""
    if isinstance(body, list):
        return next((fault for fault in map(find_fault, body) if fault), None)
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return Fault(message=" ".join(str(error).split())) if error else None
    message = " ".join(str(error.get("message") or "an error without a message").split())
    delay = google.retry_delay(error)
    code = error.get("code")
    return Fault(
        message=message,
        words=google.reasons(error),
        status=code if isinstance(code, int) and 400 <= code < 600 else None,
        wait=delay if delay is not None else google.said_wait(message),
    )


def explain(fault: Fault | None, answer: Answer, sent: Iterable[str], thinking: str = "") -> ProviderError:
    """The error of an answer.

    `sent` are the optional parts that were in the request; `thinking` is the name under which a rejected
    form of thinkingConfig is remembered.
    """
    found = fault or Fault(message=answer.page_text())
    status = found.status or answer.status
    wait = found.wait if found.wait is not None else wait_seconds(answer.headers)
    parameter = _rejected(found, status, tuple(sent), thinking)
    kind: Kind = "unsupported" if parameter else _kind(found, status)
    return ProviderError(
        kind,
        f"gemini: {found.message[:_LONGEST_TEXT]}" + (f" (status {status})" if status != 200 else ""),
        _hint(kind, found),
        status=status if status != 200 else None,
        wait_seconds=wait if kind in ("rate_limit", "overloaded", "quota_long") else None,
        parameter=parameter,
    )


def _kind(fault: Fault, status: int) -> Kind:
    if status == 429:
        everything = " ".join((fault.message, *fault.words))
        return "quota_long" if _NO_QUOTA.search(fault.message) or _DAILY.search(everything) else "rate_limit"
    if 400 <= status < 500 and status not in (401, 404):
        for pattern, kind in _TEXTS:
            if re.search(pattern, " ".join((fault.message, *fault.words)), re.IGNORECASE):
                return kind
    if status in _STATUS:
        return _STATUS[status]
    if status >= 500:
        return "overloaded"
    return "bad_reply" if status < 400 else "bad_request"


def _hint(kind: Kind, fault: Fault) -> str:
    if kind == "quota_long" and _NO_QUOTA.search(fault.message):
        return "This model has no quota with your plan: set up billing at Google, or choose another model."
    return _HINTS.get(kind, "")


def _rejected(fault: Fault, status: int, sent: tuple[str, ...], thinking: str) -> str | None:
    """Which part of the request the model will not take, if that is what it says."""
    if status != 400:
        return None
    text = fault.message
    if "thinkingConfig" in sent and _THINKING_OFF.search(text):
        return thinking or "thinkingConfig"
    if not _REJECTED.search(text) or re.search(r"api[ _]key", text, re.IGNORECASE):
        return None
    return next((name for name in sent if name in _CALLED and re.search(_CALLED[name], text, re.I)), None)
