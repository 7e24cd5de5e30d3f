"""The errors of OpenAI-compatible servers: four shapes of body, one table of meanings. Pure.

The same fault has many faces: OpenRouter puts it in a body with status 200 and more words in `metadata` and
`availability`, LM Studio sends a bare string, vLLM the fields at the top, others a list. What decides, in
this order: the machine words (code, type, error_type, availability.code), then the status, then the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from iterativectl.vision import google
from iterativectl.vision.errors import Kind, ProviderError
from iterativectl.vision.transport import Answer, wait_seconds

_LONGEST_TEXT = 400  # characters of a server's message that are shown

# machine words -> kind (providers.md: OpenRouter's error_type and availability.code, OpenAI's code and type)
_WORDS: dict[str, Kind] = {
    "insufficient_quota": "billing",
    "credit_balance_exhausted": "billing",
    "organization_spend_limit_exceeded": "billing",
    "project_spend_limit_exceeded": "billing",
    "organization_usage_limit_exceeded": "billing",
    "payment_required": "billing",
    "invalid_api_key": "auth",
    "authentication": "auth",
    "authentication_error": "auth",
    "content_policy_violation": "refused",
    "image_content_policy_violation": "refused",
    "content_filter": "refused",
    "refusal": "refused",
    "context_length_exceeded": "too_large",
    "exceed_context_size_error": "too_large",
    "image_too_large": "too_large",
    "payload_too_large": "too_large",
    "model_not_found": "not_found",
    "model_deprecated": "not_found",
    "no_endpoints": "not_found",
    "free_variant_ended": "not_found",
    "privacy_restricted": "not_found",
    "constraint_filtered": "unsupported",
    "unsupported_parameter": "unsupported",
    "unsupported_value": "unsupported",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "slow_down": "rate_limit",
    "capacity_exhausted": "rate_limit",
    "provider_overloaded": "overloaded",
    "server_is_overloaded": "overloaded",
    "temporarily_unavailable": "overloaded",
    "provider_unavailable": "overloaded",
    "server_error": "overloaded",
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
# only where neither word nor status says more
_TEXTS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (
        re.compile(
            r"exceeds the available context|maximum context length|maximum model length"
            r"|context (length|size|window) exceeded|prompt is too long|too many (input )?tokens"
            r"|loaded with context length of only",
            re.IGNORECASE,
        ),
        "too_large",
    ),
    (
        re.compile(
            r"not a valid model id|model .{0,80}(not found|does not exist)|no models? loaded", re.IGNORECASE
        ),
        "not_found",
    ),
    (
        re.compile(
            r"invalid api key|incorrect api key|api key not valid|missing authentication", re.IGNORECASE
        ),
        "auth",
    ),
)
_REJECTED = re.compile(
    r"unsupported|not supported|does(n't| not) support|unknown|unrecogni[sz]ed|not permitted|not allowed"
    r"|unexpected|failed to parse grammar|invalid grammar|must be",
    re.IGNORECASE,
)
_NO_ROUTE = re.compile(
    r"no endpoints found that (can handle|support) the requested parameters", re.IGNORECASE
)
_MODERATED = re.compile(r"moderation|flagged|guardrail|content policy", re.IGNORECASE)
_DAILY = re.compile(r"free-models-per-day|per[- ]?day|daily (limit|quota)|limit: 0\b", re.IGNORECASE)
_BLIND = re.compile(
    r"support image input|image input is not supported|(does not|doesn't) support (images|vision)",
    re.IGNORECASE,
)
_ONE_PICTURE = re.compile(r"at most 1 image|only supports one image", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error body in one shape. `words` are its machine words; `detail` the upstream's own text."""

    message: str
    words: tuple[str, ...] = ()
    status: int | None = None
    parameter: str | None = None
    detail: str = ""
    moderated: bool = False
    retryable: bool | None = None  # OpenRouter's availability.retryable
    retry_after: float | None = None  # seconds
    metadata: Mapping[str, Any] = field(default_factory=dict)


def find_fault(body: Any) -> Fault | None:
    """The error in a body, whatever its shape; None where there is none."""
    if isinstance(body, list):
        return next((fault for fault in map(find_fault, body) if fault), None)
    if not isinstance(body, Mapping):
        return None
    error = body.get("error")
    if isinstance(error, Mapping):
        return _fault(error)
    if error:
        return Fault(message=str(error))
    if body.get("object") == "error" or ("message" in body and "choices" not in body):
        return _fault(body)
    if "detail" in body and "choices" not in body:
        return Fault(message=_text(body["detail"]))
    return None


def explain(fault: Fault | None, answer: Answer, *, sent: Iterable[str], provider: str) -> ProviderError:
    """The error of an answer. `sent` are the optional parameters that were in the request.

    A status inside the body wins over the HTTP status, which is 200 for most of OpenRouter's errors.
    """
    fault = fault or Fault(message=answer.page_text())
    status = fault.status if fault.status is not None else answer.status
    wait = fault.retry_after if fault.retry_after is not None else wait_seconds(answer.headers)
    parameter = _rejected(fault, status, tuple(sent))
    kind = "unsupported" if parameter else _kind(fault, status, wait)
    text = f"{fault.message}: {fault.detail}" if fault.detail else fault.message
    return ProviderError(
        kind,
        f"{provider}: {text[:_LONGEST_TEXT]}" + (f" (status {status})" if status != 200 else ""),
        _hint(kind, fault, provider),
        status=status if status != 200 else None,
        wait_seconds=wait if kind in ("rate_limit", "overloaded", "quota_long") else None,
        parameter=parameter,
    )


def _fault(error: Mapping[str, Any]) -> Fault:
    metadata = _mapping(error.get("metadata"))
    availability = _mapping(error.get("availability"))
    constraint = _mapping(availability.get("constraint"))
    code = error.get("code")
    own = (code, error.get("type"), metadata.get("error_type"), availability.get("code"))
    words = (*own, *google.reasons(error))
    parameter = error.get("param") or constraint.get("field")
    message = _text(error.get("message")) or "an error without a message"
    after = (_seconds(availability.get("retry_after")), google.retry_delay(error), google.said_wait(message))
    return Fault(
        message=message,
        words=tuple(word.lower() for word in words if isinstance(word, str)),
        status=_status(code),
        parameter=parameter if isinstance(parameter, str) else None,
        detail=_text(metadata.get("raw")),
        moderated=bool(metadata.get("reasons") or metadata.get("flagged_input")),
        retryable=retryable if isinstance(retryable := availability.get("retryable"), bool) else None,
        retry_after=next((wait for wait in after if wait is not None), None),
        metadata=metadata,
    )


def _kind(fault: Fault, status: int, wait: float | None) -> Kind:
    kind = _first_kind(fault, status, wait)
    if kind == "rate_limit" and _DAILY.search(" ".join((fault.message, fault.detail, *fault.words))):
        return "quota_long"
    if kind == "overloaded" and fault.retryable is False:
        return "not_found"  # nobody serves this request as it is routed
    return "bad_request" if kind == "unsupported" else kind


def _first_kind(fault: Fault, status: int, wait: float | None) -> Kind:
    if status == 402:  # only one that names a time to wait for may be tried again
        return "billing" if wait is None else "rate_limit"
    if _BLIND.search(fault.message) or _ONE_PICTURE.search(fault.message):
        return "not_found"
    if fault.moderated or (status == 403 and _MODERATED.search(fault.message)):
        return "refused"
    for word in fault.words:
        if word in _WORDS:
            return _WORDS[word]
    if status in _STATUS:
        return _STATUS[status]
    for pattern, kind in _TEXTS:
        if pattern.search(f"{fault.message} {fault.detail}"):
            return kind
    if status >= 500:
        return "overloaded"
    return "bad_reply" if status == 200 else "bad_request"


def _rejected(fault: Fault, status: int, sent: tuple[str, ...]) -> str | None:
    """Which of the optional parameters the server will not take, if that is what it says."""
    text = f"{fault.message} {fault.detail}"
    if "constraint_filtered" in fault.words or _NO_ROUTE.search(text):
        named = (fault.parameter or "response_format").split(".")[0]
        return named if named in sent else _fallback_parameter(sent)
    unsupported = {"unsupported_parameter", "unsupported_value"} & set(fault.words)
    if not unsupported and (status not in (400, 422, 501) or not _REJECTED.search(text)):
        return None
    if fault.parameter:
        first = fault.parameter.split(".")[0]
        return first if first in sent else None
    if "grammar" in text.lower() and "response_format" in sent:
        return "response_format"
    return next((name for name in sent if re.search(rf"\b{name}\b", text)), None)


def _fallback_parameter(sent: tuple[str, ...]) -> str | None:
    return "response_format" if "response_format" in sent else None


def _hint(kind: Kind, fault: Fault, provider: str) -> str:
    if _BLIND.search(fault.message):
        return "Choose a model that sees pictures."
    if _ONE_PICTURE.search(fault.message):
        return "Choose a model (or set the server up) to take two pictures in one request."
    return {
        "auth": f"Check the key of {provider}.",
        "billing": "Add credit at the provider, or raise the limit of the key, then run again.",
        "not_found": "Check `model` in AIVis.yaml: `iterativectl doctor` lists near names.",
        "too_large": "Lower max_image_px in AIVis.yaml, or choose a model with a larger context.",
        "refused": "The provider will not look at this picture; another provider may.",
    }.get(kind, "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    """A message as one line; what is no string is shown as JSON."""
    if value is None:
        return ""
    return " ".join((value if isinstance(value, str) else json.dumps(value)).split())


def _status(code: Any) -> int | None:
    """An HTTP status in the body's `code`, which may also be a word."""
    if isinstance(code, str) and code.isdigit():
        code = int(code)
    return code if isinstance(code, int) and 400 <= code < 600 else None


def _seconds(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return max(0.0, float(value)) if is_number else None
