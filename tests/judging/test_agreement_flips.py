"""How often a judge flips, and what votes make of it: against brute force and against dice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iterativectl.config.types import Criterion
from iterativectl.judging import votes
from iterativectl.judging.flips import MISSED, MOST_VOTES, WRONG, flips, majority, passing, stray, votes_for
from iterativectl.judging.votes import Ballot, Vote
from iterativectl.model import Outcome

OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "unclear")
SAID = st.lists(st.sampled_from(OUTCOMES), min_size=2, max_size=7)


@given(st.lists(SAID, min_size=1, max_size=6))
def test_flips_are_unequal_pairs(samples: list[list[Outcome]]) -> None:
    found = flips([*samples, ["passed"], []])  # asked once, or never: says nothing of flips

    def share(said: Sequence[Outcome]) -> float:
        pairs = list(combinations(said, 2))
        return sum(a != b for a, b in pairs) / len(pairs)

    askings = sum(len(said) for said in samples)
    wanted = sum(len(said) * share(said) for said in samples) / askings
    assert (found.pictures, found.askings) == (len(samples), askings)
    assert found.share == pytest.approx(wanted)
    assert found.low <= wanted + 1e-9 and wanted - 1e-9 <= found.high


def test_nothing_asked_twice_says_nothing() -> None:
    found = flips([["passed"], ["failed"]])
    assert (found.pictures, found.share, found.low, found.high) == (0, None, 0.0, 1.0)


def test_the_share_is_right_on_average() -> None:
    """Of a judge that strays with 0.2, two askings differ with 2 x 0.2 x 0.8, however often it is asked."""
    rng = Random(5)
    for askings in (2, 3, 5):
        said = [rng.choices(OUTCOMES[:2], (0.8, 0.2), k=askings) for _ in range(4000)]
        assert flips(said).share == pytest.approx(0.32, abs=0.02)


def test_the_minority_is_no_measure_of_flips() -> None:
    """The planted twin: the share of askings against the majority hangs on how often one asks."""
    rng = Random(5)

    def minority(askings: int) -> float:
        said = [rng.choices(OUTCOMES[:2], (0.8, 0.2), k=askings) for _ in range(4000)]
        return sum(min(v.count("passed"), v.count("failed")) for v in said) / (4000 * askings)

    assert minority(3) < 0.17 < 0.18 < minority(9)


@given(st.floats(0, 0.5))
def test_stray_undoes_the_flips(chance: float) -> None:
    assert stray(2 * chance * (1 - chance)) == pytest.approx(chance, abs=1e-6)
    assert stray(0.9) == 0.5  # more flips than dice would give


def test_majority() -> None:
    assert majority(["passed", "failed", "passed"]) == "passed"
    assert majority(["passed", "failed"]) == "unclear"
    assert majority(["passed", "failed", "unclear"]) == "unclear"
    assert majority([]) == "unclear"


@pytest.mark.parametrize("limit", [1, 3, 5])
@pytest.mark.parametrize("chance", [0.1, 0.5, 0.8])
def test_passing_is_what_the_votes_do(limit: int, chance: float) -> None:
    rng, trials, passed = Random(limit), 1500, 0
    ballot = Ballot(criteria=(Criterion(field="suit", question="?"),), limit=limit)
    for _ in range(trials):
        cast: list[Vote] = []
        while votes.to_ask(ballot, cast):
            outcome: Outcome = "passed" if rng.random() < chance else "failed"
            cast.append(
                Vote(
                    field="suit",
                    sample=len(cast),
                    verdict=outcome,
                    value=None,
                    confidence=None,
                    reason="",
                    by="dice",
                )
            )
        passed += votes.ruled(ballot, cast)["suit"].verdict == "passed"
    assert passing(limit, chance) == pytest.approx(passed / trials, abs=0.045)


def test_votes_are_few_for_the_steady_and_more_for_the_others() -> None:
    assert votes_for(0.0).votes == 1
    numbers = [votes_for(chance).votes for chance in (0.0, 0.05, 0.1, 0.15)]
    assert numbers == sorted(numbers) and numbers[-1] > 1
    for chance in (0.0, 0.05, 0.1, 0.15):
        found = votes_for(chance)
        assert found.enough and found.wrong <= WRONG and found.missed <= MISSED
        fewer = [votes_for(chance, most) for most in range(1, found.votes, 2)]
        assert not any(one.enough for one in fewer)


def test_no_votes_settle_a_coin() -> None:
    found = votes_for(0.5)
    assert not found.enough and found.votes <= MOST_VOTES
