"""Whatever a server sends, the outcome is a text or a ProviderError of a known kind, nothing else."""

from __future__ import annotations

import json
import math
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iterativectl.vision import anthropic_reply, gemini_reply, ollama_reply, openai_reply
from iterativectl.vision.costs import FREE
from iterativectl.vision.errors import Kind, ProviderError
from iterativectl.vision.transport import Answer

KEYS = st.sampled_from(
    [
        "error", "message", "choices", "content", "code", "metadata", "raw", "availability", "retryable",
        "retry_after", "constraint", "field", "param", "type", "usage", "cost", "prompt_tokens", "refusal",
        "finish_reason", "provider", "model", "detail", "object", "done", "done_reason", "response",
        "thinking", "prompt_eval_count", "eval_count", "reasoning", "reasoning_content", "reasons",
        "error_type", "text", "stop_reason", "stop_details", "explanation", "input", "details", "error_code",
        "status", "retryDelay", "reason", "violations", "quotaId", "candidates", "finishReason", "parts",
        "promptFeedback", "blockReason", "usageMetadata", "promptTokenCount", "thoughtsTokenCount", "thought",
        "modelVersion", "input_tokens", "output_tokens",
    ]
)  # fmt: skip
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(["", "stop", "length", "error", "404", "502", "{}", "unsupported response_format", "a"]),
    st.sampled_from(
        ["end_turn", "max_tokens", "tool_use", "STOP", "MAX_TOKENS", "46s", "9" * 30 + "h", "text"]
    ),
    st.text(max_size=20),
)
BODIES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)
CHOICE = st.fixed_dictionaries({}, optional={"message": BODIES, "error": BODIES, "finish_reason": LEAVES})
COMPLETIONS = st.fixed_dictionaries(
    {"choices": st.lists(CHOICE, min_size=1, max_size=2)}, optional={"usage": BODIES, "model": LEAVES}
)
BLOCK = st.fixed_dictionaries(
    {}, optional={"type": LEAVES, "text": LEAVES, "input": BODIES, "thinking": LEAVES}
)
MESSAGES = st.fixed_dictionaries(
    {"content": st.lists(BLOCK, max_size=2) | BODIES},
    optional={"stop_reason": LEAVES, "stop_details": BODIES, "usage": BODIES, "model": LEAVES},
)
CANDIDATE = st.fixed_dictionaries(
    {},
    optional={
        "content": st.fixed_dictionaries({}, optional={"parts": st.lists(BLOCK, max_size=2) | BODIES})
        | BODIES,
        "finishReason": LEAVES,
    },
)
GENERATIONS = st.fixed_dictionaries(
    {"candidates": st.lists(CANDIDATE, max_size=2)},
    optional={"promptFeedback": BODIES, "usageMetadata": BODIES, "modelVersion": LEAVES},
)
STATUSES = st.sampled_from([200, 200, 200, 204, 302, 400, 401, 402, 403, 404, 413, 422, 429, 500, 503, 599])
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Retry-After", "X-RateLimit-Reset", "Date", "retry-after-ms", "anthropic-ratelimit-requests-reset"]
    ),
    st.sampled_from(
        [
            "",
            "1",
            "-1",
            "1e999",
            "nan",
            "x",
            "9" * 40,
            "2026-11-21T08:00:00Z",
            "Sat, 21 Nov 2026 08:00:00 GMT",
        ]
    ),
    max_size=3,
)


def read_openai(answer: Answer) -> Any:
    asked = openai_reply.Asked(
        provider="p", sent=("temperature", "response_format"), wants_json=True, prices=FREE
    )
    return openai_reply.read(answer, asked)


def read_ollama(answer: Answer) -> Any:
    asked = ollama_reply.Asked(
        model="m", num_ctx=8192, prompt_length=1000, wants_json=True, sent=("think", "format")
    )
    return ollama_reply.read(answer, asked)


def read_anthropic(answer: Answer) -> Any:
    asked = anthropic_reply.Asked(model="m", sent=("thinking", "output_config"), wants_json=True, prices=FREE)
    return anthropic_reply.read(answer, asked)


def read_gemini(answer: Answer) -> Any:
    asked = gemini_reply.Asked(
        model="m",
        sent=("temperature", "seed", "responseMimeType", "responseJsonSchema", "thinkingConfig"),
        thinking="thinkingBudget 0",
        wants_json=True,
        prices=FREE,
    )
    return gemini_reply.read(answer, asked)


READERS = (read_openai, read_ollama, read_anthropic, read_gemini)


def outcome(read: Any, answer: Answer) -> str:
    """ "text", or the kind of the error; anything else gets out and fails the test."""
    try:
        found = read(answer)
    except ProviderError as error:
        assert error.kind in get_args(Kind)
        assert error.message and "\n" not in error.message
        assert error.wait_seconds is None or (math.isfinite(error.wait_seconds) and error.wait_seconds >= 0)
        return error.kind
    assert answer.status == 200 and found.text.strip()
    assert found.usage.input_tokens >= 0
    assert found.usage.cost_usd is None or math.isfinite(found.usage.cost_usd)
    return "text"


@pytest.mark.parametrize("read", READERS)
@given(body=BODIES | COMPLETIONS | MESSAGES | GENERATIONS, status=STATUSES, headers=HEADERS)
@settings(max_examples=150, deadline=None, database=None)
@pytest.mark.row("2/7", "2/8")
def test_any_json(read: Any, body: Any, status: int, headers: dict[str, str]) -> None:
    outcome(read, Answer(status=status, headers=headers, body=json.dumps(body).encode()))


@pytest.mark.parametrize("read", READERS)
@given(body=st.binary(max_size=60), status=STATUSES)
@settings(max_examples=100, deadline=None, database=None)
def test_any_bytes(read: Any, body: bytes, status: int) -> None:
    assert outcome(read, Answer(status=status, headers={}, body=body)) != "text"


@pytest.mark.row("2/20")
@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"a":' * 100_000, b"9" * 6000, b"\xff\xfe{\x00"])
def test_bodies_that_break_parsers(read: Any, body: bytes) -> None:
    assert outcome(read, Answer(status=200, headers={}, body=body)) == "bad_reply"


@pytest.mark.row("2/7")
def test_the_check_above_can_fail() -> None:
    def careless(answer: Answer) -> Any:
        return json.loads(answer.body)["choices"][0]["message"]["content"]

    with pytest.raises((KeyError, TypeError)):
        outcome(careless, Answer(status=200, headers={}, body=b'{"error": {"code": 429}}'))
