"""A judge that asks again: what it asks about, what becomes of the votes, and when it stops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.judging.scripted import ScriptedModel, judge_of, pictures, record

from iterativectl.config.types import Criterion, Measure
from iterativectl.errors import JudgeError, JudgeUnavailable, LimitReached
from iterativectl.judging.judge import Judge, Stakes
from iterativectl.model import Verdict

SUIT = Criterion(field="suit", question="Is it a suit?")
TIE = Criterion(field="tie", question="Is there a tie?", depends_on=("suit",))
FACE = Criterion(field="face", question="Is it the same face?", intent="preserve")
PEOPLE = Criterion(field="people", question="How many people are there?", type="integer", min=1, max=2)
LARGE = Criterion(field="large", measure=Measure(metric="size", min=1))
BY = "ollama/scripted"


def said(reason: str = "Seen.", **answers: Any) -> dict[str, Any]:
    return {"criteria": {name: record(answer, reason) for name, answer in answers.items()}}


def voting(limit: int, *script: Any, **more: Any) -> tuple[Judge, ScriptedModel]:
    judge, model = judge_of(*script)
    return replace(judge, votes=limit, **more), model


def words(verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    return {verdict.field: verdict.verdict for verdict in verdicts}


def asked_about(model: ScriptedModel) -> list[list[str]]:
    return [[item.field for item in request.items] for request in model.asked]


# --- confirming ---------------------------------------------------------------------------------------------


def test_a_candidate_is_confirmed_in_one_request() -> None:
    judge, model = voting(5, said(suit="yes", face="yes"), said("Again.", suit="yes", face="yes"))
    verdicts, kept = judge.verdicts((SUIT, FACE), pictures(), {})
    assert words(verdicts) == {"suit": "passed", "face": "passed"}
    assert verdicts[0] == Verdict(
        field="suit", verdict="passed", value=True, confidence=1.0, reason="Again.", by=BY
    )
    assert [request.sample for request in model.asked] == [0, 1]
    assert len(kept.raw) == len(kept.calls) == 2
    assert [(vote.field, vote.sample, vote.value) for vote in kept.votes] == [
        ("suit", 0, True),
        ("face", 0, True),
        ("face", 1, True),
        ("suit", 1, True),
    ]


def test_every_other_request_asks_in_reversed_order() -> None:
    """A place in the list that makes a model err should not do so every time."""
    judge, model = voting(5, said(suit="yes", face="no"), *[said(suit="yes", face="yes")] * 3)
    judge.verdicts((SUIT, FACE), pictures(), {})
    assert asked_about(model) == [["suit", "face"], ["face", "suit"], ["suit", "face"], ["face"]]
    assert len({request.prompt for request in model.asked[:2]}) == 2


def test_a_picture_that_fails_by_far_has_one_vote() -> None:
    judge, model = voting(5, said(suit="no", face="no"))
    verdicts, _ = judge.verdicts((SUIT, FACE), pictures(), {})
    assert words(verdicts) == {"suit": "failed", "face": "failed"}
    assert verdicts[0].confidence == 0.9, "the judge's own word"
    assert len(model.asked) == 1


def test_with_one_vote_nothing_is_confirmed() -> None:
    judge, model = voting(1, said(suit="yes", face="yes"))
    verdicts, kept = judge.verdicts((SUIT, FACE), pictures(), {})
    assert words(verdicts) == {"suit": "passed", "face": "passed"}
    assert len(model.asked) == 1 and len(kept.votes) == 2


def test_a_second_look_that_finds_a_fault_twice() -> None:
    judge, _ = voting(3, said(suit="yes", face="yes"), *[said("Other eyes.", suit="yes", face="no")] * 2)
    verdicts, _ = judge.verdicts((SUIT, FACE), pictures(), {})
    assert words(verdicts) == {"suit": "passed", "face": "failed"}
    assert (verdicts[1].confidence, verdicts[1].reason) == (0.6667, "Other eyes.")


def test_what_stays_unconfirmed_is_unclear_and_says_why() -> None:
    answers = [said(suit="yes", face="yes"), said(suit="no", face="no"), said(suit="yes", face="yes")]
    judge, _ = voting(3, *answers)
    verdicts, _ = judge.verdicts((SUIT, FACE), pictures(), {})
    assert words(verdicts) == {"suit": "unclear", "face": "unclear"}
    assert verdicts[0].reason == "the judge does not agree with itself: 1 of 2 answers are for it"
    assert verdicts[0].confidence == 0.5 and verdicts[0].value is None


def test_numbers_vote_by_what_follows_from_them() -> None:
    """Two different numbers inside the range are two votes for it."""
    judge, _ = voting(5, said(people=1), said(people=2))
    (verdict,), _ = judge.verdicts((PEOPLE,), pictures(), {})
    assert (verdict.verdict, verdict.value, verdict.confidence) == ("passed", 2, 1.0)


def test_what_is_measured_has_no_votes_and_can_spoil_all() -> None:
    judge, model = voting(5, said(suit="yes"))
    verdicts, kept = judge.verdicts((SUIT, LARGE), pictures(size=0.5), {})
    assert words(verdicts) == {"suit": "passed", "large": "failed"}
    assert len(model.asked) == 1 and {vote.field for vote in kept.votes} == {"suit"}


def test_a_parent_that_fails_twice_takes_its_child_with_it() -> None:
    judge, model = voting(5, *[said(suit="no", tie="yes")] * 2)
    verdicts, _ = judge.verdicts((SUIT, TIE), pictures(), {})
    assert [(v.verdict, v.by) for v in verdicts] == [("failed", BY), ("failed", "depends_on:suit")]
    assert len(model.asked) == 2, "it might have been one mistake"


# --- what had passed ----------------------------------------------------------------------------------------


def test_what_had_passed_and_fails_is_asked_again() -> None:
    stakes = Stakes(stood={"face": BY})
    judge, model = voting(3, said(suit="no", tie="no", face="no"), said("A slip.", face="yes"))
    verdicts, _ = judge.verdicts((SUIT, TIE, FACE), pictures(), {}, stakes)
    assert asked_about(model) == [["suit", "tie", "face"], ["face"]]
    assert (verdicts[2].verdict, verdicts[2].confidence) == ("unclear", 0.5), "it counts for neither"


@pytest.mark.parametrize(
    ("limit", "stakes"),
    [(1, Stakes(stood={"face": BY})), (3, Stakes()), (3, Stakes(stood={"face": "openrouter/other"}))],
    ids=["single votes", "it had not passed", "another judge said so"],
)
def test_otherwise_it_is_not(limit: int, stakes: Stakes) -> None:
    judge, model = voting(limit, said(suit="no", tie="no", face="no"))
    verdicts, _ = judge.verdicts((SUIT, TIE, FACE), pictures(), {}, stakes)
    assert verdicts[2].verdict == "failed" and len(model.asked) == 1


# --- judges that say the same again, and requests that fail -------------------------------------------------


def test_a_steady_judge_is_asked_once() -> None:
    judge, model = voting(5, said(suit="yes", face="yes"), steady=frozenset({"ollama"}))
    verdicts, _ = judge.verdicts((SUIT, FACE), pictures(), {}, Stakes(stood={"face": BY}))
    assert words(verdicts) == {"suit": "passed", "face": "passed"}
    assert len(model.asked) == 1 and verdicts[0].confidence == 0.9


def test_a_request_that_fails_confirms_nothing() -> None:
    judge, model = voting(5, said(suit="yes", face="yes"), JudgeError("refused"))
    verdicts, kept = judge.verdicts((SUIT, FACE), pictures(), {})
    assert words(verdicts) == {"suit": "unclear", "face": "unclear"}
    assert verdicts[0].reason == "not confirmed: 1 of 2 answers are for it"
    assert len(model.asked) == 2 and kept.raw[1]["error"] == "refused"


def test_a_judge_that_goes_away_while_confirming_passes_through() -> None:
    judge, _ = voting(5, said(suit="yes"), JudgeUnavailable("gone"))
    with pytest.raises(JudgeUnavailable, match="gone"):
        judge.verdicts((SUIT,), pictures(), {})


def test_a_limit_says_what_it_left_open() -> None:
    limit = LimitReached("the limit of 1 requests is reached", "Raise it.")
    judge, _ = voting(5, said(suit="yes"), limit)
    with pytest.raises(LimitReached, match="not confirmed: it is not accepted") as caught:
        judge.verdicts((SUIT,), pictures(), {})
    assert caught.value.message.startswith(limit.message) and caught.value.hint == "Raise it."


def test_a_limit_before_the_first_answer_says_no_more_than_that() -> None:
    judge, _ = voting(5, LimitReached("the limit of 1 requests is reached"))
    with pytest.raises(LimitReached) as caught:
        judge.verdicts((SUIT,), pictures(), {})
    assert "confirmed" not in caught.value.message


# --- contradictions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 3])
def test_an_answer_that_contradicts_its_reason_is_asked_again(limit: int) -> None:
    """Also with single votes: it is no vote, like one that cannot be read."""
    first = said("No, a grey hoodie.", suit="yes", tie="no", face="no")
    judge, model = voting(limit, first, said(suit="no"))
    verdicts, kept = judge.verdicts((SUIT, TIE, FACE), pictures(), {})
    assert asked_about(model) == [["suit", "tie", "face"], ["suit"]]
    assert (verdicts[0].verdict, verdicts[0].reason) == ("failed", "Seen.")
    assert (kept.votes[0].value, kept.votes[0].verdict) == (True, "unclear")
    assert kept.votes[0].reason == "the answer contradicts itself: the reason says no"


def test_twice_is_unclear_and_not_asked_a_third_time() -> None:
    judge, model = voting(1, *[said("No, a grey hoodie.", suit="yes", face="no")] * 2)
    verdicts, _ = judge.verdicts((SUIT, FACE), pictures(), {})
    assert (verdicts[0].verdict, verdicts[0].value, verdicts[0].confidence) == ("unclear", None, None)
    assert "contradicts itself" in verdicts[0].reason
    assert len(model.asked) == 2


def test_an_answer_against_what_was_answered_before() -> None:
    stakes = Stakes(noted={SUIT.question: False})
    judge, model = voting(1, said(suit="yes"), said(suit="yes"))
    (verdict,), _ = judge.verdicts((SUIT,), pictures(), {"is_suit": False}, stakes)
    assert len(model.asked) == 2
    assert verdict.verdict == "passed", "it has looked again and says the same"


def test_a_steady_judge_is_never_doubted() -> None:
    judge, model = voting(1, said("No, a hoodie.", suit="yes"), steady=frozenset({"ollama"}))
    (verdict,), _ = judge.verdicts((SUIT,), pictures(), {}, Stakes(noted={SUIT.question: False}))
    assert verdict.verdict == "passed" and len(model.asked) == 1
