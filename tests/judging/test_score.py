"""The score's formula."""

from __future__ import annotations

import pytest

from iterativectl.config.types import Criterion
from iterativectl.judging.score import score
from iterativectl.model import Verdict


def _score(*pairs: tuple[float, str]) -> float:
    criteria = [Criterion(field=f"c{i}", question="?", weight=weight) for i, (weight, _) in enumerate(pairs)]
    verdicts = [
        Verdict(field=f"c{i}", verdict=outcome, value=None, confidence=None, reason="", by="")  # type: ignore[arg-type]
        for i, (_, outcome) in enumerate(pairs)
    ]
    return score(verdicts, criteria)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(1, "passed"), (1, "passed")], 100.0),
        ([(1, "passed"), (1, "failed")], 50.0),
        ([(1, "passed"), (1, "unclear")], 50.0),
        ([(3, "passed"), (1, "failed")], 75.0),
        ([(0.1, "passed"), (0.2, "passed"), (0.3, "passed")], 100.0),
        ([(1, "failed")], 0.0),
        ([(0, "failed"), (1, "passed")], 100.0),
    ],
)
def test_score(pairs: list[tuple[float, str]], expected: float) -> None:
    assert _score(*pairs) == expected


def test_a_criterion_without_a_verdict_counts_as_not_passed() -> None:
    assert score([], [Criterion(field="a", question="?")]) == 0.0
