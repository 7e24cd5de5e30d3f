"""Answers that contradict themselves: what is taken for one, and above all what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from iterativectl.config.types import Criterion
from iterativectl.judging import contradictions

FOLDER = Path(__file__).parent.parent / "cases" / "contradictions"
ENTRIES = [
    pytest.param(entry, id=f"{path.stem}-{number}")
    for path in sorted(FOLDER.glob("*.json"))
    for number, entry in enumerate(json.loads(path.read_text(encoding="utf-8"))["entries"])
]
SUIT = "Is the person wearing a suit?"


def criterion(question: str) -> Criterion:
    kind = "integer" if question.startswith("How many") else "boolean"
    return Criterion(field="any", question=question, type=kind)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_reason_against_its_answer(entry: dict[str, Any]) -> None:
    found = contradictions.in_itself(criterion(entry["question"]), entry["answer"], entry["reason"])
    assert found == entry["found"]


def test_the_corpus_holds_more_sound_answers_than_contradictions() -> None:
    """A rule that doubts too much is caught by them."""
    found = [bool(param.values[0]["found"]) for param in ENTRIES]  # type: ignore[index,call-overload]
    assert found.count(False) > found.count(True) > 20


@pytest.mark.parametrize(
    ("question", "value", "noted", "found"),
    [
        (SUIT, True, {SUIT: False}, "the same question was answered with no before"),
        (
            SUIT,
            False,
            {"is the person  wearing a suit": True},
            "the same question was answered with yes before",
        ),
        ("How many windows?", 3, {"How many windows?": 5}, "the same question was answered with 5 before"),
        (SUIT, True, {SUIT: True}, ""),
        (SUIT, True, {SUIT: None}, ""),
        (SUIT, True, {SUIT: "no, a hoodie"}, ""),
        (SUIT, True, {"Is the person wearing a tie?": False}, ""),
        (SUIT, True, {SUIT: 0}, ""),
        ("How many windows?", 1, {"How many windows?": True}, ""),
        (SUIT, True, {}, ""),
    ],
)
def test_what_was_answered_to_the_same_words(
    question: str, value: Any, noted: dict[str, Any], found: str
) -> None:
    assert contradictions.with_notes(criterion(question), value, noted) == found
