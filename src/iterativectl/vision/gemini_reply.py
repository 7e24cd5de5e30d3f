"""Reading an answer of Gemini: error, blocked prompt, finishReason, then the text parts. Pure.

With status 200 there are three ways to have no answer: no candidates at all, a candidate that was stopped and
has no parts, and one that ended well and is empty. Only the last is worth asking again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iterativectl.ports import Usage
from iterativectl.vision.costs import UNKNOWN, PriceList
from iterativectl.vision.errors import Kind, ProviderError
from iterativectl.vision.gemini_errors import explain, find_fault
from iterativectl.vision.transport import Answer
from iterativectl.vision.wire import Read, is_json_object, token_count

# finishReason -> kind; every one that is not here is a refusal (SAFETY, RECITATION, LANGUAGE, BLOCKLIST,
# PROHIBITED_CONTENT, SPII, IMAGE_... and what may come).
_STOPPED: dict[str, Kind] = {
    "MAX_TOKENS": "truncated",
    "OTHER": "empty",
    "MALFORMED_RESPONSE": "bad_reply",
    "MALFORMED_FUNCTION_CALL": "bad_reply",
    "UNEXPECTED_TOOL_CALL": "bad_reply",
    "FINISH_REASON_UNSPECIFIED": "overloaded",
}
_WHAT: dict[str, str] = {
    "truncated": "the answer was cut at the token limit",
    "empty": "the answer was not finished, for no reason given",
    "bad_reply": "the answer was malformed",
    "overloaded": "the answer broke off",
    "refused": "the model will not answer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What reading needs to know of the request. `thinking`: the name of the form of thinkingConfig sent."""

    model: str
    sent: tuple[str, ...] = ()
    thinking: str = ""
    wants_json: bool = False
    prices: PriceList = UNKNOWN


def read(answer: Answer, asked: Asked) -> Read:
    """The text of the first candidate. Raises ProviderError for everything else."""
    body = _body(answer, asked)
    usage = _usage(body.get("usageMetadata"), asked.prices)
    try:
        text = _text(_candidate(body), asked)
    except ProviderError as error:
        error.usage = usage if body.get("usageMetadata") else None
        raise
    version = body.get("modelVersion")
    served = f"gemini {version}" if isinstance(version, str) else f"gemini {asked.model}"
    return Read(text=text, usage=usage, served_by=served)


def _body(answer: Answer, asked: Asked) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    fault = find_fault(body)
    if fault or answer.status != 200:
        raise explain(fault, answer, asked.sent, asked.thinking)
    if not isinstance(body, Mapping):
        raise ProviderError(
            "bad_reply",
            f"gemini sent no JSON object: {answer.page_text()}",
            "Check base_url in AIVis.yaml: something else may be listening there.",
        )
    return body


def _candidate(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first candidate, finished as it should be."""
    feedback = body.get("promptFeedback")
    blocked = feedback.get("blockReason") if isinstance(feedback, Mapping) else None
    if blocked:
        raise ProviderError(
            "refused",
            f"gemini: the request was blocked ({blocked})",
            "The provider will not look at this picture; another provider may.",
        )
    candidates = body.get("candidates")
    if not (isinstance(candidates, list) and candidates and isinstance(candidates[0], Mapping)):
        raise ProviderError("bad_reply", "gemini sent an answer without candidates")
    _require_whole(candidates[0], body)
    return candidates[0]


def _require_whole(candidate: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    reason = candidate.get("finishReason")
    if reason == "STOP":
        return
    kind = _STOPPED.get(str(reason), "refused") if reason else "overloaded"
    usage = body.get("usageMetadata")
    thoughts = token_count(usage.get("thoughtsTokenCount")) if isinstance(usage, Mapping) else 0
    spent = f"; {thoughts} tokens went into thoughts" if kind == "truncated" and thoughts else ""
    raise ProviderError(kind, f"gemini: {_WHAT[kind]} ({reason or 'no finishReason'}){spent}")


def _text(candidate: Mapping[str, Any], asked: Asked) -> str:
    """The text parts joined, without thoughts; a thought only if it is the JSON awaited."""
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, Mapping) else None
    found = [part for part in parts if isinstance(part, Mapping)] if isinstance(parts, list) else []
    said = [part for part in found if isinstance(part.get("text"), str)]
    text = "".join(part["text"] for part in said if not part.get("thought"))
    if text.strip():
        return text
    thoughts = (part["text"] for part in said if part.get("thought"))
    if asked.wants_json and (thought := next(filter(is_json_object, thoughts), None)):
        return str(thought)
    raise ProviderError("empty", "gemini: the answer has no text")


def _usage(usage: Any, prices: PriceList) -> Usage:
    """Tokens, thoughts being paid for as output; cost in USD by the prices, else None."""
    found = usage if isinstance(usage, Mapping) else {}
    sent = token_count(found.get("promptTokenCount"))
    made = token_count(found.get("candidatesTokenCount")) + token_count(found.get("thoughtsTokenCount"))
    return Usage(input_tokens=sent, output_tokens=made, cost_usd=prices.cost(sent, made) if found else None)
