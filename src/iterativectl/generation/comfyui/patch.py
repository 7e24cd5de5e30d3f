"""A plan written into a graph. Pure; golden cases in tests/cases/patch.

A value goes straight to the node that uses it. Where that input was linked to a primitive node, the link is
replaced by the value: what else hangs on that primitive keeps its own. The primitive is then not executed.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any

from iterativectl.generation.comfyui.graph import Graph, Slot, links
from iterativectl.generation.comfyui.roles import Roles
from iterativectl.model import Plan

FOLDER = "iterative"  # our own subfolder in the server's input and output folders
MAX_STEPS = 10000  # the largest `steps` that KSampler and KSamplerAdvanced accept
_Editable = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """File names on the server: the pictures to load (as LoadImage takes them) and where the result goes."""

    prefix: str
    image: str | None = None
    mask: str | None = None
    control: str | None = None


def prefix(project: str, run_id: str, iteration: int, ticket: str) -> str:
    """Where SaveImage puts the result, below the server's output folder; the ticket makes it ours alone.

    Only letters, digits, `-` and `_` are kept: SaveImage would expand `%`, and /view refuses `..`.
    """
    return "/".join([FOLDER, _plain(project), _plain(run_id), f"iteration_{iteration}_{_plain(ticket)}"])


def patch(graph: Graph, roles: Roles, plan: Plan, names: Names) -> dict[str, dict[str, Any]]:
    """The graph that makes this plan's picture. The given graph is not changed."""
    patched: _Editable = copy.deepcopy({node_id: dict(node) for node_id, node in graph.items()})
    negative = _separated(patched, roles)
    for slots, words in ((roles.positive, plan.prompts.positive), (negative, plan.prompts.negative)):
        for slot in slots:
            _write(patched, slot, words)
    _write_settings(patched, roles, plan)
    loads: tuple[tuple[Slot | None, str | None], ...] = (
        (roles.checkpoint, plan.ckpt_name),
        (roles.image, names.image),
        (roles.mask, names.mask),
        (roles.control, names.control),
    )
    for loader, file_name in loads:
        if loader and file_name:
            _write(patched, loader, file_name)
    # PreviewImage has no such input and ignores it, but what it made is cached by it.
    _write(patched, (roles.save, "filename_prefix"), names.prefix)
    return patched


def _write(graph: _Editable, slot: Slot, value: object) -> None:
    graph[slot[0]]["inputs"][slot[1]] = value


def _write_settings(graph: _Editable, roles: Roles, plan: Plan) -> None:
    parameters = plan.parameters
    values: dict[str, object] = {
        "seed": plan.seed,
        "steps": parameters.steps,
        "cfg": parameters.cfg,
        "denoise": parameters.denoise,
        "sampler_name": parameters.sampler_name,
        "scheduler": parameters.scheduler,
    }
    if roles.settings.get("denoise", ("", ""))[1] == "start_at_step":
        _write_range(graph, roles, parameters.steps, parameters.denoise)
        del values["denoise"], values["steps"]
    for name in values.keys() & roles.settings.keys():
        _write(graph, roles.settings[name], values[name])


def _write_range(graph: _Editable, roles: Roles, steps: int, denoise: float) -> None:
    """KSamplerAdvanced has no denoise: start late in a longer schedule, as KSampler does itself.

    KSampler runs the last `steps` of int(steps / denoise) steps. A graph that hands over to a later sampler
    at `end_at_step` does so at the same share of the schedule.
    """
    inputs = graph[roles.settings["denoise"][0]]["inputs"]
    before, handover = inputs.get("steps"), inputs.get("end_at_step")
    total = min(int(steps / denoise), MAX_STEPS) if denoise > 0 else steps
    start = max(total - steps, 0) if denoise > 0 else total
    inputs.update(steps=total, start_at_step=start)
    if not isinstance(handover, int) or not isinstance(before, int) or handover >= before:
        inputs["end_at_step"] = MAX_STEPS
        return
    inputs["end_at_step"] = max(round(total * handover / before), start)
    for node in roles.later:
        following = graph[node]["inputs"]
        if following.get("start_at_step") == handover:
            following.update(steps=total, start_at_step=inputs["end_at_step"])


def _separated(graph: _Editable, roles: Roles) -> tuple[Slot, ...]:
    """Give the negative side its own copy of a text that both sides share; returns its slots."""
    copies: dict[str, str] = {}
    for way in roles.shared:
        for original, name in way:
            consumer = copies.get(original, original)
            target, slot = graph[consumer]["inputs"][name]
            if target in copies.values() or _paired(graph[target]):
                continue
            copies[target] = copies.get(target) or _duplicate(graph, target)
            graph[consumer]["inputs"][name] = [copies[target], slot]
    return tuple((copies.get(node, node), name) for node, name in roles.negative)


def _paired(node: dict[str, Any]) -> bool:
    """A node with a positive and a negative side of its own need not be copied."""
    return {"positive", "negative"} <= {name for name, _ in links(node)}


def _duplicate(graph: _Editable, node: str) -> str:
    name = f"{node}-negative"
    while name in graph:
        name += "-"
    graph[name] = copy.deepcopy(graph[node])
    return name


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)[:80] or "_"
