"""Votes in a run: what is confirmed, what it costs, and that no vote is bought twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.fakes.judge_server import Asked
from tests.fakes.ollama import FakeOllama
from tests.fakes.openai_compatible import MODEL, FakeOpenAICompatible
from tests.run.stage import Critic, Stage, from_picture, never, read
from tests.run.test_failures import PRICE, no_credit, paused

from iterativectl.cli.narrative import criteria_table
from iterativectl.errors import JudgeUnavailable, LimitReached


def criteria_of(asked: Asked) -> list[str]:
    assert asked.schema is not None
    return list(asked.schema["properties"]["criteria"]["properties"])


def vote(stage: Stage, votes: int) -> None:
    stage.aivis(None, ("retries: 2", f"retries: 2\nvotes: {votes}"))


class Wavering(Critic):
    """Says of each criterion what its list says, one entry an asking about the same picture."""

    def __init__(self, **answers: list[str]) -> None:
        super().__init__(self._answer)
        self._answers = answers
        self._given: dict[tuple[str, int], int] = {}

    def _answer(self, field: str, nth: int) -> str:
        times = self._given.get((field, nth), 0)
        self._given[field, nth] = times + 1
        answers = self._answers.get(field, ["yes"])
        return answers[min(times, len(answers) - 1)]


# --- confirming ---------------------------------------------------------------------------------------------


def test_only_the_picture_that_might_be_accepted_is_asked_about_again(stage: Stage, critic: Critic) -> None:
    stage.rules(
        None, ("questions:", '  - {field: tie, question: "Is there a tie?", intent: change}\nquestions:')
    )
    vote(stage, 5)
    critic.says = lambda field, nth: "yes" if nth == 3 or field == "face" else "no"
    ended = stage.run()
    assert (ended.status, ended.iterations) == ("passed", 3)
    assert [critic.nth(asked.images[-1]) for asked in critic.of("criteria")] == [1, 2, 3, 3]
    assert criteria_of(critic.of("criteria")[-1]) == ["tie", "face", "suit"]


def test_what_is_kept_of_it(stage: Stage, critic: Critic) -> None:
    vote(stage, 5)
    critic.says = from_picture(1)
    stage.run()
    told = read(stage.paths.evaluation(1))
    by = {"reason": "suit in picture 1", "by": "ollama/qwen3-vl:4b"}
    own = {"verdict": "passed", "confidence": 0.9, **by}
    assert told["votes"]["suit"] == [
        {"sample": 0, "answer": True, **own},
        {"sample": 1, "answer": True, **own},
    ]
    assert [entry["sample"] for entry in told["raw"]] == [0, 1]
    assert stage.metadata(1)["verdicts"]["suit"]["confidence"] == 1.0
    assert stage.metadata(1)["aivis_metadata"]["attempts"] == 2
    (event,) = stage.told("verdicts_done")
    assert event.data["votes"] == {"suit": [2, 2], "face": [2, 2]}


def test_what_is_asked_again_is_sampled(stage: Stage, ollama: FakeOllama, critic: Critic) -> None:
    """At temperature 0 a model says the same again, whatever the seed."""
    vote(stage, 3)
    critic.says = from_picture(1)
    stage.run()
    bodies = [r.body for r in ollama.requests if r.path == "/api/chat" and "format" in r.body]
    asked = [b["options"] for b in bodies if "criteria" in b["format"]["properties"]]
    assert [(options["seed"], options["temperature"]) for options in asked] == [(0, 0), (1, 0.7)]


def test_single_votes_are_as_they_were(stage: Stage, critic: Critic) -> None:
    critic.says = from_picture(2)
    ended = stage.run()
    assert ended.status == "passed"
    assert [critic.nth(asked.images[-1]) for asked in critic.of("criteria")] == [1, 2]
    assert stage.metadata(2)["verdicts"]["suit"]["confidence"] == 0.9


def test_a_slip_accepts_nothing(stage: Stage, ollama: FakeOllama) -> None:
    """The judge overlooks the missing suit at first, and never again."""
    vote(stage, 3)
    ollama.answer = Wavering(suit=["yes", "no"])
    ended = stage.run(max_iterations=1)
    assert (ended.status, ended.accepted) == ("exhausted", False)
    told = stage.metadata(1)["verdicts"]["suit"]
    assert (told["verdict"], told["confidence"]) == ("failed", 0.6667)


def test_that_test_can_fail(stage: Stage, ollama: FakeOllama) -> None:
    """With single votes the slip is all there is."""
    ollama.answer = Wavering(suit=["yes", "no"])
    assert stage.run(max_iterations=1).accepted


def test_a_slip_refuses_nothing(stage: Stage, ollama: FakeOllama) -> None:
    """And the other way round: a near miss is looked at again."""
    vote(stage, 5)
    ollama.answer = Wavering(suit=["no", "yes"])
    ended = stage.run(max_iterations=1)
    assert ended.accepted
    assert stage.metadata(1)["verdicts"]["suit"]["confidence"] == 0.75


def test_what_had_passed_is_asked_again_before_it_counts(stage: Stage, critic: Critic) -> None:
    stage.rules(
        None, ("questions:", '  - {field: tie, question: "Is there a tie?", intent: change}\nquestions:')
    )
    vote(stage, 3)
    critic.says = lambda field, nth: "yes" if field == "face" and nth == 1 else "no"
    stage.run(max_iterations=2)
    assert [criteria_of(asked) for asked in critic.of("criteria")] == [
        ["suit", "face", "tie"],
        ["suit", "face", "tie"],
        ["face"],
    ]
    assert stage.metadata(2)["verdicts"]["face"]["verdict"] == "failed"
    assert stage.metadata(2)["verdicts"]["face"]["confidence"] == 1.0


def test_a_judge_that_disagrees_with_itself_ends_no_run(stage: Stage, ollama: FakeOllama) -> None:
    """It can tell, if not always: that is no criterion that cannot be judged."""
    vote(stage, 3)
    ollama.answer = Wavering(suit=["yes", "no"], face=["no", "yes"])
    ended = stage.run()
    assert {stage.metadata(number)["verdicts"]["suit"]["verdict"] for number in (1, 2, 3, 4)} <= {
        "unclear",
        "failed",
    }
    assert (ended.status, ended.iterations) == ("exhausted", 4)


def test_a_contradiction_is_asked_again_once(stage: Stage, ollama: FakeOllama, critic: Critic) -> None:
    def contradictory(asked: Asked) -> str:
        told = json.loads(critic(asked)) if asked.schema else critic(asked)
        if "criteria" in told and "suit" in told["criteria"]:
            told["criteria"]["suit"] |= {"reason": "No, a grey hoodie.", "answer": "yes"}
        return told if isinstance(told, str) else json.dumps(told)

    ollama.answer = contradictory
    ended = stage.run(max_iterations=1)
    assert not ended.accepted
    assert [criteria_of(asked) for asked in critic.of("criteria")] == [["suit", "face"], ["suit"]]
    assert stage.metadata(1)["verdicts"]["suit"]["verdict"] == "unclear"


def test_an_embedded_judge_is_asked_once(stage: Stage) -> None:
    """It measures, and would measure the same."""
    vote(stage, 9)
    stage.rules(None, ("Is it a dark suit?", "Is it night?"), ("Is it the same face?", "Is it a photograph?"))
    stage.run(embedded=True, max_iterations=2)
    for number in stage.committed:
        assert len(read(stage.paths.evaluation(number))["raw"]) == 1


def test_the_console_says_how_often(stage: Stage, critic: Critic) -> None:
    vote(stage, 3)
    critic.says = from_picture(1)
    stage.run()
    (event,) = stage.told("verdicts_done")
    table = criteria_table(event.data["verdicts"], {}, votes=event.data["votes"], all_reasons=False)
    assert [row[-1].text for row in table.rows] == ["confirmed 2 of 2", "confirmed 2 of 2"]


# --- paid votes ---------------------------------------------------------------------------------------------


@pytest.fixture
def paid(stage: Stage, critic: Critic) -> Iterator[FakeOpenAICompatible]:
    critic.says = from_picture(1)
    with FakeOpenAICompatible(critic, cost=PRICE) as server:
        assert isinstance(server, FakeOpenAICompatible)
        yield server


def pay(stage: Stage, paid: FakeOpenAICompatible, more: str = "") -> None:
    head = f'provider: openai_compatible\nmodel: {MODEL["id"]}\nbase_url: "{paid.url}"\npairwise: false\n'
    stage.aivis(f"{head}votes: 5\n{more}")


def bought(critic: Critic) -> list[Any]:
    return [(asked.prompt, asked.images) for asked in critic.asked]


def test_a_limit_between_two_votes_pauses_and_accepts_nothing(
    stage: Stage, paid: FakeOpenAICompatible, critic: Critic
) -> None:
    """Description, questions, criteria: the fourth request would confirm them."""
    pay(stage, paid, "limits: {max_requests: 3}\n")
    for _ in range(2):
        error = paused(stage, LimitReached)
        assert "the limit of 3 requests is reached" in error.message
        assert "not confirmed: it is not accepted" in error.message
        assert paid.asked_count == 3
    assert stage.committed == [] and not stage.project.output_image.exists()
    pay(stage, paid, "limits: {max_requests: 50}\n")
    ended = stage.run()
    assert ended.accepted and ended.iterations == 1
    assert stage.output["usage"]["requests"] == paid.asked_count == 5
    assert len(set(bought(critic))) == len(bought(critic)), "no vote was bought twice"


def test_a_judge_that_goes_away_between_two_votes(
    stage: Stage, paid: FakeOpenAICompatible, critic: Critic
) -> None:
    pay(stage, paid)
    answer = paid.answer

    def the_credit_ends_with_the_first_vote(asked: Asked) -> str:
        told = answer(asked)
        if len(critic.of("criteria")) == 1 and not paid.script:
            paid.script.append(no_credit())
        return told

    paid.answer = the_credit_ends_with_the_first_vote
    paused(stage, JudgeUnavailable)
    assert stage.committed == [] and not stage.paths.evaluation(1).exists()
    paid.answer = answer
    assert stage.run().accepted
    assert len(critic.of("criteria")) == 2
    assert len(set(bought(critic))) == len(bought(critic)), "no vote was bought twice"


def test_that_this_can_fail(stage: Stage, paid: FakeOpenAICompatible, critic: Critic) -> None:
    """Twin: a program that forgets its votes buys them again, and is seen to."""
    pay(stage, paid, "limits: {max_requests: 3}\n")
    paused(stage, LimitReached)
    for file in stage.paths.answers.iterdir():
        file.unlink()
    pay(stage, paid, "limits: {max_requests: 50}\n")
    stage.run()
    assert len(set(bought(critic))) < len(bought(critic))


def test_votes_may_change_in_the_middle_of_a_run(stage: Stage, critic: Critic) -> None:
    critic.says = never
    stage.run_until("iteration_committed", 1)
    vote(stage, 3)
    stage.run(max_iterations=2)
    assert len(stage.run_ids) == 1
    assert "votes in AIVis.yaml changed since this run began" in stage.notes
