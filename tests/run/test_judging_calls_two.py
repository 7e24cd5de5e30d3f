"""Two judges, and two pictures beside each other, in whole runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.fakes.judge_server import Canned
from tests.fakes.ollama import FakeOllama
from tests.fakes.openai_compatible import FakeOpenAICompatible
from tests.run.stage import Critic, Says, Stage, from_picture, never, read

from iterativectl.errors import LimitReached, ProjectError
from iterativectl.events import Event
from iterativectl.project import runs

OTHER = "openai_compatible/other"
# --- a second opinion ---------------------------------------------------------------------------------------


@pytest.fixture
def doubter() -> Critic:
    """The second judge; it agrees with everything until a test says otherwise."""
    return Critic(from_picture(1))


@pytest.fixture
def other(doubter: Critic) -> Iterator[FakeOpenAICompatible]:
    with FakeOpenAICompatible(doubter, cost=None) as server:
        assert isinstance(server, FakeOpenAICompatible)
        yield server


@pytest.fixture
def two(stage: Stage, critic: Critic, other: FakeOpenAICompatible) -> Stage:
    """A project with two judges, of whom the first is satisfied at once."""
    critic.says = from_picture(1)
    entry = f'{{provider: openai_compatible, model: other, base_url: "{other.url}"}}'
    stage.aivis(None, ("retries: 2", f"retries: 0\nensemble: [{entry}]"))
    return stage


def verdicts(stage: Stage, iteration: int = 1) -> dict[str, str]:
    return {name: v["verdict"] for name, v in stage.metadata(iteration)["verdicts"].items()}


def no_to(field: str) -> Says:
    return lambda asked, nth: "no" if asked == field else "yes"


def test_two_that_agree_accept(two: Stage, doubter: Critic) -> None:
    ended = two.run()
    assert ended.status == "passed" and len(doubter.of("criteria")) == 1
    opinions = read(two.paths.evaluation(1))["opinions"]
    assert [(o["by"], o["verdict"]) for o in opinions["suit"]] == [
        ("ollama/qwen3-vl:4b", "passed"),
        (OTHER, "passed"),
    ]
    assert two.metadata(1)["verdicts"]["suit"]["by"] == "ollama/qwen3-vl:4b"


def test_the_second_is_asked_for_nothing_else(two: Stage, doubter: Critic) -> None:
    doubter.says = no_to("suit")
    two.run(max_iterations=2)
    assert [list(asked.schema["properties"])[0] for asked in doubter.asked if asked.schema] == [
        "criteria"
    ] * 2
    assert len(doubter.asked) == 2


def test_a_disagreement_is_unclear_and_never_accepted(two: Stage, doubter: Critic) -> None:
    doubter.says = no_to("face")
    two.rules(None, ("max_iterations: 4", "max_iterations: 1, pass_score: 50"))
    ended = two.run()
    assert (ended.status, ended.accepted) == ("exhausted", False)
    assert verdicts(two) == {"suit": "passed", "face": "unclear"}
    told = two.metadata(1)["verdicts"]["face"]
    assert told["by"] == f"ollama/qwen3-vl:4b, {OTHER}"
    assert f"{OTHER} says failed (face in picture 1)" in told["reason"]


def test_the_stronger_is_the_first(two: Stage, doubter: Critic) -> None:
    doubter.says = no_to("face")
    two.aivis(None, ("retries: 0", "retries: 0\ndisagreement: stronger"))
    assert two.run().status == "passed"
    assert [o["verdict"] for o in read(two.paths.evaluation(1))["opinions"]["face"]] == ["passed", "failed"]


def test_where_the_stronger_cannot_tell_the_other_decides(two: Stage, critic: Critic) -> None:
    critic.says = lambda field, nth: "unclear" if field == "face" else "yes"
    two.aivis(None, ("retries: 0", "retries: 0\ndisagreement: stronger"))
    assert two.run().status == "passed"
    assert two.metadata(1)["verdicts"]["face"]["by"] == OTHER


def test_its_requests_count_and_are_on_record(two: Stage, ollama: FakeOllama, other: Any) -> None:
    ended = two.run()
    assert ended.usage["requests"] == ollama.asked_count + other.asked_count
    told = two.metadata(1)
    assert [c["purpose"] for c in told["calls"] if c["model"] == "other"] == ["second_opinion"]
    assert told["aivis_metadata"]["provider"] == "ollama", "the first judge's request"
    assert told["usage"]["requests"] == len(told["calls"])


@pytest.mark.parametrize("calls", ["separate", "merged"])
def test_a_limit_holds_for_both_and_nothing_is_asked_twice(two: Stage, doubter: Critic, calls: str) -> None:
    limit = "limits: {max_requests: %d}\ncalls: " + calls
    two.aivis(None, ("retries: 0", "retries: 0\n" + limit % (2 if calls == "merged" else 3)))
    with pytest.raises(LimitReached):
        two.run()
    assert not doubter.asked
    two.aivis(None, ("max_requests: 2" if calls == "merged" else "max_requests: 3", "max_requests: 9"))
    ended = two.run()
    assert ended.status == "passed" and len(doubter.asked) == 1
    assert ended.usage["requests"] == (3 if calls == "merged" else 5)


@pytest.mark.parametrize(
    ("prices", "cost"), [("", 0.0), (", prices: {input: 0.1, output: 0.2}", (194 * 0.1 + 20 * 0.2) / 1e6)]
)
def test_its_price_is_its_own(two: Stage, prices: str, cost: float) -> None:
    two.aivis(None, ("}]", f"{prices}}}]\nprices: {{input: 100, output: 100}}"))
    assert two.run().status == "passed"
    (call,) = [c for c in two.metadata(1)["calls"] if c["model"] == "other"]
    assert call["cost_usd"] == pytest.approx(cost)


def test_what_it_may_cost_counts_before_it_is_sent(two: Stage, other: FakeOpenAICompatible) -> None:
    two.aivis(None, ("}]", ", prices: {input: 100, output: 100}}]\nlimits: {max_cost_usd: 0.05}"))
    with pytest.raises(LimitReached, match="0.05 USD could be passed"):
        two.run()
    assert other.asked_count == 0


@pytest.mark.parametrize(
    "answer",
    [
        Canned(status=500, body={"error": {"message": "out of memory"}}),
        Canned(status=401, body={"error": {"message": "No auth credentials found"}}),
        Canned(fault="drop"),
    ],
    ids=["500", "401", "dropped"],
)
def test_a_second_that_is_down_is_said_and_the_first_goes_on(
    two: Stage, other: FakeOpenAICompatible, answer: Canned
) -> None:
    other.script.append(answer)
    ended = two.run()
    assert ended.status == "passed"
    assert "there is no second opinion on this picture" in two.warnings
    assert "the first judge decides alone" in two.warnings
    assert [o["by"] for o in read(two.paths.evaluation(1))["opinions"]["suit"]] == ["ollama/qwen3-vl:4b"]
    (call,) = [c for c in two.metadata(1)["calls"] if c["model"] == "other"]
    assert call["error"] and call["purpose"] == "second_opinion"


def test_one_that_is_not_there_at_the_start_is_a_note_and_a_finding(stage: Stage, critic: Critic) -> None:
    critic.says = from_picture(1)
    entry = "{provider: openrouter, model: qwen/qwen3-vl-8b-instruct}"
    stage.aivis(None, ("retries: 2", f"retries: 0\nensemble: [{entry}]"))
    assert stage.run().status == "passed"
    assert "openrouter needs a key" in stage.notes and "the first judge decides alone" in stage.notes
    assert "there is no second opinion" in stage.warnings


def test_where_the_firsts_request_fails_the_second_decides(two: Stage, ollama: FakeOllama) -> None:
    def broken() -> None:
        ollama.script.append(Canned(status=500, body={"error": "out of memory"}))

    two.at("answers_done", 1, broken)
    assert two.run().status == "passed"
    assert {v["by"] for v in two.metadata(1)["verdicts"].values()} == {OTHER}
    assert "the second decides alone" in two.warnings


def test_another_second_is_another_run(two: Stage, critic: Critic) -> None:
    critic.says = never
    two.run_until("iteration_committed", 1)
    two.aivis(None, ("model: other", "model: another"))
    two.run(max_iterations=1)
    assert len(two.run_ids) == 2 and "the judge changed" in two.notes


def test_a_key_in_the_file_is_not_handed_to_a_stranger(
    stage: Stage, critic: Critic, other: FakeOpenAICompatible
) -> None:
    critic.says = from_picture(1)
    with FakeOpenAICompatible(critic) as first:
        entry = f'{{provider: lmstudio, model: other, base_url: "{other.url}"}}'
        stage.aivis(
            f'provider: openai_compatible\nmodel: one\nbase_url: "{first.url}"\napi_key: sk-of-the-first\n'
            f"ensemble: [{entry}]\n"
        )
        stage.run()
        assert any("sk-of-the-first" in r.headers.get("Authorization", "") for r in first.requests)
    assert other.asked_count == 1
    for request in other.requests:
        assert "sk-of-the-first" not in str(request.headers)


def test_a_rehearsal_asks_nobody(two: Stage, ollama: FakeOllama, other: FakeOpenAICompatible) -> None:
    two.run(embedded=True, max_iterations=1)
    assert ollama.asked_count == other.asked_count == 0


# --- between equals -----------------------------------------------------------------------------------------


def later(first: int, second: int) -> str:
    """The picture that was made later is the better one."""
    return "first" if first > second else "second"


@pytest.fixture
def tied(stage: Stage, critic: Critic) -> Stage:
    """Every picture has the same rank."""
    critic.says = never
    critic.prefers = later
    return stage


def beside(stage: Stage) -> list[str]:
    return sorted(path.name for path in (stage.paths.root / "comparison").glob("*_vs_*.json"))


def test_between_equals_the_one_that_wins_in_both_orders_is_the_best(tied: Stage, critic: Critic) -> None:
    ended = tied.run(max_iterations=3)
    assert (ended.status, ended.best_iteration) == ("exhausted", 3)
    assert beside(tied) == ["2_vs_1.json", "3_vs_2.json"]
    assert len(critic.of("better")) == 4
    assert tied.output["iteration"] == 3 and tied.checkpoint["best_iteration"] == 3
    assert tied.project.output_image.read_bytes() == tied.paths.image(3).read_bytes()
    body = read(tied.paths.preference(2, 1))
    assert body["format"] == "preference/1" and body["iteration"] == 2
    assert body["preference"] == {
        "newer": 2,
        "older": 1,
        "winner": 2,
        "reason": "none",
        "by": "ollama/qwen3-vl:4b",
    }
    assert [event.data["best"] for event in tied.told("iteration_committed")] == [1, 2, 3]


def test_both_are_shown_beside_the_original_in_both_orders(tied: Stage, critic: Critic) -> None:
    tied.run(max_iterations=2)
    one, other = critic.of("better")
    original, first, second = one.images
    assert other.images == (original, second, first)
    assert "Image 2: first" in one.prompt and "Image 3: second" in one.prompt
    assert "suit: Is it a dark suit? (wanted: yes)" in one.prompt
    assert "must_include" not in one.prompt and "zanzibar" not in one.prompt


def test_it_is_on_record_with_its_calls_and_hash(tied: Stage) -> None:
    tied.run(max_iterations=2)
    told = tied.metadata(2)
    assert [c["purpose"] for c in told["calls"]].count("compare_results") == 2
    assert tied.paths.relative(tied.paths.preference(2, 1)) in told["files"]
    (found,) = runs.load_history(tied.paths).preferences
    assert (found.newer, found.older, found.winner) == (2, 1, 2)


@pytest.mark.parametrize("answer", ["first", "second", "equal"])
def test_a_judge_that_looks_at_the_place_and_not_at_the_picture_changes_nothing(
    tied: Stage, critic: Critic, answer: str
) -> None:
    critic.prefers = lambda first, second: answer
    assert tied.run(max_iterations=2).best_iteration == 1
    assert len(critic.of("better")) == (2 if answer == "second" else 1)


def test_another_score_is_no_tie(stage: Stage, critic: Critic) -> None:
    critic.prefers = later
    critic.says = from_picture(2)
    assert stage.run().status == "passed"
    assert not critic.of("better") and beside(stage) == []


def test_it_can_be_switched_off(tied: Stage, critic: Critic) -> None:
    tied.aivis(None, ("retries: 2", "retries: 2\npairwise: false"))
    assert tied.run(max_iterations=2).best_iteration == 1
    assert not critic.of("better")


def test_the_embedded_judge_and_pixels_are_never_asked(tied: Stage, critic: Critic) -> None:
    tied.run(max_iterations=3, embedded=True)
    assert beside(tied) == []
    tied.rules(
        "project: {name: attire, max_iterations: 2}\nacceptance_criteria:\n"
        "  - {field: bright, measure: {metric: brightness, min: 0.99}}\n"
    )
    tied.run()
    assert beside(tied) == [] and not critic.of("better")


def test_what_failed_a_gate_is_shown_to_nobody(tied: Stage, ollama: FakeOllama) -> None:
    gate = "  - {field: bright, measure: {metric: brightness, min: 0.99}, gate: true}\nquestions:"
    tied.rules(None, ("questions:", gate))
    tied.run(max_iterations=2)
    assert ollama.asked_count == 0


@pytest.mark.parametrize("moment", ["advice_done", "iteration_committed"])
def test_nothing_is_bought_twice(tied: Stage, critic: Critic, moment: str) -> None:
    tied.run_until(moment, 2)
    asked = len(critic.of("better"))
    assert asked == 2
    ended = tied.run(max_iterations=2)
    assert (ended.best_iteration, len(critic.of("better"))) == (2, 2)
    assert [c["purpose"] for c in tied.metadata(2)["calls"]].count("compare_results") == 2


def test_cut_off_between_the_two_only_the_second_is_sent(tied: Stage, ollama: FakeOllama) -> None:
    before: list[int] = []

    def watch(event: Event) -> None:
        if event.type == "judging" and event.data["purpose"] == "compare_results":
            before.append(ollama.asked_count)

    tied.watchers.append(watch)
    tied.run_until("advice_done", 2)
    tied.paths.preference(2, 1).unlink()
    answers = sorted(tied.paths.answers.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    [path for path in answers if '"compare_results"' in path.read_text()][-1].unlink()
    asked = ollama.asked_count
    assert tied.run(max_iterations=2).best_iteration == 2
    assert ollama.asked_count == asked + 1 and before


def test_a_limit_at_this_point_ends_nothing_and_is_said(tied: Stage, critic: Critic) -> None:
    tied.aivis(None, ("retries: 2", "retries: 2\nlimits: {max_requests: 9}"))
    ended = tied.run(max_iterations=2)
    assert (ended.status, ended.best_iteration) == ("exhausted", 1)
    assert len(critic.of("better")) == 1 and ended.usage["requests"] == 9
    assert "which stays the best: the limit of 9 requests is reached" in tied.warnings
    assert read(tied.paths.preference(2, 1))["preference"]["winner"] is None


def test_resume_from_puts_it_aside_with_its_iteration(tied: Stage) -> None:
    tied.run_until("iteration_committed", 3)
    assert beside(tied) == ["2_vs_1.json", "3_vs_2.json"]
    tied.run_until("iteration_planned", 3, resume_from=3)
    assert beside(tied) == ["2_vs_1.json"]
    assert len(list(tied.paths.superseded.glob("*/comparison/3_vs_2.json"))) == 1
    assert [p.newer for p in runs.load_history(tied.paths).preferences] == [2]


def test_a_damaged_one_is_named(tied: Stage) -> None:
    tied.run_until("iteration_committed", 2)
    tied.paths.preference(2, 1).write_text("{")
    with pytest.raises(ProjectError, match="2_vs_1.json is damaged"):
        tied.run()


def test_patience_is_not_renewed_by_it(tied: Stage) -> None:
    tied.rules(None, ("max_iterations: 4", "max_iterations: 9, patience: 2"))
    ended = tied.run()
    assert (ended.status, ended.iterations, ended.best_iteration) == ("no_progress", 3, 3)


def test_that_it_asks_less_than_any_other_step(tied: Stage, critic: Critic) -> None:
    """At most one pair, two requests, an iteration."""
    tied.run(max_iterations=4)
    assert len(critic.of("better")) == 2 * 3
