"""Measured criteria as verdicts: where, against what, and in which words."""

from __future__ import annotations

import pytest

from iterativectl.config.types import Criterion, Measure
from iterativectl.judging.rulings import failing_gate, measured_verdict

DARKER = Measure(metric="brightness", relative=True, min=-0.1, max=0.1)
ONE_FACE = Measure(metric="faces", region="box", box=(0, 0, 50, 50), min=1, max=1)
CLEAN = Measure(metric="text", region="border", border=8, max=0)
MEASURED = {
    ("brightness", "whole"): 0.4,
    ("brightness change", "whole"): -0.15,
    ("faces", "whole"): 1.0,
    ("faces", "box 0 0 50 50"): 2.0,
    ("text", "whole"): 0.2,
    ("text", "border 8"): 0.0,
}


def criterion(measure, **more):
    return Criterion(field="it", measure=measure, **more)


@pytest.mark.parametrize(
    ("measure", "outcome", "value", "words"),
    [
        (DARKER, "failed", -0.15, "is 0.400, 0.150 less than the original's 0.550"),
        (ONE_FACE, "failed", 2.0, "number of faces in the box 0%,0%,50%,50% is 2, wanted exactly 1"),
        (CLEAN, "passed", 0.0, "in a border of 8% is 0.000"),
        (Measure(metric="brightness", min=0.4), "passed", 0.4, "wanted at least 0.4"),
        (Measure(metric="brightness", max=0.39), "failed", 0.4, "wanted at most 0.39"),
    ],
)
def test_the_deciding_value_is_that_of_the_region_or_the_change(measure, outcome, value, words):
    verdict = measured_verdict(criterion(measure), MEASURED)
    assert (verdict.verdict, verdict.value, verdict.by) == (outcome, value, f"measured:{measure.metric}")
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("region", "words"),
    [("inside_mask", "sharpness has no value inside the mask"), ("whole", "sharpness has no value")],
)
def test_what_has_no_value_is_unclear(region, words):
    verdict = measured_verdict(criterion(Measure(metric="sharpness", region=region, min=0)), MEASURED)
    assert (verdict.verdict, verdict.value, verdict.reason) == ("unclear", None, words)


def test_a_gate_in_a_region_and_against_the_original():
    for measure in (DARKER, ONE_FACE):
        failed = failing_gate([criterion(CLEAN, gate=True), criterion(measure, gate=True)], MEASURED)
        assert failed is not None and failed.by == f"measured:{measure.metric}"
    assert failing_gate([criterion(CLEAN, gate=True), criterion(DARKER)], MEASURED) is None
