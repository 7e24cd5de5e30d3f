"""A run that begins with what a person ranked: taken over, waiting, edited, taken back, refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.run.stage import Critic, Stage, never, read, scenery

from iterativectl import compose_variants
from iterativectl.beginning import waiting
from iterativectl.errors import ConfigError, IterativeError, LockedError, ProjectError, UsageError
from iterativectl.images.normalise import from_pixels
from iterativectl.loading import RunOptions
from iterativectl.project import lock, seed
from iterativectl.project.layout import RunPaths
from iterativectl.seeding import proposed
from iterativectl.variants import Asked


def rank(paths: RunPaths, order: list[Any], updated_at: str = "", **notes: str) -> None:
    """human/ranking.json as a person writes it; notes as _1="too dark"."""
    paths.human.mkdir(exist_ok=True)
    body = {"ranking": order, "notes": {name[1:]: note for name, note in notes.items()}}
    paths.ranking.write_text(json.dumps({**body, "updated_at": updated_at}))


@pytest.fixture
def ranked(stage: Stage, critic: Critic) -> Stage:
    """A project with a run of three iterations, none accepted; the third is ranked before the first."""
    critic.says = never
    stage.rules(None, ("max_iterations: 4", "max_iterations: 3"))
    assert stage.run().status == "exhausted"
    rank(stage.paths, ["3", 1], _3="the fog is too thick", _1="good face")
    return stage


def test_notes_alone_are_no_ranking(ranked: Stage) -> None:
    """A note written in the viewer makes a ranking.json with an empty ranking: no run starts from that."""
    older = ranked.paths.run_id
    ranked.run(seed_from="latest")
    newer = ranked.paths
    assert newer.run_id != older
    rank(newer, [], _1="too dark")
    found = proposed(ranked.workspace, ranked.project, "latest", "rank1", RunOptions())
    assert found.seed.run_id == older
    with pytest.raises(UsageError, match="has no ranking: it has notes, but no picture is ranked"):
        proposed(ranked.workspace, ranked.project, newer.run_id, "rank1", RunOptions())
    rank(newer, ["2"])
    found = proposed(ranked.workspace, ranked.project, "latest", "rank1", RunOptions())
    assert found.seed.run_id == newer.run_id


def parameters(plan: dict[str, Any]) -> dict[str, Any]:
    found = plan["parameters"]
    assert isinstance(found, dict)
    return found


def wait_for_next(stage: Stage, mode: str = "rank1") -> seed.Seed:
    """What the viewer's button does."""
    found = proposed(stage.workspace, stage.project, "latest", mode, RunOptions())
    with lock.held(stage.project.lock, started="now"):
        return seed.write(stage.project, found.seed, "2026-01-10T00:00:00+00:00")


# --- the new run -----------------------------------------------------------------------------------------


def test_rank1_starts_with_prompts_and_parameters_of_the_first(ranked: Stage) -> None:
    old, first = ranked.paths, ranked.plan(3)
    ranked.run(seed_from=old.run_id)
    assert ranked.paths.run_id != old.run_id
    plan = ranked.plan(1)
    assert (plan["prompts"], parameters(plan)) == (first["prompts"], parameters(first))
    assert plan["seed"] != first["seed"] and plan["parent"] is None and plan["source"] == "input"
    by = read(ranked.paths.run_json)["seeded_from"]
    assert (by["run_id"], by["mode"], by["iterations"], by["edited"]) == (old.run_id, "rank1", [3], False)
    assert not ranked.project.seed.exists()
    assert f"starts from the ranking of run {old.run_id} (rank1: 3)" in ranked.notes
    assert "positive: zanzibar sunset\n" in ranked.project.aigen.read_text().replace('"', "").replace(
        ", negative", "\n, negative"
    ), "config/AIGen.yaml stays as it was"


def test_top3_averages_what_is_there_and_says_how_many(ranked: Stage) -> None:
    first, third = parameters(ranked.plan(1)), parameters(ranked.plan(3))
    assert first["denoise"] != third["denoise"]
    prompts = ranked.plan(3)["prompts"]
    ranked.run(seed_from="latest", seed_mode="top3")
    plan = ranked.plan(1)
    assert parameters(plan)["denoise"] == pytest.approx((first["denoise"] + third["denoise"]) / 2, abs=1e-4)
    assert parameters(plan)["cfg"] == pytest.approx((first["cfg"] + third["cfg"]) / 2, abs=1e-4)
    assert plan["prompts"] == prompts
    assert "top3 is for 3 ranked iterations, and only 2 can be used" in ranked.notes


def test_the_notes_go_to_one_prompt_improvement_and_are_recorded(ranked: Stage, critic: Critic) -> None:
    before = len(critic.of("positive"))
    ranked.run(seed_from="latest", seed_mode="top3")
    asked = [request.prompt for request in critic.of("positive")[before:]]
    assert len(asked) == 2
    assert "on the picture ranked 1: the fog is too thick" in asked[0]
    assert "on the picture ranked 2: good face" in asked[0]
    assert "fog is too thick" not in asked[1], "they were heeded, once"
    assert read(ranked.paths.advice(1))["notes"][0] == "on the picture ranked 1: the fog is too thick"
    assert read(ranked.paths.advice(2))["notes"] == []
    assert "2 notes of the ranking: for the first prompt improvement" in ranked.notes


def test_notes_that_an_interruption_cut_off_are_still_given(ranked: Stage, critic: Critic) -> None:
    ranked.run_until("comparison_done", 1, seed_from="latest")
    before = len(critic.of("positive"))
    ranked.run()
    assert "fog is too thick" in critic.of("positive")[before].prompt


def test_latest_is_the_newest_run_with_a_ranking(ranked: Stage) -> None:
    old = ranked.paths.run_id
    ranked.run(reset=True)
    ranked.run(seed_from="latest")
    assert read(ranked.paths.run_json)["seeded_from"]["run_id"] == old


def test_lock_seed_keeps_the_seed_of_the_first(ranked: Stage) -> None:
    ranked.rules(None, ("max_iterations: 3", "max_iterations: 3, lock_seed: true"))
    first = ranked.plan(3)["seed"]
    ranked.run(seed_from="latest")
    assert ranked.plan(1)["seed"] == first


def test_the_embedded_rehearsal_is_seeded_from_a_rehearsal(stage: Stage, critic: Critic) -> None:
    critic.says = never
    painted = "backend: comfyui"
    stage.aigen(None, ("backend: embedded", painted))
    assert stage.run(embedded=True, max_iterations=1).iterations == 1
    rank(stage.paths, ["1"])
    with pytest.raises(UsageError, match="made by embedded, the next ones are made by comfyui") as told:
        stage.run(seed_from="latest")
    assert "Give --embedded" in told.value.hint
    assert stage.run(embedded=True, seed_from="latest", max_iterations=1).iterations == 1


# --- an unfinished run ------------------------------------------------------------------------------------


def test_an_unfinished_run_ends_and_keeps_everything(ranked: Stage) -> None:
    ranked.run_until("iteration_committed", 1, reset=True)
    cut_off = ranked.paths
    lines = "\n".join(ranked.dry_run(seed_from="latest"))
    assert "a new run would begin, from the ranking of run" in lines and cut_off.run_id in lines
    ranked.run(seed_from="latest")
    told = f"run {cut_off.run_id} ended as stopped: a new run starts from the ranking of run"
    assert told in ranked.notes
    assert cut_off.metadata(1).exists() and cut_off.image(1).exists()
    assert read(cut_off.root / "checkpoint.json")["status"] == "stopped"


def test_a_seeded_run_that_was_cut_off_goes_on_as_itself(ranked: Stage) -> None:
    first = ranked.plan(3)
    ranked.run_until("iteration_planned", 2, seed_from="latest")
    run_id, plan = ranked.paths.run_id, ranked.plan(2)
    ranked.run()
    assert ranked.paths.run_id == run_id, "config/AIGen.yaml has other prompts, which are not this run's"
    assert ranked.plan(1)["prompts"] == first["prompts"] and ranked.plan(2) == plan


def test_a_seeded_run_ends_when_the_rules_change_and_the_next_is_the_projects(ranked: Stage) -> None:
    ranked.run_until("iteration_planned", 2, seed_from="latest")
    cut_off = ranked.paths.run_id
    ranked.rules(None, ("Is it a dark suit?", "Is it a suit?"))
    ranked.run()
    assert f"run {cut_off} ended as stopped: rules changed" in ranked.notes
    assert read(ranked.paths.run_json)["seeded_from"] is None
    assert ranked.plan(1)["prompts"]["positive"] == "zanzibar sunset"


# --- a seed that waits ------------------------------------------------------------------------------------


def test_the_next_run_starts_from_the_seed_that_waits(ranked: Stage) -> None:
    old, first = ranked.paths.run_id, ranked.plan(3)
    written = wait_for_next(ranked)
    body = read(ranked.project.seed)
    assert list(body)[:6] == ["format", "run_id", "mode", "iterations", "notes", "settings_sha256"]
    assert (body["format"], body["run_id"], body["mode"]) == ("seed/1", old, "rank1")
    assert ranked.settings["prompts"] == first["prompts"]
    assert waiting(ranked.project) == written
    assert any("from the ranking" in line for line in ranked.dry_run())
    assert ranked.project.seed.exists(), "a dry run uses nothing up"
    ranked.run()
    assert ranked.plan(1)["prompts"] == first["prompts"]
    assert read(ranked.paths.run_json)["seeded_from"]["seed_id"] == written.seed_id
    assert waiting(ranked.project) is None
    assert "AIGen.set-aside.yaml" not in {path.name for path in ranked.project.working.iterdir()}


def test_an_edit_after_the_seed_counts_and_is_said(ranked: Stage) -> None:
    wait_for_next(ranked)
    ranked.edit(("steps: 2", "steps: 9"))
    ranked.run()
    assert parameters(ranked.plan(1))["steps"] == 9
    assert "was edited after the ranking was taken over: it counts as it stands" in ranked.notes
    assert read(ranked.paths.run_json)["seeded_from"]["edited"] is True


def test_an_edit_that_cannot_be_used_ends_it_before_anything_is_touched(ranked: Stage) -> None:
    wait_for_next(ranked)
    ranked.edit(("steps: 2", "steps: many"))
    with pytest.raises(ConfigError, match="working/AIGen.yaml"):
        ranked.run()
    assert waiting(ranked.project) is not None and len(ranked.run_ids) == 1


def test_a_seed_is_used_once(ranked: Stage) -> None:
    wait_for_next(ranked)
    ranked.run()
    ranked.run(max_iterations=3)
    assert ranked.plan(1)["prompts"]["positive"] == "zanzibar sunset"
    assert read(ranked.paths.run_json)["seeded_from"] is None


def test_another_ranking_takes_the_place_of_one_that_waits(ranked: Stage) -> None:
    wait_for_next(ranked)
    rank(ranked.paths, ["1"])
    first = ranked.plan(1)["prompts"]
    again = wait_for_next(ranked, "top3")
    assert again.kept is None, "the first seed's settings are nobody's edit"
    ranked.run()
    assert ranked.plan(1)["prompts"] == first


# --- what a person wrote is kept ---------------------------------------------------------------------------


def test_an_edit_from_before_the_seed_is_kept_and_comes_back(ranked: Stage) -> None:
    ranked.run_until("iteration_committed", 1, reset=True)
    ranked.edit(("steps: 2", "steps: 3"))
    mine = ranked.project.settings.read_bytes()
    rank(ranked.paths, ["1"])
    written = wait_for_next(ranked)
    assert written.kept and ranked.project.settings.with_name(written.kept).read_bytes() == mine
    assert ranked.project.settings.read_bytes() != mine
    notes = seed.remove(ranked.project, written)
    assert ranked.project.settings.read_bytes() == mine and not ranked.project.seed.exists()
    assert "what you had written there" in " ".join(notes)
    ranked.run()
    assert parameters(ranked.plan(2))["steps"] == 3, "the unfinished run goes on, with the edit"


def test_an_edit_of_the_seed_is_kept_when_it_is_taken_back(ranked: Stage) -> None:
    written = wait_for_next(ranked)
    ranked.edit(("steps: 2", "steps: 9"))
    mine = ranked.project.settings.read_bytes()
    (note,) = seed.remove(ranked.project, written)
    kept = ranked.project.root / note.split()[-1]
    assert kept.read_bytes() == mine and not ranked.project.settings.exists()


def test_none_takes_back_what_waits(ranked: Stage) -> None:
    wait_for_next(ranked)
    ranked.run(seed_from="none")
    assert not ranked.project.seed.exists()
    assert ranked.plan(1)["prompts"]["positive"] == "zanzibar sunset"
    assert read(ranked.paths.run_json)["seeded_from"] is None


# --- refused ----------------------------------------------------------------------------------------------


def empty(stage: Stage) -> dict[str, Any]:
    rank(stage.paths, [])
    return {"seed_from": stage.paths.run_id}


def no_ranking(stage: Stage) -> dict[str, Any]:
    stage.paths.ranking.unlink()
    return {"seed_from": "latest"}


def strangers(stage: Stage) -> dict[str, Any]:
    rank(stage.paths, ["99", "x", "../1"])
    return {"seed_from": "latest"}


def damaged(stage: Stage) -> dict[str, Any]:
    stage.paths.ranking.write_text("{")
    return {"seed_from": "latest"}


def another_workflow(stage: Stage) -> dict[str, Any]:
    record = read(stage.paths.run_json)
    record["workflow"]["sha256"] = "0" * 64
    stage.paths.run_json.write_text(json.dumps(record))
    return {"seed_from": "latest"}


def masked_now(stage: Stage) -> dict[str, Any]:
    mask = scenery() * 0
    mask[4:20, 4:20] = 255
    stage.project.lone_mask.write_bytes(from_pixels(mask))
    return {"seed_from": "latest", "mask": "mask"}


REFUSED: dict[str, tuple[Callable[[Stage], dict[str, Any]], type[IterativeError], str]] = {
    "empty": (empty, UsageError, "has no ranking"),
    "none at all": (no_ranking, UsageError, "no run of attire has a ranking"),
    "strangers": (strangers, UsageError, "99 is no iteration of the run"),
    "damaged": (damaged, ProjectError, "ranking.json cannot be used"),
    "workflow": (another_workflow, UsageError, "was made with workflow/img2img_no_mask_api.json"),
    "mask": (masked_now, UsageError, "was made without a mask; in play is mask"),
    "unknown": (lambda stage: {"seed_from": "2020-01-01_00-00-00"}, UsageError, "has no run 2020-01-01"),
    "a path": (lambda stage: {"seed_from": "../../x"}, UsageError, "has no run"),
    "mode": (
        lambda stage: {"seed_from": "latest", "seed_mode": "top4"},
        UsageError,
        "no ranking mode 'top4'",
    ),
    "resume": (lambda stage: {"seed_from": "latest", "resume_from": 2}, UsageError, "begins one"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_with_a_cure_and_changes_nothing(ranked: Stage, name: str) -> None:
    change, kind, message = REFUSED[name]
    options = change(ranked)
    with pytest.raises(kind, match=message) as told:
        ranked.run(**options)
    assert told.value.hint
    assert len(ranked.run_ids) == 1 and not ranked.project.seed.exists()


WAITING: dict[str, tuple[dict[str, Any], str]] = {
    "resume-from": ({"resume_from": 2}, "waits to start a new one"),
    "mask": ({"mask": "mask"}, "was taken over for no mask, not for --mask mask"),
}


@pytest.mark.parametrize("name", WAITING)
def test_options_that_do_not_go_with_a_seed_that_waits(ranked: Stage, name: str) -> None:
    options, message = WAITING[name]
    wait_for_next(ranked)
    masked_now(ranked)
    with pytest.raises(UsageError, match=message) as told:
        ranked.run(**options)
    assert "--seed-from-ranking none" in told.value.hint
    assert waiting(ranked.project) is not None


def test_variants_are_refused_while_a_seed_waits(ranked: Stage) -> None:
    wait_for_next(ranked)
    for begin in (compose_variants.run_variants, compose_variants.dry_run):
        arguments = [ranked.workspace, ranked.project, Asked(), ranked.world]
        if begin is compose_variants.run_variants:
            arguments.append(lambda event: None)
        with pytest.raises(UsageError, match="waits to start the next run"):
            begin(*arguments)  # type: ignore[operator]


def test_a_seed_for_another_backend_is_refused_and_stays(ranked: Stage) -> None:
    wait_for_next(ranked)
    ranked.aigen(None, ("backend: embedded", "backend: comfyui"))
    with pytest.raises(UsageError, match="of pictures made by embedded, and this run's are made by comfyui"):
        ranked.run()
    assert waiting(ranked.project) is not None


def test_a_damaged_seed_is_named(ranked: Stage) -> None:
    ranked.project.seed.write_text('{"format": "seed/1"}')
    with pytest.raises(ProjectError, match="seed.json is damaged") as told:
        ranked.run()
    assert "Delete the file" in told.value.hint
    ranked.project.seed.write_text('{"format": "seed/2"}')
    with pytest.raises(ProjectError, match="newer program"):
        ranked.run()


def test_nobody_else_is_at_work(ranked: Stage) -> None:
    with lock.held(ranked.project.lock, started="now"), pytest.raises(LockedError):
        ranked.run(seed_from="latest")
    assert not ranked.project.seed.exists()


# --- what of a ranking is passed over -----------------------------------------------------------------------


def test_iterations_made_anew_since_are_passed_over(ranked: Stage) -> None:
    stamp = ranked.clock.now().isoformat()
    rank(ranked.paths, ["3", "1"], updated_at=stamp)
    ranked.run(resume_from=3)
    assert ranked.plan(3)["take"] == 1
    found = proposed(ranked.workspace, ranked.project, "latest", "rank1", RunOptions())
    assert found.seeded.iterations == (1,)
    assert "iteration 3 was made anew after it was ranked" in found.remarks[0]
    rank(ranked.paths, ["3", "1"], updated_at=ranked.clock.now().isoformat())
    found = proposed(ranked.workspace, ranked.project, "latest", "rank1", RunOptions())
    assert found.seeded.iterations == (3,)


def test_strangers_are_passed_over(ranked: Stage) -> None:
    rank(ranked.paths, ["77", "1", "3"])
    found = proposed(ranked.workspace, ranked.project, "latest", "top3", RunOptions())
    assert found.seeded.iterations == (1, 3)
    assert found.remarks[0].startswith("77 is no iteration of the run")
    assert "the mean of iterations 1 and 3" in found.sentence


# --- kills --------------------------------------------------------------------------------------------------


def test_a_kill_between_the_two_files_of_a_seed(ranked: Stage) -> None:
    """seed.json is there, working/AIGen.yaml still says what the old run wrote: the seed counts."""
    old, first = ranked.project.settings.read_bytes(), ranked.plan(3)
    wait_for_next(ranked)
    ranked.project.settings.write_bytes(old)
    ranked.run()
    assert ranked.plan(1)["prompts"] == first["prompts"] and "was edited" not in ranked.notes


def test_a_kill_before_the_seed_was_removed_starts_no_second_run(ranked: Stage) -> None:
    wait_for_next(ranked)
    waits = [(path, path.read_bytes()) for path in (ranked.project.seed, ranked.project.settings)]
    ranked.run_until("run_started")
    for path, content in waits:
        path.write_bytes(content)
    run_id = ranked.paths.run_id
    assert waiting(ranked.project) is None
    ranked.run()
    assert ranked.paths.run_id == run_id and not ranked.project.seed.exists()


def test_planted_a_seed_without_an_identity_would_start_a_second_run(ranked: Stage) -> None:
    """The twin of the test above: were it not for seed_id, the seed would count again."""
    wait_for_next(ranked)
    body = read(ranked.project.seed)
    ranked.run_until("run_started")
    ranked.project.seed.write_text(json.dumps({**body, "seed_id": "another"}))
    assert waiting(ranked.project) is not None
