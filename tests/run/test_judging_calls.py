"""Requests of the judge in a run: all in one, with a region beside the whole, with a critique."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.fakes.judge_server import Asked
from tests.fakes.ollama import FakeOllama
from tests.fakes.openai_compatible import FakeOpenAICompatible
from tests.run.stage import Critic, Stage, from_picture, never, read

from iterativectl.images.normalise import from_pixels
from iterativectl.project import runs
from iterativectl.vision.strict_schema import strict

MERGED = ("retries: 2", "retries: 2\ncalls: merged")
STEPS = ("questions", "evaluation", "comparison")
MEASURED = """\
project: {name: attire, max_iterations: 1}
acceptance_criteria:
  - {field: bright, measure: {metric: brightness, min: 0.99}, intent: change, gate: %s}
  - {field: suit, question: "Is it a dark suit?", intent: change}
  - {field: collar, question: "Is there a collar?", intent: change, depends_on: [bright]}
questions:
  - {field: clothing, question: "What is worn?", type: string}
"""


def judging(stage: Stage) -> list[str]:
    """The purposes of an iteration's calls that look at pictures, in their order."""
    calls = [call["purpose"] for call in stage.metadata(1)["calls"]]
    return [purpose for purpose in calls if purpose not in ("improve_prompts", "suggest_parameters")]


def at_once(critic: Critic) -> list[Asked]:
    """The requests for everything."""
    return critic.of("comparison")


@pytest.fixture
def merged(stage: Stage) -> Stage:
    stage.aivis(None, MERGED)
    return stage


# --- one request --------------------------------------------------------------------------------------------


def test_one_request_brings_the_three_files(merged: Stage, critic: Critic) -> None:
    critic.answers = {"clothing": "a purple cardigan", "people": 3}
    assert merged.run().status == "passed"
    assert len(at_once(critic)) == 2, "one a picture"
    assert judging(merged) == ["judge_at_once"]
    told = merged.metadata(1)
    assert told["questions"] == {"clothing": "a purple cardigan", "people": 3}
    assert {name: v["verdict"] for name, v in told["verdicts"].items()} == {
        "suit": "failed",
        "face": "passed",
    }
    assert told["similarity"]["model"] == "same" and told["comparison"]["analysis"] == "none"
    assert told["aivis_metadata"]["success"] is True and told["aivis_metadata"]["attempts"] == 1
    texts = [[entry.get("text") for entry in read(getattr(merged.paths, step)(1))["raw"]] for step in STEPS]
    assert sum(text is not None for step in texts for text in step) == 1, "the reply stands once"


def test_the_same_verdicts_as_with_three(stage: Stage, critic: Critic) -> None:
    stage.run()
    separate = [stage.metadata(n) for n in stage.committed]
    stage.aivis(None, MERGED)
    stage.run()
    for one, other in zip([stage.metadata(n) for n in stage.committed], separate, strict=True):
        for name in ("questions", "evaluation", "verdicts", "comparison", "critique"):
            assert one[name] == other[name], name


def test_the_order_in_the_prompt_and_in_the_schema(merged: Stage, critic: Critic) -> None:
    merged.run(max_iterations=1)
    (asked,) = at_once(critic)
    assert asked.schema is not None
    assert list(asked.schema["properties"]) == ["answers", "criteria", "critique", "comparison"]
    places = [asked.prompt.index(word) for word in ("FIRST", "SECOND", '"critique"', "THIRD")]
    assert places == sorted(places)
    assert "dark suit (" not in asked.prompt and "must_include" not in asked.prompt


@pytest.mark.parametrize("moment", ["generation_done", "answers_done", "verdicts_done", "comparison_done"])
def test_cut_off_anywhere_nothing_is_asked_twice(
    merged: Stage, critic: Critic, ollama: FakeOllama, moment: str
) -> None:
    critic.says = never
    merged.run_until(moment, 1)
    before = ollama.asked_count
    merged.run(max_iterations=1)
    assert len(at_once(critic)) == 1
    assert not critic.of("answers")[1:] and not critic.of("similarity")
    assert ollama.asked_count - before <= (2 if moment == "generation_done" else 0)
    assert judging(merged) == ["judge_at_once"], "and it is on record once"


def test_a_file_that_is_lost_is_made_again_from_what_was_paid_for(
    merged: Stage, critic: Critic, ollama: FakeOllama
) -> None:
    merged.run_until("comparison_done", 1)
    asked = ollama.asked_count
    for step in STEPS:
        getattr(merged.paths, step)(1).unlink()
    merged.run(max_iterations=1)
    assert len(at_once(critic)) == 1 and ollama.asked_count == asked


@pytest.mark.parametrize(
    ("part", "kind"), [("answers", "answers"), ("criteria", "criteria"), ("comparison", "similarity")]
)
def test_a_part_that_cannot_be_read_is_asked_for_alone(
    merged: Stage, ollama: FakeOllama, critic: Critic, part: str, kind: str
) -> None:
    def answer(asked: Asked) -> str:
        said = critic(asked)
        if asked.schema and "comparison" in asked.schema["properties"]:
            said = json.dumps({name: entry for name, entry in json.loads(said).items() if name != part})
        return said

    ollama.answer = answer
    merged.run(max_iterations=1)
    assert len(at_once(critic)) == 1
    alone = [asked for asked in critic.of(kind) if asked not in at_once(critic)]
    assert len(alone) == 1
    told = merged.metadata(1)
    assert None not in told["questions"].values()
    assert "unclear" not in {v["verdict"] for v in told["verdicts"].values()}
    assert told["similarity"]["model"] == "same"


def test_a_judge_that_says_nothing_useful_is_asked_four_times_at_most(
    merged: Stage, ollama: FakeOllama
) -> None:
    ollama.answer = lambda asked: "I cannot help with that." if asked.schema else "A person."
    merged.run(max_iterations=1)
    assert {v["verdict"] for v in merged.metadata(1)["verdicts"].values()} == {"unclear"}
    assert judging(merged) == ["judge_at_once", "ask_questions", "evaluate_criteria", "compare_images"]


def test_without_questions_the_reply_stands_with_the_verdicts(merged: Stage, critic: Critic) -> None:
    text = merged.project.rules.read_text()
    merged.rules(text[: text.index("questions:")])
    merged.run_until("verdicts_done", 1)
    merged.run(max_iterations=1)
    (asked,) = at_once(critic)
    assert asked.schema is not None and "answers" not in asked.schema["properties"]
    raw = read(merged.paths.evaluation(1))["raw"]
    assert [entry.get("part") for entry in raw] == [None, "criteria"]
    assert not critic.of("similarity") and merged.metadata(1)["similarity"]["model"] == "same"


def test_gates_and_measured_criteria_come_first(merged: Stage, ollama: FakeOllama, critic: Critic) -> None:
    merged.rules(MEASURED % "true")
    merged.run()
    assert ollama.asked_count == 0
    merged.rules(MEASURED % "false")
    merged.run()
    (asked,) = at_once(critic)
    assert asked.schema is not None
    assert list(asked.schema["properties"]["criteria"]["properties"]) == ["suit"]
    assert merged.metadata(1)["verdicts"]["collar"]["by"] == "depends_on:bright"


def test_where_only_the_comparison_is_left_it_is_asked_for_alone(merged: Stage, critic: Critic) -> None:
    merged.rules(
        "project: {name: attire, max_iterations: 1}\nacceptance_criteria:\n"
        "  - {field: bright, measure: {metric: brightness, min: 0.01}}\n"
    )
    merged.run()
    assert judging(merged) == ["compare_images"] and not at_once(critic)


def test_the_rehearsal_and_the_embedded_judge_answer_in_one_as_well(
    merged: Stage, ollama: FakeOllama
) -> None:
    merged.rules(
        None, ("Is it a dark suit?", "Is it night?"), ("Is it the same face?", "Is everything sharp?")
    )
    merged.aivis("provider: embedded\ncalls: merged\n")
    merged.run(max_iterations=1)
    assert ollama.asked_count == 0 and judging(merged) == ["judge_at_once"]
    in_one = merged.metadata(1)["verdicts"]
    merged.aivis("provider: embedded\n")
    merged.run(max_iterations=1, reset=True)
    assert merged.metadata(1)["verdicts"] == in_one


@pytest.fixture
def paid(critic: Critic) -> Iterator[FakeOpenAICompatible]:
    with FakeOpenAICompatible(critic) as server:
        assert isinstance(server, FakeOpenAICompatible)
        yield server


def test_a_paid_provider_is_paid_once_and_the_schema_is_a_strict_one(
    merged: Stage, paid: FakeOpenAICompatible, critic: Critic
) -> None:
    critic.says = from_picture(1)
    model = "provider: openai_compatible\nmodel: qwen/qwen3-vl-8b-instruct"
    merged.aivis(f'{model}\nbase_url: "{paid.url}"\ncalls: merged\n')
    ended = merged.run()
    assert ended.status == "passed"
    assert ended.usage["requests"] == paid.asked_count == 2, "the description, and all the rest"
    (asked,) = at_once(critic)
    assert asked.schema is not None and strict(asked.schema) == asked.schema
    assert paid.last["response_format"]["json_schema"]["name"] == "judge_at_once"


def test_the_console_hears_what_is_done(merged: Stage) -> None:
    merged.run(max_iterations=1)
    assert [event.data["purpose"] for event in merged.told("judging")][:2] == [
        "describe_image",
        "judge_at_once",
    ]


# --- the region ---------------------------------------------------------------------------------------------


def draw(stage: Stage, x: int, y: int, width: int, height: int) -> None:
    mask = np.zeros((48, 64, 3), np.uint8)
    mask[y : y + height, x : x + width] = 255
    stage.project.masks.mkdir(exist_ok=True)
    stage.project.mask("left").write_bytes(from_pixels(mask))


@pytest.mark.parametrize("calls", ["separate", "merged"])
def test_the_region_of_the_mask_is_shown_beside_the_whole(stage: Stage, critic: Critic, calls: str) -> None:
    draw(stage, 4, 8, 20, 20)
    stage.aivis(None, ("retries: 2", f"retries: 2\ncalls: {calls}"))
    stage.run(mask="left", max_iterations=1)
    asked = at_once(critic) if calls == "merged" else critic.asked[1:4]
    assert len(asked) == (1 if calls == "merged" else 3)
    for request in asked:
        assert len(request.images) == 4
        sizes = [Image.open(io.BytesIO(png)).size for png in request.images]
        assert sizes == [(64, 48), (64, 48), (128, 144), (128, 144)], "32 x 36, four times as large"
        assert "Image 3: original, region" in request.prompt and "Image 4: result, region" in request.prompt
        assert "Images 3 and 4 are no further pictures" in request.prompt
        assert request.images[2] != request.images[3]
    body = read(stage.paths.evaluation(1))
    assert body["region"] == [0, 0, 32, 36]
    shown = [entry["shown"] for entry in read(stage.paths.questions(1))["raw"] if "shown" in entry]
    assert shown == [["original", "result", "original, region", "result, region"]]


def test_a_region_that_is_nearly_the_picture_is_not(stage: Stage, critic: Critic) -> None:
    draw(stage, 4, 4, 54, 40)
    stage.aigen(None, ("prompts:", "masking: {feather: 0}\nprompts:"))
    stage.run(mask="left", max_iterations=1)
    assert {len(asked.images) for asked in critic.asked[1:4]} == {2}
    assert read(stage.paths.evaluation(1))["region"] is None
    assert "Images 3 and 4" not in critic.of("criteria")[0].prompt


def test_a_region_is_never_larger_than_what_may_be_sent(stage: Stage, critic: Critic) -> None:
    draw(stage, 4, 8, 20, 20)
    stage.aivis(None, ("retries: 2", "retries: 2\nmax_image_px: 100"))
    stage.run(mask="left", max_iterations=1)
    sizes = {Image.open(io.BytesIO(png)).size for png in critic.of("criteria")[0].images[2:]}
    assert sizes == {(89, 100)}


def test_without_a_mask_two_pictures_and_not_a_word_of_others(stage: Stage, critic: Critic) -> None:
    stage.run(max_iterations=1)
    for asked in critic.asked[1:4]:
        assert len(asked.images) == 2 and "region" not in asked.prompt


def test_the_embedded_judge_measures_the_whole_picture(stage: Stage) -> None:
    draw(stage, 4, 8, 20, 20)
    stage.run(mask="left", max_iterations=1, embedded=True)
    assert stage.metadata(1)["status"] == "ok"


# --- the critique -------------------------------------------------------------------------------------------

FINGERS: dict[str, Any] = {
    "what": "six fingers",
    "mode": "anatomical_errors",
    "severity": "severe",
    "fault": "picture",
    "bbox_2d": [250, 500, 500, 1000],
}
FOUND = {
    "mode": "anatomical_errors",
    "severity": 3,
    "fault": "picture",
    "what": "six fingers",
    "box": [16, 24, 16, 24],
}


@pytest.mark.parametrize("calls", ["separate", "merged"])
def test_what_is_wrong_is_on_record_and_told_to_the_advisor(stage: Stage, critic: Critic, calls: str) -> None:
    stage.aivis(None, ("retries: 2", f"retries: 2\ncalls: {calls}"))
    critic.says = never
    critic.critique = [FINGERS, {"mode": "ugly"}]
    stage.run_until("iteration_committed", 1)
    assert read(stage.paths.evaluation(1))["critique"] == stage.metadata(1)["critique"] == [FOUND]
    raw = read(stage.paths.evaluation(1))["raw"]
    assert [entry["left_out"] for entry in raw if "left_out" in entry] == [["'ugly' is no failure mode"]]
    (asked,) = critic.of("positive")
    assert 'anatomical_errors, severe, "picture": six fingers' in asked.prompt
    (iteration,) = runs.load_history(stage.paths).iterations
    assert iteration.assessment is not None
    (flaw,) = iteration.assessment.critique
    assert (flaw.mode, flaw.box) == ("anatomical_errors", (16, 24, 16, 24))


def test_a_box_is_in_the_pixels_of_the_picture_not_of_what_was_sent(stage: Stage, critic: Critic) -> None:
    big = np.random.default_rng(1).integers(0, 255, (120, 200, 3), np.uint8)
    stage.project.input.write_bytes(from_pixels(big))
    stage.aivis(None, ("retries: 2", "retries: 2\nmax_image_px: 64"))
    critic.critique = [FINGERS]
    stage.run(max_iterations=1)
    assert stage.metadata(1)["critique"][0]["box"] == [50, 60, 50, 60]


def test_it_changes_no_verdict(stage: Stage, critic: Critic) -> None:
    critic.says = from_picture(1)
    critic.critique = [FINGERS]
    assert stage.run().status == "passed"


def test_a_run_of_an_older_program_has_none(stage: Stage, critic: Critic) -> None:
    critic.says = never
    stage.run_until("iteration_planned", 2)
    for path, name in ((stage.paths.metadata(1), "critique"), (stage.paths.evaluation(1), "critique")):
        body = read(path)
        del body[name]
        path.write_text(json.dumps(body))
    assert stage.run(max_iterations=2).iterations == 2


def test_a_damaged_critique_is_noticed(stage: Stage, critic: Critic) -> None:
    critic.says = never
    critic.critique = [FINGERS]
    stage.run_until("iteration_planned", 2)
    body = read(stage.paths.metadata(1))
    body["critique"][0]["severity"] = "very"
    stage.paths.metadata(1).write_text(json.dumps(body))
    with pytest.raises(Exception, match="iteration_1_metadata.json is damaged"):
        stage.run()


def test_prompts_of_before_still_work(stage: Stage, critic: Critic) -> None:
    """A person's own template, written before there were regions and a critique."""
    stage.project.prompts.write_text("evaluate_criteria: |\n  Judge: {criteria}\n  {schema}\n")
    draw(stage, 4, 8, 20, 20)
    assert stage.run(mask="left", max_iterations=2).status == "passed"
    assert critic.of("criteria")[0].prompt.count("Judge:") == 1
