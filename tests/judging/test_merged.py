"""Questions, criteria and comparison in one request: what is asked, what is read, what is asked again alone.

Golden replies are in tests/cases/merged; adding a case is adding a file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.judging.corpus import Case, load, unwrap
from tests.judging.scripted import judge_of, pictures, record

from iterativectl.config.types import Criterion, Measure, Question
from iterativectl.errors import JudgeError
from iterativectl.judging import merged, replies
from iterativectl.judging.judge import Judge, Record
from iterativectl.model import Comparison, Similarity, Value, Verdict
from iterativectl.ports import Reply, Usage
from iterativectl.vision.strict_schema import strict

CASES = sorted((Path(__file__).parents[1] / "cases" / "merged").glob("*.json"))
QUESTIONS = (
    Question(field="clothing", question="What is worn?"),
    Question(field="suit", question="Which colour has the suit?"),  # named as a criterion is
)
SUIT = Criterion(field="suit", question="Is it a suit?")
FACE = Criterion(field="face", question="Is it the same face?", intent="preserve")
ALIKE = Criterion(field="alike", measure=Measure(metric="similarity", min=0.9))
DEPENDENT = Criterion(field="tie", question="Is there a tie?", depends_on=("alike",))
ITEMS = [question.item() for question in QUESTIONS]
CRITERIA = [SUIT.item(), FACE.item()]
SIMILARITY = Similarity(measured=0.6)
COMPARED = {"differences": {"clothing": "a suit"}, "analysis": "The clothes.", "similarity": "close"}
WHOLE = {
    "answers": {"clothing": "a suit", "suit": "dark"},
    "criteria": {"suit": record("yes"), "face": record("no")},
    "critique": [{"what": "seam", "mode": "artifact", "severity": "clear", "fault": "picture", "box": None}],
    "comparison": COMPARED,
}


def all_of(judge: Judge) -> tuple[dict[str, Value], tuple[Verdict, ...], Comparison, Record]:
    """The three steps as a run takes them."""
    record = judge.at_once(QUESTIONS, (SUIT, FACE), pictures(), SIMILARITY)
    said = merged.said(record.raw)
    answers, first = judge.answers(QUESTIONS, pictures(), said)
    verdicts, second = judge.verdicts((SUIT, FACE), pictures(), answers, said=said)
    comparison, third = judge.compare(pictures(), SIMILARITY, said)
    return answers, verdicts, comparison, Record.joined(record, first, second, third)


def reply(text: str, finish: str = "stop") -> Reply:
    return Reply(text=text, usage=Usage(), seconds=0, served_by="", provider="p", model="m", finish=finish)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text())
    text, finish, expected = case["reply"], case["finish"], case["expect"]
    answers = replies.read_answers(text, ITEMS, finish, alone=True)
    criteria = replies.read_criteria(text, CRITERIA, finish, alone=True)
    compared = replies.read_comparison(text, finish, alone=True)
    assert {item.field: answers.values.get(item.field) for item in ITEMS} == expected["answers"]
    assert {item.field: criteria.values.get(item.field) for item in CRITERIA} == expected["criteria"]
    word = None if compared.failure else compared.similarity or "unclear"
    assert word == expected["comparison"]


def test_there_is_a_case_for_every_part_that_can_be_missing() -> None:
    expected = [json.loads(path.read_text())["expect"] for path in CASES]
    for part in ("answers", "criteria"):
        assert any(not any(value is not None for value in e[part].values()) for e in expected)
        assert any(all(value is not None for value in e[part].values()) for e in expected)
    assert {None, "close", "unclear"} == {e["comparison"] for e in expected}
    assert len(CASES) > 30


@pytest.mark.parametrize(("name", "taken"), [("only_criteria", "yes"), ("flat", "yes")])
def test_a_reader_that_looks_everywhere_is_caught(name: str, taken: str) -> None:
    """The planted bug: without `alone` a question takes the answer of the criterion of the same name."""
    case = json.loads((CASES[0].parent / f"{name}.json").read_text())
    assert replies.read_answers(case["reply"], ITEMS, case["finish"]).values["suit"] == taken
    assert not replies.read_answers(case["reply"], ITEMS, case["finish"], alone=True).values


@pytest.mark.parametrize(
    "case", [case for case in load() if case.data["kind"] in ("questions", "criteria")], ids=str
)
def test_the_corpus_of_bad_replies_holds_for_parts_as_well(case: Case) -> None:
    """Read as a part of something larger, a bad reply gives what it gives by itself, or nothing."""
    text, finish = unwrap(case)
    read = replies.read_answers if case.data["kind"] == "questions" else replies.read_criteria
    alone = read(text, case.items, finish, alone=True)
    found = json.loads(json.dumps(alone.values))
    assert all(case.data["expect"]["values"][name] == value for name, value in found.items())
    assert set(alone.values) | set(alone.unclear) == {item.field for item in case.items}


def test_one_request_holds_it_all_in_this_order() -> None:
    judge, model = judge_of(WHOLE)
    answers, verdicts, comparison, kept = all_of(judge)
    (request,) = model.asked
    assert request.schema is not None
    assert list(request.schema["properties"]) == ["answers", "criteria", "critique", "comparison"]
    assert list(request.schema["properties"]["comparison"]["properties"])[-1] == "similarity"
    assert strict(request.schema) == request.schema
    assert [item.field for item in request.items] == ["clothing", "suit", "suit", "face"]
    for part in ('"answers"', '"criteria"', '"critique"', '"comparison"', QUESTIONS[1].question):
        assert part in request.prompt
    assert answers == {"clothing": "a suit", "suit": "dark"}
    assert [verdict.verdict for verdict in verdicts] == ["passed", "failed"]
    assert (comparison.similarity.model, comparison.differences) == ("close", ("clothing: a suit",))
    assert [flaw.mode for flaw in kept.critique] == ["artifact"]
    assert len(kept.calls) == 1, "one call, counted once"


def test_what_is_on_record_is_the_reply_once_and_how_each_part_was_read() -> None:
    judge, _ = judge_of(WHOLE)
    raw = all_of(judge)[3].raw
    assert [entry["purpose"] for entry in raw] == ["judge_at_once"] * 4
    assert [entry.get("part") for entry in raw] == [None, "answers", "criteria", "comparison"]
    assert ["text" in entry for entry in raw] == [True, False, False, False]
    assert [entry["parse"] for entry in raw[1:]] == ["strict"] * 3


@pytest.mark.parametrize(
    ("missing", "asked"),
    [
        (("answers",), ["ask_questions"]),
        (("criteria",), ["evaluate_criteria"]),
        (("comparison",), ["compare_images"]),
        (("answers", "comparison"), ["ask_questions", "compare_images"]),
    ],
)
def test_a_part_that_is_missing_is_asked_for_alone_and_once(
    missing: tuple[str, ...], asked: list[str]
) -> None:
    said = {name: part for name, part in WHOLE.items() if name not in missing}
    singly = {"ask_questions": {"answers": WHOLE["answers"]}, "evaluate_criteria": WHOLE}
    again = [singly.get(kind, COMPARED) for kind in asked]
    judge, model = judge_of(said, *again)
    answers, verdicts, comparison, kept = all_of(judge)
    assert [request.kind for request in model.asked] == ["judge_at_once", *asked]
    assert answers["clothing"] == "a suit" and comparison.similarity.model == "close"
    assert [verdict.verdict for verdict in verdicts] == ["passed", "failed"]
    assert len(kept.calls) == 1 + len(asked)


def test_only_what_is_unreadable_in_a_part_is_asked_again() -> None:
    said = {**WHOLE, "criteria": {"suit": record("yes"), "face": record("perhaps")}}
    judge, model = judge_of(said, {"criteria": {"face": record("yes")}})
    _, verdicts, _, _ = all_of(judge)
    assert [verdict.verdict for verdict in verdicts] == ["passed", "passed"]
    assert [item.field for item in model.asked[1].items] == ["face"]
    assert model.asked[1].sample == 1


def test_a_judge_that_cannot_tell_is_not_pressed() -> None:
    said = {**WHOLE, "criteria": {"suit": record("unclear"), "face": record("no")}}
    judge, model = judge_of(said)
    assert [v.verdict for v in all_of(judge)[1]] == ["unclear", "failed"]
    assert len(model.asked) == 1


def test_a_reply_that_is_none_is_asked_for_in_three_and_no_more() -> None:
    judge, model = judge_of("I cannot help.", *(["I cannot help."] * 3))
    answers, verdicts, comparison, _ = all_of(judge)
    assert set(answers.values()) == {None} and {v.verdict for v in verdicts} == {"unclear"}
    assert comparison.similarity.model is None
    kinds = ["judge_at_once", "ask_questions", "evaluate_criteria", "compare_images"]
    assert [request.kind for request in model.asked] == kinds


def test_a_request_that_fails_leaves_three() -> None:
    singly = [{"answers": WHOLE["answers"]}, {"criteria": WHOLE["criteria"]}, COMPARED]
    judge, model = judge_of(JudgeError("cut at the token limit"), *singly)
    answers, verdicts, comparison, kept = all_of(judge)
    assert answers["suit"] == "dark" and verdicts[0].verdict == "passed"
    assert comparison.analysis == "The clothes."
    assert kept.raw[0]["error"] == "cut at the token limit"
    assert [request.sample for request in model.asked] == [0, 0, 0, 0]


def test_what_pixels_decide_is_not_in_it() -> None:
    judge, model = judge_of({"criteria": {"suit": record("yes")}, "comparison": COMPARED})
    judge.at_once((), (SUIT, ALIKE, DEPENDENT), pictures(similarity=0.2), SIMILARITY)
    (request,) = model.asked
    assert [item.field for item in request.items] == ["suit"]
    assert request.schema is not None and list(request.schema["properties"]) == [
        "criteria",
        "critique",
        "comparison",
    ]


def test_nothing_is_sent_where_only_the_comparison_is_left() -> None:
    judge, model = judge_of()
    assert judge.at_once((), (ALIKE,), pictures(similarity=0.2), SIMILARITY) == Record()
    assert not model.asked


@pytest.mark.parametrize(
    "raw",
    [
        [],
        [{"purpose": "judge_at_once", "text": None, "error": "x"}],
        [{"purpose": "judge_at_once", "part": "criteria"}],
        [{"purpose": "ask_questions", "text": "{}"}],
    ],
)
def test_where_there_is_no_such_reply_none_is_found(raw: list[dict[str, Any]]) -> None:
    assert merged.said(raw) is None


def test_who_said_it_is_known_from_the_record() -> None:
    raw = [
        {"purpose": "judge_at_once", "text": "{}", "by": "openrouter/qwen/qwen-2.5-vl", "finish": "length"}
    ]
    said = merged.said(raw)
    assert said is not None
    assert (said.provider, said.model, said.finish) == ("openrouter", "qwen/qwen-2.5-vl", "length")


def test_with_votes_it_gives_the_first() -> None:
    judge, model = judge_of(
        {**WHOLE, "criteria": {"suit": record("yes"), "face": record("yes")}},
        {"criteria": {"suit": record("yes"), "face": record("yes")}},
    )
    voting = Judge(ask=judge.ask, templates=judge.templates, votes=3)
    verdicts = all_of(voting)[1]
    assert [verdict.verdict for verdict in verdicts] == ["passed", "passed"]
    assert [(request.kind, request.sample) for request in model.asked] == [
        ("judge_at_once", 0),
        ("evaluate_criteria", 1),
    ]
    assert verdicts[0].confidence == 1.0


def test_reply_helper_reads_as_the_real_one() -> None:
    asked = merged.taken(reply(json.dumps(WHOLE)), "criteria")
    assert asked.alone and asked.by == "p/m" and asked.record.calls == ()
