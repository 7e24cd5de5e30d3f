"""Calibrating from a run's own files: what counts, what is named, what is asked again and kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.ollama import FakeOllama
from tests.run.stage import Critic, Stage, from_picture, read, tree

from iterativectl import calibration, compose_calibrate
from iterativectl.bench import Doing
from iterativectl.calibration import Material
from iterativectl.config.aivis import load_aivis
from iterativectl.errors import LimitReached, ProjectError, UsageError
from iterativectl.judging.calibrating import findings
from iterativectl.project.layout import RunPaths

NOW = "2026-01-09T22:25:59+01:00"


@pytest.fixture
def critic() -> Critic:
    """The suit is there from the third picture on, so that a run has three iterations."""
    return Critic(from_picture(3))


@pytest.fixture
def run(stage: Stage) -> RunPaths:
    """A run of three iterations, the last one accepted."""
    ended = stage.run()
    assert ended.iterations == 3
    return stage.paths


def say(paths: RunPaths, labels: dict[str, Any] | None = None, ranking: list[str] | None = None) -> None:
    """As a person's editor writes."""
    paths.human.mkdir(exist_ok=True)
    if labels is not None:
        paths.labels.write_text(json.dumps({"labels": labels}))
    if ranking is not None:
        paths.ranking.write_text(json.dumps({"ranking": ranking}))


def gathered(stage: Stage, run_id: str | None = None) -> Material:
    found = calibration.gather(stage.project, run_id)
    assert found is not None
    return found


def test_nobody_has_said_anything(stage: Stage, run: RunPaths) -> None:
    assert calibration.gather(stage.project, None) is None
    say(run, {}, [])
    assert calibration.gather(stage.project, None) is None


def test_no_run_and_no_such_run(stage: Stage) -> None:
    with pytest.raises(UsageError, match="no run yet"):
        calibration.gather(stage.project, None)
    stage.run(max_iterations=1)
    with pytest.raises(UsageError, match="no run 2020"):
        calibration.gather(stage.project, "2020-01-01_00-00-00")


def test_labels_meet_the_runs_verdicts(stage: Stage, run: RunPaths) -> None:
    say(run, {"1": {"suit": False, "face": True}, "3": {"suit": False}}, ["3", "1"])
    material = gathered(stage)
    first, third = material.cases
    assert (first.labels, first.verdicts["suit"].verdict, first.score) == (
        {"suit": False, "face": True},
        "failed",
        50,
    )
    assert (first.rank, third.rank, third.accepted, first.accepted) == (1, 0, True, False)
    found = findings(material.criteria, material.cases)
    suit = found.criteria[0].agreement
    assert (suit.true_fail, suit.false_pass) == (1, 1)
    assert found.ranked.tau == 1.0
    assert material.judges == {"ollama/qwen3-vl:4b": 4}


def test_strangers_are_kept_and_named(stage: Stage, run: RunPaths) -> None:
    say(run, {"1": {"siut": True, "suit": False}, "99": {"suit": True}}, ["40", "1", "best"])
    before = tree(run.human)
    material = gathered(stage)
    assert [case.name.rpartition("/")[2] for case in material.cases] == ["1"]
    told = " ".join(material.warnings)
    assert all(name in told for name in ("'99'", "'40'", "'best'", "'siut'"))
    assert tree(run.human) == before


def test_a_damaged_file_of_a_person_is_named_and_left(stage: Stage, run: RunPaths) -> None:
    say(run, {"1": {"suit": True}})
    run.ranking.write_text("{")
    before = tree(run.human)
    with pytest.raises(ProjectError, match=r"ranking\.json"):
        gathered(stage)
    assert tree(run.human) == before


def test_a_damaged_iteration_is_named_and_the_others_count(stage: Stage, run: RunPaths) -> None:
    say(run, {"1": {"suit": False}, "2": {"suit": False}})
    run.metadata(1).write_text("{")
    material = gathered(stage)
    assert len(material.cases) == 1
    assert "iteration_1_metadata.json" in " ".join(material.warnings)


def test_runs_of_one_judge_and_one_set_of_rules_count_together(stage: Stage, run: RunPaths) -> None:
    say(run, {"1": {"suit": False}}, ["1"])
    stage.run()
    say(stage.paths, {"1": {"suit": True}}, ["3", "1"])
    material = gathered(stage)
    assert [voiced.run.run_id for voiced in material.voiced] == stage.run_ids
    assert len(material.cases) == 3
    assert sorted(case.rank for case in material.cases if case.rank is not None) == [0, 1]  # the newest one's
    assert len(gathered(stage, run.run_id).cases) == 1


def test_a_run_by_other_rules_is_left_out_and_named(stage: Stage, run: RunPaths) -> None:
    say(run, {"1": {"suit": False}})
    stage.rules(None, ("Is it a dark suit?", "Is it a black suit?"))
    stage.run(max_iterations=1)
    say(stage.paths, {"1": {"suit": True}})
    material = gathered(stage)
    assert [voiced.run.run_id for voiced in material.voiced] == [stage.run_ids[-1]]
    assert run.run_id in material.warnings[0]


def test_only_the_first_two_votes_speak_of_flips(stage: Stage, run: RunPaths) -> None:
    def vote(verdict: str, by: str = "ollama/qwen3-vl:4b") -> dict[str, Any]:
        return {"sample": 0, "answer": None, "verdict": verdict, "confidence": None, "reason": "", "by": by}

    body = read(run.evaluation(1))
    body["votes"] = {
        "suit": [vote("passed"), vote("failed"), vote("failed")],
        "face": [vote("passed"), vote("passed", "ollama/other")],
    }
    run.evaluation(1).write_text(json.dumps(body))
    say(run, {"1": {"suit": True}})
    assert gathered(stage).cases[0].asked_again == {"suit": ["passed", "failed"]}


# -- writing


def test_labels_and_ranks_of_what_is_there(stage: Stage, run: RunPaths) -> None:
    calibration.label(run, 2, {"suit": True}, NOW)
    calibration.rank(run, [3, 1], NOW)
    assert read(run.labels)["labels"] == {"2": {"suit": True}}
    assert read(run.ranking)["ranking"] == ["3", "1"]
    with pytest.raises(UsageError, match="no iteration 9"):
        calibration.label(run, 9, {"suit": True}, NOW)
    with pytest.raises(UsageError, match="no iteration 9"):
        calibration.rank(run, [1, 9], NOW)
    with pytest.raises(UsageError) as caught:
        calibration.label(run, 2, {"siut": True}, NOW)
    assert caught.value.hint == "Did you mean 'suit'?"


# -- asked again


def ask_again(stage: Stage, askings: int, judge: str | None = None) -> tuple[Material, list[str]]:
    """`calibrate --repeat N [--judge J]`, and what was foretold."""
    material = gathered(stage)
    aivis = compose_calibrate.current_judge(stage.project, judge)
    sets = compose_calibrate.of_runs(material.voiced, aivis, stage.world)
    foretold = list(compose_calibrate.foretold(material.voiced, sets, askings))
    name = f"{aivis.provider}/{aivis.model}"
    anew = calibration.asked_again(
        material, lambda voiced: sets[voiced.run.run_id].bench, name, askings, lambda told: None
    )
    return anew, foretold


def test_asking_again_measures_flips_and_keeps_them(
    stage: Stage, run: RunPaths, critic: Critic, ollama: FakeOllama
) -> None:
    say(run, {"1": {"suit": False}, "3": {"suit": True}})
    verdicts = iter(["no", "yes", "no", "no", "no", "yes"])
    critic.says = lambda field, nth: next(verdicts) if field == "suit" else "yes"
    material, foretold = ask_again(stage, 3)
    assert foretold == ["asking ollama/qwen3-vl:4b about 2 pictures, 3 times each"]  # Ollama is free
    first, third = material.cases
    assert first.asked_again["suit"] == ("failed", "passed", "failed")
    assert third.asked_again["suit"] == ("failed", "failed", "passed")
    # The run's own verdicts stay: flips were asked for, no second opinion.
    assert (first.verdicts["suit"].verdict, third.verdicts["suit"].verdict) == ("failed", "passed")
    kept = read(run.repeats)
    assert kept["format"] == "repeats/1"
    assert kept["judges"]["ollama/qwen3-vl:4b"]["verdicts"]["1"]["suit"] == ["failed", "passed", "failed"]
    asked = ollama.asked_count
    assert gathered(stage).cases[0].asked_again == first.asked_again  # recorded for the next time
    ask_again(stage, 3)
    assert ollama.asked_count == asked  # and paid for


def test_another_judge_takes_the_place_of_the_runs(stage: Stage, run: RunPaths, ollama: FakeOllama) -> None:
    say(run, {"1": {"suit": False}, "3": {"suit": True}}, ["3", "1"])
    material, _ = ask_again(stage, 1, "embedded")
    assert material.judge == "embedded/measurements"
    assert {verdict.by for case in material.cases for verdict in case.verdicts.values()} == {
        "embedded/measurements"
    }
    assert gathered(stage).judge == "ollama/qwen3-vl:4b"  # nothing of it stays in the run
    assert set(read(run.repeats)["judges"]) == {"embedded/measurements"}
    assert not gathered(stage).cases[0].asked_again


def test_a_single_answer_is_asked_for_whatever_the_votes(stage: Stage, run: RunPaths, critic: Critic) -> None:
    say(run, {"3": {"suit": True}})
    stage.aivis(None, ("retries: 2", "votes: 5"))
    before = len(critic.of("criteria"))
    ask_again(stage, 2)
    assert len(critic.of("criteria")) - before == 2


def test_what_it_costs_is_foretold(stage: Stage, run: RunPaths) -> None:
    say(run, {"1": {"suit": False}, "3": {"suit": True}})
    stage.aivis("provider: openai_compatible\nmodel: m\nbase_url: http://judge.invalid/v1\n")
    assert any("not known" in line for line in foretold_alone(stage, 4))
    stage.aivis(None, ("model: m\n", "model: m\nprices: {input: 1.0, output: 2.0}\n"))

    def usd(askings: int) -> float:
        (line,) = [line for line in foretold_alone(stage, askings) if "USD" in line]
        return float(line.split(" USD")[0].rpartition(" ")[2])

    assert 0 < usd(1) < usd(4) == pytest.approx(4 * usd(1), rel=0.02)


def foretold_alone(stage: Stage, askings: int) -> list[str]:
    """Nothing is sent: nobody is at that address."""
    material = gathered(stage)
    aivis = compose_calibrate.current_judge(stage.project, None)
    sets = compose_calibrate.of_runs(material.voiced, aivis, stage.world)
    return list(compose_calibrate.foretold(material.voiced, sets, askings))


def test_limits_hold_and_what_was_answered_is_kept(stage: Stage, run: RunPaths, ollama: FakeOllama) -> None:
    say(run, {"1": {"suit": False}, "3": {"suit": True}})
    stage.aivis(None, ("retries: 2", "limits: {max_requests: 3}"))
    before = ollama.asked_count
    with pytest.raises(LimitReached):
        ask_again(stage, 3)
    assert ollama.asked_count == before + 3
    assert not run.repeats.exists()
    for _ in range(3):
        try:
            ask_again(stage, 3)
        except LimitReached:
            continue
        break
    assert run.repeats.exists()
    assert ollama.asked_count == before + 8  # two questions, six askings: nothing was bought twice


def test_limits_hold_for_all_runs_together(stage: Stage, run: RunPaths, ollama: FakeOllama) -> None:
    say(run, {"1": {"suit": False}})
    stage.run()
    say(stage.paths, {"2": {"suit": False}})
    stage.aivis(None, ("retries: 2", "limits: {max_requests: 3}"))
    before = ollama.asked_count
    with pytest.raises(LimitReached):
        ask_again(stage, 2)
    assert ollama.asked_count == before + 3


def test_another_input_is_refused(stage: Stage, run: RunPaths) -> None:
    say(run, {"1": {"suit": False}})
    stage.project.input.write_bytes(run.image(1).read_bytes())
    with pytest.raises(ProjectError, match="not the picture"):
        ask_again(stage, 2)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        '{"format": "repeats/2", "judges": {}}',
        '{"format": "repeats/1", "judges": []}',
        '{"format": "repeats/1", "judges": {"ollama/qwen3-vl:4b": []}}',
        '{"format": "repeats/1", "judges": {"ollama/qwen3-vl:4b": {"verdicts": {"1": {"suit": ["maybe"]}}}}}',
        '{"format": "repeats/1", "judges": {"ollama/qwen3-vl:4b": {"verdicts": {"1": {"suit": 3}}}}}',
        '{"format": "repeats/1", "judges": {"ollama/qwen3-vl:4b": {"verdicts": {"1": {"suit": [[]]}}}}}',
        '{"format": "repeats/1", "judges": {"ollama/qwen3-vl:4b": {"verdicts": {"1": {"suit": {"a": 1}}}}}}',
    ],
)
def test_damaged_repeats_are_named_and_left(stage: Stage, run: RunPaths, content: str) -> None:
    say(run, {"1": {"suit": False}})
    run.repeats.write_text(content)
    with pytest.raises(ProjectError, match=r"repeats\.json"):
        gathered(stage)
    assert run.repeats.read_text() == content


def test_a_mask_counts_again(stage: Stage, critic: Critic) -> None:
    import numpy as np

    from iterativectl.images.normalise import from_pixels

    mask = np.zeros((48, 64, 3), np.uint8)
    mask[:, :32] = 255
    stage.project.masks.mkdir(parents=True)
    stage.project.mask("left").write_bytes(from_pixels(mask))
    stage.rules(None, ("questions:", "masking: {masks: [{name: left, active_criteria: [suit]}]}\nquestions:"))
    stage.run(mask="left", max_iterations=1)
    say(stage.paths, {"1": {"suit": False, "face": True}})
    asked = len(critic.of("criteria"))
    material, _ = ask_again(stage, 2)
    assert material.cases[0].criteria == ("suit",)
    assert set(material.cases[0].asked_again) == {"suit"}
    assert len(critic.of("criteria")[asked:]) == 2


def test_the_judge_of_today_is_the_files(stage: Stage) -> None:
    stage.aivis(None, ("retries: 2", "votes: 3"))
    own = compose_calibrate.current_judge(stage.project, None)
    assert (own.votes, own.ensemble) == (1, ())
    assert own.model == load_aivis(stage.project.aivis)[0].model
    stage.project.aivis.unlink()
    assert compose_calibrate.current_judge(stage.project, None).provider  # the one that ships


def test_pictures_are_counted_over_all_runs(stage: Stage, run: RunPaths) -> None:
    say(run, {"1": {"suit": False}})
    stage.run()
    say(stage.paths, {"1": {"suit": False}, "2": {"suit": True}})
    material = gathered(stage)
    told: list[Any] = []
    aivis = compose_calibrate.current_judge(stage.project, None)
    sets = compose_calibrate.of_runs(material.voiced, aivis, stage.world)
    calibration.asked_again(material, lambda v: sets[v.run.run_id].bench, "x/y", 1, told.append)
    numbers = [(d.number, d.total) for d in told if isinstance(d, Doing) and d.purpose == ""]
    assert numbers == [(1, 3), (2, 3), (3, 3)]


def test_nothing_else_is_written(stage: Stage, run: RunPaths) -> None:
    say(run, {"1": {"suit": False}})
    before = tree(stage.project.root)
    gathered(stage)
    assert tree(stage.project.root) == before
    ask_again(stage, 2)
    new = {name for name in tree(stage.project.root) if name not in before}
    human = {run.relative(run.human / name) for name in ("human.lock", "repeats.json")}
    assert human == {name for name in new if not name.startswith("working/judged/")}
