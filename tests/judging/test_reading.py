"""Reading what the corpus cannot hold in a provider's answer, and the pieces below it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from iterativectl.judging import replies, schemas
from iterativectl.judging.finding import without_thoughts
from iterativectl.judging.jsontext import close_cut, depth, spans
from iterativectl.judging.mending import quote_loose, repair
from iterativectl.model import Item

ITEMS = (
    Item(field="suit", question="?", type="boolean"),
    Item(field="people", question="?", type="integer", min=0, max=10),
    Item(field="light", question="?", type="number"),
    Item(field="mood", question="?", type="string"),
    Item(field="style", question="?", type="string", enum=("casual", "formal")),
    Item(field="stars", question="?", type="integer", enum=(1, 2, 3)),
    Item(field="tones", question="?", type="array", items={"type": "string", "enum": ["red", "blue"]}),
)
ANSWERS: dict[str, Any] = {
    "suit": "yes",
    "people": 3,
    "light": 0.5,
    "mood": "calm",
    "style": "formal",
    "stars": 2,
    "tones": ["red"],
}


def test_an_answer_by_the_schema_is_read_whole() -> None:
    reply = {"answers": ANSWERS}
    jsonschema.validate(reply, schemas.questions_schema(ITEMS))
    reading = replies.read_answers(json.dumps(reply), ITEMS)
    assert reading.values == {**ANSWERS, "suit": True, "tones": ("red",)}
    assert reading.parse == "strict"


def test_the_schema_lets_a_judge_say_that_it_cannot_tell() -> None:
    reply = {"answers": {**dict.fromkeys(ANSWERS), "suit": "unclear", "mood": "unclear", "style": "unclear"}}
    jsonschema.validate(reply, schemas.questions_schema(ITEMS))
    assert replies.read_answers(json.dumps(reply), ITEMS).declined == set(ANSWERS)


def test_criteria_are_not_held_to_their_passing_range() -> None:
    reply = {"criteria": {"people": {"reason": "A crowd.", "answer": 40, "confidence": "medium"}}}
    jsonschema.validate(reply, schemas.criteria_schema(ITEMS[1:2]))
    reading = replies.read_criteria(json.dumps(reply), ITEMS[1:2])
    assert reading.values == {"people": 40}
    assert reading.confidence == {"people": 0.6}


@pytest.mark.parametrize(
    "schema",
    [
        schemas.questions_schema(ITEMS),
        schemas.criteria_schema(ITEMS),
        schemas.comparison_schema(),
        schemas.prompts_schema(),
        schemas.parameters_schema(),
    ],
)
def test_schemas_are_such_that_strict_modes_take_them(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    allowed = {"type", "properties", "required", "additionalProperties", "enum", "items"}
    for part in _parts(schema):
        assert set(part) <= allowed
        if part["type"] == "object":
            assert part["required"] == list(part["properties"])
            assert part["additionalProperties"] is False


def _parts(schema: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return [schema, *(part for child in inner for part in _parts(child))]


@pytest.mark.parametrize("read", [replies.read_answers, replies.read_criteria])
def test_a_shape_sent_back_unfilled_answers_nothing(read: Any) -> None:
    make = schemas.questions_schema if read is replies.read_answers else schemas.criteria_schema
    reading = read(schemas.sketch(make(ITEMS)), ITEMS)
    assert not reading.values


def test_a_shape_of_advice_sent_back_is_no_advice() -> None:
    assert replies.read_prompts(schemas.sketch(schemas.prompts_schema())).prompts is None
    assert replies.read_parameters(schemas.sketch(schemas.parameters_schema())).parameters is None
    assert replies.read_comparison(schemas.sketch(schemas.comparison_schema())).similarity is None


def test_a_whole_reply_as_a_json_string() -> None:
    text = json.dumps(json.dumps({"answers": {"mood": "calm"}}))
    assert replies.read_answers(text, ITEMS[3:4]).values == {"mood": "calm"}


@pytest.mark.row("2/20")
def test_many_digits_in_broken_json() -> None:
    text = f'{{"answers": {{"people": {"7" * 5000}, "mood": "calm",}}}}'
    assert replies.read_answers(text, (ITEMS[1], ITEMS[3])).values == {"mood": "calm"}


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("  A man in a hoodie\nbefore a wall. ", "A man in a hoodie before a wall."),
        ("<think>What is it?</think>A red door.", "A red door."),
        ("```\nA red door.\n```", "A red door."),
        ("I'm sorry, but I can't describe people.", ""),
        ("", ""),
        ("A door. " + "It is red. " * 40 + "I cannot see more.", None),
    ],
)
def test_descriptions(text: str, description: str | None) -> None:
    wanted = " ".join(text.split()) if description is None else description
    assert replies.read_description(text) == wanted


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<think>a</think>b", "b"),
        ("a</think>b", "b"),
        ("b<think>a", "b"),
        ("b<think>a</think>c<thought>d</thought>", "bc"),
        ("<think><think>a</think>b", "b"),
        ("x <thinker> y", "x <thinker> y"),
    ],
)
def test_thoughts(text: str, rest: str) -> None:
    assert without_thoughts(text) == rest


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ('{"a": 1} and {"b": 2}', ["good", "good"]),
        ("{prose} {'a': 1}", ["broken", "broken"]),
        ('{ prose without an end, {"a": 1}', ["good"]),
        ('{"a": {"b": 1}, ', ["cut"]),
        ('{"a": {"b": 1},,} {"c": 1', ["broken", "cut"]),
        ('[{"a": 1}, {"a": 2}]', ["good"]),
        ('{"a": "}"} }', ["good"]),
        ("none at all", []),
    ],
)
def test_spans(text: str, states: list[str]) -> None:
    assert [span.state for span in spans(text)] == states


def test_a_part_of_a_cut_object_is_not_offered() -> None:
    found = spans('{"answers": {"suit": {"answer": "yes"}, "tie": {"answer": "n')
    assert [span.value for span in found] == [None]


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ('{"a": 1, "b": 2', '{"a": 1}'),
        ('{"a": 1, "b": {"c": 2', '{"a": 1, "b": {}}'),
        ('{"a": 1, "b": {"c": 2}', '{"a": 1, "b": {"c": 2}}'),
        ('{"a": 1, "b": [1, 2', '{"a": 1}'),
        ('{"a": 1, "b": [{"c": 2}, {"c"', '{"a": 1}'),
        ('{"a": "x, y', "{}"),
        ("[1, 2", ""),
    ],
)
def test_a_cut_is_taken_back_to_the_last_whole_value(text: str, closed: str) -> None:
    assert close_cut(text) == closed


def test_depth_is_an_upper_bound() -> None:
    assert depth('{"a": [[1]]}') == 3
    assert depth("]]]{") == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 8 out of 10}', "8 out of 10"),
        ('{"a": "7" of 10}', '"7" of 10'),
        ("{'a': '7' of 10}", "'7' of 10"),
        ('{"a": 12:30}', "12:30"),
        ('{"a": 8\n out of 10}', "8\n out of 10"),
        ('{"a": "yes" or "no"}', '"yes" or "no"'),
        ('{"a": 07}', "07"),
        ('{"a": 7%}', "7%"),
        ('{"a": 1e999}', "1e999"),
        ('{"a": True}', True),
        ('{"a": 7 // of 10\n}', 7),
        ("{a: -1.5}", -1.5),
        ('{"a": “yes”}', "yes"),
    ],
)
def test_mending_does_not_choose_a_part_of_a_value(text: str, value: Any) -> None:
    mended = repair(text)
    assert mended == {"a": value}
    assert type(mended["a"]) is type(value)


def test_mending_leaves_what_is_certain() -> None:
    text = '{"a": true, "b": [1, -2.5, "x"], "c": null, "d": {"e": \'f\'}}'
    assert quote_loose(text) == text
