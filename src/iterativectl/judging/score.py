"""The score of a picture. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from iterativectl.config.types import Criterion
from iterativectl.model import Verdict


def score(verdicts: Sequence[Verdict], criteria: Sequence[Criterion]) -> float:
    """100 x passed weight / total weight, 0-100; an unclear verdict counts as not passed.

    Without any criterion there is nothing to fail: 100. The formula is the specification's.
    """
    total = sum(criterion.weight for criterion in criteria)
    passed = {verdict.field for verdict in verdicts if verdict.verdict == "passed"}
    earned = sum(criterion.weight for criterion in criteria if criterion.field in passed)
    return round(100 * earned / total, 4) if total else 100.0
