"""The errors of Anthropic: {"type": "error", "error": {"type", "message", "details"}}, by table. Pure.

What decides, in this order: error_code, the text where it says more than the type, type, status. A proxy
before the API sends pages instead (413, 5xx): then the status alone does.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from iterativectl.vision.errors import Kind, ProviderError
from iterativectl.vision.transport import Answer, wait_seconds

_LONGEST_TEXT = 400  # characters of a server's message that are shown
_TYPES: dict[str, Kind] = {
    "authentication_error": "auth",
    "permission_error": "auth",
    "billing_error": "billing",
    "not_found_error": "not_found",
    "request_too_large": "too_large",
    "rate_limit_error": "rate_limit",
    "timeout_error": "overloaded",
    "conflict_error": "overloaded",
    "api_error": "overloaded",
    "overloaded_error": "overloaded",
}
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
    (r"credit balance|spend(ing)? limit|usage limits?\b", "billing"),
    (r"prompt is too long|exceed context|image exceeds|image dimensions exceed", "too_large"),
    (r"image(s| input)? (is|are) not supported|does not support (image|vision)", "not_found"),
    (r"content filtering policy|violat\w+ .{0,40}polic", "refused"),
)
_REJECTED = re.compile(
    r"extra inputs are not permitted|not supported|unsupported|does(n't| not) support|too large|too complex"
    r"|not allowed|invalid|must be|cannot be",
    re.IGNORECASE,
)
# What a message may call the part that we sent under the name on the left.
_CALLED = {
    "output_config": r"output[ _](config|format)|structured output|compiled grammar|json_schema|schema",
    "tools": r"\btools?\b|tool_choice|input_schema",
    "thinking": r"\bthinking\b",
}
_HINTS: dict[str, str] = {
    "auth": "Check the key: ANTHROPIC_API_KEY, and what it may do.",
    "billing": "Add credit or raise the spending limit at Anthropic, then run again.",
    "not_found": "Check `model` in AIVis.yaml: `iterativectl doctor` lists near names.",
    "too_large": "Lower max_image_px in AIVis.yaml.",
    "refused": "The provider will not look at this picture; another provider may.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error body. `code` is details.error_code."""

    type: str = ""
    message: str
    code: str = ""


def find_fault(body: Any) -> Fault | None:
    """The error in a body; None where there is none."""
    if not isinstance(body, Mapping):
        return None
    error = body.get("error")
    if isinstance(error, Mapping):
        details = error.get("details")
        code = details.get("error_code") if isinstance(details, Mapping) else None
        return Fault(
            type=str(error.get("type") or ""),
            message=" ".join(str(error.get("message") or "an error without a message").split()),
            code=code if isinstance(code, str) else "",
        )
    if error or body.get("type") == "error":
        return Fault(message=" ".join(str(error or "an error without a message").split()))
    return None


def explain(fault: Fault | None, answer: Answer, sent: Iterable[str]) -> ProviderError:
    """The error of an answer. `sent` are the optional parts that were in the request."""
    found = fault or Fault(message=answer.page_text())
    wait = _wait(answer.headers)
    parameter = _rejected(found, answer.status, tuple(sent))
    kind: Kind = "unsupported" if parameter else _kind(found, answer.status, wait)
    status = answer.status if answer.status != 200 else None
    return ProviderError(
        kind,
        f"anthropic: {found.message[:_LONGEST_TEXT]}" + (f" (status {status})" if status else ""),
        _HINTS.get(kind, ""),
        status=status,
        wait_seconds=wait if kind in ("rate_limit", "overloaded") else None,
        parameter=parameter,
    )


def _kind(fault: Fault, status: int, wait: float | None) -> Kind:
    if fault.code == "enforced_spend_limit_reached":
        return "billing"
    for pattern, kind in _TEXTS:
        if re.search(pattern, fault.message, re.IGNORECASE) and status in (200, 400, 403, 413, 429):
            return kind
    kind = _TYPES.get(fault.type) or _STATUS.get(status) or _by_hundreds(status)
    if kind == "rate_limit" and fault.type and wait is None:
        return "billing"  # a limit that passes by itself says when (docs/providers.md)
    return kind


def _by_hundreds(status: int) -> Kind:
    if status >= 500:
        return "overloaded"
    return "bad_reply" if status < 400 else "bad_request"


def _rejected(fault: Fault, status: int, sent: tuple[str, ...]) -> str | None:
    """Which part of the request the model will not take, if that is what it says."""
    if status != 400 or not _REJECTED.search(fault.message):
        return None
    named = re.match(r"(\w+)(?:\.[\w.]+)?: ", fault.message)
    if named and named[1] in ("tool_choice", "tools"):
        return "tools" if "tools" in sent else None
    if named and named[1] in sent:
        return named[1]
    if named and named[1] in ("messages", "model", "max_tokens"):
        return None
    return next(
        (name for name in sent if name in _CALLED and re.search(_CALLED[name], fault.message, re.IGNORECASE)),
        None,
    )


def _wait(headers: Mapping[str, str]) -> float | None:
    """Retry-After, else until the latest exhausted limit is filled up again; None: not said."""
    told = wait_seconds(headers)
    if told is not None:
        return told
    found = {name.lower(): value for name, value in headers.items()}
    resets = [
        _seconds_until(found.get(f"anthropic-ratelimit-{limit}-reset", ""))
        for limit in ("requests", "tokens", "input-tokens", "output-tokens")
        if found.get(f"anthropic-ratelimit-{limit}-remaining", "0") == "0"
    ]
    known = [reset for reset in resets if reset is not None]
    return max(known) if known else None


def _seconds_until(text: str) -> float | None:
    """RFC 3339 time to seconds from now."""
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    zoned = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    return max(0.0, zoned.timestamp() - time.time())
