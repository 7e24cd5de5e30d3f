"""A depth node in place of a control picture that nobody gave, and which node pack brings a node."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from tests.fakes.comfyui import DATA

from iterativectl import resources
from iterativectl.generation.comfyui import depth, packs
from iterativectl.generation.comfyui.depth import with_depth_node

V2, ZOE, MIDAS = "DepthAnythingV2Preprocessor", "Zoe-DepthMapPreprocessor", "MiDaS-DepthMapPreprocessor"
KIJAI = ("DownloadAndLoadDepthAnythingV2Model", "DepthAnything_V2")
CORE = ("LoadDA3Model", "DA3Inference", "DA3Render")
# file: (loader of the control picture, loader of the picture to edit, what is fed with the control picture)
WANTING = {
    "control_depth_img2img_api": ("6", "2", ("8", "image")),
    "control_depth_inpaint_api": ("8", "2", ("10", "image")),
    "flux_depth_api": ("6", "4", ("10", "pixels")),
}


def shipped(name: str) -> dict[str, Any]:
    graph: dict[str, Any] = json.loads(resources.path("workflow", f"{name}.json").read_text(encoding="utf-8"))
    return graph


@pytest.mark.parametrize("name", WANTING)
def test_a_depth_node_takes_the_place_of_the_loader(name: str) -> None:
    graph = shipped(name)
    control, image, (node, fed) = WANTING[name]
    before = copy.deepcopy(graph)
    made = with_depth_node(graph, (control, "image"), (image, "image"), {V2, "KSampler"})
    assert graph == before
    assert made is not None and control not in made
    source = made[node]["inputs"][fed]
    assert made[source[0]]["class_type"] == V2
    assert made[source[0]]["inputs"] == {"image": [image, 0], "resolution": 1024}
    assert {key: made[key] for key in graph if key not in (control, node)} == {
        key: graph[key] for key in graph if key not in (control, node)
    }


PREFERRED = [
    # known classes, files of Depth Anything 3, classes in the graph
    ([ZOE, MIDAS, V2, *KIJAI, *CORE], ["depth_anything_3_mono_large.safetensors"], CORE),
    ([ZOE, MIDAS, V2, *KIJAI, *CORE], ["moge_2_vitl_normal.safetensors"], (V2,)),
    (["DepthAnythingPreprocessor", ZOE, V2], [], (V2,)),
    (["DepthAnythingPreprocessor", ZOE, MIDAS], [], ("DepthAnythingPreprocessor",)),
    ([MIDAS, ZOE], [], (ZOE,)),
    ([MIDAS, *KIJAI], [], (MIDAS,)),
    (KIJAI, [], KIJAI),
]


@pytest.mark.parametrize(("known", "files", "used"), PREFERRED)
def test_the_best_node_that_the_server_has_is_used(
    known: list[str], files: list[str], used: tuple[str, ...]
) -> None:
    graph = shipped("control_depth_img2img_api")
    made = with_depth_node(graph, ("6", "image"), ("2", "image"), known, files)
    assert made is not None
    new = {made[key]["class_type"]: made[key]["inputs"] for key in made if key not in graph}
    assert tuple(new) == used
    links = [value for inputs in new.values() for value in inputs.values() if isinstance(value, list)]
    assert ["2", 0] in links and all(target in made for target, _ in links)


def test_where_there_is_no_such_node_there_is_no_graph() -> None:
    graph = shipped("flux_depth_api")
    for known in ([], ["KSampler", KIJAI[1]], list(CORE)):
        assert with_depth_node(graph, ("6", "image"), ("4", "image"), known) is None


def test_edges_and_poses_are_not_replaced_by_a_depth_map() -> None:
    graph = shipped("control_depth_img2img_api")
    graph["6"]["_meta"] = {"title": "Pose"}
    graph["6"]["inputs"]["image"] = "pose.png"
    graph["7"]["_meta"] = graph["8"]["_meta"] = {"title": "ControlNet"}
    graph["7"]["inputs"]["control_net_name"] = "control_v11p_sd15_openpose_fp16.safetensors"
    assert with_depth_node(graph, ("6", "image"), ("2", "image"), [V2]) is None
    assert "of the kind that the ControlNet" in depth.cure(graph, ("6", "image"), [V2])
    graph["7"]["inputs"]["control_net_name"] = "diffusion_depth.safetensors"
    assert with_depth_node(graph, ("6", "image"), ("2", "image"), [V2]) is not None


def test_of_two_control_nets_in_a_row_the_own_one_counts() -> None:
    graph = shipped("control_depth_img2img_api")
    edges = {"class_type": "LoadImage", "inputs": {"image": "edges.png"}}
    net = {"class_type": "ControlNetLoader", "inputs": {"control_net_name": "canny.safetensors"}}
    apply = copy.deepcopy(graph["8"])
    apply["inputs"].update(image=["20", 0], control_net=["21", 0])
    apply["_meta"] = {"title": "Apply"}
    graph |= {"20": edges, "21": net, "22": apply}
    graph["8"]["inputs"].update(positive=["22", 0], negative=["22", 1])
    assert not depth.wants_depth(graph, ("20", "image"))
    assert depth.wants_depth(graph, ("6", "image"))


def test_a_mask_that_comes_from_the_control_picture_is_kept() -> None:
    graph = shipped("control_depth_inpaint_api")
    graph["5"]["inputs"]["mask"] = ["8", 1]
    assert with_depth_node(graph, ("8", "image"), ("2", "image"), [V2]) is None


def test_the_cure_names_the_setting_and_a_pack() -> None:
    graph, control = shipped("flux_depth_api"), ("6", "image")
    assert "control_image" in depth.cure(graph, control, []) and "comfyui_controlnet_aux" in depth.cure(
        graph, control, []
    )
    assert "geometry_estimation" not in depth.cure(graph, control, [])
    assert "geometry_estimation" in depth.cure(graph, control, CORE)


PACKS = {
    "FaceDetailer": "ComfyUI-Impact-Pack",
    "UltralyticsDetectorProvider": "ComfyUI-Impact-Subpack",
    "ImpactWildcardProcessor": "ComfyUI-Impact-Pack",
    "IPAdapterAdvanced": "ComfyUI_IPAdapter_plus",
    "Power Lora Loader (rgthree)": "rgthree-comfy",
    "ImageResizeKJv2": "ComfyUI-KJNodes",
    "GrowMaskWithBlur": "ComfyUI-KJNodes",
    "Text Concatenate": "was-node-suite-comfyui",
    "KSampler (Efficient)": "efficiency-nodes-comfyui",
    "UnetLoaderGGUF": "ComfyUI-GGUF",
    "DualCLIPLoaderGGUF": "ComfyUI-GGUF",
    "ImageResize+": "ComfyUI_essentials",
    "KSampler //Inspire": "ComfyUI-Inspire-Pack",
    "UltimateSDUpscale": "ComfyUI_UltimateSDUpscale",
    "GroundingDinoSAMSegment (segment anything)": "comfyui_segment_anything",
    "LayeredDiffusionApply": "ComfyUI-layerdiffuse",
    "DWPreprocessor": "comfyui_controlnet_aux",
    "AnyLineArtPreprocessor_aux": "comfyui_controlnet_aux",
    "DepthAnything_V2": "ComfyUI-DepthAnythingV2",
    "InpaintCropImproved": "ComfyUI-Inpaint-CropAndStitch",
    "INPAINT_MaskedFill": "comfyui-inpaint-nodes",
    "easy controlnetLoader++": "ComfyUI-Easy-Use",
    "ShowText|pysssss": "ComfyUI-Custom-Scripts",
}


@pytest.mark.parametrize(("class_type", "name"), PACKS.items())
def test_a_well_known_node_names_its_pack(class_type: str, name: str) -> None:
    pack = packs.pack_of(class_type)
    assert pack is not None and pack.name == name
    assert pack.page.startswith("https://github.com/") and pack.page.endswith(f"/{name}")
    assert name in packs.cure(class_type)


def test_a_node_of_no_known_pack_is_said_to_be_unknown() -> None:
    assert packs.pack_of("MyOwnNode") is None
    assert "No node pack with it is known here" in packs.cure("MyOwnNode")


@pytest.mark.parametrize("release", ["A", "B"])
def test_no_node_of_comfyui_itself_is_said_to_be_of_a_pack(release: str) -> None:
    known = json.loads((DATA / f"object_info_{release}.json").read_text(encoding="utf-8"))
    assert len(known) > 30
    assert [name for name in known if packs.pack_of(name)] == []
