"""How steady a judge is: what it says when it is asked again, and how many votes would settle it. Pure.

A flip: two askings about the same picture have different verdicts. It says nothing of who is right: a judge
may be wrong and steady, and no number of votes mends that.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iterativectl.judging.agreement import wilson
from iterativectl.model import Outcome

MOST_VOTES = 9
UNSETTLED = 0.05  # how often the majority of the suggested votes may differ from what endless votes would say


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


def overruled(votes: int, stray_share: float) -> float:
    """The chance that the majority of an odd number of votes is against the judge's settled opinion."""
    return sum(
        math.comb(votes, count) * stray_share**count * (1 - stray_share) ** (votes - count)
        for count in range(votes // 2 + 1, votes + 1)
    )


def votes_for(flip_share: float, most: int = MOST_VOTES) -> int | None:
    """The least odd number of votes whose majority is overruled in at most UNSETTLED of the cases.

    None when `most` votes do not reach that.
    """
    chance = stray(flip_share)
    return next((k for k in range(1, most + 1, 2) if overruled(k, chance) <= UNSETTLED), None)


def _unequal(verdicts: Sequence[Outcome]) -> float:
    """The share of unequal pairs."""
    asked = len(verdicts)
    equal = sum(count * (count - 1) for count in Counter(verdicts).values())
    return 1 - equal / (asked * (asked - 1))
