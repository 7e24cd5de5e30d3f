"""From AIVis.yaml to an answer over real sockets: what a run does, with both providers misbehaving."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.judge_server import Canned
from tests.fakes.ollama import FakeOllama
from tests.fakes.openai_compatible import FakeOpenAICompatible
from tests.vision.doubles import MemoryCache, MemoryLedger, Scripted, VirtualClock
from tests.vision.samples import REQUEST

from iterativectl.config.types import AIVis, Limits, Prices
from iterativectl.errors import JudgeError, JudgeUnavailable, LimitReached
from iterativectl.project.answers import AnswerFiles
from iterativectl.project.usage import UsageFile
from iterativectl.vision.canary import plain_picture
from iterativectl.vision.router import Absent, Router
from iterativectl.vision.routes import build_models, build_router, smaller


def routed(
    aivis: AIVis, environ: Mapping[str, str] | None = None, attend: Callable[[], None] = lambda: None
) -> Router:
    return build_router(
        aivis,
        build_models(aivis, environ or {}),
        cache=MemoryCache(),
        ledger=MemoryLedger(),
        clock=VirtualClock(),
        attend=attend,
    )


def generic(fake: FakeOpenAICompatible, **changes: Any) -> AIVis:
    prices = Prices(input=1.0, output=2.0)
    return AIVis(
        **{"provider": "openai_compatible", "model": "m", "base_url": fake.url, "prices": prices, **changes}
    )


def test_the_settings_arrive() -> None:
    aivis = AIVis(
        provider="ollama", model="m", retries=7, retry_delay_seconds=3.0, limits=Limits(max_requests=9)
    )
    router = routed(aivis)
    assert (router.name, router.model, router.fallback) == ("ollama", "m", None)
    assert (router.patience.retries, router.patience.delay_seconds) == (7, 3.0)
    assert router.patience.limits.max_requests == 9


def test_ollama_away_and_no_key_for_the_fallback_says_both() -> None:
    aivis = AIVis(
        provider="ollama",
        model="m",
        base_url="http://127.0.0.1:9",
        fallback_provider="openrouter",
        fallback_model="f:free",
    )
    router = routed(aivis)
    assert isinstance(router.fallback, Absent)
    with pytest.raises(JudgeUnavailable) as caught:
        router.ask(REQUEST)
    assert "ollama at http://127.0.0.1:9 cannot be reached" in caught.value.message
    assert "ollama serve" in caught.value.hint and "OPENROUTER_API_KEY" in caught.value.hint
    assert [call.provider for call in caught.value.calls] == ["ollama"] * 3 + ["openrouter"]
    assert sum(router.clock.sleeps) == 10.0


def test_a_failing_server_is_asked_three_times_then_the_fallback() -> None:
    with FakeOpenAICompatible() as paid, FakeOllama() as local:
        paid.script.extend(Canned(body={"error": {"code": 502, "message": "gone"}}) for _ in range(3))
        router = routed(generic(paid))
        router.fallback = routed(AIVis(provider="ollama", model="qwen3-vl:4b", base_url=local.url)).primary
        reply = router.ask(REQUEST)
        assert (paid.asked_count, local.asked_count) == (3, 1)
    assert reply.provider == "ollama"
    assert [(call.provider, call.attempts, call.fallback) for call in reply.calls] == [
        ("openai_compatible", 1, False),
        ("openai_compatible", 2, False),
        ("openai_compatible", 3, False),
        ("ollama", 1, True),
    ]
    assert all("gone" in str(call.error) for call in reply.calls[:3])


@pytest.mark.row("2/1", "2/14")
def test_a_server_that_dribbles_errors_is_cured_one_by_one() -> None:
    """Each fault once: a parameter it rejects, a picture too large, a cut answer, a busy moment."""
    rejected = {
        "error": {
            "message": "Unsupported parameter: 'temperature'",
            "code": "unsupported_parameter",
            "param": "temperature",
        }
    }
    length = {
        "choices": [{"finish_reason": "length", "message": {"content": "{"}}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 9},
    }
    with FakeOpenAICompatible() as fake:
        fake.script.extend(
            [
                Canned(status=400, body=rejected),
                Canned(status=413, body="<html><title>413</title></html>"),
                Canned(body=length),
                Canned(
                    status=503, headers={"Retry-After": "7"}, body={"error": {"code": 503, "message": "busy"}}
                ),
            ]
        )
        router = routed(generic(fake))
        reply = router.ask(REQUEST)
        bodies = [request.body for request in fake.requests]
    assert reply.text == '{"answer": "yes"}'
    assert len(bodies) == 5 and len(reply.calls) == 5
    assert ["temperature" in body for body in bodies] == [True, False, False, False, False]
    assert [body["max_tokens"] for body in bodies] == [2048, 2048, 2048, 4096, 4096]
    first, third = (bodies[index]["messages"][0]["content"][2] for index in (0, 2))
    assert first != third  # a smaller picture
    assert sum(router.clock.sleeps) == 7.0
    assert router.ledger.spent()[0] == 5 and not router.ledger.orphans


def test_nothing_reaches_the_server_after_the_limit() -> None:
    with FakeOpenAICompatible() as fake:
        fake.script.extend(
            Canned(status=500, body={"error": {"code": 500, "message": "x"}}) for _ in range(20)
        )
        router = routed(generic(fake, retries=10, limits=Limits(max_cost_usd=0.02)))
        worst = router.primary.worst_cost_usd(REQUEST)
        with pytest.raises(LimitReached) as caught:
            router.ask(REQUEST)
        assert fake.asked_count == int(0.02 / worst) == len(caught.value.calls)
        assert router.ledger.spent()[1] <= 0.02
        with pytest.raises(LimitReached):
            router.ask(replace(REQUEST, sample=1))
        assert fake.asked_count == int(0.02 / worst)


@pytest.mark.row("2/10")
def test_a_refusal_is_one_question_without_an_answer() -> None:
    body = {"choices": [{"finish_reason": "stop", "message": {"content": None, "refusal": "No."}}]}
    with FakeOpenAICompatible() as fake:
        fake.script.append(Canned(body=body))
        with pytest.raises(JudgeError) as caught:
            routed(generic(fake)).ask(REQUEST)
    assert not isinstance(caught.value, JudgeUnavailable)
    assert [call.error for call in caught.value.calls] == [
        "refused: openai_compatible: the model will not answer: No."
    ]


@pytest.mark.row("2/6", "2/15")
def test_spending_and_answers_outlive_the_process(tmp_path: Path) -> None:
    """With the real files: a killed request counts at its worst, a paid answer is found again."""

    def again(fake: FakeOpenAICompatible, **limits: Any) -> Router:
        router = routed(generic(fake, limits=Limits(**limits)))
        router.cache = AnswerFiles(tmp_path / "answers")
        router.ledger = UsageFile(tmp_path / "usage.jsonl", now=lambda: "2026-01-09T22:25:59+01:00")
        return router

    with FakeOpenAICompatible() as fake:
        first = again(fake).ask(REQUEST)
        dying = again(fake)
        dying.primary = Scripted(steps=[KeyboardInterrupt()], worst=0.5)
        with pytest.raises(KeyboardInterrupt):
            dying.ask(replace(REQUEST, sample=1))
        resumed = again(fake, max_requests=2, max_cost_usd=0.9)
        assert resumed.ledger.spent() == (2, pytest.approx(0.5 + (first.usage.cost_usd or 0)))
        reply = resumed.ask(REQUEST)
        assert reply.text == first.text and reply.calls[0].cached and fake.asked_count == 1
        with pytest.raises(LimitReached):
            resumed.ask(replace(REQUEST, sample=2))
        assert fake.asked_count == 1


@pytest.mark.row("2/14")
def test_smaller_pictures() -> None:
    big = plain_picture((1, 2, 3), side=300)
    small = smaller(big)
    assert (small.width, small.height) == (200, 200) and small.sha256 != big.sha256
    assert smaller(plain_picture((1, 2, 3), side=1)).width == 1
