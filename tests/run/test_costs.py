"""What a run spends, while it works and over the runs of a project; what is not known stays unknown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.fakes.openai_compatible import MODEL, FakeOpenAICompatible
from tests.run.stage import Critic, Stage, from_picture, never

from iterativectl import overview
from iterativectl.cli import status_view, verdict
from iterativectl.project.spending import PerAccepted, per_accepted

PRICE = 0.002  # USD an answer
HEADS = "provider: openrouter\nmodel: {model}\nbase_url: {url}\n"


@pytest.fixture
def paid(critic: Critic, stage: Stage) -> Iterator[FakeOpenAICompatible]:
    """The stage's judge takes money for every answer."""
    with FakeOpenAICompatible(critic, cost=PRICE) as server:
        assert isinstance(server, FakeOpenAICompatible)
        stage.environ["OPENROUTER_API_KEY"] = "sk-or-of-a-test"
        stage.aivis(HEADS.format(model=MODEL["id"], url=server.url))
        yield server


def unpriced(stage: Stage, paid: FakeOpenAICompatible) -> None:
    """Its server says nothing of costs, its catalogue nothing of prices, and nobody wrote any."""
    paid.cost = None
    paid.models[0] = {**MODEL, "pricing": {}}


def counts(stage: Stage) -> list[tuple[int, float | None]]:
    told = [event.data["usage"] for event in stage.told("request_done")]
    return [(usage["requests"], usage["cost_usd"]) for usage in told]


# --- while it works


def test_every_request_is_told_of_as_it_ends(stage: Stage, paid: FakeOpenAICompatible) -> None:
    ended = stage.run()
    assert counts(stage) == [(nth, pytest.approx(nth * PRICE)) for nth in range(1, paid.asked_count + 1)]
    last = stage.told("request_done")[-1].data["usage"]
    assert last == ended.usage == stage.output["usage"]
    assert last["input_tokens"] == 194 * paid.asked_count and last["output_tokens"] == 20 * paid.asked_count


def test_a_resumed_run_counts_on(stage: Stage, paid: FakeOpenAICompatible) -> None:
    stage.run_until("iteration_committed", 1)
    before = counts(stage)[-1][0]
    stage.run()
    assert counts(stage)[0][0] == before + 1


def test_an_unknown_cost_is_unknown_everywhere(
    stage: Stage, paid: FakeOpenAICompatible, critic: Critic
) -> None:
    critic.says = from_picture(1)
    unpriced(stage, paid)
    ended = stage.run()
    assert ended.status == "passed"
    assert (ended.usage["cost_usd"], ended.usage["unpriced"]) == (None, paid.asked_count)
    assert {cost for _, cost in counts(stage)} == {None}
    assert stage.metadata(1)["usage"]["cost_usd"] is None
    assert {call["cost_usd"] for call in stage.metadata(1)["calls"]} == {None}
    assert stage.told("iteration_committed")[0].data["cost_usd"] is None
    assert per_accepted(stage.project) == PerAccepted(usd=None, pictures=1, runs=1)
    said = " ".join(str(block) for block in verdict.blocks(ended, stage.project, 0))
    assert f"cost unknown ({paid.asked_count} requests without a price)" in said
    assert "cost per accepted picture: unknown" in said
    assert verdict.data(ended, stage.project)["cost_per_accepted_picture"]["usd"] is None


def test_what_is_known_is_said_beside_what_is_not(
    stage: Stage, paid: FakeOpenAICompatible, critic: Critic
) -> None:
    """The server reports what the first two answers cost, and then no more."""
    critic.says = from_picture(1)
    unpriced(stage, paid)
    paid.cost = PRICE
    stage.at("answers_done", 1, lambda: unpriced(stage, paid))
    ended = stage.run()
    assert [call["cost_usd"] for call in stage.metadata(1)["calls"]] == [PRICE, None, None]
    assert stage.metadata(1)["usage"]["cost_usd"] is None
    assert (ended.usage["cost_usd"], ended.usage["unpriced"]) == (None, 2)
    assert ended.usage["at_least_usd"] == pytest.approx(2 * PRICE)


# --- the cost of a picture


def test_all_runs_since_the_beginning_count_by_the_accepted_pictures(
    stage: Stage, paid: FakeOpenAICompatible, critic: Critic
) -> None:
    """One run that ended without a picture, two that had one: what all three cost, divided by two."""
    critic.says = never
    ended = stage.run(max_iterations=1)
    found = per_accepted(stage.project)
    assert (found.usd, found.pictures, found.runs) == (None, 0, 1)
    assert "per accepted picture" not in " ".join(map(str, verdict.blocks(ended, stage.project, 0)))
    for more in (1, 2):
        critic.says = from_picture(1)
        stage.rules(None, ("Is it", "Is  it"))  # a new run
        ended = stage.run()
        assert ended.status == "passed"
        found = per_accepted(stage.project)
        assert (found.pictures, found.runs) == (more, 1 + more)
        assert found.usd == pytest.approx(paid.asked_count * PRICE / more)
    words = f"cost per accepted picture: {found.usd:.4f} USD (2 accepted pictures in 3 runs)"
    assert words in " ".join(map(str, verdict.blocks(ended, stage.project, 0)))
    told = {"usd": found.usd, "pictures": 2, "runs": 3}
    assert verdict.data(ended, stage.project)["cost_per_accepted_picture"] == told
    view = overview.overview(stage.project)
    assert status_view.data(view)["cost_per_accepted_picture"] == told
    assert words in " ".join(map(str, status_view.blocks(view)))


def test_a_rehearsal_is_no_cheap_picture(stage: Stage, paid: FakeOpenAICompatible, critic: Critic) -> None:
    critic.says = from_picture(1)
    stage.run()
    before = per_accepted(stage.project)
    stage.run(embedded=True, max_iterations=1)
    assert len(stage.run_ids) == 2 and per_accepted(stage.project) == before


def test_a_damaged_file_leaves_it_unknown(stage: Stage, paid: FakeOpenAICompatible, critic: Critic) -> None:
    critic.says = from_picture(1)
    stage.run()
    stage.paths.usage.write_text("{\n")
    assert per_accepted(stage.project) == PerAccepted(usd=None, pictures=0, runs=1)
