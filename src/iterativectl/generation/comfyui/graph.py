"""ComfyUI graphs in API format: reading them, and walking their links. Pure.

A graph maps node ids to `{"class_type": str, "inputs": {name: value}, "_meta": {...}}`. A value that is a
list of [node id, output slot] is a link. Ids may be any string; nothing here knows one in advance.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from PIL import Image

from iterativectl.errors import WorkflowRejected
from iterativectl.generation.comfyui.rules import ALL, Rule, in_force

Node = Mapping[str, Any]
Graph = Mapping[str, Node]
Link = tuple[str, int]
Slot = tuple[str, str]  # node id, input name

EXPORT_HINT = "In ComfyUI choose Workflow > Export (API), and name that file in AIGen.yaml as workflow_file."
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A graph to run. `drawing` is the editor's own form of it, where the source PNG carried one."""

    name: str
    graph: Graph
    drawing: Mapping[str, Any] | None = None


def load(content: bytes, name: str, rules: Collection[str] = ALL) -> Workflow:
    """Read a workflow file: API-format JSON, or a PNG that ComfyUI saved. Raises WorkflowRejected."""
    for rule in in_force(_PICTURES, rules):
        if content.startswith(_PNG):
            return rule.ask(content, name, rules)
    value = _parsed(content, name)
    for unwrap in in_force(_WRAPPED, rules):
        value = unwrap.ask(value)
    return Workflow(name=name, graph=_checked(value, name, rules))


def png_texts(content: bytes) -> dict[str, str]:
    """The text chunks of a PNG; {} when it cannot be read."""
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            return {key: str(text) for key, text in getattr(picture, "text", {}).items()}
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return {}


def link(value: object) -> Link | None:
    """The link that an input's value is, or None for a plain value."""
    if isinstance(value, list | tuple) and len(value) == 2:
        target, slot = value
        if isinstance(target, str) and isinstance(slot, int) and not isinstance(slot, bool):
            return target, slot
    return None


def links(node: Node) -> Iterator[tuple[str, Link]]:
    """(input name, link) of every linked input, in the node's own order."""
    for name, value in node["inputs"].items():
        found = link(value)
        if found:
            yield name, found


def upstream(graph: Graph, start: str) -> list[str]:
    """Every node that `start` needs, itself first, nearest first."""
    return _reached(start, {node: [to for _, (to, _) in links(graph[node])] for node in graph})


def downstream(graph: Graph, start: str) -> list[str]:
    """Every node that needs `start`, itself first, nearest first."""
    followers: dict[str, list[str]] = {node: [] for node in graph}
    for node in graph:
        for _, (target, _) in links(graph[node]):
            followers.setdefault(target, []).append(node)
    return _reached(start, followers)


def title(graph: Graph, node: str) -> str:
    """A node as a person knows it: `11 (KSampler)`, with its title where that says more."""
    class_type = graph[node]["class_type"]
    named = graph[node].get("_meta", {}).get("title")
    return f"{node} ({class_type} '{named}')" if named and named != class_type else f"{node} ({class_type})"


def number(graph: Graph, slot: Slot) -> float | None:
    """The number in an input, or in the primitive node it is linked to; None for anything else."""
    value = graph[slot[0]]["inputs"].get(slot[1])
    found = link(value)
    if found:
        value = graph[found[0]]["inputs"].get("value")
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _reached(start: str, edges: Mapping[str, list[str]]) -> list[str]:
    order, seen = [start], {start}
    for node in order:
        for other in edges.get(node, []):
            if other not in seen and other in edges:
                seen.add(other)
                order.append(other)
    return order


def _from_png(content: bytes, name: str, rules: Collection[str]) -> Workflow:
    texts = png_texts(content)
    if "prompt" not in texts:
        raise WorkflowRejected(
            f"{name}: this PNG carries no ComfyUI graph (no `prompt` text chunk)",
            "Use a picture that ComfyUI's SaveImage wrote, unedited. " + EXPORT_HINT,
        )
    drawing = None
    if "workflow" in texts:
        parsed = _parsed(texts["workflow"].encode(), f"{name} (workflow chunk)", strict=False)
        drawing = parsed if isinstance(parsed, dict) and _finite(parsed) else None
    prompt = _parsed(texts["prompt"].encode(), f"{name} (prompt chunk)")
    return Workflow(name=name, graph=_checked(prompt, name, rules), drawing=drawing)


def _parsed(content: bytes, name: str, *, strict: bool = True) -> Any:
    try:
        return json.loads(
            content.decode("utf-8-sig"),
            object_pairs_hook=_no_duplicates if strict else None,
            parse_constant=float,
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise WorkflowRejected(f"{name}: not JSON: {error}", EXPORT_HINT) from error
    except _Duplicate as error:
        raise WorkflowRejected(
            f"{name}: the key {error.args[0]!r} stands twice in the same object",
            "One of the two would silently win. Export the graph again, or remove one.",
        ) from error


class _Duplicate(Exception):
    """A JSON object has a key twice."""


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _Duplicate(next(key for key in keys if keys.count(key) > 1))
    return result


def _unwrapped(value: Any) -> Any:
    """A saved POST body `{"prompt": {...}}` is taken for its graph."""
    if (
        isinstance(value, dict)
        and isinstance(value.get("prompt"), dict)
        and "class_type" not in value["prompt"]
    ):
        return value["prompt"]
    return value


def _checked(value: Any, name: str, rules: Collection[str]) -> dict[str, dict[str, Any]]:
    for refuse in in_force(_REFUSED_FILES, rules):
        refuse.ask(value, name)
    if not isinstance(value, dict) or not value:
        raise WorkflowRejected(f"{name}: not a ComfyUI graph: expected an object of nodes", EXPORT_HINT)
    graph = {node_id: _node(node_id, node, name) for node_id, node in value.items()}
    _refuse_loose_links(graph, name)
    for look in in_force(_REFUSED_GRAPHS, rules):
        look.ask(graph, name)
    return graph


def _refuse_drawing(value: Any, name: str) -> None:
    if isinstance(value, dict) and isinstance(value.get("nodes"), list):
        raise WorkflowRejected(
            f"{name}: this is the editor's own format (nodes and links), which ComfyUI's API does not run",
            EXPORT_HINT,
        )


def _refuse_loose_links(graph: Mapping[str, dict[str, Any]], name: str) -> None:
    for node_id, node in graph.items():
        for input_name, (target, _) in links(node):
            if target not in graph:
                raise WorkflowRejected(
                    f"{name}: node {title(graph, node_id)}: input {input_name} is linked to node {target}, "
                    "which is not in the graph",
                    EXPORT_HINT,
                )


def _refuse_circle(graph: Mapping[str, dict[str, Any]], name: str) -> None:
    try:
        TopologicalSorter({key: [to for _, (to, _) in links(node)] for key, node in graph.items()}).prepare()
    except CycleError as error:
        circle = " -> ".join(title(graph, node_id) for node_id in error.args[1])
        raise WorkflowRejected(
            f"{name}: nodes are linked in a circle: {circle}",
            "Remove one of these links in ComfyUI, and export the graph again.",
        ) from error


def _node(node_id: str, node: Any, name: str) -> dict[str, Any]:
    """A node with the keys ComfyUI knows; saved pictures carry others, such as `is_changed`."""
    if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
        raise WorkflowRejected(f"{name}: {node_id!r} is not a node (it has no class_type)", EXPORT_HINT)
    if not isinstance(node.get("inputs"), dict):
        raise WorkflowRejected(
            f"{name}: node {node_id} ({node['class_type']}) has no inputs object", EXPORT_HINT
        )
    for input_name, value in node["inputs"].items():
        if not _finite(value):
            raise WorkflowRejected(
                f"{name}: node {node_id} ({node['class_type']}): {input_name} holds NaN or Infinity",
                "Set that value in ComfyUI and export the graph again.",
            )
    kept = {"class_type": node["class_type"], "inputs": dict(node["inputs"])}
    return {**kept, "_meta": node["_meta"]} if isinstance(node.get("_meta"), dict) else kept


def _finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    return all(map(_finite, value)) if isinstance(value, list) else True


_PICTURES = (Rule("saved_picture", _from_png),)
_WRAPPED = (Rule("saved_request", _unwrapped),)
_REFUSED_FILES = (Rule("editor_format", _refuse_drawing),)
_REFUSED_GRAPHS = (Rule("circle", _refuse_circle),)
