"""The words that a proposed criterion brings into prompts, kept from working against each other. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from iterativectl.config.phrases import contains
from iterativectl.config.types import AIGen, Rules
from iterativectl.config.yaml_words import one_line
from iterativectl.judging import asking_well

KEYS = ("must_include", "ban_terms", "avoid_terms")
MAX_TERMS = 6
MAX_WORDS, MAX_CHARACTERS = 5, 50  # of a phrase; a longer one is a sentence
_ODD = re.compile(r"[^\w\s'\u2019/+-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """Phrases by key of rules.yaml, and what was mended to get there."""

    terms: Mapping[str, tuple[str, ...]]
    mended: tuple[str, ...] = ()

    def without(self, key: str, phrase: str, reason: str) -> Tags:
        """The tags less one phrase."""
        kept = tuple(term for term in self.terms[key] if term != phrase)
        said = f"'{phrase}' left out of {key}: {reason}"
        return replace(self, terms={**self.terms, key: kept}, mended=(*self.mended, said))

    def each(self, *keys: str) -> Iterator[tuple[str, str]]:
        """(key, phrase) of every phrase under these keys, as they are now."""
        return iter([(key, term) for key in keys for term in self.terms[key]])


def tags(given: Mapping[str, Any], question: str, intent: str, passes_on: str) -> Tags:
    """The tags of a proposal, each phrase where it can do what it should for this question."""
    mended: list[str] = []
    found = Tags(terms={key: _phrases(given.get(key), key, mended) for key in KEYS})
    found = replace(found, mended=tuple(mended))
    if intent == "preserve":
        for key, term in found.each("must_include"):
            found = found.without(key, term, "what should stay is not asked for anew")
    for key, term in found.each("must_include") if passes_on == "no" else ():
        if contains(question, term):
            found = found.without(key, term, "it is what must not be there")
            found = replace(
                found, terms={**found.terms, "ban_terms": _joined(found.terms["ban_terms"], term)}
            )
    for key, term in found.each("ban_terms", "avoid_terms"):
        if passes_on == "yes" and contains(question, term):
            found = found.without(key, term, "it is what is asked for")
        elif any(contains(needed, term) for needed in found.terms["must_include"]):
            found = found.without(key, term, "must_include needs it")
        elif key == "avoid_terms" and term in found.terms["ban_terms"]:
            found = found.without(key, term, "it is banned already")
    return found


def at_peace(found: Tags, rules: Rules, aigen: AIGen | None) -> Tags:
    """The tags less what another criterion or the first prompt stands against."""
    for key, term in found.each("must_include"):
        for other in rules.acceptance_criteria:
            if any(contains(term, banned) for banned in (*other.ban_terms, *other.avoid_terms)):
                found = found.without(key, term, f"{other.field} forbids it")
                break
    start = (aigen.settings.prompts.positive if aigen else "") or rules.prompts.positive
    for key, term in found.each("ban_terms", "avoid_terms"):
        needs = (c.field for c in rules.acceptance_criteria if any(contains(m, term) for m in c.must_include))
        needing = next(needs, "")
        if needing:
            found = found.without(key, term, f"{needing} needs it")
        elif contains(start, term):
            found = found.without(key, term, "the base prompt holds it")
    return found


def _phrases(value: Any, key: str, mended: list[str]) -> tuple[str, ...]:
    """Short phrases, each once. A text is read as a list with commas."""
    given: Sequence[Any] = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    pieces = [piece for part in given if isinstance(part, str) for piece in part.split(",")]
    kept: dict[str, str] = {}
    for piece in pieces:
        phrase = one_line(piece).strip(" .\"'\u201c\u201d")
        if not phrase or phrase.casefold() in ("none", "n/a", "null"):
            continue
        fault = _fault(phrase)
        if fault:
            shown = phrase if len(phrase) <= MAX_CHARACTERS else f"{phrase[:MAX_CHARACTERS].rstrip()} ..."
            mended.append(f"'{shown}' left out of {key}: {fault}")
        else:
            kept.setdefault(phrase.casefold(), phrase)
    return tuple(kept.values())[:MAX_TERMS]


def _fault(phrase: str) -> str:
    if asking_well.orders(phrase) or _ODD.search(phrase):
        return "it is no plain phrase"
    if len(phrase.split()) > MAX_WORDS or len(phrase) > MAX_CHARACTERS:
        return "it is a sentence, not a phrase"
    return ""


def _joined(terms: tuple[str, ...], term: str) -> tuple[str, ...]:
    return terms if term in terms else (*terms, term)
