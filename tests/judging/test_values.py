"""One raw value -> one typed answer: the table of judging/values.py."""

from __future__ import annotations

from typing import Any

import pytest

from iterativectl.judging.values import read_value
from iterativectl.model import Item


def item(kind: str, **more: Any) -> Item:
    return Item(field="x", question="?", type=kind, **more)


READABLE = [
    ("boolean", {}, True, True),
    ("boolean", {}, "FALSE", False),
    ("boolean", {}, " yes. ", True),
    ("integer", {}, 7, 7),
    ("integer", {}, 7.0, 7),
    ("integer", {}, "-7", -7),
    ("integer", {"min": 0, "max": 10}, 10, 10),
    ("number", {}, 7, 7),
    ("number", {}, "0.25", 0.25),
    ("number", {"min": 0}, 1e6, 1e6),
    ("string", {}, " a dark\nsuit ", "a dark\nsuit"),
    ("string", {}, 3, "3"),
    ("string", {"enum": ("casual", "formal")}, " Formal", "formal"),
    ("string", {"enum": ("Formal", "formal")}, "formal", "formal"),
    ("integer", {"enum": (1, 2, 3)}, "2", 2),
    ("array", {}, [], ()),
    ("array", {}, ["a", "b"], ("a", "b")),
    ("array", {"items": {"type": "integer"}}, [1, "2"], (1, 2)),
    ("array", {"items": {"enum": ["red", "blue"]}}, ["Red"], ("red",)),
    ("array", {"enum": ("red", "blue")}, ["blue"], ("blue",)),
]


@pytest.mark.parametrize(("kind", "more", "raw", "value"), READABLE)
def test_readable(kind: str, more: dict[str, Any], raw: Any, value: Any) -> None:
    typed = read_value(raw, item(kind, **more))
    assert (typed.value, type(typed.value), typed.why) == (value, type(value), "")


UNREADABLE = [
    ("boolean", {}, 1, "neither yes nor no: 1"),
    ("boolean", {}, "passed", "neither yes nor no"),
    ("boolean", {}, "yes and no", "neither yes nor no"),
    ("boolean", {}, [True], "neither yes nor no"),
    ("integer", {}, True, "true is no number"),
    ("integer", {}, 7.5, "not whole"),
    ("integer", {}, "7 people", "not a number"),
    ("integer", {}, "1e3", "not a number"),
    ("integer", {}, "٧", "not a number"),
    ("integer", {"min": 0, "max": 10}, 11, "out of range: 11 is above 10"),
    ("number", {"min": 0.5}, 0.4, "out of range: 0.4 is below 0.5"),
    ("number", {}, [7], "not a number"),
    ("string", {}, True, "not a text: True"),
    ("string", {}, "  ", "an empty text"),
    ("string", {}, "...", "an empty text"),
    ("string", {}, "x" * 5000, "a text of 5000 characters"),
    ("string", {}, {"text": "x"}, "not a text"),
    ("string", {"enum": ("casual", "formal")}, "smart", "not one of casual, formal: 'smart'"),
    ("string", {"enum": ("A B", "a b")}, "A b", "not one of"),
    ("integer", {"enum": (1, 2)}, True, "true is no number"),
    ("array", {}, "red", "not an array"),
    ("array", {}, ["red", None], "element 2: the judge cannot tell"),
    ("array", {"items": {"type": "integer"}}, [1, "two"], "element 2: not a number"),
]


@pytest.mark.parametrize(("kind", "more", "raw", "why"), UNREADABLE)
def test_unreadable(kind: str, more: dict[str, Any], raw: Any, why: str) -> None:
    typed = read_value(raw, item(kind, **more))
    assert typed.value is None
    assert typed.why.startswith(why)


@pytest.mark.parametrize("raw", [None, "unclear", "Unclear.", "CANNOT TELL", "n/a"])
@pytest.mark.parametrize("kind", ["boolean", "integer", "number", "string", "array"])
def test_a_judge_that_declines_was_read(kind: str, raw: Any) -> None:
    typed = read_value(raw, item(kind))
    assert typed.declined
    assert typed.why.startswith("the judge cannot tell")


def test_what_cannot_be_read_was_not_declined() -> None:
    assert not read_value("perhaps", item("boolean")).declined


def test_an_allowed_value_is_no_way_of_declining() -> None:
    assert read_value("unknown", item("string", enum=("unknown", "formal"))).value == "unknown"
