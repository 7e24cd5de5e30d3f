"""The judge: what is asked of a model, in which order, and what becomes of its replies.

Every request is made by judging.prompting, and every reply is read by judging.replies.
A request that fails (JudgeError) leaves everything it asked about unclear; a judge that is gone, a limit or a
stop passes through and pauses the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from iterativectl.config.types import Criterion, PromptTemplates, Question
from iterativectl.errors import JudgeUnavailable
from iterativectl.judging import confirming, ensemble, merged, prompting, replies, rulings, votes, wording
from iterativectl.judging.asking import Ask, Asked, Record, send
from iterativectl.judging.casting import Voter, cast
from iterativectl.judging.ensemble import Disagreement
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
from iterativectl.ports import Reply, VisionRequest

__all__ = ["Judge", "Pictures", "Record", "Stakes"]

ASKED_AGAIN = 1  # what cannot be read is asked once more
NO_STAKES = Stakes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Asks through `ask` (a router's), with the prompts of prompts.yaml.

    `votes`: how often it may ask about one criterion of one picture. `steady`: the providers that would only
    say the same again. `model` is who is asked: models point at things in different ways. `second` has a
    second opinion on the criteria, and `disagreement` says what holds where it differs.
    """

    ask: Ask
    templates: PromptTemplates
    votes: int = 1
    steady: frozenset[str] = frozenset()
    model: str = ""
    second: Judge | None = None
    disagreement: Disagreement = "unclear"

    def gate(
        self, criteria: Sequence[Criterion], measured: Mapping[tuple[str, str], float]
    ) -> Verdict | None:
        """The first failed gate, None when a model may be asked."""
        return rulings.failing_gate(criteria, measured)

    def describe(self, original: Picture) -> tuple[str, Record]:
        """The original in words; "" when nobody could say."""
        asked = send(self.ask, prompting.describe(self.templates, original))
        return replies.read_description(asked.reply.text) if asked.reply else "", asked.record

    def at_once(
        self,
        questions: Sequence[Question],
        criteria: Sequence[Criterion],
        pictures: Pictures,
        similarity: Similarity,
    ) -> Record:
        """Questions, criteria and comparison in one request; `merged.said` finds the reply in the record."""
        fixed = rulings.fixed(criteria, pictures.measured)
        asking = merged.Asking(
            questions=[question.item() for question in questions],
            criteria=[criterion.item() for criterion in criteria if criterion.field not in fixed],
            similarity=similarity.measured,
        )
        if not asking.questions and not asking.criteria:
            return Record()
        return send(self.ask, merged.request(self.templates, asking, pictures, self.model)).record

    def answers(
        self, questions: Sequence[Question], pictures: Pictures, said: Reply | None = None
    ) -> tuple[dict[str, Value], Record]:
        """Typed answers about the result; None for what is unclear. The unreadable are asked once more.

        `said`: the reply to a request for everything at once, which is read first.
        """
        items = [question.item() for question in questions]
        values: dict[str, Value] = {}
        records = []
        for sample in range(1 + ASKED_AGAIN):
            if said is not None and sample == 0:
                asked = merged.taken(said, "answers")
            else:
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
        said: Reply | None = None,
    ) -> tuple[tuple[Verdict, ...], Record]:
        """Every criterion's verdict: measured first, then by what a model that sees both pictures answers.

        It is asked again while the votes do not decide (judging.votes); `stakes` is what hangs on them.
        `said`: the reply to a request for everything at once, which is read first.
        """
        gate = rulings.failing_gate(criteria, pictures.measured)
        if gate is not None:
            return rulings.gated_verdicts(criteria, pictures.measured, gate), Record()
        fixed = rulings.fixed(criteria, pictures.measured)
        ballot = Ballot(criteria=tuple(criteria), fixed=fixed, limit=self.votes, stakes=stakes)
        given, record = self._voted(ballot, pictures, answers, said)
        ruled = votes.ruled(ballot, given)
        if self.second is not None and ruled:
            ruled, record = self._with_second(self.second, ballot, pictures, (ruled, record))
        verdicts = {**fixed, **ruled}
        return rulings.overruled([verdicts[criterion.field] for criterion in criteria], criteria), record

    def compare(
        self, pictures: Pictures, similarity: Similarity, said: Reply | None = None
    ) -> tuple[Comparison, Record]:
        """How the result differs from the original: measured, and in the model's words.

        `said`: the reply to a request for everything at once; where it does not hold this, it is asked for.
        """
        if said is not None:
            asked = merged.taken(said, "comparison")
            reading = replies.read_comparison(said.text, said.finish, alone=True)
            if not reading.failure:
                return _compared(reading, similarity), asked.read(reading.parse, "")
            comparison, record = self.compare(pictures, similarity)
            return comparison, Record.joined(asked.read(reading.parse, reading.failure), record)
        asked = send(self.ask, prompting.compare(self.templates, pictures, similarity))
        if asked.reply is None:
            return Comparison(similarity=similarity, analysis=""), asked.record
        reading = replies.read_comparison(asked.reply.text, asked.reply.finish)
        return _compared(reading, similarity), asked.read(reading.parse, reading.failure)

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

    def _with_second(
        self, other: Judge, ballot: Ballot, pictures: Pictures, own: tuple[dict[str, Verdict], Record]
    ) -> tuple[dict[str, Verdict], Record]:
        """What holds of both judges' verdicts. The other one looks for itself: it hears of no answers."""
        once = replace(ballot, limit=1, stakes=Stakes(pass_score=ballot.stakes.pass_score))
        try:
            given, record = other._voted(once, pictures, {})
        except JudgeUnavailable as error:
            given, record = (), Record(raw=({"error": error.message, "text": None},), calls=error.calls)
        calls = tuple(replace(call, purpose="second_opinion") for call in record.calls)
        first = ensemble.opinion(*own)
        second = ensemble.opinion(votes.ruled(once, given) if given else {}, record)
        told = Record(opinions=ensemble.opinions(first, second), warnings=ensemble.warnings(first, second))
        record = Record.joined(own[1], replace(record, votes=(), calls=calls), told)
        return ensemble.joined(first, second, self.disagreement), record

    def _voted(
        self,
        ballot: Ballot,
        pictures: Pictures,
        answers: Mapping[str, Value],
        said: Reply | None = None,
    ) -> tuple[tuple[Vote, ...], Record]:
        """The answers of a model to the criteria of a ballot, asked for until they decide."""
        records: list[Record] = []
        pointing = pictures.asked(self.model)

        def ask(criteria: Sequence[Criterion], sample: int) -> confirming.Answered:
            items = [criterion.item() for criterion in criteria]
            first = pointing if sample == 0 else None
            if said is not None and first:
                asked = merged.taken(said, "criteria")
            else:
                asked = send(
                    self.ask, prompting.criteria(self.templates, items, pictures, answers, sample, first)
                )
            reading = self._read(asked, replies.read_criteria, items)
            records.append(asked.criticised(first).read_as(reading))
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
        read: Callable[..., replies.Reading],
        items: Sequence[Item],
    ) -> replies.Reading:
        if asked.reply is None:
            return replies.Reading(unclear={item.field: asked.why for item in items})
        return read(asked.reply.text, items, asked.reply.finish, alone=asked.alone)

    def _advice(
        self, request: VisionRequest, read: Callable[[str, str], replies.AdviceReading]
    ) -> tuple[Advice, Record]:
        asked = send(self.ask, request)
        if asked.reply is None:
            return Advice(reason=""), asked.record
        reading = read(asked.reply.text, asked.reply.finish)
        advice = Advice(prompts=reading.prompts, parameters=reading.parameters, reason=reading.reason)
        return advice, asked.read(reading.parse, reading.failure)


def _compared(reading: replies.ComparisonReading, similarity: Similarity) -> Comparison:
    return Comparison(
        similarity=replace(similarity, model=reading.similarity),
        differences=reading.differences,
        analysis=reading.analysis,
    )


def _unreadable(reading: replies.Reading) -> set[str]:
    """What could not be read. A judge that says it cannot tell was read, and is not pressed."""
    return set(reading.unclear) - reading.declined
