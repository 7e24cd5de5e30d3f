"""The embedded judge as every other judge: the agreed shapes, honest about what it cannot see."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from tests.embedded_judge.confusion import as_shown
from tests.images import edits
from tests.images.photographs import photograph

from iterativectl.config.types import AIVis
from iterativectl.judging import schemas
from iterativectl.model import Item
from iterativectl.ports import VisionRequest
from iterativectl.vision import embedded

PACKAGE = Path(embedded.__file__).parent
ORIGINAL = photograph("pagoda")
FAILED = {
    "field": "mist",
    "intent": "change",
    "edit_strength": "high",
    "must_include": ["light fog"],
    "ban_terms": ["harsh sun"],
    "avoid_terms": [],
    "reason": "",
}


def ask(kind, items=(), result=None, original=ORIGINAL, **facts):
    model = embedded.build("embedded", AIVis(provider="embedded", model="embedded"), "embedded", {})
    shown = [("result", as_shown(ORIGINAL if result is None else result))]
    if original is not None:
        shown.insert(0, ("original", as_shown(original)))
    request = VisionRequest(
        kind=kind, prompt="rewritten by a person", items=tuple(items), images=tuple(shown), facts=facts
    )
    reply = model.ask(request)
    return reply.text if kind == "describe_image" else json.loads(reply.text)


def criterion(question, **more):
    return Item(field="it", question=question, type=more.pop("type", "boolean"), **more)


def record(question, result=None, **more):
    return ask("evaluate_criteria", [criterion(question, **more)], result)["criteria"]["it"]


def test_criteria_come_in_the_agreed_shape():
    items = [
        Item(field="fog", question="Is it foggy?", type="boolean"),
        Item(field="dog", question="Is there a dog?", type="boolean"),
        Item(field="count", question="How many towers are there?", type="integer", min=1, max=3),
        Item(field="share", question="How much of it is sky?", type="number"),
    ]
    reply = ask("evaluate_criteria", items, edits.veil(ORIGINAL))
    Draft202012Validator(schemas.criteria_schema(items)).validate(reply)
    assert reply["criteria"]["fog"]["answer"] == "yes"
    assert reply["criteria"]["dog"]["answer"] == "unclear"
    assert reply["criteria"]["count"]["answer"] is None
    assert reply["criteria"]["share"]["answer"] is None


def test_answers_come_in_the_agreed_shape():
    items = [
        Item(
            field="light",
            question="Is it brighter or darker?",
            type="string",
            enum=("brighter", "darker", "the same"),
        ),
        Item(field="time", question="Is it day or night?", type="string", enum=("day", "night")),
        Item(field="wear", question="What is the person wearing?", type="string"),
        Item(field="coat", question="Which coat?", type="string", enum=("red", "blue")),
        Item(field="people", question="How many people are there?", type="integer", min=0, max=9),
        Item(field="things", question="What can be seen?", type="array", items={"type": "string"}),
        Item(field="night", question="Is it night?", type="boolean"),
    ]
    reply = ask("ask_questions", items, edits.darker(ORIGINAL))
    Draft202012Validator(schemas.questions_schema(items)).validate(reply)
    assert reply["answers"] == {
        "light": "darker",
        "time": "night",
        "wear": "unclear",
        "coat": "unclear",
        "people": None,
        "things": None,
        "night": "yes",
    }
    assert ask("ask_questions", items[:1])["answers"]["light"] == "the same"


@pytest.mark.parametrize(
    "question",
    [
        "Is the person wearing a suit?",
        "Is there a red car in the sunset?",
        "Is her face sharp?",
        "",
        "Ist es Nacht?",
    ],
)
@pytest.mark.parametrize("most", [None, 0])
def test_what_it_cannot_see_is_unclear(question, most):
    more = {} if most is None else {"min": 0, "max": 0}
    assert record(question, edits.glow(ORIGINAL), **more)["answer"] == "unclear"


def test_faint_counts_for_nobody():
    """Half a change is neither "there is fog" nor "there is none"."""
    faint = (0.88 * ORIGINAL + 0.12 * 225).astype(np.uint8)
    assert record("Is the picture foggy?", faint)["answer"] == "no"
    assert record("Is the picture free of fog?", faint)["answer"] == "no"
    assert record("Is the picture foggy?", faint, min=0, max=0)["answer"] == "yes"


def test_a_painting_is_not_told_from_a_soft_photograph():
    soft = edits.blur(ORIGINAL)
    assert record("Is it a painting?", soft)["answer"] == "unclear"
    assert record("Is it a painting?", soft, min=0, max=0)["answer"] == "yes"
    assert record("Is it a painting?", min=0, max=0)["answer"] == "no"


def test_without_the_original_comparisons_are_unclear():
    items = [criterion("Is the picture brighter than the original?")]
    assert ask("evaluate_criteria", items, original=None)["criteria"]["it"]["answer"] == "unclear"
    items = [criterion("Are the buildings in the same place?")]
    assert ask("evaluate_criteria", items, original=None)["criteria"]["it"]["answer"] == "unclear"


def test_the_prompts_words_do_not_matter():
    """People may rewrite prompts.yaml; and a prompt may carry anything at all."""
    one = ask("evaluate_criteria", [criterion("Is it night?")], edits.darker(ORIGINAL))
    assert one["criteria"]["it"]["answer"] == "yes"
    assert one == ask("evaluate_criteria", [criterion("Is it night?")], edits.darker(ORIGINAL))


def test_a_comparison_is_in_words_and_agrees_with_the_measure():
    for similarity, word in ((0.95, "same"), (0.6, "close"), (0.1, "different")):
        reply = ask("compare_images", result=edits.glow(ORIGINAL), similarity=similarity)
        Draft202012Validator(schemas.comparison_schema()).validate(reply)
        assert reply["similarity"] == word


def test_a_description_says_that_it_is_measured():
    text = ask("describe_image", original=None)
    assert text.startswith("Measured, not seen") and "brightness" in text


def test_prompts_follow_the_failed_tags():
    facts = {"positive": "an old pagoda", "negative": "", "failed": [FAILED], "passed": [], "similarity": 0.9}
    reply = ask("improve_prompts", **facts, notes=[])
    Draft202012Validator(schemas.prompts_schema()).validate(reply)
    assert reply["positive"] == "an old pagoda, light fog"
    assert reply["negative"] == "harsh sun"
    again = ask(
        "improve_prompts", **{**facts, **{key: reply[key] for key in ("positive", "negative")}}, notes=[]
    )
    assert (again["positive"], again["negative"]) == (reply["positive"], reply["negative"])


@pytest.mark.parametrize(("direction", "similarity"), [("up", 1.0), ("up", 0.86), ("down", 0.2)])
@pytest.mark.parametrize("denoise", [0.05, 0.5, 1.0])
def test_parameters_follow_the_direction_within_bounds(direction, similarity, denoise):
    parameters = {"denoise": denoise, "cfg": 7.0, "steps": 20, "sampler_name": "euler", "scheduler": "normal"}
    reply = ask(
        "suggest_parameters",
        parameters=parameters,
        similarity=similarity,
        direction=direction,
        failed_intents=["change"],
    )
    Draft202012Validator(schemas.parameters_schema()).validate(reply)
    assert 0.05 <= reply["denoise"] <= 1.0
    assert reply["denoise"] >= denoise if direction == "up" else reply["denoise"] <= denoise
    assert abs(reply["denoise"] - denoise) <= 0.25


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (300, 2), (30, 40)])
def test_the_smallest_pictures_are_answered(size):
    tiny = np.full((*size, 3), 128, np.uint8)
    questions = ["Is it night?", "Is the picture foggy?", "Is the picture sharp?", "Is there a vignette?"]
    questions += [
        "Are the trees in the same place?",
        "Is the sky a sunset?",
        "Is it autumn?",
        "Is there snow?",
    ]
    items = [Item(field=f"q{n}", question=text, type="boolean") for n, text in enumerate(questions)]
    for original in (tiny, ORIGINAL):
        reply = ask("evaluate_criteria", items, tiny, original)
        Draft202012Validator(schemas.criteria_schema(items)).validate(reply)


def test_it_says_what_it_is():
    model = embedded.build("embedded", AIVis(provider="embedded", model="embedded"), "embedded", {})
    [finding] = model.check()
    assert "measurements" in finding.what and "cannot see" in finding.why
    assert (model.name, model.model) == ("embedded", "measurements")


def test_it_knows_nothing_of_the_painter():
    """No import of it, and none of its modules under another name."""
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if "generation" in name], path.name
