"""Node definitions, and what a graph does against them.

`nodes_A.json` and `nodes_B.json` are recorded from two releases of ComfyUI, shortened to types;
`nodes_by_hand.json` holds nodes of node packs, and core nodes that were not recorded, after their sources.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from iterativectl.generation.comfyui.graph import Graph, link

DATA = Path(__file__).resolve().parents[1] / "data" / "comfyui"
_PLAIN: Mapping[str, type | tuple[type, ...]] = {
    "INT": int,
    "FLOAT": (int, float),
    "STRING": str,
    "BOOLEAN": bool,
    "COMBO": (str, int, bool),
}
Definitions = Mapping[str, Mapping[str, Any]]


def definitions(release: str) -> Definitions:
    """Class -> {required, optional: name -> type; output: types; more: type of any other input}."""
    by_hand = json.loads((DATA / "nodes_by_hand.json").read_text())
    return {**by_hand, **json.loads((DATA / f"nodes_{release}.json").read_text())}


def faults(graph: Graph, known: Definitions) -> Iterator[str]:
    """Everything in a graph that a server with these nodes would refuse."""
    for node_id, node in graph.items():
        definition = known.get(node["class_type"])
        if definition is None:
            yield f"{node_id}: no node {node['class_type']}"
            continue
        types = {**definition.get("optional", {}), **definition["required"]}
        yield from (
            f"{node_id}: {name} is missing" for name in definition["required"] if name not in node["inputs"]
        )
        for name, value in node["inputs"].items():
            wanted = types.get(name, definition.get("more"))
            fault = "is no input" if wanted is None else _fault(graph, known, wanted, value)
            if fault:
                yield f"{node_id}: {name} {fault}"


def _fault(graph: Graph, known: Definitions, wanted: str, value: object) -> str | None:
    found = link(value)
    if found:
        outputs = known.get(graph[found[0]]["class_type"], {}).get("output", [])
        given = outputs[found[1]] if found[1] < len(outputs) else "nothing"
        fits = wanted in ("*", given) or given == "*" or (wanted, given) == ("FLOAT", "INT")
        return None if fits else f"wants {wanted}, is linked to {given}"
    if wanted == "*":
        return None
    plain = _PLAIN.get(wanted)
    if plain is None:
        return f"wants a link to {wanted}"
    fits = isinstance(value, plain) and (wanted in ("BOOLEAN", "COMBO") or not isinstance(value, bool))
    return None if fits else f"wants {wanted}, is {value!r}"
