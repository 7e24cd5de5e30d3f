"""Advice without a language model: prompts follow the failed criteria's tags. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from iterativectl.ports import VisionRequest

# How far one suggestion goes at the far end of the similarity scale, where nothing has changed yet.
LONGEST_STEP = 0.25
TOO_SIMILAR, IDENTICAL = 0.85, 1.0


def improve(request: VisionRequest) -> str:
    """The words that failed criteria ask for, added; those they ban, in the negative prompt."""
    facts = request.facts
    missing = _terms(facts.get("failed", ()), "must_include")
    banned = _terms(facts.get("failed", ()), "ban_terms")
    positive, added = _with(str(facts.get("positive", "")), missing)
    negative, kept_out = _with(str(facts.get("negative", "")), banned)
    reason = "; ".join(
        part
        for part in (
            f"added {', '.join(added)}" if added else "",
            f"kept out {', '.join(kept_out)}" if kept_out else "",
        )
        if part
    )
    return json.dumps({"reason": reason or "no tag is missing", "positive": positive, "negative": negative})


def suggest(request: VisionRequest) -> str:
    """A larger step the less has changed; a small one back."""
    facts = request.facts
    parameters = facts.get("parameters", {})
    denoise, similarity = float(parameters.get("denoise", 0.5)), float(facts.get("similarity", 0.5))
    if facts.get("direction") == "up":
        short_of = min(1.0, max(0.0, (similarity - TOO_SIMILAR) / (IDENTICAL - TOO_SIMILAR)))
        step = max(0.05, LONGEST_STEP * short_of)
        reason = f"hardly anything changed (similarity {similarity:.2f})"
    else:
        step, reason = -0.1, f"too much changed (similarity {similarity:.2f})"
    return json.dumps(
        {
            "reason": reason,
            "denoise": round(min(1.0, max(0.05, denoise + step)), 2),
            "cfg": None,
            "steps": None,
            "sampler_name": None,
            "scheduler": None,
        }
    )


def _terms(criteria: Sequence[Mapping[str, Any]], tag: str) -> list[str]:
    return [str(term) for criterion in criteria for term in criterion.get(tag, ())]


def _with(text: str, terms: Sequence[str]) -> tuple[str, list[str]]:
    """The text with the terms that are not in it, and which those were."""
    added = []
    for term in terms:
        if term.lower() not in text.lower():
            text = f"{text}, {term}" if text.strip() else term
            added.append(term)
    return text, added
