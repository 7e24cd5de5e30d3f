"""Answers that contradict themselves, where that can be read with certainty. Pure.

Only three things are looked for in a reason, and nothing is interpreted: that it opens with "Yes," or "No,";
that it says in so many words that the thing cannot be told; and that it counts what the question asks to
count. A reason in another language, or in other words, contradicts nothing. Better a contradiction missed
than a sound answer doubted: tests/cases/contradictions holds what may and what may not be taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from iterativectl.config.types import Criterion
from iterativectl.model import Value

_OPENING = re.compile(
    r"[\"'(]*(yes|no)\s*(?:[,;:!]|\.(?!\s*\d)|[-\u2013\u2014](?=\s)|$)",  # but "No. 7 is on the jersey"
    re.IGNORECASE,
)
_CANNOT = r"(?:cannot|can't|can not|could not|couldn't|unable to|not able to|impossible to|not possible to)"
# "cannot tell any difference" and "cannot be told apart" say a great deal: hence what must follow.
_UNTOLD = re.compile(
    rf"\b{_CANNOT} (?:really |clearly |reliably )?(?:tell|say|see|determine|judge|verify|confirm|be sure) "
    r"(?:if|whether)\b"
    rf"|\b{_CANNOT} be (?:reliably |clearly )?(?:determined|judged|verified|confirmed)"
    r"(?= from| in| with| because| due| here|\W*$)"
    r"|\b(?:it is|it's|it remains) (?:unclear|not clear|uncertain) (?:if|whether)\b"
    r"|^(?:unclear|cannot tell|can't tell|not sure|uncertain)\W*$",
    re.IGNORECASE,
)
_SEVERAL = re.compile(r"[,.;:!?\u2013\u2014]\s+\S")  # clauses: one may be about something else
# With one of these after it, "No, nothing has changed" may well stand for yes.
_TURN = re.compile(
    r"\b(?:but|however|although|though|still|yet|while|except|no|not|none|nothing|nobody|never|without|\w+n't"
    r"|gone|removed|missing|absent|replaced|free|same|identical|unchanged|preserved|intact|kept|remain\w*"
    r"|differ\w*|change\w*|similar|match\w*|clean)\b",
    re.IGNORECASE,
)
_HOW_MANY = re.compile(r"\bhow many ([a-z]+)\b", re.IGNORECASE)
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBER = rf"\d+|{'|'.join(_WORDS)}"
_ELSEWHERE = re.compile(
    r"\b(?:original|image|picture|photo|first|each|both|per|every|were|was)\b", re.IGNORECASE
)


def in_itself(criterion: Criterion, value: Value, reason: str) -> str:
    """How an answer contradicts the reason given with it; "" when it does not."""
    reason = reason.replace("\u2019", "'").strip()
    if value is None or not reason:
        return ""
    if _UNTOLD.search(reason) and not _SEVERAL.search(reason):
        return "the reason says that it cannot be told"
    if isinstance(value, bool):
        return _opposed(value, reason)
    return _miscounted(criterion.question, value, reason)


def with_notes(criterion: Criterion, value: Value, noted: Mapping[str, Value]) -> str:
    """How an answer contradicts what the same judge answered to the same words as a question before."""
    asked = {_plain(question): answer for question, answer in noted.items()}
    before = asked.get(_plain(criterion.question))
    same_kind = isinstance(before, bool) is isinstance(value, bool)
    numeric = isinstance(before, (bool, int, float)) and isinstance(value, (bool, int, float))
    if before is None or not same_kind or not numeric or before == value:
        return ""
    return f"the same question was answered with {_said(before)} before"


def _opposed(value: bool, reason: str) -> str:
    """ "No, he wears a hoodie.", yes."""
    opening = _OPENING.match(reason)
    if opening is None or (opening[1].casefold() == "yes") is value or _TURN.search(reason, opening.end()):
        return ""
    return f"the reason says {opening[1].casefold()}"


def _miscounted(question: str, value: Value, reason: str) -> str:
    """ "How many windows?", 3, "There are five windows." Any other number in the reason may explain it."""
    counted = _HOW_MANY.search(question)
    numbers = re.findall(rf"\b(?:{_NUMBER})\b", reason, re.IGNORECASE)
    if counted is None or len(numbers) != 1 or _ELSEWHERE.search(reason):
        return ""
    stated = re.search(
        rf"\b(?:there (?:are|is)|I (?:can )?(?:see|count)) (?:exactly )?({_NUMBER}) {counted[1]}\b",
        reason,
        re.IGNORECASE,
    )
    if stated is None or _number(stated[1]) == value:
        return ""
    return f"the reason counts {stated[1].casefold()}"


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _WORDS.index(text.casefold())


def _plain(question: str) -> str:
    return " ".join(re.findall(r"\w+", question.casefold()))


def _said(value: Value) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
