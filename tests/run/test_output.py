"""output/: the best picture and why; an accepted one is never lost to a later run."""

from __future__ import annotations

import pytest
from tests.fakes.comfyui import FakeComfyUI
from tests.run.stage import Critic, Stage, from_picture, never, scenery

from iterativectl.images.normalise import from_pixels
from iterativectl.project.records import read as read_record


def shown(stage: Stage) -> bytes:
    return stage.project.output_image.read_bytes()


def test_a_better_picture_replaces_the_one_before(stage: Stage, critic: Critic) -> None:
    stage.rules(None, ("max_iterations: 4", "max_iterations: 3"))
    critic.says = lambda field, nth: "yes" if (field, nth) == ("suit", 2) else "no"
    shown_at: list[tuple[int, float]] = []
    for number in (2, 3):
        stage.at(
            "iteration_planned",
            number,
            lambda: shown_at.append((stage.output["iteration"], stage.output["score"])),
        )
    ended = stage.run()
    assert (ended.status, ended.best_iteration, ended.score) == ("exhausted", 2, 50)
    assert shown_at == [(1, 0), (2, 50)]
    assert shown(stage) == stage.paths.image(2).read_bytes(), "byte for byte"
    assert ended.output == stage.project.output_image


def test_an_accepted_picture_is_kept_from_a_later_run(stage: Stage, critic: Critic) -> None:
    first = stage.run()
    picture, told = shown(stage), stage.output
    critic.says = never
    second = stage.run(max_iterations=2, seed=8)
    assert (second.accepted, second.kept_run_id) == (False, first.run_id)
    assert (shown(stage), stage.output) == (picture, told)
    assert stage.told("run_finished")[0].data["kept_run_id"] == first.run_id
    assert second.output == stage.paths.image(second.best_iteration or 0), "what the later run has to show"


def test_that_test_can_fail(stage: Stage, critic: Critic) -> None:
    """Twin: one that was not accepted is replaced."""
    critic.says = never
    stage.run(max_iterations=1)
    picture = shown(stage)
    second = stage.run(max_iterations=1, seed=8)
    assert second.kept_run_id is None and shown(stage) != picture
    assert stage.output["run_id"] == second.run_id


def test_an_accepted_picture_gives_way_to_another_accepted_one(stage: Stage, critic: Critic) -> None:
    stage.run()
    picture = shown(stage)
    critic.says = from_picture(1)
    second = stage.run(seed=8)
    assert second.kept_run_id is None
    assert stage.output["run_id"] == second.run_id and shown(stage) != picture


@pytest.mark.parametrize("changed", ["rules", "input"])
def test_an_accepted_picture_for_something_else_gives_way(stage: Stage, critic: Critic, changed: str) -> None:
    stage.run()
    critic.says = never
    if changed == "rules":
        stage.rules(None, ("Is it a dark suit?", "Is it a light suit?"))
    else:
        stage.project.input.write_bytes(from_pixels(scenery(seed=2)))
    second = stage.run(max_iterations=1)
    assert second.kept_run_id is None
    assert (stage.output["run_id"], stage.output["accepted"]) == (second.run_id, False)


def test_more_iterations_are_no_other_rules(stage: Stage, critic: Critic) -> None:
    first = stage.run()
    critic.says = never
    stage.rules(None, ("max_iterations: 4", "max_iterations: 1, patience: 9, max_failures: 9"))
    assert stage.run().kept_run_id == first.run_id


@pytest.mark.parametrize("rules", ["the same rules", "other rules"])
def test_a_rehearsal_never_takes_the_place_of_a_picture_that_was_accepted(
    stage: Stage, comfyui: FakeComfyUI, critic: Critic, rules: str
) -> None:
    critic.says = from_picture(1)
    first = stage.run()
    assert stage.output["backend"] == "comfyui"
    picture = shown(stage)
    always = "{field: alike, measure: {metric: similarity, min: 0.0}, intent: preserve}"
    if rules == "other rules":
        stage.rules(f"project: {{name: attire}}\nacceptance_criteria:\n  - {always}\n")
    rehearsal = stage.run(embedded=True, max_iterations=1)
    assert rehearsal.kept_run_id == first.run_id and shown(stage) == picture
    assert rehearsal.accepted is (rules == "other rules")


def test_a_real_picture_takes_the_place_of_a_rehearsal_s(
    stage: Stage, comfyui: FakeComfyUI, critic: Critic
) -> None:
    """The same rules: the embedded judge finds them met, the real one never does."""
    day = "{field: day, question: 'Is it night?', min: 0, max: 0, intent: preserve}"
    stage.rules(f"project: {{name: attire}}\nacceptance_criteria:\n  - {day}\n")
    critic.says = never
    assert stage.run(embedded=True).accepted and stage.output["backend"] == "embedded"
    real = stage.run(max_iterations=1)
    assert not real.accepted and real.kept_run_id is None
    assert stage.output["backend"] == "comfyui"


def test_the_output_says_all_of_its_iteration_and_its_run(stage: Stage, critic: Critic) -> None:
    ended = stage.run()
    told = stage.output
    assert list(told)[:14] == [
        "format",
        "run_id",
        "status",
        "reason",
        "accepted",
        "iterations",
        "score",
        "criteria",
        "usage",
        "history",
        "backend",
        "judged_for",
        "sha256",
        "iteration",
    ]
    own = {name: told[name] for name in list(told)[:7]}
    assert own == {
        "format": "output/1",
        "run_id": ended.run_id,
        "status": "passed",
        "reason": "every criterion passed at iteration 2",
        "accepted": True,
        "iterations": 2,
        "score": 100,
    }
    assert told["criteria"] == [
        {
            "field": "suit",
            "question": "Is it a dark suit?",
            "verdict": "passed",
            "reason": "suit in picture 2",
        },
        {
            "field": "face",
            "question": "Is it the same face?",
            "verdict": "passed",
            "reason": "face in picture 2",
        },
    ]
    assert [(line["iteration"], line["status"], line["score"]) for line in told["history"]] == [
        (1, "ok", 50),
        (2, "ok", 100),
    ]
    for line in told["history"]:
        committed = stage.metadata(line["iteration"])
        assert line["similarity"] == committed["comparison"]["similarity_score"]
        assert line["parameters"].items() <= committed["parameters_used"].items()
    assert told["usage"] == dict(ended.usage)
    assert told["usage"]["requests"] == len(critic.asked) and told["usage"]["unknown"] == 0
    metadata = stage.metadata(2)
    for name in ("format", "status", "usage"):
        del metadata[name]
    assert metadata.items() <= told.items()


def test_a_measured_criterion_is_told_as_what_it_is(stage: Stage) -> None:
    rule = "{field: alike, measure: {metric: similarity, min: 0.01, max: 0.999}, intent: preserve}"
    stage.rules(f"project: {{name: attire}}\nacceptance_criteria:\n  - {rule}\n")
    stage.run()
    assert stage.output["criteria"][0]["question"] == "measured: similarity (whole) min 0.01, max 0.999"


@pytest.mark.parametrize("damage", ["", "{", '{"format": "plan/1"}'])
def test_a_damaged_output_is_written_anew(stage: Stage, critic: Critic, damage: str) -> None:
    stage.run()
    stage.project.output_metadata.write_text(damage)
    critic.says = never
    second = stage.run(max_iterations=1)
    assert stage.output["run_id"] == second.run_id


def test_what_a_kill_left_between_picture_and_metadata_is_mended(stage: Stage) -> None:
    stage.run_until("run_finished")
    stage.project.output_metadata.unlink()
    stage.project.output_image.write_bytes(b"half of")
    stage.project.checkpoint.write_text(stage.project.checkpoint.read_text().replace("passed", "running", 1))
    ended = stage.run()
    assert shown(stage) == stage.paths.image(2).read_bytes()
    assert read_record(stage.project.output_metadata, "output/1")["run_id"] == ended.run_id
