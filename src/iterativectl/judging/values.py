"""One raw value of a reply -> one typed answer, or the reason why it is unclear. Pure.

What counts as an answer, and what does not:

boolean   true and false; the words yes, no, true, false. Not 1 and 0, not "passed": a judge that answers so
          may mean a mark, or that the *criterion* passed, where "no" is the right answer to the question
integer   a number without a fraction (7 and 7.0), or a string that is exactly such a number ("7"). Not
          "8/10", "8 out of 10", "about 7", "seven", "7%"; true is never 1
number    likewise, with a fraction
string    text; a number is kept as its digits. Not true or false, not an empty text
array     every element read by itself; one unreadable element makes the answer unclear
enum      one of the allowed values; letters' case and spaces may differ

Out of range is unclear and never clamped: a judge that says 11 of 10 has not understood the scale. null and
the words for "I cannot tell" are unclear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from iterativectl.judging.jsontext import Unreadable, Without
from iterativectl.model import Item, Value

MAX_TEXT = 4_000  # characters of one text answer

CANNOT_TELL = frozenset(
    ["unclear", "cannot tell", "can't tell", "can not tell", "cannot be determined", "unsure", "not sure"]
    + ["unknown", "n/a"]
)
BOOLEAN_WORDS: Mapping[str, bool] = {"yes": True, "true": True, "no": False, "false": False}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?")


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed answer; `why` is not empty when there is none, and then `value` is None.

    `declined`: the judge itself says that it cannot tell. That was read; asking again would only press it.
    """

    value: Value
    why: str = ""
    declined: bool = False


def read_value(raw: Any, item: Item, without: Without = frozenset()) -> Typed:
    """Read one value by its item's type, enum and range. Never raises."""
    for name, refuse in REFUSALS.items():
        if name not in without and (why := refuse(raw, item)):
            return Typed(None, why, declined=name == "cannot_tell")
    if item.type == "array":
        return _array(raw, item, without)
    for name, convert in CONVERSIONS.items():
        if name not in without:
            raw = convert(raw, item)
    if item.enum:
        return _choice(raw, item)
    typed = _TYPES.get(item.type, _text)(raw)
    if typed.why or "range" in without:
        return typed
    return _ranged(typed, item)


def _unreadable(raw: Any, item: Item) -> str:
    return raw.why if isinstance(raw, Unreadable) else ""


def _cannot_tell(raw: Any, item: Item) -> str:
    if raw is None:
        return "the judge cannot tell: null"
    if isinstance(raw, str) and fold(raw).rstrip(".") in CANNOT_TELL and raw not in item.enum:
        return f"the judge cannot tell: {raw.strip()}"
    return ""


def _boolean_is_no_number(raw: Any, item: Item) -> str:
    if isinstance(raw, bool) and item.type in ("integer", "number"):
        return f"{str(raw).lower()} is no number"
    return ""


# Refusals come first: what must not be taken for an answer, whatever its type allows.
REFUSALS: Mapping[str, Callable[[Any, Item], str]] = {
    "marks": _unreadable,
    "cannot_tell": _cannot_tell,
    "boolean_is_no_number": _boolean_is_no_number,
}


def _boolean_word(raw: Any, item: Item) -> Any:
    if item.type != "boolean" or not isinstance(raw, str):
        return raw
    return BOOLEAN_WORDS.get(fold(raw).rstrip("."), raw)


def _number_text(raw: Any, item: Item) -> Any:
    if item.type not in ("integer", "number") or not isinstance(raw, str):
        return raw
    text = raw.strip()
    if not _NUMBER.fullmatch(text):
        return raw
    return float(text) if "." in text else int(text)


def _enum_spelling(raw: Any, item: Item) -> Any:
    if not isinstance(raw, str) or raw in item.enum:
        return raw
    near = [value for value in item.enum if isinstance(value, str) and fold(value) == fold(raw)]
    return near[0] if len(near) == 1 else raw


# Conversions: another spelling of exactly the same answer.
CONVERSIONS: Mapping[str, Callable[[Any, Item], Any]] = {
    "boolean_word": _boolean_word,
    "number_text": _number_text,
    "enum_spelling": _enum_spelling,
}


def fold(text: str) -> str:
    """Letters without case, runs of blanks as one."""
    return " ".join(text.split()).casefold()


def shown(raw: Any) -> str:
    """A raw value in a sentence for people, cut short."""
    text = repr(raw)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _array(raw: Any, item: Item, without: Without) -> Typed:
    if not isinstance(raw, list):
        return Typed(None, f"not an array: {shown(raw)}")
    of = item.items or {}
    allowed = tuple(of.get("enum") or item.enum)
    element = replace(item, type=of.get("type", "string"), enum=allowed, items=None)
    values = [read_value(value, element, without) for value in raw]
    for index, value in enumerate(values):
        if value.why:
            return Typed(None, f"element {index + 1}: {value.why}")
    return Typed(tuple(value.value for value in values))


def _choice(raw: Any, item: Item) -> Typed:
    """A member of the enum as the enum spells it; true is not 1, and 1.0 is 1."""
    for value in item.enum:
        if isinstance(value, bool) == isinstance(raw, bool) and value == raw:
            return Typed(value)
    return Typed(None, f"not one of {', '.join(map(str, item.enum))}: {shown(raw)}")


def _boolean(raw: Any) -> Typed:
    return Typed(raw) if isinstance(raw, bool) else Typed(None, f"neither yes nor no: {shown(raw)}")


def _integer(raw: Any) -> Typed:
    typed = _number(raw)
    if not isinstance(typed.value, float):
        return typed
    return Typed(int(typed.value)) if typed.value.is_integer() else Typed(None, f"not whole: {shown(raw)}")


def _number(raw: Any) -> Typed:
    if isinstance(raw, (int, float)):
        return Typed(raw)
    return Typed(None, f"not a number: {shown(raw)}")


def _text(raw: Any) -> Typed:
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return Typed(str(raw))
    if not isinstance(raw, str):
        return Typed(None, f"not a text: {shown(raw)}")
    text = raw.strip()
    if not text.strip(".\u2026"):  # also the dots of a shape that was sent back unfilled
        return Typed(None, "an empty text")
    return Typed(text) if len(text) <= MAX_TEXT else Typed(None, f"a text of {len(text)} characters")


_TYPES: Mapping[str, Callable[[Any], Typed]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "string": _text,
}


def _ranged(typed: Typed, item: Item) -> Typed:
    """Unclear outside [min, max]. Booleans and texts have no range of values."""
    value = typed.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return typed
    if item.min is not None and value < item.min:
        return Typed(None, f"out of range: {value} is below {item.min:g}")
    if item.max is not None and value > item.max:
        return Typed(None, f"out of range: {value} is above {item.max:g}")
    return typed
