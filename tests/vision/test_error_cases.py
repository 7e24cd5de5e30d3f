"""Every answer a provider can give, a file each: tests/cases/vision/PROVIDER/*.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.fakes.judge_server import Canned, JudgeServer
from tests.vision.benches import CANARY, KINDS
from tests.vision.samples import FREE_TEXT, REQUEST

from iterativectl.vision.errors import RETRYABLE, Kind, ProviderError

CASES = Path(__file__).parents[1] / "cases" / "vision"
FILES = sorted(CASES.glob("*/*.json"))
# The transport makes these; a body cannot (test_transport.py).
WITHOUT_A_BODY = {"unreachable"}


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def fakes() -> Iterator[dict[str, JudgeServer]]:
    """One server for each provider: the cases are many."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(kind.fake(None)) for name, kind in KINDS.items()}


@pytest.mark.row("2/1", "2/7", "2/8", "2/9", "2/10", "2/13")
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_answer_is_read_as_the_case_says(path: Path, fakes: dict[str, JudgeServer]) -> None:
    case = load(path)
    wish = case.get("request", {})
    request = REQUEST if wish.get("schema") else FREE_TEXT
    if "prompt_length" in wish:
        request = replace(request, prompt="x" * wish["prompt_length"])
    changes = {"api": wish["api"]} if "api" in wish else {}
    bench = KINDS[path.parent.name].at(fakes[path.parent.name], **changes)
    bench.fake.script.append(
        Canned(status=case["status"], headers=case.get("headers", {}), body=case["body"])
    )
    if "text" in case["expect"]:
        assert_reply(bench.model.ask(request), case["expect"])
        return
    with pytest.raises(ProviderError) as caught:
        bench.model.ask(request)
    assert_error(caught.value, case["expect"])


def assert_reply(reply: Any, expect: dict[str, Any]) -> None:
    found = {
        "text": reply.text,
        "tokens": [reply.usage.input_tokens, reply.usage.output_tokens],
        "cost_usd": reply.usage.cost_usd,
        "served_by": reply.served_by,
    }
    assert {name: found[name] for name in expect} == expect


def assert_error(error: ProviderError, expect: dict[str, Any]) -> None:
    found: dict[str, Any] = {
        "kind": error.kind,
        "retryable": error.retryable,
        "wait_seconds": error.wait_seconds,
        "parameter": error.parameter,
        "tokens": [error.usage.input_tokens, error.usage.output_tokens] if error.usage else None,
        "cost_usd": error.usage.cost_usd if error.usage else None,
    }
    exact = {name: value for name, value in expect.items() if name not in ("says", "hint")}
    assert {name: found[name] for name in exact} == exact, error.message
    assert expect.get("says", "") in error.message
    assert expect.get("hint", "") in error.hint
    assert CANARY not in error.message + error.hint
    assert "\n" not in error.message


def test_every_provider_behind_a_server_has_cases() -> None:
    assert {path.parent.name for path in FILES} == set(KINDS)


def test_cases_reach_every_kind() -> None:
    reached = {load(path)["expect"].get("kind") for path in FILES} - {None}
    assert reached | WITHOUT_A_BODY == set(get_args(Kind))


# Ollama's models answer in words where others refuse; its server does not.
NEVER = {"ollama": {"refused"}}
FORMATS = {"ollama": "ollama", "anthropic": "anthropic", "gemini": "gemini"}


@pytest.mark.parametrize("wire", ["ollama", "openai", "anthropic", "gemini"])
def test_every_wire_format_reaches_every_kind(wire: str) -> None:
    cases = [path for path in FILES if FORMATS.get(path.parent.name, "openai") == wire]
    reached = {load(path)["expect"].get("kind") for path in cases} - {None}
    assert reached == set(get_args(Kind)) - WITHOUT_A_BODY - NEVER.get(wire, set())


def test_retryable_kinds_are_kinds() -> None:
    assert set(get_args(Kind)) >= RETRYABLE


def test_a_case_that_says_otherwise_fails() -> None:
    """The twin: the same answer with the wrong expectation is noticed."""
    error = ProviderError("rate_limit", "slow down", wait_seconds=3.0)
    assert_error(error, {"kind": "rate_limit", "retryable": True, "wait_seconds": 3.0})
    for wrong in ({"kind": "auth"}, {"retryable": False}, {"wait_seconds": 4.0}, {"says": "credit"}):
        with pytest.raises(AssertionError):
            assert_error(error, wrong)
