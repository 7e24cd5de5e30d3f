"""Faults of vision models: rows 2 of docs/faults.md, those that other files do not have.

Tests whose names begin with `test_who_` plant a mistake: a client that does the obvious thing, and what it
meets with.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.judge_server import Asked, Canned, JudgeServer, Received
from tests.fakes.ollama import FakeOllama
from tests.judging.scripted import ORIGINAL as SCRIPTED_ORIGINAL
from tests.judging.scripted import RESULT as SCRIPTED_RESULT
from tests.judging.scripted import judge_of, pictures, record, shipped_prompts
from tests.vision.benches import KINDS, SERVERS
from tests.vision.doubles import make
from tests.vision.samples import REQUEST

from iterativectl.config.types import Criterion
from iterativectl.errors import JudgeError
from iterativectl.judging import ensemble, pairwise
from iterativectl.judging.agreement import agreement
from iterativectl.model import Verdict
from iterativectl.ports import Reply, Usage, VisionRequest
from iterativectl.vision.router import Patience, Router

SUIT = Criterion(field="suit", question="Is it a dark suit?")
BLANKS = '{"answer":' + "\n" * 400
NO_RETRIES = Patience(retries=0)


def routed(name: str, fake: JudgeServer, **changes: Any) -> Router:
    return make(KINDS[name].at(fake, **changes).model, patience=NO_RETRIES)


def cut(fake: JudgeServer, text: str, name: str) -> Canned:
    """An answer that ended at the bound, in the provider's own words."""
    asked = Asked(model=KINDS[name].model, prompt="", images=(), schema=None, number=1)
    fake.requests.append(received(name))
    body: Any = deepcopy(dict(fake.wrapped(asked, text)))
    fake.requests.clear()
    if "choices" in body:
        body["choices"][0]["finish_reason"] = "length"
    elif "candidates" in body:
        body["candidates"][0]["finishReason"] = "MAX_TOKENS"
    else:
        body["stop_reason" if "stop_reason" in body else "done_reason"] = (
            "max_tokens" if "stop_reason" in body else "length"
        )
    return Canned(body=body)


def received(name: str) -> Received:
    """A request without pictures, for the fakes that look back at it."""
    path = "/api/chat" if name == "ollama" else "/"
    return Received(method="POST", path=path, headers={}, body={})


def bound_of(body: Mapping[str, Any]) -> Any:
    places = (body, body.get("options", {}), body.get("generationConfig", {}))
    names = ("max_tokens", "max_completion_tokens", "num_predict", "maxOutputTokens")
    return next(place[name] for place in places for name in names if name in place)


@pytest.mark.row("2/1")
@pytest.mark.parametrize("name", SERVERS)
def test_an_answer_of_blanks_up_to_the_bound_is_asked_once_with_twice_the_bound(name: str) -> None:
    with KINDS[name].fake(None) as fake:
        fake.script.extend([cut(fake, BLANKS, name), cut(fake, BLANKS, name)])
        with pytest.raises(JudgeError, match="cut"):
            routed(name, fake).ask(REQUEST)
        sent = [request.body for request in fake.requests if request.path in fake.ask_paths]
        assert [bound_of(body) for body in sent] == [2048, 4096], "and no third time"


@pytest.mark.row("2/1")
@pytest.mark.parametrize("name", SERVERS)
def test_a_whole_value_in_a_cut_answer_is_not_taken(name: str) -> None:
    with KINDS[name].fake(None) as fake:
        fake.script.append(cut(fake, '{"answer": "no"}' + " " * 400, name))
        assert json.loads(routed(name, fake).ask(REQUEST).text) == {"answer": "yes"}, "the second one's"
        assert fake.asked_count == 2


@pytest.mark.row("2/2")
def test_an_empty_object_is_no_verdict_and_asked_once_more() -> None:
    judge, model = judge_of("{}\n\n\n", {"criteria": {"suit": record("yes")}})
    (verdict,) = judge.verdicts([SUIT], pictures(), {})[0]
    assert verdict.verdict == "passed" and len(model.asked) == 2


@pytest.mark.row("2/2")
def test_an_empty_object_twice_is_unclear_and_no_zero() -> None:
    judge, model = judge_of("{}\n\n\n", "{}")
    (verdict,) = judge.verdicts([SUIT], pictures(), {})[0]
    assert (verdict.verdict, verdict.value) == ("unclear", None)
    assert len(model.asked) == 2


@pytest.mark.row("2/3")
def test_a_schema_stands_where_the_server_looks_for_it() -> None:
    """In `options` Ollama ignores it without a word."""
    with KINDS["ollama"]() as bench:
        bench.model.ask(REQUEST)
        assert bench.fake.last["format"]["properties"] and "format" not in bench.fake.last["options"]


@pytest.mark.row("2/3")
def test_who_trusts_the_schema_takes_what_breaks_it() -> None:
    """The twin: a reply that the schema forbids, from a server that was sent the schema."""
    said = {"criteria": {"suit": {"reason": "Seen.", "answer": "mostly", "confidence": "high"}}}
    judge, _ = judge_of(said, said)
    assert bool(said["criteria"]["suit"]["answer"]) is True, "what the obvious client makes of it"
    (verdict,) = judge.verdicts([SUIT], pictures(), {})[0]
    assert verdict.verdict == "unclear"


@pytest.mark.row("2/6")
@pytest.mark.parametrize("fault", ["drop", "cut"])
@pytest.mark.parametrize("name", SERVERS)
def test_one_request_that_stops_is_repeated_and_no_other(name: str, fault: str) -> None:
    with KINDS[name].fake(None) as fake:
        router = make(KINDS[name].at(fake).model, patience=Patience(retries=1, delay_seconds=0.0))
        before, after = replace(REQUEST, sample=1), replace(REQUEST, sample=2)
        router.ask(before)
        fake.script.append(Canned(fault=fault, body="x" * 90))
        for request in (REQUEST, after, before):
            router.ask(request)
        assert fake.asked_count == 4, "three questions, one of them twice; the first is remembered"


@pytest.mark.row("2/11")
def test_a_model_that_is_being_loaded_is_waited_for_and_the_cure_is_said() -> None:
    timed_out = {"error": "timed out waiting for llama-server to start - progress 0.35"}
    with FakeOllama() as fake:
        fake.script.append(Canned(status=500, body=timed_out))
        model = KINDS["ollama"].at(fake).model
        router = make(model, patience=Patience(retries=1, delay_seconds=5.0))
        assert router.ask(REQUEST).text and sum(router.clock.sleeps) == 5.0
        fake.script.append(Canned(fault="silent"))
        hasty = make(KINDS["ollama"].at(fake, timeout_seconds=0.2).model, patience=NO_RETRIES)
        with pytest.raises(JudgeError) as caught:
            hasty.ask(replace(REQUEST, sample=1))
    assert "did not answer within 0.2 s" in caught.value.message
    assert "being loaded" in caught.value.hint and "timeout_seconds" in caught.value.hint


def told_first(judge: Callable[[VisionRequest], str]) -> Callable[[VisionRequest], Reply]:
    """A judge that answers which of two is better."""

    def ask(request: VisionRequest) -> Reply:
        better = judge(request)
        text = json.dumps({"reason": "It is.", "better": better})
        return Reply(text=text, usage=Usage(), seconds=0.1, served_by="s", provider="p", model="m")

    return ask


PAIR = pairwise.Pair(
    original=SCRIPTED_ORIGINAL, older=SCRIPTED_RESULT, newer=replace(SCRIPTED_RESULT, sha256="2" * 64)
)


@pytest.mark.row("2/16")
@pytest.mark.parametrize("place", [pairwise.FIRST, pairwise.SECOND])
def test_a_win_that_does_not_survive_the_swap_is_none(place: str) -> None:
    found = pairwise.compared(told_first(lambda _: place), shipped_prompts(), [SUIT], PAIR)
    assert found.newer is False


@pytest.mark.row("2/16")
def test_a_win_in_both_orders_counts() -> None:
    def by_eye(request: VisionRequest) -> str:
        shown = [picture.sha256 for _, picture in request.images[1:]]
        return (pairwise.FIRST, pairwise.SECOND)[shown.index(PAIR.newer.sha256)]

    assert pairwise.compared(told_first(by_eye), shipped_prompts(), [SUIT], PAIR).newer is True
    tie = pairwise.compared(told_first(lambda _: pairwise.EQUAL), shipped_prompts(), [SUIT], PAIR)
    assert tie.newer is False


@pytest.mark.row("2/16")
def test_who_asks_in_one_order_only_believes_the_place() -> None:
    """The twin: the judge that always names the second one has the newer one win."""
    ask = told_first(lambda _: pairwise.SECOND)
    reply = ask(pairwise.request(shipped_prompts(), [SUIT], PAIR.original, (PAIR.older, PAIR.newer)))
    assert json.loads(reply.text)["better"] == pairwise.SECOND


def said_by(word: Any, by: str) -> Verdict:
    return Verdict(field="suit", verdict=word, value=None, confidence=None, reason="Seen.", by=by)


@pytest.mark.row("2/17")
def test_a_judge_of_one_family_cannot_pass_alone_what_another_does_not_see() -> None:
    one = ensemble.Opinion(verdicts={"suit": said_by("passed", "ollama/qwen3-vl:4b")})
    other = ensemble.Opinion(verdicts={"suit": said_by("failed", "anthropic/claude-sonnet-4-5")})
    for first, second in ((one, other), (other, one)):
        found = ensemble.joined(first, second, "unclear")["suit"]
        assert found.verdict == "unclear" and "do not agree" in found.reason
    assert ensemble.joined(one, one, "unclear")["suit"].verdict == "passed"


@pytest.mark.row("2/19")
def test_a_judge_that_says_the_same_of_everything_is_often_right_and_sees_nothing() -> None:
    labels = [number % 5 != 0 for number in range(20)]
    always = agreement((label, "passed") for label in labels)
    assert always.accuracy.share == 0.8, "what a plain count of right verdicts makes of it"
    assert always.false_passes.share == 1.0
    assert always.kappa is None or always.kappa.value <= 0.0
    sees = agreement((label, "passed" if label else "failed") for label in labels)
    assert sees.kappa is not None and sees.kappa.value == 1.0
