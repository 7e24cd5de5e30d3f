"""What the judge of a run is asked, in which order, and what he is never told."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image
from tests.fakes.judge_server import Asked
from tests.fakes.ollama import FakeOllama
from tests.run.stage import CANARY, Critic, Stage, from_picture, never, read, scenery

from iterativectl.images.normalise import from_pixels

MEASURED = """\
project: {name: attire, max_iterations: 2}
acceptance_criteria:
  - {field: alike, measure: {metric: similarity, min: 0.01}, intent: preserve}
  - {field: bright, measure: {metric: brightness, min: 0.05}, intent: preserve}
  - {field: large, measure: {metric: size, max: 1}, intent: preserve}
"""
GATED = """\
project: {name: attire, max_iterations: 2}
acceptance_criteria:
  - {field: white, measure: {metric: brightness, min: 0.99}, intent: change, gate: true}
  - {field: suit, question: "Is it a dark suit?", intent: change, must_include: [dark suit]}
questions:
  - {field: clothing, question: "What is worn?", type: string}
"""
DEPENDENT = """\
project: {name: attire, max_iterations: 1}
acceptance_criteria:
  - {field: suit, question: "Is it a dark suit?", intent: change}
  - {field: tie, question: "Is there a tie?", intent: change, depends_on: [suit]}
  - {field: white, measure: {metric: brightness, min: 0.99}, intent: change}
  - {field: collar, question: "Is there a collar?", intent: change, depends_on: [white]}
"""


def kind(asked: Asked) -> str:
    """What a request is about, by the shape of its reply."""
    if asked.schema is None:
        return "description"
    shape = asked.schema["properties"]
    known = ("criteria", "answers", "similarity", "better", "positive", "denoise")
    return next(key for key in known if key in shape)


# --- what is asked ------------------------------------------------------------------------------------------


def test_the_order_of_one_iteration(stage: Stage, critic: Critic) -> None:
    critic.says = never
    stage.run_until("iteration_committed", 1)
    first = ["description", "answers", "criteria", "similarity", "positive"]
    assert [kind(asked) for asked in critic.asked][:5] == first
    assert {kind(asked) for asked in critic.asked[5:]} <= {"denoise"}


def test_both_pictures_under_their_names_in_one_request(stage: Stage, critic: Critic) -> None:
    stage.run(max_iterations=1)
    original = critic.described[0].images
    for key in ("answers", "criteria", "similarity"):
        (asked,) = critic.of(key)
        assert len(asked.images) == 2
        assert asked.images[:1] == original and asked.images[1] != original[0]
        assert asked.prompt.index("Image 1: original") < asked.prompt.index("Image 2: result")
        assert "image 1 is the original, image 2 is the result" in asked.prompt.lower().replace("\n", " ")


@pytest.mark.row("2/18")
def test_the_answers_stand_before_the_verdicts(stage: Stage, critic: Critic) -> None:
    critic.answers = {"clothing": "a purple cardigan", "people": 3}
    stage.run(max_iterations=1)
    (asked,) = critic.of("criteria")
    assert "clothing: a purple cardigan" in asked.prompt and "people: 3" in asked.prompt
    assert stage.metadata(1)["questions"] == {"clothing": "a purple cardigan", "people": 3}


def test_the_advisor_hears_the_original_in_words(stage: Stage, critic: Critic) -> None:
    critic.says = never
    stage.run_until("iteration_committed", 1)
    (asked,) = critic.of("positive")
    assert "A person in a hoodie." in asked.prompt
    assert asked.images == (), "text only"
    for part in ("a grey hoodie", "suit in picture 1", "must_include: dark suit", "ban_terms: hoodie"):
        assert part in asked.prompt


@pytest.mark.row("2/18")
def test_the_judge_is_never_told_what_the_generator_was_told(stage: Stage, critic: Critic) -> None:
    critic.says = never
    stage.run(max_iterations=3)
    told = {kind(asked) for asked in critic.asked if CANARY in asked.prompt}
    assert told and told <= {"positive", "denoise"}
    asked_in_all = {kind(asked) for asked in critic.asked}
    assert {"description", "answers", "criteria", "similarity"} <= asked_in_all


@pytest.mark.row("2/14")
def test_what_is_sent_has_at_most_so_many_pixels(stage: Stage, critic: Critic) -> None:
    stage.project.input.write_bytes(from_pixels(scenery(90, 300)))
    stage.aivis(None, ("retries: 2", "retries: 2\nmax_image_px: 64"))
    stage.run(max_iterations=1)
    sizes = {Image.open(io.BytesIO(png)).size for asked in critic.asked for png in asked.images}
    assert sizes == {(19, 64)}
    made = Image.open(io.BytesIO(stage.paths.image(1).read_bytes()))
    assert made.size == (90, 300), "only what is sent is made smaller"


def test_a_picture_that_fits_is_sent_as_it_is(stage: Stage, critic: Critic) -> None:
    stage.run(max_iterations=1)
    assert critic.described[0].images[0] == stage.project.input.read_bytes()


# --- the description ----------------------------------------------------------------------------------------


def test_the_original_is_described_once_and_for_all_runs(stage: Stage, critic: Critic) -> None:
    stage.run()
    stage.run(seed=8)
    assert len(critic.described) == 1
    (path,) = (stage.project.working / "descriptions").iterdir()
    assert read(path)["text"] == "A person in a hoodie."
    stage.project.input.write_bytes(from_pixels(scenery(seed=2)))
    stage.run(seed=9)
    assert len(critic.described) == 2


def test_a_damaged_description_is_named(stage: Stage) -> None:
    stage.run()
    (path,) = (stage.project.working / "descriptions").iterdir()
    path.write_text("{")
    with pytest.raises(Exception, match=f"{path.name} is damaged"):
        stage.run()


# --- measured, gated, dependent -----------------------------------------------------------------------------


def test_measured_criteria_ask_nobody_for_a_verdict(stage: Stage, critic: Critic) -> None:
    stage.rules(MEASURED)
    ended = stage.run()
    assert ended.status == "passed"
    assert not critic.of("criteria") and not critic.of("answers")
    assert {v["by"] for v in stage.metadata(1)["verdicts"].values()} == {
        "measured:similarity",
        "measured:brightness",
        "measured:size",
    }
    assert stage.metadata(1)["aivis_metadata"] == {
        "provider": None,
        "model": None,
        "using_fallback": False,
        "success": False,
        "attempts": 0,
        "error": None,
    }


def test_a_failed_gate_costs_no_request_at_all(stage: Stage, ollama: FakeOllama) -> None:
    stage.rules(GATED)
    ended = stage.run()
    assert (ended.status, ended.iterations, ended.score) == ("exhausted", 2, 0)
    assert ollama.asked_count == 0 and ended.usage["requests"] == 0
    verdicts = stage.metadata(1)["verdicts"]
    assert verdicts["white"]["by"] == "measured:brightness"
    assert (verdicts["suit"]["verdict"], verdicts["suit"]["by"]) == ("failed", "gate:white")
    assert verdicts["suit"]["value"] is None
    assert stage.metadata(1)["questions"] == {}
    assert stage.metadata(1)["similarity"]["measured"] > 0, "measured all the same"


def test_that_test_can_fail(stage: Stage, ollama: FakeOllama) -> None:
    """The same rules without the gate ask."""
    stage.rules(GATED.replace(", gate: true", ""))
    stage.run()
    assert ollama.asked_count > 0


def test_a_gate_that_opens_lets_the_judge_in(stage: Stage, critic: Critic) -> None:
    stage.rules(GATED.replace("0.99", "0.01"))
    critic.says = from_picture(1)
    assert stage.run().status == "passed"
    assert len(critic.of("criteria")) == 1


def test_dependents(stage: Stage, critic: Critic) -> None:
    stage.rules(DEPENDENT)
    critic.says = never  # no suit, but a tie
    stage.run()
    (asked,) = critic.of("criteria")
    assert asked.schema is not None
    assert set(asked.schema["properties"]["criteria"]["properties"]) == {"suit", "tie"}, (
        "left out only where a measured parent has failed"
    )
    verdicts = stage.metadata(1)["verdicts"]
    assert (verdicts["tie"]["verdict"], verdicts["tie"]["by"]) == ("failed", "depends_on:suit")
    assert verdicts["tie"]["value"] is True, "its own answer is kept"
    assert (verdicts["collar"]["verdict"], verdicts["collar"]["by"]) == ("failed", "depends_on:white")
    assert verdicts["collar"]["value"] is None


# --- unclear ------------------------------------------------------------------------------------------------


@pytest.mark.row("2/2")
def test_what_cannot_be_read_is_asked_once_more_and_then_unclear(stage: Stage, critic: Critic) -> None:
    critic.says = lambda field, nth: "perhaps" if field == "suit" else "yes"
    stage.run(max_iterations=1)
    first, second = critic.of("criteria")
    assert first.schema is not None and second.schema is not None
    assert list(second.schema["properties"]["criteria"]["properties"]) == ["suit"]
    told = stage.metadata(1)
    assert told["verdicts"]["suit"]["verdict"] == "unclear"
    assert told["evaluation"]["criteria_results"] == {"suit": False, "face": True}
    assert told["aivis_metadata"]["attempts"] == 2
    raw = read(stage.paths.evaluation(1))["raw"]
    assert [entry["sample"] for entry in raw] == [0, 1]


def test_the_second_asking_is_another_sample(stage: Stage, ollama: FakeOllama, critic: Critic) -> None:
    critic.says = lambda field, nth: "perhaps" if len(critic.of("criteria")) == 1 else "yes"
    ended = stage.run(max_iterations=1)
    assert ended.status == "passed"
    bodies = [r.body for r in ollama.requests if r.path == "/api/chat" and "format" in r.body]
    seeds = [b["options"]["seed"] for b in bodies if "criteria" in b["format"]["properties"]]
    assert seeds == [0, 1]


def test_unclear_is_never_accepted_whatever_the_score(stage: Stage, critic: Critic) -> None:
    critic.says = lambda field, nth: "unclear" if field == "face" else "yes"
    stage.rules(None, ("max_iterations: 4", "max_iterations: 2, pass_score: 50"))
    ended = stage.run()
    assert (ended.status, ended.score) == ("exhausted", 50)
    assert stage.output["accepted"] is False


def test_unclear_three_times_running_ends_it(stage: Stage, critic: Critic) -> None:
    critic.says = lambda field, nth: "unclear" if field == "face" else "no"
    ended = stage.run()
    assert (ended.status, ended.iterations) == ("unjudgeable", 3)
    assert ended.reason == ("face was unclear 3 times running: cannot be judged by ollama/qwen3-vl:4b")
    assert len(critic.of("criteria")) == 3, "a judge that cannot tell is not pressed"


@pytest.mark.row("2/15")
def test_a_reply_that_is_no_answer_is_kept_word_for_word(stage: Stage, ollama: FakeOllama) -> None:
    ollama.answer = lambda asked: "I cannot help with that." if asked.schema else "A person."
    stage.run(max_iterations=1)
    assert {v["verdict"] for v in stage.metadata(1)["verdicts"].values()} == {"unclear"}
    assert stage.metadata(1)["questions"] == {"clothing": None, "people": None}
    for step in (stage.paths.questions, stage.paths.evaluation, stage.paths.comparison):
        assert {entry["text"] for entry in read(step(1))["raw"]} == {"I cannot help with that."}


def test_an_answer_out_of_range_is_unclear_not_clamped(stage: Stage, critic: Critic) -> None:
    critic.answers = {"clothing": "a suit", "people": 40}
    stage.run(max_iterations=1)
    assert stage.metadata(1)["questions"]["people"] is None
    again = critic.of("answers")[1]
    assert again.schema is not None
    assert list(again.schema["properties"]["answers"]["properties"]) == ["people"]


def test_the_words_of_the_rules_reach_the_prompt_of_the_next_try(stage: Stage, critic: Critic) -> None:
    critic.says = never
    critic.advice = {"positive": "sunset hoodie, other face", "negative": "blurry, dark suit"}
    stage.run(max_iterations=2)
    prompts = stage.plan(2)["prompts"]
    assert prompts == {"positive": "sunset, dark suit", "negative": "blurry, hoodie"}
    assert json.dumps(prompts) in json.dumps(stage.metadata(2))
