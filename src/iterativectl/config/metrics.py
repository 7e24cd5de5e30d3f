"""The metrics of `measure:`: unit, range, where each is measured, and how a verdict says it in words.

What a metric is, with its formula, stands in the module of images/ that measures it, and in docs/measures.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iterativectl.config.types import Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One thing that pixels can say, `called` so in a sentence.

    A value lies in [low, high]; a None is no limit. `ends` says what high and low figures mean. Figures are
    shown with `digits` places and `unit`. `whole_only`: it has no meaning in a region. `always`: recorded for
    every picture, asked for or not.
    """

    called: str
    ends: str = ""
    unit: str = ""
    low: float | None = 0.0
    high: float | None = 1.0
    digits: int = 3
    whole_only: bool = False
    always: bool = True


METRICS: Mapping[str, Metric] = {
    "similarity": Metric(called="similarity to the original", ends="0 a different picture, 1 identical"),
    "brightness": Metric(called="brightness", ends="0 black, 1 white"),
    "contrast": Metric(called="contrast", ends="0 one flat grey, 0.5 half black, half white", high=0.5),
    "saturation": Metric(called="saturation", ends="0 grey, 1 pure colours"),
    "sharpness": Metric(called="sharpness", ends="0 blurred, photographs 0.03 to 0.4", high=None),
    "warmth": Metric(
        called="warmth", ends="below 0 bluish, above 0 yellowish", low=-128.0, high=128.0, digits=1
    ),
    "palette": Metric(
        called="distance to the palette",
        ends="0 only its colours",
        unit="delta E",
        high=None,
        digits=1,
        always=False,
    ),
    "blankness": Metric(called="plain share", ends="0 nothing is plain, 1 all of it"),
    "text": Metric(called="share covered by letters", ends="0 none, 1 all of it", always=False),
    "faces": Metric(called="number of faces", high=None, digits=0, always=False),
    "size": Metric(called="size", unit="megapixels", high=None),
    "width": Metric(called="width", unit="px", high=None, digits=0, whole_only=True),
    "height": Metric(called="height", unit="px", high=None, digits=0, whole_only=True),
    "aspect": Metric(called="width / height", ends="1 square", high=None, whole_only=True),
}
MASKED = ("inside_mask", "outside_mask")
REGIONS = ("whole", *MASKED)


def in_words(measure: Measure, value: float, before: float | None = None) -> str:
    """What was measured and what is wanted, for people.

    `value` is the deciding one; `before`, for a relative measure, the original's own value.
    """
    known = METRICS[measure.metric]
    what = " ".join(filter(None, (known.called, place_in_words(measure))))
    said = f"{what} is {_figure(known, value if before is None else before + value)}"
    if before is not None:
        said += _compared(known, value, before)
    ends = f" ({known.ends})" if known.ends else ""
    return f"{said}{ends}, wanted {_wanted(measure, known)}"


def wanted_in_words(measure: Measure) -> str:
    """What is measured and what is wanted, for people, before anything was measured."""
    known = METRICS[measure.metric]
    what = " ".join(filter(None, (known.called, place_in_words(measure))))
    return f"{what}: {_wanted(measure, known)}"


def place_in_words(measure: Measure) -> str:
    """The region as a person would say it, "" for the whole picture."""
    if measure.box:
        numbers = ",".join(f"{number:g}%" for number in measure.box)
        return f"in the box {numbers}"
    if measure.border is not None:
        return f"in a border of {measure.border:g}%"
    return {"inside_mask": "inside the mask", "outside_mask": "outside the mask"}.get(measure.region, "")


def _compared(known: Metric, change: float, before: float) -> str:
    own = f"the original's {_figure(known, before)}"
    if float(f"{change:.{known.digits}f}") == 0:
        return f", as {own}"
    way = "more" if change > 0 else "less"
    return f", {abs(change):.{known.digits}f} {way} than {own}"


def _wanted(measure: Measure, known: Metric) -> str:
    """The limits as they were written."""
    low, high, sign = measure.min, measure.max, "+" if measure.relative else ""
    if low is not None and low == high:
        said = "no change" if measure.relative and low == 0 else f"exactly {low:{sign}g}"
    elif low is not None and high is not None:
        said = f"{low:{sign}g} to {high:{sign}g}"
    else:
        said = f"at least {low:{sign}g}" if low is not None else f"at most {high:{sign}g}"
    if measure.relative and said != "no change":
        said = f"a change of {said}"
    return said + (f" {known.unit}" if known.unit and said != "no change" else "")


def _figure(known: Metric, value: float) -> str:
    return f"{value:.{known.digits}f}" + (f" {known.unit}" if known.unit else "")
