"""The judge: what is asked of a model, in which order, and what becomes of its replies.

Every request is made by judging.prompting, and every reply is read by judging.replies.
A request that fails (JudgeError) leaves everything it asked about unclear; a judge that is gone, a limit or a
stop passes through and pauses the run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from iterativectl.config.types import Criterion, PromptTemplates, Question
from iterativectl.errors import JudgeError, JudgeUnavailable
from iterativectl.judging import prompting, replies, rulings, wording
from iterativectl.judging.finding import FAILURES
from iterativectl.judging.prompting import Pictures
from iterativectl.model import (
    Advice,
    Assessment,
    Call,
    Comparison,
    Item,
    Parameters,
    Picture,
    Prompts,
    Similarity,
    Value,
    Verdict,
)
from iterativectl.ports import Reply, VisionRequest

__all__ = ["Judge", "Pictures", "Record"]

ASKED_AGAIN = 1  # what cannot be read is asked once more


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a step keeps of its requests: raw replies with how they were read, and the calls."""

    raw: tuple[Mapping[str, Any], ...] = ()
    calls: tuple[Call, ...] = ()

    @staticmethod
    def joined(*parts: Record) -> Record:
        """Several steps' records as one."""
        return Record(
            raw=tuple(entry for part in parts for entry in part.raw),
            calls=tuple(call for part in parts for call in part.calls),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One request's reply as it came (None: it failed, `why` says so) and its record."""

    reply: Reply | None
    record: Record
    why: str = ""

    @property
    def by(self) -> str:
        """Who answered, or failed to, as it stands in a verdict."""
        if self.reply is not None:
            return f"{self.reply.provider}/{self.reply.model}"
        last = self.record.calls[-1:]
        return f"{last[0].provider}/{last[0].model}" if last else "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Asks through `ask` (a router's), with the prompts of prompts.yaml."""

    ask: Callable[[VisionRequest], Reply]
    templates: PromptTemplates

    def gate(
        self, criteria: Sequence[Criterion], measured: Mapping[tuple[str, str], float]
    ) -> Verdict | None:
        """The first failed gate, None when a model may be asked."""
        return rulings.failing_gate(criteria, measured)

    def describe(self, original: Picture) -> tuple[str, Record]:
        """The original in words; "" when nobody could say."""
        asked = self._request(prompting.describe(self.templates, original))
        return replies.read_description(asked.reply.text) if asked.reply else "", asked.record

    def answers(self, questions: Sequence[Question], pictures: Pictures) -> tuple[dict[str, Value], Record]:
        """Typed answers about the result; None for what is unclear. The unreadable are asked once more."""
        items = [question.item() for question in questions]
        values: dict[str, Value] = {}
        records = []
        for sample in range(1 + ASKED_AGAIN):
            asked = self._request(prompting.questions(self.templates, items, pictures, sample))
            reading = self._read(asked, replies.read_answers, items)
            records.append(_with_reading(asked.record, reading))
            values |= reading.values
            items = [item for item in items if item.field in _unreadable(reading)]
            if not items or asked.reply is None:
                break
        return {q.field: values.get(q.field) for q in questions}, Record.joined(*records)

    def verdicts(
        self, criteria: Sequence[Criterion], pictures: Pictures, answers: Mapping[str, Value]
    ) -> tuple[tuple[Verdict, ...], Record]:
        """Every criterion's verdict: measured first, then one request that sees both pictures."""
        measured = pictures.measured
        gate = rulings.failing_gate(criteria, measured)
        if gate is not None:
            return rulings.gated_verdicts(criteria, measured, gate), Record()
        asked = rulings.to_ask(criteria, measured)
        given, record = self._judged(asked, pictures, answers)
        verdicts = []
        for criterion in criteria:
            if criterion.measure:
                verdicts.append(rulings.measured_verdict(criterion, measured))
            elif criterion.field in given:
                verdicts.append(given[criterion.field])
            else:
                verdicts.append(rulings.not_asked(criterion, criteria, measured))
        return rulings.overruled(verdicts, criteria), record

    def compare(self, pictures: Pictures, similarity: Similarity) -> tuple[Comparison, Record]:
        """How the result differs from the original: measured, and in the model's words."""
        asked = self._request(prompting.compare(self.templates, pictures, similarity))
        if asked.reply is None:
            return Comparison(similarity=similarity, analysis=""), asked.record
        reading = replies.read_comparison(asked.reply.text, asked.reply.finish)
        comparison = Comparison(
            similarity=replace(similarity, model=reading.similarity),
            differences=reading.differences,
            analysis=reading.analysis,
        )
        return comparison, _read_as(asked.record, reading.parse, reading.failure)

    def improve(
        self,
        prompts: Prompts,
        criteria: Sequence[Criterion],
        assessment: Assessment,
        notes: Sequence[str],
        description: str = "",
    ) -> tuple[Advice, Record]:
        """Prompts written anew from what failed (text only); nothing is asked when nothing failed.

        `description` is the original in words: without it a model cannot say how what was lost looked.
        """
        if not wording.sorted_out(criteria, assessment)[0]:
            return Advice(), Record()
        request = prompting.improve(self.templates, prompts, criteria, assessment, notes, description)
        return self._advice(request, replies.read_prompts)

    def suggest(
        self,
        aigen_yaml: str,
        parameters: Parameters,
        criteria: Sequence[Criterion],
        assessment: Assessment,
        direction: str,
    ) -> tuple[Advice, Record]:
        """Parameters outside the similarity band (text only). The policy holds them to step and bounds."""
        request = prompting.suggest(self.templates, aigen_yaml, parameters, criteria, assessment, direction)
        return self._advice(request, replies.read_parameters)

    def _judged(
        self, criteria: Sequence[Criterion], pictures: Pictures, answers: Mapping[str, Value]
    ) -> tuple[dict[str, Verdict], Record]:
        """Verdicts of the criteria a model is asked about; the unreadable ones are asked once more."""
        verdicts: dict[str, Verdict] = {}
        records = []
        waiting = list(criteria)
        for sample in range(1 + ASKED_AGAIN):
            if not waiting:
                break
            items = [criterion.item() for criterion in waiting]
            asked = self._request(prompting.criteria(self.templates, items, pictures, answers, sample))
            reading = self._read(asked, replies.read_criteria, items)
            records.append(_with_reading(asked.record, reading))
            for criterion in waiting:
                verdicts[criterion.field] = _ruled(criterion, reading, asked.by)
            unreadable = _unreadable(reading)
            waiting = [criterion for criterion in waiting if criterion.field in unreadable]
            if asked.reply is None:
                break
        return verdicts, Record.joined(*records)

    def _request(self, request: VisionRequest) -> _Asked:
        raw: dict[str, Any] = {
            "purpose": request.kind,
            "sample": request.sample,
            "prompt_sha256": hashlib.sha256(request.prompt.encode()).hexdigest(),
        }
        try:
            reply = self.ask(request)
        except JudgeUnavailable:
            raise
        except JudgeError as error:
            raw |= {"error": error.message, "text": None}
            return _Asked(reply=None, record=Record(raw=(raw,), calls=error.calls), why=error.message)
        raw |= {"finish": reply.finish, "text": reply.text}
        return _Asked(reply=reply, record=Record(raw=(raw,), calls=reply.calls))

    def _read(
        self,
        asked: _Asked,
        read: Callable[[str, Sequence[Item], str], replies.Reading],
        items: Sequence[Item],
    ) -> replies.Reading:
        if asked.reply is None:
            return replies.Reading(unclear={item.field: asked.why for item in items})
        return read(asked.reply.text, items, asked.reply.finish)

    def _advice(
        self, request: VisionRequest, read: Callable[[str, str], replies.AdviceReading]
    ) -> tuple[Advice, Record]:
        asked = self._request(request)
        if asked.reply is None:
            return Advice(reason=""), asked.record
        reading = read(asked.reply.text, asked.reply.finish)
        advice = Advice(prompts=reading.prompts, parameters=reading.parameters, reason=reading.reason)
        return advice, _read_as(asked.record, reading.parse, reading.failure)


def _ruled(criterion: Criterion, reading: replies.Reading, by: str) -> Verdict:
    name = criterion.field
    if name in reading.values:
        reason = reading.reasons.get(name, "")
        return rulings.answered_verdict(
            criterion, reading.values[name], reason, reading.confidence.get(name), by
        )
    why = reading.unclear[name]
    if name in reading.declined:
        why = reading.reasons.get(name) or why
    return rulings.unclear_verdict(criterion, why, by)


def _unreadable(reading: replies.Reading) -> set[str]:
    """What could not be read. A judge that says it cannot tell was read, and is not pressed."""
    return set(reading.unclear) - reading.declined


def _with_reading(record: Record, reading: replies.Reading) -> Record:
    entry = {
        "parse": reading.parse,
        "failure": FAILURES.get(reading.failure, ""),
        "unclear": dict(reading.unclear),
    }
    return Record(raw=tuple({**raw, **entry} for raw in record.raw), calls=record.calls)


def _read_as(record: Record, parse: str, failure: str) -> Record:
    entry = {"parse": parse, "failure": FAILURES.get(failure, "")}
    return Record(raw=tuple({**raw, **entry} for raw in record.raw), calls=record.calls)
