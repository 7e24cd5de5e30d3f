"""Anthropic's own format: what is sent, what is remembered, what is looked at before a run."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.anthropic import MODEL, FakeAnthropic, failed
from tests.vision.benches import CANARY, KINDS, Bench
from tests.vision.samples import FREE_TEXT, ORIGINAL, REQUEST, RESULT, SCHEMA, TEXT_ONLY

from iterativectl.config.types import AIVis, Prices
from iterativectl.vision import build
from iterativectl.vision.costs import most_input_tokens
from iterativectl.vision.errors import ProviderError

anthropic = KINDS["anthropic"]


def test_a_request_to_the_letter() -> None:
    with anthropic() as bench:
        bench.model.ask(REQUEST)
        body, headers = bench.fake.last, bench.fake.requests[-1].headers

    def picture(png: bytes) -> dict[str, Any]:
        data = base64.b64encode(png).decode()
        return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}

    assert body == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 2048,
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Image 1: the ORIGINAL"},
                    picture(ORIGINAL.png),
                    {"type": "text", "text": "Image 2: the RESULT"},
                    picture(RESULT.png),
                    {"type": "text", "text": REQUEST.prompt},
                ],
            }
        ],
        "thinking": {"type": "disabled"},
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    }
    assert headers["x-api-key"] == CANARY and headers["anthropic-version"] == "2023-06-01"
    assert "Authorization" not in headers


def test_a_text_alone_is_sent_as_text_and_without_a_schema() -> None:
    with anthropic() as bench:
        bench.model.ask(replace(FREE_TEXT, images=()))
        assert bench.fake.last["messages"] == [{"role": "user", "content": FREE_TEXT.prompt}]
        assert set(bench.fake.last) == {"model", "max_tokens", "messages", "thinking"}


@pytest.mark.parametrize("word", ["temperature", "top_p", "top_k", "seed"])
def test_sampling_is_never_asked_for(word: str) -> None:
    with anthropic() as bench:
        bench.model.ask(replace(REQUEST, sample=3))
        assert word not in json.dumps(bench.fake.last)


def ask_until_answered(bench: Bench, request: Any = REQUEST) -> list[str]:
    """Ask as a router does: again after every rejection. Gives what was rejected, in order."""
    rejected: list[str] = []
    while True:
        try:
            assert json.loads(bench.model.ask(request).text) == {"answer": "yes"}
        except ProviderError as error:
            assert error.kind == "unsupported" and error.parameter not in rejected
            rejected.append(str(error.parameter))
        else:
            return rejected


def test_a_model_without_output_config_answers_with_a_tool_from_then_on() -> None:
    with anthropic() as bench:
        bench.fake.rejects = {"output_config"}
        assert ask_until_answered(bench) == ["output_config"]
        body = bench.fake.last
        assert body["tools"] == [
            {"name": "evaluate_criteria", "description": "Give the answer.", "input_schema": SCHEMA}
        ]
        assert body["tool_choice"] == {
            "type": "tool",
            "name": "evaluate_criteria",
            "disable_parallel_tool_use": True,
        }
        before = bench.fake.asked_count
        assert ask_until_answered(bench, replace(TEXT_ONLY, sample=1)) == []
        assert bench.fake.asked_count == before + 1, "not tried again"


def test_a_model_that_takes_nothing_is_asked_by_the_prompt_alone() -> None:
    with anthropic(lambda asked: '{"answer": "yes"}') as bench:
        bench.fake.rejects = {"output_config", "tools", "tool_choice", "thinking"}
        assert set(ask_until_answered(bench)) == {"output_config", "tools", "thinking"}
        assert set(bench.fake.last) == {"model", "max_tokens", "messages"}


def test_what_one_model_rejects_another_is_asked_for() -> None:
    with anthropic() as bench:
        bench.fake.rejects = {"output_config"}
        ask_until_answered(bench)
        bench.fake.rejects = set()
        another = anthropic.at(bench.fake)
        assert ask_until_answered(another) == [] and "output_config" in bench.fake.last


def test_who_forgets_is_rejected_each_time() -> None:
    """The twin: a client without a memory pays with a request a time."""
    with anthropic() as bench:
        bench.fake.rejects = {"output_config"}
        for _ in range(2):
            assert ask_until_answered(anthropic.at(bench.fake)) == ["output_config"]
        assert bench.fake.asked_count == 4


# --- prices


def test_prices_are_the_configured_ones_and_the_worst_case_counts_the_tool() -> None:
    with anthropic(prices=Prices(input=3.0, output=15.0)) as bench:
        reply = bench.model.ask(REQUEST)
        assert reply.usage.cost_usd == pytest.approx((194 * 3 + 20 * 15) / 1e6)
        least = (most_input_tokens(REQUEST) * 3 + 2048 * 15) / 1e6
        assert bench.model.worst_cost_usd(REQUEST) == pytest.approx(least + 600 * 3 / 1e6)


@pytest.mark.parametrize("prices", [Prices(), Prices(input=3.0), Prices(output=15.0)])
def test_half_a_price_is_none(prices: Prices) -> None:
    with anthropic(prices=prices) as bench:
        assert bench.model.worst_cost_usd(REQUEST) is None
        assert bench.model.ask(REQUEST).usage.cost_usd is None


# --- check


def looked_at(model: str = "claude-sonnet-4-5", **changes: Any) -> tuple[list[Any], Any]:
    """The findings about a model whose entry is changed so, and the provider itself."""
    with FakeAnthropic(models=({**MODEL, **changes},), key=CANARY) as fake:
        bench = replace(anthropic, model=model).at(fake)
        found = [finding for finding in bench.model.check() if finding.status != "ok"]
        assert fake.asked_count == 0
        return found, bench.model


def test_a_model_that_does_not_see_is_refused() -> None:
    capabilities = {**MODEL["capabilities"], "image_input": {"supported": False}}  # type: ignore[dict-item]
    (finding,), _ = looked_at(capabilities=capabilities)
    assert (finding.status, "does not see pictures" in finding.what) == ("error", True)
    assert "sees pictures" in finding.todo


def test_a_model_without_schemas_is_given_a_tool_from_the_first_request() -> None:
    capabilities = {**MODEL["capabilities"], "structured_outputs": {"supported": False}}  # type: ignore[dict-item]
    (finding,), model = looked_at(capabilities=capabilities)
    assert finding.status == "warning" and "schema" in finding.what
    assert model.form(("output_config", "tools")) == "tools"


@pytest.mark.parametrize(("stage", "status"), [("deprecated", "warning"), ("retired", "error")])
def test_the_life_of_a_model(stage: str, status: str) -> None:
    (finding,), _ = looked_at(lifecycle=stage)
    assert finding.status == status and stage in finding.what


@pytest.mark.parametrize(("tokens", "status"), [(4095, "error"), (4096, "warning"), (8191, "warning")])
def test_too_little_room(tokens: int, status: str) -> None:
    (finding,), _ = looked_at(max_input_tokens=tokens)
    assert finding.status == status and str(tokens) in finding.what


def test_an_entry_that_says_nothing_is_no_reproach() -> None:
    assert looked_at(capabilities=None, max_input_tokens=None, lifecycle=None)[0] == []


def test_an_unknown_model_gets_near_names() -> None:
    (finding,), _ = looked_at(model="claude-sonet-4-5")
    assert finding.status == "error" and "claude-sonnet-4-5" in finding.todo


def test_a_wrong_key_is_found_before_the_run() -> None:
    with FakeAnthropic(key="another") as fake:
        (finding,) = anthropic.at(fake).model.check()
    assert finding.status == "error" and "ANTHROPIC_API_KEY" in finding.todo


def test_a_gateway_without_a_list() -> None:
    class Gateway(FakeAnthropic):
        def look(self, path: str, body: Any) -> Any:
            return failed(404, "not_found_error", "Not found")

    with Gateway(key=CANARY) as fake:
        (finding,) = anthropic.at(fake).model.check()
    assert finding.status == "error" and "Not found" in finding.why


@pytest.mark.parametrize(
    "url", ["https://gate.example/v1", "https://gate.example/v1/", "https://gate.example"]
)
def test_an_address_with_and_without_its_version(url: str) -> None:
    aivis = AIVis(provider="anthropic", model="m", base_url=url)
    made: Any = build("anthropic", aivis, "m", {"ANTHROPIC_API_KEY": "k"})
    assert made.server.base_url == "https://gate.example"
