"""How steady a judge is: what it says when it is asked again, and how many votes would settle it. Pure.

A flip: two askings about the same picture have different verdicts. It says nothing of who is right: a judge
may be wrong and steady, and no number of votes mends that.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iterativectl.config.types import Criterion
from iterativectl.judging import votes
from iterativectl.judging.agreement import wilson
from iterativectl.judging.votes import Ballot, Vote
from iterativectl.model import Outcome

MOST_VOTES = 9
WRONG = 0.05  # how often what the judge would refuse in the long run may pass
MISSED = 0.1  # how often what it would pass may not


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips:
    """How often verdicts flip. `pictures` were asked about at least twice, `askings` times in all.

    `share`: the chance, 0-1, that two askings about the same picture differ; None where none was asked about
    twice. It lies in [low, high] in 95 of 100 cases.
    """

    pictures: int
    askings: int
    share: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """A number of votes, and what it comes to for a picture on whose criterion the acceptance hangs.

    `wrong`: the chance that the criterion passes though the judge, asked without end, would refuse it;
    `missed`: that it does not pass though the judge would pass it.
    """

    votes: int
    wrong: float
    missed: float

    @property
    def enough(self) -> bool:
        """Whether both are seldom."""
        return self.wrong <= WRONG and self.missed <= MISSED


def flips(samples: Iterable[Sequence[Outcome]]) -> Flips:
    """Of the verdicts on each picture, as they came; a picture asked about once is left out.

    `share` is the mean over pictures of the share of unequal pairs, 1 - sum n_i (n_i - 1) / (n (n - 1)),
    weighted with the askings: an unbiased estimate of the chance that two askings differ (E. H. Simpson,
    Measurement of diversity, Nature 163, 1949, 688). Its interval counts only pairs of askings that have none
    in common, for those are independent.
    """
    asked = [tuple(verdicts) for verdicts in samples if len(verdicts) > 1]
    weights = [len(verdicts) for verdicts in asked]
    total = sum(weights)
    unequal = sum(w * _unequal(verdicts) for w, verdicts in zip(weights, asked, strict=True))
    share = unequal / total if total else None
    low, high = wilson(share or 0.0, sum(weight // 2 for weight in weights))
    return Flips(pictures=len(asked), askings=total, share=share, low=low, high=high)


def majority(verdicts: Sequence[Outcome]) -> Outcome:
    """What most of the askings say; unclear where nothing has more than half of them."""
    if not verdicts:
        return "unclear"
    verdict, count = Counter(verdicts).most_common(1)[0]
    return verdict if 2 * count > len(verdicts) else "unclear"


def stray(flip_share: float) -> float:
    """The chance that one asking differs from the judge's own settled opinion, 0-0.5.

    Two askings with this chance p differ with 2 p (1 - p); this is that, solved for p.
    """
    return (1 - math.sqrt(max(0.0, 1 - 2 * flip_share))) / 2


def votes_for(chance: float, most: int = MOST_VOTES) -> Suggested:
    """The least odd number of votes that is wrong and that misses seldom enough; else the best up to `most`.

    `chance` is that of one answer to stray, 0-0.5 (see `stray`); each answer strays by itself.
    """
    tried = [_suggested(number, chance) for number in range(1, most + 1, 2)]
    enough = (one for one in tried if one.enough)
    return next(enough, min(tried, key=lambda one: one.wrong + one.missed))


def passing(limit: int, chance: float) -> float:
    """The chance that a criterion passes when up to `limit` answers are asked, each for it with `chance`.

    Every course that the votes can take (judging.votes) is followed to its end.
    """
    ballot = Ballot(criteria=(Criterion(field="any", question="?"),), limit=limit)

    def follow(cast: tuple[Vote, ...]) -> float:
        if not votes.to_ask(ballot, cast):
            return float(votes.ruled(ballot, cast)["any"].verdict == "passed")
        yes, no = (follow((*cast, _vote(len(cast), outcome))) for outcome in ("passed", "failed"))
        return chance * yes + (1 - chance) * no

    return follow(())


def _suggested(number: int, chance: float) -> Suggested:
    return Suggested(votes=number, wrong=passing(number, chance), missed=1 - passing(number, 1 - chance))


def _vote(sample: int, outcome: Outcome) -> Vote:
    return Vote(field="any", sample=sample, verdict=outcome, value=None, confidence=None, reason="", by="")


def _unequal(verdicts: Sequence[Outcome]) -> float:
    """The share of unequal pairs."""
    asked = len(verdicts)
    equal = sum(count * (count - 1) for count in Counter(verdicts).values())
    return 1 - equal / (asked * (asked - 1))
