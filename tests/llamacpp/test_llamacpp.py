"""Our provider beside a real OpenAI-compatible server: llama.cpp with a small text model.

`./iterativectl test tests/llamacpp` runs these; the default test command does not (docs/development.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from tests.run.stage import Stage
from tests.vision.doubles import MemoryCache
from tests.vision.samples import FREE_TEXT, ORIGINAL, REQUEST, RESULT, SCHEMA, TEXT_ONLY

from iterativectl.clock import SystemClock
from iterativectl.config.prompts import load_prompts
from iterativectl.config.types import AIVis, Criterion, Question
from iterativectl.errors import ExitCode, JudgeError, JudgeUnavailable
from iterativectl.judging.judge import Judge, Pictures
from iterativectl.judging.replies import read_answers
from iterativectl.model import Similarity
from iterativectl.ports import Reply, VisionModel, VisionRequest
from iterativectl.project.usage import UsageFile
from iterativectl.resources import path
from iterativectl.vision import build
from iterativectl.vision.errors import ProviderError
from iterativectl.vision.routes import build_router

pytestmark = pytest.mark.timeout(300)
HELLO = replace(FREE_TEXT, images=(), prompt="Say hello in one short sentence.", max_tokens=80)
STORY = replace(FREE_TEXT, images=(), prompt="Write a long story about a wall.", max_tokens=6)
QUESTIONS = (
    Question(field="people", question="How many people?", type="integer", min=0, max=9),
    Question(field="snow", question="Is there snow?", type="boolean"),
    Question(field="light", question="Which time of the day?", enum=("day", "night")),
)
CRITERION = Criterion(field="snow", question="Is it winter?", must_include=("snow",))
SEEN = Pictures(original=ORIGINAL, result=RESULT, description="A meadow.", measured={})


def settings(url: str) -> AIVis:
    return AIVis(provider="llamacpp", model="smollm2", base_url=url, timeout_seconds=240, retries=0)


@pytest.fixture(scope="session")
def model(url: str) -> VisionModel:
    return build("llamacpp", settings(url), "smollm2", {})


# --- what comes back


def test_text(model: VisionModel) -> None:
    reply = model.ask(HELLO)
    assert "hello" in reply.text.lower() and reply.finish == "stop"
    assert reply.usage.input_tokens > 5 and 0 < reply.usage.output_tokens <= 80
    assert reply.usage.cost_usd == 0.0, "nobody is paid"
    assert (reply.provider, reply.model) == ("llamacpp", "smollm2") and "SmolLM2" in reply.served_by
    assert reply.seconds > 0


def test_the_same_question_gets_the_same_answer(model: VisionModel) -> None:
    assert model.ask(HELLO).text == model.ask(HELLO).text


def test_json_by_a_schema(model: VisionModel) -> None:
    reply = model.ask(replace(TEXT_ONLY, prompt="Is snow white? Answer with JSON.", max_tokens=80))
    jsonschema.validate(json.loads(reply.text), SCHEMA)


def test_the_schema_holds_whatever_the_prompt_says(model: VisionModel) -> None:
    """Without a schema this prompt gets prose: it is the server that keeps to it."""
    prompt = "Write one sentence about the sea. No JSON, no brackets, no quotation marks."
    reply = model.ask(replace(TEXT_ONLY, prompt=prompt, max_tokens=80))
    jsonschema.validate(json.loads(reply.text), SCHEMA)
    plain = model.ask(replace(TEXT_ONLY, prompt=prompt, schema=None, max_tokens=80))
    with pytest.raises(json.JSONDecodeError):
        json.loads(plain.text)


# --- what our judge asks


def asked_by_the_judge() -> dict[str, VisionRequest]:
    """The first request of each kind, as the judge makes it, by kind."""
    asked: dict[str, VisionRequest] = {}

    def ask(request: VisionRequest) -> Reply:
        asked.setdefault(request.kind, request)
        raise JudgeError("only looked at")

    judge = Judge(ask=ask, templates=load_prompts([path("defaults") / "prompts.yaml"]))
    judge.answers(QUESTIONS, SEEN)
    judge.verdicts([CRITERION], SEEN, {})
    judge.compare(SEEN, Similarity(measured=0.5))
    return asked


def test_answers_to_questions_are_read(model: VisionModel) -> None:
    request = asked_by_the_judge()["ask_questions"]
    prompt = "A picture shows two people in snow by day. Answer the questions in JSON."
    reply = model.ask(replace(request, images=(), prompt=prompt, max_tokens=160))
    assert request.schema is not None
    jsonschema.validate(json.loads(reply.text), dict(request.schema))
    reading = read_answers(reply.text, [question.item() for question in QUESTIONS], reply.finish)
    assert reading.values["people"] in range(10) and reading.values["light"] in ("day", "night")


@pytest.mark.parametrize("kind", ["evaluate_criteria", "compare_images"])
def test_every_schema_of_ours_is_taken(model: VisionModel, kind: str) -> None:
    """So small a model may go on and on in a free text: then the answer is cut, and the schema was taken."""
    request = asked_by_the_judge()[kind]
    try:
        reply = model.ask(replace(request, images=(), prompt="It is winter. Answer in JSON.", max_tokens=200))
    except ProviderError as error:
        assert error.kind == "truncated", error.message
        return
    assert request.schema is not None
    jsonschema.validate(json.loads(reply.text), dict(request.schema))


# --- the end of an answer, the books


def test_an_answer_that_is_cut_says_so_and_what_it_used(model: VisionModel) -> None:
    with pytest.raises(ProviderError) as caught:
        model.ask(STORY)
    assert caught.value.kind == "truncated" and caught.value.usage is not None
    assert caught.value.usage.output_tokens == 6 and caught.value.usage.input_tokens > 5


def test_usage_is_counted(model: VisionModel, url: str, tmp_path: Path) -> None:
    """Two requests: the cut answer is asked for once more, with twice the length."""
    ledger = UsageFile(tmp_path / "usage.jsonl", lambda: "now")
    router = build_router(
        settings(url), (model, None), cache=MemoryCache(), ledger=ledger, clock=SystemClock()
    )
    with pytest.raises(JudgeError) as caught:
        router.ask(STORY)
    assert [call.tokens["output"] for call in caught.value.calls] == [6, 12]
    router.ask(HELLO)
    totals = ledger.totals()
    assert (totals["requests"], totals["cost_usd"], totals["unknown"]) == (3, 0.0, 0)
    assert totals["output_tokens"] > 18 and totals["input_tokens"] > 15


# --- a model that sees no pictures


def test_it_is_no_judge(model: VisionModel) -> None:
    (finding,) = model.check()
    assert finding.status == "error" and "does not see pictures" in finding.what
    assert "--mmproj" in finding.todo


def test_pictures_are_refused_in_words(model: VisionModel) -> None:
    """Should a run have begun all the same: it pauses, for no other picture would fare better."""
    with pytest.raises(ProviderError) as caught:
        model.ask(REQUEST)
    assert caught.value.kind == "not_found" and "sees pictures" in caught.value.hint


def test_a_context_that_is_too_small_is_named(serve: Callable[[int], str]) -> None:
    small = build("llamacpp", settings(serve(1024)), "smollm2", {})
    assert any("has room for 1024 tokens" in finding.what for finding in small.check())


def test_a_run_does_not_begin(url: str, tmp_path: Path) -> None:
    stage = Stage(tmp_path / "workspace")
    stage.aivis(f"provider: llamacpp\nmodel: smollm2\nbase_url: {url}\n")
    with pytest.raises(JudgeUnavailable, match="does not see pictures") as caught:
        stage.run()
    assert caught.value.exit_code == ExitCode.PAUSED and stage.run_ids == []
