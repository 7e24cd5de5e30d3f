"""Two results beside each other: a win counts only if it survives the swap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.judging.scripted import ORIGINAL, ScriptedModel, call, shipped_prompts

from iterativectl.config.types import Criterion
from iterativectl.errors import JudgeError, JudgeUnavailable, LimitReached, StopRequested
from iterativectl.judging import pairwise, schemas, wording
from iterativectl.judging.pairwise import Compared, Pair
from iterativectl.model import Picture

OLDER = Picture(png=b"older", width=64, height=48, sha256="2" * 64)
NEWER = Picture(png=b"newer", width=64, height=48, sha256="3" * 64)
CRITERIA = (
    Criterion(field="suit", question="Is it a suit?", must_include=("dark suit",)),
    Criterion(field="text", question="Is there any text?", min=0, max=0),
    Criterion(field="windows", question="How many windows?", type="integer", min=2, max=3),
    Criterion(field="doors", question="How many doors?", type="integer", max=1),
    Criterion(field="trees", question="How many trees?", type="integer", min=1),
)


def said(better: str, reason: str = "The collar.") -> dict[str, Any]:
    return {"reason": reason, "better": better}


def compared(*script: Any) -> tuple[Compared, ScriptedModel]:
    model = ScriptedModel(script=list(script))
    pair = Pair(original=ORIGINAL, older=OLDER, newer=NEWER)
    return pairwise.compared(model.ask, shipped_prompts(), CRITERIA, pair), model


@pytest.mark.parametrize(
    ("script", "newer", "asked", "reason"),
    [
        ([said("second"), said("first")], True, 2, "The collar."),
        (
            [said("second"), said("second")],
            False,
            2,
            "the judge changed its mind with the order: The collar.",
        ),
        ([said("second"), said("equal")], False, 2, "the judge sees no winner"),
        ([said("first")], False, 1, "the earlier one is the better one"),
        ([said("equal")], False, 1, "the judge sees no winner"),
        (["I like the second."], False, 1, "the judge did not say which: the reply holds no JSON object"),
        ([said("the second one")], False, 1, "the judge did not say which"),
        ([said("second"), "{}"], False, 2, "the judge did not say which: the reply is empty"),
        ([JudgeError("cut short")], False, 1, "the judge did not say which: cut short"),
        ([said("SECOND"), {"better": "First"}], True, 2, ""),
    ],
)
def test_who_wins(script: list[Any], newer: bool, asked: int, reason: str) -> None:
    found, model = compared(*script)
    assert found.newer is newer
    assert len(model.asked) == asked and found.reason.startswith(reason)
    assert len(found.record.raw) == asked


def biased(place: str) -> Callable[[], Compared]:
    return lambda: compared(said(place), said(place))[0]


@pytest.mark.parametrize("place", schemas.PREFERENCE)
def test_a_judge_that_always_names_the_same_place_changes_nothing(place: str) -> None:
    assert biased(place)().newer is False


def test_that_test_can_fail() -> None:
    """Without the swap a judge that always says "second" would always choose the newer one."""
    found, model = compared(said("second"), said("first"))
    assert found.newer is True and len(model.asked) == 2


def test_what_is_shown_in_which_order() -> None:
    _, model = compared(said("second"), said("first"))
    assert [request.images for request in model.asked] == [
        (("original", ORIGINAL), ("first", OLDER), ("second", NEWER)),
        (("original", ORIGINAL), ("first", NEWER), ("second", OLDER)),
    ]
    assert model.asked[0].prompt == model.asked[1].prompt, "the prompt does not tell which is newer"
    assert {request.kind for request in model.asked} == {"compare_results"}


def test_what_is_wanted_is_told_and_not_what_the_generator_was_told() -> None:
    _, model = compared(said("first"))
    prompt = model.asked[0].prompt
    for line in wording.wanted(CRITERIA).splitlines():
        assert line in prompt
    for wanted in ("suit? (wanted: yes)", "text? (wanted: no)", "2 to 3", "at most 1", "at least 1"):
        assert wanted in prompt
    assert "dark suit" not in prompt


@pytest.mark.parametrize("error", [JudgeUnavailable("gone"), LimitReached("used up")])
def test_a_judge_that_is_gone_and_a_limit_end_nothing_and_are_said(error: JudgeUnavailable) -> None:
    error.calls = (call("compare_results", error="no"),)
    found, _ = compared(said("second"), error)
    assert found.newer is False
    assert error.message in found.record.warnings[0]
    assert len(found.record.calls) == 2, "what was paid for before is on record"


def test_a_person_who_stops_the_run_is_heard() -> None:
    with pytest.raises(StopRequested):
        compared(StopRequested("stop"))
