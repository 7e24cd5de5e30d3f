"""What a golden case of cases/trace and cases/patch says, computed."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

from tests.comfyui.rig import PLAN

from iterativectl.generation.comfyui import graph as graphs
from iterativectl.generation.comfyui.graph import Workflow
from iterativectl.generation.comfyui.patch import Names, patch
from iterativectl.generation.comfyui.roles import Roles
from iterativectl.generation.comfyui.trace import trace


def traced(case: dict[str, Any]) -> Roles:
    """The roles of a case's graph."""
    graph = graphs.load(json.dumps(case["graph"]).encode(), "graph.json").graph
    return trace(Workflow(name="graph.json", graph=graph), case["roles"])


def summary(roles: Roles) -> dict[str, Any]:
    """Roles as they stand in a case file: slots as `node.input`."""
    return {
        "sampler": roles.sampler,
        "later": list(roles.later),
        "settings": {name: ".".join(slot) for name, slot in roles.settings.items()},
        "positive": [".".join(slot) for slot in roles.positive],
        "negative": [".".join(slot) for slot in roles.negative],
        "image": ".".join(roles.image or ()),
        "mask": ".".join(roles.mask or ()),
        "checkpoint": ".".join(roles.checkpoint or ()),
        "save": roles.save,
        "notes": list(roles.notes),
    }


def changes(case: dict[str, Any]) -> dict[str, Any]:
    """What the plan changes in a case's graph: `node.input` -> value, new nodes whole."""
    graph, roles = case["graph"], traced(case)
    plan = replace(PLAN, parameters=replace(PLAN.parameters, **case["plan"].get("parameters", {})))
    names = Names(prefix="iterative/p/r/iteration_3_T", image="iterative/in.png", **case["names"])
    before = copy.deepcopy(graph)
    patched = patch(graph, roles, plan, names)
    assert graph == before, "the given graph was changed"
    found: dict[str, Any] = {}
    for node, entry in patched.items():
        if node not in graph:
            found[node] = entry
            continue
        old = graph[node]["inputs"]
        found.update({f"{node}.{k}": v for k, v in entry["inputs"].items() if k not in old or v != old[k]})
    assert patched.keys() >= graph.keys()
    return found
