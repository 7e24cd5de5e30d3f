"""Phrases in prompts: whole words, compared without case. "cold light" is not in "candlelight"."""

from __future__ import annotations

import re


def pattern(phrase: str) -> re.Pattern[str]:
    """Finds the phrase as whole words, whatever the white space between them; nothing for a blank phrase."""
    words = r"\s+".join(re.escape(word) for word in phrase.split())
    return re.compile(rf"(?<!\w){words}(?!\w)" if words else r"(?!)", re.IGNORECASE)


def contains(text: str, phrase: str) -> bool:
    """Whether the phrase stands in the text."""
    return pattern(phrase).search(text) is not None
