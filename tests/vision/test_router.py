"""The router: cache, limits, retries, fallback, a record of every attempt. Time is virtual."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from tests.vision.doubles import InProcess, MemoryCache, Scripted, VirtualClock, failure, make
from tests.vision.samples import ORIGINAL, REQUEST, RESULT, TEXT_ONLY

from iterativectl.config.types import Limits
from iterativectl.errors import JudgeError, JudgeUnavailable, StopRequested
from iterativectl.vision.errors import Kind, ProviderError
from iterativectl.vision.router import Absent, Patience, Router, cache_key

NO_RETRIES = Patience(retries=0)


# --- one question, its record


@pytest.mark.row("2/4", "2/15")
def test_an_answer_is_counted_stored_and_recorded() -> None:
    router = make(Scripted())
    reply = router.ask(REQUEST)
    (call,) = reply.calls
    assert reply.text == "fine"
    assert (call.purpose, call.provider, call.model, call.attempts) == (
        "evaluate_criteria",
        "scripted",
        "m1",
        1,
    )
    assert (call.tokens, call.cost_usd, call.served_by) == (
        {"input": 10, "output": 5},
        0.002,
        "scripted upstream",
    )
    assert (call.error, call.fallback, call.cached) == (None, False, False)
    assert router.ledger.spent() == (1, 0.002)
    assert list(router.cache.replies.values()) == [reply]


@pytest.mark.row("2/15")
def test_a_stored_answer_is_not_bought_again() -> None:
    model = Scripted()
    router = make(model)
    first = router.ask(REQUEST)
    again = router.ask(REQUEST)
    assert again.text == first.text and len(model.asked) == 1
    assert again.calls == tuple(replace(call, cached=True) for call in first.calls)
    assert router.ledger.spent()[0] == 1


def test_the_fallback_s_stored_answer_is_not_bought_again_from_the_first() -> None:
    cache = MemoryCache()
    make(Scripted(steps=[failure("auth")]), Scripted(name="second"), cache=cache).ask(REQUEST)
    primary = Scripted()
    reply = make(primary, Scripted(name="second"), cache=cache).ask(REQUEST)
    assert primary.asked == [] and reply.provider == "second"
    assert [(call.cached, call.fallback) for call in reply.calls] == [(True, False), (True, True)]


VARIATIONS = {
    "prompt": lambda r: replace(r, prompt=r.prompt + "!"),
    "kind": lambda r: replace(r, kind="compare_images"),
    "label": lambda r: replace(r, images=(("another label", ORIGINAL), r.images[1])),
    "picture": lambda r: replace(r, images=(r.images[0], (r.images[1][0], ORIGINAL))),
    "order": lambda r: replace(r, images=((r.images[0][0], RESULT), (r.images[1][0], ORIGINAL))),
    "fewer pictures": lambda r: replace(r, images=r.images[:1]),
    "schema": lambda r: replace(r, schema=None),
    "sample": lambda r: replace(r, sample=1),
    "length": lambda r: replace(r, max_tokens=99),
}


@pytest.mark.parametrize("name", VARIATIONS)
def test_whatever_decides_the_answer_is_in_its_key(name: str) -> None:
    model = Scripted()
    assert cache_key(model, VARIATIONS[name](REQUEST)) != cache_key(model, REQUEST)


@pytest.mark.parametrize(
    "change", [{"name": "n"}, {"model": "m2"}, {"wire_version": "2"}, {"options": {"temperature": 1}}]
)
def test_whoever_answers_is_in_the_key(change: dict[str, Any]) -> None:
    assert cache_key(Scripted(**change), REQUEST) != cache_key(Scripted(), REQUEST)
    assert cache_key(Scripted(), replace(REQUEST, facts={"a": 1})) == cache_key(Scripted(), REQUEST)


# --- retries


def test_it_tries_again_after_the_configured_delay() -> None:
    clock = VirtualClock()
    model = Scripted(steps=[failure("overloaded"), failure("empty"), "fine"])
    reply = make(model, clock=clock, patience=Patience(retries=2, delay_seconds=5)).ask(REQUEST)
    assert [call.attempts for call in reply.calls] == [1, 2, 3]
    assert [call.error for call in reply.calls] == [
        "overloaded: it is overloaded",
        "empty: it is empty",
        None,
    ]
    assert sum(clock.sleeps) == 10 and max(clock.sleeps) <= 1


@pytest.mark.row("2/10")
@pytest.mark.parametrize("seconds", [0.0, 0.4, 17.0, 120.0])
def test_what_the_server_asks_for_wins(seconds: float) -> None:
    clock = VirtualClock()
    model = Scripted(steps=[failure("rate_limit", wait_seconds=seconds), "fine"])
    make(model, clock=clock).ask(REQUEST)
    assert sum(clock.sleeps) == pytest.approx(seconds)


@pytest.mark.row("2/10")
def test_a_very_long_wait_is_not_waited_for() -> None:
    clock = VirtualClock()
    model = Scripted(steps=[failure("rate_limit", wait_seconds=121)])
    with pytest.raises(JudgeUnavailable):
        make(model, clock=clock).ask(REQUEST)
    assert clock.sleeps == [] and len(model.asked) == 1


def test_a_person_s_stop_is_heard_within_a_second() -> None:
    clock = VirtualClock()

    def attend() -> None:
        if clock.time >= 1003:
            raise StopRequested("stop")

    with pytest.raises(StopRequested):
        make(Scripted(steps=[failure("rate_limit", wait_seconds=100)]), clock=clock, attend=attend).ask(
            REQUEST
        )
    assert clock.time <= 1004


def test_retries_are_counted_as_requests() -> None:
    router = make(Scripted(steps=[failure("overloaded")] * 2))
    router.ask(REQUEST)
    assert router.ledger.spent()[0] == 3


# --- every kind: what follows from it, alone

SENT = {  # kind -> how often a request that always fails so is sent, with two retries
    "auth": 1,
    "billing": 1,
    "quota_long": 1,
    "rate_limit": 3,
    "overloaded": 3,
    "unreachable": 3,
    "not_found": 1,
    "too_large": 2,
    "refused": 1,
    "truncated": 2,
    "empty": 3,
    "unsupported": 2,
    "bad_request": 1,
    "bad_reply": 3,
}
PAUSES = {"auth", "billing", "quota_long", "unreachable", "not_found"}


def test_the_table_has_every_kind() -> None:
    assert set(SENT) == set(get_args(Kind))


@pytest.mark.parametrize("kind", SENT)
def test_each_kind_is_sent_as_often_as_it_helps(kind: str) -> None:
    model = Scripted(steps=[failure(kind) for _ in range(9)])
    router = make(model, shrink=lambda picture: picture)
    with pytest.raises(JudgeError) as caught:
        router.ask(REQUEST)
    assert len(model.asked) == SENT[kind]
    assert isinstance(caught.value, JudgeUnavailable) == (kind in PAUSES)
    assert len(caught.value.calls) == SENT[kind]
    assert caught.value.hint == f"cure {kind}"
    assert not isinstance(caught.value, ProviderError)


@pytest.mark.parametrize("kind", SENT)
def test_each_kind_goes_to_the_fallback_in_the_end(kind: str) -> None:
    second = Scripted(name="second", model="m2")
    first = Scripted(steps=[failure(kind) for _ in range(9)])
    reply = make(first, second, shrink=lambda picture: picture).ask(REQUEST)
    assert (reply.provider, reply.model) == ("second", "m2")
    *failed, last = reply.calls
    assert [call.fallback for call in failed] == [False] * SENT[kind]
    assert (last.fallback, last.error, last.provider) == (True, None, "second")


@pytest.mark.row("2/10")
@pytest.mark.parametrize(
    ("first", "second", "pauses"),
    [
        ("auth", "billing", True),
        ("unreachable", "unreachable", True),
        ("unreachable", "auth", True),
        ("auth", "refused", False),
        ("refused", "auth", False),
        ("overloaded", "unreachable", False),
    ],
)
def test_the_run_pauses_only_when_nobody_could_answer_anything(first: str, second: str, pauses: bool) -> None:
    router = make(
        Scripted(steps=[failure(first)]),
        Scripted(name="second", steps=[failure(second)]),
        patience=NO_RETRIES,
    )
    with pytest.raises(JudgeError) as caught:
        router.ask(REQUEST)
    assert isinstance(caught.value, JudgeUnavailable) == pauses
    assert f"it is {first}" in caught.value.message and f"it is {second}" in caught.value.message
    assert f"cure {first}" in caught.value.hint and f"cure {second}" in caught.value.hint
    assert [call.fallback for call in caught.value.calls] == [False, True]


# --- cures


@pytest.mark.row("2/1")
def test_a_cut_answer_is_asked_for_with_twice_the_length_once() -> None:
    model = Scripted(steps=[failure("truncated"), "whole"])
    router = make(model, patience=NO_RETRIES)
    assert router.ask(REQUEST).text == "whole"
    assert [request.max_tokens for request in model.asked] == [None, 4096]
    assert router.ask(REQUEST).calls[0].cached  # it is stored under what was asked, not under the cure


@pytest.mark.row("2/14")
def test_too_large_pictures_are_sent_smaller_once() -> None:
    small = replace(ORIGINAL, width=16, height=16, sha256="small")
    model = Scripted(steps=[failure("too_large"), "seen"])
    assert make(model, patience=NO_RETRIES, shrink=lambda _: small).ask(REQUEST).text == "seen"
    assert [label for label, _ in model.asked[1].images] == [label for label, _ in REQUEST.images]
    assert {picture.sha256 for _, picture in model.asked[1].images} == {"small"}


def test_a_too_large_text_is_not_sent_again() -> None:
    model = Scripted(steps=[failure("too_large")] * 2)
    with pytest.raises(JudgeError):
        make(model, shrink=lambda picture: picture).ask(TEXT_ONLY)
    assert len(model.asked) == 1


def test_each_rejected_parameter_is_left_out_once() -> None:
    steps = [failure("unsupported", parameter="temperature"), failure("unsupported", parameter="max_tokens")]
    model = Scripted(steps=[*steps, "fine"])
    assert make(model, patience=NO_RETRIES).ask(REQUEST).text == "fine"


def test_cures_and_retries_are_both_limited() -> None:
    model = Scripted(steps=[failure(kind) for kind in ("truncated", "empty", "truncated")])
    with pytest.raises(JudgeError):
        make(model).ask(REQUEST)
    assert len(model.asked) == 3


# --- models without a server


def test_a_model_in_this_process_is_free_uncounted_and_never_retried() -> None:
    inside = InProcess()
    router = make(inside, patience=Patience(limits=Limits(max_requests=0, max_cost_usd=0)))
    reply = router.ask(REQUEST)
    assert reply.calls[0].cost_usd == 0.0 and router.ledger.lines == [] and router.cache.replies == {}
    failing = InProcess(failure("overloaded"), failure("overloaded"))
    with pytest.raises(JudgeError):
        make(failing).ask(REQUEST)
    assert failing.count == 1


def test_a_model_in_this_process_can_be_the_fallback() -> None:
    reply = make(Scripted(steps=[failure("auth")]), InProcess()).ask(REQUEST)
    assert (reply.text, reply.calls[-1].fallback) == ("measured", True)


def test_a_provider_without_a_key_says_so_only_when_it_is_needed() -> None:
    absent = Absent("openrouter", "m", JudgeUnavailable("no key", "set OPENROUTER_API_KEY"))
    assert make(Scripted(), absent).ask(REQUEST).text == "fine"
    router = make(Scripted(steps=[failure("unreachable")]), absent, patience=NO_RETRIES)
    with pytest.raises(JudgeUnavailable) as caught:
        router.ask(REQUEST)
    assert "no key" in caught.value.message and "OPENROUTER_API_KEY" in caught.value.hint
    assert router.ledger.spent()[0] == 1


def test_check_makes_the_fallback_s_errors_warnings() -> None:
    findings = make(Scripted(), Scripted(name="second")).check()
    assert [(f.status, f.what) for f in findings] == [
        ("error", "scripted is away"),
        ("warning", "fallback: second is away"),
    ]


class Forgetful(Router):
    """Wrong on purpose: does not look into the cache."""

    def _stored(self, request: Any) -> None:
        return None


def test_the_cache_tests_can_fail() -> None:
    model = Scripted()
    made = make(model)
    forgetful = Forgetful(**{name: getattr(made, name) for name in made.__dataclass_fields__})
    forgetful.ask(REQUEST)
    forgetful.ask(REQUEST)
    assert len(model.asked) == 2  # bought twice
