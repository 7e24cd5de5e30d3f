"""Which picture is the best so far: rank first, between equals what the judge preferred, then the earlier."""

from __future__ import annotations

import pytest
import yaml

from iterativectl.config.rules import parse_rules
from iterativectl.config.types import Rules
from iterativectl.model import (
    Assessment,
    Comparison,
    Failure,
    History,
    Iteration,
    Outcome,
    Parameters,
    Plan,
    Preference,
    Prompts,
    Similarity,
    Verdict,
)
from iterativectl.policy import stages, stopping

RULES = """
project: {name: p, max_iterations: 9, patience: 2}
acceptance_criteria:
  - {field: a, question: "A?", intent: change}
  - {field: b, question: "B?", intent: change}
  - {field: c, question: "C?", intent: preserve}
"""
WORDS: dict[str, Outcome] = {"+": "passed", "-": "failed", "?": "unclear"}


def rules() -> Rules:
    return parse_rules(RULES)[0]


def iteration(number: int, said: str) -> Iteration:
    """ "+-?" are the verdicts on a, b and c; "x" is a failed iteration."""
    plan = Plan(
        iteration=number,
        take=0,
        strategy="img2img",
        parent=None,
        source="input",
        workflow="w",
        ckpt_name="c",
        parameters=Parameters(denoise=0.5, cfg=7, steps=5, sampler_name="euler", scheduler="normal"),
        prompts=Prompts(positive="", negative=""),
        seed=number,
        mask=None,
        reasons=(),
    )
    if said == "x":
        return Iteration(plan=plan, status="failed", failure=Failure(code="x", message="x"))
    verdicts = tuple(
        Verdict(field=field, verdict=WORDS[word], value=None, confidence=None, reason="", by="m")
        for field, word in zip("abc", said, strict=True)
    )
    compared = Comparison(similarity=Similarity(measured=0.5))
    score = 100 * said.count("+") / 3
    judged = Assessment(answers={}, verdicts=verdicts, comparison=compared, score=score)
    return Iteration(plan=plan, status="ok", assessment=judged)


def preference(text: str) -> Preference:
    """ "3>1": the newer 3 won beside 1; "3=1": it did not."""
    newer, older = int(text[0]), int(text[2])
    winner = newer if text[1] == ">" else None
    return Preference(newer=newer, older=older, winner=winner, reason="", by="m")


def history(said: str, preferred: str = "") -> History:
    made = tuple(iteration(number, word) for number, word in enumerate(said.split(), 1))
    return History(iterations=made, preferences=tuple(map(preference, preferred.split())))


@pytest.mark.parametrize(
    ("said", "preferred", "best"),
    [
        ("+-- +--", "", 1),  # the earlier of two equals
        ("+-- +--", "2=1", 1),
        ("+-- +--", "2>1", 2),
        ("+-- +-- +--", "2>1 3>2", 3),
        ("+-- +-- +--", "2>1 3=2", 2),
        ("+-- +-- +--", "2=1 3>1", 3),
        ("+-- +-- +--", "2=1", 1),  # 3 was never shown
        ("+-- +-- +--", "2>1", 2),
        ("+-- ++- +--", "3>1", 2),  # a higher score wins whatever was preferred
        ("++- +--", "2>1", 1),
        ("+-? +--", "2=1", 2),  # fewer unclear is no tie
        ("-+- --+", "2=1", 2),  # more preserve criteria is no tie either
        ("+-- x +--", "3>1", 3),
        ("x x", "", None),
        ("+-- -+-", "2>1", 2),  # equal rank, other criteria
        ("+-- +-- +--", "3>2", 1),  # beside one that is not the best so far: it says nothing about 1
    ],
)
def test_the_best_so_far(said: str, preferred: str, best: int | None) -> None:
    told = history(said, preferred)
    found = stages.best(told.iterations, rules(), (), told.preferences)
    assert (found.number if found else None) == best


@pytest.mark.parametrize(
    ("said", "preferred", "newest", "rival"),
    [
        ("+--", "", "+--", 1),
        ("+--", "", "-+-", 1),
        ("+--", "", "++-", None),
        ("++-", "", "+--", None),
        ("+--", "", "+-?", None),
        ("+-- +--", "2>1", "+--", 2),
        ("+-- +--", "2=1", "+--", 1),
        ("", "", "+--", None),
        ("x", "", "+--", None),
        ("+--", "", "x", None),
    ],
)
def test_beside_whom_the_newest_is_shown(said: str, preferred: str, newest: str, rival: int | None) -> None:
    told = history(said, preferred)
    found = stages.rival(told, iteration(len(told.iterations) + 1, newest), rules(), ())
    assert (found.number if found else None) == rival


def test_each_is_shown_beside_one_at_most_and_the_order_of_files_does_not_matter() -> None:
    told = history("+-- +-- +-- +--", "2>1 3=2 4>2")
    backwards = told.preferences[::-1]
    for preferences in (told.preferences, backwards):
        found = stages.best(told.iterations[::-1], rules(), (), preferences)
        assert found is not None and found.number == 4


def test_a_preference_is_no_progress() -> None:
    """Patience counts scores: a picture that is only preferred does not prolong a run."""
    ended = stopping.stop(history("+-- +-- +--", "2>1 3>2"), rules())
    assert ended is not None and ended.status == "no_progress"


def test_the_rules_are_what_they_seem() -> None:
    assert [c["field"] for c in yaml.safe_load(RULES)["acceptance_criteria"]] == ["a", "b", "c"]
    assert rules().patience == 2
