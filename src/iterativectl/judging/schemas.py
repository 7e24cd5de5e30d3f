"""The shapes of the replies that a judge is asked for, and their JSON Schemas. Pure.

Every kind of request has one shape. It stands in the prompt, is sent as a schema in the provider's own way,
and is validated by `judging.replies` in any case. A backend that is no language model answers in these, too:

describe_image      free text, no schema
ask_questions       {"answers": {FIELD: VALUE, ...}}
                    VALUE by the question's type: a string ("unclear" when it cannot be told), a number or
                    null, an array or null, and for booleans one of the strings "yes", "no", "unclear"
evaluate_criteria   {"criteria": {FIELD: {"reason": TEXT, "answer": ANSWER, "confidence": WORD}, ...}}
                    and in the first asking, beside "criteria", "critique": [{"what": TEXT, "mode": MODE,
                    "severity": "slight" | "clear" | "severe", "fault": "prompt" | "picture" | "place",
                    BOX: four numbers or null}, ...] (judging.critique). A reply without it has none.
                    ANSWER to the criterion's *question*: "yes", "no" or "unclear" for booleans (JSON true and
                    false are read as well), a number or null for numbers; WORD: "high", "medium" or "low".
                    Whether the answer passes is ours to say, not the judge's
compare_images      {"differences": {"clothing": TEXT, "pose": TEXT, "features": TEXT, "background": TEXT,
                    "proportions": TEXT}, "analysis": TEXT, "similarity": "same" | "close" | "different"}
                    TEXT "none" (or empty) where nothing differs
judge_at_once       {"answers": as for ask_questions, "criteria" and "critique": as for evaluate_criteria,
                    "comparison": as for compare_images}; a part in which nothing is asked is left out
compare_results     {"reason": TEXT, "better": "first" | "second" | "equal"}
improve_prompts     {"reason": TEXT, "positive": TEXT, "negative": TEXT}
suggest_parameters  {"reason": TEXT, "denoise": NUMBER, "cfg": NUMBER, "steps": INTEGER, "sampler_name": TEXT,
                    "scheduler": TEXT}; null for what should stay as it is

The reason comes before the answer, so that a model has looked before it says yes or no (a later token can use
an earlier one, not the other way round).

`VisionRequest.facts` holds the same values that the prompt was rendered from:

describe_image      {}
ask_questions       description: str
evaluate_criteria   answers: {field: value}, measurements: {"METRIC/REGION": float}, description: str
compare_images      description: str, measurements: {"METRIC/REGION": float}, similarity: float
judge_at_once       measurements, description, similarity as above. Of its items those without an intent are
                    the questions
compare_results     {}
improve_prompts     positive: str, negative: str, failed: [criterion], passed: [criterion], similarity: float,
                    notes: [str], critique: [mode]; a criterion is {field, intent, edit_strength,
                    must_include, ban_terms, avoid_terms, reason}, the terms being lists of strings
suggest_parameters  parameters: {denoise, cfg, steps, sampler_name, scheduler}, similarity: float,
                    direction: "up" | "down", failed_intents: ["change" | "preserve", ...], one for each
                    failed criterion

Only simple keywords are used (type, properties, required, additionalProperties, enum, items), and every
property is required: the strict modes of the hosted providers refuse numeric limits and optional properties.
Ranges stand in the prompt's text and are checked when the reply is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from iterativectl.model import Item

Schema = dict[str, Any]

UNCLEAR = "unclear"
YES_NO = ("yes", "no", UNCLEAR)
CONFIDENCE = ("high", "medium", "low")
SIMILARITY = ("same", "close", "different")
PREFERENCE = ("first", "second", "equal")
TOPICS = ("clothing", "pose", "features", "background", "proportions")


def questions_schema(items: Sequence[Item]) -> Schema:
    """Shape of the reply to `ask_questions` about these questions."""
    return _object({"answers": _object({item.field: _answer(item) for item in items})})


def criteria_schema(items: Sequence[Item], critique: Schema | None = None) -> Schema:
    """Shape of the reply to `evaluate_criteria` about these criteria; `critique`: that of this part."""
    return _object({"criteria": _criteria(items), **({"critique": critique} if critique else {})})


def comparison_schema() -> Schema:
    """Shape of the reply to `compare_images`."""
    return _object(
        {
            "differences": _object({topic: _text() for topic in TOPICS}),
            "analysis": _text(),
            "similarity": _words(SIMILARITY),
        }
    )


def merged_schema(questions: Sequence[Item], criteria: Sequence[Item], critique: Schema) -> Schema:
    """Shape of the reply to `judge_at_once`: what is written first can be used by what comes after it."""
    asked = questions_schema(questions)["properties"] if questions else {}
    judged = criteria_schema(criteria, critique)["properties"] if criteria else {}
    return _object({**asked, **judged, "comparison": comparison_schema()})


def preference_schema() -> Schema:
    """Shape of the reply to `compare_results`."""
    return _object({"reason": _text(), "better": _words(PREFERENCE)})


def prompts_schema() -> Schema:
    """Shape of the reply to `improve_prompts`."""
    return _object({"reason": _text(), "positive": _text(), "negative": _text()})


def parameters_schema() -> Schema:
    """Shape of the reply to `suggest_parameters`; null leaves a parameter as it is."""
    return _object(
        {
            "reason": _text(),
            "denoise": {"type": ["number", "null"]},
            "cfg": {"type": ["number", "null"]},
            "steps": {"type": ["integer", "null"]},
            "sampler_name": {"type": ["string", "null"]},
            "scheduler": {"type": ["string", "null"]},
        }
    )


def sketch(schema: Mapping[str, Any]) -> str:
    """A schema as a small model understands it best: the reply's shape with what may stand in each place.

    A JSON Schema in the prompt is often sent back instead of an answer; a shape that is sent back unfilled
    reads as unclear.
    """
    return _drawn(schema, "")


def _drawn(schema: Mapping[str, Any], indent: str) -> str:
    if "enum" in schema:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if kinds[0] == "object":
        inner = indent + "  "
        members = (
            f"{inner}{json.dumps(name)}: {_drawn(part, inner)}" for name, part in schema["properties"].items()
        )
        return "{\n" + ",\n".join(members) + f"\n{indent}}}"
    if kinds[0] == "array":
        return f"[{_drawn(schema['items'], indent)}, ...]{' | null' if 'null' in kinds else ''}"
    return " | ".join(_PLACES[kind] for kind in kinds)


_PLACES = {
    "string": '"..."',
    "integer": "WHOLE NUMBER",
    "number": "NUMBER",
    "boolean": "true | false",
    "null": "null",
}


def _criteria(items: Sequence[Item]) -> Schema:
    return _object({item.field: _record(item) for item in items})


def _record(item: Item) -> Schema:
    return _object({"reason": _text(), "answer": _answer(item), "confidence": _words(CONFIDENCE)})


def _answer(item: Item) -> Schema:
    """The schema of one typed answer, with a way to say that it cannot be told."""
    if item.type == "boolean":
        return _words(YES_NO)
    if item.type == "array":
        return {"type": ["array", "null"], "items": _element(item.items)}
    if item.enum:
        return _choice(item.type, item.enum)
    if item.type in ("integer", "number"):
        return {"type": [item.type, "null"]}
    return _text()


def _choice(kind: str, enum: Sequence[Any]) -> Schema:
    if kind == "string" and all(isinstance(value, str) for value in enum):
        return _words((*enum, *(() if UNCLEAR in enum else (UNCLEAR,))))
    return {"type": [kind, "null"], "enum": [*enum, None]}


def _element(items: Mapping[str, Any] | None) -> Schema:
    """An array element: its type, and its allowed values where the question names them."""
    items = items or {}
    schema: Schema = {"type": items.get("type", "string")}
    if items.get("enum"):
        schema["enum"] = list(items["enum"])
    return schema


def _object(properties: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _words(words: Sequence[str]) -> Schema:
    return {"type": "string", "enum": list(words)}


def _text() -> Schema:
    return {"type": "string"}
