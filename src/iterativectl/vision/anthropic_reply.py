"""Reading an answer of Anthropic: status and error, then stop_reason, then text or the tool's input. Pure.

A refusal and a cut answer come with status 200, and what text there is then fits no schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iterativectl.ports import Usage
from iterativectl.vision.anthropic_errors import explain, find_fault
from iterativectl.vision.costs import UNKNOWN, PriceList
from iterativectl.vision.errors import Kind, ProviderError
from iterativectl.vision.transport import Answer
from iterativectl.vision.wire import Read, is_json_object, token_count

_WHOLE = frozenset({"end_turn", "stop_sequence", "tool_use"})
# stop_reason -> kind, what happened
_STOPPED: dict[str, tuple[Kind, str]] = {
    "max_tokens": ("truncated", "the answer was cut at the token limit"),
    "model_context_window_exceeded": ("too_large", "the answer was cut where the context ended"),
    "refusal": ("refused", "the model will not answer"),
    "pause_turn": ("overloaded", "the answer was put off"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What reading needs to know of the request: optional parts sent, JSON awaited or not, prices."""

    model: str
    sent: tuple[str, ...] = ()
    wants_json: bool = False
    prices: PriceList = UNKNOWN


def read(answer: Answer, asked: Asked) -> Read:
    """The text, or the tool's input as JSON. Raises ProviderError for everything else."""
    body = _body(answer, asked)
    usage = _usage(body.get("usage"), asked.prices)
    try:
        _require_whole(body)
        text = _text(body, asked)
    except ProviderError as error:
        error.usage = usage if body.get("usage") else None
        raise
    model = body.get("model")
    served = f"anthropic {model}" if isinstance(model, str) else f"anthropic {asked.model}"
    return Read(text=text, usage=usage, served_by=served)


def _body(answer: Answer, asked: Asked) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    fault = find_fault(body)
    if fault or answer.status != 200:
        raise explain(fault, answer, asked.sent)
    if not isinstance(body, Mapping) or not isinstance(body.get("content"), list):
        raise ProviderError(
            "bad_reply",
            f"anthropic sent no message: {answer.page_text()}",
            "Check base_url in AIVis.yaml: something else may be listening there.",
        )
    return body


def _require_whole(body: Mapping[str, Any]) -> None:
    stopped = body.get("stop_reason")
    if stopped in _WHOLE:
        return
    kind, what = _STOPPED.get(str(stopped), ("overloaded", "the answer broke off"))
    details = body.get("stop_details")
    why = details.get("explanation") or details.get("category") if isinstance(details, Mapping) else None
    raise ProviderError(kind, f"anthropic: {what}" + (f": {' '.join(str(why).split())[:200]}" if why else ""))


def _text(body: Mapping[str, Any], asked: Asked) -> str:
    """The tool's input where there is one, else the text blocks; a thought only if it is the JSON awaited."""
    blocks = [block for block in body["content"] if isinstance(block, Mapping)]
    for block in blocks:
        if block.get("type") == "tool_use" and isinstance(block.get("input"), Mapping):
            return json.dumps(block["input"], ensure_ascii=False)
    text = "".join(block["text"] for block in blocks if isinstance(block.get("text"), str))
    if text.strip():
        return text
    thoughts = [block.get("thinking") for block in blocks]
    if asked.wants_json and (thought := next(filter(is_json_object, thoughts), None)):
        return str(thought)
    raise ProviderError("empty", "anthropic: the answer has no text")


def _usage(usage: Any, prices: PriceList) -> Usage:
    """Tokens, those read from and written to a cache included; cost in USD by the prices, else None."""
    found = usage if isinstance(usage, Mapping) else {}
    sent = sum(
        token_count(found.get(name))
        for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    )
    made = token_count(found.get("output_tokens"))
    return Usage(input_tokens=sent, output_tokens=made, cost_usd=prices.cost(sent, made) if found else None)
