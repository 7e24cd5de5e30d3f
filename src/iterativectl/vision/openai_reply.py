"""Reading an answer of an OpenAI-compatible server. Pure.

The order matters: HTTP status, `error`, `choices[0].error` and finish_reason "error", refusal, length,
empty. Partial text beside an error is never an answer, and an error may come with status 200.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from iterativectl.ports import Usage
from iterativectl.vision.costs import UNKNOWN, PriceList
from iterativectl.vision.errors import Kind, ProviderError
from iterativectl.vision.openai_errors import Fault, explain, find_fault
from iterativectl.vision.transport import Answer
from iterativectl.vision.wire import Read, is_json_object, token_count


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What reading needs to know of the request: optional parameters sent, JSON awaited or not, prices."""

    provider: str
    sent: tuple[str, ...] = ()
    wants_json: bool = False
    prices: PriceList = UNKNOWN


def read(answer: Answer, asked: Asked) -> Read:
    """The text of the first choice. Raises ProviderError for everything else."""
    body = _body(answer, asked)
    choice = _first_choice(body, asked)
    usage = _usage(body.get("usage"), asked.prices)
    try:
        return Read(
            text=_choice_text(choice, answer, asked),
            usage=usage,
            served_by=_served_by(body, asked.provider),
            finish=str(choice.get("finish_reason") or "stop"),
        )
    except ProviderError as error:
        error.usage = usage if body.get("usage") else None
        raise


def _body(answer: Answer, asked: Asked) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        if answer.status == 200:
            raise ProviderError(
                "bad_reply",
                f"{asked.provider} sent no JSON: {answer.page_text()}",
                "Check base_url in AIVis.yaml: it ends in /v1 for most servers.",
            ) from None
        raise explain(None, answer, sent=asked.sent, provider=asked.provider) from None
    fault = find_fault(body)
    if fault or answer.status != 200:
        raise explain(fault, answer, sent=asked.sent, provider=asked.provider)
    if not isinstance(body, Mapping):
        raise ProviderError("bad_reply", f"{asked.provider} sent JSON that is no object")
    return body


def _first_choice(body: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
    choices = body.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        return choices[0]
    raise ProviderError("bad_reply", f"{asked.provider} sent an answer without choices")


def _choice_text(choice: Mapping[str, Any], answer: Answer, asked: Asked) -> str:
    finish = choice.get("finish_reason")
    if choice.get("error") or finish == "error":
        fault = find_fault({"error": choice.get("error") or "the answer broke off"}) or Fault(message="")
        raise _upstream(explain(fault, answer, sent=asked.sent, provider=asked.provider))
    message = choice.get("message")
    message = message if isinstance(message, Mapping) else {}
    if message.get("refusal") or finish == "content_filter":
        text = message.get("refusal") or "stopped by a content filter"
        raise _failed("refused", asked, f"the model will not answer: {str(text)[:200]}")
    if finish == "length":
        raise _failed("truncated", asked, "the answer was cut at the token limit")
    text = _content(message.get("content")) or _thought(message, asked.wants_json)
    if not text.strip():
        raise _failed("empty", asked, "the answer has no text")
    return text


def _upstream(error: ProviderError) -> ProviderError:
    """An error at the choice without a code of its own: the upstream broke off, which may pass."""
    if error.kind == "bad_reply":
        return ProviderError("overloaded", error.message, error.hint)
    return error


def _failed(kind: Kind, asked: Asked, what: str) -> ProviderError:
    return ProviderError(kind, f"{asked.provider}: {what}")


def _content(content: Any) -> str:
    """A string, or the text parts of a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, Mapping))
        return "".join(part for part in parts if isinstance(part, str))
    return ""


def _thought(message: Mapping[str, Any], wants_json: bool) -> str:
    """The answer that some servers file under the model's thoughts: only if it is the JSON awaited."""
    if not wants_json:
        return ""
    for name in ("reasoning_content", "reasoning"):
        if is_json_object(text := message.get(name)):
            return str(text)
    return ""


def _served_by(body: Mapping[str, Any], provider: str) -> str:
    """The upstream and the model that answered, as far as the answer says."""
    names: Iterable[Any] = (body.get("provider"), body.get("model"))
    return " ".join(name for name in names if isinstance(name, str) and name) or provider


def _usage(usage: Any, prices: PriceList) -> Usage:
    """Tokens, and the cost in USD: as reported, else by the prices, else None."""
    usage = usage if isinstance(usage, Mapping) else {}
    sent, made = token_count(usage.get("prompt_tokens")), token_count(usage.get("completion_tokens"))
    cost = usage.get("cost")
    if isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost < math.inf:
        return Usage(input_tokens=sent, output_tokens=made, cost_usd=float(cost))
    return Usage(input_tokens=sent, output_tokens=made, cost_usd=prices.cost(sent, made) if usage else None)
