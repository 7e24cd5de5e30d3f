"""How far a judge and a person agree: rank correlation, rates with their intervals, kappa, cut-offs. Pure.

Labels are few, so nothing here is a bare figure: every rate has an interval that holds for small numbers, and
what cannot be said is None.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from iterativectl.model import Outcome

Z95 = 1.959963984540054  # the normal distribution's 97.5 % point
LARGEST_EXACT = 100  # pictures; above this the normal approximation is as good
_DRAWS = 4000
_PRIOR = 0.5  # Jeffreys' prior of a table's cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`hits` of `total`, with the interval [low, high] that holds the true share in 95 of 100 cases."""

    hits: int
    total: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """hits / total; None without any."""
        return self.hits / self.total if self.total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kappa:
    """Cohen's kappa: 1 full agreement, 0 what chance alone would give, below 0 less than that."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One criterion: what a person said against what the judge said of the same pictures.

    `unclear` pictures count in no rate. `kappa` is None where one of the two said the same of every picture.
    """

    true_pass: int = 0
    true_fail: int = 0
    false_pass: int = 0
    false_fail: int = 0
    unclear: int = 0

    @property
    def clear(self) -> int:
        """Labelled pictures of which the judge said passed or failed."""
        return self.true_pass + self.true_fail + self.false_pass + self.false_fail

    @property
    def labels(self) -> int:
        """Labelled pictures."""
        return self.clear + self.unclear

    @property
    def met(self) -> int:
        """Those of the clear ones in which it is met, as the person says."""
        return self.true_pass + self.false_fail

    @property
    def not_met(self) -> int:
        """Those of the clear ones in which it is not."""
        return self.true_fail + self.false_pass

    @property
    def accuracy(self) -> Rate:
        """The share of clear verdicts that the person shares."""
        return rate(self.true_pass + self.true_fail, self.clear)

    @property
    def false_passes(self) -> Rate:
        """Of the pictures that the person refuses, the share that the judge passes."""
        return rate(self.false_pass, self.not_met)

    @property
    def false_fails(self) -> Rate:
        """Of the pictures that the person passes, the share that the judge refuses."""
        return rate(self.false_fail, self.met)

    @property
    def kappa(self) -> Kappa | None:
        """Cohen's kappa of the clear verdicts."""
        return cohens_kappa(self.true_pass, self.false_fail, self.false_pass, self.true_fail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A cut-off: values at or above `value` are taken for good.

    `kept` of the good ones are above it, `let_through` of the bad ones.
    """

    value: float
    kept: Rate
    let_through: Rate


def agreement(pairs: Iterable[tuple[bool, Outcome]]) -> Agreement:
    """The table of (the person says it is met, the judge's verdict), one a picture."""
    counts = Counter(pairs)
    return Agreement(
        true_pass=counts[True, "passed"],
        true_fail=counts[False, "failed"],
        false_pass=counts[False, "passed"],
        false_fail=counts[True, "failed"],
        unclear=counts[True, "unclear"] + counts[False, "unclear"],
    )


def kendall_tau_b(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Kendall's tau-b of two lists of values for the same things, -1 to 1; None where one says all are equal.

    (C - D) / sqrt((n0 - n1) (n0 - n2)), with C concordant and D discordant pairs, n0 = n (n - 1) / 2 pairs,
    n1 and n2 of them tied in the first and in the second list (M. G. Kendall, The treatment of ties in
    ranking problems, Biometrika 33, 1945, 239-251). Raises ValueError for lists of unequal length.
    """
    balance = _balance(first, second)
    pairs = len(first) * (len(first) - 1) // 2
    untied = (pairs - _tied(first)) * (pairs - _tied(second))
    return balance / math.sqrt(untied) if untied else None


def chance(order: Sequence[float], values: Sequence[float], exact: int = LARGEST_EXACT) -> float:
    """How likely a random order agrees with `values` at least as well as `order` does, 0-1.

    `order` holds no ties: a ranking. Up to `exact` things it is exact: the number of discordant pairs of all
    orders of values with ties is the Gaussian multinomial coefficient (P. A. MacMahon, Combinatory Analysis,
    1916, section 3). Above it the normal approximation with Kendall's variance for ties.
    """
    balance = _balance(order, values)
    ties = list(Counter(values).values())
    untied = len(values) * (len(values) - 1) // 2 - _tied(values)
    if len(values) > exact:
        return _normal_tail(balance, len(values), ties)
    discordant = (untied - balance) // 2
    counts = _by_discordant_pairs(len(values), ties)
    return sum(counts[: discordant + 1]) / sum(counts)


def rate(hits: int, total: int) -> Rate:
    """A share with its Wilson score interval at 95 %; 0 to 1 without anything to count.

    (p + z^2/2n +- z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n) (E. B. Wilson, Probable inference, the law of
    succession, and statistical inference, JASA 22, 1927, 209-212): it keeps its word for few and for extreme
    counts, where the usual one has no width at all.
    """
    low, high = wilson(hits / total if total else 0.0, total)
    return Rate(hits=hits, total=total, low=low, high=high)


def wilson(share: float, total: int) -> tuple[float, float]:
    """The interval of `rate` for a share that was found in `total` cases."""
    if total == 0:
        return 0.0, 1.0
    square = Z95**2
    middle = share + square / (2 * total)
    reach = Z95 * math.sqrt(share * (1 - share) / total + square / (4 * total**2))
    scale = 1 + square / total
    # At the ends exactly so: rounding would leave a trace.
    low = 0.0 if share == 0 else max(0.0, (middle - reach) / scale)
    high = 1.0 if share == 1 else min(1.0, (middle + reach) / scale)
    return low, high


def cohens_kappa(both: int, only_first: int, only_second: int, neither: int) -> Kappa | None:
    """Agreement beyond chance of two yes-or-no judgements; None where it is not defined.

    (po - pe) / (1 - pe), po the share of equal judgements, pe the one expected from how often each says yes
    (J. Cohen, A coefficient of agreement for nominal scales, 1960). The interval holds 95 % of kappa's
    posterior under Jeffreys' prior (a Dirichlet of 1/2 a cell): unlike the usual standard error it does not
    shrink to nothing when a handful of labels agree. Drawn with a generator of its own, so equal counts
    give equal intervals.
    """
    cells = (both, only_first, only_second, neither)
    value = _kappa(cells)
    if value is None:
        return None
    rng = Random(0)
    drawn = sorted(_drawn_kappas(cells, rng))
    low, high = drawn[round(0.025 * _DRAWS)], drawn[round(0.975 * _DRAWS) - 1]
    return Kappa(value=value, low=min(low, value), high=max(high, value))


def best_cut(values: Sequence[float], good: Sequence[bool]) -> Cut | None:
    """The cut-off that tells good from bad best; None where there are none of one kind, or no cut tells.

    The largest share of good ones kept less share of bad ones let through (W. J. Youden, Index for rating
    diagnostic tests, 1950); between equals the higher, which lets less through. Only values that occur are
    tried. Raises ValueError for lists of unequal length.
    """
    best: tuple[int, Cut] | None = None
    pairs = list(zip(values, good, strict=True))
    for value in sorted(set(values)):
        cut = Cut(
            value=value,
            kept=_above(value, (number for number, is_good in pairs if is_good)),
            let_through=_above(value, (number for number, is_good in pairs if not is_good)),
        )
        if cut.kept.share is None or cut.let_through.share is None:
            return None
        # Times both totals, so that equals are equal: shares would be rounded.
        index = cut.kept.hits * cut.let_through.total - cut.let_through.hits * cut.kept.total
        if index > 0 and (best is None or index >= best[0]):
            best = (index, cut)
    return best[1] if best else None


def _above(value: float, numbers: Iterable[float]) -> Rate:
    reached = [number >= value for number in numbers]
    return rate(sum(reached), len(reached))


def _balance(first: Sequence[float], second: Sequence[float]) -> int:
    """Concordant less discordant pairs."""
    pairs = list(zip(first, second, strict=True))
    return sum(
        ((a > c) - (a < c)) * ((b > d) - (b < d)) for i, (a, b) in enumerate(pairs) for c, d in pairs[:i]
    )


def _tied(values: Sequence[float]) -> int:
    """Pairs of equal values."""
    return sum(count * (count - 1) // 2 for count in Counter(values).values())


def _by_discordant_pairs(things: int, ties: Sequence[int]) -> list[int]:
    """How many orders have 0, 1, 2, ... discordant pairs: [n]! / ([t1]! [t2]! ...) in powers of q."""
    counts = [1]
    for size in range(2, things + 1):
        counts = _times(counts, size)
    for tie in ties:
        for size in range(2, tie + 1):
            counts = _divided(counts, size)
    return counts


def _times(counts: Sequence[int], size: int) -> list[int]:
    """The polynomial times 1 + q + ... + q^(size - 1)."""
    found, window = [], 0
    for power in range(len(counts) + size - 1):
        window += counts[power] if power < len(counts) else 0
        window -= counts[power - size] if power >= size else 0
        found.append(window)
    return found


def _divided(counts: Sequence[int], size: int) -> list[int]:
    """The polynomial divided by 1 + q + ... + q^(size - 1), which goes without a rest."""
    found: list[int] = []
    window = 0
    for power in range(len(counts) - size + 1):
        window -= found[power - size] if power >= size else 0
        found.append(counts[power] - window)
        window += found[power]
    return found


def _normal_tail(balance: int, things: int, ties: Sequence[int]) -> float:
    """P(C - D >= balance) for an order without ties and values with them, by the normal approximation.

    Variance: (n (n - 1) (2n + 5) - sum of t (t - 1) (2t + 5)) / 18 (M. G. Kendall, Rank Correlation
    Methods, 1970, chapter 4), with the correction of 1 for a discrete figure.
    """
    variance = (_spread(things) - sum(map(_spread, ties))) / 18
    if variance <= 0:
        return 1.0
    return 0.5 * math.erfc((balance - 1) / math.sqrt(2 * variance))


def _spread(count: int) -> int:
    return count * (count - 1) * (2 * count + 5)


def _kappa(cells: Sequence[float]) -> float | None:
    total = sum(cells)
    if not total:
        return None
    both, only_first, only_second, neither = (cell / total for cell in cells)
    first, second = both + only_first, both + only_second
    expected = first * second + (1 - first) * (1 - second)
    return (both + neither - expected) / (1 - expected) if expected < 1 else None


def _drawn_kappas(cells: Sequence[int], rng: Random) -> Iterable[float]:
    for _ in range(_DRAWS):
        drawn = _kappa([rng.gammavariate(cell + _PRIOR, 1.0) for cell in cells])
        yield 0.0 if drawn is None else drawn
