"""What a person's labels and ranking say of a judge, and what to do about it. Pure.

Below a stated number of labels nothing is concluded. The figures are those of judging.agreement and
judging.flips; here stands what they are taken to mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from iterativectl.config.types import Criterion, Measure
from iterativectl.judging.agreement import (
    Agreement,
    Cut,
    Rate,
    agreement,
    best_cut,
    chance,
    kendall_tau_b,
    rate,
)
from iterativectl.judging.flips import Flips, Suggested, flips, stray, votes_for
from iterativectl.model import Outcome, Value, Verdict

LEAST_LABELS = 10  # of a criterion: all right of ten is surely better than a coin, of five it hardly is
LEAST_EACH = 3  # of these, met and not met: who is shown only one kind cannot show that it sees the other
LEAST_JUDGED = 6  # pictures, before mostly unclear is called so
LEAST_ASKED_AGAIN = 10  # pairs of askings, before a share of flips is believed
LEAST_RANKED = 5  # pictures: of four, one random order in 24 agrees fully
SLIGHT = 0.2  # kappa up to this is "slight" agreement (Landis and Koch, Biometrics 33, 1977, 159-174)
MOSTLY = 0.5

State = Literal["sees", "doubtful", "blind", "unclear", "too few", "measured"]
Verdicts = Mapping[str, Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One picture: what the judge said of it and what a person did. Any part may be missing.

    `verdicts` and `labels` by field; `asked_again` has the verdicts of several askings by field. `score` is
    the judge's, `rank` the person's place, from 0; `accepted` what the rules make of the verdicts.
    """

    name: str
    criteria: tuple[str, ...]
    verdicts: Verdicts
    labels: Mapping[str, bool]
    asked_again: Mapping[str, Sequence[Outcome]]
    score: float
    rank: int | None
    accepted: bool

    @property
    def good(self) -> bool | None:
        """Whether the person finds every criterion met; None where some have no label and none is refused."""
        said = [self.labels.get(name) for name in self.criteria]
        if False in said:
            return False
        return None if None in said else True


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A better bound for a criterion with a number; `kept` and `let_through` as for a Cut."""

    which: Literal["min", "max"]
    now: float
    value: float
    kept: Rate
    let_through: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One criterion. `unclear` is of all pictures judged. `votes` is None where too little was asked again.

    `state`: `doubtful` may be chance as well, `blind` is no better than it, `measured` asks nobody.
    """

    field: str
    agreement: Agreement
    unclear: Rate
    flips: Flips
    state: State
    votes: Suggested | None
    bound: Bound | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The person's order against the judge's scores. `chance`: how often a random order does as well.

    `tied`: the share of pairs with equal scores. `enough`: there are pictures enough to say something.
    """

    pictures: int
    tau: float | None
    chance: float
    tied: Rate

    @property
    def enough(self) -> bool:
        """Whether there are pictures enough to say something."""
        return self.pictures >= LEAST_RANKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All of it. `accepting`: the person's word on whole pictures against the rules' on the judge's verdicts.

    `votes` is what the most unsteady criterion needs of those that votes can settle, `cut` that of
    pass_score; None where there is too little to suggest one.
    """

    criteria: tuple[Seen, ...]
    accepting: Agreement
    ranked: Ranked
    votes: Suggested | None
    cut: Cut | None


def findings(criteria: Sequence[Criterion], cases: Sequence[Case]) -> Findings:
    """What the cases say of the judge."""
    seen = tuple(_seen(criterion, cases) for criterion in criteria)
    wanted = [one.votes for one in seen if one.votes is not None and one.votes.enough]
    whole = [(case.good, case) for case in cases if case.good is not None]
    return Findings(
        criteria=seen,
        accepting=agreement((good, _accepting(case)) for good, case in whole),
        ranked=_ranked([case for case in cases if case.rank is not None]),
        votes=max(wanted, key=lambda suggested: suggested.votes, default=None),
        cut=_cut([case.score for _, case in whole], [good for good, _ in whole]),
    )


def judged_itself(verdict: Verdict) -> bool:
    """Whether the criterion was looked at: not where it only fell with a gate or a parent."""
    return not verdict.by.startswith(("gate:", "depends_on:"))


def _seen(criterion: Criterion, cases: Sequence[Case]) -> Seen:
    name = criterion.field
    said = [(case, case.verdicts[name]) for case in cases if name in case.verdicts]
    looked = [(case, verdict) for case, verdict in said if judged_itself(verdict)]
    labelled = [(case.labels[name], verdict) for case, verdict in looked if name in case.labels]
    table = agreement((label, verdict.verdict) for label, verdict in labelled)
    unclear = rate(sum(verdict.verdict == "unclear" for _, verdict in looked), len(looked))
    steady = flips([case.asked_again[name] for case in cases if name in case.asked_again])
    believed = sum(len(case.asked_again.get(name, ())) // 2 for case in cases) >= LEAST_ASKED_AGAIN
    return Seen(
        field=name,
        agreement=table,
        unclear=unclear,
        flips=steady,
        state="measured" if criterion.measure else _state(table, unclear),
        votes=votes_for(stray(steady.share)) if believed and steady.share is not None else None,
        bound=_bound(criterion, [(label, verdict.value) for label, verdict in labelled]),
    )


def _state(table: Agreement, unclear: Rate) -> State:
    if unclear.total >= LEAST_JUDGED and unclear.hits > MOSTLY * unclear.total:
        return "unclear"
    kappa = table.kappa
    if not enough(table):
        return "too few"
    if kappa is None or kappa.value <= SLIGHT:
        return "blind"
    return "sees" if kappa.low > 0 else "doubtful"


def enough(table: Agreement) -> bool:
    """Whether there are labels enough, of both kinds, to say whether the judge sees what the person sees."""
    return table.clear >= LEAST_LABELS and min(table.met, table.not_met) >= LEAST_EACH


def _accepting(case: Case) -> Outcome:
    return "passed" if case.accepted else "failed"


def _ranked(cases: Sequence[Case]) -> Ranked:
    """The best has the lowest rank, and should have the highest score."""
    liking = [-float(case.rank or 0) for case in cases]
    scores = [case.score for case in cases]
    tied = sum(first == second for first, second in combinations(scores, 2))
    return Ranked(
        pictures=len(cases),
        tau=kendall_tau_b(liking, scores),
        chance=chance(liking, scores) if cases else 1.0,
        tied=rate(tied, len(cases) * (len(cases) - 1) // 2),
    )


def _cut(values: Sequence[float], good: Sequence[bool]) -> Cut | None:
    """The best cut-off, where there are enough of both kinds to trust it."""
    if len(good) < LEAST_LABELS or min(sum(good), len(good) - sum(good)) < LEAST_EACH:
        return None
    return best_cut(values, good)


def _bound(criterion: Criterion, labelled: Sequence[tuple[bool, Value]]) -> Bound | None:
    """A better bound, for a criterion with a number and one bound."""
    limits: Measure | Criterion = criterion.measure or criterion
    if (criterion.type == "boolean" and not criterion.measure) or (limits.min is None) == (
        limits.max is None
    ):
        return None
    found = [(label, value) for label, value in labelled if isinstance(value, int | float)]
    which: Literal["min", "max"] = "max" if limits.min is None else "min"
    sign = -1.0 if which == "max" else 1.0
    cut = _cut([sign * float(value) for _, value in found], [label for label, _ in found])
    now = limits.max if limits.min is None else limits.min
    if cut is None or now is None or _told(sign * now, sign, found) >= _index(cut):
        return None
    return Bound(which=which, now=now, value=sign * cut.value, kept=cut.kept, let_through=cut.let_through)


def _told(now: float, sign: float, found: Sequence[tuple[bool, int | float]]) -> float:
    """Youden's index of the bound as it is."""
    above = [(label, sign * value >= now) for label, value in found]
    good, bad = ([reached for label, reached in above if label is kind] for kind in (True, False))
    return sum(good) / len(good) - sum(bad) / len(bad)


def _index(cut: Cut) -> float:
    return (cut.kept.share or 0.0) - (cut.let_through.share or 0.0)
