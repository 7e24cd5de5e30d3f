"""Masks, control pictures and sizes: what is sent for each kind of workflow, and what is said of it."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.comfyui.rig import PLAN, SETTINGS, Rig
from tests.fakes.comfyui import FakeComfyUI

from iterativectl import resources
from iterativectl.errors import WorkflowRejected
from iterativectl.model import Finding

Rigged = Callable[..., tuple[FakeComfyUI, Rig]]
INPAINT = "workflow/inpaint_any_checkpoint_api.json"
DEPTH = "workflow/control_depth_img2img_api.json"
BOTH = "workflow/control_depth_inpaint_api.json"
FROM_NOTHING = "workflow/txt2img_api.json"
CONTROLNETS = {
    "ControlNetLoader.control_net_name": [
        "control_v11f1p_sd15_depth_fp16.safetensors",
        "control_v11p_sd15_canny_fp16.safetensors",
    ]
}
DEPTH_NODE = {
    "input": {"required": {"image": ["IMAGE"]}, "optional": {"resolution": ["INT", {"default": 512}]}},
    "output": ["IMAGE"],
    "output_node": False,
}


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    """As the runner prepares one: white and transparent where it may be edited, here the left half."""
    pixels = np.zeros((32, 48, 4), np.uint8)
    pixels[:, :, 3] = 255
    pixels[:, :24] = (255, 255, 255, 0)
    path = tmp_path / "mask.png"
    Image.fromarray(pixels, "RGBA").save(path)
    return path


@pytest.fixture
def depth_map(tmp_path: Path) -> Path:
    path = tmp_path / "depth.png"
    Image.radial_gradient("L").resize((48, 32)).save(path)
    return path


def _pixels(content: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(content)))


def _loaded(fake: FakeComfyUI) -> dict[str, bytes]:
    """What the last job loaded, by node."""
    return fake.loads()[-1]


def _said(rig: Rig, workflow: str) -> list[Finding]:
    settings = replace(SETTINGS, workflow=workflow, mask="left" if rig.mask else None)
    return list(rig.generator.check(settings))


# -- masks


def test_a_mask_goes_to_its_loader_and_the_picture_to_its_own(rigged: Rigged, mask: Path) -> None:
    fake, rig = rigged()
    rig.mask = mask
    made = rig.generate(workflow=INPAINT, mask="left", strategy="inpaint")
    loaded = _loaded(fake)
    assert loaded == {"2": (rig.folder / "input.png").read_bytes(), "3": mask.read_bytes()}
    assert not made.notes and fake.counters["uploads"] == 2
    rig.generate(iteration=4, workflow=INPAINT, mask="left", strategy="inpaint")
    assert fake.counters["uploads"] == 2


def test_without_a_mask_an_all_white_one_is_sent_and_said(rigged: Rigged) -> None:
    fake, rig = rigged()
    made = rig.generate(workflow=INPAINT)
    pixels = _pixels(_loaded(fake)["3"])
    assert pixels.shape == (32, 48, 4)
    assert (pixels == (255, 255, 255, 0)).all()
    assert made.notes == (
        f"no mask is in use: the workflow {INPAINT} is sent an all-white one and may change everything",
    )


def test_a_workflow_that_takes_no_mask_says_so(rigged: Rigged, mask: Path) -> None:
    fake, rig = rigged()
    rig.mask = mask
    made = rig.generate(mask="left")
    assert fake.counters["uploads"] == 1 and list(_loaded(fake)) == ["2"]
    assert "takes no mask: it changes the whole picture" in made.notes[0]


def _from_alpha(rig: Rig, invert: bool = False) -> None:
    """A graph that reads its mask from the alpha of the picture it edits."""
    graph = json.loads(resources.path(*INPAINT.split("/")).read_text(encoding="utf-8"))
    users = [(node, name) for node, entry in graph.items() for name, at in _links(entry) if at[0] == "3"]
    del graph["3"]
    for node, name in users:
        graph[node]["inputs"][name] = ["2", 1]
    if invert:
        graph["i"] = {"class_type": "InvertMask", "inputs": {"mask": ["2", 1]}}
        for node, name in users:
            graph[node]["inputs"][name] = ["i", 0]
    rig.workflow = rig.folder / "alpha.json"
    rig.workflow.write_text(json.dumps(graph), encoding="utf-8")


def _links(entry: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    return [(name, value) for name, value in entry["inputs"].items() if isinstance(value, list)]


def test_a_mask_in_the_picture_is_a_hole_in_it(rigged: Rigged, mask: Path) -> None:
    fake, rig = rigged()
    _from_alpha(rig)
    rig.mask = mask
    rig.generate(mask="left")
    pixels, source = _pixels(_loaded(fake)["2"]), _pixels((rig.folder / "input.png").read_bytes())
    assert (pixels[:, :24, 3] == 0).all() and (pixels[:, 24:, 3] == 255).all()
    assert (pixels[:, :, :3] == source).all()
    rig.generate(iteration=4, mask="left", seed=7)
    assert fake.counters["uploads"] == 1  # the hole is cut and sent once


@pytest.mark.parametrize("invert", [False, True])
def test_without_a_mask_the_whole_picture_is_the_hole(rigged: Rigged, invert: bool) -> None:
    """Also where the graph turns masks round: everything may change, and not nothing."""
    fake, rig = rigged()
    _from_alpha(rig, invert)
    made = rig.generate()
    assert (_pixels(_loaded(fake)["2"])[:, :, 3] == 0).all()
    assert "is sent an all-white one" in made.notes[0]
    (body,) = fake.sent("POST", "/prompt")
    used = [name for entry in body["prompt"].values() for name, at in _links(entry) if at[0] == "i"]
    assert not used


def test_a_mask_that_the_server_lost_is_sent_again(rigged: Rigged, mask: Path) -> None:
    fake, rig = rigged()
    rig.mask = mask
    rig.generate(workflow=INPAINT, mask="left")
    for key in [key for key in fake.engine.files if key[0] == "input"]:
        del fake.engine.files[key]
    rig.generate(iteration=4, workflow=INPAINT, mask="left")
    assert fake.counters["uploads"] == 4 and rig.outcomes() == ["collected"]


# -- control pictures


def test_a_control_picture_goes_to_its_loader(rigged: Rigged, depth_map: Path) -> None:
    fake, rig = rigged(models=CONTROLNETS)
    rig.control = depth_map
    made = rig.generate(workflow=DEPTH)
    assert _loaded(fake) == {"2": (rig.folder / "input.png").read_bytes(), "6": depth_map.read_bytes()}
    assert not made.notes


def test_mask_and_control_picture_in_one_job(rigged: Rigged, mask: Path, depth_map: Path) -> None:
    fake, rig = rigged(models=CONTROLNETS)
    rig.mask, rig.control = mask, depth_map
    rig.generate(workflow=BOTH, mask="left", strategy="inpaint")
    picture = (rig.folder / "input.png").read_bytes()
    assert _loaded(fake) == {"2": picture, "3": mask.read_bytes(), "8": depth_map.read_bytes()}
    assert rig.generator.strategy(BOTH, mask=True) == "inpaint"


def _with_depth_node(fake: FakeComfyUI) -> None:
    known = copy.deepcopy(dict(fake._server.known))
    known["DepthAnythingV2Preprocessor"] = DEPTH_NODE
    fake._server.known = known


def test_without_a_control_picture_the_server_s_depth_node_makes_it(rigged: Rigged) -> None:
    fake, rig = rigged(models=CONTROLNETS)
    _with_depth_node(fake)
    made = rig.generate(workflow=DEPTH)
    (body,) = fake.sent("POST", "/prompt")
    classes = {entry["class_type"] for entry in body["prompt"].values()}
    assert "DepthAnythingV2Preprocessor" in classes and len(_loaded(fake)) == 1
    assert made.notes == ("control_image is not set: the server's own depth node makes the control picture",)
    before = fake.counters["GET /object_info"]
    rig.generate(iteration=4, workflow=DEPTH)
    assert fake.counters["GET /object_info"] == before  # what the server has is asked once


def test_without_control_picture_and_depth_node_it_is_refused_with_the_cure(rigged: Rigged) -> None:
    fake, rig = rigged(models=CONTROLNETS)
    with pytest.raises(WorkflowRejected, match="needs a depth map; none is set") as caught:
        rig.generate(workflow=DEPTH)
    assert "control_image" in caught.value.hint and fake.counters["accepted"] == 0
    assert not rig.outcomes()  # no ticket for what is never sent


def test_another_server_may_have_the_depth_node(rigged: Rigged, servers: Callable[..., FakeComfyUI]) -> None:
    fake, rig = rigged(models=CONTROLNETS)
    other = servers(models=CONTROLNETS)
    _with_depth_node(other)
    rig.options = {"hosts": (fake.url, other.url)}
    rig.generate(workflow=DEPTH)
    assert (fake.counters["accepted"], other.counters["accepted"]) == (0, 1)


def test_a_control_picture_that_is_not_taken_is_said(rigged: Rigged, depth_map: Path) -> None:
    fake, rig = rigged()
    rig.control = depth_map
    assert "control_image is not used" in rig.generate().notes[0]
    assert fake.counters["uploads"] == 1


# -- from nothing


def test_a_workflow_without_a_picture_paints_at_its_size(rigged: Rigged) -> None:
    fake, rig = rigged()
    Image.new("RGB", (99, 141)).save(rig.folder / "input.png")
    made = rig.generate(workflow=FROM_NOTHING, strategy="txt2img")
    assert not fake.counters["uploads"]
    (body,) = fake.sent("POST", "/prompt")
    latent = next(e for e in body["prompt"].values() if e["class_type"].startswith("Empty"))
    assert (latent["inputs"]["width"], latent["inputs"]["height"]) == (96, 144)
    assert any("from the prompt alone, at the size of the picture" in note for note in made.notes)


@pytest.mark.parametrize(
    ("workflow", "mask", "strategy"),
    [
        (PLAN.workflow, False, "img2img"),
        (PLAN.workflow, True, "img2img"),
        (INPAINT, True, "inpaint"),
        (DEPTH, False, "control"),
        (DEPTH, True, "control"),
        (FROM_NOTHING, False, "txt2img"),
    ],
)
def test_what_a_workflow_does(rigged: Rigged, workflow: str, mask: bool, strategy: str) -> None:
    fake, rig = rigged()
    assert rig.generator.strategy(workflow, mask) == strategy and strategy in rig.generator.supports
    assert not fake.log


# -- what doctor is told


@pytest.mark.parametrize(
    ("workflow", "masked", "controlled", "words"),
    [
        (PLAN.workflow, True, False, "takes no mask: it changes the whole picture"),
        (INPAINT, False, False, "is sent an all-white one"),
        (INPAINT, True, False, ""),
        (PLAN.workflow, False, True, "control_image is not used"),
        (DEPTH, False, True, ""),
        (FROM_NOTHING, False, False, "paints from the prompt alone"),
    ],
)
def test_check_says_what_will_happen(
    rigged: Rigged, mask: Path, depth_map: Path, workflow: str, masked: bool, controlled: bool, words: str
) -> None:
    _, rig = rigged("B", models=CONTROLNETS)
    rig.mask, rig.control = mask if masked else None, depth_map if controlled else None
    found = _said(rig, workflow)
    assert not [finding for finding in found if finding.status == "error"]
    told = [f.what for f in found if f.status == "warning" and not f.what.startswith("workflow: ")]
    assert [words in what for what in told] == [True] * bool(words)


def test_check_says_that_a_depth_map_is_missing(rigged: Rigged) -> None:
    fake, rig = rigged("B", models=CONTROLNETS)
    (error,) = [finding for finding in _said(rig, DEPTH) if finding.status == "error"]
    assert "needs a depth map" in error.what and "control_image" in error.todo
    _with_depth_node(fake)
    found = _said(rig, DEPTH)
    assert not [finding for finding in found if finding.status == "error"]
    assert any("depth node makes the control picture" in finding.what for finding in found)
