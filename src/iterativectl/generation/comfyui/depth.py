"""A depth map made on the server, where a graph wants one and nobody gave a file. Pure.

Names and inputs of the nodes are those of comfyui_controlnet_aux, ComfyUI-DepthAnythingV2 and ComfyUI 0.33.
Near is white in what each of them makes. The packs' nodes fetch their weights when they first run; ComfyUI's
own needs a model file.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from iterativectl.generation.comfyui.graph import Graph, Slot, link, links, upstream
from iterativectl.generation.comfyui.packs import pack_of

_Nodes = dict[str, dict[str, Any]]
_Link = list[Any]  # [node id, output]
_Build = Callable[[str, _Link, str], _Nodes]

CORE_NODE = "LoadDA3Model"
CORE_FOLDER = "geometry_estimation"  # below models/; what CORE_NODE's model_name chooses from
PREPROCESSORS = (
    "DepthAnythingV2Preprocessor",
    "DepthAnythingPreprocessor",
    "Zoe-DepthMapPreprocessor",
    "MiDaS-DepthMapPreprocessor",
)
_CORE = {CORE_NODE, "DA3Inference", "DA3Render"}
_KIJAI = {"DownloadAndLoadDepthAnythingV2Model", "DepthAnything_V2"}
_KIJAI_MODEL = "depth_anything_v2_vitl_fp32.safetensors"  # the loader's own default
_SHORTER_SIDE = 1024  # of the picture as a preprocessor sees it, in pixels; its own default is 512
_LONGER_SIDE = 1008  # the same for ComfyUI's own node, which wants a multiple of 14
_DA3 = re.compile(r"da3|depth.?anything.?(v|_)?3", re.I)  # models of another kind lie in that folder, too


def with_depth_node(
    graph: Graph, control: Slot, image: Slot, known: Collection[str], models: Sequence[str] = ()
) -> Graph | None:
    """The graph with a depth node in place of the control picture's loader; the given one is not changed.

    `control` is that loader's slot; `image` is the slot of the picture to edit, which the depth node is fed
    with. `known` are the server's node classes, `models` the files that its CORE_NODE can load. None where
    the graph does not want a depth map (but edges, or a pose), or the server has no node that makes one.
    """
    ways = (build for needs, build in _ways(models) if needs <= {*known})
    build = next(ways, None)
    uses = [(node, name, to) for node in graph for name, to in links(graph[node]) if to[0] == control[0]]
    if build is None or not wants_depth(graph, control) or any(slot for _, _, (_, slot) in uses):
        return None
    made = _unused(graph, f"{control[0]}-depth")
    changed: _Nodes = {key: copy.deepcopy({**node}) for key, node in graph.items() if key != control[0]}
    changed |= build(made, [image[0], 0], next(_usable(models), ""))
    for node, name, _ in uses:
        changed[node]["inputs"][name] = [made, 0]
    return changed


def wants_depth(graph: Graph, control: Slot) -> bool:
    """Whether the control picture is to be a depth map: a name near it says so.

    Looked at: the loader's title and file, the nodes on the way, and the ControlNet or model at its end.
    """
    way = _way(graph, control[0])
    near = [*way, *(other for node in way for other in _behind(graph, node, "control_net"))]
    if len(near) == len(way):
        near += [node for node in graph if "unet_name" in graph[node]["inputs"]]
    return any("depth" in text.lower() for node in near for text in _texts(graph, node))


def cure(graph: Graph, control: Slot, known: Collection[str]) -> str:
    """What a person can do about a control picture that is neither given nor made on the server."""
    give = "Set control_image in AIGen.yaml to"
    if not wants_depth(graph, control):
        return f"{give} a control picture of the input, of the kind that the ControlNet was trained on."
    own = f", or put a model of Depth Anything 3 into ComfyUI's models/{CORE_FOLDER}"
    pack = pack_of(PREPROCESSORS[0])
    install = f"install {pack.name} ({pack.page})" if pack else "install a depth node"
    return f"{give} a depth map of the input, or {install} on the server{own if known_core(known) else ''}."


def known_core(known: Collection[str]) -> bool:
    """Whether this ComfyUI has depth nodes of its own."""
    return {*known} >= _CORE


def _ways(models: Sequence[str]) -> Iterator[tuple[set[str], _Build]]:
    """The node classes that each way to a depth map needs, the best way first."""
    if any(_usable(models)):
        yield _CORE, _core
    for name in PREPROCESSORS:
        yield {name}, _preprocessor(name)
    yield _KIJAI, _kijai


def _usable(models: Sequence[str]) -> Iterator[str]:
    return (name for name in models if _DA3.search(name))


def _preprocessor(class_type: str) -> _Build:
    def build(node: str, pixels: _Link, model: str) -> _Nodes:
        return {node: _node(class_type, image=pixels, resolution=_SHORTER_SIDE)}

    return build


def _kijai(node: str, pixels: _Link, model: str) -> _Nodes:
    loader = f"{node}-model"
    return {
        loader: _node("DownloadAndLoadDepthAnythingV2Model", model=_KIJAI_MODEL),
        node: _node("DepthAnything_V2", da_model=[loader, 0], images=pixels),
    }


def _core(node: str, pixels: _Link, model: str) -> _Nodes:
    """Inputs that a choice brings with it are written `choice.input`, as ComfyUI's API takes them."""
    loader, inference = f"{node}-model", f"{node}-inference"
    rendering = {"output": "depth", "output.normalization": "v2_style", "output.apply_sky_clip": False}
    return {
        loader: _node(CORE_NODE, model_name=model, weight_dtype="default"),
        inference: _node(
            "DA3Inference",
            da3_model=[loader, 0],
            image=pixels,
            resolution=_LONGER_SIDE,
            resize_method="upper_bound_resize",
            mode="mono",
        ),
        node: _node("DA3Render", da3_geometry=[inference, 0], **rendering),
    }


def _node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs, "_meta": {"title": "Depth map of the picture"}}


def _unused(graph: Graph, name: str) -> str:
    """An id that no node of the graph has, or begins with."""
    while any(node.startswith(name) for node in graph):
        name += "-"
    return name


def _way(graph: Graph, start: str) -> list[str]:
    """The nodes that a picture passes, up to those that make conditioning of it."""
    order = [start]
    for node in order:
        if not {"control_net", "positive", "conditioning"} & {name for name, _ in links(graph[node])}:
            order += [user for user in _users(graph, node) if user not in order]
    return order


def _users(graph: Graph, node: str) -> list[str]:
    return [user for user in graph if any(to == node for _, (to, _) in links(graph[user]))]


def _behind(graph: Graph, node: str, name: str) -> list[str]:
    found = link(graph[node]["inputs"].get(name))
    return upstream(graph, found[0]) if found else []


def _texts(graph: Graph, node: str) -> Iterator[str]:
    yield graph[node]["class_type"]
    yield str(graph[node].get("_meta", {}).get("title") or "")
    yield from (value for value in graph[node]["inputs"].values() if isinstance(value, str))
