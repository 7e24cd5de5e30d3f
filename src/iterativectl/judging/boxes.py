"""A model's text -> the boxes in it. Pure; never an exception, never an invented box.

Asked for is {"seen": TEXT, "boxes": [{"label": TEXT, KEY: [FOUR NUMBERS]}, ...]}. What comes may be a bare
list, one record, a record a line, boxes under another name, corners by name, numbers in a string or in pairs,
with thoughts, fences and prose around. What cannot be read for certain is a box less, with the reason.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iterativectl.judging import finding, jsontext
from iterativectl.judging.conventions import Family
from iterativectl.judging.jsontext import Span
from iterativectl.judging.mending import repair
from iterativectl.judging.shapes import is_error, spelling

Numbers = tuple[float, float, float, float]

LISTS = ("boxes", "objects", "detections", "bboxes", "regions", "annotations", "items", "results", "result")
ENVELOPES = ("location", "locations", "response", "reply", "output", "data", "json", "answer", "final_answer")
KEYS = ("bbox_2d", "box_2d", "bbox", "box", "bounding_box", "boundingbox", "coordinates")
LABELS = ("label", "name", "object", "class", "description", "text")
# Corners by name say their order themselves. The last two are a corner and a size.
CORNERS = (
    ("x1", "y1", "x2", "y2"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("left", "top", "right", "bottom"),
)
CORNER_AND_SIZE = ("x", "y", "width", "height")
NOTHING = frozenset(["none", "null", "no", "not found", "nothing", "n/a", "not visible", "not present"])
MAX_BOXES = 20  # more are a model that repeats itself
MAX_ENVELOPES = 3
MAX_SEEN = 300  # characters kept
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One box as it stands in a reply: figures in the family's order, as yet of no picture."""

    numbers: Numbers
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reply says. `entries` empty and no `failure`: the model says that it is not there.

    `seen` is what it says it sees; `left_out` why records were not read; `failure` why nothing was.
    """

    entries: tuple[Entry, ...] = ()
    seen: str = ""
    left_out: tuple[str, ...] = ()
    failure: str = ""


def read_boxes(text: str, family: Family, finish: str = "stop") -> Reading:
    """The boxes of a reply. `finish` is the provider's finish word: "length" means that the text is cut."""
    text = text.strip().strip("\ufeff").strip()
    for gate in finding.GATES.values():
        if failure := gate(text):
            return Reading(failure=finding.FAILURES[failure])
    body = finding.without_thoughts(text)
    whole = _decoded(body)
    spans = [] if whole is not None else jsontext.spans(body)
    if spans and (spans[-1].state == "cut" or (finish == "length" and _goes_on(body, spans[-1]))):
        return Reading(failure=finding.FAILURES["cut"])
    records: list[Reading] = []
    wholes: list[Reading] = []
    for value in [whole] if whole is not None else _values(body, spans):
        if (reading := _read(value, family)) is not None:
            (records if _is_record(value) else wholes).append(reading)
    if wholes:
        return wholes[-1]  # of several whole replies the last one counts: the others were drafts
    return _joined(records) if records else Reading(failure=_why(body, jsontext.spans(body)))


def _goes_on(body: str, last: Span) -> bool:
    return bool(body[last.end :].strip("` \n\t\r"))


def _values(body: str, spans: Sequence[Span]) -> Iterator[Any]:
    """Each object and list of objects in the text, in order; numbers that stand alone if there is none."""
    for span in spans:
        yield span.value if span.state == "good" else _mended(span.text)
    if not spans and (pairs := _PAIRS.findall(body)):
        yield [list(map(float, pair)) for pair in pairs]
    elif not spans and (match := _LIST_ALONE.search(body)):
        yield _mended(match[0])


# jsontext.spans passes lists over that hold no object: [] and [[1, 2, 3, 4]] between words and fences.
_LIST_ALONE = re.compile(r"\[\s*\]|\[\s*\[?\s*-?\d[\d\s,.\[\]-]*\]")
# (x1,y1),(x2,y2), as the first Qwen-VL models write a box between tags of their own.
_PAIRS = re.compile(r"\(\s*(\d{1,5})\s*,\s*(\d{1,5})\s*\)\s*,?\s*\(\s*(\d{1,5})\s*,\s*(\d{1,5})\s*\)")


def _mended(text: str) -> Any:
    return repair(text) if len(text) <= finding.MAX_REPAIR else None


def _joined(records: Sequence[Reading]) -> Reading:
    """A record a line, as one reply."""
    entries = tuple(entry for reading in records for entry in reading.entries)[:MAX_BOXES]
    left_out = tuple(why for reading in records for why in reading.left_out)
    return Reading(entries=entries, left_out=left_out, failure="" if entries else records[-1].failure)


def _read(value: Any, family: Family, depth: int = 0) -> Reading | None:
    """What a decoded value says of boxes; None when it says nothing of them."""
    if isinstance(value, str):
        inner = _decoded(value)
        return _read(inner, family, depth + 1) if inner is not None and depth < MAX_ENVELOPES else None
    if isinstance(value, list):
        return _of_list(value, family)
    if not isinstance(value, Mapping) or is_error(value) or _is_schema(value):
        return None
    keys = {spelling(str(name)): name for name in value}
    if _is_record(value):
        return _of_list([value], family)
    listed = next((keys[name] for name in LISTS if name in keys), None)
    if listed is not None:
        inside = value[listed]
        reading = Reading() if _is_nothing(inside) else _read(inside, family, depth + 1)
        return _with_seen(reading, value, keys)
    envelope = next((keys[name] for name in ENVELOPES if name in keys), None)
    if envelope is not None and depth < MAX_ENVELOPES:
        return _read(value[envelope], family, depth + 1)
    return _by_label(value, family)


def _with_seen(reading: Reading | None, value: Mapping[str, Any], keys: Mapping[str, str]) -> Reading | None:
    seen = value.get(keys.get("seen", ""))
    if reading is None or not isinstance(seen, str):
        return reading
    seen = " ".join(seen.split())[:MAX_SEEN]
    return Reading(entries=reading.entries, seen=seen, left_out=reading.left_out, failure=reading.failure)


def _by_label(value: Mapping[str, Any], family: Family) -> Reading | None:
    """{"jacket": [1, 2, 3, 4]}: every value is four numbers."""
    records = [{"label": str(label), family.key: numbers} for label, numbers in value.items()]
    readable = records and all(_four(numbers) is not None for numbers in value.values())
    return _of_list(records, family) if readable else None


def _of_list(value: Sequence[Any], family: Family) -> Reading | None:
    if not value:
        return Reading()
    if (numbers := _four(value)) is not None and not any(isinstance(part, Mapping) for part in value):
        return Reading(entries=(Entry(numbers=numbers),))
    entries, left_out = [], []
    for record in value[:MAX_BOXES]:
        entry = read_entry(record, family)
        if isinstance(entry, Entry):
            entries.append(entry)
        elif entry:
            left_out.append(entry)
    if not entries and not left_out:
        return None
    failure = "" if entries else f"no box in the reply can be read: {left_out[0]}"
    return Reading(entries=tuple(entries), left_out=tuple(left_out), failure=failure)


def read_entry(record: Any, family: Family) -> Entry | str:
    """One record: a box, or why it is none; "" for a thing that is no record at all."""
    if not isinstance(record, Mapping):
        numbers = _four(record)
        return Entry(numbers=numbers) if numbers else ("" if isinstance(record, str) else "it has no box")
    keys = {spelling(str(name)): name for name in record}
    label = next((record[keys[name]] for name in LABELS if isinstance(record.get(keys.get(name)), str)), "")
    raw = next((record[keys[name]] for name in (family.key, *KEYS) if name in keys), record)
    numbers = _named(raw, family) if isinstance(raw, Mapping) else _four(raw)
    if numbers is None:
        return f"{json.dumps(raw, default=str)[:80]} is no box of four numbers"
    return Entry(numbers=numbers, label=" ".join(str(label).split())[:MAX_SEEN])


def _named(raw: Mapping[str, Any], family: Family) -> Numbers | None:
    """Corners by name, brought into the family's order."""
    keys = {spelling(str(name)): name for name in raw}
    for names in (*CORNERS, CORNER_AND_SIZE):
        if not all(name in keys for name in names):
            continue
        numbers = _four([raw[keys[name]] for name in names])
        if numbers is None:
            return None
        left, top, right, bottom = numbers
        if names is CORNER_AND_SIZE:
            right, bottom = left + right, top + bottom
        return (top, left, bottom, right) if family.order == "y" else (left, top, right, bottom)
    return None


def _is_record(value: Any) -> bool:
    """Whether a decoded value is one box with its key or its corners' names."""
    keys = {spelling(str(name)) for name in value} if isinstance(value, Mapping) else set()
    named = any(all(name in keys for name in names) for names in (*CORNERS, CORNER_AND_SIZE))
    return named or any(name in keys for name in KEYS)


def _four(raw: Any) -> Numbers | None:
    """Exactly four finite numbers: a list, two pairs, or a text that holds them."""
    if isinstance(raw, str):
        parts: list[Any] = [float(number) for number in _NUMBER.findall(raw)]
    elif isinstance(raw, list):
        parts = [part for item in raw for part in (item if isinstance(item, list) else [item])]
    else:
        return None
    if len(parts) != 4:
        return None
    numbers = [_number(part) for part in parts]
    first, second, third, fourth = numbers
    if first is None or second is None or third is None or fourth is None:
        return None
    return first, second, third, fourth


def _number(value: Any) -> float | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip().strip(".").casefold() in NOTHING)


def _is_schema(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("properties"), Mapping) and ("type" in value or "required" in value)


def _decoded(text: str) -> Any:
    try:
        value, end = jsontext.decode(text.strip())
    except json.JSONDecodeError:
        return None
    return value if end == len(text.strip()) else None


def _why(body: str, spans: Sequence[Span]) -> str:
    """What is wrong with a reply in which no box and no empty list was found, in words."""
    failure = next((name for check in finding.DIAGNOSES.values() if (name := check(body, spans))), "")
    if failure:
        return finding.FAILURES[failure]
    return "the reply holds no boxes" if spans else finding.FAILURES["no_json"]
