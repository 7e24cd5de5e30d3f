"""What `variants --set` asks for: parameters with several values each, in every combination. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from iterativectl.errors import UsageError
from iterativectl.model import Parameters

Grid = Mapping[str, tuple[Any, ...]]  # parameter -> its values, in the order they were given

LARGEST = 64  # variants of one run: more than that nobody compares on one sheet
_SHOWN = 40  # characters of a value that an error repeats
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_SEED_CURE = "All variants have the same seed, so that only what is named differs: `--seed N` chooses it."


def parse(texts: Sequence[str], schema: Mapping[str, Any]) -> Grid:
    """The grid that texts like `denoise=0.4,0.6` describe. Raises UsageError, which names the option.

    `schema` describes AIGen.yaml's `parameters`: type, minimum and maximum of each.
    """
    grid: dict[str, tuple[Any, ...]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip()
        _require_name(text, name, bool(equals), grid)
        found = [_value(name, value.strip(), schema[name]) for value in values.split(",")]
        grid[name] = tuple(dict.fromkeys(found))
    return grid


def size(grid: Grid) -> int:
    """How many combinations there are; 1 for an empty grid."""
    return math.prod(len(values) for values in grid.values())


def require_size(workflows: int, grid: Grid) -> None:
    """Raises UsageError when that makes more variants than one run may have."""
    number = workflows * size(grid)
    if number > LARGEST:
        raise UsageError(
            f"that makes {number} variants ({workflows} x {size(grid)} settings): there may be {LARGEST}",
            "Name fewer workflows (--workflow) or fewer values (--set).",
        )


def said(name: str, value: Any) -> str:
    """A parameter and its value for people: `denoise 0.4`, `sampler euler`."""
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{name.removesuffix('_name')} {shown}"


def _require_name(text: str, name: str, has_values: bool, grid: Grid) -> None:
    known = tuple(Parameters.__dataclass_fields__)
    if name == "seed":
        raise UsageError(f"--set {_cut(text)}: a seed is not compared", _SEED_CURE)
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        meant = f" Did you mean '{near[0]}'?" if near else ""
        raise UsageError(
            f"--set {_cut(text)}: there is no parameter '{_cut(name)}'.{meant}",
            f"There are {', '.join(known)}; for example --set denoise=0.4,0.6.",
        )
    if not has_values:
        raise UsageError(f"--set {name}: its values are missing", f"Write --set {_example(name)}.")
    if name in grid:
        raise UsageError(
            f"--set {name} is given twice", f"Write all its values in one: --set {_example(name)}."
        )


def _value(name: str, text: str, schema: Mapping[str, Any]) -> float | int | str:
    if not text:
        raise UsageError(f"--set {name}: a value is empty", f"Write --set {_example(name)}.")
    if schema["type"] == "string":
        return text
    whole = schema["type"] == "integer"
    if not (_WHOLE if whole else _NUMBER).fullmatch(text):
        kind = "a whole number" if whole else "a number"
        raise UsageError(f"--set {name}={_cut(text)}: that is not {kind}", f"Write --set {_example(name)}.")
    number = int(text) if whole else float(text)
    least, most = schema["minimum"], schema["maximum"]
    if not least <= number <= most:
        raise UsageError(
            f"--set {name}={_cut(text)}: {name} lies between {least} and {most}",
            f"Write --set {_example(name)}.",
        )
    return number


def _example(name: str) -> str:
    examples = {
        "denoise": "denoise=0.4,0.6",
        "cfg": "cfg=5,7",
        "steps": "steps=20,30",
        "sampler_name": "sampler_name=euler,dpmpp_2m",
        "scheduler": "scheduler=normal,karras",
    }
    return examples[name]


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
