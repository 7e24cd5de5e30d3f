"""Two judges' verdicts on the same picture, and what holds of them. Pure.

An opinion is unclear like any other verdict: a judge that cannot tell does not agree. A judge that could not
be asked at all has no opinion; then the other's word stands alone, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from iterativectl.judging.asking import Record
from iterativectl.model import Verdict

Disagreement = Literal["unclear", "stronger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one judge says. `absent`: why it could not be asked, "" where it was."""

    verdicts: Mapping[str, Verdict]
    absent: str = ""


def opinion(verdicts: Mapping[str, Verdict], record: Record) -> Opinion:
    """A judge's verdicts; it has none where none of its requests brought a reply."""
    if any(entry.get("text") is not None or "part" in entry for entry in record.raw):
        return Opinion(verdicts=verdicts)
    why = next((str(entry["error"]) for entry in record.raw if entry.get("error")), "it was not asked")
    return Opinion(verdicts=verdicts, absent=why)


def joined(first: Opinion, second: Opinion, disagreement: Disagreement) -> dict[str, Verdict]:
    """What holds of every criterion; `first` is the stronger judge."""
    if second.absent:
        return dict(first.verdicts)
    if first.absent:
        return dict(second.verdicts)
    return {
        name: _joined(verdict, second.verdicts[name], disagreement)
        for name, verdict in first.verdicts.items()
    }


def warnings(first: Opinion, second: Opinion) -> tuple[str, ...]:
    """Sentences about a judge that has no opinion."""
    if second.absent:
        return (
            f"there is no second opinion on this picture ({second.absent}): the first judge decides alone",
        )
    if first.absent:
        return (f"the first judge has no opinion on this picture ({first.absent}): the second decides alone",)
    return ()


def opinions(first: Opinion, second: Opinion) -> dict[str, tuple[Verdict, ...]]:
    """What each of them says, by criterion."""
    asked = [opinion.verdicts for opinion in (first, second) if not opinion.absent]
    return {name: tuple(said[name] for said in asked) for name in first.verdicts}


def _joined(first: Verdict, second: Verdict, disagreement: Disagreement) -> Verdict:
    if first.verdict == second.verdict:
        return first
    if disagreement == "stronger":
        return second if first.verdict == "unclear" else first
    why = f"the judges do not agree: {_said(first)}; {_said(second)}"
    by = ", ".join(dict.fromkeys((first.by, second.by)))
    return replace(first, verdict="unclear", value=None, confidence=None, reason=why, by=by)


def _said(verdict: Verdict) -> str:
    told = "cannot tell" if verdict.verdict == "unclear" else f"says {verdict.verdict}"
    return f"{verdict.by} {told}" + (f" ({verdict.reason})" if verdict.reason else "")
