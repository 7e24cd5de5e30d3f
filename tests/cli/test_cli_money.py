"""Costs in words: unknown is never nothing, and nothing is not mentioned."""

from __future__ import annotations

from typing import Any

import pytest

from iterativectl.cli import money
from iterativectl.cli.env import Env
from iterativectl.cli.progress import Progress
from iterativectl.cli.status_view import spent
from iterativectl.judgement import Judged
from iterativectl.project.spending import PerAccepted
from iterativectl.project.usage import NOTHING

COSTS = [
    ({}, ""),
    ({"requests": 2}, ""),
    ({"requests": 2, "cost_usd": 0.5, "at_least_usd": 0.5}, "0.5000 USD"),
    ({"requests": 3, "cost_usd": None, "unpriced": 3}, "cost unknown (3 requests without a price)"),
    (
        {"requests": 3, "cost_usd": None, "unpriced": 1, "at_least_usd": 0.25},
        "at least 0.2500 USD (1 request without a price)",
    ),
]


@pytest.mark.parametrize(("changes", "words"), COSTS)
def test_a_cost_in_words(changes: dict[str, Any], words: str) -> None:
    usage = NOTHING | changes
    assert money.cost(usage) == words
    assert money.counter(usage).endswith(words)
    assert words in spent(usage)


def test_a_counter() -> None:
    usage = NOTHING | {"requests": 1, "input_tokens": 400, "output_tokens": 12}
    assert money.counter(usage) == "1 request, 412 tokens"
    assert money.counter(usage | {"cost_usd": 0.1, "at_least_usd": 0.1}).endswith("412 tokens, 0.1000 USD")


def test_judging_without_a_run_counts_what_nobody_can_price() -> None:
    progress = Progress(Env.of_process(), 0)
    assert "USD" not in progress.moving()
    priced = NOTHING | {"requests": 1, "cost_usd": 0.5, "at_least_usd": 0.5}
    unpriced = NOTHING | {"requests": 2, "cost_usd": None, "unpriced": 2}
    for usage in (priced, unpriced):
        progress.lines(Judged(name="a.png", usage=usage, seconds=1.0))
    assert progress.moving().endswith("at least 0.5000 USD (2 requests without a price)")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ((None, 0, 3), ""),
        ((0.0, 2, 3), ""),
        ((0.0125, 1, 1), "cost per accepted picture: 0.0125 USD (1 accepted picture in 1 run)"),
        ((0.02, 2, 5), "cost per accepted picture: 0.0200 USD (2 accepted pictures in 5 runs)"),
        ((None, 2, 5), "cost per accepted picture: unknown (2 accepted pictures in 5 runs)"),
    ],
)
def test_the_cost_of_a_picture(found: tuple[float | None, int, int], words: str) -> None:
    usd, pictures, runs = found
    assert money.for_a_picture(PerAccepted(usd=usd, pictures=pictures, runs=runs)) == words
