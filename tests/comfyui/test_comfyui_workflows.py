"""The graphs of tests/workflows: what is found in each, and which rule finds it (README.md there)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import Any

import pytest
from tests.comfyui import graphs as cases
from tests.comfyui import nodes
from tests.comfyui.graphs import Case, meets, outcome, rules_of, strays
from tests.comfyui.large import diamonds, large_graph, mangled
from tests.comfyui.rig import PLAN

from iterativectl.errors import WorkflowRejected
from iterativectl.generation.comfyui import graph as graphs
from iterativectl.generation.comfyui.graph import Workflow
from iterativectl.generation.comfyui.patch import Names, patch
from iterativectl.generation.comfyui.roles import describe, rows
from iterativectl.generation.comfyui.rules import ALL, BASE, RULES
from iterativectl.generation.comfyui.trace import trace

CASES = cases.cases()
READ = {name: case for name, case in CASES.items() if "expect" in case}
RELEASES = {release: nodes.definitions(release) for release in "AB"}
NO_GRAPH = {"editor_format__workflow_json"}
STRANGERS = {"told_roles__a_graph_of_strangers"}  # its nodes exist nowhere


@pytest.mark.parametrize("name", CASES)
def test_a_graph_is_read_as_its_file_says(name: str) -> None:
    case = CASES[name]
    assert outcome(case) == {key: case[key] for key in ("expect", "error") if key in case}


@pytest.mark.parametrize("rule", RULES)
def test_switching_a_rule_off_fails_its_graphs_and_no_others(rule: str) -> None:
    assert list(strays(rule, CASES)) == []
    assert any(rule in rules_of(name) for name in CASES) != (rule in BASE)


@pytest.mark.parametrize("rule", BASE)
def test_a_plain_graph_stands_on_every_rule_of_the_base(rule: str) -> None:
    plain = [case for name, case in CASES.items() if not rules_of(name)]
    assert not all(meets(case, set(ALL) - {rule}) for case in plain)


def test_a_wrong_name_is_noticed() -> None:
    """The planted twins: a graph that names a rule it does not need, and one that hides what it needs."""
    plain, shared = CASES["base__img2img"], CASES["shared_text__both_sides"]
    assert list(strays("shared_text", {"shared_text__x": plain})) == [
        "shared_text__x: does not need shared_text"
    ]
    assert list(strays("shared_text", {"base__x": shared})) == ["base__x: needs shared_text"]


def test_every_name_is_made_of_rules() -> None:
    assert [name for name in CASES if not rules_of(name) <= set(RULES) - set(BASE)] == []
    assert [
        name for name in CASES if "+".join(sorted(rules_of(name)) or ["base"]) != name.split("__")[0]
    ] == []


@pytest.mark.parametrize("name", [name for name in CASES if name not in NO_GRAPH | STRANGERS])
def test_a_graph_is_made_of_real_nodes(name: str) -> None:
    graph = _graph(CASES[name])
    releases = [CASES[name]["release"]] if "release" in CASES[name] else RELEASES
    for release in releases:
        assert list(nodes.faults(graph, RELEASES[release])) == []


def test_unreal_nodes_are_noticed() -> None:
    """The planted twin of the test above, one fault of every kind."""
    graph = json.loads(json.dumps(_graph(CASES["base__img2img"])))
    graph["6"]["inputs"].update(steps="many", sampler=1, model=["1", 1])
    del graph["6"]["inputs"]["cfg"]
    graph["7"]["inputs"]["vae"] = "baked"
    graph["8"]["class_type"] = "SafeImage"
    assert list(nodes.faults(graph, RELEASES["A"])) == [
        "6: cfg is missing",
        "6: steps wants INT, is 'many'",
        "6: model wants MODEL, is linked to CLIP",
        "6: sampler is no input",
        "7: vae wants a link to VAE",
        "8: no node SafeImage",
    ]


@pytest.mark.parametrize("name", READ)
def test_ids_mean_nothing(name: str) -> None:
    """The same graph with other ids, in another order, has the same roles."""

    def other(node: str) -> str:
        return f"n:{node}:x"

    def moved(value: Any) -> Any:
        found = graphs.link(value)
        return [other(found[0]), found[1]] if found else value

    graph = {
        other(node): {**entry, "inputs": {k: moved(v) for k, v in entry["inputs"].items()}}
        for node, entry in reversed(_graph(CASES[name]).items())
    }
    told = {role: other(node) for role, node in CASES[name].get("roles", {}).items()}
    roles, same = trace(Workflow(name="w", graph=graph), told), cases.traced(CASES[name])
    assert roles.sampler == other(same.sampler) and roles.save == other(same.save)
    assert roles.settings == {key: (other(node), input_) for key, (node, input_) in same.settings.items()}
    assert {node for node, _ in roles.positive} == {other(node) for node, _ in same.positive}
    assert {node for node, _ in roles.negative} == {other(node) for node, _ in same.negative}
    for mine, theirs in ((roles.image, same.image), (roles.mask, same.mask), (roles.control, same.control)):
        assert mine == (theirs and (other(theirs[0]), theirs[1]))


@pytest.mark.parametrize("name", READ)
def test_everything_found_says_how(name: str) -> None:
    """What `workflow show` lists: a node and a sentence for every role."""
    roles, graph = cases.traced(CASES[name]), _graph(CASES[name])
    shown = list(rows(graph, roles))
    assert {row.role for row in shown} >= {"sampler", "positive", "save", *roles.settings}
    assert [row for row in shown if row.how not in RULES.values()] == []
    assert describe(graph, roles).startswith(roles.strategy)


def test_mangled_graphs_are_read_or_refused() -> None:
    """Whatever a file holds: roles, or an error for people; and what is patched is a graph again."""
    known = [_graph(case) for case in READ.values()]
    names = Names(prefix="p", image="i", mask="m", control="c")
    read = 0
    for seed in range(600):
        graph = mangled(known[seed % len(known)], seed)
        try:
            workflow = graphs.load(json.dumps(graph).encode(), "w")
            roles = trace(workflow, {})
        except WorkflowRejected:
            continue
        patched = patch(workflow.graph, roles, replace(PLAN, mask="jacket"), names)
        graphs.load(json.dumps(patched).encode(), "w")
        read += 1
    assert read > 100


def test_many_ways_are_walked_once() -> None:
    began = time.process_time()
    with pytest.raises(WorkflowRejected, match="words behind the positive side"):
        trace(Workflow(name="w", graph=diamonds(60)), {})
    assert time.process_time() - began < 1


def test_a_chain_that_is_too_long() -> None:
    with pytest.raises(WorkflowRejected, match="more nodes follow on each other"):
        trace(Workflow(name="w", graph=diamonds(1500)), {})


def test_patching_sixty_nodes_is_quick() -> None:
    """The limit is 5 ms of CPU, with choosing a host; benchmarks/patching.py says what it is."""
    graph = large_graph(60)
    roles = trace(Workflow(name="w", graph=graph), {})
    times = []
    for _ in range(20):
        began = time.process_time()
        patch(graph, roles, PLAN, Names(prefix="p", image="i", mask="m"))
        times.append(time.process_time() - began)
    assert median(times) < 0.003


def _graph(case: Case) -> Mapping[str, Any]:
    """The graph in a case's file, also where reading it is refused."""
    file = case["file"]
    return file["prompt"] if "class_type" not in file.get("prompt", {"class_type": ""}) else file
