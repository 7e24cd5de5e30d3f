"""What the answers of a judge that errs add up to, and what to ask it next. Pure.

A sequential test for every criterion. A picture that its first answers would accept, or all but one of them,
is asked about again, all that is open in one request; any other picture has one answer a criterion.

- A criterion passes with LEAD more answers for it than against it. That is Wald's sequential test of "holds"
  against "does not hold" (Wald, Sequential Analysis, 1947): with a share e of wrong answers a lead of two is
  wrong with the odds (e / (1 - e))^2, for e = 0.15 with 3 in 100.
- A judge that has given different answers about this picture is known to err. From then on a criterion needs
  CAREFUL answers at least, also where the first two agreed.
- More than half of the answers must agree, those counted that were unclear.
- A criterion that cannot pass any more within `limit` answers, or that has LEAD more answers against it, is
  lost. When the picture cannot be accepted any more, nobody is asked further.
- With three answers a criterion about which they differ can only end two to one. SPARED says how many of a
  picture's criteria may: none would refuse half of the good pictures, all would be a plain majority.

A pass on which the acceptance hangs and that is not settled in this way is unclear, never passed. What is not
asked again keeps its one answer, and an equal number for and against is unclear.

Hysteresis: a criterion that had passed, and now fails by one answer of the same judge, is asked about once
more before that counts. Where the two answers differ, it is unclear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from iterativectl.config.types import Criterion
from iterativectl.judging import rulings
from iterativectl.judging.score import score
from iterativectl.judging.tally import LEAD, Tally, Vote, tally
from iterativectl.model import Outcome, Value, Verdict

__all__ = ["Ballot", "Stakes", "Vote", "by_field", "ruled", "to_ask"]

SPARED: Mapping[int, int] = {3: 1}  # by the most answers that are asked for; else none
ASKED_AGAIN = 1  # an answer that cannot be read, or contradicts itself, is asked for once more


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakes:
    """What hangs on a picture's verdicts, and what is known already.

    `pass_score` is to be reached. `stood`: what had passed in this stage, and by whom (field -> by).
    `noted`: what the judge answered to the questions about this picture, by their text.
    """

    pass_score: float = 100.0
    stood: Mapping[str, str] = field(default_factory=dict)
    noted: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What is to be decided about a picture. `criteria`: all in force; those not in `fixed` are asked about.

    `fixed`: verdicts that need no answer. `limit`: the most answers to one criterion.
    """

    criteria: tuple[Criterion, ...]
    fixed: Mapping[str, Verdict] = field(default_factory=dict)
    limit: int = 1
    stakes: Stakes = Stakes()

    @property
    def asked(self) -> tuple[Criterion, ...]:
        """The criteria that a model is asked about."""
        return tuple(criterion for criterion in self.criteria if criterion.field not in self.fixed)


Tallies = Mapping[str, Tally]


def to_ask(ballot: Ballot, votes: Sequence[Vote]) -> tuple[Criterion, ...]:
    """The criteria of the next request, in the order of the rules; () when all is decided."""
    if not votes:
        return ballot.asked
    cast = by_field(ballot, votes)
    tallies = {name: tally(given) for name, given in cast.items()}
    wanted = _unread(cast) | _recalled(ballot, cast, tallies) | _unsettled(ballot, tallies)
    return tuple(criterion for criterion in ballot.asked if criterion.field in wanted)


def ruled(ballot: Ballot, votes: Sequence[Vote]) -> dict[str, Verdict]:
    """The verdict of every criterion that was asked about, before depends_on."""
    cast = by_field(ballot, votes)
    tallies = {name: tally(given) for name, given in cast.items()}
    verdicts = {name: _verdict(cast[name], tallies[name]) for name in cast}
    passed = {name for name, verdict in verdicts.items() if verdict.verdict == "passed"}
    doubtful = passed - _certain(ballot, tallies)
    outcomes = {name: verdict.verdict for name, verdict in verdicts.items()}
    if ballot.limit == 1 or not doubtful or not _accepted(ballot, outcomes):
        return verdicts
    if _accepted(ballot, {**outcomes, **dict.fromkeys(doubtful, "failed")}):
        return verdicts
    return verdicts | {name: _doubted(verdicts[name], tallies[name], "not confirmed") for name in doubtful}


def by_field(ballot: Ballot, votes: Sequence[Vote]) -> dict[str, list[Vote]]:
    """The votes of every criterion that is asked about, in their order."""
    return {c.field: [vote for vote in votes if vote.field == c.field] for c in ballot.asked}


def _unread(cast: Mapping[str, Sequence[Vote]]) -> set[str]:
    return {
        name
        for name, given in cast.items()
        if given and given[-1].again and not given[-1].steady and len(given) <= ASKED_AGAIN
    }


def _recalled(ballot: Ballot, cast: Mapping[str, Sequence[Vote]], tallies: Tallies) -> set[str]:
    """What had passed by the same judge's word and fails by one answer."""
    stood = ballot.stakes.stood
    return {
        name
        for name, counted in tallies.items()
        if counted.failed == 1
        and not counted.passed
        and counted.asked < ballot.limit
        and not counted.final
        and cast[name][-1].by == stood.get(name)
    }


def _unsettled(ballot: Ballot, tallies: Tallies) -> set[str]:
    """What is open about a picture that may yet be accepted."""
    if ballot.limit == 1 or not _hopeful(ballot, tallies):
        return set()
    done = _settled(tallies) | _lost(ballot, tallies)
    return {
        name
        for name, counted in tallies.items()
        if name not in done and not counted.final and counted.asked < ballot.limit
    }


def _hopeful(ballot: Ballot, tallies: Tallies) -> bool:
    """Whether the picture can be accepted, and no more than one criterion has yet to get its first yes."""
    lost = _lost(ballot, tallies)
    outcomes: dict[str, Outcome] = {name: _without_hope(tallies[name]) for name in lost}
    outcomes |= {name: "passed" for name in tallies if name not in lost}
    dark = [name for name in tallies if name not in lost and not tallies[name].passed]
    if len(dark) < 2:
        return _accepted(ballot, outcomes)
    darkened = outcomes | {name: _without_hope(tallies[name]) for name in dark}
    return any(_accepted(ballot, {**darkened, name: "passed"}) for name in dark)


def _without_hope(counted: Tally) -> Outcome:
    return "failed" if counted.failed > counted.passed else "unclear"


def _careful(tallies: Tallies) -> bool:
    return any(counted.differs for counted in tallies.values())


def _settled(tallies: Tallies) -> set[str]:
    careful = _careful(tallies)
    return {name for name, counted in tallies.items() if counted.settled(careful)}


def _lost(ballot: Ballot, tallies: Tallies) -> set[str]:
    """What cannot pass any more, or has too much against it; but for those that are spared."""
    careful = _careful(tallies)
    against = {name for name, counted in tallies.items() if counted.lead <= -LEAD}
    short = {
        name
        for name, counted in tallies.items()
        if not counted.at_best(ballot.limit).settled(careful or counted.failed > 0)
    }
    return against | (short - _spared(ballot, tallies, short - against))


def _spared(ballot: Ballot, tallies: Tallies, short: set[str]) -> set[str]:
    """Those that may pass by a plain majority, where a picture has few enough of them."""
    able = {name for name in short if tallies[name].at_best(ballot.limit).majority}
    return able if len(able) <= SPARED.get(ballot.limit, 0) else set()


def _certain(ballot: Ballot, tallies: Tallies) -> set[str]:
    """Settled, or spared and at its end."""
    settled = _settled(tallies)
    spared = _spared(ballot, tallies, set(tallies) - settled)
    return settled | {name for name in spared if tallies[name].asked >= ballot.limit}


def _accepted(ballot: Ballot, outcomes: Mapping[str, Outcome]) -> bool:
    """Whether a picture with these outcomes would be accepted, depends_on included."""
    supposed = [ballot.fixed.get(c.field) or _supposed(c.field, outcomes[c.field]) for c in ballot.criteria]
    verdicts = rulings.overruled(supposed, ballot.criteria)
    unclear = any(verdict.verdict == "unclear" for verdict in verdicts)
    return not unclear and score(verdicts, ballot.criteria) >= ballot.stakes.pass_score


def _supposed(name: str, outcome: Outcome) -> Verdict:
    return Verdict(field=name, verdict=outcome, value=None, confidence=None, reason="", by="")


def _verdict(given: Sequence[Vote], counted: Tally) -> Verdict:
    """By majority, with the newest answer that says so."""
    outcome = _majority(counted)
    same = [vote for vote in given if vote.verdict == outcome and not vote.again]
    vote = (same or given)[-1]
    several = counted.given > 1 and outcome != "unclear"
    verdict = Verdict(
        field=vote.field,
        verdict=outcome,
        value=None if outcome == "unclear" else vote.value,
        confidence=round(len(same) / counted.given, 4) if several else vote.confidence,
        reason=vote.reason,
        by=vote.by,
    )
    if outcome != "unclear" or not counted.passed + counted.failed:
        return verdict
    why = "the judge does not agree with itself" if counted.differs else "not confirmed"
    return _doubted(verdict, counted, why)


def _majority(counted: Tally) -> Outcome:
    if counted.majority:
        return "passed"
    return "failed" if 2 * counted.failed > counted.given else "unclear"


def _doubted(verdict: Verdict, counted: Tally, why: str) -> Verdict:
    """No verdict, for want of agreement: the confidence is the share of answers for it."""
    reason = f"{why}: {counted.passed} of {counted.given} answers are for it"
    share = round(counted.passed / counted.given, 4)
    return replace(verdict, verdict="unclear", value=None, confidence=share, reason=reason)
