"""Masks in a run: outside them the picture stays as it is, whatever the workflow does; one or several."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests
from PIL import Image
from tests.fakes.comfyui import FakeComfyUI
from tests.run.stage import Critic, Stage, never, read, scenery

from iterativectl.errors import ConfigError, ImageError
from iterativectl.images import png
from iterativectl.images.normalise import from_pixels

WORKFLOW = "img2img_no_mask_api.json"
INPAINT = "inpaint_any_checkpoint_api.json"
SHIPPED = Path(__file__).parents[2] / "workflow"
MASKED = sorted(path.name for path in SHIPPED.glob("*.json") if "LoadImageMask" in path.read_text())
WIDTH, HEIGHT = 64, 48
LEFT, RIGHT = (4, 8, 20, 30), (40, 8, 20, 30)  # x, y, width, height
MASKING = """
masking:
  masks:
    - {name: left, active_criteria: [suit, face]}
    - {name: right, active_criteria: [hat]}
"""


def box(x: int, y: int, width: int, height: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Any:
    mask = np.zeros((size[1], size[0]), np.uint8)
    mask[y : y + height, x : x + width] = 255
    return mask


def encoded(pixels: Any) -> bytes:
    """A PNG as OpenCV writes it: 8 or 16 bits, with or without alpha."""
    return cv2.imencode(".png", pixels)[1].tobytes()


def pixels_of(content: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)


def draw(stage: Stage, name: str, mask: Any) -> None:
    path = stage.project.mask(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encoded(mask))


@pytest.fixture
def masked(stage: Stage, comfyui: FakeComfyUI) -> Stage:
    """A project with two masks at a ComfyUI that changes the whole picture."""
    stage.aigen(None, (f"workflow_file: workflow/{WORKFLOW}", f"workflow_file: workflow/{INPAINT}"))
    draw(stage, "left", box(*LEFT))
    draw(stage, "right", box(*RIGHT))
    comfyui.switches.set("picture", "shift_colours")
    return stage


def furthest(stage: Stage, iteration: int, allowed: Any) -> int:
    """The largest difference to the input outside of what may change."""
    before = pixels_of(stage.project.input.read_bytes()).astype(int)
    after = pixels_of(stage.paths.image(iteration).read_bytes()).astype(int)
    assert before.shape == after.shape
    return int(np.abs(before - after)[~allowed].max(initial=0))


def band(mask: Any, width: int) -> Any:
    """The mask and a band of so many pixels around it."""
    return cv2.distanceTransform(255 - mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) < width + 1


# --- pixel-exact --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("feather", [0, 5])
@pytest.mark.parametrize(
    "returned", ["shift_colours", "shift_colours+size(512x512)", "shift_colours+crop8", "shift_colours+16bit"]
)
def test_outside_the_mask_nothing_changes(
    masked: Stage, comfyui: FakeComfyUI, returned: str, feather: int
) -> None:
    masked.aigen(None, ("prompts:", f"masking: {{feather: {feather}}}\nprompts:"))
    comfyui.switches.set("picture", returned)
    masked.run(mask="left")
    assert furthest(masked, 1, band(box(*LEFT), feather)) == 0
    assert furthest(masked, 1, box(*LEFT) > 0) > 0 if feather else True
    inside = pixels_of(masked.paths.image(1).read_bytes())[box(*LEFT) > 0].astype(int)
    assert np.abs(inside - pixels_of(masked.project.input.read_bytes())[box(*LEFT) > 0]).mean() > 5


def with_models_of(url: str, graph: dict[str, Any]) -> dict[str, Any]:
    """A graph with the model files that a server has, instead of those that it lacks."""
    info = requests.get(f"{url}/object_info", timeout=10).json()
    for node in graph.values():
        wanted = info[node["class_type"]]["input"]
        for name, (kind, *_) in {**wanted.get("required", {}), **wanted.get("optional", {})}.items():
            value = node["inputs"].get(name)
            if (
                isinstance(kind, list)
                and isinstance(value, str)
                and value.endswith((".safetensors", ".ckpt"))
            ):
                node["inputs"][name] = value if value in kind else kind[0]
    return graph


@pytest.mark.parametrize("workflow", MASKED)
def test_outside_the_mask_nothing_changes_with_any_workflow_that_ships(
    masked: Stage, comfyui: FakeComfyUI, workflow: str
) -> None:
    masked.aigen(None, (INPAINT, workflow), ("ckpt_name: tiny_sd15.safetensors", 'ckpt_name: ""'))
    if "depth" in workflow:
        masked.aigen(None, ("prompts:", "control_image: input/input.png\nprompts:"))
    masked.project.workflows.mkdir()
    graph = with_models_of(comfyui.url, json.loads((SHIPPED / workflow).read_text()))
    (masked.project.workflows / workflow).write_text(json.dumps(graph))
    comfyui.switches.set("picture", "shift_colours+size(512x512)")
    masked.run(mask="left", max_iterations=1)
    assert masked.metadata(1)["failure"] is None
    assert masked.plan(1)["strategy"] == "inpaint"
    assert furthest(masked, 1, band(box(*LEFT), 8)) == 0
    assert furthest(masked, 1, np.zeros((HEIGHT, WIDTH), bool)) > 0


def test_that_test_can_fail(masked: Stage) -> None:
    masked.aigen(None, ("prompts:", "masking: {composite: false}\nprompts:"))
    masked.run(mask="left")
    assert furthest(masked, 1, band(box(*LEFT), 8)) > 0
    assert not masked.paths.raw_image(1).exists()
    similarity = masked.metadata(1)["similarity"]
    assert similarity["outside_mask"] < 1 and similarity["outside_before"] is None


def _oriented(pixels: Any) -> bytes:
    """A JPEG whose EXIF data say that it lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", exif=exif)
    return out.getvalue()


def _palette(pixels: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).convert("P", palette=Image.Palette.ADAPTIVE, colors=60).save(out, "PNG")
    return out.getvalue()


def _with_alpha(pixels: Any) -> Any:
    alpha = np.linspace(0, 255, pixels.shape[1]).astype(np.uint8)
    return np.dstack([pixels, np.broadcast_to(alpha, pixels.shape[:2])])


INPUTS: dict[str, Callable[[Any], bytes]] = {
    "rotated": _oriented,
    "rgba": lambda pixels: encoded(_with_alpha(pixels)),
    "sixteen bits": lambda pixels: encoded(pixels.astype(np.uint16) * 256 + 17),
    "sixteen bits and alpha": lambda pixels: encoded(_with_alpha(pixels).astype(np.uint16) * 256 + 17),
    "grey of sixteen bits": lambda pixels: encoded(pixels[:, :, 0].astype(np.uint16) * 256 + 17),
    "palette": _palette,
}


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("size", [(64, 48), (61, 47)])
def test_in_the_inputs_own_depth_and_alpha(masked: Stage, kind: str, size: tuple[int, int]) -> None:
    masked.project.input.write_bytes(INPUTS[kind](scenery(*size)))
    upright = size[::-1] if kind == "rotated" else size
    draw(masked, "left", box(4, 8, 20, 30, upright))
    masked.run(mask="left", max_iterations=1)
    before, after = (_whole(path) for path in (masked.project.input, masked.paths.image(1)))
    assert before.dtype == after.dtype and before.shape == after.shape
    changed = np.abs(before.astype(int) - after.astype(int)).max(axis=2)
    assert changed[~band(box(4, 8, 20, 30, upright), 8)].max() == 0
    assert changed[box(4, 8, 20, 30, upright) > 0].max() > 0


def _whole(path: Path) -> Any:
    """Every channel of a picture, upright, palettes and greys as colours, at its own depth."""
    with Image.open(path) as picture:
        turned, palette = picture.getexif().get(0x0112) == 6, picture.mode == "P"
        if turned or palette:
            picture = picture.convert("RGB")
            return np.asarray(picture.transpose(Image.Transpose.ROTATE_270) if turned else picture)
    found = pixels_of(path.read_bytes())
    found = found if found.ndim == 3 else np.dstack([found] * 3)
    return found[:, :, [2, 1, 0, *range(3, found.shape[2])]]


def test_what_came_is_kept_and_its_texts_are_in_the_picture(masked: Stage, comfyui: FakeComfyUI) -> None:
    masked.run(mask="left", max_iterations=1)
    raw, shown = masked.paths.raw_image(1).read_bytes(), masked.paths.image(1).read_bytes()
    assert raw in comfyui.pictures.values() if hasattr(comfyui, "pictures") else raw != shown
    assert png.read_text(shown)["prompt"] == png.read_text(raw)["prompt"]
    record = masked.metadata(1)
    paths = {masked.paths.relative(path) for path in (masked.paths.image(1), masked.paths.raw_image(1))}
    assert paths <= set(record["files"])
    assert record["generation"]["sha256"] == record["files"][masked.paths.relative(masked.paths.image(1))]


def test_similarity_is_measured_inside_and_outside_before_and_after(masked: Stage, critic: Critic) -> None:
    critic.says = never
    masked.run(mask="left", max_iterations=2)
    similarity = masked.metadata(1)["similarity"]
    assert similarity["outside_mask"] == 1.0
    assert similarity["outside_before"] < 1.0
    assert similarity["inside_mask"] < similarity["measured"]


def test_a_workflow_that_moves_the_picture_is_found_out(masked: Stage, comfyui: FakeComfyUI) -> None:
    photo = Path(__file__).parents[1] / "data" / "photos" / "pagoda.jpg"
    with Image.open(photo) as picture:
        masked.project.input.write_bytes(from_pixels(np.asarray(picture.convert("RGB").resize((320, 240)))))
    draw(masked, "left", box(20, 30, 90, 120, (320, 240)))
    comfyui.switches.set("picture", "move(6,4)")
    masked.run(mask="left", max_iterations=1)
    (done,) = masked.told("generation_done")
    assert any("moves the picture" in note for note in done.data["notes"]), done.data["notes"]


def test_the_sent_mask_and_picture_are_kept_as_files(masked: Stage) -> None:
    masked.project.input.write_bytes(from_pixels(scenery(61, 47)))
    draw(masked, "left", box(4, 8, 20, 30, (61, 47)))
    masked.run(mask="left", max_iterations=1)
    source = pixels_of(masked.paths.sent_source("input").read_bytes())
    mask = pixels_of(masked.paths.sent_mask("left").read_bytes())
    assert source.shape[:2] == mask.shape[:2] == (48, 64)
    assert (mask[:, :, 0] == 255 - mask[:, :, 3]).all()
    assert np.array_equal(mask[:47, :61, 0] > 0, band(box(4, 8, 20, 30, (61, 47)), 8))


# --- which mask ---------------------------------------------------------------------------------------------


def test_a_lone_mask_is_in_play_by_itself(masked: Stage) -> None:
    masked.project.lone_mask.write_bytes(encoded(box(*LEFT)))
    masked.run(max_iterations=1)
    assert masked.plan(1)["mask"] == "mask" and masked.plan(1)["strategy"] == "inpaint"
    assert furthest(masked, 1, band(box(*LEFT), 8)) == 0


def test_named_masks_wait_to_be_named(masked: Stage) -> None:
    masked.run(max_iterations=1)
    assert masked.plan(1)["mask"] is None
    assert "no mask is in play; there are left, right" in masked.notes


def test_masking_can_be_switched_off(masked: Stage) -> None:
    masked.project.lone_mask.write_bytes(encoded(box(*LEFT)))
    masked.aigen(None, ("prompts:", "masking: {enabled: false}\nprompts:"))
    masked.run(max_iterations=1)
    assert masked.plan(1)["mask"] is None


def test_a_mask_that_is_not_there_is_an_error_that_names_those_that_are(masked: Stage) -> None:
    with pytest.raises(ConfigError, match="there is no mask 'middle'") as caught:
        masked.run(mask="middle")
    assert "left, right, all" in caught.value.hint
    assert masked.run_ids == []


def test_a_mask_that_cannot_be_read_is_named(masked: Stage) -> None:
    listed = "masking: {masks: [{name: gone, file: none.png}, {name: folder, file: input}]}\nprompts:"
    masked.aigen(None, ("prompts:", listed))
    with pytest.raises(ConfigError, match="gone: there is no .*none.png"):
        masked.run(mask="gone")
    with pytest.raises(ConfigError, match="folder: .*directory: .*input"):
        masked.run(mask="folder")
    whole = masked.project.mask("left").read_bytes()
    masked.project.mask("left").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageError, match="input/masks/left.png"):
        masked.run(mask="left")


def test_a_listed_mask_may_lie_anywhere(masked: Stage, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.png"
    path.write_bytes(encoded(box(*LEFT)))
    masked.aigen(None, ("prompts:", f"masking: {{masks: [{{name: far, file: {path}}}]}}\nprompts:"))
    masked.run(mask="far", max_iterations=1)
    assert furthest(masked, 1, band(box(*LEFT), 8)) == 0


def test_a_white_mask_is_none_and_a_black_one_an_error(masked: Stage) -> None:
    draw(masked, "left", np.full((HEIGHT, WIDTH), 255, np.uint8))
    masked.run(mask="left", max_iterations=1)
    assert masked.plan(1)["mask"] is None
    assert "mask left is all white" in masked.notes
    draw(masked, "left", np.zeros((HEIGHT, WIDTH), np.uint8))
    with pytest.raises(ImageError, match="all black"):
        masked.run(mask="left", reset=True)


def test_a_mask_whose_band_reaches_every_edge(masked: Stage) -> None:
    draw(masked, "left", box(3, 3, WIDTH - 6, HEIGHT - 6))
    masked.run(mask="left", embedded=True, max_iterations=1)
    assert masked.metadata(1)["failure"] is None
    assert not masked.paths.sent_mask("left").exists()


def test_a_mask_of_another_size_is_scaled(masked: Stage) -> None:
    draw(masked, "left", cv2.resize(box(*LEFT), (WIDTH * 4, HEIGHT * 4), interpolation=cv2.INTER_NEAREST))
    masked.run(mask="left", max_iterations=1)
    assert furthest(masked, 1, band(box(*LEFT), 8)) == 0


def test_only_the_masks_own_criteria_count(masked: Stage, critic: Critic) -> None:
    masked.rules(None, ("questions:", '  - {field: hat, question: "Is there a hat?"}\nquestions:'))
    with masked.project.rules.open("a") as rules:
        rules.write(MASKING)
    critic.says = lambda field, nth: "yes" if field == "hat" else "no"
    ended = masked.run(mask="right")
    assert ended.accepted and set(masked.metadata(1)["verdicts"]) == {"hat"}


def test_a_measured_criterion_inside_a_mask_needs_a_mask(masked: Stage) -> None:
    measured = "  - {field: kept, measure: {metric: similarity, region: outside_mask, min: 0.99}}\nquestions:"
    masked.rules(None, ("questions:", measured))
    with pytest.raises(ConfigError, match="no mask is in play"):
        masked.run(max_iterations=1)
    masked.run(mask="left", max_iterations=1)
    assert masked.metadata(1)["verdicts"]["kept"]["verdict"] == "passed"


# --- resuming -----------------------------------------------------------------------------------------------


def test_a_run_goes_on_with_the_mask_it_began_with(masked: Stage, critic: Critic) -> None:
    critic.says = never
    masked.run_until("iteration_committed", 1, mask="left")
    masked.run(max_iterations=2)
    assert len(masked.run_ids) == 1 and masked.plan(2)["mask"] == "left"


def test_another_mask_is_another_run(masked: Stage, critic: Critic) -> None:
    critic.says = never
    masked.run_until("iteration_committed", 1, mask="left")
    masked.run(mask="right", max_iterations=1)
    assert len(masked.run_ids) == 2 and masked.plan(1)["mask"] == "right"
    assert "the masks changed" in masked.notes


def test_a_mask_that_was_redrawn_is_another_run(masked: Stage, critic: Critic) -> None:
    critic.says = never
    masked.run_until("iteration_committed", 1, mask="left")
    draw(masked, "left", box(0, 0, 30, 30))
    masked.run(max_iterations=1)
    assert len(masked.run_ids) == 2 and "the masks changed" in masked.notes


def test_a_mask_cannot_be_changed_in_the_middle_of_a_run(masked: Stage, critic: Critic) -> None:
    critic.says = never
    masked.at("iteration_committed", 1, lambda: masked.edit(("active_mask: left", "active_mask: right")))
    masked.run(mask="left", max_iterations=2)
    assert masked.plan(2)["mask"] == "left"
    assert "a run keeps its mask" in masked.warnings
    assert (masked.project.working / "AIGen.rejected.yaml").exists()


# --- one mask after the other -------------------------------------------------------------------------------


@pytest.fixture
def both(masked: Stage) -> Stage:
    """Two masks with criteria of their own."""
    masked.rules(None, ("questions:", '  - {field: hat, question: "Is there a hat?"}\nquestions:'))
    with masked.project.rules.open("a") as rules:
        rules.write(MASKING)
    return masked


def test_each_mask_until_its_criteria_pass_from_the_best_of_the_one_before(
    both: Stage, critic: Critic
) -> None:
    critic.says = lambda field, nth: "yes" if nth >= {"suit": 2, "hat": 4, "face": 1}[field] else "no"
    ended = both.run(mask="all")
    assert (ended.status, ended.iterations, ended.best_iteration) == ("passed", 4, 4)
    plans = [both.plan(number) for number in (1, 2, 3, 4)]
    assert [(plan["mask"], plan["source"]) for plan in plans] == [
        ("left", "input"), ("left", "input"), ("right", 2), ("right", 2),
    ]  # fmt: skip
    assert set(both.metadata(2)["verdicts"]) == {"suit", "face"}
    assert set(both.metadata(4)["verdicts"]) == {"suit", "face", "hat"}
    worked = band(box(*LEFT), 8) | band(box(*RIGHT), 8)
    assert furthest(both, 4, worked) == 0
    assert both.metadata(4)["similarity"]["outside_mask"] == 1.0
    first, last = (pixels_of(both.paths.image(n).read_bytes()).astype(int) for n in (2, 4))
    assert np.abs(first - last)[~band(box(*RIGHT), 8)].max() == 0, "the next mask starts from what passed"


def test_what_passed_stays_checked(both: Stage, critic: Critic) -> None:
    critic.says = lambda field, nth: "no" if field == "suit" and nth == 2 else "yes"
    ended = both.run(mask="all")
    assert (ended.status, ended.iterations) == ("passed", 3)
    assert both.metadata(2)["verdicts"]["hat"]["verdict"] == "passed"
    assert both.metadata(2)["verdicts"]["suit"]["verdict"] == "failed"


def test_a_run_that_ends_between_masks_is_not_accepted(both: Stage, critic: Critic) -> None:
    critic.says = lambda field, nth: "no" if field == "hat" else "yes"
    ended = both.run(mask="all", max_iterations=2)
    assert (ended.status, ended.accepted, ended.best_iteration) == ("exhausted", False, 1)
    assert both.output["status"] == "exhausted"


def test_a_sequence_resumes_where_it_was(both: Stage, critic: Critic) -> None:
    critic.says = lambda field, nth: "yes" if nth >= {"suit": 2, "hat": 4, "face": 1}[field] else "no"
    both.run_until("iteration_planned", 3, mask="all")
    ended = both.run()
    assert (ended.status, ended.iterations) == ("passed", 4)
    assert both.plan(3)["source"] == 2


def test_no_advice_is_bought_for_a_mask_that_is_done(both: Stage, critic: Critic) -> None:
    critic.says = lambda field, nth: "yes"
    both.run(mask="all")
    assert critic.of("positive") == []


def test_each_mask_begins_with_its_own_words(both: Stage, critic: Critic) -> None:
    both.aigen(None, ('positive: "zanzibar sunset"', 'positive: ""'))
    with both.project.rules.open("a") as rules:
        rules.write(
            "prompts:\n  global: {positive: a photograph}\n  masks: {right: {positive: a tall hat}}\n"
        )
    critic.says = lambda field, nth: "yes"
    both.run(mask="all")
    assert both.plan(1)["prompts"]["positive"] == "a photograph"
    assert both.plan(2)["prompts"]["positive"] == "a tall hat"


def test_the_rehearsal_paints_inside_the_mask_only(masked: Stage, critic: Critic) -> None:
    masked.run(mask="left", embedded=True, max_iterations=1)
    assert furthest(masked, 1, band(box(*LEFT), 8)) == 0
    assert masked.paths.raw_image(1).exists()


def test_the_control_picture_is_part_of_the_run(masked: Stage, critic: Critic) -> None:
    critic.says = never
    masked.aigen(None, (INPAINT, WORKFLOW), ("prompts:", "control_image: input/edges.png\nprompts:"))
    with pytest.raises(ConfigError, match="control_image: there is no"):
        masked.run(max_iterations=1)
    edges = masked.project.root / "input" / "edges.png"
    edges.write_bytes(from_pixels(scenery(seed=5)))
    masked.run_until("iteration_committed", 1)
    assert read(masked.paths.run_json)["control"]["path"] == "input/edges.png"
    edges.write_bytes(from_pixels(scenery(seed=6)))
    masked.run(max_iterations=1)
    assert "the control picture changed" in masked.notes


def test_a_run_that_was_used_up_goes_on_with_its_mask(masked: Stage, critic: Critic) -> None:
    critic.says = never
    masked.run(mask="left", max_iterations=1)
    masked.run(max_iterations=2)
    assert len(masked.run_ids) == 1 and masked.plan(2)["mask"] == "left"
    masked.run(max_iterations=2)
    assert len(masked.run_ids) == 2 and masked.plan(1)["mask"] is None
