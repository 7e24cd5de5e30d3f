"""A person edits working/AIGen.yaml between iterations; what the program writes there itself is no edit."""

from __future__ import annotations

import pytest
from tests.run.stage import Critic, Stage, never

from iterativectl.errors import ConfigError

BY_HAND = "working/AIGen.yaml was edited by hand: used as it stands"
WRONG = ("denoise: ", "denoise: very ")
SLOWER = ("cfg: ", "cfg: 1")  # 7.0 -> 17.0, 8.0 -> 18.0


@pytest.fixture(autouse=True)
def _goes_on(stage: Stage, critic: Critic) -> None:
    critic.says = never
    stage.rules(None, ("max_iterations: 4", "max_iterations: 3"))


def edited_plans(stage: Stage) -> list[int]:
    return [n for n in stage.committed if BY_HAND in stage.plan(n)["reasons"]]


def rejected(stage: Stage) -> str:
    return (stage.project.working / "AIGen.rejected.yaml").read_text()


# --- followed -----------------------------------------------------------------------------------------------


def everything(stage: Stage) -> None:
    settings = stage.settings
    stage.edit(
        (f"denoise: {settings['parameters']['denoise']}", "denoise: 0.33"),
        (f"cfg: {settings['parameters']['cfg']}", "cfg: 4.5"),
        ("steps: 2", "steps: 3"),
        ("seed: null", "seed: 4711"),
        ("sampler_name: euler", "sampler_name: dpmpp_2m"),
        ("scheduler: normal", "scheduler: karras"),
        (settings["prompts"]["positive"], "my own words"),
    )


@pytest.mark.parametrize("when", ["while it runs", "after Ctrl-C"])
def test_an_edit_between_iterations_is_used_exactly(stage: Stage, when: str) -> None:
    if when == "while it runs":
        stage.at("iteration_committed", 1, lambda: everything(stage))
    else:
        stage.run_until("iteration_committed", 1)
        everything(stage)
    stage.run()
    plan = stage.plan(2)
    assert plan["parameters"] == {
        "denoise": 0.33,
        "cfg": 4.5,
        "steps": 3,
        "sampler_name": "dpmpp_2m",
        "scheduler": "karras",
    }
    assert (plan["seed"], plan["prompts"]["positive"]) == (4711, "my own words")
    assert plan["reasons"] == [BY_HAND]
    assert stage.metadata(2)["parameters_used"] == {
        "denoise": 0.33,
        "cfg": 4.5,
        "steps": 3,
        "seed": 4711,
        "sampler_name": "dpmpp_2m",
        "scheduler": "karras",
    }
    assert edited_plans(stage) == [2], "once: the next plan goes on from there by the policy's rules"
    assert stage.plan(3)["prompts"]["positive"] != "my own words", "advice goes on from the edit"


def test_an_edit_is_told_and_recorded_as_an_event(stage: Stage) -> None:
    stage.at("iteration_committed", 1, lambda: stage.edit(("seed: null", "seed: 4711")))
    stage.run()
    (event,) = stage.told("settings_edited")
    assert event.iteration == 2
    assert event.data["settings"]["seed"] == 4711
    written = [line for line in stage.lines(stage.paths.events) if line["type"] == "settings_edited"]
    assert [line["settings"]["seed"] for line in written] == [4711]


def test_a_seed_alone_is_an_edit(stage: Stage) -> None:
    stage.at("iteration_committed", 1, lambda: stage.edit(("seed: null", "seed: 4711")))
    stage.run()
    assert stage.plan(2)["seed"] == 4711
    assert edited_plans(stage) == [2]
    assert stage.plan(3)["seed"] != 4711, "it was given for one plan; working/AIGen.yaml is derived again"


def test_an_edit_before_the_first_plan_counts_for_the_first(stage: Stage) -> None:
    stage.run_until("run_started")
    stage.ask_for("pause")

    def meanwhile(waited: float) -> None:
        if waited > 3:
            everything(stage)
            stage.ask_for("resume")

    stage.clock.meanwhile = meanwhile
    stage.run(max_iterations=2)
    assert stage.plan(1)["seed"] == 4711
    assert edited_plans(stage) == [1]


def test_an_edit_while_a_plan_is_in_flight_counts_for_the_next_one(stage: Stage) -> None:
    stage.at("generation_done", 1, lambda: stage.edit(("denoise: 0.5", "denoise: 0.21")))
    stage.run()
    assert [stage.plan(n)["parameters"]["denoise"] for n in (1, 2)] == [0.5, 0.21]
    assert edited_plans(stage) == [2]


def test_an_edit_while_a_cut_off_plan_waits_counts_for_the_next_one(stage: Stage) -> None:
    stage.run_until("generation_done", 2)
    waiting = stage.plan(2)
    stage.edit(("seed: null", "seed: 4711"))
    stage.run()
    assert stage.plan(2) == waiting
    assert edited_plans(stage) == [3]
    assert stage.plan(3)["seed"] == 4711


def test_an_edit_outlives_a_kill_before_its_plan_is_frozen(stage: Stage) -> None:
    """The hash in the checkpoint stays the old one until a plan has followed the edit."""
    stage.run_until("iteration_committed", 1)
    stage.edit(("seed: null", "seed: 4711"))
    stage.run_until("settings_edited")
    assert not stage.paths.plan(2).exists()
    stage.run()
    assert edited_plans(stage) == [2]


def test_a_comment_is_no_edit(stage: Stage) -> None:
    stage.at("iteration_committed", 1, lambda: stage.edit(("parameters:", "# mine\nparameters:")))
    stage.run()
    assert edited_plans(stage) == [] and not stage.told("settings_edited")


def test_an_edit_that_was_taken_back_is_not_followed(stage: Stage) -> None:
    stage.run_until("iteration_committed", 1)
    before = stage.project.settings.read_text()
    stage.edit(("seed: null", "seed: 4711"))
    stage.at("run_started", None, lambda: stage.project.settings.write_text(before))
    stage.run()
    assert edited_plans(stage) == []


def test_an_edit_after_the_end_counts_when_more_iterations_are_allowed(stage: Stage) -> None:
    stage.run(max_iterations=1)
    stage.edit(("seed: null", "seed: 4711"))
    stage.run(max_iterations=2)
    assert edited_plans(stage) == [2]


def test_a_new_run_starts_from_config_and_keeps_an_edit_beside(stage: Stage) -> None:
    first = stage.run(max_iterations=1)
    stage.edit(("seed: null", "seed: 4711"))
    mine = stage.project.settings.read_text()
    stage.run(max_iterations=1)
    kept = stage.project.working / f"AIGen.before-{first.run_id}-ended.yaml"
    assert kept.read_text() == mine
    assert kept.name in stage.notes and stage.plan(1)["seed"] != 4711
    assert not (stage.project.working / "AIGen.set-aside.yaml").exists(), "kept once is enough"


def test_resume_from_keeps_an_edit_beside_and_says_so(stage: Stage) -> None:
    first = stage.run(max_iterations=2)
    stage.edit(("seed: null", "seed: 4711"))
    mine = stage.project.settings.read_text()
    stage.run(resume_from=2, max_iterations=2)
    (aside,) = stage.paths.superseded.iterdir()
    assert (aside / "AIGen.yaml").read_text() == mine
    assert f"kept as working/{first.run_id}/superseded/{aside.name}/AIGen.yaml" in stage.notes
    assert edited_plans(stage) == []


# --- not followed -------------------------------------------------------------------------------------------


def test_a_wrong_edit_in_the_middle_is_kept_beside_and_said(stage: Stage) -> None:
    stage.at("iteration_committed", 1, lambda: stage.edit(WRONG))
    stage.run()
    assert "denoise: very" in rejected(stage)
    assert "cannot be used (kept as AIGen.rejected.yaml)" in stage.warnings
    assert "denoise" in stage.warnings and len(stage.told("warning")) == 1
    assert edited_plans(stage) == []
    assert "denoise: very" not in stage.project.settings.read_text()


def test_a_wrong_edit_at_the_start_ends_it_with_its_line(stage: Stage) -> None:
    stage.run_until("iteration_committed", 1)
    stage.edit(WRONG)
    line = 1 + stage.project.settings.read_text().split("denoise: very")[0].count("\n")
    with pytest.raises(ConfigError, match=rf"AIGen.yaml:{line}: parameters.denoise"):
        stage.run()
    assert "denoise: very" in stage.project.settings.read_text(), "it stays, to be mended"
    assert stage.checkpoint["status"] == "paused"
    stage.edit(("denoise: very ", "denoise: "))
    assert stage.run().iterations == 3


# --- our own writing ----------------------------------------------------------------------------------------


def test_what_we_write_is_never_taken_for_an_edit(stage: Stage) -> None:
    """A kill at every kind of event, the last of its kind: the next process must see no edit."""
    stage.run(max_iterations=2)
    last = {event.type: event.iteration for event in stage.events}
    for kind, iteration in last.items():
        if kind not in ("run_finished", "generation_progress"):
            stage.run_until(kind, iteration, reset=True, max_iterations=2)
            stage.run(max_iterations=2)
            assert edited_plans(stage) == [], kind
            assert not stage.told("settings_edited"), kind


def test_a_kill_between_our_two_writes_leaves_no_edit(stage: Stage) -> None:
    """working/AIGen.yaml is new, the checkpoint that holds its hash is old: here it is put back."""
    stage.run_until("iteration_committed", 1)
    older = stage.project.checkpoint.read_text()
    settings = stage.project.settings.read_text()
    stage.run_until("iteration_planned", 2)
    assert stage.project.settings.read_text() != settings
    stage.project.checkpoint.write_text(older)
    stage.paths.plan(2).unlink()
    stage.run()
    assert edited_plans(stage) == []


def test_that_test_can_fail(stage: Stage) -> None:
    """The same with a settings file that is neither: it is an edit then."""
    stage.run_until("iteration_committed", 1)
    older = stage.project.checkpoint.read_text()
    stage.run_until("iteration_planned", 2)
    stage.project.checkpoint.write_text(older)
    stage.paths.plan(2).unlink()
    stage.edit(("steps: 2", "steps: 3"))
    stage.run()
    assert edited_plans(stage) == [2]


def test_another_address_meanwhile_makes_no_edit(stage: Stage) -> None:
    stage.run_until("iteration_committed", 1)
    stage.aigen(None, ("127.0.0.1:1", "127.0.0.1:2"))
    stage.run()
    assert edited_plans(stage) == []


def test_settings_of_nobody_known_are_kept_beside_and_not_followed(stage: Stage) -> None:
    stage.run_until("iteration_committed", 1)
    stage.edit(("seed: null", "seed: 4711"))
    mine = stage.project.settings.read_text()
    stage.project.checkpoint.unlink()
    stage.run()
    assert (stage.project.working / "AIGen.set-aside.yaml").read_text() == mine
    assert edited_plans(stage) == []
