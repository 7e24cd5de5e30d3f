"""What a golden case of cases/patch says, computed; its graph is one of tests/workflows."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from tests.comfyui import graphs as cases
from tests.comfyui.rig import PLAN

from iterativectl.generation.comfyui import graph as graphs
from iterativectl.generation.comfyui.patch import Names, patch

NAMES = {"prefix": "iterative/p/r/iteration_3_T", "image": "iterative/in.png"}


def changes(case: dict[str, Any]) -> dict[str, Any]:
    """What the plan changes in a case's graph: `node.input` -> value, new and replaced nodes whole."""
    known = cases.case(case["workflow"])
    graph, roles = graphs.load(cases.content(known), "graph.json").graph, cases.traced(known)
    wanted = case["plan"]
    parameters = replace(PLAN.parameters, **wanted.get("parameters", {}))
    plan = replace(PLAN, parameters=parameters, mask=wanted.get("mask"))
    before = copy.deepcopy(graph)
    patched = patch(graph, roles, plan, Names(**{**NAMES, **case["names"]}))
    assert graph == before, "the given graph was changed"
    found: dict[str, Any] = {}
    for node, entry in patched.items():
        if node not in graph or entry["class_type"] != graph[node]["class_type"]:
            found[node] = entry
            continue
        old = graph[node]["inputs"]
        found.update({f"{node}.{k}": v for k, v in entry["inputs"].items() if k not in old or v != old[k]})
    assert patched.keys() >= graph.keys()
    return found
