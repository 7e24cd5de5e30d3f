"""Gemini's own format: what is sent, what is remembered, what is looked at before a run; its schemas."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from tests.fakes.gemini import MODEL, FakeGemini, failed
from tests.vision.benches import CANARY, KINDS, Bench
from tests.vision.samples import FREE_TEXT, ORIGINAL, REQUEST, RESULT, TEXT_ONLY
from tests.vision.test_strict_schema import OURS

from iterativectl.config.types import AIVis, Prices
from iterativectl.vision import build
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.gemini_schema import json_schema, open_api

gemini = KINDS["gemini"]


def test_a_request_to_the_letter() -> None:
    with gemini() as bench:
        bench.model.ask(replace(REQUEST, sample=2))
        body, received = bench.fake.last, bench.fake.requests[-1]

    def picture(png: bytes) -> dict[str, Any]:
        return {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(png).decode()}}

    assert received.path == "/v1beta/models/gemini-2.5-flash:generateContent"
    assert received.headers["x-goog-api-key"] == CANARY
    assert "Authorization" not in received.headers and CANARY not in received.path
    assert body == {
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "Image 1: the ORIGINAL"},
                    picture(ORIGINAL.png),
                    {"text": "Image 2: the RESULT"},
                    picture(RESULT.png),
                    {"text": REQUEST.prompt},
                ],
            }
        ],
        "generationConfig": {
            "maxOutputTokens": 2048,
            "temperature": 0.7,
            "seed": 2,
            "responseMimeType": "application/json",
            "responseJsonSchema": {
                "type": "object",
                "properties": {"answer": {"type": "string", "enum": ["yes", "no"]}},
                "required": ["answer"],
                "additionalProperties": False,
                "propertyOrdering": ["answer"],
            },
            "thinkingConfig": {"thinkingBudget": 0},
        },
    }


def test_a_text_alone_is_one_part_without_a_schema() -> None:
    with gemini() as bench:
        bench.model.ask(replace(FREE_TEXT, images=()))
        assert bench.fake.last["contents"] == [{"role": "user", "parts": [{"text": FREE_TEXT.prompt}]}]
        assert "responseMimeType" not in bench.fake.last["generationConfig"]


@pytest.mark.parametrize("name", ["gemini-2.5-flash", "models/gemini-2.5-flash"])
def test_the_name_of_a_model_as_google_writes_it(name: str) -> None:
    with FakeGemini(key=CANARY) as fake:
        assert replace(gemini, model=name).at(fake).model.model == "gemini-2.5-flash"


def ask_until_answered(bench: Bench, request: Any = REQUEST) -> list[str]:
    """Ask as a router does: again after every rejection. Gives what was rejected, in order."""
    rejected: list[str] = []
    while True:
        try:
            bench.model.ask(request)
        except ProviderError as error:
            assert error.kind == "unsupported" and error.parameter not in rejected, error.message
            rejected.append(str(error.parameter))
        else:
            return rejected


def at_model(fake: FakeGemini, name: str) -> Bench:
    fake.models = [{**MODEL, "name": f"models/{name}"}]
    return replace(gemini, model=name).at(fake)


@pytest.mark.parametrize(
    ("model", "least", "rejected", "sent"),
    [
        ("gemini-2.5-flash", 0, [], {"thinkingBudget": 0}),
        ("gemini-2.5-pro", 128, ["thinkingBudget 0"], {"thinkingBudget": 128}),
        ("gemini-3-pro-preview", None, [], {"thinkingLevel": "low"}),
        ("gemini-3.5-flash", None, [], {"thinkingLevel": "low"}),
        ("gemini-flash-latest", None, [], {"thinkingLevel": "low"}),
        ("gemini-flash-latest", 0, ["thinkingLevel"], {"thinkingBudget": 0}),
        ("gemini-2.5-odd", None, ["thinkingBudget 0", "thinkingBudget 128"], None),
    ],
)
def test_thoughts_are_turned_down_as_far_as_the_model_lets_them(
    model: str, least: int | None, rejected: list[str], sent: Any
) -> None:
    with FakeGemini(key=CANARY) as fake:
        bench = at_model(fake, model)
        fake.least_budget = least
        assert ask_until_answered(bench) == rejected
        assert fake.last["generationConfig"].get("thinkingConfig") == sent
        assert ask_until_answered(bench, TEXT_ONLY) == [], "remembered"


def test_a_model_that_knows_no_thoughts_is_not_asked_in_every_way() -> None:
    with gemini() as bench:
        bench.fake.rejects = {"thinkingConfig"}
        assert ask_until_answered(bench) == ["thinkingConfig"]


@pytest.mark.parametrize(
    ("model", "temperature"), [("gemini-2.5-pro", 0), ("gemini-3-pro-preview", None), ("gemma-3-27b-it", 0)]
)
def test_the_temperature_is_the_model_s_own_from_gemini_3_on(model: str, temperature: int | None) -> None:
    with FakeGemini(key=CANARY) as fake:
        bench = at_model(fake, model)
        fake.rejects = {"thinkingConfig"}
        ask_until_answered(bench)
        assert fake.last["generationConfig"].get("temperature") == temperature
        assert bench.model.options.get("temperature") == temperature  # type: ignore[attr-defined]


def test_an_older_model_gets_the_older_schema_then_only_the_kind_then_nothing() -> None:
    with gemini(lambda asked: '{"answer": "yes"}') as bench:
        bench.fake.rejects = {"responseJsonSchema"}
        assert ask_until_answered(bench) == ["responseJsonSchema"]
        config = bench.fake.last["generationConfig"]
        assert config["responseSchema"]["properties"] == {"answer": {"type": "STRING", "enum": ["yes", "no"]}}
        bench.fake.rejects |= {"responseSchema"}
        assert ask_until_answered(bench) == ["responseSchema"]
        assert bench.fake.last["generationConfig"]["responseMimeType"] == "application/json"
        bench.fake.rejects |= {"responseMimeType"}
        assert ask_until_answered(bench) == ["responseMimeType"]
        assert "responseMimeType" not in bench.fake.last["generationConfig"]


def test_a_rejected_seed_is_left_out() -> None:
    with gemini() as bench:
        bench.fake.rejects = {"seed", "temperature"}
        assert sorted(ask_until_answered(bench)) == ["seed", "temperature"]
        assert not {"seed", "temperature"} & set(bench.fake.last["generationConfig"])


def test_thoughts_are_paid_for() -> None:
    usage = {"promptTokenCount": 1000, "candidatesTokenCount": 10, "thoughtsTokenCount": 90}
    with gemini(prices=Prices(input=1.0, output=2.0)) as bench:
        whole = {"content": {"parts": [{"text": "{}"}]}, "finishReason": "STOP"}
        bench.fake.script.append(
            replace(failed(200, "", ""), body={"candidates": [whole], "usageMetadata": usage})
        )
        assert bench.model.ask(REQUEST).usage.cost_usd == pytest.approx((1000 + 2 * 100) / 1e6)


# --- schemas


@pytest.mark.parametrize("schema", OURS, ids=range(len(OURS)))
def test_our_schemas_keep_their_order_and_meaning(schema: dict[str, Any]) -> None:
    made = json_schema(schema)
    assert json.dumps(made).count("propertyOrdering") == json.dumps(schema).count('"properties"')
    plain = json.loads(json.dumps(made), object_hook=unordered)
    jsonschema.Draft202012Validator.check_schema(plain)
    with FakeGemini(lambda asked: "{}", key=CANARY) as fake:  # which refuses what Gemini does not know
        gemini.at(fake).model.ask(replace(REQUEST, schema=schema))


def unordered(found: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in found.items() if name != "propertyOrdering"}


@pytest.mark.parametrize(
    ("part", "json_part", "open_part"),
    [
        ({"type": ["number", "null"]}, {"type": ["number", "null"]}, {"type": "NUMBER", "nullable": True}),
        (
            {"type": ["string", "null"], "enum": ["a", None]},
            {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]},
            {"type": "STRING", "nullable": True, "enum": ["a"]},
        ),
        (
            {"type": ["integer", "null"], "enum": [1, 2, None]},
            {"anyOf": [{"type": "integer", "enum": [1, 2]}, {"type": "null"}]},
            {"type": "INTEGER", "nullable": True},
        ),
        ({"const": "x"}, {"enum": ["x"]}, {"type": "STRING"}),
        ({"type": "string", "pattern": "a+", "minLength": 2}, {"type": "string"}, {"type": "STRING"}),
        (
            {"type": "array", "items": {"type": "string", "enum": ["a"]}, "uniqueItems": True},
            {"type": "array", "items": {"type": "string", "enum": ["a"]}},
            {"type": "ARRAY", "items": {"type": "STRING", "enum": ["a"]}},
        ),
        (
            {"oneOf": [{"type": "string"}, {"type": "null"}]},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            {"type": "STRING"},
        ),
    ],
)
def test_parts_of_schemas(part: dict[str, Any], json_part: dict[str, Any], open_part: dict[str, Any]) -> None:
    assert json_schema(part) == json_part
    assert open_api(part) == open_part


def test_who_sends_the_schema_as_it_is_is_refused() -> None:
    """The twin: the fake is as strict as the real one, so the tests above can fail."""
    with FakeGemini(key=CANARY) as fake:
        bench = gemini.at(fake)
        for schema in (OURS[0], {"type": "string", "const": "x"}):
            config = {"responseMimeType": "application/json", "responseJsonSchema": schema}
            body = {"contents": [{"role": "user", "parts": [{"text": "?"}]}], "generationConfig": config}
            answer = bench.model.server.post("/models/gemini-2.5-flash:generateContent", body)  # type: ignore[attr-defined]
            assert answer.status == 400


# --- check


def looked_at(model: str = "gemini-2.5-flash", **changes: Any) -> list[Any]:
    with FakeGemini(models=({**MODEL, **changes},), key=CANARY) as fake:
        found = replace(gemini, model=model).at(fake).model.check()
        assert fake.asked_count == 0
        return [finding for finding in found if finding.status != "ok"]


def test_a_model_that_does_not_answer_is_refused() -> None:
    (finding,) = looked_at(supportedGenerationMethods=["embedContent"])
    assert finding.status == "error" and "embedContent" in finding.why and "generateContent" in finding.todo


@pytest.mark.parametrize(("tokens", "status"), [(2048, "error"), (4096, "warning")])
def test_too_little_room(tokens: int, status: str) -> None:
    (finding,) = looked_at(inputTokenLimit=tokens)
    assert finding.status == status and str(tokens) in finding.what


def test_an_unknown_model_gets_near_names() -> None:
    (finding,) = looked_at(model="gemini-2.5-flahs")
    assert finding.status == "error" and "gemini-2.5-flash" in finding.todo


def test_a_wrong_key_is_found_before_the_run() -> None:
    with FakeGemini(key="another") as fake:
        (finding,) = gemini.at(fake).model.check()
    assert finding.status == "error" and "GEMINI_API_KEY" in finding.todo


@pytest.mark.parametrize(
    ("environ", "used"),
    [
        ({"GEMINI_API_KEY": "one", "GOOGLE_API_KEY": "two"}, "one"),
        ({"GOOGLE_API_KEY": "two"}, "two"),
        ({"GEMINI_API_KEY": " ", "GOOGLE_API_KEY": "two"}, "two"),
    ],
)
@pytest.mark.parametrize("name", ["gemini", "gemini-openai"])
def test_the_key_has_two_usual_names(name: str, environ: dict[str, str], used: str) -> None:
    made: Any = build(name, AIVis(provider=name, model="m"), "m", environ)
    assert made.server.key == used
