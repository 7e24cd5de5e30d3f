"""Searches along a graph's links: from a sampler to texts, checkpoint, picture and mask. Pure.

They go by the names of inputs, which node authors keep, rather than by long lists of node classes, which grow
every week. Figures and names were checked against the nodes of ComfyUI 0.3.64 and 0.33.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iterativectl.generation.comfyui.graph import Graph, Node, Slot, link, links, upstream

TEXT_INPUTS = (
    "text", "text_g", "text_l", "clip_l", "clip_g", "t5xxl", "prompt", "user_prompt",
    "bert", "mt5xl", "llama", "qwen25_7b",
)  # fmt: skip
CHECKPOINT_INPUTS = ("ckpt_name", "unet_name")
_CONTROLS = ("noise", "guider", "sampler", "sigmas")  # what SamplerCustom(Advanced) is put together from
_FIRST_CONDITIONING = ("conditioning", "conditioning_to", "conditioning_1", "cond1")
_CONDITIONING = (*_FIRST_CONDITIONING, "positive", "negative")
_PIXELS = (
    "pixels",
    "image",
    "images",
    "samples",
    "latent",
    "latent_image",
    "destination",
    "samples_to",
    "image1",
)
_SIDE_INPUTS = frozenset(
    {
        "model", "clip", "vae", "control_net", "style_model", "clip_vision", "clip_vision_output",
        "upscale_model", "mask", "positive", "negative", "guider", "sampler", "sigmas", "noise",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TextPath:
    """The way from a sampler to a text: the inputs passed, and the slots of the node that holds the words."""

    hops: tuple[Slot, ...]
    slots: tuple[Slot, ...]
    passed_by: tuple[str, ...]  # nodes that combine several texts; only the first of each was followed


def is_sampler(node: Node) -> bool:
    """A node that denoises: it has a latent, and conditioning or a guider, linked in."""
    linked = {name for name, _ in links(node)}
    return "latent_image" in linked and bool(linked & {"positive", "guider"})


def is_save(node: Node) -> bool:
    """A node that writes the finished picture where /view finds it."""
    return node["class_type"].startswith("SaveImage") and "filename_prefix" in node["inputs"]


def is_preview(node: Node) -> bool:
    """A node that writes the picture into the server's temporary folder."""
    return bool(node["class_type"] == "PreviewImage")


def controls(graph: Graph, sampler: str) -> list[str]:
    """The sampler and the nodes that its settings may sit in (noise, guider, sampler and sigmas nodes)."""
    found = [sampler]
    for node in found:
        for name, (target, _) in links(graph[node]):
            if name in _CONTROLS and target not in found:
                found.append(target)
    return found


def setting(graph: Graph, sampler: str, names: Sequence[str]) -> Slot | None:
    """Where a sampler's setting is written, under any of these names."""
    for node in controls(graph, sampler):
        for name in names:
            if name in graph[node]["inputs"] and name not in _CONTROLS:
                return node, name
    return None


def text(graph: Graph, sampler: str, side: str) -> TextPath | None:
    """The text behind the sampler's `positive` or `negative` conditioning; None when there is none."""
    names = (side,) if side == "negative" else (side, *_FIRST_CONDITIONING)
    for node in controls(graph, sampler):
        for name in names:
            if link(graph[node]["inputs"].get(name)):
                return _text_path(graph, (node, name), side, ())
    return None


def text_slots(node_id: str, node: Node, side: str) -> tuple[Slot, ...]:
    """The inputs of a node that hold a prompt's words; () when it is not a text node."""
    inputs = node["inputs"]
    if link(inputs.get("clip")) or "TextEncode" in node["class_type"]:
        found = tuple((node_id, name) for name in TEXT_INPUTS if isinstance(inputs.get(name), str | list))
        if found:
            return found
    return ((node_id, side),) if isinstance(inputs.get(side), str) else ()


def checkpoints(graph: Graph, sampler: str) -> list[Slot]:
    """The loader at the end of the model chain; several where the chain forks, [] where there is none."""
    start = setting(graph, sampler, ("model",))
    if start is None:
        return []
    node, name = start
    while found := link(graph[node]["inputs"].get(name)):
        node, name = found[0], "model"
        loader = _checkpoint(node, graph[node])
        if loader:
            return [loader]
    rest = (_checkpoint(other, graph[other]) for other in upstream(graph, node))
    return [slot for slot in rest if slot]


def picture(graph: Graph, start: str, name: str) -> str | None:
    """The LoadImage behind an input, through encoders and scalers; None when there is none."""
    found = link(graph[start]["inputs"].get(name))
    if not found:
        return None
    node = found[0]
    if is_load_image(graph[node]):
        return node
    for other in _picture_inputs(graph[node]):
        deeper = picture(graph, node, other)
        if deeper:
            return deeper
    return None


def is_load_image(node: Node) -> bool:
    """A node that reads a picture from the server's input folder."""
    return node["class_type"].startswith("LoadImage") and "image" in node["inputs"]


def _text_path(graph: Graph, hop: Slot, side: str, hops: tuple[Slot, ...]) -> TextPath | None:
    found = link(graph[hop[0]]["inputs"].get(hop[1]))
    if not found or hop in hops:
        return None
    target, slot = found
    node = graph[target]
    slots = text_slots(target, node, side)
    if slots:
        return TextPath((*hops, hop), slots, ())
    if node["class_type"] == "ConditioningZeroOut":  # words behind it have no effect
        return None
    names = list(_conditioning_inputs(node, slot))
    for name in names:
        deeper = _text_path(graph, (target, name), side, (*hops, hop))
        if deeper:
            several = sum("cond" in other for other in names) > 1
            return TextPath(
                deeper.hops, deeper.slots, (target, *deeper.passed_by) if several else deeper.passed_by
            )
    return None


def _conditioning_inputs(node: Node, slot: int) -> Iterator[str]:
    """The inputs that an output may come from, the leading one first."""
    linked = [name for name, _ in links(node)]
    if (
        "positive" in linked and "negative" in linked
    ):  # in and out in pairs: ControlNetApplyAdvanced and others
        yield from ("positive", "negative")[slot : slot + 1]
        return
    yield from (name for name in _CONDITIONING if name in linked)
    rest = [name for name in linked if name not in _CONDITIONING]
    yield from (name for name in rest if "cond" in name)
    yield from (name for name in rest if "cond" not in name and name not in (*_SIDE_INPUTS, *_PIXELS))


def _picture_inputs(node: Node) -> Iterator[str]:
    linked = [name for name, _ in links(node)]
    yield from (name for name in _PIXELS if name in linked)
    yield from (
        name for name in linked if name not in _PIXELS and name not in _SIDE_INPUTS and "cond" not in name
    )


def _checkpoint(node_id: str, node: Node) -> Slot | None:
    return next(((node_id, name) for name in CHECKPOINT_INPUTS if name in node["inputs"]), None)
