"""Run folders: what run.json keeps, what counts as a change, how iterations are put aside."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from iterativectl import resources
from iterativectl.config.aigen import load_aigen
from iterativectl.config.aivis import load_aivis
from iterativectl.config.prompts import load_prompts
from iterativectl.config.rules import load_rules
from iterativectl.config.types import ComfyUI, Limits, PromptTemplates
from iterativectl.errors import ProjectError
from iterativectl.model import Parameters, Prompts
from iterativectl.project import lock, records, runs
from iterativectl.project.layout import ProjectPaths, RunPaths
from iterativectl.project.runs import RunRecord

NOW = datetime(2026, 1, 9, 22, 25, 59, tzinfo=timezone.utc)


@pytest.fixture
def shipped() -> RunRecord:
    """A run of the shipped templates."""
    config = resources.path("defaults", "config")
    return RunRecord(
        run_id="2026-01-09_22-25-59",
        started_at=NOW.isoformat(),
        rules=load_rules(config / "rules.yaml")[0],
        prompts=load_prompts([resources.path("defaults", "prompts.yaml")]),
        aigen=load_aigen(config / "AIGen.yaml")[0],
        aivis=load_aivis(config / "AIVis.yaml")[0],
        input={"path": "input/input.png", "sha256": "1" * 64},
        workflow={"file": "workflow/w.json", "sha256": "2" * 64},
        run_seed=7,
        versions={"iterativectl": "0"},
    )


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    return ProjectPaths(tmp_path).run("2026-01-09_22-25-59")


def test_run_json_comes_back_equal(paths: RunPaths, shipped: RunRecord) -> None:
    runs.write_run(paths, shipped)
    assert runs.read_run(paths) == shipped


def test_run_json_holds_no_secret(paths: RunPaths, shipped: RunRecord) -> None:
    comfyui = ComfyUI(
        url="https://me:of-a-secret@host/comfy", headers={"Authorization": "Bearer of-a-secret"}
    )
    secret = replace(
        shipped,
        aigen=replace(shipped.aigen, comfyui=comfyui),
        aivis=replace(shipped.aivis, api_key="of-a-secret"),
    )
    runs.write_run(paths, secret)
    assert "of-a-secret" not in paths.run_json.read_text()


# --- what is a change ---------------------------------------------------------------------------------------

Change = Callable[[RunRecord], RunRecord]


def with_rules(**changes: object) -> Change:
    return lambda run: replace(run, rules=replace(run.rules, **changes))  # type: ignore[arg-type]


def with_settings(**changes: object) -> Change:
    return lambda run: replace(
        run,
        aigen=replace(run.aigen, settings=replace(run.aigen.settings, **changes)),  # type: ignore[arg-type]
    )


def with_aivis(**changes: object) -> Change:
    return lambda run: replace(run, aivis=replace(run.aivis, **changes))  # type: ignore[arg-type]


ANOTHER = Parameters(denoise=0.1, cfg=1, steps=1, sampler_name="euler", scheduler="normal")
CHANGES: list[tuple[Change, list[str]]] = [
    (lambda run: run, []),
    (with_rules(max_iterations=99, patience=9, max_failures=9), []),
    (with_rules(pass_score=50.0), ["rules"]),
    (with_rules(lock_seed=True), ["rules"]),
    (with_rules(questions=()), ["rules"]),
    (lambda run: replace(run, prompts=PromptTemplates(templates={})), ["the prompt templates"]),
    (with_settings(prompts=Prompts(positive="x", negative="")), ["the prompts in AIGen.yaml"]),
    (with_settings(parameters=ANOTHER, seed=3, ckpt_name="other"), []),
    (lambda run: replace(run, input={**run.input, "sha256": "3" * 64}), ["the input picture"]),
    (lambda run: replace(run, workflow={**run.workflow, "sha256": "3" * 64}), ["the workflow"]),
    (lambda run: replace(run, aigen=replace(run.aigen, comfyui=ComfyUI(port=1))), []),
    (lambda run: replace(run, aigen=replace(run.aigen, backend="embedded")), ["the generating backend"]),
    (with_aivis(model="other"), ["the judge"]),
    (with_aivis(provider="embedded"), ["the judge"]),
    (with_aivis(limits=Limits(max_requests=1), retries=9, max_image_px=99, base_url="http://x"), []),
    (with_aivis(fallback_model="other"), []),
]


@pytest.mark.parametrize(("change", "words"), CHANGES, ids=range(len(CHANGES)))
def test_what_ends_an_unfinished_run(shipped: RunRecord, change: Change, words: list[str]) -> None:
    assert runs.changes(shipped, change(shipped)) == words


# --- folders ------------------------------------------------------------------------------------------------


def test_a_run_is_there_from_its_run_json_on(tmp_path: Path, shipped: RunRecord) -> None:
    project = ProjectPaths(tmp_path)
    assert runs.run_ids(project) == []
    for name in ("2026-01-09_22-26-00", "2026-01-09_22-25-59"):
        runs.write_run(project.run(name), shipped)
    (project.working / "2026-01-09_23-00-00").mkdir()
    (project.working / "backup of 2026").mkdir()
    assert runs.run_ids(project) == ["2026-01-09_22-25-59", "2026-01-09_22-26-00"]


def test_a_new_run_never_takes_a_folder_that_holds_anything(tmp_path: Path) -> None:
    project = ProjectPaths(tmp_path)
    assert runs.new_run_id(project, NOW) == "2026-01-09_22-25-59"
    (project.working / "2026-01-09_22-25-59" / "mine").mkdir(parents=True)
    assert runs.new_run_id(project, NOW) == "2026-01-09_22-26-00"


def a_step(paths: RunPaths, number: int, content: str = "") -> None:
    for path in (paths.plan(number), paths.metadata(number), paths.image(number)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content or path.name)


def test_iterations_may_have_holes_and_come_in_order_of_number(paths: RunPaths) -> None:
    for number in (10, 2, 1):
        a_step(paths, number)
    (paths.root / "metadata" / "notes.json").write_text("mine")
    assert runs.committed(paths) == [1, 2, 10]


def test_putting_aside_twice_within_a_second_loses_nothing(paths: RunPaths) -> None:
    for content in ("first", "second"):
        a_step(paths, 2, content)
        runs.supersede(paths, 2, runs.superseded_folder(paths, NOW))
    kept = [path.read_text() for path in sorted(paths.superseded.glob("*/plan/iteration_2_plan.json"))]
    assert kept == ["first", "second"]
    assert runs.takes(paths) == {2: 2}


def test_that_test_can_fail(paths: RunPaths) -> None:
    """Twin: one folder for both loses the first."""
    for content in ("first", "second"):
        a_step(paths, 2, content)
        runs.supersede(paths, 2, paths.superseded / "2026-01-09_22-25-59")
    kept = [path.read_text() for path in paths.superseded.glob("*/plan/iteration_2_plan.json")]
    assert kept == ["second"]


@pytest.mark.parametrize("done", [0, 1, 2, 3])
def test_a_move_cut_off_anywhere_is_completed(paths: RunPaths, done: int) -> None:
    for number in (1, 2):
        a_step(paths, number)
    folder = paths.superseded / "2026-01-09_23-00-00"
    folder.mkdir(parents=True)
    (folder / "intent.json").write_text('{"format": "superseded/1", "first": 2}')
    for path in (paths.metadata(2), paths.plan(2), paths.image(2))[:done]:
        target = folder / path.relative_to(paths.root)
        target.parent.mkdir()
        path.rename(target)
    runs.finish_superseding(paths)
    runs.finish_superseding(paths)
    assert runs.committed(paths) == [1]
    assert sorted(path.name for path in folder.rglob("*2*.*")) == [
        "iteration_2.png",
        "iteration_2_metadata.json",
        "iteration_2_plan.json",
    ]
    assert (folder / "superseded.json").exists() and not (folder / "intent.json").exists()


# --- the lock -----------------------------------------------------------------------------------------------


def test_the_holder_is_named_and_a_lock_is_free_when_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with lock.held(path, started="22:25:59"):
        assert lock.is_held(path)
        assert lock.holder(path)["started"] == "22:25:59"
    assert not lock.is_held(path) and path.exists()
    with lock.held(path, started="later"):
        assert lock.holder(path)["started"] == "later"


@pytest.mark.parametrize("content", ["", "{", "[]", "x" * 5000])
def test_a_lock_file_with_anything_in_it_is_only_a_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "run.lock"
    path.write_text(content)
    assert lock.describe(lock.holder(path)) == "its pid could not be read"
    with lock.held(path, started="now"):
        assert lock.holder(path)["started"] == "now"


def test_a_damaged_run_json_is_said(paths: RunPaths, shipped: RunRecord) -> None:
    runs.write_run(paths, shipped)
    paths.run_json.write_text(paths.run_json.read_text().replace('"boolean"', '"bool"', 1))
    with pytest.raises(ProjectError, match=r"run.json is damaged"):
        runs.read_run(paths)


@pytest.mark.parametrize(
    "damage",
    [
        '"run_seed": Infinity',
        '"left_out": null',
        '"left_out": []',
        '"masks": [3]',
        '"format": "run/²"',
        f'"seeded_from": {{"run_id": {10**400}, "mode": "rank1"}}',
    ],
)
def test_a_run_json_that_a_hand_changed_is_damaged_and_no_bug(
    paths: RunPaths, shipped: RunRecord, damage: str
) -> None:
    runs.write_run(paths, shipped)
    wrong = json.loads("{" + damage + "}")
    paths.run_json.write_text(json.dumps(json.loads(paths.run_json.read_text()) | wrong))
    with pytest.raises(ProjectError, match=r"run.json is damaged"):
        runs.read_run(paths)


def test_a_number_too_large_for_a_float_is_damage(paths: RunPaths) -> None:
    body = {"format": "checkpoint/1", "best_score": 10**400}
    paths.run_json.parent.mkdir(parents=True)
    paths.run_json.write_text(json.dumps(body))

    @dataclass(frozen=True)
    class Scored:
        best_score: float

    with pytest.raises(ProjectError, match=r"damaged.*best_score"):
        records.read_fact(paths.run_json, "checkpoint/1", Scored)
