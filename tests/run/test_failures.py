"""What fails, and what the run does then: goes on, waits, or pauses with exit code 4 and goes on later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.judge_server import Canned
from tests.fakes.ollama import FakeOllama
from tests.fakes.openai_compatible import MODEL, FakeOpenAICompatible
from tests.run.stage import Critic, Stage, from_picture, lose_server, never

from iterativectl import compose
from iterativectl.errors import (
    ConfigError,
    ExitCode,
    IterativeError,
    JudgeUnavailable,
    LimitReached,
    LockedError,
    RepeatedFailures,
    ServerUnavailable,
)

PRICE = 0.002  # USD for an answer of the paid judge


def paused(stage: Stage, kind: type[IterativeError], **options: object) -> IterativeError:
    """Run; it must pause with this error, exit code 4, and say so everywhere. Returns the error."""
    with pytest.raises(kind) as caught:
        stage.run(**options)
    assert caught.value.exit_code == ExitCode.PAUSED == 4
    assert caught.value.message and caught.value.hint
    assert stage.checkpoint["status"] == "paused"
    assert stage.checkpoint["reason"] == caught.value.message
    (event,) = stage.told("run_paused")
    assert event.data == {
        "code": caught.value.code,
        "message": caught.value.message,
        "hint": caught.value.hint,
    }
    return caught.value


# --- pictures that cannot be made ---------------------------------------------------------------------------


def test_a_failing_workflow_fails_the_iteration_and_the_run_goes_on(
    stage: Stage, comfyui: FakeComfyUI, critic: Critic
) -> None:
    critic.says = from_picture(1)
    comfyui.switches.set("server", "errorx1")
    ended = stage.run()
    assert (ended.status, ended.iterations, ended.best_iteration) == ("passed", 2, 2)
    failed = stage.metadata(1)
    assert failed["status"] == "failed"
    assert failed["failure"]["code"] == "execution_failed"
    assert "mat1 and mat2" in failed["failure"]["message"]
    assert failed["image_path"] is None and not stage.paths.image(1).exists()
    assert failed["evaluation"] == {"overall_score": None, "criteria_results": {}}
    (event,) = stage.told("iteration_failed")
    assert (event.iteration, event.data["failure"]) == (1, failed["failure"])
    first, second = stage.plan(1), stage.plan(2)
    assert second["reasons"] == ["iteration 1 failed: the same settings again"]
    assert second["parameters"] == first["parameters"] and second["seed"] != first["seed"]
    assert [line["status"] for line in stage.output["history"]] == ["failed", "ok"]


@pytest.mark.row("1.3/27", "1.3/31")
def test_failures_in_a_row_pause_the_run_and_it_goes_on_later(
    stage: Stage, comfyui: FakeComfyUI, critic: Critic
) -> None:
    critic.says = from_picture(1)
    stage.rules(None, ("max_iterations: 4", "max_iterations: 9, max_failures: 2"))
    comfyui.switches.set("server", "error")
    error = paused(stage, RepeatedFailures)
    assert "2 iterations failed in a row; the last one:" in error.message
    assert "mat1 and mat2" in error.message
    assert stage.committed == [1, 2] and not critic.asked
    run_id = stage.run_ids[-1]
    paused(stage, RepeatedFailures)
    assert stage.committed == [1, 2, 3, 4], "counted anew: the person has had the chance to mend it"
    comfyui.switches.set("server", None)
    ended = stage.run()
    assert (ended.run_id, ended.status, ended.best_iteration) == (run_id, "passed", 5)


def test_a_success_between_failures_starts_the_count_anew(
    stage: Stage, comfyui: FakeComfyUI, critic: Critic
) -> None:
    critic.says = from_picture(2)
    stage.rules(None, ("max_iterations: 4", "max_iterations: 4, max_failures: 2"))
    for number in (1, 3):
        stage.at("iteration_planned", number, lambda: comfyui.switches.set("server", "errorx1"))
    ended = stage.run()
    assert (ended.status, ended.iterations) == ("passed", 4)


def test_a_run_of_failures_only_has_nothing_to_show(stage: Stage, comfyui: FakeComfyUI) -> None:
    comfyui.switches.set("server", "error")
    stage.rules(None, ("max_iterations: 4", "max_iterations: 1, max_failures: 2"))
    ended = stage.run()
    assert (ended.status, ended.best_iteration, ended.score, ended.output) == ("exhausted", None, None, None)
    assert not stage.project.output_metadata.exists()


# --- a server that is gone ----------------------------------------------------------------------------------


@pytest.mark.row("1.2/13")
def test_a_server_lost_in_the_middle_is_waited_for(
    stage: Stage, comfyui: FakeComfyUI, critic: Critic
) -> None:
    critic.says = from_picture(2)
    stage.at("iteration_planned", 2, comfyui.down)
    stage.clock.meanwhile = lambda waited: comfyui.up() if 20 <= waited < 21 else None
    ended = stage.run()
    assert (ended.status, ended.iterations) == ("passed", 3)
    assert stage.metadata(2)["failure"]["code"] == "server_unavailable"
    assert "waiting up to 30 s for the server" in stage.warnings
    assert len(stage.told("warning")) == 1
    assert 20 <= sum(stage.clock.waits) <= 22, "it goes on as soon as the server is back"


@pytest.mark.row("1.2/13")
def test_a_server_that_stays_away_pauses_the_run(stage: Stage, comfyui: FakeComfyUI, critic: Critic) -> None:
    critic.says = from_picture(1)
    lose_server(stage, comfyui, 1)
    error = paused(stage, ServerUnavailable)
    assert "did not come back within 30 s" in error.message
    assert 30 <= sum(stage.clock.waits) <= 31
    assert stage.committed == [1]
    comfyui.up()
    assert stage.run().best_iteration == 2
    assert len(stage.run_ids) == 1


def test_a_server_that_is_absent_at_the_start_begins_nothing(stage: Stage, comfyui: FakeComfyUI) -> None:
    comfyui.down()
    with pytest.raises(ServerUnavailable) as caught:
        stage.run()
    assert caught.value.exit_code == 4 and comfyui.url in caught.value.message + caught.value.hint
    assert {path.name for path in stage.project.working.iterdir()} <= {"run.lock"}
    assert not stage.events and stage.clock.waits == []


def test_settings_that_the_server_cannot_run_begin_nothing(stage: Stage, comfyui: FakeComfyUI) -> None:
    stage.aigen(None, ("tiny_sd15.safetensors", "tiny_sd51.safetensors"))
    with pytest.raises(ConfigError, match="tiny_sd15.safetensors") as caught:
        stage.run()
    assert caught.value.exit_code == 2
    assert stage.run_ids == [] and comfyui.counters["accepted"] == 0


def test_a_picture_made_before_the_kill_is_not_made_again(
    stage: Stage, comfyui: FakeComfyUI, critic: Critic
) -> None:
    stage.run_until("answers_done", 1)
    picture = stage.paths.image(1).read_bytes()
    ended = stage.run()
    assert stage.paths.image(1).read_bytes() == picture
    assert comfyui.counters["renders"] == ended.iterations == 2
    assert len(critic.of("answers")) == 2


# --- judges -------------------------------------------------------------------------------------------------


@pytest.fixture
def paid(critic: Critic) -> Iterator[FakeOpenAICompatible]:
    with FakeOpenAICompatible(critic, cost=PRICE) as server:
        assert isinstance(server, FakeOpenAICompatible)
        yield server


def pay(stage: Stage, paid: FakeOpenAICompatible, more: str = "") -> None:
    """Let the paid judge be the only one."""
    stage.aivis(f'provider: openai_compatible\nmodel: {MODEL["id"]}\nbase_url: "{paid.url}"\n{more}')


def test_a_judge_that_is_absent_at_the_start_begins_nothing(stage: Stage) -> None:
    stage.aivis(None, ("model: qwen3-vl:4b", "model: qwen3-vl:4bit"))
    with pytest.raises(JudgeUnavailable, match="qwen3-vl:4bit") as caught:
        stage.run()
    assert caught.value.exit_code == 4 and "ollama pull" in caught.value.hint
    assert stage.run_ids == []


def test_a_judge_that_goes_away_pauses_the_run_and_nothing_is_done_twice(
    stage: Stage, comfyui: FakeComfyUI, ollama: FakeOllama, critic: Critic
) -> None:
    models = dict(ollama.models)
    stage.at("answers_done", 1, ollama.models.clear)
    error = paused(stage, JudgeUnavailable)
    assert "qwen3-vl:4b" in error.message
    assert stage.committed == [] and stage.paths.image(1).exists()
    ollama.models.update(models)
    assert stage.run().status == "passed"
    assert comfyui.counters["renders"] == 2
    assert (len(critic.described), len(critic.of("answers"))) == (1, 2)


class Overloaded(FakeOllama):
    """An Ollama whose first model always breaks, and whose second one answers."""

    def respond(self, path: str, body: Any) -> Canned:
        if path in self.ask_paths and body["model"] == "qwen3-vl:4b":
            return Canned(status=500, body={"error": "out of memory"})
        return super().respond(path, body)


def test_the_fallback_judges_and_that_is_on_record(stage: Stage, critic: Critic) -> None:
    with Overloaded(critic, {name: ("completion", "vision") for name in ("qwen3-vl:4b", "llava:7b")}) as both:
        stage.aivis(
            f'provider: ollama\nmodel: qwen3-vl:4b\nbase_url: "{both.url}"\nretries: 1\n'
            "fallback_provider: ollama\nfallback_model: llava:7b\n"
        )
        stage.run(max_iterations=1)
    told = stage.metadata(1)
    assert told["aivis_metadata"] == {
        "provider": "ollama",
        "model": "llava:7b",
        "using_fallback": True,
        "success": True,
        "attempts": 3,
        "error": None,
    }
    asked = [call for call in told["calls"] if call["purpose"] == "evaluate_criteria"]
    assert [(c["model"], c["attempts"], c["fallback"], bool(c["error"])) for c in asked] == [
        ("qwen3-vl:4b", 1, False, True),
        ("qwen3-vl:4b", 2, False, True),
        ("llava:7b", 1, True, False),
    ]
    assert {v["by"] for v in told["verdicts"].values()} == {"ollama/llava:7b"}
    assert max(stage.clock.waits) <= 1.0, "5 s between two tries, in steps of a second"


def test_a_fallback_stands_in_for_a_judge_that_is_absent_at_the_start(stage: Stage) -> None:
    more = "provider: openrouter\nfallback_provider: ollama\nfallback_model: qwen3-vl:4b"
    stage.aivis(None, ("model: qwen3-vl:4b", "model: qwen/qwen3-vl-8b-instruct"), ("provider: ollama", more))
    ended = stage.run(max_iterations=1)
    assert ended.iterations == 1
    assert "the fallback judges" in stage.notes and "openrouter needs a key" in stage.notes
    assert stage.metadata(1)["aivis_metadata"]["using_fallback"] is True


def test_no_credit_pauses_the_run_and_nothing_is_bought_twice(
    stage: Stage, paid: FakeOpenAICompatible, critic: Critic
) -> None:
    pay(stage, paid)
    stage.at("answers_done", 1, lambda: paid.script.append(no_credit()))
    error = paused(stage, JudgeUnavailable)
    assert "credit" in (error.message + error.hint).lower()
    stage.run()
    prompts = [(asked.prompt, asked.images) for asked in critic.asked]
    assert len(set(prompts)) == len(prompts), "no question was answered twice"


def test_that_test_can_fail(stage: Stage, paid: FakeOpenAICompatible, critic: Critic) -> None:
    """Twin: a program that forgets its answers at a pause buys them again, and is seen to."""
    pay(stage, paid)
    stage.at("answers_done", 1, lambda: paid.script.append(no_credit()))
    paused(stage, JudgeUnavailable)
    for path in (stage.paths.answers, stage.paths.root / "questions"):
        for file in path.iterdir():
            file.unlink()
    stage.run()
    prompts = [(asked.prompt, asked.images) for asked in critic.asked]
    assert len(set(prompts)) < len(prompts)


def no_credit() -> Canned:
    return Canned(status=402, body={"error": {"code": 402, "message": "Insufficient credits"}})


@pytest.mark.parametrize("most", [1, 3, 4])
def test_a_limit_on_requests_is_hard_and_holds_over_resumes(
    stage: Stage, paid: FakeOpenAICompatible, most: int
) -> None:
    pay(stage, paid, f"limits: {{max_requests: {most}}}\n")
    for _ in range(2):
        error = paused(stage, LimitReached)
        assert f"the limit of {most} requests is reached" in error.message
        assert paid.asked_count == most
    pay(stage, paid, "limits: {max_requests: 50}\n")
    assert stage.run().status == "passed"
    assert stage.output["usage"]["requests"] == paid.asked_count


def test_a_limit_on_cost_is_hard_and_holds_over_resumes(stage: Stage, paid: FakeOpenAICompatible) -> None:
    limit = 6 * PRICE
    prices = "prices: {input: 1.0, output: 2.0}\n"
    pay(stage, paid, f"limits: {{max_cost_usd: {limit}}}\n{prices}")
    for _ in range(2):
        paused(stage, LimitReached)
    spent = [line["cost_usd"] for line in stage.lines(stage.paths.usage) if line["event"] == "settled"]
    assert sum(spent) == pytest.approx(paid.asked_count * PRICE)
    assert sum(spent) <= limit
    assert paid.asked_count >= 2


def test_cost_is_added_up(stage: Stage, paid: FakeOpenAICompatible) -> None:
    pay(stage, paid)
    ended = stage.run()
    assert ended.usage["cost_usd"] == pytest.approx(paid.asked_count * PRICE)
    assert ended.usage["requests"] == paid.asked_count
    of_calls = sum(stage.metadata(n)["usage"]["requests"] for n in (1, 2))
    assert of_calls == paid.asked_count - 1, "all but the description, which belongs to no iteration"


# --- two at once --------------------------------------------------------------------------------------------


def test_a_second_run_is_refused_and_harms_nothing(stage: Stage) -> None:
    refused: list[LockedError] = []

    def second() -> None:
        with pytest.raises(LockedError) as caught:
            compose.run_project(
                stage.workspace,
                stage.project,
                compose.RunOptions(reset=True),
                stage.world,
                lambda event: None,
            )
        refused.append(caught.value)

    stage.at("generation_done", 1, second)
    assert stage.run().status == "passed"
    assert "pid" in refused[0].message and "2026-01-09T22:25:59" in refused[0].message
    assert len(stage.run_ids) == 1


def test_patience_ends_it(stage: Stage, critic: Critic) -> None:
    critic.says = never
    stage.rules(None, ("max_iterations: 4", "max_iterations: 9, patience: 1"))
    ended = stage.run()
    assert (ended.status, ended.iterations) == ("no_progress", 2)
    assert "no better score for 1 iterations" in ended.reason
