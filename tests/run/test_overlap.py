"""`max_concurrent` above 1: the comparison is asked beside questions and criteria; all else is as before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.crash import trees
from tests.fakes.judge_server import Canned
from tests.fakes.openai_compatible import MODEL, FakeOpenAICompatible
from tests.run.stage import Critic, Stage, from_picture

from iterativectl.errors import ExitCode, JudgeUnavailable, LimitReached

LONG = 20.0  # seconds after which a test gives up
QUESTIONS, CRITERIA, COMPARISON = "answers", "criteria", "differences"


class Watched(FakeOpenAICompatible):
    """A judge that sees how many requests are with it. `then`: kind -> what it does before it answers."""

    def __init__(self, critic: Critic) -> None:
        super().__init__(critic)
        self.cost = 0.002
        self.then: dict[str, Callable[[], Canned | None]] = {}
        self.most = 0
        self._in = 0
        self._counting = threading.Lock()

    def respond(self, path: str, body: Any) -> Canned:
        if path not in self.ask_paths:
            return super().respond(path, body)
        with self._counting:
            self._in += 1
            self.most = max(self.most, self._in)
        try:
            then = self.then.get(kind(body))
            return (then() if then else None) or super().respond(path, body)
        finally:
            with self._counting:
                self._in -= 1


def kind(body: Any) -> str:
    """The key by which a request is known; "" for free text."""
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    found = [key for key in (QUESTIONS, CRITERIA, COMPARISON) if key in schema.get("properties", ())]
    return found[0] if found else ""


@pytest.fixture
def judge(critic: Critic) -> Iterator[Watched]:
    with Watched(critic) as server:
        assert isinstance(server, Watched)
        yield server


@pytest.fixture
def staged(disk: Path, judge: Watched) -> Callable[..., Stage]:
    def make(at_once: int, more: str = "", name: str = "workspace") -> Stage:
        stage = Stage(disk / name, environ={"OPENROUTER_API_KEY": "sk-or-of-a-test"})
        stage.aivis(
            f'provider: openrouter\nmodel: {MODEL["id"]}\nbase_url: "{judge.url}"\n'
            f"max_concurrent: {at_once}\n{more}"
        )
        return stage

    return make


def until(event: threading.Event) -> None:
    assert event.wait(LONG)


def together(count: int) -> Callable[[], None]:
    """Who calls it waits until so many have."""
    barrier = threading.Barrier(count)

    def meet() -> None:
        barrier.wait(LONG)

    return meet


def nothing_bought_twice(critic: Critic) -> None:
    prompts = [(asked.prompt, asked.images) for asked in critic.asked]
    assert len(set(prompts)) == len(prompts)


def test_both_are_in_the_air_together(staged: Callable[..., Stage], judge: Watched) -> None:
    """Neither is answered before the other has come."""
    judge.then = dict.fromkeys((QUESTIONS, COMPARISON), together(2))
    assert staged(2).run(max_iterations=1).iterations == 1


@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (2, 2), (8, 2)])
def test_no_more_than_allowed(staged: Callable[..., Stage], judge: Watched, at_once: int, most: int) -> None:
    if most > 1:
        judge.then = dict.fromkeys((QUESTIONS, COMPARISON), together(most))
    assert staged(at_once).run().status == "passed"
    assert judge.most == most


def test_the_same_comes_of_it(disk: Path, staged: Callable[..., Stage], critic: Critic) -> None:
    """Every file, but for what AIVis.yaml says; and every request was sent as often."""
    ended, asked = [], []
    for at_once in (1, 2):
        critic.asked.clear()
        stage = staged(at_once, name=f"of {at_once}")
        ended.append(stage.run())
        asked.append(sorted(kind_and_prompt.prompt for kind_and_prompt in critic.asked))
    found = [trees.tree(disk / f"of {at_once}" / "projects" / "attire") for at_once in (1, 2)]
    differing = trees.difference(*found)
    assert all("/run.json" in line or "AIVis.yaml" in line for line in differing), differing
    assert asked[0] == asked[1]
    assert ended[0].usage == ended[1].usage


# --- what a person asks for


def test_ctrl_c_while_both_are_out(staged: Callable[..., Stage], judge: Watched, critic: Critic) -> None:
    """The comparison comes a moment after Ctrl-C: it is kept, and not bought again."""
    stage = staged(2)
    interrupted = threading.Event()
    judge.then = {COMPARISON: lambda: until(interrupted)}

    def interrupt() -> None:
        threading.Timer(0.1, interrupted.set).start()
        raise KeyboardInterrupt

    stage.at("answers_done", 1, interrupt)
    with pytest.raises(KeyboardInterrupt):
        stage.run()
    assert stage.told("request_done")[-1].data["usage"]["unknown"] == 0, "its books are closed"
    judge.then.clear()
    stage.watchers.clear()
    assert stage.run().status == "passed"
    nothing_bought_twice(critic)
    assert stage.output["usage"]["unknown"] == 0


def test_a_stop_while_only_the_comparison_is_out(
    staged: Callable[..., Stage], judge: Watched, critic: Critic
) -> None:
    """control.json: the reply that is on its way is waited for, kept and counted; then the run ends."""
    stage = staged(2)
    asked_for = threading.Event()
    judge.then = {COMPARISON: lambda: until(asked_for)}

    def stop() -> None:
        stage.ask_for("stop")
        threading.Timer(0.1, asked_for.set).start()

    stage.at("verdicts_done", 1, stop)
    assert stage.run().status == "stopped"
    lines = stage.lines(stage.paths.usage)
    assert [line["event"] for line in lines].count("settled") == len(lines) / 2
    assert len(critic.of(COMPARISON)) == len(list(stage.paths.answers.iterdir())) - 3 == 1


# --- what providers refuse


def refused(stage: Stage, kind_of: type[Exception]) -> Any:
    """Run; it pauses with exit code 4, and its books hold no request of unknown outcome."""
    with pytest.raises(kind_of) as caught:
        stage.run()
    assert caught.value.exit_code == ExitCode.PAUSED  # type: ignore[attr-defined]
    assert stage.checkpoint["status"] == "paused" and stage.checkpoint["reason"] == str(caught.value)
    lines = stage.lines(stage.paths.usage)
    assert [line["event"] for line in lines].count("settled") == len(lines) / 2
    return caught.value


CREDIT = Canned(status=402, body={"error": {"code": 402, "message": "Insufficient credits"}})
KEY = Canned(status=401, body={"error": {"code": 401, "message": "User not found."}})


@pytest.mark.parametrize("canned", [CREDIT, KEY], ids=["402", "401"])
@pytest.mark.parametrize("where", [QUESTIONS, CRITERIA, COMPARISON])
def test_no_credit_or_key_pauses_the_run(
    staged: Callable[..., Stage], judge: Watched, critic: Critic, canned: Canned, where: str
) -> None:
    """Whichever of the requests hears of it, and whatever the other one brings."""
    stage = staged(2)
    judge.then = {where: lambda: canned}
    refused(stage, JudgeUnavailable)
    judge.then.clear()
    assert stage.run().status == "passed"
    nothing_bought_twice(critic)


def test_what_came_beside_a_refusal_is_kept(
    staged: Callable[..., Stage], judge: Watched, critic: Critic
) -> None:
    """The questions are refused while the comparison is being answered."""
    stage = staged(2)
    out, told = threading.Event(), threading.Event()

    def slowly() -> None:
        out.set()
        until(told)

    def refuse() -> Canned:
        until(out)
        threading.Timer(0.1, told.set).start()
        return CREDIT

    judge.then = {QUESTIONS: refuse, COMPARISON: slowly}
    refused(stage, JudgeUnavailable)
    judge.then.clear()
    stage.run(max_iterations=1)
    assert len(critic.of(COMPARISON)) == 1
    nothing_bought_twice(critic)


def test_a_rate_limit_is_waited_out_beside(staged: Callable[..., Stage], judge: Watched) -> None:
    """In steps of a second, as long as the server says, and no longer than the retries last."""
    stage = staged(2, "retries: 1\n")
    busy = Canned(status=429, headers={"Retry-After": "17"}, body={"error": {"code": 429, "message": "slow"}})
    answers: list[Canned | None] = [busy, None]
    judge.then = {COMPARISON: lambda: answers.pop(0)}
    stage.run(max_iterations=1)
    assert sum(stage.clock.waits) == pytest.approx(17, abs=0.1) and max(stage.clock.waits) <= 1
    (call,) = [c for c in stage.metadata(1)["calls"] if c["error"]]
    assert (call["purpose"], call["cost_usd"]) == ("compare_images", 0.0)


def test_a_rate_limit_that_lasts_pauses_the_run(staged: Callable[..., Stage], judge: Watched) -> None:
    stage = staged(2)
    day = Canned(
        status=429, headers={"Retry-After": "86400"}, body={"error": {"code": 429, "message": "day"}}
    )
    judge.then = {COMPARISON: lambda: day}
    error = refused(stage, JudgeUnavailable)
    assert "24 h" in error.hint and sum(stage.clock.waits) < 5


@pytest.mark.parametrize("most", [1, 2, 3])
def test_limits_hold_for_both(
    staged: Callable[..., Stage], judge: Watched, critic: Critic, most: int
) -> None:
    """The comparison's request counts as soon as it is sent, whoever comes first."""
    stage = staged(2, f"limits: {{max_requests: {most}}}\n")
    critic.says = from_picture(1)
    for _ in range(2):
        refused(stage, LimitReached)
        assert judge.asked_count == most
    stage.aivis(None, (f"max_requests: {most}", "max_requests: 50"))
    assert stage.run().status == "passed"
    nothing_bought_twice(critic)
