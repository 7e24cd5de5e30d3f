"""Graphs larger than people draw by hand, and mangled ones."""

from __future__ import annotations

import copy
import random
from typing import Any

from tests.comfyui import graphs as cases

_CLASSES = ("KSampler", "SaveImage", "LoadImage", "ConditioningCombine", "Any Switch (rgthree)", "InvertMask")
_NAMES = (
    "positive",
    "negative",
    "model",
    "image",
    "mask",
    "latent_image",
    "sigmas",
    "conditioning",
    "any_01",
)


def large_graph(nodes: int) -> dict[str, Any]:
    """A graph of that many nodes that tracing has to walk through."""
    known = cases.case("later_words+passes+start_at_step__sdxl_refiner")
    graph: dict[str, Any] = copy.deepcopy(known["file"])
    graph["m"] = {"class_type": "LoadImageMask", "inputs": {"image": "mask.png", "channel": "red"}}
    inputs = {"samples": graph["6"]["inputs"]["latent_image"], "mask": ["m", 0]}
    graph["n"] = {"class_type": "SetLatentNoiseMask", "inputs": inputs}
    graph["6"]["inputs"]["latent_image"] = ["n", 0]
    while len(graph) < nodes:
        _lora(graph, f"l{len(graph)}")
    return graph


def _lora(graph: dict[str, Any], name: str) -> None:
    """One more LoRA between the base's model and its sampler and texts."""
    model, clip = graph["6"]["inputs"]["model"], graph["4"]["inputs"]["clip"]
    inputs = {"lora_name": "a.safetensors", "strength_model": 0.5, "strength_clip": 0.5}
    graph[name] = {"class_type": "LoraLoader", "inputs": {**inputs, "model": model, "clip": clip}}
    graph["6"]["inputs"]["model"] = [name, 0]
    for text in ("4", "5"):
        graph[text]["inputs"]["clip"] = [name, 1]


def diamonds(height: int) -> dict[str, Any]:
    """Nodes that join the one before twice: 2**height ways lead down from the sampler, none to words."""
    graph: dict[str, Any] = copy.deepcopy(cases.case("base__img2img")["file"])
    graph["c0"] = {"class_type": "LotusConditioning", "inputs": {}}
    graph["p0"] = {
        "class_type": "EmptyImage",
        "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0},
    }
    for at in range(height):
        both = [f"c{at}", 0], [f"p{at}", 0]
        joined = {"conditioning_1": both[0], "conditioning_2": both[0]}
        blended = {"image1": both[1], "image2": both[1], "image": both[1]}
        graph[f"c{at + 1}"] = {"class_type": "ConditioningCombine", "inputs": joined}
        graph[f"p{at + 1}"] = {"class_type": "Blend", "inputs": blended}
    graph["6"]["inputs"].update(positive=[f"c{height}", 0])
    graph["3"]["inputs"].update(pixels=[f"p{height}", 0])
    return graph


def mangled(graph: dict[str, Any], seed: int) -> dict[str, Any]:
    """A copy with one to six things wrong or odd in it, the same for the same seed."""
    draw = random.Random(seed)
    graph = copy.deepcopy(graph)
    for _ in range(draw.randint(1, 6)):
        inputs = graph[draw.choice(list(graph))]["inputs"]
        name = draw.choice([*inputs, *_NAMES])
        link = [draw.choice(list(graph)), draw.randint(0, 3)]
        inputs[name] = draw.choice([link, link, link, None, 1, "x", "two words", 2.5, True, [], {}])
        if draw.random() < 0.2:
            graph[draw.choice(list(graph))]["class_type"] = draw.choice(_CLASSES)
    return graph
