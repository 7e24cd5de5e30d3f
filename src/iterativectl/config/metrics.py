"""The metrics of `measure:`: unit, range, where each is measured, and how a verdict says it in words.

What a metric is, with its formula, stands in the module of images/ that measures it, and in docs/measures.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iterativectl.config.types import Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One thing that pixels can say.

    A value lies in [low, high]; a None is no limit. `ends` says what high and low figures mean. Figures are
    shown with `digits` places and `unit`. `whole_only`: it has no meaning in a region. `always`: recorded for
    every picture, asked for or not.
    """

    ends: str
    unit: str = ""
    low: float | None = 0.0
    high: float | None = 1.0
    digits: int = 3
    whole_only: bool = False
    always: bool = True


METRICS: Mapping[str, Metric] = {
    "similarity": Metric(ends="0 a different picture, 1 identical"),
    "brightness": Metric(ends="0 black, 1 white"),
    "contrast": Metric(ends="0 one flat grey, 0.5 half black, half white", high=0.5),
    "saturation": Metric(ends="0 grey, 1 pure colours"),
    "sharpness": Metric(ends="0 blurred, photographs 0.03 to 0.4", high=None),
    "warmth": Metric(ends="below 0 bluish, above 0 yellowish", low=-128.0, high=128.0, digits=1),
    "palette": Metric(ends="0 only the given colours", unit="delta E", high=None, digits=1, always=False),
    "blankness": Metric(ends="0 nothing is plain, 1 all of it"),
    "text": Metric(ends="0 no lines of letters, 1 covered with them", always=False),
    "faces": Metric(ends="how many", unit="faces", high=None, digits=0, always=False),
    "size": Metric(ends="width x height", unit="megapixels", high=None),
    "width": Metric(ends="of the picture", unit="px", high=None, digits=0, whole_only=True),
    "height": Metric(ends="of the picture", unit="px", high=None, digits=0, whole_only=True),
    "aspect": Metric(ends="width / height; 1 square", high=None, whole_only=True),
}
MASKED = ("inside_mask", "outside_mask")
REGIONS = ("whole", *MASKED)

_PLACES = {"whole": "the picture", "inside_mask": "the mask", "outside_mask": "what is outside the mask"}


def in_words(measure: Measure, value: float, before: float | None = None) -> str:
    """What was measured and what was wanted, for people. `before`: the original's own value, if compared."""
    found = _figure(measure.metric, value if before is None else before + value)
    said = f"{measure.metric}{_where(measure)} is {found}"
    if before is not None:
        said += f", {_change(measure.metric, value)} than the original's {_figure(measure.metric, before)}"
    ends = METRICS[measure.metric].ends
    return f"{said}; wanted: {_wanted(measure)} ({ends})"


def place_in_words(measure: Measure) -> str:
    """The region as a person would say it."""
    if measure.box:
        x, y, width, height = (f"{number:g}" for number in measure.box)
        return f"the box {x},{y},{width},{height} (per cent)"
    if measure.border is not None:
        return f"a border of {measure.border:g} per cent"
    return _PLACES[measure.region]


def _where(measure: Measure) -> str:
    return "" if measure.region == "whole" else f" of {place_in_words(measure)}"


def _wanted(measure: Measure) -> str:
    low, high = measure.min, measure.max
    if not measure.relative:
        figures = [_exact(measure.metric, bound) for bound in (low, high) if bound is not None]
        if low is not None and low == high:
            return f"exactly {figures[0]}"
        words = [word for word, bound in (("at least", low), ("at most", high)) if bound is not None]
        return " and ".join(f"{word} {figure}" for word, figure in zip(words, figures, strict=True))
    if low is not None and low == high == 0:
        return "the same as the original's"
    words = [word for word, bound in (("from", low), ("to", high)) if bound is not None]
    bounds = [bound for bound in (low, high) if bound is not None]
    if len(bounds) == 1:
        words = ["at least" if low is not None else "at most"]
    said = (f"{word} {bound:+g}" for word, bound in zip(words, bounds, strict=True))
    return f"a change of {' '.join(said)}{_unit(measure.metric)}"


def _change(metric: str, value: float) -> str:
    figure = _figure(metric, abs(value))
    return f"{figure} {'more' if value >= 0 else 'less'}"


def _figure(metric: str, value: float) -> str:
    return f"{value:.{METRICS[metric].digits}f}{_unit(metric)}"


def _exact(metric: str, bound: float) -> str:
    """A limit as it was written."""
    return f"{bound:g}{_unit(metric)}"


def _unit(metric: str) -> str:
    unit = METRICS[metric].unit
    return f" {unit}" if unit else ""
