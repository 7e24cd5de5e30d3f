"""The statistics of calibration: against worked examples, against the definitions by brute force, and hostile
input. The planted twins at the end show that the examples catch a formula that is nearly right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iterativectl.judging.agreement import (
    Agreement,
    agreement,
    best_cut,
    chance,
    cohens_kappa,
    kendall_tau_b,
    rate,
)
from iterativectl.model import Outcome

FEW = st.integers(0, 4)  # few values: many ties
PAIRS = st.lists(st.tuples(FEW, FEW), max_size=14)
OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "unclear")


def sign(number: float) -> int:
    return (number > 0) - (number < 0)


def by_signs(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Tau-b as the correlation of signs: sum of a b / sqrt(sum of a^2 times sum of b^2), over all pairs."""
    a = [sign(x - y) for x in first for y in first]
    b = [sign(x - y) for x in second for y in second]
    lengths = sum(x * x for x in a) * sum(x * x for x in b)
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.sqrt(lengths) if lengths else None


# -- Kendall's tau-b


@pytest.mark.parametrize(
    ("first", "second", "tau"),
    [
        # The example of SciPy's documentation of kendalltau, whose default is tau-b.
        ([12, 2, 1, 12, 2], [1, 4, 7, 1, 0], -0.47140452079103173),
        ([1, 2, 3, 4], [1, 2, 3, 4], 1.0),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1.0),
        ([1, 2, 3, 4], [1, 2, 4, 3], 4 / 6),  # one of six pairs is turned round
        ([1, 2, 3], [5, 5, 9], 2 / math.sqrt(3 * 2)),
        ([1, 2, 3], [5, 5, 5], None),
        ([1], [1], None),
        ([], [], None),
    ],
)
def test_tau_of_worked_examples(first: list[int], second: list[int], tau: float | None) -> None:
    assert kendall_tau_b(first, second) == (None if tau is None else pytest.approx(tau, abs=1e-12))


@given(PAIRS)
def test_tau_is_the_correlation_of_signs(pairs: list[tuple[int, int]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    wanted = by_signs(first, second)
    assert kendall_tau_b(first, second) == (None if wanted is None else pytest.approx(wanted, abs=1e-12))


@given(PAIRS, st.randoms(use_true_random=False))
def test_tau_keeps_its_rules(pairs: list[tuple[int, int]], rng: Random) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    tau = kendall_tau_b(first, second)
    assert kendall_tau_b(second, first) == tau
    assert kendall_tau_b([2.5 * a + 1 for a in first], second) == tau  # only the order counts
    rng.shuffle(pairs)
    assert kendall_tau_b([a for a, _ in pairs], [b for _, b in pairs]) == tau
    if tau is not None:
        assert -1 - 1e-12 <= tau <= 1 + 1e-12
        assert kendall_tau_b([-a for a in first], second) == -tau


def test_lists_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError):
        kendall_tau_b([1, 2], [1])
    with pytest.raises(ValueError):
        best_cut([1.0], [True, False])


# -- how likely by chance


@settings(max_examples=40, deadline=None)
@given(st.lists(FEW, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_chance_is_the_share_of_all_orders(values: list[int], rng: Random) -> None:
    order = list(range(len(values)))
    rng.shuffle(order)

    def balance(some: Sequence[int]) -> int:
        pairs = combinations(range(len(values)), 2)
        return sum(sign(some[i] - some[j]) * sign(values[i] - values[j]) for i, j in pairs)

    reached = [balance(other) >= balance(order) for other in permutations(range(len(values)))]
    assert chance(order, values) == pytest.approx(sum(reached) / len(reached))


@pytest.mark.parametrize("seed", range(6))
def test_the_approximation_is_close_where_it_takes_over(seed: int) -> None:
    rng = Random(seed)
    values = [rng.randrange(20) + number // 30 for number in range(90)]  # ties, and a little agreement
    order = list(range(90))
    assert chance(order, values, exact=0) == pytest.approx(chance(order, values), rel=0.05, abs=0.001)


def test_the_chance_of_a_large_perfect_order_is_none() -> None:
    assert chance(list(range(150)), list(range(150))) < 1e-12
    assert chance(list(range(150)), [1] * 150) == 1.0


# -- rates


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        # R. G. Newcombe, Interval estimation for the single proportion, 1998, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_of_published_examples(hits: int, total: int, low: float, high: float) -> None:
    found = rate(hits, total)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(0, 200), st.integers(0, 200))
def test_an_interval_holds_its_share(hits: int, misses: int) -> None:
    found = rate(hits, hits + misses)
    assert 0 <= found.low <= found.high <= 1
    if found.share is None:
        assert (found.low, found.high) == (0, 1)  # nothing is known
    else:
        assert found.low <= found.share <= found.high
        mirrored = rate(misses, hits + misses)
        assert (mirrored.low, mirrored.high) == (
            pytest.approx(1 - found.high, abs=1e-9),
            pytest.approx(1 - found.low, abs=1e-9),
        )


def test_few_that_agree_are_no_certainty() -> None:
    assert rate(5, 5).low < 0.6
    assert rate(0, 5).high > 0.4


# -- Cohen's kappa


@pytest.mark.parametrize(
    ("cells", "kappa"),
    [
        ((20, 5, 10, 15), 0.4),  # po 0.7, pe 0.5
        ((45, 15, 25, 15), 0.1304),  # the two tables with which the measure's dependence on the margins
        ((25, 35, 5, 35), 0.2593),  # is usually shown
        ((10, 0, 0, 10), 1.0),
        ((0, 5, 5, 0), -1.0),
        ((5, 5, 5, 5), 0.0),
    ],
)
def test_kappa_of_worked_examples(cells: tuple[int, int, int, int], kappa: float) -> None:
    found = cohens_kappa(*cells)
    assert found is not None
    assert found.value == pytest.approx(kappa, abs=5e-5)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("cells", [(0, 0, 0, 0), (7, 0, 0, 0), (0, 0, 0, 7)])
def test_kappa_of_one_kind_alone_is_not_defined(cells: tuple[int, int, int, int]) -> None:
    assert cohens_kappa(*cells) is None


def test_kappas_interval_is_wide_for_few_and_narrow_for_many() -> None:
    few, many = cohens_kappa(5, 0, 0, 5), cohens_kappa(100, 0, 0, 100)
    assert few is not None and many is not None
    assert few.low < 0.5 < many.low  # the usual standard error would be 0 for both
    assert cohens_kappa(5, 0, 0, 5) == few  # drawn, and yet the same every time


def test_kappas_interval_keeps_its_word() -> None:
    """Of tables drawn with a known kappa (both say yes in half of the cases, and agree in 80 %: 0.6)."""
    rng, held, trials = Random(11), 0, 60
    for _ in range(trials):
        drawn = [rng.choices(range(4), (0.4, 0.1, 0.1, 0.4))[0] for _ in range(25)]
        found = cohens_kappa(*(drawn.count(cell) for cell in range(4)))
        held += found is not None and found.low <= 0.6 <= found.high
    assert held >= 0.85 * trials


# -- the table of a criterion


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(OUTCOMES)), max_size=30))
def test_agreement_counts_every_picture_once(pairs: list[tuple[bool, Outcome]]) -> None:
    table = agreement(pairs)
    clear = [(label, verdict == "passed") for label, verdict in pairs if verdict != "unclear"]
    assert table.labels == len(pairs)
    assert table.unclear == len(pairs) - len(clear)
    assert (table.met, table.not_met) == (sum(a for a, _ in clear), sum(not a for a, _ in clear))
    assert table.accuracy.hits == sum(label == passed for label, passed in clear)
    assert table.false_passes.hits == sum(passed and not label for label, passed in clear)
    assert table.false_fails.hits == sum(label and not passed for label, passed in clear)
    if table.kappa is not None:
        yes, said = sum(a for a, _ in clear) / len(clear), sum(b for _, b in clear) / len(clear)
        expected = yes * said + (1 - yes) * (1 - said)
        observed = table.accuracy.hits / len(clear)
        assert table.kappa.value == pytest.approx((observed - expected) / (1 - expected))


def test_no_labels_say_nothing() -> None:
    table = Agreement()
    assert (table.accuracy.share, table.false_passes.share, table.kappa) == (None, None, None)


# -- cut-offs


@given(st.lists(st.tuples(FEW, st.booleans()), max_size=14))
def test_the_best_cut_is_the_best(pairs: list[tuple[int, bool]]) -> None:
    values, good = [float(value) for value, _ in pairs], [is_good for _, is_good in pairs]
    found = best_cut(values, good)

    def index(at: float) -> float:
        kept = [value >= at for value, is_good in pairs if is_good]
        passed = [value >= at for value, is_good in pairs if not is_good]
        return sum(kept) / len(kept) - sum(passed) / len(passed)

    if len(set(good)) < 2:
        assert found is None
        return
    best = max(index(value) for value in values)
    if found is None:
        assert best <= 0
        return
    assert index(found.value) == pytest.approx(best)
    assert all(index(value) < best - 1e-12 for value in values if value > found.value)


def test_a_cut_between_good_and_bad() -> None:
    found = best_cut([20, 50, 80, 80, 100], [False, False, True, True, True])
    assert found is not None
    assert (found.value, found.kept.hits, found.let_through.hits) == (80, 3, 0)


# -- planted twins: a formula that is nearly right fails an example above


def test_the_examples_catch_tau_without_the_correction_for_ties() -> None:
    first, second = [12, 2, 1, 12, 2], [1, 4, 7, 1, 0]
    balance = sum(
        sign(a - c) * sign(b - d) for (a, b), (c, d) in combinations(zip(first, second, strict=True), 2)
    )
    assert balance / 10 != pytest.approx(-0.47140452079103173)  # tau-a


def test_the_examples_catch_the_usual_interval() -> None:
    share = 1 / 29
    reach = 1.96 * math.sqrt(share * (1 - share) / 29)
    assert share - reach != pytest.approx(0.0061, abs=5e-5)  # Wald's is below 0


def test_the_examples_catch_agreement_that_forgets_chance() -> None:
    assert (45 + 15) / 100 != pytest.approx(0.1304, abs=5e-5)
