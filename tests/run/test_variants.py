"""Variants: the same picture in several ways, each once; resumed, stopped, lost and on several servers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.ollama import FakeOllama
from tests.run.stage import RUN_SEED, Critic, Stage, painted_by, read, tree

from iterativectl import compose, compose_variants, doctor, runner
from iterativectl.clock import SystemClock
from iterativectl.config.sidecar import load_sidecar, sidecar_of
from iterativectl.errors import ConfigError, JudgeUnavailable, ServerUnavailable, UsageError
from iterativectl.loading import find_workflow
from iterativectl.variants import Asked

OWN = "workflow/img2img_no_mask_api.json"
CANNY = "workflow/control_canny_img2img_api.json"
INPAINT = "workflow/inpaint_any_checkpoint_api.json"
SHELF = (
    *("workflow/control_canny_img2img_api.json", "workflow/flux_img2img_api.json"),
    *(OWN, INPAINT, "workflow/txt2img_api.json"),
)
SIX = ("denoise=0.3,0.5,0.7", "cfg=4,8")
FLUX = {
    "UNETLoader.unet_name": ["flux1-dev.safetensors"],
    "DualCLIPLoader.clip_name1": ["clip_l.safetensors"],
    "DualCLIPLoader.clip_name2": ["t5xxl_fp16.safetensors"],
    "VAELoader.vae_name": ["ae.safetensors"],
}
CONTROLNET = {"ControlNetLoader.control_net_name": ["control_v11p_sd15_canny_fp16.safetensors"]}


def variants(
    stage: Stage, *workflows: str, sets: tuple[str, ...] = (), shelf: tuple[str, ...] = SHELF, **options: Any
) -> runner.Ended:
    """`iterativectl variants`. The events of this run alone are in `stage.events` afterwards."""
    stage.events.clear()
    return compose_variants.run_variants(
        stage.workspace, stage.project, asked(workflows, sets, shelf, options), stage.world, stage._report
    )


def asked(
    workflows: tuple[str, ...] = (),
    sets: tuple[str, ...] = (),
    shelf: tuple[str, ...] = SHELF,
    options: dict[str, Any] | None = None,
) -> Asked:
    chosen = compose.RunOptions(**{"seed": RUN_SEED, **(options or {})})
    return Asked(options=chosen, workflows=workflows, shelf=shelf, sets=sets)


def interrupted(stage: Stage, kind: str, iteration: int | None, **wanted: Any) -> None:
    """Variants that Ctrl-C ends when this event comes."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    stage.at(kind, iteration, interrupt)
    with pytest.raises(KeyboardInterrupt):
        variants(stage, **wanted)
    stage.watchers.clear()


def found(stage: Stage) -> dict[str, Any]:
    """variants.json of the newest run."""
    return read(stage.paths.variants)


def of(stage: Stage, key: str) -> list[Any]:
    """One thing of every variant, in order."""
    return [entry[key] for entry in found(stage)["variants"]]


def outcomes(stage: Stage) -> list[str | None]:
    """How every ticket of the newest run ended."""
    files = sorted((stage.paths.root / "plan").glob("*_tickets.json"))
    return [ticket["outcome"] for path in files for ticket in read(path)["tickets"]]


# --- what is compared ---------------------------------------------------------------------------------------


def test_a_grid_is_made_and_judged_once_each(stage: Stage, critic: Critic, comfyui: FakeComfyUI) -> None:
    ended = variants(stage, sets=SIX)
    assert (ended.status, ended.iterations, ended.accepted) == ("passed", 6, True)
    assert comfyui.counters["renders"] == 6 and stage.committed == [1, 2, 3, 4, 5, 6]
    plans = [stage.plan(number) for number in stage.committed]
    assert [(p["parameters"]["denoise"], p["parameters"]["cfg"]) for p in plans] == [
        *((0.3, 4.0), (0.3, 8.0), (0.5, 4.0), (0.5, 8.0), (0.7, 4.0), (0.7, 8.0))
    ]
    assert len({(p["seed"], p["prompts"]["positive"], p["source"], p["parent"]) for p in plans}) == 1
    assert of(stage, "name")[0] == "denoise 0.3, cfg 4"
    assert of(stage, "passes") == [False, True, True, True, True, True]  # satisfied from the second on
    assert found(stage)["best"] == 2 == ended.best_iteration
    assert of(stage, "rank") == [6, 1, 2, 3, 4, 5]


def test_nobody_is_asked_for_advice_and_the_output_is_not_touched(
    stage: Stage, critic: Critic, comfyui: FakeComfyUI
) -> None:
    variants(stage, sets=SIX)
    assert critic.of("positive") == [] and critic.of("denoise") == []
    assert not (stage.paths.root / "advice").exists()
    assert not stage.project.output.exists()
    assert len(critic.of("criteria")) == 6


def test_that_output_would_be_noticed(stage: Stage, comfyui: FakeComfyUI) -> None:
    stage.run()
    before = tree(stage.project.output)
    variants(stage, sets=SIX)
    assert before and tree(stage.project.output) == before
    assert stage.checkpoint["run_id"] == stage.run_ids[-1]


def test_the_seed_is_that_of_a_runs_first_picture(stage: Stage, comfyui: FakeComfyUI) -> None:
    variants(stage, sets=("denoise=0.5,0.6",))
    first = stage.paths.image(1).read_bytes()
    seed = stage.plan(1)["seed"]
    stage.run(max_iterations=1)
    assert stage.plan(1)["seed"] == seed == found_in(stage, 0)["seed"]
    assert pixels(first).tolist() == pixels(stage.paths.image(1).read_bytes()).tolist()


def found_in(stage: Stage, run: int) -> dict[str, Any]:
    return read(stage.project.run(stage.run_ids[run]).variants)


def pixels(content: bytes) -> Any:
    import io

    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def test_without_options_every_workflow_that_suits_and_runs(stage: Stage) -> None:
    with FakeComfyUI("B", models=CONTROLNET) as comfyui:
        painted_by(stage, comfyui.url)
        variants(stage)
        assert comfyui.counters["renders"] == 2
    assert of(stage, "workflow") == [OWN, CANNY]
    assert of(stage, "strategy") == ["img2img", "control"]
    assert of(stage, "ckpt_name") == ["tiny_sd15.safetensors", "tiny_sd15.safetensors"]
    assert of(stage, "name") == [title_of(stage, OWN), title_of(stage, CANNY)]
    left = {entry["workflow"]: entry["reason"] for entry in found(stage)["left_out"]}
    assert set(left) == {"workflow/flux_img2img_api.json", INPAINT, "workflow/txt2img_api.json"}
    assert "flux1-dev" in left["workflow/flux_img2img_api.json"]
    assert left[INPAINT] == "it edits inside a mask, and no mask is in play"
    assert "--workflow" in left["workflow/txt2img_api.json"]
    assert all(f"left out: {name}: " in stage.notes for name in left)
    assert read(stage.paths.run_json)["left_out"] == left


def title_of(stage: Stage, workflow: str) -> str:
    return load_sidecar(sidecar_of(find_workflow(stage.workspace, stage.project, workflow)))[0].title


def test_another_workflow_gets_settings_that_suit_it(stage: Stage) -> None:
    with FakeComfyUI("B", models=CONTROLNET) as comfyui:
        painted_by(stage, comfyui.url)
        variants(stage)
        sent = [body["prompt"] for body in comfyui.sent("POST", "/prompt")]
    own, other = (stage.plan(number)["parameters"] for number in (1, 2))
    assert (own["steps"], own["sampler_name"], own["scheduler"]) == (2, "euler", "normal")
    assert (other["steps"], other["sampler_name"], other["scheduler"]) == (20, "euler", "normal")
    assert "steps 20 instead of 2: 20 to 40 suits this workflow" in stage.plan(2)["reasons"]
    steps = [n["inputs"]["steps"] for graph in sent for n in graph.values() if n["class_type"] == "KSampler"]
    assert steps == [2, 20]


def test_a_workflow_of_another_family_keeps_its_own_model(stage: Stage, critic: Critic) -> None:
    with FakeComfyUI("B", models=FLUX) as comfyui:
        painted_by(stage, comfyui.url)
        variants(stage)
        sent = comfyui.sent("POST", "/prompt")[1]["prompt"]
    assert of(stage, "ckpt_name") == ["tiny_sd15.safetensors", ""]
    loaded = [n["inputs"] for n in sent.values() if n["class_type"] == "UNETLoader"]
    assert loaded[0]["unet_name"] == "flux1-dev.safetensors"
    used = found(stage)["variants"][1]["parameters"]
    assert used["cfg"] == 3.5 and used["denoise"] >= 0.55  # its guidance, and what suits it
    assert found(stage)["best"] == 2 and found(stage)["to_use"]["model"] == {"ckpt_name": ""}


def test_workflows_that_are_named_are_made_whatever_they_are_for(stage: Stage, comfyui: FakeComfyUI) -> None:
    variants(stage, "workflow/txt2img_api.json", OWN, sets=("denoise=0.4,0.6",))
    assert of(stage, "strategy") == ["txt2img", "img2img", "img2img"]
    title = title_of(stage, OWN)
    assert of(stage, "name")[1:] == [f"{title}, denoise 0.4", f"{title}, denoise 0.6"]


def test_where_nothing_else_suits_denoise_is_compared(stage: Stage, comfyui: FakeComfyUI) -> None:
    variants(stage)
    assert [p["denoise"] for p in of(stage, "parameters")] == [0.35, 0.5, 0.65]
    assert "there is only the project's own workflow to compare: denoise 0.35, 0.5, 0.65" in stage.notes


def test_the_embedded_engine_compares_denoise(stage: Stage) -> None:
    ended = variants(stage)
    assert ended.iterations == 3 and found(stage)["variants"][2]["parameters"]["denoise"] == 0.65
    assert "there is only the embedded engine to compare" in stage.notes
    assert outcomes(stage) == ["collected"] * 3


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"sets": ("denoise=0.1,1.5",)}, "--set denoise=1.5: denoise lies between 0 and 1"),
        ({"sets": ("steps=2", "scheduler=nonsense")}, "scheduler"),
        (
            {"workflows": ("workflow/flux_img2img_api.json",)},
            "--workflow workflow/flux_img2img_api.json cannot",
        ),
        ({"workflows": ("workflow/none.json",)}, "--workflow workflow/none.json: "),
        ({"sets": ("steps=" + ",".join(map(str, range(1, 67))),)}, "66 variants"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_begun(
    stage: Stage, comfyui: FakeComfyUI, wanted: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError) as refused:
        variants(stage, *wanted.get("workflows", ()), sets=wanted.get("sets", ()))
    assert message in refused.value.message and refused.value.hint
    assert stage.run_ids == [] and comfyui.counters["accepted"] == 0


def test_the_embedded_engine_has_no_workflows(stage: Stage) -> None:
    with pytest.raises(UsageError, match="runs no workflows"):
        variants(stage, OWN)


def test_without_a_workflow_that_can_be_run_all_reasons_are_said(stage: Stage, comfyui: FakeComfyUI) -> None:
    stage.aigen(None, ("tiny_sd15.safetensors", "absent.safetensors"))
    with pytest.raises(ConfigError) as refused:
        variants(stage)
    assert "absent.safetensors" in refused.value.message and "flux1-dev" in refused.value.message


def test_a_dry_run_says_what_would_be_made_and_touches_nothing(stage: Stage, comfyui: FakeComfyUI) -> None:
    before = tree(stage.root)
    lines = compose_variants.dry_run(stage.workspace, stage.project, asked(), stage.world).lines
    assert "a new run would begin" in lines
    assert "variant 2 of 3: denoise 0.5" in lines
    assert any(line.startswith("left out: workflow/flux_img2img_api.json: ") for line in lines)
    assert tree(stage.root) == before and comfyui.counters["accepted"] == 0


# --- failures -----------------------------------------------------------------------------------------------


def test_a_workflow_that_fails_is_a_failed_variant_and_the_others_go_on(
    stage: Stage, comfyui: FakeComfyUI
) -> None:
    comfyui.switches.set("server", "errorx4")
    ended = variants(stage, sets=SIX)
    assert of(stage, "status") == [*["failed"] * 4, "ok", "ok"]
    assert (ended.status, ended.iterations) == ("passed", 6)
    assert found(stage)["variants"][0]["failure"]["code"] == "execution_failed"
    assert of(stage, "rank") == [None, None, None, None, 2, 1] and found(stage)["best"] == 6


def test_when_all_fail_the_run_has_failed(stage: Stage, comfyui: FakeComfyUI) -> None:
    comfyui.switches.set("server", "error")
    ended = variants(stage, sets=("denoise=0.4,0.6",))
    assert (ended.status, ended.best_iteration, ended.output) == ("failed", None, None)
    assert "none of the 2 variants could be made" in ended.reason
    assert stage.paths.variants_sheet.is_file() and stage.checkpoint["status"] == "failed"


def test_a_lost_server_is_waited_for_and_no_variant_is_used_up(stage: Stage, comfyui: FakeComfyUI) -> None:
    stage.at("iteration_planned", 2, lambda: comfyui.switches.set("prompt", "htmlx1"))
    ended = variants(stage, sets=("denoise=0.4,0.5,0.6",))
    assert of(stage, "status") == ["ok", "ok", "ok"] and ended.iterations == 3
    assert comfyui.counters["renders"] == 3


def test_a_server_that_stays_away_pauses_the_run_and_the_same_command_goes_on(
    stage: Stage, comfyui: FakeComfyUI
) -> None:
    stage.aigen(None, ("wait_seconds: 30", "wait_seconds: 5"))
    stage.at("iteration_planned", 2, comfyui.down)
    with pytest.raises(ServerUnavailable):
        variants(stage, sets=("denoise=0.4,0.5,0.6",))
    assert stage.committed == [1] and stage.checkpoint["status"] == "paused"
    comfyui.up()
    stage.watchers.clear()
    ended = variants(stage)
    assert ended.status == "passed" and stage.committed == [1, 2, 3] and len(stage.run_ids) == 1
    assert comfyui.counters["renders"] == 3


def test_a_judge_that_is_gone_pauses_the_run_and_nothing_is_made_twice(
    stage: Stage, comfyui: FakeComfyUI, ollama: FakeOllama
) -> None:
    models = dict(ollama.models)
    stage.at("generation_done", 2, ollama.models.clear)
    with pytest.raises(JudgeUnavailable):
        variants(stage, sets=SIX)
    assert stage.committed == [1] and stage.checkpoint["status"] == "paused"
    ollama.models.update(models)
    variants(stage)
    assert stage.committed == [1, 2, 3, 4, 5, 6] and comfyui.counters["renders"] == 6


# --- interrupted and resumed --------------------------------------------------------------------------------


@pytest.mark.parametrize("again", [(), ("denoise=0.4,0.5,0.6",)])
def test_an_interrupted_run_goes_on(stage: Stage, comfyui: FakeComfyUI, again: tuple[str, ...]) -> None:
    interrupted(stage, "generation_done", 2, sets=("denoise=0.4,0.5,0.6",))
    assert stage.committed == [1]
    ended = variants(stage, sets=again)
    assert len(stage.run_ids) == 1 and stage.told("run_started")[0].data["resumed"]
    assert ended.iterations == 3 and comfyui.counters["renders"] == 3


def test_other_values_begin_another_run(stage: Stage, comfyui: FakeComfyUI) -> None:
    interrupted(stage, "iteration_planned", 2, sets=("denoise=0.4,0.6",))
    variants(stage, sets=("denoise=0.4,0.7",))
    assert len(stage.run_ids) == 2
    assert "ended as stopped: the list of variants changed" in stage.notes


def test_a_workflow_that_changed_begins_another_run(stage: Stage, comfyui: FakeComfyUI) -> None:
    interrupted(stage, "iteration_planned", 2, sets=("denoise=0.4,0.6",))
    stage.project.workflows.mkdir()
    shipped = json.loads(find_workflow(stage.workspace, stage.project, OWN).read_text())
    (stage.project.root / OWN).write_text(json.dumps(shipped, indent=1))
    variants(stage, sets=("denoise=0.4,0.6",))
    assert len(stage.run_ids) == 2


def test_a_run_does_not_go_on_with_variants_nor_variants_with_a_run(
    stage: Stage, comfyui: FakeComfyUI
) -> None:
    interrupted(stage, "iteration_planned", 2, sets=("denoise=0.4,0.6",))
    stage.run_until("generation_done", 1)
    assert "ended as stopped: it was a run of variants" in stage.notes
    variants(stage, sets=("denoise=0.4,0.6",))
    assert "ended as stopped: it was not a run of variants" in stage.notes
    assert len(stage.run_ids) == 3
    with pytest.raises(UsageError, match="it was a run of variants"):
        stage.run(resume_from=1)


def test_reset_begins_anew(stage: Stage, comfyui: FakeComfyUI) -> None:
    interrupted(stage, "iteration_planned", 2, sets=("denoise=0.4,0.6",))
    variants(stage, sets=("denoise=0.4,0.6",), reset=True)
    assert len(stage.run_ids) == 2 and stage.committed == [1, 2]


def test_the_sheet_is_made_again_where_a_kill_came_before_the_end_was_written(
    stage: Stage, comfyui: FakeComfyUI
) -> None:
    interrupted(stage, "run_finished", None, sets=("denoise=0.4,0.6",))
    assert stage.checkpoint["status"] == "passed"
    stage.project.checkpoint.unlink()  # as if the kill had come a moment before
    stage.paths.variants_sheet.unlink()
    variants(stage)
    assert len(stage.run_ids) == 1 and stage.paths.variants_sheet.is_file()
    assert comfyui.counters["renders"] == 2


def test_a_stop_ends_it_with_what_there_is(stage: Stage, comfyui: FakeComfyUI) -> None:
    stage.at("iteration_committed", 2, lambda: stage.ask_for("stop"))
    ended = variants(stage, sets=SIX)
    assert (ended.status, ended.iterations) == ("stopped", 2)
    assert of(stage, "status") == ["ok", "ok", *["not made"] * 4]
    assert not stage.project.control.exists() and stage.checkpoint["status"] == "stopped"


# --- masks --------------------------------------------------------------------------------------------------


def mask(stage: Stage, name: str = "left") -> Any:
    drawn = np.zeros((48, 64), np.uint8)
    drawn[8:38, 4:24] = 255
    path = stage.project.mask(name)
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(drawn).save(path)
    return drawn > 0


def test_with_a_mask_whatever_edits_a_picture_suits_and_the_rest_stays(
    stage: Stage, comfyui: FakeComfyUI
) -> None:
    stage.aigen(None, ("prompts:", "masking: {feather: 0}\nprompts:"))
    comfyui.switches.set("picture", "shift_colours")
    inside = mask(stage)
    variants(stage, mask="left")
    assert of(stage, "workflow") == [OWN, INPAINT]
    before = pixels(stage.project.input.read_bytes()).astype(int)
    for number in (1, 2):
        after = pixels(stage.paths.image(number).read_bytes()).astype(int)
        assert np.abs(before - after)[~inside].max() == 0
        assert np.abs(before - after)[inside].mean() > 5
        assert found(stage)["variants"][number - 1]["similarity"]["inside_mask"] < 1
    assert found(stage)["mask"] == "left"


def test_several_masks_are_refused(stage: Stage) -> None:
    mask(stage), mask(stage, "right")
    with pytest.raises(UsageError, match="several masks are in play: left, right"):
        variants(stage, mask="all")


# --- several servers ----------------------------------------------------------------------------------------


@pytest.fixture
def crowd(stage: Stage) -> Iterator[Callable[..., list[FakeComfyUI]]]:
    """So many servers, used by the stage's project, in real time."""
    with ExitStack() as servers:

        def build(number: int, **options: Any) -> list[FakeComfyUI]:
            made = [servers.enter_context(FakeComfyUI("B", **options)) for _ in range(number)]
            hosts = ", ".join(f'"{server.url}"' for server in made)
            stage.clock = SystemClock()
            stage.aigen(
                None,
                ("backend: embedded", "backend: comfyui"),
                ('url: "http://127.0.0.1:1"', f"hosts: [{hosts}]"),
            )
            return made

        yield build


EIGHT = ("denoise=0.3,0.4,0.5,0.6", "cfg=4,8")


def rendered(fakes: list[FakeComfyUI]) -> list[int]:
    return [fake.counters["renders"] for fake in fakes]


def test_several_servers_work_at_the_same_time(stage: Stage, crowd: Callable[..., list[FakeComfyUI]]) -> None:
    fakes = crowd(4, job_seconds=0.8)
    began = time.monotonic()
    ended = variants(stage, sets=EIGHT)
    seconds = time.monotonic() - began
    assert ended.iterations == 8 and rendered(fakes) == [2, 2, 2, 2]
    assert seconds < 8 * 0.8 * 0.75, seconds  # one after the other they take longer than 6.4 s
    assert outcomes(stage) == ["collected"] * 8
    assert [event.iteration for event in stage.told("iteration_committed")] == list(range(1, 9))


def test_one_server_needs_no_threads(stage: Stage, comfyui: FakeComfyUI) -> None:
    threads: set[str] = set()
    stage.watchers.append(lambda event: threads.update(t.name for t in threading.enumerate()))
    variants(stage, sets=("denoise=0.4,0.6",))
    assert not any(name.startswith("ahead") for name in threads)


def test_a_server_that_dies_costs_nothing(stage: Stage, crowd: Callable[..., list[FakeComfyUI]]) -> None:
    fakes = crowd(3, job_seconds=0.3)
    stage.at("iteration_committed", 1, fakes[0].kill)
    ended = variants(stage, sets=SIX)
    assert ended.iterations == 6 and of(stage, "status") == ["ok"] * 6
    assert sum(rendered(fakes)) <= 7 and sum(rendered(fakes[1:])) >= 4


def test_ctrl_c_cancels_on_all_servers_and_nothing_is_made_twice(
    stage: Stage, crowd: Callable[..., list[FakeComfyUI]]
) -> None:
    fakes = crowd(3, job_seconds=0.6)
    interrupted(stage, "generation_done", 2, sets=SIX)
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("ahead")] == []
    assert all(outcome is not None for outcome in outcomes(stage))
    assert quiet(fakes)
    made = sum(rendered(fakes))
    collected = outcomes(stage).count("collected")
    ended = variants(stage)
    assert ended.iterations == 6 and len(stage.run_ids) == 1
    assert made == collected
    assert sum(rendered(fakes)) == 6


def quiet(fakes: list[FakeComfyUI], seconds: float = 5.0) -> bool:
    """Whether the servers come to have nothing to do: an interrupt takes them a step."""
    end = time.monotonic() + seconds
    while any(fake.engine.remaining() for fake in fakes) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(fake.engine.remaining() for fake in fakes)


def test_a_stop_cancels_what_is_in_flight_on_all_servers(
    stage: Stage, crowd: Callable[..., list[FakeComfyUI]]
) -> None:
    fakes = crowd(3, job_seconds=30.0)
    stage.at("generation_queued", 3, lambda: stage.ask_for("stop"))
    ended = variants(stage, sets=SIX)
    assert (ended.status, ended.iterations) == ("stopped", 0)
    assert set(outcomes(stage)) == {"cancelled"} and quiet(fakes)
    assert of(stage, "status") == ["not made"] * 6
    assert rendered(fakes) == [0, 0, 0]


# --- for people ---------------------------------------------------------------------------------------------


def test_the_sheet_has_the_original_and_every_variant(stage: Stage, comfyui: FakeComfyUI) -> None:
    variants(stage, sets=SIX)
    with Image.open(stage.paths.variants_sheet) as shown:
        assert shown.width > 3 * 300 and max(shown.size) <= 4800
    assert found(stage)["sheet"] == f"working/{stage.paths.run_id}/variants.png"


def test_what_to_write_down_for_the_best(stage: Stage) -> None:
    with FakeComfyUI("B", models=CONTROLNET) as comfyui:
        painted_by(stage, comfyui.url)
        variants(stage)
    assert found(stage)["best"] == 2
    assert found(stage)["to_use"] == {"workflow_file": CANNY, "parameters": {"steps": 20}}


def test_the_doctor_finds_such_a_run_sound_and_names_the_right_command(
    stage: Stage, comfyui: FakeComfyUI
) -> None:
    interrupted(stage, "generation_queued", 2, sets=("denoise=0.4,0.6",))
    path = stage.paths.tickets(2)
    path.write_text(path.read_text().replace('"cancelled"', "null"))  # as a kill would have left it
    said = doctor.examine(stage.workspace, stage.project)
    assert [finding for finding in said if finding.status == "error"] == []
    (todo,) = [finding.todo for finding in said if finding.what.startswith("ticket")]
    assert todo.startswith("`variants` asks the server for it")


def test_an_edit_of_the_settings_does_not_change_the_variants(stage: Stage, comfyui: FakeComfyUI) -> None:
    stage.at("generation_done", 1, lambda: stage.edit(("denoise: 0.4", "denoise: 0.9")))
    variants(stage, sets=("denoise=0.4,0.6",))
    assert [p["denoise"] for p in of(stage, "parameters")] == [0.4, 0.6]
    stage.run(max_iterations=1)
    assert stage.plan(1)["parameters"]["denoise"] == 0.5
    assert (Path(stage.project.working) / f"AIGen.before-{stage.run_ids[0]}-ended.yaml").is_file()
