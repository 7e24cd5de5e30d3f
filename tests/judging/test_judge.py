"""What the judge asks, in which order, and what becomes of the replies."""

from __future__ import annotations

from typing import Any

import pytest
from tests.judging.scripted import ORIGINAL, RESULT, call, judge_of, pictures, record

from iterativectl.config.types import Criterion, Measure, Question
from iterativectl.errors import JudgeError, JudgeUnavailable, LimitReached
from iterativectl.model import Assessment, Comparison, Parameters, Prompts, Similarity, Verdict

SUIT = Criterion(
    field="suit",
    question="Is the person wearing a suit?",
    must_include=("dark suit",),
    ban_terms=("hoodie",),
    edit_strength="high",
)
TIE = Criterion(field="tie", question="Is there a tie?", depends_on=("suit",))
KNOT = Criterion(field="knot", question="Is the knot straight?", depends_on=("tie",))
FACE = Criterion(field="face", question="Is the face unchanged?", intent="preserve", weight=2)
NO_TEXT = Criterion(field="text", question="Is there any text?", min=0, max=0)
WINDOWS = Criterion(field="windows", question="How many windows?", type="integer", min=2, max=3)
ALIKE = Criterion(field="alike", measure=Measure(metric="similarity", min=0.4), intent="preserve")
GATE = Criterion(field="sharp", measure=Measure(metric="sharpness", min=0.05), gate=True)


def criteria(**records: Any) -> dict[str, Any]:
    return {"criteria": records}


def outcomes(verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    return {verdict.field: verdict.verdict for verdict in verdicts}


# --- verdicts ----------------------------------------------------------------------------------------------


def test_one_request_sees_both_pictures_and_the_answers() -> None:
    judge, model = judge_of(criteria(suit=record("yes", "A dark jacket."), face=record("no")))
    verdicts, kept = judge.verdicts((SUIT, FACE), pictures(similarity=0.71), {"clothing": "a jacket"})
    assert verdicts[0] == Verdict(
        field="suit",
        verdict="passed",
        value=True,
        confidence=0.9,
        reason="A dark jacket.",
        by="ollama/scripted",
    )
    assert outcomes(verdicts) == {"suit": "passed", "face": "failed"}
    (request,) = model.asked
    assert [picture for _, picture in request.images] == [ORIGINAL, RESULT]
    assert [label for label, _ in request.images] == ["original", "result"]
    for part in ("clothing: a jacket", "A man in a hoodie.", "0.71", SUIT.question, '"suit": {'):
        assert part in request.prompt
    assert request.facts == {
        "answers": {"clothing": "a jacket"},
        "measurements": {"similarity/whole": 0.71},
        "description": "A man in a hoodie.",
    }
    assert kept.calls == (call("evaluate_criteria"),)
    assert kept.raw[0]["parse"] == "strict"


@pytest.mark.row("2/18")
def test_the_judge_is_not_told_what_was_asked_for() -> None:
    judge, model = judge_of(criteria(suit=record("yes")))
    judge.verdicts((SUIT,), pictures(), {})
    for word in ("dark suit", "hoodie", "high edit"):
        assert word not in model.asked[0].prompt.replace("A man in a hoodie.", "")


@pytest.mark.parametrize(
    ("criterion", "answer", "verdict"),
    [
        (SUIT, True, "passed"),
        (SUIT, "no", "failed"),
        (NO_TEXT, "no", "passed"),
        (NO_TEXT, "yes", "failed"),
        (WINDOWS, 2, "passed"),
        (WINDOWS, 4, "failed"),
        (WINDOWS, 1, "failed"),
    ],
)
def test_when_an_answer_passes(criterion: Criterion, answer: Any, verdict: str) -> None:
    judge, _ = judge_of(criteria(**{criterion.field: record(answer)}))
    verdicts, _ = judge.verdicts((criterion,), pictures(), {})
    assert outcomes(verdicts) == {criterion.field: verdict}


def test_only_the_unreadable_are_asked_once_more() -> None:
    judge, model = judge_of(
        criteria(suit=record("passed"), face=record("yes")), criteria(suit=record("yes"), face=record("no"))
    )
    verdicts, kept = judge.verdicts((SUIT, FACE), pictures(), {})
    assert outcomes(verdicts) == {"suit": "passed", "face": "passed"}
    assert [[item.field for item in request.items] for request in model.asked] == [["suit", "face"], ["suit"]]
    assert [request.sample for request in model.asked] == [0, 1]
    assert FACE.question not in model.asked[1].prompt
    assert len(kept.calls) == len(kept.raw) == 2


def test_what_stays_unreadable_is_unclear_and_says_why() -> None:
    judge, model = judge_of(criteria(suit=record(1, "Quite.")), "I'd rather not say.")
    (verdict,), _ = judge.verdicts((SUIT,), pictures(), {})
    assert (verdict.verdict, verdict.value, verdict.confidence) == ("unclear", None, None)
    assert verdict.reason == "the reply holds no JSON object"
    assert len(model.asked) == 2


def test_a_judge_that_cannot_tell_is_not_pressed() -> None:
    judge, model = judge_of(criteria(suit=record("unclear", "The collar is hidden.")))
    (verdict,), _ = judge.verdicts((SUIT,), pictures(), {})
    assert (verdict.verdict, verdict.reason) == ("unclear", "The collar is hidden.")
    assert len(model.asked) == 1


def test_a_failed_request_leaves_everything_unclear_and_its_calls_on_record() -> None:
    error = JudgeError("ollama: the answer was cut at the token limit")
    error.calls = (call("evaluate_criteria", error="truncated"),)
    judge, model = judge_of(error)
    verdicts, kept = judge.verdicts((SUIT, FACE), pictures(), {})
    assert outcomes(verdicts) == {"suit": "unclear", "face": "unclear"}
    assert {(v.reason, v.by) for v in verdicts} == {(error.message, "ollama/scripted")}
    assert kept.calls == error.calls
    assert kept.raw[0]["error"] == error.message
    assert len(model.asked) == 1


@pytest.mark.parametrize("error", [JudgeUnavailable("gone"), LimitReached("used up")])
def test_what_pauses_the_run_goes_through(error: Exception) -> None:
    judge, _ = judge_of(error)
    with pytest.raises(type(error)):
        judge.verdicts((SUIT,), pictures(), {})


def test_measured_criteria_are_decided_without_a_model() -> None:
    judge, model = judge_of()
    verdicts, kept = judge.verdicts((ALIKE,), pictures(similarity=0.3), {})
    (verdict,) = verdicts
    assert (verdict.verdict, verdict.value, verdict.by) == ("failed", 0.3, "measured:similarity")
    assert "at least 0.4" in verdict.reason
    assert not model.asked and not kept.calls


def test_a_measurement_that_is_not_there_is_unclear() -> None:
    judge, _ = judge_of()
    (verdict,), _ = judge.verdicts((ALIKE,), pictures(brightness=0.5), {})
    assert verdict.verdict == "unclear"


def test_a_failed_gate_ends_the_judging() -> None:
    judge, model = judge_of()
    shown = pictures(sharpness=0.01, similarity=0.9)
    verdicts, kept = judge.verdicts((SUIT, ALIKE, GATE), shown, {})
    assert outcomes(verdicts) == {"suit": "failed", "alike": "passed", "sharp": "failed"}
    assert (verdicts[0].by, verdicts[0].value) == ("gate:sharp", None)
    assert not model.asked and not kept.raw
    gate = judge.gate((SUIT, ALIKE, GATE), shown.measured)
    assert gate is not None and gate.field == "sharp"


def test_a_gate_that_holds_changes_nothing() -> None:
    judge, model = judge_of(criteria(suit=record("yes")))
    verdicts, _ = judge.verdicts((SUIT, GATE), pictures(sharpness=0.2), {})
    assert outcomes(verdicts) == {"suit": "passed", "sharp": "passed"}
    assert len(model.asked) == 1


def test_dependents_are_asked_with_their_parents_and_overruled() -> None:
    judge, model = judge_of(criteria(suit=record("no"), tie=record("yes", "A red tie."), knot=record("yes")))
    verdicts, _ = judge.verdicts((KNOT, TIE, SUIT), pictures(), {})
    assert {item.field for item in model.asked[0].items} == {"suit", "tie", "knot"}
    assert outcomes(verdicts) == {"knot": "failed", "tie": "failed", "suit": "failed"}
    by = {verdict.field: verdict for verdict in verdicts}
    assert (by["tie"].by, by["tie"].value) == ("depends_on:suit", True)
    assert "A red tie." in by["tie"].reason
    assert by["knot"].by == "depends_on:tie"
    assert by["suit"].by == "ollama/scripted"


def test_a_parent_that_is_unclear_overrules_nothing() -> None:
    judge, _ = judge_of(criteria(suit=record("unclear"), tie=record("yes")))
    verdicts, _ = judge.verdicts((SUIT, TIE), pictures(), {})
    assert outcomes(verdicts) == {"suit": "unclear", "tie": "passed"}


def test_dependents_of_a_failed_measurement_are_left_out() -> None:
    child = Criterion(field="child", question="Is it there?", depends_on=("alike",))
    judge, model = judge_of(criteria(suit=record("yes")))
    verdicts, _ = judge.verdicts((ALIKE, child, SUIT), pictures(similarity=0.1), {})
    assert [item.field for item in model.asked[0].items] == ["suit"]
    assert outcomes(verdicts) == {"alike": "failed", "child": "failed", "suit": "passed"}
    assert (verdicts[1].by, verdicts[1].value) == ("depends_on:alike", None)


# --- answers and description -------------------------------------------------------------------------------

CLOTHES = Question(field="clothing", question="What is the person wearing?")
PEOPLE = Question(field="people", question="How many people?", type="integer", min=0, max=10)


def test_questions_are_about_the_result_beside_the_original() -> None:
    judge, model = judge_of({"answers": {"clothing": "a suit", "people": 1}})
    answers, _ = judge.answers((CLOTHES, PEOPLE), pictures())
    assert answers == {"clothing": "a suit", "people": 1}
    (request,) = model.asked
    assert request.images == (("original", ORIGINAL), ("result", RESULT))
    assert "from 0 to 10" in request.prompt
    assert request.facts == {"description": "A man in a hoodie."}


def test_an_unreadable_answer_is_asked_once_more_and_then_none() -> None:
    judge, model = judge_of(
        {"answers": {"clothing": "a suit", "people": 11}}, {"answers": {"people": "8/10"}}
    )
    answers, kept = judge.answers((CLOTHES, PEOPLE), pictures())
    assert answers == {"clothing": "a suit", "people": None}
    assert [[item.field for item in request.items] for request in model.asked] == [
        ["clothing", "people"],
        ["people"],
    ]
    assert "above 10" in kept.raw[0]["unclear"]["people"]


def test_a_failed_request_for_answers_leaves_none() -> None:
    judge, _ = judge_of(JudgeError("refused"))
    answers, kept = judge.answers((CLOTHES,), pictures())
    assert answers == {"clothing": None}
    assert kept.raw[0]["error"] == "refused"


def test_the_original_is_described_from_itself() -> None:
    judge, model = judge_of("<think>Hm.</think>A man in a hoodie.")
    text, _ = judge.describe(ORIGINAL)
    assert text == "A man in a hoodie."
    assert model.asked[0].images == (("original", ORIGINAL),)
    assert model.asked[0].schema is None


@pytest.mark.parametrize("said", ["I'm sorry, I can't describe people.", JudgeError("empty")])
def test_a_description_that_was_not_given_is_empty(said: Any) -> None:
    judge, _ = judge_of(said)
    assert judge.describe(ORIGINAL)[0] == ""


# --- comparison --------------------------------------------------------------------------------------------


def test_the_measured_similarity_stands_beside_the_word() -> None:
    judge, model = judge_of(
        {"differences": {"clothing": "a suit", "pose": "none"}, "analysis": "Clothes.", "similarity": "close"}
    )
    compared, _ = judge.compare(pictures(similarity=0.62), Similarity(measured=0.62))
    assert compared == Comparison(
        similarity=Similarity(measured=0.62, model="close"),
        differences=("clothing: a suit",),
        analysis="Clothes.",
    )
    assert [picture for _, picture in model.asked[0].images] == [ORIGINAL, RESULT]
    assert model.asked[0].facts["similarity"] == 0.62


@pytest.mark.parametrize("said", ["They look alike.", JudgeError("refused"), {"similarity": 0.9}])
def test_a_comparison_that_cannot_be_read_leaves_the_measured_one(said: Any) -> None:
    judge, _ = judge_of(said)
    compared, _ = judge.compare(pictures(), Similarity(measured=0.62))
    assert compared == Comparison(similarity=Similarity(measured=0.62))


# --- advice ------------------------------------------------------------------------------------------------

PROMPTS = Prompts(positive="portrait", negative="blurry")
PARAMETERS = Parameters(denoise=0.5, cfg=7.0, steps=25, sampler_name="euler", scheduler="karras")


def verdict(field: str, outcome: Any, reason: str = "Seen.") -> Verdict:
    return Verdict(
        field=field, verdict=outcome, value=None, confidence=None, reason=reason, by="ollama/scripted"
    )


def assessed(*verdicts: Verdict) -> Assessment:
    compared = Comparison(similarity=Similarity(measured=0.9, model="same"), differences=("pose: sits",))
    return Assessment(answers={"clothing": "hoodie"}, verdicts=verdicts, comparison=compared, score=0.0)


def test_prompts_are_improved_from_what_failed() -> None:
    judge, model = judge_of(
        {"reason": "Suit.", "positive": "portrait, dark suit", "negative": "blurry, hoodie"}
    )
    assessment = assessed(
        verdict("suit", "failed", "A hoodie."), verdict("face", "passed"), verdict("text", "unclear")
    )
    advice, kept = judge.improve(PROMPTS, (SUIT, FACE, NO_TEXT), assessment, ["warmer"], "A man.")
    assert advice.prompts == Prompts(positive="portrait, dark suit", negative="blurry, hoodie")
    assert advice.reason == "Suit."
    (request,) = model.asked
    assert request.images == ()
    for part in ("portrait", "blurry", "dark suit", "hoodie", "pose: sits", "A hoodie.", "warmer", "A man."):
        assert part in request.prompt
    assert [c["field"] for c in request.facts["failed"]] == ["suit"]
    assert [c["field"] for c in request.facts["passed"]] == ["face"]
    keys = {"field", "intent", "edit_strength", "must_include", "ban_terms", "avoid_terms", "reason"}
    assert keys <= set(request.facts["failed"][0])
    assert request.facts["similarity"] == 0.9
    assert len(kept.calls) == 1


def test_nothing_is_asked_when_nothing_failed() -> None:
    judge, model = judge_of()
    advice, _ = judge.improve(PROMPTS, (FACE,), assessed(verdict("face", "passed")), [])
    assert advice.prompts is None
    assert not model.asked


@pytest.mark.parametrize("said", ["Use better words.", {"positive": "x"}, JudgeError("refused")])
def test_advice_that_cannot_be_used_is_none(said: Any) -> None:
    judge, _ = judge_of(said)
    advice, kept = judge.improve(PROMPTS, (SUIT,), assessed(verdict("suit", "failed")), [])
    assert advice.prompts is None
    assert len(kept.raw) == 1


def test_parameters_are_suggested_from_the_settings_file() -> None:
    judge, model = judge_of(
        {"reason": "Stronger.", "denoise": 0.6, "cfg": 25, "steps": None, "sampler_name": "lcm"}
    )
    advice, _ = judge.suggest(
        "parameters: {denoise: 0.5}", PARAMETERS, (SUIT,), assessed(verdict("suit", "failed")), "up"
    )
    assert advice.parameters == {"denoise": 0.6, "sampler_name": "lcm"}
    (request,) = model.asked
    assert request.images == ()
    assert "parameters: {denoise: 0.5}" in request.prompt
    assert request.facts == {
        "parameters": {
            "denoise": 0.5,
            "cfg": 7.0,
            "steps": 25,
            "sampler_name": "euler",
            "scheduler": "karras",
        },
        "similarity": 0.9,
        "direction": "up",
        "failed_intents": ["change"],
    }
