"""strict(): what strict modes ask of a schema, for ours and for any other."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from iterativectl.judging import schemas
from iterativectl.model import Item
from iterativectl.vision.strict_schema import strict

OURS = (
    schemas.criteria_schema([Item(field="suit", question="?", type="boolean")]),
    schemas.questions_schema(
        [
            Item(field="words", question="?", type="array", items={"enum": ["a", "b"]}),
            Item(field="count", question="?", type="integer", min=0, max=9),
            Item(field="style", question="?", type="string", enum=("x", "y")),
        ]
    ),
    schemas.comparison_schema(),
    schemas.prompts_schema(),
    schemas.parameters_schema(),
)


@pytest.mark.parametrize("schema", OURS, ids=range(len(OURS)))
def test_our_own_schemas_are_strict_already(schema: dict[str, Any]) -> None:
    assert strict(schema) == schema


@pytest.mark.parametrize(
    ("loose", "tight"),
    [
        (
            {"type": "object"},
            {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
        ),
        ({"type": "string", "minLength": 3, "title": "T"}, {"type": "string"}),
        (
            {"oneOf": [{"type": "string"}, {"type": "null"}]},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
        ),
        (
            {"type": "array", "items": {"type": "number", "minimum": 0}},
            {"type": "array", "items": {"type": "number"}},
        ),
    ],
)
def test_a_loose_schema_becomes_strict(loose: dict[str, Any], tight: dict[str, Any]) -> None:
    assert strict(loose) == tight


@pytest.mark.parametrize(
    ("part", "nullable"),
    [
        ({"type": "string"}, {"type": ["string", "null"]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"type": "string", "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"anyOf": [{"type": "string"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"$ref": "#/$defs/x"}, {"anyOf": [{"$ref": "#/$defs/x"}, {"type": "null"}]}),
    ],
)
def test_an_optional_property_may_be_null_instead(part: dict[str, Any], nullable: dict[str, Any]) -> None:
    made = strict({"type": "object", "properties": {"a": {"type": "number"}, "b": part}, "required": ["a"]})
    assert made["required"] == ["a", "b"]
    assert made["properties"] == {"a": {"type": "number"}, "b": nullable}


def test_what_fitted_still_fits_with_null_for_what_was_left_out() -> None:
    loose = {
        "type": "object",
        "properties": {
            "a": {"type": "integer"},
            "b": {"type": "object", "properties": {"c": {"type": "string"}}},
        },
    }
    tight = strict(loose)
    jsonschema.Draft202012Validator.check_schema(tight)
    for value in ({"a": 1, "b": {"c": "x"}}, {"a": None, "b": None}, {"a": 2, "b": {"c": None}}):
        jsonschema.validate(value, tight)
    for value in ({"a": 1}, {"a": 1, "b": None, "d": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(value, tight)
