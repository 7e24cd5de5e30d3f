"""What a graph needs of a server: node classes, values that its inputs take, model files. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from iterativectl.generation.comfyui import packs, schema
from iterativectl.generation.comfyui.graph import Graph, Slot, link, title
from iterativectl.generation.inspection import ModelNeed, NodeNeed
from iterativectl.model import Finding

WEIGHTS = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx")
# The folder below models/, by input name, or by class and input name where that says more.
_FOLDERS = {
    "ckpt_name": "checkpoints",
    "unet_name": "diffusion_models",
    "vae_name": "vae",
    "lora_name": "loras",
    "control_net_name": "controlnet",
    "clip_name": "text_encoders",
    "clip_name1": "text_encoders",
    "clip_name2": "text_encoders",
    "clip_name3": "text_encoders",
    "clip_name4": "text_encoders",
    "style_model_name": "style_models",
    "gligen_name": "gligen",
    "hypernetwork_name": "hypernetworks",
    "ipadapter_file": "ipadapter",
    "CLIPVisionLoader.clip_name": "clip_vision",
    "UpscaleModelLoader.model_name": "upscale_models",
    "LoadDA3Model.model_name": "geometry_estimation",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """A graph beside a server's descriptions of its nodes. `faults`: slot and sentence."""

    models: tuple[ModelNeed, ...]
    missing: tuple[NodeNeed, ...]
    faults: tuple[tuple[Slot, str], ...]


def classes(graph: Graph) -> list[str]:
    """The node classes of a graph, each once."""
    return list(dict.fromkeys(node["class_type"] for node in graph.values()))


def models(graph: Graph, checkpoint: Slot | None) -> tuple[ModelNeed, ...]:
    """The files of weights that a graph names; `checkpoint` is the slot that AIGen.yaml's name goes to."""
    return tuple(
        ModelNeed(
            file=value,
            folder=folder(graph[node]["class_type"], name),
            node=node,
            input=name,
            where=title(graph, node),
            chosen=(node, name) == checkpoint,
        )
        for node in graph
        for name, value in graph[node]["inputs"].items()
        if isinstance(value, str) and value.lower().endswith(WEIGHTS)
    )


def folder(class_type: str, name: str) -> str:
    """The folder below models/ that an input's files lie in; "" where it is not known."""
    return _FOLDERS.get(f"{class_type}.{name}") or _FOLDERS.get(name, "")


def compared(graph: Graph, described: Mapping[str, Any], checkpoint: Slot | None) -> Needs:
    """A graph beside what the server says of each class; a class without a description is missing."""
    absent = [name for name in classes(graph) if not isinstance(described.get(name), Mapping)]
    present = {
        node: described[graph[node]["class_type"]]
        for node in graph
        if graph[node]["class_type"] not in absent
    }
    asked = [replace(need, there=_has(need, present.get(need.node))) for need in models(graph, checkpoint)]
    return Needs(
        models=tuple(asked),
        missing=tuple(_node(graph, name) for name in absent),
        faults=tuple(fault for node in present for fault in _faults(graph, node, present[node])),
    )


def findings(
    needs: Needs, known: Sequence[str], pages: Mapping[str, Sequence[str]] | None = None
) -> Iterator[Finding]:
    """What keeps the server from running it. `known` are all its node classes, for "did you mean".

    `pages`: file name -> where people get it.
    """
    for node in needs.missing:
        yield Finding(
            status="error",
            what=f"the server has no node {node.class_type!r}{schema.meant(node.class_type, known)}",
            why=node.where,
            todo=packs.cure(node.class_type),
        )
    lacking = {(need.node, need.input): need for need in needs.models if need.there is False}
    for slot, fault in needs.faults:
        todo = cure(lacking[slot], (pages or {}).get(lacking[slot].file, ())) if slot in lacking else ""
        yield Finding(status="error", what=f"workflow: {fault}", todo=todo)


def cure(need: ModelNeed, pages: Sequence[str] = ()) -> str:
    """What a person can do about a model file that the server does not have."""
    where = f"ComfyUI's models/{need.folder}" if need.folder else "its folder below ComfyUI's models/"
    put = f"Get it from {' or '.join(pages)} and put it into {where}" if pages else f"Put it into {where}"
    setting = "set model.ckpt_name in AIGen.yaml to" if need.chosen else "name in the workflow"
    return f"{put}, or {setting} one that is there."


def _has(need: ModelNeed, description: Mapping[str, Any] | None) -> bool | None:
    """Whether a file stands in the choices of its input; None where there are no choices."""
    if description is None:
        return None
    inputs = {**schema.inputs(description, "optional"), **schema.inputs(description, "required")}
    allowed = schema.choices(inputs.get(need.input))
    return None if allowed is None else need.file in allowed


def _node(graph: Graph, class_type: str) -> NodeNeed:
    pack = packs.pack_of(class_type)
    where = ", ".join(title(graph, node) for node in graph if graph[node]["class_type"] == class_type)
    return NodeNeed(
        class_type=class_type, where=where, pack=pack.name if pack else "", page=pack.page if pack else ""
    )


def _faults(graph: Graph, node_id: str, description: Mapping[str, Any]) -> Iterator[tuple[Slot, str]]:
    given = graph[node_id]["inputs"]
    required = schema.inputs(description, "required")
    where = f"node {title(graph, node_id)}"
    for name in required:
        if name not in given:
            yield (node_id, name), f"{where}: the input {name} is missing (this release of ComfyUI wants it)"
    for name, specification in {**schema.inputs(description, "optional"), **required}.items():
        fault = _choice(given.get(name), specification)
        if fault:
            yield (node_id, name), f"{where}: {name}: {fault}"


def _choice(value: object, specification: object) -> str | None:
    allowed = schema.choices(specification)
    if value is None or link(value) or allowed is None or schema.is_upload(specification):
        return None
    return None if value in allowed else schema.expected(value, allowed)
