"""The OpenAI chat format and its presets: what is sent, what is remembered, prices, checks."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.judge_server import Canned
from tests.fakes.openai_compatible import MODEL
from tests.vision.benches import CANARY, openai_compatible, openrouter
from tests.vision.samples import FREE_TEXT, ORIGINAL, REQUEST, RESULT, SCHEMA, TEXT_ONLY

from iterativectl.config.types import AIVis, Prices
from iterativectl.vision import build
from iterativectl.vision.costs import most_input_tokens
from iterativectl.vision.errors import ProviderError


@pytest.mark.row("2/4")
def test_an_openrouter_request_to_the_letter() -> None:
    with openrouter() as bench:
        bench.model.ask(REQUEST)
        body, headers = bench.fake.last, bench.fake.requests[-1].headers

    def picture(png: bytes) -> dict[str, Any]:
        url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
        return {"type": "image_url", "image_url": {"url": url}}

    assert body == {
        "model": "qwen/qwen3-vl-8b-instruct",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": REQUEST.prompt},
                    {"type": "text", "text": "Image 1: the ORIGINAL"},
                    picture(ORIGINAL.png),
                    {"type": "text", "text": "Image 2: the RESULT"},
                    picture(RESULT.png),
                ],
            }
        ],
        "temperature": 0,
        "max_tokens": 2048,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "evaluate_criteria", "strict": True, "schema": SCHEMA},
        },
        "provider": {"require_parameters": True},
    }
    assert headers["Authorization"] == f"Bearer {CANARY}"
    assert headers["X-Title"] == "Iterative Imagination"


def test_a_generic_server_gets_nothing_that_was_not_configured() -> None:
    with openai_compatible() as bench:
        bench.model.ask(TEXT_ONLY)
        first = bench.fake.last
        bench.model.ask(replace(FREE_TEXT, images=()))
    assert set(first) == {"model", "messages", "temperature", "max_tokens", "response_format"}
    assert first["messages"] == [{"role": "user", "content": TEXT_ONLY.prompt}]
    assert "response_format" not in bench.fake.last


def reject(parameter: str) -> Canned:
    error = {
        "message": f"Unsupported parameter: '{parameter}'",
        "code": "unsupported_parameter",
        "param": parameter,
    }
    return Canned(status=400, body={"error": error})


@pytest.mark.parametrize("parameter", ["temperature", "max_tokens", "response_format"])
def test_a_rejected_parameter_is_left_out_from_then_on(parameter: str) -> None:
    with openai_compatible() as bench:
        bench.fake.script.append(reject(parameter))
        with pytest.raises(ProviderError) as caught:
            bench.model.ask(REQUEST)
        assert (caught.value.kind, caught.value.parameter) == ("unsupported", parameter)
        for _ in range(2):
            bench.model.ask(REQUEST)
            assert parameter not in bench.fake.last
        bounded = {"max_tokens", "max_completion_tokens"} & set(bench.fake.last)
        assert len(bounded) == 1  # a reply is never unbounded


# --- prices


def worst(bench: Any, request: Any = REQUEST) -> float | None:
    return bench.model.worst_cost_usd(request)


def test_prices_come_from_the_list_once() -> None:
    with openrouter() as bench:
        counted = bench.model.preset.picture_tokens(bench.model.model)
        expected = (most_input_tokens(REQUEST, counted) * 1.0 + 2048 * 2.0) / 1e6
        assert worst(bench) == pytest.approx(expected)
        bench.model.ask(REQUEST)
        assert worst(bench, TEXT_ONLY) < expected
        assert [request.path for request in bench.fake.requests].count("/v1/models") == 1


def test_configured_prices_win() -> None:
    with openrouter(prices=Prices(input=0.0, output=1000.0)) as bench:
        assert worst(bench) == pytest.approx(2.048)
        assert bench.fake.requests == []


def test_prices_by_request_and_picture_count() -> None:
    with openrouter() as bench:
        pricing = {"prompt": "0", "completion": "0", "image": "0.01", "request": "0.5"}
        bench.fake.models = [{**MODEL, "pricing": pricing}]
        assert worst(bench) == pytest.approx(0.52)


@pytest.mark.parametrize("pricing", [{"prompt": "-1", "completion": "-1"}, {"prompt": "x"}, {}, None])
def test_a_price_that_is_none_is_unknown(pricing: Any) -> None:
    with openrouter() as bench:
        bench.fake.models = [{**MODEL, "pricing": pricing}]
        assert worst(bench) is None


def test_a_list_that_cannot_be_had_leaves_the_price_unknown() -> None:
    with openrouter() as bench:
        bench.model.server = replace(bench.model.server, base_url=bench.fake.url + "/nowhere")
        assert worst(bench) is None


def test_free_models_are_free() -> None:
    with openrouter() as bench:
        bench.model.model = "qwen/qwen-2.5-vl-7b-instruct:free"
        assert worst(bench) == 0.0 and bench.fake.requests == []


def test_a_server_on_this_machine_is_free_one_elsewhere_is_not_known() -> None:
    for url, cost in (("http://localhost:8080/v1", 0.0), ("https://api.example/v1", None)):
        aivis = AIVis(provider="openai_compatible", model="m", base_url=url)
        model: Any = build("openai_compatible", aivis, "m", {})
        assert model.worst_cost_usd(REQUEST) == cost


def test_the_estimate_grows_with_everything_that_is_sent() -> None:
    base = most_input_tokens(REQUEST)
    assert base > most_input_tokens(FREE_TEXT) > most_input_tokens(replace(FREE_TEXT, images=()))
    longer = replace(REQUEST, prompt=REQUEST.prompt + "日本")
    assert most_input_tokens(longer) == base + 6  # bytes, not characters


# --- check


def faults(bench: Any) -> list[Any]:
    return [finding for finding in bench.model.check() if finding.status != "ok"]


def test_check_of_an_unknown_model_offers_near_names() -> None:
    with openrouter() as bench:
        bench.model.model = "qwen/qwen3-vl-8b-instrukt"
        (finding,) = faults(bench)
    assert finding.status == "error" and "qwen/qwen3-vl-8b-instruct" in finding.todo


def test_check_of_a_generic_server_s_list_only_warns() -> None:
    with openai_compatible() as bench:
        bench.model.model = "other"
        (finding,) = faults(bench)
    assert finding.status == "warning"


def test_check_of_a_model_without_eyes() -> None:
    with openrouter() as bench:
        bench.fake.models = [{**MODEL, "architecture": {"input_modalities": ["text"]}}]
        (finding,) = faults(bench)
    assert finding.status == "error" and "does not see" in finding.what


@pytest.mark.row("2/4")
def test_check_of_a_model_without_schemas() -> None:
    with openrouter() as bench:
        bench.fake.models = [{**MODEL, "supported_parameters": ["temperature"]}]
        (finding,) = faults(bench)
    assert finding.status == "warning" and "schema" in finding.what


def test_check_of_a_key_that_is_not_known() -> None:
    with openrouter() as bench:
        bench.fake.key = "another"
        (finding,) = faults(bench)
    assert finding.status == "error" and "key" in finding.todo


@pytest.mark.parametrize("left", [0, -0.5])
def test_check_of_a_key_without_credit(left: float) -> None:
    with openrouter() as bench:
        bench.fake.credit = left
        (finding,) = faults(bench)
    assert "no credit" in finding.what


def test_check_of_a_key_without_a_limit() -> None:
    with openrouter() as bench:
        bench.fake.credit = None
        assert faults(bench) == []


@pytest.mark.parametrize(
    ("url", "key", "warned"),
    [
        ("http://judge.invalid/v1", CANARY, True),
        ("http://judge.invalid/v1", "", False),
        ("https://judge.invalid/v1", CANARY, False),
        ("http://127.0.0.1:9/v1", CANARY, False),
    ],
)
def test_check_warns_of_a_key_in_the_open(url: str, key: str, warned: bool) -> None:
    aivis = AIVis(provider="openai_compatible", model="m", base_url=url, timeout_seconds=0.5)
    findings = build("openai_compatible", aivis, "m", {"OPENAI_API_KEY": key}).check()
    assert any("without encryption" in finding.what for finding in findings) == warned
