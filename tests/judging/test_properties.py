"""Promise 5 with replies that nobody thought of: cut anywhere, damaged anywhere, or pure noise."""

from __future__ import annotations

import json
import math
import time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iterativectl.judging import replies
from iterativectl.judging.mending import repair
from iterativectl.judging.values import CANNOT_TELL
from iterativectl.model import Item

# The same examples every time: a run that fails must fail again. More of them: raise max_examples, once.
QUICK = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

# Names that are also keys of our shapes, so that a part is never taken for the whole.
NAMES = ("suit", "tie", "answer", "reason", "criteria", "answers", "value", "type", "people_count")
KINDS = ("boolean", "integer", "number", "string", "array", "enum")
WORDS = ("red", "blue", "none of these")
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=25).filter(
    lambda text: text.strip().strip(".…") and text.strip().casefold().rstrip(".") not in CANNOT_TELL
)


def _item(name: str, kind: str) -> Item:
    if kind == "enum":
        return Item(field=name, question="?", type="string", enum=WORDS)
    if kind == "array":
        return Item(field=name, question="?", type="array", items={"type": "string"})
    return Item(field=name, question="?", type=kind)


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": st.integers(-(10**6), 10**6),
    "number": st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3)),
    "string": TEXT,
    "array": st.lists(TEXT, max_size=4),
    "enum": st.sampled_from(WORDS),
}


@st.composite
def replied(draw: st.DrawFn) -> tuple[tuple[Item, ...], dict[str, Any], str, str]:
    """(items, true values, kind, the reply's text)."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    kind = draw(st.sampled_from(["questions", "criteria"]))
    kinds = KINDS if kind == "questions" else ("boolean", "integer", "number")
    items = tuple(_item(name, draw(st.sampled_from(kinds))) for name in names)
    truth = {item.field: draw(VALUES["enum" if item.enum else item.type]) for item in items}
    if kind == "criteria":
        records = {
            name: {"reason": draw(TEXT), "answer": value, "confidence": "high"}
            for name, value in truth.items()
        }
        reply: dict[str, Any] = {"criteria": records}
    else:
        reply = {"answers": truth}
    indent = draw(st.sampled_from([None, 2]))
    before = draw(st.sampled_from(["", "Sure, here it is:\n", "```json\n", "<think>Hm.</think>"]))
    return items, truth, kind, before + json.dumps(reply, indent=indent, ensure_ascii=draw(st.booleans()))


def _read(items: tuple[Item, ...], kind: str, text: str, finish: str = "stop") -> replies.Reading:
    read = replies.read_answers if kind == "questions" else replies.read_criteria
    return read(text, items, finish)


def _same(value: Any, truth: Any) -> bool:
    if isinstance(truth, list):
        return isinstance(value, tuple) and [item.strip() for item in truth] == list(value)
    if isinstance(truth, str):
        return bool(value == truth.strip())
    return isinstance(value, bool) == isinstance(truth, bool) and bool(value == truth)


@QUICK
@given(replied())
def test_a_whole_reply_is_read_whole(case: tuple[tuple[Item, ...], dict[str, Any], str, str]) -> None:
    items, truth, kind, text = case
    reading = _read(items, kind, text)
    assert not reading.unclear
    assert all(_same(reading.values[name], value) for name, value in truth.items())


@QUICK
@given(
    replied(), st.floats(0, 1), st.sampled_from(["stop", "length"]), st.sampled_from(["", "\n```", "\n" * 50])
)
def test_a_cut_reply_gives_true_values_or_none(
    case: tuple[tuple[Item, ...], dict[str, Any], str, str], share: float, finish: str, after: str
) -> None:
    items, truth, kind, text = case
    reading = _read(items, kind, text[: int(share * len(text))] + after, finish)
    wrong = {name: value for name, value in reading.values.items() if not _same(value, truth[name])}
    assert not wrong
    assert {*reading.values, *reading.unclear} == set(truth)


@QUICK
@given(replied(), st.data())
def test_a_damaged_reply_gives_typed_values_or_none(
    case: tuple[tuple[Item, ...], dict[str, Any], str, str], data: st.DataObject
) -> None:
    items, truth, kind, text = case
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        piece = data.draw(
            st.sampled_from(['"', "{", "}", "[", "]", ",", ":", "\\", "\n", "'", "/", "*", "NaN", "9"])
        )
        drop = data.draw(st.integers(0, 3))
        text = text[:at] + piece + text[at + drop :]
    reading = _read(items, kind, text)
    assert {*reading.values, *reading.unclear} == set(truth)
    for item in items:
        if item.field in reading.values:
            assert _typed(reading.values[item.field], item)


def _typed(value: Any, item: Item) -> bool:
    if item.enum:
        return value in item.enum
    if item.type == "boolean":
        return isinstance(value, bool)
    if item.type == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if item.type == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if item.type == "array":
        return isinstance(value, tuple) and all(isinstance(part, str) for part in value)
    return isinstance(value, str) and bool(value)


PIECES = st.sampled_from(
    [
        *"{}[],:\"'\\ \n",
        '"answers"',
        '"suit"',
        "suit",
        "true",
        "1",
        "-",
        ".5",
        "1e999",
        "NaN",
        "//",
        "/*",
        "*/",
        "```",
    ]
    + ["<think>", "</think>", "“", "”", "=", "null", "yes", "\ufeff", "\u2028", "\x00", "é"]
)


@QUICK
@given(st.lists(PIECES, max_size=60).map("".join))
def test_noise_never_raises(text: str) -> None:
    items = (_item("suit", "boolean"), _item("people_count", "integer"))
    for read in (replies.read_answers, replies.read_criteria):
        reading = read(text, items)
        assert {*reading.values, *reading.unclear} == {"suit", "people_count"}
    replies.read_comparison(text)
    replies.read_prompts(text)
    replies.read_parameters(text)
    replies.read_description(text)


def test_a_repair_alone_would_invent_values() -> None:
    """The planted bug that the cut test catches: repairing a cut reply as if it were only broken."""
    assert repair('{"answers": {"people_count": 1') == {"answers": {"people_count": 1}}  # of 10
    cut = replies.read_answers('{"answers": {"people_count": 1', [_item("people_count", "integer")])
    assert cut.values == {}


def test_hostile_floods_are_answered_in_time() -> None:
    """No pattern that takes the square of a reply's length: about a second for all of these."""
    pieces = [
        "{",
        "[",
        '"',
        "\\",
        "{}",
        '{"',
        '"\\',
        "/*",
        "//",
        "<think>",
        "</think>",
        "\n",
        " ",
        "{x}",
        "=:",
        "``",
    ]
    pieces += ['{"suit":', '"suit": 1, ', "'", "“", "a: b\n", "[[", "1,", '{"suit": "', "{suit = ", "suit\n"]
    items = (_item("suit", "boolean"),)
    began = time.process_time()
    for piece in pieces:
        for text in (piece * (90_000 // len(piece)), '{"suit": ' + piece * (19_000 // len(piece)) + "}"):
            replies.read_answers(text, items)
    assert time.process_time() - began < 10
