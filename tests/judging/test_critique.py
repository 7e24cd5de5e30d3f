"""What is wrong with a picture: golden replies in tests/cases/critique. Adding a case is adding a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.judging.corpus import load, unwrap
from tests.judging.scripted import judge_of, pictures, record

from iterativectl.config.types import Criterion
from iterativectl.judging import critique, schemas, wording
from iterativectl.judging.conventions import OTHERS
from iterativectl.model import Assessment, Comparison, Fault, Flaw, Prompts, Similarity
from iterativectl.project import records
from iterativectl.vision.strict_schema import strict

CASES = sorted((Path(__file__).parents[1] / "cases" / "critique").glob("*.json"))
SIZE = (800, 600)
SUIT = Criterion(field="suit", question="Is it a suit?")
FINGERS = {"what": "six fingers", "mode": "anatomical_errors", "severity": "severe", "fault": "picture"}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text())
    asked = critique.asked_for(case.get("asked", "somebody"), SIZE, SIZE)
    reading = critique.read_critique(
        case["reply"], case.get("finish", "stop"), asked, case.get("answered", "")
    )
    expected = case["expect"]
    assert records.to_json(reading.flaws) == expected["flaws"]
    assert list(reading.left_out) == expected["left_out"]


def test_every_mode_fault_and_severity_has_a_case() -> None:
    flaws = [flaw for path in CASES for flaw in json.loads(path.read_text())["expect"]["flaws"]]
    assert {flaw["severity"] for flaw in flaws} == {1, 2, 3, None}
    assert {"prompt", "picture", None} <= {flaw["fault"] for flaw in flaws}
    assert len(CASES) > 45


@pytest.mark.parametrize("mode", critique.MODES)
def test_every_mode_is_read_asked_for_and_in_the_schema(mode: str) -> None:
    assert critique.read_flaws([{"mode": mode}]).flaws == (Flaw(mode=mode),)
    assert f"- {mode}: " in critique.modes_in_words()
    assert mode in critique.schema(OTHERS)["items"]["properties"]["mode"]["enum"]


@pytest.mark.parametrize("fault", get_args(Fault))
def test_every_fault_is_read_and_asked_for(fault: Fault) -> None:
    assert critique.read_flaws([{"mode": "lighting", "fault": fault}]).flaws[0].fault == fault
    assert f'- "{fault}": ' in critique.faults_in_words()


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=5)
            | st.dictionaries(
                st.sampled_from(["mode", "what", "severity", "fault", "box", "bbox_2d", "lighting", "x1"]),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_whatever_stands_there_is_read_without_an_error(raw: Any) -> None:
    for flaw in critique.read_flaws(raw, critique.asked_for("qwen2.5vl", SIZE, SIZE)).flaws:
        assert flaw.mode in critique.MODES and flaw.severity in (None, 1, 2, 3)
        if flaw.box is not None:
            x, y, width, height = flaw.box
            assert 0 <= x and 0 <= y and x + width <= SIZE[0] and y + height <= SIZE[1]
            assert width > 0 and height > 0


def test_no_reply_of_the_corpus_has_a_critique() -> None:
    """None of them was asked for one: what is found there would be made up."""
    for case in load():
        text, finish = unwrap(case)
        assert critique.read_critique(text, finish).flaws == (), case


def test_a_reply_may_be_read_with_and_without_one() -> None:
    said = {"criteria": {"suit": record("yes")}}
    with_one, without = ({**said, "critique": [FINGERS]}, said)
    for reply, count in ((with_one, 1), (without, 0)):
        judge, _ = judge_of(reply)
        (verdict,), kept = judge.verdicts((SUIT,), pictures(), {})
        assert verdict.verdict == "passed" and len(kept.critique) == count


def test_it_is_asked_for_in_the_first_asking_only() -> None:
    judge, model = judge_of({"criteria": {"suit": record("perhaps")}}, {"criteria": {"suit": record("yes")}})
    judge.verdicts((SUIT,), pictures(), {})
    first, second = model.asked
    assert first.schema is not None and second.schema is not None
    assert list(first.schema["properties"]) == ["criteria", "critique"]
    assert list(second.schema["properties"]) == ["criteria"]
    assert "anatomical_errors" in first.prompt and "anatomical_errors" not in second.prompt
    assert (first.max_tokens or 0) > 2048 and second.max_tokens is None


def test_what_is_not_read_of_it_is_noted_beside_the_reply() -> None:
    judge, _ = judge_of({"criteria": {"suit": record("yes")}, "critique": [{"mode": "ugly"}]})
    _, kept = judge.verdicts((SUIT,), pictures(), {})
    assert kept.raw[0]["left_out"] == ["'ugly' is no failure mode"]


def test_its_schema_is_fit_for_strict_modes() -> None:
    schema = schemas.criteria_schema([SUIT.item()], critique.schema(OTHERS))
    assert strict(schema) == schema
    assert list(schema["properties"]["critique"]["items"]["properties"])[0] == "what", "looked at first"


def test_the_improver_is_shown_it_the_worst_first() -> None:
    judge, model = judge_of({"reason": "r", "positive": "p", "negative": "n"})
    flaws = (Flaw(mode="lighting", severity=1, what="two suns"), Flaw(mode="artifact", severity=3))
    (verdict,), _ = judge_of({"criteria": {"suit": record("no")}})[0].verdicts((SUIT,), pictures(), {})
    assessment = Assessment(
        answers={},
        verdicts=(verdict,),
        comparison=Comparison(similarity=Similarity(measured=0.5)),
        score=0,
        critique=flaws,
    )
    judge.improve(Prompts(positive="p", negative="n"), (SUIT,), assessment, ())
    prompt = model.asked[0].prompt
    assert prompt.index("artifact, severe") < prompt.index("lighting, slight: two suns")
    assert model.asked[0].facts["critique"] == ["lighting", "artifact"]
    assert wording.critique(()) == "(none)"
