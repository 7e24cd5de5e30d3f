"""Which run a `run` works on: the unfinished one, a new one, or the one from an iteration on (formats.md)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.fakes.ollama import FakeOllama
from tests.run.stage import RUN_SEED, Critic, Stage, from_picture, never, read, scenery, tree

from iterativectl.errors import ProjectError, UsageError
from iterativectl.images.normalise import from_pixels
from iterativectl.project import runs

# --- going on, or beginning ---------------------------------------------------------------------------------


def test_an_unfinished_run_goes_on_by_itself(stage: Stage, critic: Critic) -> None:
    stage.run_until("iteration_committed", 1)
    first = tree(stage.paths.root)
    ended = stage.run()
    assert stage.run_ids == [ended.run_id]
    assert (ended.status, ended.iterations) == ("passed", 2)
    started = stage.told("run_started")[0].data
    assert (started["resumed"], started["iterations_done"]) == (True, 1)
    assert (
        first.items() - {("events.jsonl", first["events.jsonl"])} - {("usage.jsonl", first["usage.jsonl"])}
        <= tree(stage.paths.root).items()
    )
    assert len(critic.of("criteria")) == 2, "no picture was judged twice"


def test_after_a_finished_run_a_new_one_begins(stage: Stage) -> None:
    first = stage.run()
    before = tree(stage.project.run(first.run_id).root)
    second = stage.run(seed=8)
    assert stage.run_ids == [first.run_id, second.run_id]
    assert stage.told("run_started")[0].data["resumed"] is False
    after = tree(stage.project.run(first.run_id).root)
    assert before.items() <= after.items()
    assert after.keys() - before.keys() == {"checkpoint.json"}
    assert read(stage.project.run(first.run_id).root / "checkpoint.json")["status"] == "passed"


def test_two_runs_within_a_second_have_two_folders(stage: Stage) -> None:
    stage.run(max_iterations=1)
    seconds = stage.clock.seconds
    stage.run(max_iterations=1, seed=8)
    assert stage.clock.seconds - seconds < 1
    assert len(set(stage.run_ids)) == 2


def test_reset_puts_the_checkpoint_aside_and_loses_nothing(stage: Stage) -> None:
    stage.run_until("iteration_committed", 1)
    old = stage.paths
    checkpoint, kept = stage.checkpoint, tree(old.root)
    ended = stage.run(reset=True)
    assert ended.run_id != old.run_id and ended.iterations == 2
    aside = read(old.root / "checkpoint.json")
    assert aside == {**checkpoint, "status": "stopped", "reason": "put aside by --reset"}
    assert kept.items() <= tree(old.root).items()
    assert f"run {old.run_id} ended as stopped: put aside by --reset" in stage.notes


def test_the_runs_seed_is_the_old_one_when_it_goes_on(stage: Stage) -> None:
    stage.run_until("iteration_committed", 1)
    stage.run(seed=99)
    assert f"this run goes on with its own seed, {RUN_SEED}" in stage.notes
    seeds = [stage.plan(1)["seed"], stage.plan(2)["seed"]]
    shutil.rmtree(stage.project.working)
    stage.run()
    assert [stage.plan(1)["seed"], stage.plan(2)["seed"]] == seeds
    assert len(set(seeds)) == 2


def test_a_lost_checkpoint_is_made_again_from_the_runs_files(stage: Stage, critic: Critic) -> None:
    stage.run_until("iteration_committed", 1)
    stage.project.checkpoint.unlink()
    ended = stage.run()
    assert (ended.iterations, stage.checkpoint["best_iteration"]) == (2, 2)
    assert len(critic.of("criteria")) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "checkpoint/1"}', '{"format": "plan/1"}'])
def test_a_damaged_checkpoint_is_kept_and_said(stage: Stage, content: str) -> None:
    stage.run_until("iteration_committed", 1)
    stage.project.checkpoint.write_text(content)
    ended = stage.run()
    assert ended.iterations == 2
    assert (stage.project.working / "checkpoint.damaged.json").read_text() == content
    assert "checkpoint.json is damaged" in stage.notes and "kept as checkpoint.damaged.json" in stage.notes


def test_a_newer_programs_checkpoint_is_left_alone(stage: Stage) -> None:
    stage.run_until("iteration_committed", 1)
    newer = stage.project.checkpoint.read_text().replace("checkpoint/1", "checkpoint/2")
    stage.project.checkpoint.write_text(newer)
    before = tree(stage.project.root)
    with pytest.raises(ProjectError, match="newer program"):
        stage.run()
    assert {name: digest for name, digest in tree(stage.project.root).items() if "run.lock" not in name} == {
        name: digest for name, digest in before.items() if "run.lock" not in name
    }


@pytest.mark.parametrize("damaged", ["run_json", "metadata", "image", "advice", "plan"])
def test_damage_is_named_and_never_reset(stage: Stage, damaged: str) -> None:
    stage.run_until("iteration_planned", 2)
    path: Path = stage.paths.run_json
    if damaged != "run_json":
        path = getattr(stage.paths, damaged)(2 if damaged == "plan" else 1)
    path.unlink() if damaged == "image" else path.write_text("{}")
    with pytest.raises(ProjectError, match=f"{path.name} is damaged"):
        stage.run()
    assert damaged == "image" or path.read_text() == "{}"


@pytest.mark.parametrize("damaged", ["run_json", "metadata", "usage"])
def test_reset_leads_out_of_any_damage(stage: Stage, damaged: str) -> None:
    """As the message about the damage says."""
    stage.run_until("iteration_planned", 2)
    old = stage.paths
    path: Path = old.metadata(1) if damaged == "metadata" else getattr(old, damaged)
    path.write_text("{\n")
    with pytest.raises(ProjectError, match=f"{path.name} is damaged") as caught:
        stage.run()
    assert "--reset" in caught.value.hint
    ended = stage.run(reset=True)
    assert (ended.status, ended.run_id != old.run_id) == ("passed", True)
    assert path.read_text() == "{\n"
    assert read(old.root / "checkpoint.json")["reason"] == "put aside by --reset"


def test_resume_from_leads_out_of_a_damaged_iteration(stage: Stage) -> None:
    stage.run()
    stage.paths.metadata(2).write_text("{\n")
    assert stage.run(resume_from=2).status == "passed"
    (kept,) = stage.paths.superseded.glob("*/metadata/iteration_2_metadata.json")
    assert kept.read_text() == "{\n"


def test_a_checkpoint_of_a_run_that_is_gone_is_not_guessed_away(stage: Stage) -> None:
    first = stage.run()
    second = stage.run(seed=8)
    shutil.rmtree(stage.project.run(second.run_id).root)
    with pytest.raises(ProjectError, match=f"names run {second.run_id}, whose folder is gone"):
        stage.run()
    assert stage.checkpoint["run_id"] == second.run_id
    stage.project.checkpoint.unlink()
    assert stage.run().run_id == first.run_id


# --- used up, and allowed more ------------------------------------------------------------------------------


def test_a_used_up_run_goes_on_when_more_iterations_are_allowed(stage: Stage, critic: Critic) -> None:
    critic.says = from_picture(3)
    first = stage.run(max_iterations=2)
    assert (first.status, stage.paths.advice(2).exists()) == ("exhausted", False)
    second = stage.run(max_iterations=4)
    assert (second.run_id, second.status, second.iterations) == (first.run_id, "passed", 3)
    assert "max_iterations is 4 now (it was 2)" in stage.notes
    assert read(stage.paths.advice(2))["advice"]["prompts"]["positive"].endswith("fog"), "asked for late"
    assert stage.plan(3)["prompts"]["positive"] == "zanzibar sunset, fog, dark suit"
    assert len(critic.of("criteria")) == 3


def test_the_late_advice_is_asked_for_once(stage: Stage, critic: Critic) -> None:
    critic.says = never
    stage.run(max_iterations=1)
    stage.run_until("iteration_planned", 2, max_iterations=2)
    stage.run(max_iterations=2)
    assert len(critic.of("positive")) == 1


def test_a_used_up_run_stays_so_without_more_iterations(stage: Stage, critic: Critic) -> None:
    critic.says = never
    first = stage.run(max_iterations=1)
    assert stage.run(max_iterations=1).run_id != first.run_id


def test_a_used_up_run_with_other_rules_stays_used_up(stage: Stage, critic: Critic) -> None:
    critic.says = never
    first = stage.run(max_iterations=1)
    stage.rules(None, ("Is it a dark suit?", "Is it a light suit?"))
    second = stage.run(max_iterations=2)
    assert second.run_id != first.run_id
    assert read(stage.project.run(first.run_id).root / "checkpoint.json")["status"] == "exhausted"


# --- what has changed since ---------------------------------------------------------------------------------


def change_rules(stage: Stage) -> None:
    stage.rules(None, ("must_include: [dark suit]", "must_include: [black suit]"))


def change_prompts(stage: Stage) -> None:
    stage.project.prompts.write_text("describe_image: Say what you see.\n")


def change_workspace_prompts(stage: Stage) -> None:
    stage.workspace.prompts.write_text("describe_image: Say what you see.\n")


def change_input(stage: Stage) -> None:
    stage.project.input.write_bytes(from_pixels(scenery(seed=2)))


def change_start_prompts(stage: Stage) -> None:
    stage.aigen(None, ("zanzibar sunset", "zanzibar night"))


def change_judge(stage: Stage) -> None:
    stage.aivis(None, ("qwen3-vl:4b", "qwen3-vl:8b"))


CHANGES = {
    "rules": change_rules,
    "the prompt templates": change_prompts,
    "the prompt templates ": change_workspace_prompts,
    "the prompts in AIGen.yaml": change_start_prompts,
    "the input picture": change_input,
    "the judge": change_judge,
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_ends_the_unfinished_run_and_a_new_one_begins(
    stage: Stage, ollama: FakeOllama, what: str
) -> None:
    ollama.models["qwen3-vl:8b"] = ollama.models["qwen3-vl:4b"]
    stage.run_until("iteration_committed", 1)
    old = stage.paths
    CHANGES[what](stage)
    ended = stage.run()
    assert ended.run_id != old.run_id and ended.status == "passed"
    aside = read(old.root / "checkpoint.json")
    assert (aside["status"], aside["reason"]) == ("stopped", f"{what.strip()} changed")
    said = [note for note in stage.notes.splitlines() if old.run_id in note]
    assert said == [f"run {old.run_id} ended as stopped: {what.strip()} changed"]


def test_another_workflow_ends_the_unfinished_run(stage: Stage, comfyui: object) -> None:
    from iterativectl import resources

    shipped = resources.path("workflow", "img2img_no_mask_api.json").read_text()
    own = stage.workspace.workflows / "img2img_no_mask_api.json"
    own.parent.mkdir()
    own.write_text(shipped)
    stage.run_until("iteration_committed", 1)
    own.write_text(shipped + "\n")
    stage.run(max_iterations=1)
    assert "ended as stopped: the workflow changed" in stage.notes


def test_a_comment_in_the_rules_is_no_change(stage: Stage) -> None:
    stage.run_until("iteration_committed", 1)
    stage.rules(None, ("questions:", "# what to look at first\nquestions:"))
    stage.run()
    assert len(stage.run_ids) == 1


def test_what_may_change_in_the_middle_comes_from_the_files_as_they_are(stage: Stage, critic: Critic) -> None:
    critic.says = never
    stage.run_until("iteration_committed", 1)
    recorded = read(stage.paths.run_json)
    stage.rules(None, ("max_iterations: 4", "max_iterations: 2, patience: 9, max_failures: 5"))
    stage.aivis(None, ("retries: 2", "retries: 7\nlimits: {max_requests: 500}"))
    stage.aigen(None, ("wait_seconds: 30", "wait_seconds: 31"))
    ended = stage.run()
    assert (ended.status, ended.iterations, len(stage.run_ids)) == ("exhausted", 2, 1)
    assert read(stage.paths.run_json) == recorded, "what a run began with stays on record"
    for said in (
        "max_iterations is 2 now (it was 4)",
        "patience is 9 now (it was null)",
        "max_failures is 5 now (it was 3)",
        "comfyui.wait_seconds in AIGen.yaml changed since this run began: used as they are now",
        "retries, limits in AIVis.yaml changed since this run began: used as they are now",
    ):
        assert said in stage.notes


def test_nothing_is_said_where_nothing_changed(stage: Stage) -> None:
    stage.run_until("iteration_committed", 1)
    stage.run()
    assert "changed" not in stage.notes and " now " not in stage.notes


def test_a_limit_of_today_counts_for_yesterdays_run(stage: Stage, ollama: FakeOllama) -> None:
    stage.run_until("iteration_committed", 1)
    asked = ollama.asked_count
    stage.aivis(None, ("retries: 2", f"limits: {{max_requests: {asked}}}"))
    with pytest.raises(Exception, match=f"the limit of {asked} requests is reached"):
        stage.run()
    assert ollama.asked_count == asked


def test_new_start_settings_count_from_the_next_run_and_that_is_said(stage: Stage) -> None:
    stage.run_until("iteration_committed", 1)
    stage.aigen(None, ("denoise: 0.5", "denoise: 0.9"))
    stage.run()
    assert "config/AIGen.yaml changed since this run began" in stage.notes
    assert stage.plan(2)["parameters"]["denoise"] < 0.9
    stage.run(seed=8)
    assert stage.plan(1)["parameters"]["denoise"] == 0.9


# --- from an iteration on -----------------------------------------------------------------------------------


def test_resume_from_keeps_what_is_below_and_moves_the_rest(stage: Stage, critic: Critic) -> None:
    critic.says = from_picture(3)
    first = stage.run()
    assert first.iterations == 3
    before = tree(stage.paths.root)
    critic.says = from_picture(4)
    ended = stage.run(resume_from=2)
    assert (ended.run_id, ended.iterations) == (first.run_id, 2)
    after = tree(stage.paths.root)
    (aside,) = (path.name for path in stage.paths.superseded.iterdir())
    for name, digest in before.items():
        if "iteration_1_" in name or name.startswith("images/iteration_1."):
            assert after[name] == digest
        elif "iteration_" in name:
            assert after[f"superseded/{aside}/{name}"] == digest, "moved, not lost"
    assert read(stage.paths.superseded / aside / "superseded.json")["first"] == 2
    assert not stage.paths.plan(3).exists()
    assert "iterations below 2 kept, the rest moved to superseded/" in stage.notes


def test_resume_from_is_a_new_take_from_the_settings_as_they_were_then(stage: Stage, critic: Critic) -> None:
    critic.says = from_picture(3)
    stage.run()
    first = stage.plan(2)
    picture = stage.paths.image(2).read_bytes()
    critic.says = from_picture(4)
    stage.run(resume_from=2)
    second = stage.plan(2)
    assert (first["take"], second["take"]) == (0, 1)
    assert second["seed"] != first["seed"]
    assert stage.paths.image(2).read_bytes() != picture
    assert {**second, "take": 0, "seed": first["seed"]} == first
    stage.run_until("iteration_planned", 2, resume_from=2)
    assert stage.plan(2)["take"] == 2


def test_best_and_output_are_computed_anew(stage: Stage, critic: Critic) -> None:
    critic.says = from_picture(2)
    stage.run()
    assert (stage.output["iteration"], stage.output["score"]) == (2, 100)
    critic.says = never
    stage.run_until("iteration_planned", 2, resume_from=2)
    assert (stage.checkpoint["best_iteration"], stage.checkpoint["best_score"]) == (1, 50)
    assert (stage.output["iteration"], stage.output["accepted"]) == (1, False)
    assert stage.project.output_image.read_bytes() == stage.paths.image(1).read_bytes()


def test_resume_from_the_number_after_the_last_adds_nothing_and_loses_nothing(
    stage: Stage, critic: Critic
) -> None:
    critic.says = never
    stage.run_until("iteration_planned", 2)
    ended = stage.run(resume_from=2, max_iterations=2)
    assert ended.iterations == 2
    assert stage.plan(2)["take"] == 1


@pytest.mark.parametrize("number", [0, -1, 4])
def test_a_number_that_is_no_place_in_the_run_is_refused(stage: Stage, number: int) -> None:
    stage.run()
    before = tree(stage.paths.root)
    with pytest.raises(UsageError, match=f"--resume-from {number}: run .* has iterations 1 to 2") as refused:
        stage.run(resume_from=number)
    assert refused.value.hint == "Give a number from 1 to 3."
    with pytest.raises(UsageError, match=refused.value.message):
        stage.dry_run(resume_from=number)
    assert tree(stage.paths.root) == before


def test_without_a_run_there_is_nothing_to_resume_from(stage: Stage) -> None:
    with pytest.raises(UsageError, match="there is no run to resume from"):
        stage.run(resume_from=1)
    with pytest.raises(UsageError, match="there is no run to resume from"):
        stage.dry_run(resume_from=1)


def test_resume_from_under_other_rules_is_refused(stage: Stage) -> None:
    stage.run()
    change_rules(stage)
    before = tree(stage.paths.root)
    with pytest.raises(UsageError, match="cannot be resumed from iteration 2: rules changed"):
        stage.run(resume_from=2)
    assert tree(stage.paths.root) == before


def test_a_move_that_was_cut_off_is_finished(stage: Stage, critic: Critic) -> None:
    """The intent without the moves is what a kill leaves; who ignored it would find iteration 2 there."""
    stage.run()
    folder = stage.paths.superseded / "2026-01-09_23-00-00"
    folder.mkdir(parents=True)
    (folder / "intent.json").write_text('{"format": "superseded/1", "first": 2}')
    assert runs.committed(stage.paths) == [1, 2]
    critic.says = never
    stage.project.checkpoint.write_text(
        stage.project.checkpoint.read_text().replace('"passed"', '"running"', 1)
    )
    stage.run(max_iterations=2)
    assert (folder / "metadata/iteration_2_metadata.json").exists()
    assert stage.plan(2)["take"] == 1


# --- what would be done -------------------------------------------------------------------------------------


def test_a_dry_run_says_which_run_it_would_be_and_touches_nothing(stage: Stage, critic: Critic) -> None:
    critic.says = never
    assert stage.dry_run()[0] == "a new run would begin"
    stage.run_until("iteration_planned", 2)
    run_id = stage.run_ids[-1]
    before = tree(stage.project.root)
    assert stage.dry_run()[0] == f"run {run_id} would go on after 1 iteration"
    assert stage.dry_run(reset=True)[0] == "a new run would begin"
    assert stage.dry_run(resume_from=1)[0] == f"run {run_id} would go on at iteration 1"
    change_rules(stage)
    assert stage.dry_run()[0] == "a new run would begin (rules changed)"
    stage.rules(None, ("black suit", "dark suit"))
    assert tree(stage.project.root) == before


def test_a_dry_run_of_a_used_up_run(stage: Stage, critic: Critic) -> None:
    critic.says = never
    run_id = stage.run(max_iterations=1).run_id
    assert stage.dry_run(max_iterations=1)[0] == "a new run would begin"
    assert stage.dry_run(max_iterations=2)[0] == f"run {run_id} would go on after 1 iteration"
