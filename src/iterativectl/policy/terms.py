"""Prompt terms: whole phrases at word boundaries, compared without case.

Avoiding "cold light" touches neither "candlelight" nor "light". Keeping, adding and removing phrases is all
that is done to a prompt: its other words, weights and order stay as they were written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from iterativectl.config.phrases import contains, pattern
from iterativectl.config.types import Criterion
from iterativectl.model import Prompts


def add(text: str, phrases: Iterable[str]) -> str:
    """The text with each phrase that is missing appended after a comma."""
    for phrase in phrases:
        if phrase.strip() and not contains(text, phrase):
            text = f"{text.rstrip().rstrip(',')}, {phrase}" if text.strip() else phrase
    return text


def remove(text: str, phrases: Iterable[str], keep: Iterable[str] = ()) -> str:
    """The text without these phrases, except where they stand inside a phrase of `keep`."""
    kept = [phrase for phrase in keep if phrase.strip()]
    for phrase in phrases:
        if phrase.strip():
            text = _remove_one(text, phrase, kept)
    return _tidy(text)


def shape(
    proposed: Prompts, before: Prompts, failed: tuple[Criterion, ...], passed: tuple[Criterion, ...]
) -> Prompts:
    """Bring prompts into line with the criteria's tags.

    must_include of failed criteria is present; ban_terms of failed criteria are in the negative; ban_terms
    and avoid_terms of all are out of the positive; terms of passed criteria that stood in `before` are kept.
    A term that a failed criterion needs and another forbids stays while it is needed.
    """
    needed = [term for criterion in failed for term in criterion.must_include]
    forbidden = [term for c in (*failed, *passed) for term in (*c.ban_terms, *c.avoid_terms)]
    earned = [t for c in passed for t in c.must_include if contains(before.positive, t)]
    positive = add(proposed.positive, earned)
    positive = add(remove(positive, forbidden, keep=needed), needed)
    banned = [term for criterion in failed for term in criterion.ban_terms]
    banned += [t for c in passed for t in c.ban_terms if contains(before.negative, t)]
    banned = [term for term in banned if not any(_same(term, need) for need in needed)]
    negative = add(remove(proposed.negative, needed, keep=banned), banned)
    return Prompts(positive=positive, negative=negative)


def _same(one: str, other: str) -> bool:
    return " ".join(one.lower().split()) == " ".join(other.lower().split())


def _remove_one(text: str, phrase: str, keep: list[str]) -> str:
    protected = [match.span() for kept in keep for match in pattern(kept).finditer(text)]

    def cut(match: re.Match[str]) -> str:
        start, end = match.span()
        inside = any(first <= start and end <= last for first, last in protected)
        return match.group(0) if inside else ""

    return pattern(phrase).sub(cut, text)


def _tidy(text: str) -> str:
    """Close the gaps that a removed phrase leaves: empty brackets, double commas, double spaces."""
    text = re.sub(r"\(\s*(?::[\d.]+)?\s*\)", "", text)
    text = re.sub(r"[ \t]{2,}", " ", text)
    text = re.sub(r"\s+([,.;])", r"\1", text)
    text = re.sub(r"([,;])(?:\s*[,;])+", r"\1", text)
    return text.strip().strip(",;").strip()
