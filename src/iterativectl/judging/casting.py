"""From what was read of a reply to the votes it casts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from iterativectl.config.types import Criterion
from iterativectl.judging import contradictions, rulings
from iterativectl.judging.replies import Reading
from iterativectl.judging.votes import Vote
from iterativectl.model import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """Who answered (`by`, as in a verdict) in which sample.

    `steady`: it would only say the same again. `silent`: no reply came at all. `noted`: what it answered to
    the questions, by their text.
    """

    by: str
    sample: int = 0
    steady: bool = False
    silent: bool = False
    noted: Mapping[str, Value] = field(default_factory=dict)


def cast(criteria: Sequence[Criterion], reading: Reading, voter: Voter) -> tuple[Vote, ...]:
    """One vote a criterion."""
    return tuple(_vote(criterion, reading, voter) for criterion in criteria)


def _vote(criterion: Criterion, reading: Reading, voter: Voter) -> Vote:
    name = criterion.field
    reason = reading.reasons.get(name, "")
    if name not in reading.values:
        why = reading.unclear[name]
        declined = name in reading.declined
        again = not (declined or voter.silent or voter.steady)
        return _none(criterion, (reason or why) if declined else why, voter, again=again)
    value = reading.values[name]
    contradiction = "" if voter.steady else _contradiction(criterion, value, reason, voter)
    if contradiction:
        why = f"the answer contradicts itself: {contradiction}"
        return _none(criterion, why, voter, again=True, value=value, contradiction=contradiction)
    return Vote(
        field=name,
        sample=voter.sample,
        verdict="passed" if rulings.passes(criterion, value) else "failed",
        value=value,
        confidence=reading.confidence.get(name),
        reason=reason,
        by=voter.by,
        steady=voter.steady,
    )


def _contradiction(criterion: Criterion, value: Value, reason: str, voter: Voter) -> str:
    """What was noted is held against the first answer only: who says the same twice has looked again."""
    found = contradictions.in_itself(criterion, value, reason)
    return found or ("" if voter.sample else contradictions.with_notes(criterion, value, voter.noted))


def _none(
    criterion: Criterion,
    why: str,
    voter: Voter,
    *,
    again: bool,
    value: Value = None,
    contradiction: str = "",
) -> Vote:
    """A vote that counts for nothing."""
    return Vote(
        field=criterion.field,
        sample=voter.sample,
        verdict="unclear",
        value=value,
        confidence=None,
        reason=why,
        by=voter.by,
        contradiction=contradiction,
        again=again,
        steady=voter.steady,
    )
