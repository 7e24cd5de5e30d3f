"""A plan written into a graph. Pure; golden cases in tests/cases/patch.

A value goes straight to the node that uses it. Where that input was linked to a primitive node, the link is
replaced by the value: what else hangs on that primitive keeps its own. The primitive is then not executed.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any

from iterativectl.generation.comfyui.graph import Graph, Link, Slot, link, links, number
from iterativectl.generation.comfyui.roles import Roles
from iterativectl.model import Plan

FOLDER = "iterative"  # our own subfolder in the server's input and output folders
MAX_STEPS = 10000  # the largest `steps` that KSampler and KSamplerAdvanced accept
_LATE = ("start_at_step", "step")  # inputs that stand for denoise
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
            _take_file(patched[loader[0]])
            _write(patched, loader, file_name)
    if (roles.mask and names.mask) or (roles.mask_in_picture and names.image):
        _take_our_mask(patched, roles)
    _write_save(patched, roles, names.prefix)
    return patched


def _write(graph: _Editable, slot: Slot, value: object) -> None:
    graph[slot[0]]["inputs"][slot[1]] = value


def _take_file(node: dict[str, Any]) -> None:
    """Put LoadImage where a loader would take the picture's bytes as text; it has the same outputs."""
    if "base64" in node["class_type"].lower():
        node["class_type"] = "LoadImage"


def _write_save(graph: _Editable, roles: Roles, name: str) -> None:
    if roles.save_replaced:
        given = graph[roles.save]["inputs"]
        pictures = next(given[name] for name in ("images", "image") if link(given.get(name)))
        graph[roles.save].update(class_type="SaveImage", inputs={"images": pictures})
    _write(graph, (roles.save, "filename_prefix"), name)


def _take_our_mask(graph: _Editable, roles: Roles) -> None:
    """White is what may be edited: read it from a colour channel, and turn it round nowhere."""
    for node in roles.inverted:
        _, straight = next(links(graph[node]))
        _relink(graph, (node, 0), straight)
    if not roles.mask:
        return
    loader = roles.mask[0]
    if "channel" in graph[loader]["inputs"]:
        _write(graph, (loader, "channel"), "red")
    elif any((loader, 1) == used for node in graph.values() for _, used in links(node)):  # its alpha
        inputs = {"image": graph[loader]["inputs"]["image"], "channel": "red"}
        _relink(graph, (loader, 1), (_add(graph, f"{loader}-mask", "LoadImageMask", inputs), 0))


def _relink(graph: _Editable, old: Link, new: Link) -> None:
    for node in graph.values():
        for name in [name for name, used in links(node) if used == old]:
            node["inputs"][name] = list(new)


def _write_settings(graph: _Editable, roles: Roles, plan: Plan) -> None:
    parameters = plan.parameters
    values: dict[str, object] = {
        "seed": plan.seed,
        "cfg": parameters.cfg,
        "denoise": parameters.denoise,
        "sampler_name": parameters.sampler_name,
        "scheduler": parameters.scheduler,
    }
    for name in values.keys() & roles.settings.keys():
        _write(graph, roles.settings[name], values[name])
    if "steps" in roles.settings:
        _write_schedule(graph, roles, parameters.steps, parameters.denoise)


def _write_schedule(graph: _Editable, roles: Roles, steps: int, denoise: float) -> None:
    """Where only the end of a schedule is run, make that schedule longer, as KSampler does itself.

    KSampler runs the last `steps` of int(steps / denoise) steps. A graph that hands over to a later sampler
    does so at the same share of the schedule.
    """
    at = roles.settings["steps"]
    before = number(graph, at)
    node, name = roles.settings.get("denoise", ("", ""))
    total, start = steps, 0
    if name in _LATE or (node and "sigmas" in graph[node]["inputs"]):
        total = min(int(steps / denoise), MAX_STEPS) if denoise > 0 else steps
        start = max(total - steps, 0) if denoise > 0 else total
    if name in _LATE:
        _write(graph, (node, name), start)
    _write(graph, at, total)
    if roles.handover and before:
        _write_handover(graph, roles, roles.handover, (total, start, before))
    elif "end_at_step" in graph[roles.sampler]["inputs"]:
        _write(graph, (roles.sampler, "end_at_step"), MAX_STEPS)


def _write_handover(graph: _Editable, roles: Roles, handover: Slot, schedule: tuple[int, int, float]) -> None:
    total, start, before = schedule
    old = number(graph, handover) or 0
    new = max(round(total * old / before), start)
    _write(graph, handover, new)
    for node in roles.later:
        if "start_at_step" in graph[node]["inputs"] and number(graph, (node, "start_at_step")) == old:
            graph[node]["inputs"].update(steps=total, start_at_step=new)


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
    linked = [name for name, _ in links(node)]
    return all(any(name.endswith(side) for name in linked) for side in ("positive", "negative"))


def _duplicate(graph: _Editable, node: str) -> str:
    original = graph[node]
    return _add(
        graph, f"{node}-negative", original["class_type"], copy.deepcopy(original["inputs"]), original
    )


def _add(
    graph: _Editable, name: str, class_type: str, inputs: dict[str, Any], like: dict[str, Any] | None = None
) -> str:
    """A new node; returns its id, which is `name` unless that is taken."""
    while name in graph:
        name += "-"
    graph[name] = {**(like or {}), "class_type": class_type, "inputs": inputs}
    return name


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)[:80] or "_"
