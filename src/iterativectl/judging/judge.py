"""The judge: what is asked of a model, in which order, and what becomes of its replies.

Every request is made by judging.prompting, and every reply is read by judging.replies.
A request that fails (JudgeError) leaves everything it asked about unclear; a judge that is gone, a limit or a
stop passes through and pauses the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from iterativectl.config.types import Criterion, PromptTemplates, Question
from iterativectl.judging import confirming, prompting, replies, rulings, votes, wording
from iterativectl.judging.asking import Ask, Asked, Record, send
from iterativectl.judging.casting import Voter, cast
from iterativectl.judging.prompting import Pictures
from iterativectl.judging.votes import Ballot, Stakes, Vote
from iterativectl.model import (
    Advice,
    Assessment,
    Comparison,
    Item,
    Parameters,
    Picture,
    Prompts,
    Similarity,
    Value,
    Verdict,
)
from iterativectl.ports import VisionRequest

__all__ = ["Judge", "Pictures", "Record", "Stakes"]

ASKED_AGAIN = 1  # what cannot be read is asked once more
NO_STAKES = Stakes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Asks through `ask` (a router's), with the prompts of prompts.yaml.

    `votes`: how often it may ask about one criterion of one picture. `steady`: the providers that would only
    say the same again.
    """

    ask: Ask
    templates: PromptTemplates
    votes: int = 1
    steady: frozenset[str] = frozenset()

    def gate(
        self, criteria: Sequence[Criterion], measured: Mapping[tuple[str, str], float]
    ) -> Verdict | None:
        """The first failed gate, None when a model may be asked."""
        return rulings.failing_gate(criteria, measured)

    def describe(self, original: Picture) -> tuple[str, Record]:
        """The original in words; "" when nobody could say."""
        asked = send(self.ask, prompting.describe(self.templates, original))
        return replies.read_description(asked.reply.text) if asked.reply else "", asked.record

    def answers(self, questions: Sequence[Question], pictures: Pictures) -> tuple[dict[str, Value], Record]:
        """Typed answers about the result; None for what is unclear. The unreadable are asked once more."""
        items = [question.item() for question in questions]
        values: dict[str, Value] = {}
        records = []
        for sample in range(1 + ASKED_AGAIN):
            asked = send(self.ask, prompting.questions(self.templates, items, pictures, sample))
            reading = self._read(asked, replies.read_answers, items)
            records.append(asked.read_as(reading))
            values |= reading.values
            items = [item for item in items if item.field in _unreadable(reading)]
            if not items or asked.reply is None:
                break
        return {q.field: values.get(q.field) for q in questions}, Record.joined(*records)

    def verdicts(
        self,
        criteria: Sequence[Criterion],
        pictures: Pictures,
        answers: Mapping[str, Value],
        stakes: Stakes = NO_STAKES,
    ) -> tuple[tuple[Verdict, ...], Record]:
        """Every criterion's verdict: measured first, then by what a model that sees both pictures answers.

        It is asked again while the votes do not decide (judging.votes); `stakes` is what hangs on them.
        """
        gate = rulings.failing_gate(criteria, pictures.measured)
        if gate is not None:
            return rulings.gated_verdicts(criteria, pictures.measured, gate), Record()
        fixed = rulings.fixed(criteria, pictures.measured)
        ballot = Ballot(criteria=tuple(criteria), fixed=fixed, limit=self.votes, stakes=stakes)
        given, record = self._voted(ballot, pictures, answers)
        verdicts = {**fixed, **votes.ruled(ballot, given)}
        return rulings.overruled([verdicts[criterion.field] for criterion in criteria], criteria), record

    def compare(self, pictures: Pictures, similarity: Similarity) -> tuple[Comparison, Record]:
        """How the result differs from the original: measured, and in the model's words."""
        asked = send(self.ask, prompting.compare(self.templates, pictures, similarity))
        if asked.reply is None:
            return Comparison(similarity=similarity, analysis=""), asked.record
        reading = replies.read_comparison(asked.reply.text, asked.reply.finish)
        comparison = Comparison(
            similarity=replace(similarity, model=reading.similarity),
            differences=reading.differences,
            analysis=reading.analysis,
        )
        return comparison, asked.read(reading.parse, reading.failure)

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

    def _voted(
        self, ballot: Ballot, pictures: Pictures, answers: Mapping[str, Value]
    ) -> tuple[tuple[Vote, ...], Record]:
        """The answers of a model to the criteria of a ballot, asked for until they decide."""
        records: list[Record] = []

        def ask(criteria: Sequence[Criterion], sample: int) -> confirming.Answered:
            items = [criterion.item() for criterion in criteria]
            asked = send(self.ask, prompting.criteria(self.templates, items, pictures, answers, sample))
            reading = self._read(asked, replies.read_criteria, items)
            records.append(asked.read_as(reading))
            voter = Voter(
                by=asked.by,
                sample=sample,
                steady=asked.reply is not None and asked.reply.provider in self.steady,
                silent=asked.reply is None,
                noted=ballot.stakes.noted,
            )
            return confirming.Answered(votes=cast(criteria, reading, voter), failed=asked.reply is None)

        given = confirming.voted(ballot, ask)
        return given, replace(Record.joined(*records), votes=given)

    def _read(
        self,
        asked: Asked,
        read: Callable[[str, Sequence[Item], str], replies.Reading],
        items: Sequence[Item],
    ) -> replies.Reading:
        if asked.reply is None:
            return replies.Reading(unclear={item.field: asked.why for item in items})
        return read(asked.reply.text, items, asked.reply.finish)

    def _advice(
        self, request: VisionRequest, read: Callable[[str, str], replies.AdviceReading]
    ) -> tuple[Advice, Record]:
        asked = send(self.ask, request)
        if asked.reply is None:
            return Advice(reason=""), asked.record
        reading = read(asked.reply.text, asked.reply.finish)
        advice = Advice(prompts=reading.prompts, parameters=reading.parameters, reason=reading.reason)
        return advice, asked.read(reading.parse, reading.failure)


def _unreadable(reading: replies.Reading) -> set[str]:
    """What could not be read. A judge that says it cannot tell was read, and is not pressed."""
    return set(reading.unclear) - reading.declined
