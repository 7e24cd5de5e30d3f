"""Two judges: what holds where they agree, differ, or one of them is gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.judging.scripted import ScriptedModel, call, pictures, record, shipped_prompts

from iterativectl.config.types import Criterion
from iterativectl.errors import JudgeError, JudgeUnavailable, LimitReached
from iterativectl.judging import ensemble
from iterativectl.judging.ensemble import Disagreement, Opinion
from iterativectl.judging.judge import Judge
from iterativectl.model import Outcome, Verdict

SUIT = Criterion(field="suit", question="Is it a suit?")
TIE = Criterion(field="tie", question="Is there a tie?", depends_on=("suit",))


def verdict(outcome: Outcome, by: str, reason: str = "Seen.") -> Verdict:
    value = {"passed": True, "failed": False}.get(outcome)
    return Verdict(field="suit", verdict=outcome, value=value, confidence=0.9, reason=reason, by=by)


def two(first: Outcome, second: Outcome, disagreement: Disagreement) -> Verdict:
    opinions = [Opinion(verdicts={"suit": verdict(o, by)}) for o, by in ((first, "a/1"), (second, "b/2"))]
    return ensemble.joined(opinions[0], opinions[1], disagreement)["suit"]


@pytest.mark.parametrize(
    ("first", "second", "unclear", "stronger"),
    [
        ("passed", "passed", "passed", "passed a/1"),
        ("failed", "failed", "failed", "failed a/1"),
        ("passed", "failed", "unclear", "passed a/1"),
        ("failed", "passed", "unclear", "failed a/1"),
        ("unclear", "passed", "unclear", "passed b/2"),
        ("unclear", "failed", "unclear", "failed b/2"),
        ("passed", "unclear", "unclear", "passed a/1"),
        ("failed", "unclear", "unclear", "failed a/1"),
        ("unclear", "unclear", "unclear", "unclear a/1"),
    ],
)
def test_what_holds(first: Outcome, second: Outcome, unclear: Outcome, stronger: str) -> None:
    assert two(first, second, "unclear").verdict == unclear
    decided = two(first, second, "stronger")
    assert f"{decided.verdict} {decided.by}" == stronger


def test_a_disagreement_names_both_and_keeps_no_value() -> None:
    found = two("passed", "failed", "unclear")
    assert (found.value, found.confidence, found.by) == (None, None, "a/1, b/2")
    assert "a/1 says passed (Seen.); b/2 says failed (Seen.)" in found.reason
    assert "b/2 cannot tell" in two("passed", "unclear", "unclear").reason


@pytest.mark.parametrize("disagreement", ["unclear", "stronger"])
def test_whoever_could_not_be_asked_has_no_opinion(disagreement: Disagreement) -> None:
    there = Opinion(verdicts={"suit": verdict("passed", "a/1")})
    gone = Opinion(verdicts={"suit": verdict("unclear", "b/2")}, absent="it is down")
    assert ensemble.joined(there, gone, disagreement)["suit"].verdict == "passed"
    assert ensemble.joined(gone, there, disagreement)["suit"].verdict == "passed"
    assert "it is down" in ensemble.warnings(there, gone)[0]
    assert "the second decides alone" in ensemble.warnings(gone, there)[0]
    assert ensemble.warnings(there, there) == ()


def reply(**answers: Any) -> dict[str, Any]:
    return {"criteria": {name: record(answer) for name, answer in answers.items()}}


def judges(first: list[Any], second: list[Any], **options: Any) -> tuple[Judge, ScriptedModel, ScriptedModel]:
    models = ScriptedModel(script=first), ScriptedModel(script=second, name="openrouter", model="other")
    own, other = (Judge(ask=model.ask, templates=shipped_prompts()) for model in models)
    return replace(own, second=other, **options), *models


def test_both_are_asked_the_same_and_the_second_looks_for_itself() -> None:
    judge, first, second = judges([reply(suit="yes")], [reply(suit="yes")])
    (found,), kept = judge.verdicts((SUIT,), pictures(), {"clothing": "a purple cardigan"})
    assert (found.verdict, found.by) == ("passed", "ollama/scripted")
    assert "a purple cardigan" in first.asked[0].prompt
    assert "a purple cardigan" not in second.asked[0].prompt
    assert first.asked[0].images == second.asked[0].images and first.asked[0].items == second.asked[0].items
    assert [(v.verdict, v.by) for v in kept.opinions["suit"]] == [
        ("passed", "ollama/scripted"),
        ("passed", "openrouter/other"),
    ]
    assert [entry["by"] for entry in kept.raw] == ["ollama/scripted", "openrouter/other"]
    assert [c.purpose for c in kept.calls] == ["evaluate_criteria", "second_opinion"]


def test_what_depends_on_a_disagreement_is_not_failed_by_it() -> None:
    judge, *_ = judges([reply(suit="yes", tie="yes")], [reply(suit="no", tie="yes")])
    suit, tie = judge.verdicts((SUIT, TIE), pictures(), {})[0]
    assert (suit.verdict, tie.verdict) == ("unclear", "passed")
    judge, *_ = judges([reply(suit="no", tie="yes")], [reply(suit="no", tie="yes")])
    assert [v.verdict for v in judge.verdicts((SUIT, TIE), pictures(), {})[0]] == ["failed", "failed"]


def test_what_the_second_says_unreadably_is_asked_once_more() -> None:
    judge, _, second = judges([reply(suit="yes")], ["what?", reply(suit="yes")])
    assert judge.verdicts((SUIT,), pictures(), {})[0][0].verdict == "passed"
    assert len(second.asked) == 2
    judge, *_ = judges([reply(suit="yes")], ["what?", "what?"])
    (found,), kept = judge.verdicts((SUIT,), pictures(), {})
    assert found.verdict == "unclear" and kept.warnings == ()


@pytest.mark.parametrize("kind", [JudgeError, JudgeUnavailable])
def test_a_second_that_is_down_leaves_the_first_alone_and_is_said(kind: type[JudgeError]) -> None:
    error = kind("openrouter: nobody there")
    error.calls = (call("evaluate_criteria", error="unreachable"),)
    judge, *_ = judges([reply(suit="yes")], [error])
    (found,), kept = judge.verdicts((SUIT,), pictures(), {})
    assert (found.verdict, found.by) == ("passed", "ollama/scripted")
    (warning,) = kept.warnings
    assert "openrouter: nobody there" in warning and "the first judge decides alone" in warning
    assert [v.by for v in kept.opinions["suit"]] == ["ollama/scripted"]
    assert [c.purpose for c in kept.calls] == ["evaluate_criteria", "second_opinion"]


def test_where_the_firsts_request_fails_the_second_decides_and_that_is_said() -> None:
    judge, *_ = judges([JudgeError("ollama: cut short")], [reply(suit="yes")])
    (found,), kept = judge.verdicts((SUIT,), pictures(), {})
    assert (found.verdict, found.by) == ("passed", "openrouter/other")
    assert "the second decides alone" in kept.warnings[0]


def test_where_both_fail_it_is_unclear() -> None:
    judge, *_ = judges([JudgeError("cut")], [JudgeError("down")])
    (found,), kept = judge.verdicts((SUIT,), pictures(), {})
    assert found.verdict == "unclear" and len(kept.warnings) == 1


def test_a_first_that_is_gone_and_a_limit_pause_the_run() -> None:
    judge, _, second = judges([JudgeUnavailable("gone")], [])
    with pytest.raises(JudgeUnavailable):
        judge.verdicts((SUIT,), pictures(), {})
    assert not second.asked
    judge, *_ = judges([reply(suit="yes")], [LimitReached("used up")])
    with pytest.raises(LimitReached):
        judge.verdicts((SUIT,), pictures(), {})


def test_with_votes_the_second_is_asked_once() -> None:
    judge, first, second = judges([reply(suit="yes")] * 3, [reply(suit="yes")], votes=3)
    judge.verdicts((SUIT,), pictures(), {})
    assert len(first.asked) == 2 and len(second.asked) == 1


def test_nobody_is_asked_where_nothing_is_to_be_asked() -> None:
    from iterativectl.config.types import Measure

    measured = Criterion(field="bright", measure=Measure(metric="brightness", min=0.1))
    judge, first, second = judges([], [])
    judge.verdicts((measured,), pictures(brightness=0.5), {})
    assert not first.asked and not second.asked
