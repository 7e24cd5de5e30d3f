"""Hard limits: nothing is sent past one, whatever fails, is tried again or dies. Time is virtual."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.vision.doubles import MemoryCache, MemoryLedger, Scripted, failure, make
from tests.vision.samples import REQUEST

from iterativectl.config.types import Limits
from iterativectl.errors import JudgeError, LimitReached
from iterativectl.ports import Usage
from iterativectl.vision.router import Patience


@pytest.mark.parametrize("allowed", [0, 1, 2, 5])
def test_nothing_is_sent_after_the_last_request(allowed: int) -> None:
    """A provider that always fails and is always tried again: the hardest case."""
    model = Scripted(steps=[failure("overloaded") for _ in range(99)])
    router = make(model, patience=Patience(retries=50, limits=Limits(max_requests=allowed)))
    with pytest.raises(LimitReached) as caught:
        router.ask(REQUEST)
    assert len(model.asked) == allowed == len(caught.value.calls)


def test_the_worst_case_must_fit_before_anything_is_sent() -> None:
    model = Scripted(worst=0.4, cost=0.1)
    router = make(model, patience=Patience(limits=Limits(max_cost_usd=0.55)))
    router.ask(REQUEST)
    router.ask(replace(REQUEST, sample=1))  # 0.1 spent + 0.4 worst
    with pytest.raises(LimitReached, match="limit of 0.55 USD"):
        router.ask(replace(REQUEST, sample=2))  # 0.2 spent + 0.4 worst
    assert len(model.asked) == 2
    assert router.ask(REQUEST).calls[0].cached  # what is stored needs no room


def test_failed_requests_count_at_their_worst_unless_they_cannot_have_cost() -> None:
    failures = [failure("overloaded", status=502), failure("rate_limit", status=429), failure("unreachable")]
    router = make(Scripted(steps=failures, worst=0.4), patience=Patience(retries=5))
    router.ask(REQUEST)
    assert router.ledger.spent() == (4, pytest.approx(0.4 + 0.0 + 0.0 + 0.002))


def test_a_cut_answer_costs_what_it_says() -> None:
    cut = failure("truncated")
    cut.usage = Usage(input_tokens=10, output_tokens=2048, cost_usd=0.03)
    router = make(Scripted(steps=[cut], worst=0.4))
    reply = router.ask(REQUEST)
    assert router.ledger.spent()[1] == pytest.approx(0.032)
    assert [call.cost_usd for call in reply.calls] == [0.03, 0.002]


def test_without_a_price_a_cost_limit_cannot_be_kept() -> None:
    model = Scripted(worst=None)
    with pytest.raises(LimitReached) as caught:
        make(model, patience=Patience(limits=Limits(max_cost_usd=1))).ask(REQUEST)
    assert model.asked == [] and "prices" in caught.value.hint
    make(model).ask(REQUEST)  # without a limit it does not matter


def test_an_earlier_spending_counts() -> None:
    ledger = MemoryLedger()
    make(Scripted(), ledger=ledger).ask(REQUEST)
    router = make(Scripted(), ledger=ledger, patience=Patience(limits=Limits(max_requests=1)))
    with pytest.raises(LimitReached):
        router.ask(REQUEST)


def test_a_crash_in_flight_leaves_an_orphan_that_counts() -> None:
    router = make(Scripted(steps=[KeyboardInterrupt()], worst=0.4))
    with pytest.raises(KeyboardInterrupt):
        router.ask(REQUEST)
    assert len(router.ledger.orphans) == 1
    assert router.ledger.spent() == (1, 0.4)


class DyingCache(MemoryCache):
    """A disk that takes nothing."""

    def put(self, key: str, reply: Any) -> None:
        raise OSError("full")


def test_an_answer_is_stored_before_it_is_settled_and_used() -> None:
    """A crash between the two leaves the answer and an orphan: counted too high, but never bought twice."""
    router = make(Scripted(worst=0.4), cache=DyingCache())
    with pytest.raises(OSError, match="full"):
        router.ask(REQUEST)
    assert len(router.ledger.orphans) == 1


class Blind(MemoryLedger):
    """Wrong on purpose: forgets what was reserved and failed."""

    def spent(self) -> tuple[int, float]:
        return 0, 0.0


def test_the_tests_above_can_fail() -> None:
    spender = Scripted(steps=[failure("overloaded") for _ in range(9)])
    limited = make(spender, ledger=Blind(), patience=Patience(retries=5, limits=Limits(max_requests=1)))
    with pytest.raises(JudgeError):
        limited.ask(REQUEST)
    assert len(spender.asked) == 6  # past the limit
