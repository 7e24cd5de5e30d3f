"""Two results beside each other: which one is better, by the judge's eye.

Models are better at this than at marks, and yet they favour a place in the order (MLLM-as-a-Judge, arXiv
2402.04788). So a win counts only if it survives the swap of the two. The newer one is shown last first: where
it does not win there, nothing is left to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iterativectl.config.types import Criterion, PromptTemplates
from iterativectl.errors import IterativeError, JudgeUnavailable, LimitReached
from iterativectl.judging import replies, schemas, wording
from iterativectl.judging.asking import Ask, Asked, Record, send
from iterativectl.judging.prompting import ORIGINAL
from iterativectl.model import Call, Picture
from iterativectl.ports import VisionRequest

FIRST, SECOND, EQUAL = schemas.PREFERENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two results of editing `original`."""

    original: Picture
    older: Picture
    newer: Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """`newer`: the newer one is better in both orders. Otherwise `reason` says what came of it."""

    newer: bool
    reason: str
    by: str
    record: Record


def request(
    templates: PromptTemplates, criteria: Sequence[Criterion], original: Picture, two: tuple[Picture, Picture]
) -> VisionRequest:
    """Which of two is better, in this order."""
    schema = schemas.preference_schema()
    return VisionRequest(
        kind="compare_results",
        prompt=templates.render(
            "compare_results", criteria=wording.wanted(criteria), schema=schemas.sketch(schema)
        ),
        images=((ORIGINAL, original), *zip((FIRST, SECOND), two, strict=True)),
        schema=schema,
    )


def compared(ask: Ask, templates: PromptTemplates, criteria: Sequence[Criterion], pair: Pair) -> Compared:
    """Two requests at most.

    A request that fails, a judge that is gone and a limit all leave no winner: this alone ends no run.
    """
    orders = (((pair.older, pair.newer), SECOND), ((pair.newer, pair.older), FIRST))
    records: list[Record] = []
    reason, by = "", ""
    for two, wanted in orders:
        try:
            asked = send(ask, request(templates, criteria, pair.original, two))
        except (JudgeUnavailable, LimitReached) as error:
            return _unasked(error, error.calls, records)
        better, reason, record = _read(asked)
        records.append(record)
        by = asked.by
        if better != wanted:
            told = _told(better, swapped=len(records) > 1) + (f": {reason}" if reason else "")
            return Compared(newer=False, reason=told, by=by, record=Record.joined(*records))
    return Compared(newer=True, reason=reason, by=by, record=Record.joined(*records))


def _unasked(error: IterativeError, calls: tuple[Call, ...], before: Sequence[Record]) -> Compared:
    why = f"not shown beside the best one so far, which stays the best: {error.message}"
    record = Record(raw=({"error": error.message, "text": None},), calls=calls, warnings=(why,))
    return Compared(newer=False, reason=why, by="nobody", record=Record.joined(*before, record))


def _read(asked: Asked) -> tuple[str, str, Record]:
    """(which, why, record); "" for what cannot be read."""
    if asked.reply is None:
        return "", asked.why, asked.record
    reading = replies.read_preference(asked.reply.text, asked.reply.finish)
    better, reason = reading.values.get("better"), reading.values.get("reason")
    why = reason if isinstance(reason, str) else reading.unclear.get("better", "")
    return better if isinstance(better, str) else "", why, asked.read_as(reading)


def _told(better: str, *, swapped: bool) -> str:
    if not better:
        return "the judge did not say which"
    if better == EQUAL:
        return "the judge sees no winner"
    return "the judge changed its mind with the order" if swapped else "the earlier one is the better one"
