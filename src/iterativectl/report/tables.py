"""A run's iterations for programs: JSON (`report/1`) and CSV, in pieces, so that a long run is no matter.

Spreadsheets take a cell that begins with = + - @ for a formula, and prompts come from models: such a text
gets an apostrophe before it. Numbers are written as they are.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from iterativectl.report.gathering import Facts, Gathered

FORMAT = "report/1"
BYTE_ORDER_MARK = "\ufeff"  # without it a spreadsheet takes UTF-8 for something else
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Column -> where it is found in an iteration's facts.
COLUMNS: Mapping[str, Sequence[str]] = {
    "iteration": ("n",),
    "status": ("status",),
    "accepted": ("accepted",),
    "score": ("score",),
    "rank": ("rank",),
    "stars": ("stars",),
    "favourite": ("favourite",),
    "rejected": ("rejected",),
    "similarity": ("similarity", "measured"),
    "inside_mask": ("similarity", "inside_mask"),
    "outside_mask": ("similarity", "outside_mask"),
    "denoise": ("denoise",),
    "cfg": ("cfg",),
    "steps": ("steps",),
    "sampler_name": ("parameters", "sampler_name"),
    "scheduler": ("parameters", "scheduler"),
    "seed": ("seed",),
    "parent": ("parent",),
    "source": ("source",),
    "strategy": ("strategy",),
    "mask": ("mask",),
    "workflow": ("workflow",),
    "positive": ("prompts", "positive"),
    "negative": ("prompts", "negative"),
    "cost_usd": ("cost_usd",),
    "seconds": ("seconds",),
    "at": ("at",),
    "failure": ("failure", "message"),
    "note": ("note",),
}


def as_json(run: Gathered) -> Iterator[str]:
    """One object: `format`, `made_at`, `versions`, `run`, `began`, `ranking`, `iterations` (each in full)."""
    head = {
        "format": FORMAT,
        "made_at": run.made_at.isoformat(timespec="seconds"),
        "versions": run.versions,
        "run": {key: value for key, value in run.run.items() if key != "iterations"},
        "began": run.began,
        "ranking": list(run.ranking),
    }
    yield _dumped(head)[:-2] + ',\n  "iterations": ['
    for number, facts in enumerate(run.all_in_full()):
        body = _dumped(facts).replace("\n", "\n    ")
        yield f"{',' if number else ''}\n    {body}"
    yield "\n  ]\n}\n"


def as_csv(run: Gathered) -> Iterator[str]:
    """A row an iteration: COLUMNS, then `verdict:FIELD` for each criterion and `human:FIELD` beside it."""
    fields = [str(criterion["field"]) for criterion in run.run["criteria"]]
    judged = [name for field in fields for name in (f"verdict:{field}", f"human:{field}")]
    yield BYTE_ORDER_MARK + row([*COLUMNS, *judged])
    for facts in run.all_in_full():
        yield row([_found(facts, path) for path in COLUMNS.values()] + _judged(facts, fields))


def row(values: Sequence[Any]) -> str:
    """A line of CSV (RFC 4180)."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([cell(value) for value in values])
    return buffer.getvalue()


def cell(value: Any) -> str:
    """What stands in a cell; "" for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = str(value).replace("\0", "")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _found(facts: Facts, path: Sequence[str]) -> Any:
    value: Any = facts
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return None if isinstance(value, Mapping | list) else value


def _judged(facts: Facts, fields: Sequence[str]) -> list[Any]:
    verdicts = [facts["verdicts"].get(field, {}) for field in fields]
    return [value for said in verdicts for value in (said.get("verdict"), said.get("human"))]


def _dumped(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
