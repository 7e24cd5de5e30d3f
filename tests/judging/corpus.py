"""The corpus of bad replies: tests/cases/replies/CLASS/WIRE__NAME.json, and manifest.json.

A case holds a provider's whole answer and what must come of it. `manifest.json` names for every class the
handler that makes it right (null: none does; nothing must be read there), and the wire formats that it comes
in. In a case,

guard    it is right whichever handler is missing
reader   the kind of error that the provider's own reader raises before ours (ours must be right as well)
flood    what "@FLOOD@" stands for: [text, times]
misread  the eager reader in test_corpus.py gets it wrong
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iterativectl.judging import replies
from iterativectl.model import Item
from iterativectl.vision import anthropic_reply, gemini_reply, ollama_reply, openai_reply
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.transport import Answer
from iterativectl.vision.wire import Read

FOLDER = Path(__file__).parent.parent / "cases" / "replies"
WIRES = ("ollama-chat", "ollama-generate", "openai", "anthropic", "gemini")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One bad reply."""

    group: str
    wire: str
    name: str
    data: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.group}/{self.wire}__{self.name}"

    @property
    def guard(self) -> bool:
        return bool(self.data.get("guard"))

    @property
    def items(self) -> tuple[Item, ...]:
        entries = self.data.get("items", ())
        return tuple(Item(**{**entry, "enum": tuple(entry.get("enum", ()))}) for entry in entries)

    @property
    def body(self) -> bytes:
        text = json.dumps(self.data["body"])
        if "flood" in self.data:
            piece, times = self.data["flood"]
            text = text.replace("@FLOOD@", json.dumps(piece)[1:-1] * times)
        return text.encode()


def load() -> list[Case]:
    paths = sorted(FOLDER.glob("*/*.json"))
    return [_case(path) for path in paths]


def manifest() -> dict[str, dict[str, Any]]:
    return dict(json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8")))


def _case(path: Path) -> Case:
    wire, name = path.stem.split("__")
    data = json.loads(path.read_text(encoding="utf-8"))
    return Case(group=path.parent.name, wire=wire, name=name, data=data)


def unwrap(case: Case) -> tuple[str, str]:
    """(text, finish word) as the provider's own reader gives them; where it raises, as they stand there."""
    answer = Answer(status=200, headers={}, body=case.body)
    try:
        read = _read(case.wire, answer)
    except ProviderError as error:
        assert error.kind == case.data.get("reader"), error
        return _bare(json.loads(case.body))
    assert "reader" not in case.data, "the reader was to refuse this"
    return read.text, read.finish


def _read(wire: str, answer: Answer) -> Read:
    if wire == "openai":
        return openai_reply.read(answer, openai_reply.Asked(provider="openrouter", wants_json=True))
    if wire == "anthropic":
        return anthropic_reply.read(answer, anthropic_reply.Asked(model="claude", wants_json=True))
    if wire == "gemini":
        return gemini_reply.read(answer, gemini_reply.Asked(model="gemini", wants_json=True))
    asked = ollama_reply.Asked(model="qwen3-vl:4b", num_ctx=8192, prompt_length=3000, wants_json=True)
    return ollama_reply.read(answer, asked)


def _bare(body: Mapping[str, Any]) -> tuple[str, str]:
    """The text and the finish word in a body, "length" for a cut one in every format."""
    if "choices" in body:
        choice = body["choices"][0]
        return choice["message"]["content"], choice["finish_reason"]
    if "stop_reason" in body:
        text = "".join(block.get("text", "") for block in body["content"])
        return text, "length" if body["stop_reason"] == "max_tokens" else "stop"
    if "candidates" in body:
        candidate = body["candidates"][0]
        parts = candidate["content"].get("parts", ())
        text = "".join(part["text"] for part in parts if not part.get("thought"))
        return text, "length" if candidate["finishReason"] == "MAX_TOKENS" else "stop"
    return body.get("message", {}).get("content", body.get("response", "")), body["done_reason"]


def outcome(case: Case, text: str, finish: str, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What our reading makes of it, in the words of a case's `expect`."""
    kind = case.data["kind"]
    if kind in ("questions", "criteria"):
        read = replies.read_answers if kind == "questions" else replies.read_criteria
        return _reading(read(text, case.items, finish, without))
    if kind == "comparison":
        compared = replies.read_comparison(text, finish, without)
        return {
            "parse": compared.parse,
            "failure": compared.failure,
            "similarity": compared.similarity,
            "differences": list(compared.differences),
            "analysis": compared.analysis,
        }
    if kind == "prompts":
        advice = replies.read_prompts(text, finish, without)
        prompts = advice.prompts
        return {
            "parse": advice.parse,
            "failure": advice.failure,
            "positive": prompts.positive if prompts else None,
            "negative": prompts.negative if prompts else None,
            "reason": advice.reason,
        }
    advice = replies.read_parameters(text, finish, without)
    return {
        "parse": advice.parse,
        "failure": advice.failure,
        "parameters": advice.parameters,
        "reason": advice.reason,
    }


def _reading(reading: replies.Reading) -> dict[str, Any]:
    return {
        "parse": reading.parse,
        "failure": reading.failure,
        "values": dict(reading.values),
        "unclear": sorted(reading.unclear),
        "declined": sorted(reading.declined),
        "reasons": dict(reading.reasons),
        "confidence": dict(reading.confidence),
    }


def plain(found: Mapping[str, Any], *, parse: bool = True) -> str:
    """An outcome as text: true is not 1, what is empty is left out, `parse` only where it counts."""
    optional = ("declined", "reasons", "confidence")
    kept = {
        key: value
        for key, value in found.items()
        if (parse or key != "parse") and not (key in optional and not value)
    }
    return json.dumps(kept, sort_keys=True, ensure_ascii=False)
