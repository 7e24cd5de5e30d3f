"""Ollama's own ways: what is sent, what is remembered, what a check finds."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.judge_server import Canned
from tests.fakes.ollama import FakeOllama
from tests.vision.benches import ollama
from tests.vision.samples import REQUEST, SCHEMA, TEXT_ONLY

from iterativectl.config.types import AIVis
from iterativectl.model import Finding
from iterativectl.vision import build
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.ollama import Ollama, address

NO_THINKING = {"error": '"qwen3-vl:4b" does not support thinking'}


@pytest.mark.row("2/15")
def test_a_chat_request_to_the_letter() -> None:
    with ollama() as bench:
        bench.model.ask(REQUEST)
        (message,) = bench.fake.last.pop("messages")
        rest = bench.fake.last
    assert rest == {
        "model": "qwen3-vl:4b",
        "stream": False,
        "think": False,
        "keep_alive": "10m",
        "format": SCHEMA,
        "options": {"temperature": 0, "seed": 0, "num_ctx": 8192, "num_predict": 2048},
    }
    assert message["role"] == "user"
    assert message["content"] == f"Image 1: the ORIGINAL\nImage 2: the RESULT\n\n{REQUEST.prompt}"
    assert all(image.startswith("iVBOR") for image in message["images"])  # bare base64 of a PNG


def test_a_generate_request_is_the_specification_s() -> None:
    with ollama(api="generate") as bench:
        bench.model.ask(REQUEST)
        assert bench.fake.requests[-1].path == "/api/generate"
        assert bench.fake.last["prompt"].endswith(REQUEST.prompt) and len(bench.fake.last["images"]) == 2
        bench.model.ask(TEXT_ONLY)
        assert "images" not in bench.fake.last and bench.fake.last["think"] is False


@pytest.mark.row("2/12")
@pytest.mark.parametrize(("written", "sent"), [("10m", "10m"), ("-1", -1), ("600", 600), ("0", 0)])
def test_keep_alive_without_a_unit_is_a_number(written: str, sent: str | int) -> None:
    with ollama(keep_alive=written) as bench:
        bench.model.ask(TEXT_ONLY)
        assert bench.fake.last["keep_alive"] == sent


@pytest.mark.row("2/13", "2/15")
def test_num_ctx_is_the_same_in_every_request() -> None:
    """Another value would reload the model."""
    with ollama(num_ctx=16384) as bench:
        for request in (REQUEST, TEXT_ONLY):
            bench.model.ask(request)
        sent = {r.body["options"]["num_ctx"] for r in bench.fake.requests}
    assert sent == {16384}


def test_a_rejected_parameter_is_left_out_from_then_on() -> None:
    with ollama() as bench:
        bench.fake.script.append(Canned(status=400, body=NO_THINKING))
        with pytest.raises(ProviderError) as caught:
            bench.model.ask(REQUEST)
        assert caught.value.parameter == "think"
        bench.model.ask(REQUEST)
        bench.model.ask(REQUEST)
        assert ["think" in request.body for request in bench.fake.requests] == [True, False, False]
        bench.fake.script.append(Canned(status=400, body=NO_THINKING))  # not sent, so not the reason
        with pytest.raises(ProviderError) as again:
            bench.model.ask(REQUEST)
        assert again.value.kind == "bad_request"


@pytest.mark.row("2/13")
@pytest.mark.parametrize("tokens", [8192, 9000])
def test_a_prompt_cut_to_the_context_is_no_answer(tokens: int) -> None:
    with ollama() as bench:
        bench.fake.prompt_tokens = tokens
        with pytest.raises(ProviderError) as caught:
            bench.model.ask(REQUEST)
    assert caught.value.kind == "too_large" and caught.value.usage is not None


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", "http://localhost:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:1234", "http://127.0.0.1:1234"),
        ("gpu-box", "http://gpu-box:11434"),
        ("gpu-box:1234", "http://gpu-box:1234"),
        ("http://gpu-box:1234/", "http://gpu-box:1234"),
        ("http://gpu-box/ollama", "http://gpu-box/ollama"),
        ("https://ollama.example", "https://ollama.example"),
    ],
)
def test_addresses_as_people_write_them(text: str, url: str) -> None:
    assert address(text) == url


@pytest.mark.parametrize(
    ("base_url", "environ", "url", "key"),
    [
        (None, {}, "http://localhost:11434", ""),
        (None, {"OLLAMA_HOST": "gpu-box", "OLLAMA_API_KEY": "secret"}, "http://gpu-box:11434", "secret"),
        ("http://other:1", {"OLLAMA_HOST": "gpu-box"}, "http://other:1", ""),
        (None, {"OLLAMA_API_KEY": "secret"}, "http://localhost:11434", ""),
    ],
)
def test_where_it_is_and_what_key_goes_there(
    base_url: str | None, environ: dict[str, str], url: str, key: str
) -> None:
    model: Any = build("ollama", AIVis(provider="ollama", model="m", base_url=base_url), "m", environ)
    assert (model.server.base_url, model.server.key) == (url, key)


# --- check


def check(fake: FakeOllama, model: str = "qwen3-vl:4b", **changes: Any) -> list[Finding]:
    aivis = AIVis(provider="ollama", model=model, base_url=fake.url, **changes)
    made = build("ollama", aivis, model, {})
    assert isinstance(made, Ollama)
    return [finding for finding in made.check() if finding.status != "ok"]


def test_check_of_a_model_that_is_not_pulled() -> None:
    with FakeOllama() as fake:
        (finding,) = check(fake, "qwen3-vl:4")
    assert finding.status == "error"
    assert "ollama pull qwen3-vl:4" in finding.todo and "qwen3-vl:4b" in finding.todo


def test_check_knows_the_latest_tag() -> None:
    with FakeOllama(models={"llava:latest": ("completion", "vision")}) as fake:
        fake.models["llava"] = fake.models["llava:latest"]
        assert check(fake, "llava") == []


def test_check_of_a_model_without_eyes() -> None:
    with FakeOllama(models={"llama3": ("completion", "tools")}) as fake:
        (finding,) = check(fake, "llama3")
    assert (finding.status, finding.why) == ("error", "its capabilities are completion, tools")


def test_check_of_an_old_server() -> None:
    with FakeOllama(version="0.8.9") as fake:
        (finding,) = check(fake)
    assert finding.status == "warning" and "0.8.9" in finding.what


@pytest.mark.row("2/13")
def test_check_of_a_small_context() -> None:
    with FakeOllama() as fake:
        (finding,) = check(fake, num_ctx=4096)
    assert finding.status == "warning" and "num_ctx" in finding.todo


def test_check_of_a_model_made_for_less() -> None:
    with FakeOllama() as fake:
        fake.model_info = {"llava.context_length": 2048}
        (small,) = check(fake)
        fake.model_info = {"llava.context_length": 16384}
        (beyond,) = check(fake, num_ctx=32768)
        assert check(fake, num_ctx=16384) == []
        fake.model_info = {}
        assert check(fake) == [], "an older server does not say"
    assert small.status == "error" and "2048 tokens" in small.what
    assert beyond.status == "warning" and "num_ctx: 16384" in beyond.todo


@pytest.mark.row("2/12")
def test_check_of_a_model_that_does_not_fit_the_card() -> None:
    with FakeOllama() as fake:
        fake.loaded = [{"name": "qwen3-vl:4b", "size": 8_000, "size_vram": 2_000}]
        (finding,) = check(fake)
    assert "25%" in finding.what


def test_check_of_something_that_is_no_ollama() -> None:
    class Other(FakeOllama):
        def look(self, path: str, body: Any) -> Canned:
            return Canned(body="<html><title>Grafana</title></html>")

    with Other() as fake:
        (finding,) = check(fake)
    assert finding.status == "error" and "Grafana" in finding.why
