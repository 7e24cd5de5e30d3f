"""What the judge understands of a question, and what it must not claim to understand."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from iterativectl.vision.embedded.vocabulary import CLAIMS, understand

CASES = yaml.safe_load(
    (Path(__file__).parents[1] / "cases" / "embedded_judge" / "questions.yaml").read_text("utf-8")
)


def _read(question: str) -> str | None:
    understood = understand(question)
    if understood is None:
        return None
    name = next(name for name, claim in CLAIMS.items() if claim is understood.claim)
    return f"not {name}" if understood.negated else name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["question"])
def test_a_question_is_read_as_its_case_says(case):
    assert _read(case["question"]) == case["claim"]


def test_the_cases_have_both_kinds():
    claims = {case["claim"].removeprefix("not ") for case in CASES if case["claim"]}
    assert claims >= set(CLAIMS) - {"darker", "brighter"} | {"darker", "brighter"}
    assert sum(case["claim"] is None for case in CASES) > 100


def test_reading_only_the_known_words_would_be_wrong():
    """The planted-bug twin: a reader that looks for a known word and overlooks the rest is caught."""
    words = {word: name for name, claim in CLAIMS.items() for word in claim.names}

    def careless(question: str) -> bool:
        return any(word in question.lower().strip("?").split() for word in words)

    caught = [case for case in CASES if case["claim"] is None and careless(case["question"])]
    assert len(caught) > 30


@pytest.mark.parametrize("name", CLAIMS)
@given(stranger=st.sampled_from("dragon car dress moustache seven Tuesday rainbow left".split()))
def test_one_strange_word_is_enough_to_be_unclear(name, stranger):
    claim = CLAIMS[name]
    known = " ".join(sorted(claim.names)[:1] + sorted(claim.needs)[:1])
    assert understand(f"Is it {known}?") is not None
    assert understand(f"Is the {stranger} {known}?") is None
    assert understand(f"Is it {known} on the {stranger}?") is None


@given(st.text(max_size=200))
def test_no_text_is_too_strange_to_be_read(text):
    understood = understand(text)
    assert understood is None or understood.claim in CLAIMS.values()
