"""What must hold in a `measure:` of rules.yaml beyond the shape that the schema describes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from iterativectl.config.metrics import METRICS
from iterativectl.errors import Problem

Saying = Callable[[Sequence[str], str], Problem]  # (keys below the criterion, message) -> a problem there


def measure_problems(say: Saying, measure: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything wrong with a measure whose keys and types are right."""
    yield from _limits(say, measure)
    yield from _region(say, measure)
    colors = measure.get("colors")
    if measure["metric"] == "palette" and not colors:
        yield say(("measure",), 'palette needs the colours: colors: ["#1b2a4a", "#c8a26a"]')
    if measure["metric"] != "palette" and colors:
        yield say(("measure", "colors"), "is for the metric palette only")
    if measure["metric"] == "similarity" and measure.get("relative"):
        yield say(("measure", "relative"), "similarity is against the original as it is: remove it")


def _limits(say: Saying, measure: Mapping[str, Any]) -> Iterator[Problem]:
    low, high = measure.get("min"), measure.get("max")
    if low is None and high is None:
        yield say(("measure",), "needs 'min' or 'max': without them everything passes")
    if low is not None and high is not None and low > high:
        yield say(("measure", "min"), f"min {low} is above max {high}: nothing would pass")
    for key in ("min", "max"):
        if measure.get(key) is not None:
            yield from _in_range(say, measure, key)


def _in_range(say: Saying, measure: Mapping[str, Any], key: str) -> Iterator[Problem]:
    name, bound, known = measure["metric"], measure[key], METRICS[measure["metric"]]
    low, high = known.low, known.high
    if measure.get("relative"):
        low, high = (None, None) if low is None or high is None else (low - high, high - low)
        name = f"a change of {name}"
    if low is not None and high is not None and not low <= bound <= high:
        yield say(("measure", key), f"{name} lies between {low:g} and {high:g} (got {bound})")
    elif low is not None and bound < low:
        yield say(("measure", key), f"{name} is never below {low:g} (got {bound})")


def _region(say: Saying, measure: Mapping[str, Any]) -> Iterator[Problem]:
    region = measure.get("region")
    if METRICS[measure["metric"]].whole_only and region not in (None, "whole"):
        yield say(("measure", "region"), f"{measure['metric']} is of the whole picture: remove 'region'")
    if not isinstance(region, Mapping):
        return
    if len(region) != 1:
        found = "both are" if region else "neither is"
        yield say(("measure", "region"), f"needs either 'box' or 'border', {found} there")
    if "box" in region:
        yield from _box(say, region["box"])


def _box(say: Saying, box: Sequence[float]) -> Iterator[Problem]:
    """Per cent of the picture: x, y, width, height."""
    for name, side in (("width", 2), ("height", 3)):
        end = box[side - 2] + box[side]
        if box[side] <= 0:
            yield say(("measure", "region", "box"), f"the {name} is 0: nothing would be measured")
        elif end > 100:
            message = f"ends at {end:g} per cent: x + width and y + height are at most 100"
            yield say(("measure", "region", "box"), message)
