"""What every registered provider must do, whatever its wire format. A provider without a bench fails here."""

from __future__ import annotations

import importlib.util
import json
import logging
import pickle
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.judge_server import Asked, Canned, JudgeServer
from tests.fakes.ollama import FakeOllama
from tests.vision.benches import BENCHES, CANARY, KINDS, SERVERS, Bench
from tests.vision.doubles import MemoryCache, MemoryLedger, VirtualClock
from tests.vision.samples import FREE_TEXT, ORIGINAL, REQUEST, RESULT, SCHEMA, TEXT_ONLY

from iterativectl.config.types import AIVis
from iterativectl.errors import JudgeUnavailable
from iterativectl.ports import Reply
from iterativectl.vision import PROVIDERS, build
from iterativectl.vision.canary import canary
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.router import Metered, Patience, Router

ANSWER = '{"answer": "yes"}'


def test_every_provider_has_a_bench() -> None:
    assert set(BENCHES) == set(PROVIDERS)


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_s_module_is_there(name: str) -> None:
    module, function = PROVIDERS[name].split(":")
    assert importlib.util.find_spec(module) is not None
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("name", BENCHES)
def test_it_introduces_itself(name: str) -> None:
    with BENCHES[name]() as bench:
        assert bench.model.name == name
        assert bench.model.model and bench.model.wire_version
        assert bench.model.sees_images is True
        assert isinstance(bench.model, Metered) == (bench.fake is not None)


@pytest.mark.parametrize("name", BENCHES)
def test_check_of_a_ready_provider_finds_nothing_wrong_and_spends_nothing(name: str) -> None:
    with BENCHES[name]() as bench:
        findings = bench.model.check()
        assert findings and {finding.status for finding in findings} == {"ok"}
        assert bench.fake is None or bench.fake.asked_count == 0


@pytest.mark.row("2/4", "2/5")
@pytest.mark.parametrize("name", SERVERS)
def test_text_comes_back_as_it_is(name: str) -> None:
    odd = 'Sure!\n```json\n{"answer": "yes"}\n``` café 日本 \u2028'
    with BENCHES[name](lambda _: odd) as bench:
        reply = bench.model.ask(REQUEST)
    assert reply.text == odd
    assert (reply.provider, reply.model, reply.finish) == (name, bench.model.model, "stop")
    assert reply.usage.input_tokens > 0 and reply.usage.output_tokens > 0
    assert reply.usage.cost_usd is not None and reply.usage.cost_usd >= 0
    assert reply.seconds > 0 and reply.served_by and reply.calls == ()


@pytest.mark.parametrize("name", SERVERS)
def test_the_model_gets_the_pictures_in_order_behind_their_labels(name: str) -> None:
    seen: list[Asked] = []
    with BENCHES[name](lambda asked: seen.append(asked) or ANSWER) as bench:
        bench.model.ask(REQUEST)
        bench.model.ask(TEXT_ONLY)
    with_pictures, text_only = seen
    assert with_pictures.images == (ORIGINAL.png, RESULT.png)
    assert REQUEST.prompt in with_pictures.prompt
    assert with_pictures.prompt.index("Image 1: the ORIGINAL") < with_pictures.prompt.index(
        "Image 2: the RESULT"
    )
    assert text_only.images == () and text_only.prompt == TEXT_ONLY.prompt


@pytest.mark.row("2/3")
@pytest.mark.parametrize("name", SERVERS)
def test_the_schema_is_asked_for_in_the_provider_s_own_way(name: str) -> None:
    seen: list[Asked] = []
    with BENCHES[name](lambda asked: seen.append(asked) or ANSWER) as bench:
        bench.model.ask(REQUEST)
        bench.model.ask(FREE_TEXT)
    assert [asked.schema for asked in seen] == [SCHEMA, None]


@pytest.mark.parametrize("name", SERVERS)
def test_the_reply_s_length_is_bounded_and_the_temperature_zero_where_it_may_be_sent(name: str) -> None:
    with BENCHES[name]() as bench:
        bench.model.ask(REQUEST)
        first = json.dumps(bench.fake.last)
        bench.model.ask(replace(REQUEST, max_tokens=4096))
        second = json.dumps(bench.fake.last)
    assert ('"temperature": 0' in first) == KINDS[name].temperature
    assert ('"temperature"' in first) == KINDS[name].temperature
    assert "2048" in first
    assert "4096" in second


@pytest.mark.row("2/15")
@pytest.mark.parametrize("name", [name for name in SERVERS if KINDS[name].temperature])
def test_what_is_asked_again_on_purpose_is_sampled(name: str) -> None:
    with BENCHES[name]() as bench:
        bench.model.ask(replace(REQUEST, sample=1))
        assert '"temperature": 0.7' in json.dumps(bench.fake.last)


@pytest.mark.parametrize("name", SERVERS)
def test_it_sends_once_and_never_by_itself_again(name: str) -> None:
    with BENCHES[name]() as bench:
        bench.fake.script.append(Canned(status=503, body={"error": {"code": 503, "message": "busy"}}))
        with pytest.raises(ProviderError):
            bench.model.ask(REQUEST)
        assert bench.fake.asked_count == 1


@pytest.mark.parametrize("name", SERVERS)
def test_the_worst_case_is_no_less_than_what_is_charged(name: str) -> None:
    with BENCHES[name]() as bench:
        worst = bench.model.worst_cost_usd(REQUEST)
        assert worst is not None and worst >= (bench.model.ask(REQUEST).usage.cost_usd or 0)
        assert bench.model.worst_cost_usd(replace(REQUEST, max_tokens=4096)) >= worst


@pytest.mark.row("2/13")
@pytest.mark.parametrize("name", SERVERS)
def test_the_canary_tells_a_seeing_model_from_a_blind_one(name: str) -> None:
    for said, status in (
        ("Yellow, green.", "ok"),
        ("First: **yellow**\nSecond: Green", "ok"),
        ("The first picture is yellow. The second is green, not yellow.", "ok"),
        ("green, yellow", "error"),
        ("Yellow. I see only one picture.", "error"),
        ("none", "error"),
        ("A lovely red and blue scene", "error"),
    ):
        with BENCHES[name](lambda _, said=said: said) as bench:
            assert canary(bench.model).status == status, said


@pytest.mark.parametrize("name", SERVERS)
def test_the_canary_of_a_provider_that_fails_is_a_finding(name: str) -> None:
    with BENCHES[name]() as bench:
        bench.fake.script.append(Canned(status=401, body={"error": "no"}))
        finding = canary(bench.model)
    assert finding.status == "error" and finding.why


# --- keys


def every_text(error: BaseException) -> str:
    """All that an error could show: its texts, its repr, what it was made from."""
    texts = [str(error), repr(error), str(getattr(error, "hint", "")), str(vars(error))]
    if error.__cause__ is not None:
        texts.append(every_text(error.__cause__))
    return "\n".join(texts)


ECHOES = [
    Canned(
        status=status,
        body={"error": {"code": status, "message": f"bad key {CANARY}", "metadata": {"raw": CANARY}}},
    )
    for status in (200, 400, 401, 402, 403, 404, 413, 429, 500, 503)
] + [
    Canned(status=500, body=f"<html><title>Authorization: Bearer {CANARY}</title></html>"),
    Canned(status=200, body=f"Authorization: Bearer {CANARY}"),
    Canned(fault="drop"),
    Canned(fault="cut", body="x" * 99),
]


@pytest.mark.row("2/9")
@pytest.mark.parametrize("name", SERVERS)
def test_a_key_is_in_no_error_no_log_and_no_reply(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    with BENCHES[name](lambda _: f"your header was Bearer {CANARY}") as bench:
        with_key(bench)
        for echo in ECHOES:
            bench.fake.script.append(echo)
            with pytest.raises(ProviderError) as caught:
                bench.model.ask(REQUEST)
            shown.append(every_text(caught.value))
        router = routed(bench, retries=0)
        bench.fake.script.append(ECHOES[2])
        with pytest.raises(JudgeUnavailable) as unavailable:
            router.ask(REQUEST)
        shown += [every_text(unavailable.value), repr(unavailable.value.calls), repr(router.ledger.lines)]
        reply = bench.model.ask(REQUEST)
        shown += [repr(reply), repr(bench.model), repr(bench.model.check()), caplog.text]
        assert any(CANARY in str(request.headers) for request in bench.fake.requests)  # it was in use
    assert CANARY not in "\n".join(shown)


def with_key(bench: Bench) -> None:
    """Ollama on this machine gets no key by itself: give it one, to see that it is not shown."""
    bench.model.server = replace(bench.model.server, key=CANARY)


def routed(bench: Bench, retries: int) -> Router:
    return Router(
        primary=bench.model,
        fallback=None,
        cache=MemoryCache(),
        ledger=MemoryLedger(),
        patience=Patience(retries=retries),
        clock=VirtualClock(),
    )


def test_the_key_test_can_fail() -> None:
    """The twin: an error that was not scrubbed shows the key."""
    assert CANARY in every_text(ProviderError("auth", f"bad key {CANARY}"))


@pytest.mark.parametrize("name", SERVERS)
def test_a_reply_survives_storing(name: str) -> None:
    with BENCHES[name]() as bench:
        reply = bench.model.ask(REQUEST)
    assert pickle.loads(pickle.dumps(reply)) == reply


# --- setting up


def test_an_unknown_provider_is_named_with_the_known_ones() -> None:
    with pytest.raises(JudgeUnavailable, match="olama") as caught:
        build("olama", AIVis(provider="olama", model="m"), "m", {})
    assert all(name in caught.value.hint for name in PROVIDERS)


def test_a_missing_key_is_said_with_the_cure() -> None:
    with pytest.raises(JudgeUnavailable) as caught:
        build("openrouter", AIVis(provider="openrouter", model="m"), "m", {})
    assert "OPENROUTER_API_KEY" in caught.value.hint


@pytest.mark.parametrize(
    ("environ", "written", "used"),
    [
        ({"OPENROUTER_API_KEY": "from-environment"}, "from-file", "from-environment"),
        ({"OPENROUTER_API_KEY": "  from-environment\n"}, "", "from-environment"),
        ({}, "from-file", "from-file"),
        ({"OPENROUTER_API_KEY": ""}, "from-file", "from-file"),
    ],
)
def test_the_environment_s_key_comes_first(environ: dict[str, str], written: str, used: str) -> None:
    model: Any = build("openrouter", AIVis(provider="openrouter", model="m", api_key=written), "m", environ)
    assert model.server.key == used


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "ключ-ключ"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(JudgeUnavailable) as caught:
        build("openrouter", AIVis(provider="openrouter", model="m"), "m", {"OPENROUTER_API_KEY": key})
    assert key not in every_text(caught.value)


def test_an_address_and_a_key_go_only_to_their_owner() -> None:
    """One base_url and one api_key for two providers: the key of one must not be sent to the other."""
    aivis = AIVis(
        provider="ollama",
        model="m",
        fallback_provider="openrouter",
        fallback_model="f",
        base_url="http://ollama.example:11434",
        api_key=CANARY,
    )
    ollama: Any = build("ollama", aivis, "m", {})
    openrouter: Any = build("openrouter", aivis, "f", {})
    assert (ollama.server.base_url, ollama.server.key) == ("http://ollama.example:11434", "")
    assert (openrouter.server.base_url, openrouter.server.key) == ("https://openrouter.ai/api/v1", CANARY)
    both = replace(aivis, provider="openrouter", fallback_provider="openai_compatible")
    generic: Any = build("openai_compatible", both, "f", {})
    assert (generic.server.base_url, generic.server.key) == ("http://ollama.example:11434", "")


def test_a_generic_server_needs_an_address() -> None:
    for url in (None, "localhost:8080", "http://[half", "http://h:x", "ftp://h", "http://"):
        with pytest.raises(JudgeUnavailable, match="address"):
            build("openai_compatible", AIVis(provider="openai_compatible", model="m", base_url=url), "m", {})


def test_fakes_end_by_themselves() -> None:
    with FakeOllama() as fake:
        assert isinstance(fake, JudgeServer) and fake.url.startswith("http://127.0.0.1:")
    with pytest.raises(ProviderError) as caught:
        model = build(
            "ollama", AIVis(provider="ollama", model="qwen3-vl:4b", base_url=fake.url), "qwen3-vl:4b", {}
        )
        model.ask(REQUEST)
    assert caught.value.kind == "unreachable"


def test_reply_is_what_the_port_says() -> None:
    with BENCHES["ollama"]() as bench:
        assert isinstance(bench.model.ask(REQUEST), Reply)
